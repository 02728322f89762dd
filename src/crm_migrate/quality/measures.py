"""What the measures of GB/T 36344-2018 count, from the tables that a run left: A and B of each.

Counts only; what they weigh and add up to is decided in `scores`. Everything is vectorised: cells
are arrays of truth values, findings are scattered into them by the place of their record.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crm_migrate.model import Entity, Field, SemanticType
from crm_migrate.project.quality_measures import AFTER, BEFORE
from crm_migrate.quality.rule_kinds import CELL_FAULTS, SETTLED, Kind, kind_of
from crm_migrate.records import RECORD_ID, SOURCE, Severity

ALL = ""
"""`source` of counts over all sources (they are counted afresh: doubles stand across sources),
and `field` of counts over whole records."""

COUNTS_SCHEMA = {
    "phase": pl.String(),
    "entity": pl.String(),
    "source": pl.String(),
    "field": pl.String(),
    "measure": pl.String(),
    "good": pl.Int64(),
    "total": pl.Int64(),
}
"""One line per measure and place: A (`good`) and B (`total`); lines without B are left out."""

Line = tuple[str, str, str, str, str, int, int]
Mask = NDArray[np.bool_]
_LISTED = (SemanticType.VOCABULARY, SemanticType.INDUSTRY, SemanticType.ADDRESS)


@dataclass(frozen=True)
class Table:
    """Records of an entity to be judged: their ids, the source of each, and where cells fail."""

    phase: str
    entity: Entity
    records: pl.DataFrame
    id_column: str
    sources: Sequence[str]
    """Names of the sources; none for golden records, which are of all of them."""
    codes: NDArray[np.int64]
    """Per record: place in `sources`."""
    faults: Mapping[tuple[str, Kind], Mask]
    """By field and kind: the records in which the field's cell has such a finding."""
    dirty: Mapping[str, Mask]
    """By field: the records in which a rule warns about the cell."""
    conditions: pl.DataFrame
    """Row for row like `records`: the standardized cells that conditions look at."""
    listed: frozenset[str] = frozenset()
    """Fields that a value map translates."""
    guarded: frozenset[str] = frozenset()
    """Fields that may not hold what policy forbids."""
    related: frozenset[str] = frozenset()
    """Fields that rules of the project hold against others."""

    def mask(self, field: str, kind: Kind) -> Mask:
        """The records in which the field has a finding of the kind."""
        return self.faults.get((field, kind), np.zeros(self.records.height, np.bool_))

    def lines(self, field: str, measure: str, good: Mask, total: Mask) -> Iterator[Line]:
        """A and B per source, and over all of them. `good` counts only within `total`."""
        both = good & total
        of = self.entity.name
        yield (self.phase, of, ALL, field, measure, int(both.sum()), int(total.sum()))
        if not self.sources:
            return
        size = len(self.sources)
        hits = np.bincount(self.codes[both], minlength=size)
        every = np.bincount(self.codes[total], minlength=size)
        for place, source in enumerate(self.sources):
            yield (self.phase, of, source, field, measure, int(hits[place]), int(every[place]))


def counts_frame(lines: Iterator[Line]) -> pl.DataFrame:
    """The lines (COUNTS_SCHEMA) in which anything was judged, in a fixed order."""
    rows = sorted(line for line in lines if line[-1])
    return pl.DataFrame(rows, schema=COUNTS_SCHEMA, orient="row")


def before_table(
    entity: Entity,
    raw: pl.DataFrame,
    standardized: pl.DataFrame,
    findings: pl.DataFrame,
    *,
    listed: frozenset[str] = frozenset(),
    guarded: frozenset[str] = frozenset(),
    related: frozenset[str] = frozenset(),
    own: Mapping[str, Kind] = MappingProxyType({}),
) -> Table:
    """The mapped records of the sources, with everything that was found in them.

    own: kinds of the project's own rules (`rule_kinds.own_kinds`).
    """
    sources = raw[SOURCE].unique().sort().to_list()
    codes = raw[SOURCE].replace_strict(sources, range(len(sources)), return_dtype=pl.Int64)
    mine = findings.filter(pl.col("entity") == entity.name)
    wanted = {c.field for f in entity.fields for c in f.required_when}
    conditions = raw.select(RECORD_ID).join(
        standardized.select(RECORD_ID, *sorted(wanted & set(standardized.columns))),
        on=RECORD_ID,
        how="left",
        maintain_order="left",
    )
    return Table(
        BEFORE, entity, raw, RECORD_ID, sources, codes.to_numpy(),
        *_scattered(raw[RECORD_ID], mine, own), conditions, listed, guarded, related,
    )  # fmt: skip


