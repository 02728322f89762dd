"""The term of a business licence 营业期限: begin and end in one cell, and terms without an end.

Registers and their exports write it as one text (2010-03-01 至 无固定期限). Where all of it is
understood and the fields are free, it is taken apart; 长期 is kept as a fact of its own, since an
empty date does not tell a term without end from one that nobody entered.
"""

from collections.abc import Callable, Iterator

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import date
from crm_migrate.standards.columns.characters import narrow
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.contract import Broken

FROM, TO, UNLIMITED = "term_from", "term_to", "term_unlimited"
"""The fields of a term; their types do not tell them from other dates."""
_APART = r"^自?(.*?[0-9日号])起?\s*(?:至今后|至|到|~|--|[—–]+|\s-\s)\s*(.+)$"

SPLIT = Rule(
    "date.term_split",
    Severity.REPAIR,
    Text(
        "Begin and end of the term stood in one cell; each went to its own field",
        "营业期限的起止日期写在同一格，已分别填入各自字段",
    ),
    Text("Nothing to do.", "无需处理。"),
)
RULES: tuple[Rule, ...] = (SPLIT,)


def move_terms(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """Change `values` (canonical text by field name) in place and tell what was taken apart; `raw`
    gives the cells of a field as they were typed.
    """
    if not all(name in values for name in (FROM, TO, UNLIMITED)):
        return
    for source in (TO, FROM):
        typed, value = raw(source), values[source]
        odd = holds(typed.is_not_null() & (value.is_null() | (value >= "9999")))
        if odd.any():
            yield from _split(source, odd, narrow(typed.filter(odd)), values)


def _split(
    source: str, odd: pl.Series, text: pl.Series, values: dict[str, pl.Series]
) -> Iterator[Broken]:
    begins = date.normalise(text.str.extract(_APART, 1))
    last = text.str.extract(_APART, 2)
    both = last.is_not_null()
    if source == TO:
        last = last.fill_null(text)
    endless = holds(last.str.contains(date.ENDLESS))
    ends = date.normalise(last).set(endless, None)
    before = {name: values[name].filter(odd) for name in (FROM, TO, UNLIMITED)}
    before[source] = before[source].set(before[source].is_not_null(), None)
    said = {
        FROM: begins,
        TO: ends,
        UNLIMITED: pl.select(pl.when(endless).then(pl.lit("true"))).to_series(),
    }
    fits = (begins.is_not_null() | ~both) & (ends.is_not_null() | endless)
    for name, told in said.items():
        fits &= before[name].is_null() | told.is_null() | holds(before[name] == told)
    places = odd.arg_true().filter(fits)
    for name, told in said.items():
        kept = told.fill_null(before[name]).filter(fits)
        values[name] = values[name].scatter(places, kept).alias(name)
    nowhere = pl.repeat(False, len(odd), eager=True)
    yield source, SPLIT, nowhere.scatter(places, both.filter(fits))
