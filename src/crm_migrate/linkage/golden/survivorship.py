"""Golden records: one value per field from all records of a cluster, and where it came from."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_migrate.linkage.golden.identity import GOLDEN_ID
from crm_migrate.linkage.golden.rules import UNION, FieldGroup, SurvivorshipRules
from crm_migrate.linkage.golden.winners import Clusters, Rows, Won
from crm_migrate.model import MULTI_SEPARATOR, Entity
from crm_migrate.records import RECORD_ID, SOURCE

POOL = "公海"
"""The common pool: customers there belong to nobody, so nobody's claim conflicts with it."""
AGREED = "agreed"


@dataclass(frozen=True)
class Golden:
    """golden: golden_id and the fields, ordered by golden_id. lineage: golden_id, field,
    record_id (the winner), source (of that record), rule (`agreed` when no other value stood
    against it, else the preference that decided, or `record_id`), losers (distinct other values).

    Golden records of a single member have no lineage rows: every value is that member's.
    """

    golden: pl.DataFrame
    lineage: pl.DataFrame


def survive(
    records: pl.DataFrame,
    members: pl.DataFrame,
    rules: SurvivorshipRules,
    entity: Entity,
    doubts: pl.DataFrame | None = None,
) -> Golden:
    """Golden records of the clusters.

    records: record_id, _source and the entity's fields (missing columns count as empty).
    members: record_id, golden_id. doubts: record_id, field of values that the standards doubt
    (what `most_valid` looks at). The order of none matters.
    """
    fields = [n for n in entity.field_names if n in records.columns]
    owned, place = _placed(records, members)
    new = (owned != owned.shift(1)).fill_null(True)
    cluster = new.cum_sum().to_numpy().astype(np.int64) - 1
    heads = new.arg_true().to_numpy().astype(np.int64)
    alone = np.bincount(cluster, minlength=len(heads)) == 1
    several = np.flatnonzero(~alone[cluster])
    # Most fields of a model are empty in most sources: their columns cost nothing.
    counts = {n: records[n].null_count() for n in records.columns}
    filled = [n for n in records.columns if n == RECORD_ID or counts[n] < records.height]
    rows = Clusters(records.select(filled)[place[several]], cluster[several], rules, doubts)
    golden = {GOLDEN_ID: owned.gather(heads)}
    lineage = _Lineage(rows, owned.gather(several), sorted(fields))
    for group in rules.of(entity.name, fields):
        names = [n for n in group.fields if n in fields and n in filled]
        if group.union:
            for name in names:
                own = records[name].gather(place[heads]).set(pl.Series(~alone), None)
                golden[name] = _union(own, rows, name, lineage)
        elif names:
            won = rows.winners(group, names)
            at = np.where(alone, place[heads], -1)
            at[won.cluster] = place[several[won.row]]
            for name in names:
                golden[name] = records[name].gather(pl.Series(at).set(pl.Series(at < 0), None))
                lineage.add(name, group, won)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(heads))
    every = (golden.get(n, nothing).alias(n) for n in (GOLDEN_ID, *fields))
    return Golden(pl.DataFrame(every), lineage.frame())


def _placed(records: pl.DataFrame, members: pl.DataFrame) -> tuple[pl.Series, Rows]:
    """Golden ids in order, and where in `records` each one's records stand, by record id."""
    owned = members.select(RECORD_ID, GOLDEN_ID)
    if not owned[RECORD_ID].equals(records[RECORD_ID]):
        place = records.select(RECORD_ID).with_row_index("place")
        owned = owned.join(place, on=RECORD_ID, how="inner")
    else:
        owned = owned.with_row_index("place")
    owned = owned.sort(GOLDEN_ID, RECORD_ID)
    return owned[GOLDEN_ID], owned["place"].cast(pl.Int64).to_numpy()