def after_table(
    entity: Entity,
    golden: pl.DataFrame,
    members: pl.DataFrame,
    lineage: pl.DataFrame,
    findings: pl.DataFrame,
    *,
    listed: frozenset[str] = frozenset(),
    guarded: frozenset[str] = frozenset(),
    related: frozenset[str] = frozenset(),
    own: Mapping[str, Kind] = MappingProxyType({}),
) -> Table:
    """The golden records, with what is still wrong with the cells that were chosen for them.

    `lineage` names the record of every cell where several records were one; elsewhere the only
    record's cells stand.
    """
    standing = findings.filter(
        pl.col("entity") == entity.name,
        pl.col("severity") != str(Severity.REPAIR),
        ~pl.col("rule").is_in(SETTLED),
    ).drop_nulls(RECORD_ID)
    known = members.select(RECORD_ID, "golden_id")
    found = standing.join(known, on=RECORD_ID)
    several = lineage["golden_id"].unique()
    chosen = found.join(
        lineage.select("golden_id", "field", RECORD_ID),
        on=["golden_id", "field", RECORD_ID],
        how="semi",
    )
    single = found.filter(~pl.col("golden_id").is_in(several.implode()))
    mine = pl.concat([chosen, single]).drop(RECORD_ID).rename({"golden_id": RECORD_ID})
    return Table(
        AFTER, entity, golden, "golden_id", (), np.zeros(golden.height, np.int64),
        *_scattered(golden["golden_id"], mine, own), golden, listed, guarded, related,
    )  # fmt: skip


def _scattered(
    ids: pl.Series, findings: pl.DataFrame, own: Mapping[str, Kind]
) -> tuple[dict[tuple[str, Kind], Mask], dict[str, Mask]]:
    """Findings as arrays over the records, by field and kind; and those that warn, by field."""
    codes = findings["rule"].unique().to_list()
    kinds = {code: str(kind_of(code, own)) for code in codes}
    place = pl.DataFrame({RECORD_ID: ids}).with_row_index("at")
    cells = (
        findings.select(
            RECORD_ID,
            "field",
            pl.col("rule").replace_strict(kinds, return_dtype=pl.String).alias("kind"),
            (pl.col("severity") != str(Severity.REPAIR)).alias("warns"),
        )
        .drop_nulls()
        .join(place, on=RECORD_ID)
    )
    faults: dict[tuple[str, Kind], Mask] = {}
    for (field, kind), part in cells.group_by(["field", "kind"]):
        faults[str(field), Kind(str(kind))] = _at(part["at"], len(ids))
    dirty = {}
    warned = cells.filter("warns", pl.col("kind").is_in([str(k) for k in CELL_FAULTS]))
    for (field,), part in warned.group_by(["field"]):
        dirty[str(field)] = _at(part["at"], len(ids))
    return faults, dirty


def _at(places: pl.Series, height: int) -> Mask:
    mask = np.zeros(height, np.bool_)
    mask[places.to_numpy()] = True
    return mask


def cell_lines(table: Table) -> Iterator[Line]:
    """Conformity, completeness, accuracy and references, field by field, and whole records."""
    complete = np.ones(table.records.height, np.bool_)
    everything = complete.copy()
    for field in table.entity.fields:
        filled, held = _filled(table, field.name)
        if field.required:
            demanded = _demanded(table, field)
            yield from table.lines(field.name, "elements", held, demanded)
            complete &= held | ~demanded
        if filled.any():
            yield from _about_cells(table, field, filled)
    yield from table.lines(ALL, "records", complete, everything)


