"""Golden values → the text that the target stores: value maps, look-ups, references.

Nothing is dropped silently: a value that cannot be expressed in the target is reported as not
fitting, and its record waits.
"""

from collections.abc import Callable, Mapping

import polars as pl

from crm_migrate.model import Field, SemanticType
from crm_migrate.plan.change import REFERENCE_PREFIX
from crm_migrate.project.mapping_file import Lookup, TargetColumn
from crm_migrate.systems.target_schema import ColumnInfo

StoredForm = Callable[[ColumnInfo, pl.Series], pl.Series]
"""The target's own spelling of canonical text in a column (`TargetSystem.stored_form`)."""


def as_given(_column: ColumnInfo, values: pl.Series) -> pl.Series:
    """The stored form of a target that keeps canonical text as it is."""
    return values


def to_target(
    field: Field,
    column: TargetColumn,
    info: ColumnInfo | None,
    values: pl.Series,
    lookups: Mapping[str, pl.DataFrame],
    stored_form: StoredForm = as_given,
) -> tuple[pl.Series, pl.Series]:
    """Stored text of canonical values, and a mask of the values that can be expressed.

    `lookups`: target table → its rows as stored text. References (golden ids) become
    `@<golden_id>`. A value without a target value, a look-up without a match or with several
    does not fit; its text is null. Null stays null and fits.
    """
    if field.type is SemanticType.REFERENCE:
        return REFERENCE_PREFIX + values, pl.repeat(True, len(values), eager=True)
    text = values
    if column.values:
        text = values.replace_strict(column.values, default=None, return_dtype=pl.String)
    elif column.lookup is not None:
        found = lookup_values(column.lookup, lookups, reverse=False)
        text = values.replace_strict(found, default=None, return_dtype=pl.String)
    text = text if info is None else stored_form(info, text)
    return text, values.is_null() | text.is_not_null()


def lookup_values(
    lookup: Lookup, lookups: Mapping[str, pl.DataFrame], *, reverse: bool
) -> dict[str, str]:
    """`match` → `value` of a look-up table (or back); what is ambiguous is left out."""
    source, result = (lookup.value, lookup.match) if reverse else (lookup.match, lookup.value)
    table = lookups.get(lookup.table)
    if table is None:
        return {}
    pairs = table.select(s=pl.col(source), r=pl.col(result)).drop_nulls().unique()
    single = pairs.filter(pl.len().over("s") == 1)
    return dict(zip(single["s"], single["r"], strict=True))
