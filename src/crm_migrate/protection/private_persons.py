"""Customers who are private persons: of them reports show neither name nor address (R-5.3).

Policy speaks of fields: the name of a customer may be read, since most are companies. A customer
who is a person has a person's name and a home there, which reports show as they show a contact's.
"""

from collections.abc import Iterable

import polars as pl

from crm_migrate.model import Entity, SemanticType
from crm_migrate.protection.masking import mask_pair, mask_series
from crm_migrate.standards import person_name
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.reading import company_parts
from crm_migrate.standards.reading.person_names import looks_like_name

NAME, KIND = "name", "kind"
"""Fields by which a record is known as a person's."""

_MASKED_AS = {
    SemanticType.COMPANY_NAME: SemanticType.PERSON_NAME,
    SemanticType.ADDRESS: SemanticType.ADDRESS,
}
_PERSON = r"(?i)^\s*(?:个人(?:客户)?|自然人|individual|(?:natural |private )?person)\s*$"
_HAN = r"\p{Han}"
_LONGEST = 40
"""Characters of a person's name with title; what is longer is none."""
_COMPANY = "公司"
"""How most organisations' names end: these need no closer look."""


def tells_of_person(type: SemanticType) -> bool:
    """Whether a field of the type speaks of a person where the customer is one."""
    return type in _MASKED_AS


def named_like_person(names: pl.Series) -> pl.Series:
    """Whether texts are a person's name, also with a title, and no organisation's; never null.

    >>> named_like_person(pl.Series(["王小明", "王小明 先生", "恒通公司", None])).to_list()
    [True, True, False, False]
    """
    short = holds((names.str.len_chars() <= _LONGEST) & ~names.str.ends_with(_COMPANY))
    distinct = names.filter(short).unique()
    if not len(distinct):
        return short
    bare = person_name.normalise(distinct)
    told = looks_like_name(bare) & company_parts.kinds(distinct).is_null()
    return holds(names.is_in(distinct.filter(holds(told)).implode()))


def are_persons(names: pl.Series, kinds: pl.Series | None = None) -> pl.Series:
    """Whether customers are persons: their kind says so, or their name reads so; never null.

    Two words in Latin letters are a person's only where no kind says otherwise.

    >>> kinds = pl.Series([None, "企业", "个人"])
    >>> are_persons(pl.Series(["恒通", "王小明", "恒通"]), kinds).to_list()
    [False, True, True]
    """
    by_name = named_like_person(names)
    if kinds is None:
        return by_name
    said = holds(kinds.str.contains(_PERSON))
    return said | (by_name & (holds(names.str.contains(_HAN)) | kinds.is_null()))


def persons_of(records: pl.DataFrame, entity: Entity) -> pl.Series:
    """Whether records of the entity are persons', by their columns `name` and `kind`."""
    known = entity.by_name.get(NAME)
    if known is None or known.type is not SemanticType.COMPANY_NAME or NAME not in records.columns:
        return pl.repeat(False, records.height, eager=True)
    return are_persons(records[NAME], records[KIND] if KIND in records.columns else None)


def any_of(sides: Iterable[pl.Series]) -> pl.Series:
    """Whether one of several columns of truths holds."""
    first, *rest = sides
    for more in rest:
        first = first | more
    return first


def covered(values: pl.Series, type: SemanticType, persons: pl.Series) -> pl.Series:
    """Values that policy lets reports show, those of `persons` masked; a name that reads as a
    person's is masked whatever is known of its record.

    >>> covered(pl.Series(["王小明", "恒通"]), SemanticType.COMPANY_NAME,
    ...         pl.Series([False, False])).to_list()
    ['王*', '恒通']
    """
    rows = _rows([values], type, persons)
    if not len(rows):
        return values
    return values.scatter(rows, mask_series(values[rows], _MASKED_AS[type]))


def covered_pair(
    before: pl.Series, after: pl.Series, type: SemanticType, persons: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """As `covered`, of both sides: masks that look alike show where the values differ."""
    rows = _rows([before, after], type, persons)
    if not len(rows):
        return before, after
    masked = mask_pair(before[rows], after[rows], _MASKED_AS[type])
    return before.scatter(rows, masked[0]), after.scatter(rows, masked[1])


def _rows(sides: list[pl.Series], type: SemanticType, persons: pl.Series) -> pl.Series:
    """Places of the rows to mask."""
    if not tells_of_person(type):
        return pl.Series([], dtype=pl.UInt32)
    if type is SemanticType.COMPANY_NAME:
        persons = any_of([persons, *(named_like_person(side) for side in sides)])
    filled = any_of(side.is_not_null() for side in sides)
    return (persons & filled).arg_true()
