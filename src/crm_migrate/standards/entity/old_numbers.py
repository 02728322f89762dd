"""A unified social credit code and a number of before 2015 in one cell: each goes to its field."""

from collections.abc import Callable, Iterator

import polars as pl

from crm_migrate.model import Entity, SemanticType
from crm_migrate.standards import organisation_code, registration_number, tax_number, uscc
from crm_migrate.standards.columns.residue import change_where, holds
from crm_migrate.standards.contract import Broken

T = SemanticType
_READERS = (
    (T.REGISTRATION_NUMBER, registration_number.normalise, registration_number.is_valid),
    (T.ORGANISATION_CODE, organisation_code.normalise, organisation_code.is_valid),
    (T.TAX_NUMBER, tax_number.normalise, tax_number.old_organisation_fits),
)
"""In the order in which `misplaced` reads them, too."""


def part_numbers(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """Fill `values` (canonical text by field name) in place where the fields are free.

    Whatever column both stand in, the code goes to its field and the old number to the one that
    its check digit shows; a cell of which a part would be lost stays as it was typed.
    """
    code = entity.first(T.USCC)
    if code is None:
        return
    for source in (code, *(entity.first(type_) for type_, _, _ in _READERS)):
        if source is None:
            continue
        typed = raw(source)
        longer = holds((typed != values[source]) | (source != code)) & (typed.str.len_chars() >= 27)
        if not holds(longer).any():
            continue
        told = change_where(typed.set(~longer, None), longer, uscc.old_beside)
        both = told.is_not_null()
        if source != code:
            whole = change_where(typed.set(~both, None), both, uscc.normalise)
            both = both & (values[code].is_null() | holds(values[code] == whole))
            if not both.any():
                continue
            told = told.set(~both, None)
            values[code] = whole.zip_with(both, values[code]).alias(code)
            values[source] = values[source].set(both, None)
            yield source, uscc.OLD_BESIDE, both
        _file(entity, told, values)


def _file(entity: Entity, told: pl.Series, values: dict[str, pl.Series]) -> None:
    for type_, normalise, is_valid in _READERS:
        target = entity.first(type_)
        found = told.is_not_null()
        if target is None or not found.any():
            continue
        read = change_where(told, found, normalise)
        fits = found & is_valid(read)
        free = fits & values[target].is_null()
        if free.any():
            values[target] = read.zip_with(free, values[target]).alias(target)
        told = told.set(fits, None)