def _filled(table: Table, name: str) -> tuple[Mask, Mask]:
    """Cells in which something was written, be it readable or not; and those of them that still
    hold it: what a spreadsheet destroyed or policy cut out is gone.
    """
    present = np.zeros(table.records.height, np.bool_)
    if name in table.records.columns:
        present = table.records[name].is_not_null().to_numpy()
    written = present.copy()
    for kind in CELL_FAULTS:
        written |= table.mask(name, kind)
    written &= ~table.mask(name, Kind.EMPTY)
    return written, written & present


def _demanded(table: Table, field: Field) -> Mask:
    holds = [
        pl.col(c.field).is_in(list(c.values)).fill_null(False)
        for c in field.required_when
        # Where nothing is known of the condition, the field is asked of everybody.
        if c.field in table.conditions.columns and table.conditions[c.field].count()
    ]
    if not holds:
        return np.ones(table.records.height, np.bool_)
    return table.conditions.select(pl.all_horizontal(holds)).to_series().to_numpy()


def _about_cells(table: Table, field: Field, filled: Mask) -> Iterator[Line]:
    name = field.name
    is_reference = field.type is SemanticType.REFERENCE
    if is_reference or name in table.related:
        yield from table.lines(name, "related", ~table.mask(name, Kind.RELATED), filled)
    if is_reference:
        return
    yield from table.lines(name, "form", ~table.mask(name, Kind.FORM), filled)
    yield from table.lines(name, "format", ~table.mask(name, Kind.FORMAT), filled)
    yield from table.lines(name, "content", ~table.mask(name, Kind.CONTENT), filled)
    dirty = table.dirty.get(name, np.zeros(len(filled), np.bool_))
    yield from table.lines(name, "dirty", ~dirty, filled)
    if field.type in _LISTED or name in table.listed:
        yield from table.lines(name, "reference_data", ~table.mask(name, Kind.REFERENCE), filled)
    if field.type is SemanticType.FREE_TEXT or name in table.guarded:
        yield from table.lines(name, "security", ~table.mask(name, Kind.SECURITY), filled)


def repetition_lines(
    entity: Entity, records: pl.DataFrame, members: pl.DataFrame, doubtful: pl.DataFrame
) -> Iterator[Line]:
    """Records that are the same thing as another, before; suspected ones, after.

    records: `record_id`, `_source`. members: `record_id`, `golden_id`. doubtful: open pairs by
    `left_golden`, `right_golden`; the second of each pair counts as repeated.
    """
    owned = records.select(RECORD_ID, SOURCE).join(
        members.select(RECORD_ID, "golden_id"), on=RECORD_ID
    )
    name = entity.name
    golden = owned["golden_id"].unique()
    yield (BEFORE, name, ALL, ALL, "repetition", len(golden), owned.height)
    counted = owned.group_by(SOURCE).agg(pl.len(), pl.col("golden_id").n_unique().alias("n"))
    for source, total, different in counted.iter_rows():
        yield (BEFORE, name, source, ALL, "repetition", different, total)
    suspected = pl.Series("golden_id", [], dtype=pl.String)
    if doubtful.height:
        suspected = doubtful.select(pl.max_horizontal("left_golden", "right_golden")).to_series()
        suspected = suspected.unique()
    left = int((~golden.is_in(suspected.implode())).sum())
    yield (AFTER, name, ALL, ALL, "repetition", left, len(golden))


def distinct_lines(
    phase: str, entity: Entity, records: pl.DataFrame, fields: Sequence[str]
) -> Iterator[Line]:
    """Different among filled values of fields that must be unique, per source and over all."""
    for field in fields:
        if field not in records.columns:
            continue
        held = records.select(pl.col(field).alias("value"), *_source_of(records)).drop_nulls(
            "value"
        )
        of = (phase, entity.name)
        yield (*of, ALL, field, "distinct", held["value"].n_unique(), held.height)
        if phase == BEFORE:
            counted = held.group_by(SOURCE).agg(pl.len(), pl.col("value").n_unique().alias("n"))
            for source, total, different in counted.iter_rows():
                yield (*of, source, field, "distinct", different, total)


def _source_of(records: pl.DataFrame) -> list[str]:
    return [SOURCE] if SOURCE in records.columns else []


