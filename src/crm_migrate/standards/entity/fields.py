"""One field of all records: emptied of fillers, normalised, judged; each distinct value once.

What a standard says of a value depends on nothing else (see `contract.Standard`). So columns that
repeat few values, and most do, are read and judged by their distinct values alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import cast

import polars as pl

from crm_migrate.formats.placeholders import NO_WORDS, PLACEHOLDERS
from crm_migrate.model import Field, Model, SemanticType
from crm_migrate.standards import standard
from crm_migrate.standards.columns.residue import change_where, distinct, holds, mask_where
from crm_migrate.standards.contract import Broken, context_of
from crm_migrate.standards.entity import record_rules
from crm_migrate.standards.entity.in_place import IN_PLACE
from crm_migrate.standards.entity.markup import MARKUP, without_markup
from crm_migrate.standards.entity.wordings import wordings
from crm_migrate.standards.rules.allowed import Allowance, spared

_EXCEL_ERROR = r"^\s*#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)\s*$"
_WORDS_OF_TEXT = {SemanticType.TEXT, SemanticType.FREE_TEXT, SemanticType.BOOLEAN}
"""Types where 无 may be an answer; what programs and strokes say of nothing is none there."""
MANY = 5_000
"""Rows below which threads and distinct values cost more than they save."""
_SAMPLE = 4_000
"""Rows looked at before all are: where half of all values repeat, 3 % of these do."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A field's cells: `raw` and `value` of each row, or of each distinct raw value; then
    `places` says for each row which it has (null: none).
    """

    field: Field
    raw: pl.Series
    value: pl.Series
    places: pl.Series | None = None
    emptied: tuple[Broken, ...] = ()
    """What was no value in the first place; rows of `raw`."""

    def rows(self, of: pl.Series) -> pl.Series:
        """What is said of each distinct value, for every row."""
        return of if self.places is None else of[self.places]

    def of_rows(self, broken: Iterable[Broken]) -> Iterator[Broken]:
        """The same for masks; those that hold nowhere are left out."""
        for name, rule, mask in broken:
            mask = holds(mask)
            if mask.any():
                yield name, rule, holds(self.rows(mask))

    def moved(self, value: pl.Series) -> "Cells":
        """With other values for the rows, which no longer follow from `raw` alone."""
        return replace(self, raw=self.rows(self.raw), value=value, places=None)


def normalised(field: Field, column: pl.Series, model: Model) -> Cells:
    """The field's cells in standard form."""
    if not has_values(column):
        return Cells(field, column, column)
    places = None
    if len(column) >= MANY and _repeats(column):
        places, column = distinct(column)
    raw, emptied = _emptied(field, column)
    value = raw
    if has_values(raw):
        value = standard(field.type).normalise(raw, context_of(field, model))
    return Cells(field, raw, value, places, emptied)


def _repeats(column: pl.Series) -> bool:
    """Whether there are half as many values as rows, or fewer; of most columns a few rows tell."""
    few = column.gather_every(len(column) // _SAMPLE + 1)
    values = few.drop_nulls().n_unique()
    if 2 * values < len(few):
        return True
    if values > 0.97 * (len(few) - few.null_count()):
        return False
    return 2 * cast("int", column.approx_n_unique()) < len(column)


def judged(
    cells: Cells, model: Model, allowed: tuple[Allowance, ...] | None = None
) -> list[Broken]:
    """What the field's standard finds, what it repaired, and values that are too long, by row."""
    if not has_values(cells.raw) and not has_values(cells.value):
        return []
    found = _judged(cells.field, model, cells.raw, cells.value)
    if allowed:
        found = spared(allowed, cells.field.name, cells.value, found)
    return list(cells.of_rows(found))


def has_values(column: pl.Series) -> bool:
    """Whether any row has a value."""
    return column.null_count() < len(column)


def _emptied(field: Field, column: pl.Series) -> tuple[pl.Series, tuple[Broken, ...]]:
    """The column as text, with formula errors and placeholders as missing values."""
    if field.type not in IN_PLACE:
        return _emptied_cells(field, column)
    open_ = column.is_not_null() & ~IN_PLACE[field.type](column)
    few, broken = _emptied_cells(field, column.filter(open_))
    if broken:
        column = change_where(column, open_, lambda _: few)

    def of_all(mask: pl.Series) -> pl.Series:
        return mask_where(column, open_, lambda _: mask)

    return column, tuple((name, rule, of_all(mask)) for name, rule, mask in broken)


def _emptied_cells(field: Field, column: pl.Series) -> tuple[pl.Series, tuple[Broken, ...]]:
    broken: list[Broken] = []
    odd = column.str.contains("[#&<]")
    column, marked = without_markup(column, odd)
    if marked.any():
        broken.append((field.name, MARKUP, marked))
    errors = mask_where(column, odd, lambda few: few.str.contains(_EXCEL_ERROR))
    if errors.any():
        column = column.set(errors, None)
        broken.append((field.name, record_rules.EXCEL_ERROR, errors))
    fillers = NO_WORDS if field.type in _WORDS_OF_TEXT else PLACEHOLDERS
    short = column.str.len_bytes() <= 12
    filler = mask_where(column, short, lambda few: few.str.strip_chars().is_in(fillers))
    if filler.any():
        column = column.set(filler, None)
        broken.append((field.name, record_rules.PLACEHOLDER, filler))
    for rule, words in list(wordings(field.type, column)):
        column = column.set(words, None)
        broken.append((field.name, rule, words))
    return column, tuple(broken)


def _judged(field: Field, model: Model, raw: pl.Series, value: pl.Series) -> Iterator[Broken]:
    rules = standard(field.type)
    for rule, mask in rules.validate(raw, value, context_of(field, model)):
        yield field.name, rule, mask
    changed = holds(raw != value)
    yield (
        field.name,
        rules.NORMALISED,
        mask_where(raw, changed, lambda few: few.str.strip_chars() != value.filter(changed)),
    )
    if field.max_length is not None:
        yield field.name, record_rules.TOO_LONG, value.str.len_chars() > field.max_length
