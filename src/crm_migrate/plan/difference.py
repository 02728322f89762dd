"""What two plans do differently, operation by operation: pure, by digests, cells only where needed.

An operation is named by entity and golden id. Two are the same when action, reason and keyed
digest are; where digests differ, the cells say which columns do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Action
from crm_migrate.plan.digest import cell_columns
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.header import PlanHeader
from crm_migrate.plan.scope import OUTSIDE

Clear = Callable[[str, PlanHeader, pl.DataFrame], pl.DataFrame]
"""Opens the sealed `after:` cells of some operations: (entity, header of their plan, operations)"""

ROW_CHANGED = "*row"
"""Counted among columns: the same cells, but the row of the CRM was another one before."""
REASON_CHANGED = "*reason"

_KEYS = ("golden_id", "action", "reason", "op_digest")


@dataclass(frozen=True)
class EntityDifference:
    """One entity: numbers of operations, and what differs in the changed ones.

    `only_a`, `only_b`: action → operations that the other plan does not have (or that it leaves
    unchanged). `actions`: (action in A, action in B) → operations. `columns`: target column →
    operations of the same action in which it differs. `rows`: entity's differing operations:
    golden_id, `a` and `b` (actions, null where there is none).
    """

    entity: str
    same: int = 0
    only_a: Mapping[str, int] = field(default_factory=dict)
    only_b: Mapping[str, int] = field(default_factory=dict)
    actions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    columns: Mapping[str, int] = field(default_factory=dict)
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def changed(self) -> int:
        """Operations that both plans have, but not the same."""
        return self.rows.height - sum(self.only_a.values()) - sum(self.only_b.values())


def difference(a: Opened, b: Opened, entity: str, clear: Clear) -> EntityDifference:
    """How the operations of one entity differ between two plans."""
    keys = [_acting(plan, entity) for plan in (a, b)]
    both = keys[0].join(keys[1], on="golden_id", how="full", coalesce=True, suffix=":b")
    known = pl.col("action").is_not_null() & pl.col("action:b").is_not_null()
    equal = known
    for name in ("action", "reason", "op_digest"):
        equal = equal & pl.col(name).eq_missing(pl.col(f"{name}:b"))
    both = both.with_columns(_same=equal, _both=known)
    differing = both.filter(~pl.col("_same")).sort("golden_id")
    pairs = differing.filter("_both")
    kept = pairs.filter(pl.col("action") == pl.col("action:b"))
    moved = pairs.filter(pl.col("action") != pl.col("action:b"))
    return EntityDifference(
        entity,
        same=both.height - differing.height,
        only_a=_counted(differing.filter(pl.col("action:b").is_null())["action"]),
        only_b=_counted(differing.filter(pl.col("action").is_null())["action:b"]),
        actions={
            (str(one), str(other)): int(n)
            for one, other, n in moved.group_by("action", "action:b").len().sort(pl.all()).rows()
        },
        columns=_columns(a, b, entity, kept, clear),
        rows=differing.select("golden_id", a="action", b="action:b"),
    )


def _acting(plan: Opened, entity: str) -> pl.DataFrame:
    if entity not in plan.entities:
        return pl.DataFrame(schema=dict.fromkeys(_KEYS, pl.String))
    acting = pl.col("action") != str(Action.UNCHANGED)
    inside = (pl.col("reason") != OUTSIDE).fill_null(True)  # a pilot does not have what it leaves
    return plan.operations(entity).filter(acting & inside).select(_KEYS).collect()


def _counted(actions: pl.Series) -> dict[str, int]:
    return {str(name): int(n) for name, n in actions.value_counts().sort(actions.name).rows()}


def _columns(a: Opened, b: Opened, entity: str, kept: pl.DataFrame, clear: Clear) -> dict[str, int]:
    """Columns that differ in operations of the same action, the most frequent first."""
    found: dict[str, int] = {}
    other_reason = kept.filter(pl.col("op_digest").eq_missing(pl.col("op_digest:b"))).height
    if other_reason:
        found[REASON_CHANGED] = other_reason
    written = kept.filter(pl.col("op_digest").ne_missing(pl.col("op_digest:b")))
    ids = written["golden_id"]
    if not len(ids):
        return found
    rows = []
    for plan in (a, b):
        mine = plan.operations(entity).filter(pl.col("golden_id").is_in(ids.implode()))
        rows.append(clear(entity, plan.header, mine.sort("golden_id").collect()))
    any_cell = pl.repeat(False, len(ids), eager=True)
    for column in sorted({*cell_columns(rows[0]), *cell_columns(rows[1])}):
        differs = pl.repeat(False, len(ids), eager=True)
        for side in (BEFORE, AFTER):
            one, other = (_cells(frame, side + column) for frame in rows)
            differs = differs | one.ne_missing(other)
        any_cell = any_cell | differs
        if count := int(differs.sum()):
            found[column] = count
    if rest := int((~any_cell).sum()):
        found[ROW_CHANGED] = rest
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _cells(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column of cells; one that no operation of a plan writes is left out of its frame."""
    if name in frame.columns:
        cells = frame[name]
        return cells.set(cells == UNTOUCHED, None) if name.startswith(AFTER) else cells
    return pl.Series([None] * frame.height, dtype=pl.String)
