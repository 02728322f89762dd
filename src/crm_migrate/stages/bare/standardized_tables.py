"""What `standardize` hands back: the standard records, the findings in words, and the counts."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.formats.contract import BLANK, DATA, HEADER
from crm_migrate.language import Text
from crm_migrate.records import RECORD_ID, ROW, SHEET, SOURCE
from crm_migrate.stages.bare.column_figures import shares
from crm_migrate.stages.bare.demands import missing_columns
from crm_migrate.stages.bare.findings_book import findings_book
from crm_migrate.stages.bare.mapped_rows import SHOWN_ID
from crm_migrate.stages.bare.marked_book import marked_book
from crm_migrate.stages.bare.marked_cells import marked_cells
from crm_migrate.stages.bare.standardize import StandardizedFiles
from crm_migrate.stages.bare.table_files import write_table, write_workbook
from crm_migrate.stages.bare.told_columns import taken_columns, unused_of
from crm_migrate.stages.bare.told_rules import told_rule
from crm_migrate.stages.memory import peak_mib
from crm_migrate.standards import email, industry
from crm_migrate.standards.reading import mail_domains

COLUMNS = ("record_id", "file", "sheet", "row", "column", "field", "rule", "severity", "message",
           "hint")  # fmt: skip
_PLACE = [SOURCE, SHEET, ROW]
_POSSIBLE = Text(" Possible: ", "可选：")
_MEANT = Text(" Probably meant: ", "疑似应为：")
_ANSWERS = {
    industry.AMBIGUOUS.code: (_POSSIBLE, industry.candidates),
    industry.FORMER_CODE.code: (_POSSIBLE, industry.candidates),
    email.TYPO.code: (_MEANT, mail_domains.meant_domain),
}
"""By rule: what its finding can say of the value beyond the hint, without the value itself."""


def records_table(result: StandardizedFiles) -> pl.DataFrame:
    """One line per accepted record in the order of the files: record_id, its fields, and as
    `entity.field` what the same row says of others (a customer's contact).

    Fields that no column fills are left out. A reference is the key by which the source names the
    other record. A record beside it that was set aside leaves its fields empty.
    """
    found = result.found
    ids = result.ids.drop_nulls(RECORD_ID).select(RECORD_ID, SHOWN_ID)
    main = result.records[found.entity]
    table = main.select(RECORD_ID, *_PLACE, *_fields(result, found.entity)).with_columns(
        _keys(result, found.entity, main)
    )
    for entity, number, frame in _beside(result):
        fields = _fields(result, entity)
        prefix = f"{entity}{number}" if number > 1 else entity
        named = frame.with_columns(_keys(result, entity, frame)).select(
            *_PLACE, *(pl.col(f).alias(f"{prefix}.{f}") for f in fields)
        )
        table = table.join(named, on=_PLACE, how="left", maintain_order="left", nulls_equal=True)
    carried = [c for c in table.columns if c in found.carried]
    table = table.select(pl.exclude(carried), *carried)
    named_ids = table.join(ids, on=RECORD_ID, how="left", maintain_order="left")[SHOWN_ID]
    return table.drop(_PLACE).with_columns(named_ids.alias(RECORD_ID))


def findings_table(result: StandardizedFiles) -> pl.DataFrame:
    """One line per finding, COLUMNS; never a value. What is found in a record beside the row's
    own has that one's id, and `entity.field` as its field.
    """
    found, ids = result.findings, result.ids
    entity = result.found.entity
    by_row = ids.unique(_PLACE, keep="first").select(*_PLACE, pl.col(SHOWN_ID).alias("_of_row"))
    by_id = ids.drop_nulls(RECORD_ID).select(RECORD_ID, SHOWN_ID)
    rules = {code: told_rule(code, result.rules.rules) for code in found["rule"].unique().to_list()}
    words = {
        "message": {code: str(rule.message) for code, rule in rules.items()},
        "hint": {code: str(rule.hint) for code, rule in rules.items()},
    }
    field = pl.col("field")
    other = (pl.col("entity") != entity) & (field != "")
    table = (
        found.with_columns(_candidates(result))
        .join(by_id, on=RECORD_ID, how="left", maintain_order="left")
        .join(by_row, left_on=["source", "sheet", "row"], right_on=_PLACE, how="left",
              maintain_order="left", nulls_equal=True)
        .with_columns(
            pl.coalesce(SHOWN_ID, "_of_row").alias(RECORD_ID),
            pl.when(other).then(pl.col("entity") + "." + field).otherwise(field).alias("field"),
            *(
                pl.col("rule").replace_strict(told, default=None, return_dtype=pl.String).alias(n)
                for n, told in words.items()
            ),
        )
    )  # fmt: skip
    return table.with_columns(
        pl.concat_str("hint", "_candidates", ignore_nulls=True).alias("hint")
    ).select(COLUMNS)


def _candidates(result: StandardizedFiles) -> pl.Series:
    """What an ambiguous industry or a mistyped domain could mean, beside its finding; else null."""
    found = result.findings.with_row_index("_line")
    asked = found.filter(pl.col("rule").is_in(list(_ANSWERS)))
    told = pl.Series("_candidates", [None], dtype=pl.String).new_from_index(0, found.height)
    for (rule, entity, name), lines in asked.group_by(
        "rule", "entity", "field", maintain_order=True
    ):
        words, answers = _ANSWERS[str(rule)]
        values = result.records[str(entity)].select(RECORD_ID, str(name))
        typed = lines.join(values, on=RECORD_ID, how="left", maintain_order="left")[str(name)]
        told = told.scatter(lines["_line"], str(words) + answers(typed))
    return told


def summary(result: StandardizedFiles) -> dict[str, Any]:
    """What scripts read, without the paths of what was written."""
    entity = result.found.entity
    records, quarantined = _sums(result)
    counted = dict(result.findings["rule"].value_counts(sort=True).sort("rule").iter_rows())
    weights = dict(result.findings["severity"].value_counts().iter_rows())
    return {
        "records": records,
        "accepted": records - quarantined,
        "quarantined": quarantined,
        "findings": counted,
        "severities": {w: weights.get(w, 0) for w in ("error", "warning", "repair")},
        "entity": entity,
        "entities": {
            name: {"records": n, "accepted": n - q, "quarantined": q}
            for name, (n, q) in result.counts.items()
        },
        "columns": list(taken_columns(result.found, result.model, shares(result))),
        "unused_columns": unused_of(result),
        "unused_tables": list(result.found.left_tables),
        "left_aside": left_aside(result),
        "missing_columns": [f.name for f in missing_columns(result.model, result.found)],
        "seconds": result.seconds,
        "peak_mib": peak_mib(),
    }


def told_sums(result: StandardizedFiles) -> Text:
    """Records = accepted + quarantined, for people."""
    every, stopped = _sums(result)
    return Text(
        f"{every:,} records = {every - stopped:,} accepted + {stopped:,} quarantined",
        f"{every:,} 条记录 = 接受 {every - stopped:,} + 隔离 {stopped:,}",
    )


def _sums(result: StandardizedFiles) -> tuple[int, int]:
    """Records, and how many of them were quarantined; rows that stand for none in both."""
    lost = result.ids[RECORD_ID].null_count()
    made, quarantined = result.counts[result.found.entity]
    return made + lost, quarantined + lost


def left_aside(result: StandardizedFiles) -> dict[str, int]:
    """Rows by kind that are neither data nor header nor blank: totals, notes, banners."""
    kinds: Counter[str] = Counter()
    for table in result.kinds:
        kinds.update({k: n for k, n in table.items() if k not in (DATA, HEADER, BLANK) and n})
    return dict(sorted(kinds.items()))


def write_standardized(
    result: StandardizedFiles, out: Path, findings: Path, password: str | None = None
) -> None:
    """Write both tables in the format of their suffixes; workbooks under the password, if given.

    Raises:
        UsageFault: a suffix that is not written, or more rows than a sheet holds.
        CrmMigrateError: a file cannot be written.
    """
    write_table(out, records_table(result), password)
    found = findings_table(result)
    if findings.suffix.lower() == ".xlsx":
        write_workbook(findings, findings_book(result, found, told_sums(result)), password)
    else:
        write_table(findings, found, password)


def write_marked(
    result: StandardizedFiles, file: Path, target: Path, password: str | None = None
) -> dict[str, int]:
    """Write a copy of the input workbook with its cells marked; how many, by severity.

    Raises:
        SourceFault: openpyxl cannot read the workbook.
        CrmMigrateError: the copy cannot be written.
    """
    data, counts = marked_book(file, marked_cells(result), result, told_sums(result))
    write_workbook(target, data, password)
    return counts


def _fields(result: StandardizedFiles, entity: str) -> list[str]:
    """The fields of an entity that a column or a move fills, references by key included."""
    frame = result.records[entity]
    mapped = {
        n: o
        for t in result.found.tables
        for r in t.mapping.records
        if r.entity == entity
        for n, o in r.fields.items()
    }
    names = []
    for field in result.model.entity(entity).fields:
        origin = mapped.get(field.name)
        if field.references is not None:
            if origin is not None and origin.table is not None:
                names.append(field.name)
        elif origin is not None or frame[field.name].null_count() < frame.height:
            names.append(field.name)
    return names


def _keys(result: StandardizedFiles, entity: str, frame: pl.DataFrame) -> list[pl.Series]:
    """The reference columns with keys in the place of ids, where the reference leads somewhere."""
    keys = result.references[entity]
    names = [c for c in keys.columns if c != RECORD_ID]
    found = frame.select(RECORD_ID).join(
        keys.unique(RECORD_ID), on=RECORD_ID, how="left", maintain_order="left"
    )
    return [found[n].set(frame[n].is_null(), None).alias(n) for n in names]


def _beside(result: StandardizedFiles) -> Iterator[tuple[str, int, pl.DataFrame]]:
    """Other records of the same rows: entity, which one of the row, and their table."""
    found = result.found
    own = [t for t in found.tables if (r := t.record(found.entity)) is not None and r.key is None]
    names = dict.fromkeys(r.entity for t in own for r in t.mapping.records if r.key is None)
    for name in names:
        if name == found.entity:
            continue
        frame = result.records[name]
        turn = frame.select(pl.col(ROW).cum_count().over(_PLACE)).to_series()
        for number in range(1, int(turn.max() or 1) + 1):  # type: ignore[arg-type]
            yield name, number, frame.filter(turn == number)
