"""The sheets of the quarantine workbook: how lines are written, and read back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.mapping.rules import NO_RECORD
from crm_migrate.model import Entity, Model
from crm_migrate.plan.show.sheets import Sheet
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.quality.rule_kinds import Kind, kind_of
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.stages.exports.returned import (
    Formula,
    ReturnedSheet,
    WorkbookKind,
    check_of,
    read_sheets,
    text_of,
)
from crm_migrate.stages.judge import own_rules
from crm_migrate.stages.kept import STANDARDIZED
from crm_migrate.stages.quality.findings import rule_of
from crm_migrate.stages.session import Session
from crm_migrate.workspace import Run

RECORD = Text("record", "记录")
CHECK = Text("check", "校验")
PLACE = (Text("file", "文件"), Text("sheet", "工作表"), Text("row", "行"))
WHY = Text("why it was set aside", "隔离原因")
WHAT = Text("what to do", "处理建议")
RECORDLESS = Text("Rows without a record", "未产生记录的行")
FIXED = (*PLACE, WHY, WHAT, RECORD, CHECK)
_WIDTHS = (18, 14, 8, 40, 40, 10, 10)
_FIELD_WIDTH = 22
QUARANTINE = WorkbookKind(
    b"crm-migrate/1 quarantine workbook",
    Text("quarantine workbook", "隔离工作簿"),
    "quarantine export",
)
_EXACT = 10**15
"""Whole numbers from here on lose digits in Excel."""
_NUMBER = Text(
    "stored as a number of more than 15 digits, of which Excel keeps only 15: enter it as text",
    "以数字形式存储且超过 15 位,Excel 只保留 15 位：请按文本填写",
)
_FORMULA = Text("a formula: enter the value itself", "此处为公式：请填写值本身")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that may have been corrected; `wrong`: why what stands in it cannot be taken."""

    field: str
    label: str
    text: str
    wrong: Text | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it came back."""

    row: int
    sheet: str
    entity: str
    record_id: str
    state: str
    place: tuple[str, ...]
    """File, sheet, row, why, what to do: part of what is checked."""
    check: str
    cells: tuple[Cell, ...] = ()


def check_of_line(session: Session, line: Line) -> str:
    """Binds a line to what was sent out."""
    return check_of(session, QUARANTINE, (line.entity, line.record_id, line.state, *line.place))


def editable(session: Session, entity: Entity) -> list[str]:
    """The fields that may be corrected: no references, and nothing that policy keeps out."""
    policy = session.job.rules.policy
    return [
        f.name
        for f in entity.fields
        if f.references is None
        and policy.treatment(entity.name, f.name, Audience.EXPORT) is not Treatment.FORBID
        and policy.treatment(entity.name, f.name, Audience.WORKSPACE) is not Treatment.FORBID
    ]


def shown(
    session: Session, entity: Entity, records: pl.DataFrame, fields: Sequence[str]
) -> pl.DataFrame:
    """`record_id` and the fields as policy shows them in exports; what it seals is masked."""
    policy = session.job.rules.policy
    columns = [records[RECORD_ID]]
    for name in fields:
        values = records[name]
        if policy.treatment(entity.name, name, Audience.EXPORT) is not Treatment.CLEAR:
            values = mask_series(values, entity.by_name[name].type).alias(name)
        columns.append(values)
    return pl.DataFrame(columns)


def rejected_sheet(
    session: Session,
    run: Run,
    entity: Entity,
    records: pl.DataFrame,
    states: dict[str, str],
    language: Language,
) -> Sheet:
    """The records of an entity that were set aside, a line each; `states` by record id."""
    records = records.sort(FILE, SHEET, ROW, RECORD_ID)
    found = run.read(STANDARDIZED, "x_findings").filter(
        pl.col("entity") == entity.name, pl.col(RECORD_ID).is_in(records[RECORD_ID].implode())
    )
    why = _reasons(run, entity, found, language)
    wanted = [n for n in editable(session, entity) if _worth_a_column(entity, n, records, found)]
    table = shown(session, entity, records, wanted)
    rows: list[list[object]] = []
    for place, cells in zip(
        records.select(RECORD_ID, FILE, SHEET, ROW).rows(), table.select(wanted).rows(), strict=True
    ):
        id, file, sheet, row = place
        told = why.get(id, ("", ""))
        texts = (file or "", sheet or "", str(row or ""), *told)
        line = Line(0, "", entity.name, id, states[id], texts, "")
        line = replace(line, check=check_of_line(session, line))
        name = f"{entity.name} {id} {line.state}"
        rows.append([*texts, name, line.check, *cells])
    heads = [h.in_language(language) for h in FIXED]
    heads += [entity.by_name[n].label.in_language(language) for n in wanted]
    first = len(FIXED)
    return Sheet(
        title=entity.label.in_language(language),
        head=heads,
        widths=(*_WIDTHS, *[_FIELD_WIDTH] * len(wanted)),
        rows=rows,
        filled_in={first + n: () for n in range(len(wanted))},
        hidden=(FIXED.index(RECORD), FIXED.index(CHECK)),
    )


def _worth_a_column(entity: Entity, name: str, records: pl.DataFrame, found: pl.DataFrame) -> bool:
    field = entity.by_name[name]
    asked = field.required or field.identifying or name in set(found["field"])
    return asked or records[name].null_count() < records.height


def _reasons(
    run: Run, entity: Entity, found: pl.DataFrame, language: Language
) -> dict[str, tuple[str, str]]:
    """By record: why it was set aside, naming the field where one is at fault, and what to do."""
    own = own_rules(run)
    reasons: dict[str, tuple[str, str]] = {}
    errors = found.filter(pl.col("severity") == "error").select(RECORD_ID, "rule", "field")
    ordered = errors.unique().sort("rule", "field")
    for (id,), some in ordered.group_by([RECORD_ID], maintain_order=True):
        messages, hints = [], []
        for code, name in some.select("rule", "field").rows():
            rule, field = rule_of(code, own), entity.by_name.get(name)
            about = field if kind_of(code) is not Kind.ROW else None
            label = Text(f"{about.label.en}: ", f"{about.label.zh}：") if about else Text("", "")
            messages.append(label.in_language(language) + rule.message.in_language(language))
            hints.append(rule.hint.in_language(language))
        reasons[str(id)] = ("\n".join(messages), "\n".join(dict.fromkeys(hints)))
    return reasons


def recordless_sheet(run: Run, language: Language) -> Sheet | None:
    """The rows that hold something, but yielded no record: place, why, what to do."""
    found = run.read(STANDARDIZED, "x_findings").filter(pl.col("rule") == NO_RECORD.code)
    if found.is_empty():
        return None
    told = [text.in_language(language) for text in (NO_RECORD.message, NO_RECORD.hint)]
    places = found.select("file", "sheet", "row").sort(pl.all(), nulls_last=True)
    rows = [[file or "", sheet or "", str(row or ""), *told] for file, sheet, row in places.rows()]
    heads = [h.in_language(language) for h in (*PLACE, WHY, WHAT)]
    return Sheet(RECORDLESS.in_language(language), heads, _WIDTHS[: len(heads)], rows)


def read_lines(path: Path, password: str | None, model: Model) -> Iterator[Line]:
    """The lines of a workbook that came back, sheet by sheet.

    Raises:
        SourceFault: no workbook of ours, a wrong password, or a hidden column is gone.
    """
    for sheet in read_sheets(path, password, QUARANTINE):
        if sheet.title not in (RECORDLESS.en, RECORDLESS.zh):  # nothing to correct there
            yield from _lines(path, sheet, model)


def _lines(path: Path, sheet: ReturnedSheet, model: Model) -> Iterator[Line]:
    heads = [text_of(h) for h in sheet.rows[0]] if sheet.rows else []
    place = {h.en: n for h in FIXED for n, head in enumerate(heads[: len(FIXED)])
             if head in (h.en, h.zh)}  # fmt: skip
    if len(place) < len(FIXED):
        raise QUARANTINE.unreadable(path)
    for number, row in enumerate(sheet.rows[1:], 2):
        cells = [row[n] if n < len(row) else None for n in range(len(heads))]
        named = text_of(cells[place[RECORD.en]])
        if not named and not any(text_of(c) for c in cells):
            continue
        entity, id, state = (*named.split(" "), "", "", "")[:3]
        texts = tuple(text_of(cells[place[h.en]]) for h in (*PLACE, WHY, WHAT))
        known = model.by_name.get(entity)
        labels = (
            {t: f.name for f in known.fields for t in (f.label.en, f.label.zh)} if known else {}
        )
        found = tuple(
            Cell(labels[heads[n]], heads[n], text_of(cells[n]), _wrong(cells[n]))
            for n in range(len(FIXED), len(heads))
            if heads[n] in labels
        )
        yield Line(
            number, sheet.title, entity, id, state, texts, text_of(cells[place[CHECK.en]]), found
        )


def _wrong(value: object) -> Text | None:
    """Why what stands in a cell cannot be taken."""
    if isinstance(value, Formula):
        return _FORMULA
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return _NUMBER if number and abs(value) >= _EXACT else None  # type: ignore[arg-type]
