"""Rows of the CRM that a mapping leaves out: soft-deleted customers, archived ones, test data.

They are nobody's record: no source is linked to them, no plan changes them. Under the CRM's
unique keys they stand like all others, since the CRM counts them there.
"""

import polars as pl

from crm_migrate.plan.target.form import StoredForm
from crm_migrate.plan.target.present import TARGET_KEY
from crm_migrate.project.mapping_file import LeftOut, TargetEntity
from crm_migrate.systems.target_schema import ColumnInfo, TargetTable

STANDS_DELETED = "stands_deleted"
"""Reason of the note about a new record that the CRM holds in a row that is left out."""
_TRUE, _FALSE = ("1", "t", "true"), ("0", "f", "false")


def left_out(
    policy: LeftOut | None, rows: pl.DataFrame, info: ColumnInfo | None, form: StoredForm
) -> pl.Series:
    """Mask of the stored rows that are left out; `info`: of the policy's column.

    A date that a system writes as 0000-00-00 counts as empty.
    """
    if policy is None:
        return pl.repeat(False, rows.height, eager=True)
    cells = rows[policy.column]
    filled = (cells.str.strip_chars() != "") & ~cells.str.starts_with("0000-00-00")
    filled = filled.fill_null(False)
    if policy.when == "filled":
        return filled
    if policy.when == "empty":
        return ~filled
    wanted = pl.Series(policy.when, dtype=pl.String)
    stored = wanted if info is None else pl.concat([wanted, form(info, wanted).drop_nulls()])
    spelled = {s for v in stored for s in _spellings(v)}
    return cells.is_in(sorted(spelled)).fill_null(False)


def stand_deleted(
    mapping: TargetEntity,
    table: TargetTable,
    golden: pl.DataFrame,
    new: pl.Series,
    left: pl.DataFrame,
) -> pl.DataFrame:
    """golden_id and target_key: new records (golden ids in `new`) that a row left out holds.

    `left`: records of the rows left out, with `target_key`. The same record is one that agrees
    in the mapping's match fields, or in all fields of a unique key of the table.
    """
    none = pl.DataFrame(schema={"golden_id": pl.String, TARGET_KEY: pl.String})
    records = golden.filter(pl.col("golden_id").is_in(new.implode()))
    if left.is_empty() or records.is_empty():
        return none
    held = set(golden.columns) & set(left.columns)
    parts = [
        records.select("golden_id", *fields)
        .drop_nulls()
        .join(left.select(TARGET_KEY, *fields), on=list(fields))
        .select("golden_id", TARGET_KEY)
        for fields in _telling(mapping, table)
        if held.issuperset(fields)
    ]
    return pl.concat([none, *parts]).unique().sort("golden_id", TARGET_KEY)


def _telling(mapping: TargetEntity, table: TargetTable) -> list[tuple[str, ...]]:
    """Fields that tell a record together."""
    fields = {column.column: field for field, column in mapping.fields.items()}
    keys = [k.columns for k in table.unique_keys]
    whole = [tuple(fields[c] for c in key) for key in keys if set(key) <= set(fields)]
    return [key for key in dict.fromkeys([tuple(mapping.match), *whole]) if key]


def _spellings(value: str) -> tuple[str, ...]:
    for same in (_TRUE, _FALSE):
        if value.lower() in same:
            return same
    return (value,)
