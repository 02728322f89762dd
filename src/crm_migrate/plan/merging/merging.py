"""Merges on their way through the entities of a plan: decided before each diff, settled after."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import polars as pl

from crm_migrate.model import Entity, Model
from crm_migrate.plan.diff.groups import Standing
from crm_migrate.plan.diff.side import Opener, TargetSide
from crm_migrate.plan.merging.holds import (
    decide,
    hold_colliding,
    hold_moving,
    hold_outside,
    hold_waiting,
)
from crm_migrate.plan.merging.lending import borrow, with_crm_only
from crm_migrate.plan.merging.moves import Around, doubles, leaving_rows, merged, moves_of
from crm_migrate.plan.scope import Scope
from crm_migrate.plan.target.present import TARGET_KEY
from crm_migrate.protection.policy import Treatment


class Merging:
    """What is merged, entity after entity, parents first.

    `crm_only`: entity → rows of the CRM, and golden records made of them alone, that take part
    in the plan because they are merged.
    """

    def __init__(
        self, model: Model, sides: Mapping[str, TargetSide], around: Around | None
    ) -> None:
        """`around`: what surrounds the rows that may be merged; without it nothing is."""
        self._model, self._sides, self._around = model, sides, around or Around()
        self._found: dict[str, pl.DataFrame] = {}
        self._doubles: dict[str, pl.DataFrame] = {}
        if around is not None:
            merging = {n: s for n, s in sides.items() if s.mapping.merge is not None}
            self._doubles = {name: doubles(side) for name, side in merging.items()}
        self._leaving = leaving_rows({n: (sides[n], f) for n, f in self._doubles.items()})
        self.crm_only: dict[str, tuple[int, int]] = {}

    def prepare(
        self,
        entity: Entity,
        golden: pl.DataFrame,
        claimed: Collection[str],
        standing: Mapping[str, Standing],
        treatments: Mapping[str, Treatment],
        open_sealed: Opener,
    ) -> tuple[pl.DataFrame, TargetSide]:
        """Golden records with what they borrow, and the target's side without what leaves it."""
        side, found = self._sides[entity.name], self._doubles.get(entity.name)
        if found is None or found.is_empty():
            return golden, side
        found = decide(
            entity,
            side,
            golden,
            found,
            pl.Series(list(claimed), dtype=pl.String),
            standing,
            self._found,
            self._around,
            self._leaving,
        )
        self._found[entity.name] = found
        losers = merged(found)
        records = with_crm_only(entity, golden, side, losers)
        added = records.height - golden.height
        rows = losers.join(golden, on="golden_id", how="anti").height + added
        self.crm_only[entity.name] = (rows, added)
        records = borrow(entity, records, side, losers, treatments, open_sealed)
        return records, replace(side, leaving=losers["loser"])

    def settle(self, entity: str, operations: pl.DataFrame) -> None:
        """What the operations leave aside is not merged either."""
        if entity in self._found:
            self._found[entity] = hold_waiting(self._found[entity], operations)

    def watched(self, entity: str) -> set[str]:
        """Columns of the entity's table that refer to rows which may be merged."""
        table = self._sides[entity].mapping.table
        return {
            column
            for children in self._around.children.values()
            for named, column in children.select("table", "column").unique().iter_rows()
            if named == table
        }

    def moves(
        self, operations: Mapping[str, pl.DataFrame], digest_key: bytes, scope: Scope | None
    ) -> pl.DataFrame | None:
        """MOVES of what is left to be merged, inside the scope; None where nothing is.

        Of the operations' cells only `after:` those of `watched` columns are looked at.
        """
        for name, frame in operations.items():
            self.settle(name, frame)
        self._found = hold_moving(self._found, self._sides, operations, self._around)
        self._found = hold_colliding(self._found, self._sides, self._around)
        if scope is not None:
            self._found = {e: hold_outside(f, scope) for e, f in self._found.items()}
        return moves_of(self._model, self._found, self._sides, operations, self._around, digest_key)

    def judged(self, notes: pl.DataFrame) -> pl.DataFrame:
        """The notes on duplicates: without those that are merged, the others with their reason."""
        said = [pl.DataFrame(schema=dict.fromkeys(("entity", TARGET_KEY, "_why"), pl.String))]
        for entity, found in self._found.items():
            key = pl.col("loser").alias(TARGET_KEY)
            why = pl.coalesce("reason", pl.lit("")).alias("_why")
            said.append(found.select(pl.lit(entity).alias("entity"), key, why))
        doubled = pl.col("reason") == "duplicate_in_crm"
        why = pl.when(doubled).then(pl.coalesce("_why", "reason")).otherwise("reason")
        return (
            notes.join(pl.concat(said), on=["entity", TARGET_KEY], how="left")
            .with_columns(why.alias("reason"))
            .filter(pl.col("reason") != "")
            .select(notes.columns)
        )
