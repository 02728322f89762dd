"""Which planned rows would stand twice under a unique key of the target.

What is equal is the target's to say: cells are compared in its equality form, and where stored
text can't decide (collations, partial keys, constants, blind indexes) the target is asked which
rows stand already. That needs read rights only; apply asks again before it writes.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.change import REFERENCE_PREFIX, Action
from crm_migrate.plan.diff.columns import ColumnChange
from crm_migrate.plan.diff.key_references import as_planned, with_keys
from crm_migrate.plan.diff.row_cells import RowCell, row_cells
from crm_migrate.plan.diff.side import DiffRules, TargetSide
from crm_migrate.plan.target.predicate import columns_of, holds, literal
from crm_migrate.plan.target.present import TARGET_KEY
from crm_migrate.protection.policy import Treatment
from crm_migrate.systems.target_schema import TargetTable, UniqueKey

_LIVE = [str(Action.INSERT), str(Action.UPDATE)]


def keys_asked(table: TargetTable, columns: Sequence[str]) -> list[UniqueKey]:
    """Unique keys, the primary key among them, whose columns are all to be had at plan time."""
    keys = [*table.unique_keys, UniqueKey(table.primary_key)]
    held = set(columns)
    return [k for k in keys if k.askable and k.columns and held.issuperset(k.columns)]


def taken_keys(
    entity: Entity,
    rows: pl.DataFrame,
    changes: Sequence[ColumnChange],
    aligned: pl.DataFrame,
    side: TargetSide,
    rules: DiffRules,
) -> Iterator[tuple[list[str], pl.Series]]:
    """Column (or field) names of each key, and the rows whose key is taken.

    The target's unique keys hold for inserts and for updates that touch them; `match` fields
    hold together, for inserts, in canonical text as well as in the target's own equality.
    """
    known = row_cells(entity, rows, changes, side, rules)
    live = rows["action"].is_in(_LIVE)
    if side.table is not None:
        for key in keys_asked(side.table, list(known)):
            touched = _any([known[c].written for c in key.columns], rows.height)
            if key.nulls_equal or key.parts:
                # A new row stands under it although it writes nothing there.
                touched = touched | (rows["action"] == Action.INSERT)
            yield list(key.columns), _taken(rows, live & touched, key, known, side)
    match = [f for f in side.mapping.match if rules.treatments.get(f) is not Treatment.SEAL]
    if match and set(match) <= set(aligned.columns) & set(side.present.columns):
        new = rows["action"] == Action.INSERT
        wanted = aligned.select("golden_id", TARGET_KEY, *match).filter(new)
        hit = stands_twice(wanted, side.present.select(TARGET_KEY, *match), match)
        mask = _spread(new, hit)
        columns = tuple(side.mapping.fields[f].column for f in match)
        if side.ask_taken is not None and set(columns) <= set(known):
            # A row that is left out stands in nobody's way, unless a unique key counts it.
            mask = mask | _taken(rows, new, UniqueKey(columns), known, side, side.left_out)
        yield match, mask


def stands_twice(
    wanted: pl.DataFrame,
    standing: pl.DataFrame,
    columns: Sequence[str],
    *,
    nulls: pl.Series | None = None,
) -> pl.Series:
    """Which wanted rows (Boolean) would stand twice under the columns together.

    `wanted`: golden_id, target_key (null for an insert) and the columns; `standing`: target_key
    and the columns of all rows of the target. A row is taken by a standing row with another key,
    or by an earlier wanted row: updates come before inserts, then the smaller golden id. Rows
    with a null in the columns match nothing; with `nulls` (the wanted rows whose nulls are NULL
    for certain) a null there is a value like others.
    """
    if not wanted.height:
        return pl.Series([], dtype=pl.Boolean)
    ours = wanted.select("golden_id", "target_key", *columns).with_row_index("n")
    theirs = standing.select(pl.col("target_key").alias("other"), *columns)
    if nulls is None:
        ours, theirs = ours.drop_nulls(columns), theirs.drop_nulls(columns)
    else:
        ours = ours.filter(pl.all_horizontal(pl.col(columns).is_not_null()) | nulls)
    by_them = ours.join(
        theirs, on=list(columns), how="inner", nulls_equal=nulls is not None
    ).filter(pl.col("other").ne_missing(pl.col("target_key")))
    ordered = ours.sort(pl.col("target_key").is_null(), "golden_id")
    by_us = ordered.filter(~pl.struct(columns).is_first_distinct())
    hit = pl.concat([by_them["n"], by_us["n"]]).unique()
    return pl.Series(range(wanted.height), dtype=pl.UInt32).is_in(hit.implode())


def _taken(
    rows: pl.DataFrame,
    asked: pl.Series,
    key: UniqueKey,
    known: Mapping[str, RowCell],
    side: TargetSide,
    ignored: pl.Series | None = None,
) -> pl.Series:
    """Rows whose key, as it would stand once written, belongs to another row.

    `ignored`: keys of rows of the target that don't count.
    """
    held = [known[c] for c in key.columns]
    if key.where is not None:
        asked = asked & _under(key.where, rows, known, side)
    wanted = rows.select("golden_id", TARGET_KEY, *(c.cells.alias(c.column) for c in held))
    wanted = wanted.filter(asked)
    if not wanted.height:
        return _spread(asked, pl.Series([], dtype=pl.Boolean))
    if key.parts:
        empty = _surely_empty(rows, held, side).filter(asked)
        return _spread(asked, _stand_by_parts(side, key, wanted, held, empty))
    compared = wanted.with_columns(_equal(side, key, c.column, wanted[c.column]) for c in held)
    local = key.where is None and all(c.known for c in held)
    if local and (side.ask_taken is None or _plain(side, key)):
        standing = as_planned(side, held)
        if ignored is not None:
            standing = standing.filter(~pl.col(TARGET_KEY).is_in(ignored.implode()))
        standing = standing.with_columns(
            _equal(side, key, c.column, standing[c.column]) for c in held
        )
        if key.nulls_equal:
            empty = _surely_empty(rows, held, side).filter(asked)
            return _spread(asked, stands_twice(compared, standing, key.columns, nulls=empty))
        return _spread(asked, stands_twice(compared, standing, key.columns))
    mask = stands_twice(compared, compared.clear().drop("golden_id"), key.columns)
    if side.ask_taken is not None:
        numbered, _ = with_keys(side, wanted, held)
        mask = mask | numbered["_n"].is_in(_stands(side, key, numbered, ignored).implode())
    return _spread(asked, mask)


def _stand_by_parts(
    side: TargetSide,
    key: UniqueKey,
    wanted: pl.DataFrame,
    held: Sequence[RowCell],
    empty: pl.Series,
) -> pl.Series:
    """Wanted rows whose values under an expression key another row has, or another wanted row.

    Rows of which a cell is not known are left to the moment of writing: references to records
    that no row of the target refers to yet, and nulls that are not `empty` for certain.
    """
    if side.ask_taken is None or side.compute is None or side.table is None:
        return pl.repeat(False, wanted.height, eager=True)
    numbered, lost = with_keys(side, wanted, held)
    filled = pl.Series(
        pl.select(pl.all_horizontal(*(numbered[c].is_not_null() for c in key.columns)))
    )
    asked = numbered.filter(~lost & (filled | empty))
    cells = asked.select("_n", *key.columns)
    values = side.compute(side.table.name, [p.coming for p in key.parts], cells)
    labels = [c for c in values.columns if c != "_n"]
    if key.case_insensitive:
        values = values.with_columns(pl.col(labels).str.to_lowercase())
    compared = numbered.join(values, on="_n", how="left", maintain_order="left")
    computed = numbered["_n"].is_in(values["_n"].implode())
    nobody = compared.clear().drop("golden_id")
    twice = stands_twice(compared, nobody, labels, nulls=computed if key.nulls_equal else None)
    return twice | numbered["_n"].is_in(_stands(side, key, asked).implode())


def _surely_empty(rows: pl.DataFrame, held: Sequence[RowCell], side: TargetSide) -> pl.Series:
    """Rows in which every null among the cells is NULL for certain: known, and no default."""
    sure = pl.repeat(True, rows.height, eager=True)
    new = rows["action"] == Action.INSERT
    for cell in held:
        info = side.column_info(cell.column)
        if info is not None and info.default is not None:
            sure = sure & ~(new & cell.cells.is_null())
        if not cell.known:
            sure = sure & ~(~new & cell.cells.is_null())
    return sure


def _stands(
    side: TargetSide, key: UniqueKey, numbered: pl.DataFrame, ignored: pl.Series | None = None
) -> pl.Series:
    """`_n` of the rows whose key a row of the target has, not their own and none that leaves."""
    assert side.ask_taken is not None
    assert side.table is not None
    asked = numbered.select("_n", *key.columns)
    hits = side.ask_taken(side.table.name, side.mapping.key, asked, key.where, key.parts)
    if ignored is not None:
        hits = hits.filter(~pl.col("_key").is_in(ignored.implode()))
    staying = side.staying(key.columns, key.where)
    if staying.height < side.stored.height:
        hits = hits.filter(pl.col("_key").is_in(staying[side.mapping.key].implode()))
    others = hits.join(numbered.select("_n", TARGET_KEY), on="_n").filter(
        pl.col("_key").ne_missing(pl.col(TARGET_KEY))
    )
    return others["_n"]


def _under(
    where: str, rows: pl.DataFrame, known: Mapping[str, RowCell], side: TargetSide
) -> pl.Series:
    """Rows that a partial key holds for; where that can't be told, it counts as holding."""
    everywhere = pl.repeat(True, rows.height, eager=True)
    columns = columns_of(where)
    if columns is None or side.table is None:
        return everywhere
    new, cells, certain = rows["action"] == Action.INSERT, {}, everywhere
    for column in columns:
        if column in known:
            cells[column] = known[column].cells
            if not known[column].known:
                certain = certain & new
            continue
        plain, value = literal(side.table.column(column).default)
        if not plain:
            return everywhere
        cells[column] = pl.repeat(value, rows.height, dtype=pl.String, eager=True)
        certain = certain & new
    return holds(where, cells) | ~certain


def _plain(side: TargetSide, key: UniqueKey) -> bool:
    """Whether equal bytes are all that the key holds for equal."""
    if key.case_insensitive or key.accent_insensitive:
        return False
    infos = [side.column_info(c) for c in key.columns]
    return all(i is None or i.collation is None for i in infos)


def _equal(side: TargetSide, key: UniqueKey, column: str, cells: pl.Series) -> pl.Series:
    """The cells in the target's equality form; references stay as they are."""
    info = side.column_info(column)
    if info is None or (cells.str.starts_with(REFERENCE_PREFIX).any() and info.kind != "text"):
        return cells.alias(column)
    form = side.equality_form(info, cells)
    if key.case_insensitive and info.collation is None:  # the index has a collation of its own
        form = form.str.to_lowercase()
    return form.alias(column)


def _any(masks: Sequence[pl.Series], height: int) -> pl.Series:
    found = pl.repeat(False, height, eager=True)
    for mask in masks:
        found = found | mask
    return found


def _spread(where: pl.Series, mask: pl.Series) -> pl.Series:
    """A mask over some rows as a mask over all."""
    return pl.repeat(False, len(where), eager=True).scatter(where.arg_true(), mask)
