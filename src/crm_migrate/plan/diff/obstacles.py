"""What keeps a record out of the target for now: references that lead nowhere or to something
that waits, and values that a table of the target would have to know.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.change import REFERENCE_PREFIX, Action
from crm_migrate.plan.diff.columns import ColumnChange
from crm_migrate.plan.diff.groups import Standing
from crm_migrate.plan.diff.row_cells import RowCell
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.target.present import TARGET_KEY

_LIVE = [str(Action.INSERT), str(Action.UPDATE)]


def missing_references(
    entity: Entity,
    changes: Sequence[ColumnChange],
    aligned: pl.DataFrame,
    rows: pl.DataFrame,
    family: pl.Series,
    standing: Mapping[str, Standing],
) -> dict[str, pl.Series]:
    """By field: rows that would write a reference to a record that no golden record is.

    For the root field, also new rows that refer to nothing. `family`: golden ids of all records
    of the entity.
    """
    found = {}
    for name, references, target, written in _references(entity, changes, aligned, rows):
        known = family if references == entity.name else _ids(standing, references)
        found[name] = written & ~target.is_in(known.implode()).fill_null(False)
    root = entity.root
    if root is not None and root in aligned.columns:
        new = rows["action"] == Action.INSERT
        lost = new & aligned[root].is_null()
        found[root] = found[root] | lost if root in found else lost
    return found


def waiting_references(
    entity: Entity,
    changes: Sequence[ColumnChange],
    aligned: pl.DataFrame,
    rows: pl.DataFrame,
    standing: Mapping[str, Standing],
) -> pl.Series:
    """Rows whose root record waits, or that would write a reference to one that will not stand."""
    waits = pl.repeat(False, aligned.height, eager=True)
    for name, references, target, written in _references(entity, changes, aligned, rows):
        if references == entity.name or references not in standing:
            continue
        records = standing[references].records
        absent = records.filter(~pl.col("stands"))["golden_id"]
        waits = waits | (written & target.is_in(absent.implode()).fill_null(False))
        if name == entity.root:
            held = records.filter("waits")["golden_id"]
            waits = waits | target.is_in(held.implode()).fill_null(False)
    return waits


def waiting_children(rows: pl.DataFrame, parents: pl.Series) -> pl.Series:
    """New records under a parent of their own entity that will not stand, all the way down."""
    family = rows.select("golden_id", "action", TARGET_KEY).with_columns(parent=parents)
    children = family.filter(pl.col("action").is_in(_LIVE) & pl.col("parent").is_not_null())
    blocked = family.filter((pl.col("action") == Action.SKIP) & pl.col(TARGET_KEY).is_null())
    waiting = [blocked["golden_id"].clear()]
    blocked_ids = blocked["golden_id"]
    while len(blocked_ids) and children.height:
        stuck = children.filter(pl.col("parent").is_in(blocked_ids.implode()))
        waiting.append(stuck["golden_id"])
        children = children.join(stuck, on="golden_id", how="anti")
        blocked_ids = stuck.filter(pl.col(TARGET_KEY).is_null())["golden_id"]
    return rows["golden_id"].is_in(pl.concat(waiting).implode())


def unknown_values(changes: Sequence[ColumnChange], side: TargetSide) -> dict[str, pl.Series]:
    """By field: rows whose value the target's own foreign key will not find.

    For columns that no reference of ours fills (a department that must stand in a table of
    departments, say). The target is asked; where it can't be, nothing is claimed.
    """
    found: dict[str, pl.Series] = {}
    if side.table is None or side.ask_taken is None:
        return found
    plain = {c.column: c for c in changes if not c.reference}
    for key in side.table.foreign_keys:
        if len(key.columns) != 1 or len(key.referred) != 1 or key.columns[0] not in plain:
            continue
        change = plain[key.columns[0]]
        values = change.after.filter(change.written).drop_nulls().unique()
        asked = pl.DataFrame({"_n": values, key.referred[0]: values})
        known = side.ask_taken(key.table, key.referred[0], asked, None, ())["_n"]
        lost = change.written & ~change.after.is_in(known.implode()).fill_null(True)
        found[change.field] = found[change.field] | lost if change.field in found else lost
    return found


def refused_by_rules(
    rows: pl.DataFrame, known: Mapping[str, RowCell], side: TargetSide
) -> dict[str, pl.Series]:
    """By field (or column): rows for which a CHECK of the target would not hold.

    The target itself computes the rule over the row as it would stand; nothing is claimed where
    a cell of it is not known.
    """
    found: dict[str, pl.Series] = {}
    if side.table is None or side.compute is None:
        return found
    names = {column.column: field for field, column in side.mapping.fields.items()}
    live, new = rows["action"].is_in(_LIVE), rows["action"] == Action.INSERT
    for check in side.table.checks:
        cells = [known[c] for c in check.columns if c in known]
        if not cells or len(cells) < len(check.columns) or any(c.field for c in cells):
            continue
        asked = live & pl.Series(pl.select(pl.any_horizontal(*(c.written for c in cells))))
        for cell in cells:
            info = side.table.column(cell.column)
            if not cell.known:
                asked = asked & new
            if info.default is not None:
                asked = asked & ~(new & cell.cells.is_null())
        at = asked.arg_true()
        if not len(at):
            continue
        given = pl.DataFrame([c.cells.gather(at).alias(c.column) for c in cells])
        given = given.select(pl.int_range(pl.len()).cast(pl.String).alias("_n"), pl.all())
        verdict = f"CASE WHEN NOT ({check.expression}) THEN 1 END"
        refused = side.compute(side.table.name, [verdict], given).drop_nulls()["_n"]
        mask = pl.repeat(False, rows.height, eager=True)
        mask = mask.scatter(at.gather(refused.cast(pl.UInt32)), True)
        for column in check.columns:
            name = names.get(column, column)
            found[name] = found[name] | mask if name in found else mask
    return found


def _references(
    entity: Entity,
    changes: Sequence[ColumnChange],
    aligned: pl.DataFrame,
    rows: pl.DataFrame,
) -> Iterator[tuple[str, str, pl.Series, pl.Series]]:
    """Reference fields: name, entity referred to, golden ids, and where the cell is written.

    The root counts as written in every new row, even where the target has no column for it.
    """
    written = {c.field: c.written for c in changes if c.reference}
    for field in entity.references():
        if field.name not in aligned.columns:
            continue
        where = written.get(field.name)
        if where is None and field.name == entity.root:
            where = aligned[field.name].is_not_null() & (rows["action"] == Action.INSERT)
        if where is not None and field.references is not None:
            target = aligned[field.name].str.strip_prefix(REFERENCE_PREFIX)
            yield field.name, field.references, target, where


def _ids(standing: Mapping[str, Standing], entity: str) -> pl.Series:
    if entity in standing:
        return standing[entity].records["golden_id"]
    return pl.Series([], dtype=pl.String)
