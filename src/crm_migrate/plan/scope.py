"""A plan confined to some groups (a pilot, a follow-up), or without some (exclusions): pure.

Every stage works on all data, so that identities and verdicts do not depend on the scope; what
the scope leaves out is skipped only when the operations are known. Three rules:

- A new record that an operation inside refers to (a product, a group parent) comes along, alone.
- What people excluded never comes along; whatever would refer to it waits.
- What is unchanged stays unchanged, inside or outside.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Model
from crm_migrate.plan.change import AFTER, BEFORE, REFERENCE_PREFIX, UNTOUCHED, Action
from crm_migrate.project.mapping_file import TargetEntity

OUTSIDE, EXCLUDED = "outside_scope", "excluded"
"""Reasons of what a scope leaves out: it lies outside, or people excluded it."""
_LIVE = [str(Action.INSERT), str(Action.UPDATE)]


def _no_ids() -> pl.Series:
    return pl.Series([], dtype=pl.String)


@dataclass(frozen=True)
class Scope:
    """Which groups a plan is about, by the golden id of their head.

    `only`: confined to these; None: all. `without`: these are left out, whatever `only` says.
    """

    words: Text
    only: pl.Series | None = None
    without: pl.Series = field(default_factory=_no_ids)

    def digest(self) -> str:
        """SHA-256 (hex) over the sorted ids: a part of the plan's evidence."""
        hashed = hashlib.sha256(b"crm-migrate/scope/1")
        for name, ids in (("only", self.only), ("without", self.without)):
            listed = "*" if ids is None else ",".join(ids.unique().sort().to_list())
            hashed.update(f"\n{name}:{listed}".encode())
        return hashed.hexdigest()

    def covers(self, groups: pl.Series) -> pl.Series:
        """Which of these groups are inside (Boolean)."""
        inside = pl.repeat(True, len(groups), eager=True)
        if self.only is not None:
            inside = groups.is_in(self.only.implode())
        return inside & ~groups.is_in(self.without.implode())


def reference_columns(model: Model, mappings: Mapping[str, TargetEntity]) -> dict[str, list[str]]:
    """Entity → its target columns that hold references."""
    return {
        name: [
            mapping.fields[field.name].column
            for field in model.entity(name).references()
            if field.name in mapping.fields
        ]
        for name, mapping in mappings.items()
    }


def confine(
    operations: Mapping[str, pl.DataFrame], references: Mapping[str, Sequence[str]], scope: Scope
) -> dict[str, pl.DataFrame]:
    """The operations of all entities with those outside of the scope skipped.

    `operations`: entity → frame as `change.py` lays down, before or after digests are made.
    `references`: entity → target columns that hold references.
    """
    rows = pl.concat(
        [_rows(entity, frame, references.get(entity, ())) for entity, frame in operations.items()]
    )
    rows = rows.with_columns(
        inside=scope.covers(rows["group"]),
        excluded=rows["group"].is_in(scope.without.implode()),
    )
    rows = _waiting(_coming_along(rows))
    decided = {}
    for (entity,), part in (
        rows.select("entity", "inside", "why")
        .partition_by("entity", as_dict=True, include_key=False, maintain_order=True)
        .items()
    ):
        decided[str(entity)] = part
    return {
        entity: _skipped(frame, decided[entity]["inside"], decided[entity]["why"])
        if entity in decided
        else frame
        for entity, frame in operations.items()
    }


def _rows(entity: str, frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The operations without their cells; `refers`: golden ids that the cells refer to."""
    cells = [AFTER + c for c in columns if AFTER + c in frame.columns]
    ours = [
        pl.when(pl.col(c).str.starts_with(REFERENCE_PREFIX)).then(
            pl.col(c).str.strip_prefix(REFERENCE_PREFIX)
        )
        for c in cells
    ]
    refers = pl.concat_list(ours) if ours else pl.lit([], dtype=pl.List(pl.String))
    return frame.select(
        pl.lit(entity).alias("entity"), "group", "golden_id", "action", refers=refers
    )


def _referred(rows: pl.DataFrame) -> pl.Series:
    return rows["refers"].explode().drop_nulls().unique()


def _coming_along(rows: pl.DataFrame) -> pl.DataFrame:
    """New records that live operations inside refer to become part of the scope, all the way."""
    live = pl.col("action").is_in(_LIVE)
    addable = rows.filter(
        ~pl.col("inside") & ~pl.col("excluded") & (pl.col("action") == Action.INSERT)
    )
    wanted = _referred(rows.filter(pl.col("inside") & live))
    added = [_no_ids()]
    while addable.height and len(wanted):
        found = addable.filter(pl.col("golden_id").is_in(wanted.implode()))
        added.append(found["golden_id"])
        addable = addable.join(found, on="golden_id", how="anti")
        wanted = _referred(found)
    along = pl.concat(added)
    return rows.with_columns(pl.col("inside") | pl.col("golden_id").is_in(along.implode()))


def _waiting(rows: pl.DataFrame) -> pl.DataFrame:
    """`why` each row outside is left out; live rows that would refer to excluded ones wait, too."""
    why = (
        pl.when(pl.col("inside"))
        .then(None)
        .when("excluded")
        .then(pl.lit(EXCLUDED))
        .otherwise(pl.lit(OUTSIDE))
    )
    rows = rows.with_columns(why.alias("why"))
    new = pl.col("action") == Action.INSERT
    gone = rows.filter(new & ~pl.col("inside") & pl.col("excluded"))["golden_id"]
    live = rows["action"].is_in(_LIVE)
    pairs = rows.filter(live).select("golden_id", "refers").explode("refers").drop_nulls()
    while len(gone):
        children = pairs.filter(pl.col("refers").is_in(gone.implode()))["golden_id"]
        ids, groups = rows["golden_id"], rows["group"]
        stuck = ids.is_in(children.implode()) | groups.is_in(gone.implode())
        stuck = rows["inside"] & live & stuck
        gone = rows.filter(stuck & (rows["action"] == Action.INSERT))["golden_id"]
        rows = rows.with_columns(
            inside=pl.when(stuck).then(False).otherwise("inside"),
            why=pl.when(stuck).then(pl.lit("parent_waits")).otherwise("why"),
        )
    return rows


def _skipped(frame: pl.DataFrame, inside: pl.Series, why: pl.Series) -> pl.DataFrame:
    """The frame with its acting rows outside skipped: nothing written, nothing taken over."""
    out = ~inside
    acting = out & (frame["action"] != Action.UNCHANGED)
    if not out.any():
        return frame
    nothing = pl.lit(None, dtype=pl.String)
    emptied = ["precondition", "conflicts", "op_digest", "commitments"]
    emptied += [c for c in frame.columns if c.startswith(BEFORE)]
    untouched = [c for c in frame.columns if c.startswith(AFTER)]
    changes = [
        pl.when(acting).then(pl.lit(str(Action.SKIP))).otherwise("action").alias("action"),
        pl.when(acting).then(why).otherwise("reason").alias("reason"),
        *(
            pl.when(out).then(nothing).otherwise(pl.col(c)).alias(c)
            for c in emptied
            if c in frame.columns
        ),
        *(pl.when(out).then(pl.lit(UNTOUCHED)).otherwise(pl.col(c)).alias(c) for c in untouched),
    ]
    if "adopt" in frame.columns:  # its base row is written when its turn comes
        changes.append((pl.col("adopt") & pl.lit(inside)).alias("adopt"))
    return frame.with_columns(changes)
