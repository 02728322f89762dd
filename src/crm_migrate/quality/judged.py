"""Records to be judged: which cells have which findings, and the sources that they come from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crm_migrate.model import Entity
from crm_migrate.project.quality_measures import AFTER, BEFORE
from crm_migrate.quality.counts import ALL, Line, Mask
from crm_migrate.quality.rule_kinds import CELL_FAULTS, SETTLED, Kind, kinds_of
from crm_migrate.records import RECORD_ID, SOURCE, Severity

GOLDEN = "golden_id"
NOBODY = -1
"""In place of a source: the cell comes from none (it was derived, or set by a person)."""


@dataclass(frozen=True)
class Origins:
    """Where records and their cells come from; sources by their place in `sources`."""

    sources: Sequence[str]
    shares: NDArray[np.bool_]
    """(records, sources): which sources a record has a part of."""
    cells: Mapping[str, NDArray[np.int64]]
    """By field, per record: the source of the cell."""
    others: NDArray[np.int64]
    """The same for every field that `cells` does not name."""

    def of(self, name: str) -> NDArray[np.int64]:
        """The source of each cell of a field."""
        return self.cells.get(name, self.others)


@dataclass(frozen=True)
class Rules:
    """What the project says of an entity's fields."""

    listed: frozenset[str] = frozenset()
    """Fields that a value map translates."""
    guarded: frozenset[str] = frozenset()
    """Fields that may not hold what policy forbids."""
    related: frozenset[str] = frozenset()
    """Fields that rules of the project hold against others."""
    own: Mapping[str, Kind] = field(default_factory=dict)
    """Kinds of the project's own rules (`rule_kinds.own_kinds`)."""


@dataclass(frozen=True)
class Judged:
    """Records of an entity, where their cells fail, and where they come from."""

    phase: str
    entity: Entity
    records: pl.DataFrame
    origins: Origins
    faults: Mapping[tuple[str, Kind], Mask]
    """By field and kind: the records in which the field's cell has such a finding."""
    dirty: Mapping[str, Mask]
    """By field: the records in which a rule warns about the cell."""
    broken: Mask
    """The records that break a rule of the project."""
    conditions: pl.DataFrame
    """Row for row like `records`: the standardized cells that conditions look at."""
    rules: Rules = Rules()

    @cached_property
    def nowhere(self) -> Mask:
        """No record."""
        return np.zeros(self.records.height, np.bool_)

    def mask(self, field: str, kind: Kind) -> Mask:
        """The records in which the field has a finding of the kind."""
        return self.faults.get((field, kind), self.nowhere)

    def cells(self, field: str, measure: str, good: Mask, total: Mask) -> Iterator[Line]:
        """A and B over all sources, and of each: a cell counts for the source it comes from.

        `good` counts only within `total`.
        """
        both = good & total
        place = (self.phase, self.entity.name)
        yield (*place, ALL, field, measure, int(both.sum()), int(total.sum()))
        codes, size = self.origins.of(field) - NOBODY, len(self.origins.sources) + 1
        hits = np.bincount(codes[both], minlength=size)[1:]
        every = np.bincount(codes[total], minlength=size)[1:]
        for source, a, b in zip(self.origins.sources, hits, every, strict=True):
            yield (*place, source, field, measure, int(a), int(b))

    def records_of(self, field: str, measure: str, good: Mask, total: Mask) -> Iterator[Line]:
        """A and B over all sources, and of each: a record counts for every source in it."""
        both = good & total
        place = (self.phase, self.entity.name)
        yield (*place, ALL, field, measure, int(both.sum()), int(total.sum()))
        for at, source in enumerate(self.origins.sources):
            share = self.origins.shares[:, at]
            counts = int((both & share).sum()), int((total & share).sum())
            yield (*place, source, field, measure, *counts)


def before(
    entity: Entity,
    raw: pl.DataFrame,
    standardized: pl.DataFrame,
    findings: pl.DataFrame,
    rules: Rules = Rules(),
) -> Judged:
    """The mapped records of the sources, with everything that was found in them."""
    sources, codes = _coded(raw[SOURCE])
    shares = codes[:, None] == np.arange(len(sources))
    mine = findings.filter(pl.col("entity") == entity.name)
    wanted = {c.field for f in entity.fields for c in f.required_when}
    conditions = raw.select(RECORD_ID).join(
        standardized.select(RECORD_ID, *sorted(wanted & set(standardized.columns))),
        on=RECORD_ID,
        how="left",
        maintain_order="left",
    )
    return Judged(
        BEFORE, entity, raw, Origins(sources, shares, {}, codes),
        *_scattered(raw[RECORD_ID], mine, rules.own), conditions, rules,
    )  # fmt: skip