def same_lines(
    entity: Entity, records: pl.DataFrame, members: pl.DataFrame, excepted: frozenset[str]
) -> Iterator[Line]:
    """Whether the records of one customer or thing agree; a golden record has one value each.

    records: standardized, with `_source`. Free text, tags, codes of a system and references are
    not compared, nor what `excepted` names.
    """
    own = members.select(RECORD_ID, "golden_id")
    rows = records.join(own, on=RECORD_ID)
    rows = rows.filter(pl.col("golden_id").is_duplicated()).sort("golden_id")
    if rows.is_empty():
        return
    group = (rows["golden_id"] != rows["golden_id"].shift()).fill_null(True).cum_sum().to_numpy()
    sources = rows[SOURCE].unique().sort().to_list()
    codes = rows[SOURCE].replace_strict(sources, range(len(sources)), return_dtype=pl.Int64)
    for field in entity.fields:
        if field.type in _NOT_COMPARED or field.name in excepted or field.name not in rows.columns:
            continue
        good, judged, groups = _agreeing(rows[field.name], group)
        place = (entity.name, field.name)
        yield (BEFORE, place[0], ALL, place[1], "same", int(good.sum()), int(judged.sum()))
        for at, source in enumerate(sources):
            mine = codes.to_numpy() == at
            both = int((good & mine).sum()), int((judged & mine).sum())
            yield (BEFORE, place[0], source, place[1], "same", *both)
        yield (AFTER, place[0], ALL, place[1], "same", groups, groups)


_NOT_COMPARED = (
    SemanticType.FREE_TEXT,
    SemanticType.TAGS,
    SemanticType.CODE,
    SemanticType.REFERENCE,
)


def _agreeing(values: pl.Series, group: NDArray[np.int64]) -> tuple[Mask, Mask, int]:
    """Cells that agree with all others of their group, cells that have others, such groups.

    `group` ascends: the records of one group stand together.
    """
    filled = values.is_not_null().to_numpy()
    agree, judged = np.zeros(len(filled), np.bool_), np.zeros(len(filled), np.bool_)
    held = group[filled]
    if not len(held):
        return agree, judged, 0
    # Numbers for texts, equal where the texts are.
    coded = values.drop_nulls().cast(pl.Categorical).to_physical().to_numpy()
    starts = np.flatnonzero(np.r_[True, held[1:] != held[:-1]])
    sizes = np.diff(np.r_[starts, len(held)])
    several = sizes > 1
    same = np.minimum.reduceat(coded, starts) == np.maximum.reduceat(coded, starts)
    judged[filled] = np.repeat(several, sizes)
    agree[filled] = np.repeat(several & same, sizes)
    return agree, judged, int(several.sum())


def access_lines(rows: pl.DataFrame) -> Iterator[Line]:
    """Rows that yielded a record, by entity of their root record and source.

    rows: `source`, `root`, `read`, `non_data`, `no_record`.
    """
    summed = rows.with_columns((pl.col("read") - pl.col("non_data")).alias("data"))
    for keys in (["root"], ["root", "source"]):
        found = summed.group_by(keys).agg(pl.col("data", "no_record").sum())
        for row in found.iter_rows(named=True):
            place = (BEFORE, str(row["root"]), str(row.get("source", ALL)), ALL)
            data = int(row["data"])
            yield (*place, "readable", data - int(row["no_record"]), data)


def usable_lines(entity: Entity, raw: pl.DataFrame, accepted: pl.DataFrame) -> Iterator[Line]:
    """Records that were accepted, not quarantined, per source and over all."""
    place = (BEFORE, entity.name)
    yield (*place, ALL, ALL, "usable", accepted.height, raw.height)
    good = dict(accepted.group_by(SOURCE).len().iter_rows())
    for source, total in raw.group_by(SOURCE).len().iter_rows():
        yield (*place, source, ALL, "usable", int(good.get(source, 0)), total)


def reach_lines(entity: Entity, golden: pl.DataFrame, held: frozenset[str]) -> Iterator[Line]:
    """Filled golden cells that have a column in the CRM (`held`: fields that have one)."""
    filled: dict[str, Any] = golden.select(
        pl.col(n).count() for n in entity.field_names if n in golden.columns
    ).row(0, named=True)
    good = sum(int(count) for name, count in filled.items() if name in held)
    yield (AFTER, entity.name, ALL, ALL, "readable", good, sum(map(int, filled.values())))
