"""Identifiers that can be none, and that would stand twice under a unique key of the target.

Several customers with 000000000000000000 in their code are not one customer, and none of them
should wait for it: the cell stays empty, the row is loaded, its reason names the field, and the
text stays in the findings. What stands there once is written as it is: nothing is in its way, and
someone may read in it what was meant.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.diff.side import DiffRules, TargetSide
from crm_migrate.plan.sealed_cells import index_columns
from crm_migrate.plan.target.present import TARGET_KEY
from crm_migrate.protection.policy import Treatment
from crm_migrate.standards.columns.residue import mask_where
from crm_migrate.standards.entity.unusable import unusable
from crm_migrate.standards.entity.wordings import NUMBERS

LEFT_EMPTY = "left_empty"
"""Column of golden records: the fields that were emptied, each between `;`; null where none."""


def without_unusable(
    entity: Entity, golden: pl.DataFrame, side: TargetSide, rules: DiffRules
) -> pl.DataFrame:
    """The golden records without those identifiers, and LEFT_EMPTY where there are any.

    All records that share one lose it, but for one in whose row of the target it stands already.
    Columns that may not be null keep theirs: there the row waits for its value.
    """
    emptied: dict[str, pl.Series] = {}
    for fields in _keys(golden, side, rules):
        for name in fields:
            type_ = entity.by_name[name].type
            if type_ not in NUMBERS or not _may_be_null(side, name):
                continue
            values = golden[name]
            bad = mask_where(values, values.is_not_null(), partial(unusable, type_))
            if bad.any():
                shared = _shared(golden.filter(bad), fields, side)
                mask = pl.repeat(False, golden.height, eager=True)
                mask = mask.scatter(bad.arg_true(), shared)
                emptied[name] = emptied.get(name, mask) | mask
    emptied = {name: mask for name, mask in emptied.items() if mask.any()}
    if not emptied:
        return golden
    names = pl.concat_str(
        [
            pl.when(mask).then(pl.lit(name + ";")).otherwise(pl.lit(""))
            for name, mask in emptied.items()
        ]
    )
    return golden.with_columns(
        pl.when(pl.any_horizontal(*emptied.values())).then(";" + names).alias(LEFT_EMPTY),
        *(golden[name].set(mask, None) for name, mask in emptied.items()),
    )


def _keys(golden: pl.DataFrame, side: TargetSide, rules: DiffRules) -> Iterator[tuple[str, ...]]:
    """The fields of each unique key, and those that the mapping matches by."""
    held = [f for f in side.mapping.fields if f in golden.columns]
    held = [f for f in held if rules.treatments.get(f) is not Treatment.FORBID]
    of_column = {side.mapping.fields[f].column: f for f in held}
    indexes = index_columns(side.mapping, rules.treatments)
    of_column |= {indexes[f]: f for f in held if f in indexes}
    keys = side.table.unique_keys if side.table is not None else ()
    found = [tuple(of_column[c] for c in k.columns if c in of_column)
             for k in keys if not k.nulls_equal]  # fmt: skip
    match = tuple(side.mapping.match)
    if set(match) <= set(held):
        found.append(match)
    yield from dict.fromkeys(fields for fields in found if fields)


def _may_be_null(side: TargetSide, field: str) -> bool:
    column = side.mapping.fields[field]
    names = [n for n in (column.column, column.index) if n is not None]
    infos = [side.column_info(n) for n in names]
    return all(info is None or (info.nullable and info.default is None) for info in infos)


def _shared(golden: pl.DataFrame, fields: Sequence[str], side: TargetSide) -> pl.Series:
    """Records whose values of the fields, case aside, another record or row has, too."""
    folded = pl.col(fields).str.to_lowercase()
    ours = golden.select("golden_id", folded).with_row_index("n").drop_nulls(fields)
    if ours.is_empty():
        return pl.repeat(False, golden.height, eager=True)
    held = _standing(fields, side).join(ours.select(fields).unique(), on=list(fields), how="semi")
    owners = side.present.select(TARGET_KEY, owner="golden_id")
    hits = ours.join(held, on=list(fields)).join(owners, on=TARGET_KEY, how="left")
    own = hits.filter(pl.col("owner") == pl.col("golden_id"))["n"]
    others = hits.filter(pl.col("owner").ne_missing(pl.col("golden_id")))["n"]
    twice = ours.filter(pl.struct(fields).is_duplicated())["n"]
    numbers = pl.Series(range(golden.height), dtype=pl.UInt32)
    taken = numbers.is_in(pl.concat([others, twice]).implode())
    return taken & ~numbers.is_in(own.implode())


def _standing(fields: Sequence[str], side: TargetSide) -> pl.DataFrame:
    """target_key and the fields, in lower case, of the target's rows: as records, and as stored."""
    folded = pl.col(fields).str.to_lowercase()
    parts = [pl.DataFrame(schema=dict.fromkeys((TARGET_KEY, *fields), pl.String))]
    if set(fields) <= set(side.present.columns):
        parts.append(side.present.select(TARGET_KEY, folded))
    columns = [side.mapping.fields[f].column for f in fields]
    if len(columns) == 1 and columns[0] in side.stored.columns:  # those left out among them
        cells = pl.col(columns[0]).str.to_lowercase().alias(fields[0])
        parts.append(side.stored.select(pl.col(side.mapping.key).alias(TARGET_KEY), cells))
    return pl.concat(parts).drop_nulls(fields).unique()