def after(
    entity: Entity,
    golden: pl.DataFrame,
    members: pl.DataFrame,
    lineage: pl.DataFrame,
    findings: pl.DataFrame,
    rules: Rules = Rules(),
) -> Judged:
    """The golden records, with what is still wrong with the cells that were chosen for them.

    members: `record_id`, `golden_id`, `_source`. lineage: the record of every cell where several
    records were one; elsewhere the only record's cells stand.
    """
    standing = findings.filter(
        pl.col("entity") == entity.name,
        pl.col("severity") != str(Severity.REPAIR),
        ~pl.col("rule").is_in(SETTLED),
    ).drop_nulls(RECORD_ID)
    found = standing.join(members.select(RECORD_ID, GOLDEN), on=RECORD_ID)
    several = lineage[GOLDEN].unique()
    chosen = found.join(
        lineage.select(GOLDEN, "field", RECORD_ID), on=[GOLDEN, "field", RECORD_ID], how="semi"
    )
    single = found.filter(~pl.col(GOLDEN).is_in(several.implode()))
    mine = pl.concat([chosen, single]).drop(RECORD_ID).rename({GOLDEN: RECORD_ID})
    return Judged(
        AFTER, entity, golden, _traced(golden, members, lineage),
        *_scattered(golden[GOLDEN], mine, rules.own), golden, rules,
    )  # fmt: skip


def _coded(names: pl.Series) -> tuple[list[str], NDArray[np.int64]]:
    """The different names in order, and the place of each row's name among them."""
    known: list[str] = names.unique().sort().to_list()
    codes = names.replace_strict(known, range(len(known)), return_dtype=pl.Int64)
    return known, codes.cast(pl.Int64).to_numpy()  # of no name at all Polars returns the text


def _traced(golden: pl.DataFrame, members: pl.DataFrame, lineage: pl.DataFrame) -> Origins:
    """The sources of golden records and of their cells, by members and lineage."""
    place = pl.DataFrame({GOLDEN: golden[GOLDEN]}).with_row_index("at")
    parts = members.select(RECORD_ID, GOLDEN, SOURCE).join(place, on=GOLDEN)
    sources, codes = _coded(parts[SOURCE])
    parts = parts.with_columns(pl.Series("code", codes, dtype=pl.Int64))
    rows = parts["at"].to_numpy()
    shares = np.zeros((golden.height, len(sources)), np.bool_)
    shares[rows, codes] = True
    others = np.full(golden.height, NOBODY, np.int64)
    others[rows] = codes
    merged = place.filter(pl.col(GOLDEN).is_in(lineage[GOLDEN].unique().implode()))
    others[merged["at"].to_numpy()] = NOBODY  # these cells have lineage, or nobody's value
    cells = {}
    chosen = lineage.select(RECORD_ID, "field").join(parts.drop(GOLDEN), on=RECORD_ID)
    for (name,), some in chosen.group_by(["field"]):
        cells[str(name)] = others.copy()
        cells[str(name)][some["at"].to_numpy()] = some["code"].to_numpy()
    return Origins(sources, shares, cells, others)


def _scattered(
    ids: pl.Series, findings: pl.DataFrame, own: Mapping[str, Kind]
) -> tuple[dict[tuple[str, Kind], Mask], dict[str, Mask], Mask]:
    """Findings as arrays over the records, by field and kind; those that warn, by field; and
    the records that break one of the project's own rules.
    """
    codes = findings["rule"].unique().to_list()
    kinds = pl.DataFrame(
        [(code, str(kind)) for code in codes for kind in kinds_of(code, own)],
        schema={"rule": pl.String, "kind": pl.String},
        orient="row",
    )
    place = pl.DataFrame({RECORD_ID: ids}).with_row_index("at")
    cells = (
        findings.select(
            RECORD_ID,
            "field",
            "rule",
            (pl.col("severity") != str(Severity.REPAIR)).alias("warns"),
        )
        .drop_nulls()
        .join(kinds, on="rule")
        .join(place, on=RECORD_ID)
    )
    faults: dict[tuple[str, Kind], Mask] = {}
    for (name, kind), part in cells.group_by(["field", "kind"]):
        faults[str(name), Kind(str(kind))] = _at(part["at"], len(ids))
    dirty = {}
    warned = cells.filter("warns", pl.col("kind").is_in([str(k) for k in CELL_FAULTS]))
    for (name,), part in warned.group_by(["field"]):
        dirty[str(name)] = _at(part["at"], len(ids))
    broken = findings.filter(
        pl.col("rule").is_in(list(own)), pl.col("severity") != str(Severity.REPAIR)
    )
    return faults, dirty, _at(broken.join(place, on=RECORD_ID)["at"], len(ids))


def _at(places: pl.Series, height: int) -> Mask:
    mask = np.zeros(height, np.bool_)
    mask[places.to_numpy()] = True
    return mask
