"""Numbers of before 2015 beside a unified social credit code, kept in their own fields."""

from collections.abc import Callable

import polars as pl

from crm_migrate.model import Entity, SemanticType
from crm_migrate.records import Rule
from crm_migrate.standards import organisation_code, registration_number, tax_number, uscc
from crm_migrate.standards.columns.residue import change_where, holds

Broken = tuple[str, Rule, pl.Series]
"""Field name, rule, and the rows where it holds."""
_READERS = (
    (SemanticType.REGISTRATION_NUMBER, registration_number.normalise, registration_number.is_valid),
    (SemanticType.ORGANISATION_CODE, organisation_code.normalise, organisation_code.is_valid),
    (SemanticType.TAX_NUMBER, tax_number.normalise, tax_number.old_organisation_fits),
)
"""In the order in which `misplaced` reads them, too."""


def keep_old_numbers(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> None:
    """Fill `values` (canonical text by field name) in place where the field is free.

    That such a number stood there is told by `uscc.old_beside`.
    """
    source = next((f.name for f in entity.fields if f.type is SemanticType.USCC), None)
    if source is None:
        return
    typed = raw(source)
    both = holds((typed != values[source]) & (typed.str.len_chars() >= 27))
    if not both.any():
        return
    told = change_where(typed.set(~both, None), both, uscc.old_beside)
    for type_, normalise, is_valid in _READERS:
        target = next((f.name for f in entity.fields if f.type is type_), None)
        found = told.is_not_null()
        if target is None or not found.any():
            continue
        read = change_where(told, found, normalise)
        fits = found & is_valid(read)
        free = fits & values[target].is_null()
        if free.any():
            values[target] = read.zip_with(free, values[target]).alias(target)
        told = told.set(fits, None)
