"""Amounts in other currencies: the currency that the cell names goes to the field beside it.

For fields that name a currency field (`currency:` in entities.yaml). Nothing is converted: a rate
belongs to a day and a decision.
"""

from collections.abc import Callable, Iterator

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.reading import currencies

DIFFERS = Rule(
    "amount.currency_differs",
    Severity.WARNING,
    Text(
        "The amount names another currency than the field for it",
        "金额中注明的币种与币种字段不一致",
    ),
    Text("Correct one of them in the source.", "请在源数据中更正其一。"),
)
RULES: tuple[Rule, ...] = (DIFFERS,)


def move_currencies(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """Fill empty currency fields of `values` in place; tell where a filled one differs."""
    for field in entity.fields:
        if field.currency is None:
            continue
        code = currencies.code_of(raw(field.name))
        code = code.set(values[field.name].is_null(), None)
        if code.null_count() < len(code):
            beside = values[field.currency]
            yield field.currency, DIFFERS, holds(beside != code)
            values[field.currency] = beside.fill_null(code).alias(field.currency)
