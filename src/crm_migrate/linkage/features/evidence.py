"""What hangs on a record as evidence of who it is: the mobiles of its contacts, for example."""

from collections.abc import Mapping

import polars as pl

from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.model import MULTI_SEPARATOR
from crm_migrate.records import RECORD_ID


def with_children(
    records: pl.DataFrame, rules: LinkageRules, children: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """The records with one column per field `child.field` that the features of the rules name.

    children: child entity → its records, whose column named like `rules.entity` holds the
    record id of the parent. All values of a parent's children are joined by `;`, sorted.
    """
    wanted = sorted({f for rule in rules.features for f in rule.fields if "." in f})
    for name in wanted:
        entity, _, field = name.partition(".")
        child = children.get(entity)
        if child is None or not {field, rules.entity} <= set(child.columns):
            continue
        values = (
            child.select(pl.col(rules.entity).alias(RECORD_ID), pl.col(field).alias(name))
            .drop_nulls()
            .group_by(RECORD_ID)
            .agg(pl.col(name).unique().sort().str.join(MULTI_SEPARATOR))
        )
        records = records.join(values, on=RECORD_ID, how="left", maintain_order="left")
    return records
