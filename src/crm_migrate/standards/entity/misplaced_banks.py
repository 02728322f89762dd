"""Banks that stand beside an account number (开户行及账号) and are kept in the field for them."""

from collections.abc import Callable, Iterator

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, SemanticType
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.residue import change_where, holds
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.reading.bank_names import bank_beside

BANK = "billing_bank"
"""The field for banks; its type does not tell it."""

MOVED = Rule(
    "bank_account.moved_bank",
    Severity.REPAIR,
    Text(
        "The bank's name that stood beside the account number was moved to its own field",
        "银行账号中的开户行名称已移至开户行字段",
    ),
    Text("Nothing to do.", "无需处理。"),
)
OTHER_BANK = Rule(
    "bank_account.other_bank",
    Severity.WARNING,
    Text(
        "Beside the account number stands another bank than in the field of the bank",
        "银行账号中注明的银行与开户行字段不一致",
    ),
    Text("Decide which bank is right.", "请确认正确的开户行。"),
)
RULES: tuple[Rule, ...] = (MOVED, OTHER_BANK)


def move_banks(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """Change `values` (canonical text by field name) in place and tell what was moved.

    A bank that says less or more of the same name (工行 beside 工行海淀支行) is no other one.
    """
    source = entity.first(SemanticType.BANK_ACCOUNT)
    if source is None or BANK not in values:
        return
    typed, present = raw(source), values[BANK]
    beside = holds((typed != values[source]) & typed.str.contains(r"\p{Han}"))
    if not beside.any():
        return
    told = change_where(typed.set(~beside, None), beside, bank_beside)
    found = told.is_not_null()
    free = found & present.is_null()
    if free.any():
        values[BANK] = told.zip_with(free, present).alias(BANK)
        yield source, MOVED, free
    occupied = found & ~free
    if occupied.any():
        few, there = told.filter(occupied), present.filter(occupied)
        same = pl.select(
            pl.lit(there).str.contains(pl.lit(few), literal=True)
            | pl.lit(few).str.contains(pl.lit(there), literal=True)
        ).to_series()
        yield source, OTHER_BANK, occupied.clone().scatter(occupied.arg_true().filter(same), False)