class _Lineage:
    """The lineage as numbers, made into text once at the end."""

    def __init__(self, clusters: Clusters, golden_ids: pl.Series, fields: list[str]) -> None:
        self._clusters = clusters
        self._golden_ids = golden_ids
        self._fields = fields
        self._rules = [AGREED, RECORD_ID, UNION]
        self._parts: list[tuple[Rows, Rows, Rows, Rows]] = []

    def add(self, name: str, group: FieldGroup, won: Won) -> None:
        """What decided about one field of a group."""
        rules = [self._rule(p.name) for p in group.preferences]
        codes = np.array([*rules, self._rule(RECORD_ID), self._rule(AGREED)], dtype=np.int64)
        filled = self._clusters.rows[name].is_not_null().to_numpy()[won.row]
        self._append(name, won.row[filled], codes[won.rule[filled]], won.losers[filled])

    def add_union(self, name: str, rows: Rows) -> None:
        """The first record of each cluster that contributed to a field."""
        self._append(name, rows, np.full(len(rows), self._rule(UNION)), np.zeros_like(rows))

    def _append(self, name: str, rows: Rows, rules: Rows, losers: Rows) -> None:
        field = np.full(len(rows), self._fields.index(name), dtype=np.int64)
        self._parts.append((field, rows, rules, losers))

    def frame(self) -> pl.DataFrame:
        """golden_id, field, record_id, source, rule, losers; by golden id and field."""
        none = np.empty(0, dtype=np.int64)
        parts = [np.concatenate([none, *some]) for some in zip(*self._parts, strict=True)]
        field, row, rule, losers = parts or [none] * 4
        cluster = self._clusters.cluster[row]
        order = np.argsort(cluster * len(self._fields) + field, kind="stable")
        row = row[order]
        rows = self._clusters.rows
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, rows.height)
        source = rows[SOURCE] if SOURCE in rows.columns else nothing
        return pl.DataFrame(
            {
                GOLDEN_ID: self._golden_ids.gather(row),
                "field": pl.Series(self._fields, dtype=pl.String).gather(field[order]),
                RECORD_ID: rows[RECORD_ID].gather(row),
                "source": source.gather(row),
                "rule": pl.Series(self._rules, dtype=pl.String).gather(rule[order]),
                "losers": losers[order],
            }
        )

    def _rule(self, name: str) -> int:
        if name not in self._rules:
            self._rules.append(name)
        return self._rules.index(name)


def _union(own: pl.Series, clusters: Clusters, name: str, lineage: _Lineage) -> pl.Series:
    """All values of a field together, sorted; the lineage names the first contributor.

    `own`: the values of the clusters of one record, which stay as they are.
    """
    values = clusters.rows[name].str.strip_chars()
    frame = pl.DataFrame({"cluster": clusters.cluster, "value": values}).with_row_index("row")
    frame = frame.filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
    single = ~pl.col("value").str.contains(MULTI_SEPARATOR, literal=True)
    same = (pl.col("value") == pl.col("value").first()).all() & single.all()
    frame = frame.with_columns(_same=same.over("cluster"))
    agreed = (
        frame.filter("_same").unique("cluster", keep="first", maintain_order=True).drop("_same")
    )
    joined = (
        frame.filter(~pl.col("_same"))
        .with_columns(pl.col("value").str.split(MULTI_SEPARATOR))
        .explode("value")
        .with_columns(pl.col("value").str.strip_chars())
        .filter(pl.col("value") != "")
        .group_by("cluster")
        .agg(pl.col("row").min(), pl.col("value").unique().sort().str.join(MULTI_SEPARATOR))
    )
    found = pl.concat([agreed, joined.select(agreed.columns)])
    lineage.add_union(name, found["row"].cast(pl.Int64).to_numpy())
    return own.scatter(found["cluster"], found["value"])


def owner_conflicts(records: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """撞单: golden records whose members belong to different owners (R-1.5).

    records: record_id, owner, optionally department (after mapping); owners in the common pool
    do not count. Result: golden_id, owners, departments, record_ids (each joined by `;`).
    """
    if "owner" not in records.columns:
        return pl.DataFrame(
            schema={n: pl.String() for n in (GOLDEN_ID, "owners", "departments", "record_ids")}
        )
    if "department" not in records.columns:
        records = records.with_columns(department=pl.lit(None, dtype=pl.String))
    owned = members.select(RECORD_ID, GOLDEN_ID).join(
        records.select(RECORD_ID, "owner", "department").filter(
            pl.col("owner").is_not_null() & (pl.col("owner") != POOL)
        ),
        on=RECORD_ID,
    )

    def joined(name: str) -> pl.Expr:
        return pl.col(name).drop_nulls().unique().sort().str.join(MULTI_SEPARATOR)

    return (
        owned.filter(pl.col("owner").n_unique().over(GOLDEN_ID) > 1)
        .group_by(GOLDEN_ID)
        .agg(
            owners=joined("owner"),
            departments=joined("department"),
            record_ids=joined(RECORD_ID),
        )
        .sort(GOLDEN_ID)
    )
