"""What keeps a record out of the target for now: references that lead nowhere or to something
that waits, and unique keys that are taken.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.cells import ColumnChange, DiffRules, TargetSide
from crm_migrate.plan.change import REFERENCE_PREFIX, UNTOUCHED, Action
from crm_migrate.plan.fit import plain_unique_keys, taken
from crm_migrate.plan.groups import Standing
from crm_migrate.plan.present import KEY_REFERENCE, TARGET_KEY
from crm_migrate.protection.policy import Treatment

_LIVE = [str(Action.INSERT), str(Action.UPDATE)]


def missing_references(
    entity: Entity,
    changes: Sequence[ColumnChange],
    aligned: pl.DataFrame,
    rows: pl.DataFrame,
    standing: Mapping[str, Standing],
) -> dict[str, pl.Series]:
    """By field: rows that would write a reference to a record that no golden record is.

    For the root field, also new rows that refer to nothing.
    """
    found = {}
    for name, references, target, written in _references(entity, changes, aligned, rows):
        known = aligned["golden_id"] if references == entity.name else _ids(standing, references)
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


def taken_keys(
    rows: pl.DataFrame,
    changes: Sequence[ColumnChange],
    aligned: pl.DataFrame,
    side: TargetSide,
    rules: DiffRules,
) -> Iterator[tuple[list[str], pl.Series]]:
    """Column (or field) names of each unique key, and the rows whose key is taken.

    The target's unique keys hold for inserts and for updates that touch them, compared as stored;
    `match` fields hold together, for inserts, in canonical text.
    """
    sealed = {c.column for c in changes if rules.treatments.get(c.field) is Treatment.SEAL}
    unknown = sealed | {c.index for c in side.mapping.fields.values() if c.index is not None}
    by_column = {c.column: c for c in changes}
    for key in plain_unique_keys(side.table, sorted(unknown)) if side.table is not None else ():
        if set(key.columns) <= set(by_column):
            columns = [by_column[c] for c in key.columns]
            mask = _taken_in_target(rows, columns, side, fold=key.case_insensitive)
            yield list(key.columns), mask
    match = [f for f in side.mapping.match if rules.treatments.get(f) is not Treatment.SEAL]
    if match and set(match) <= set(aligned.columns) & set(side.present.columns):
        new = rows["action"] == Action.INSERT
        wanted = aligned.select("golden_id", TARGET_KEY, *match).filter(new)
        standing = side.present.select(TARGET_KEY, *match)
        yield match, _spread(new, taken(wanted, standing, match))


def _taken_in_target(
    rows: pl.DataFrame, columns: Sequence[ColumnChange], side: TargetSide, *, fold: bool
) -> pl.Series:
    """Rows whose key, as it would stand once written, belongs to another row."""
    live = rows["action"].is_in(_LIVE)
    touched = pl.repeat(False, rows.height, eager=True)
    cells: dict[str, pl.Series] = {}
    for change in columns:
        touched = touched | change.written
        stays = change.after.eq_missing(pl.Series([UNTOUCHED]))
        cells[change.column] = change.before.zip_with(stays, change.after)
    asked = live & touched
    wanted = rows.select("golden_id", TARGET_KEY).with_columns(**cells).filter(asked)
    names = [c.column for c in columns]
    return _spread(asked, taken(wanted, _as_planned(side, columns), names, fold=fold))


def _as_planned(side: TargetSide, columns: Sequence[ColumnChange]) -> pl.DataFrame:
    """All rows of the target with references as golden ids, as `after:` cells have them."""
    names = [c.column for c in columns]
    stored = side.staying(names).select(pl.col(side.mapping.key).alias(TARGET_KEY), *names)
    references = {c.column: c.field for c in columns if c.reference}
    known = side.present.select(
        TARGET_KEY, *(pl.col(f).alias(f"present:{c}") for c, f in references.items())
    )
    joined = stored.join(known, on=TARGET_KEY, how="left")
    for column in references:
        golden = pl.col(f"present:{column}")
        resolved = golden.is_not_null() & ~golden.str.starts_with(KEY_REFERENCE)
        text = pl.when(resolved).then(pl.lit(REFERENCE_PREFIX) + golden).otherwise(column)
        joined = joined.with_columns(text.alias(column))
    return joined.select(TARGET_KEY, *names)


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


def _spread(where: pl.Series, mask: pl.Series) -> pl.Series:
    """A mask over some rows as a mask over all."""
    return pl.repeat(False, len(where), eager=True).scatter(where.arg_true(), mask)
