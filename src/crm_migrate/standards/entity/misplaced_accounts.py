"""What stands in the field of the bank and is none: account numbers, labels, words for nothing."""

from collections.abc import Callable, Iterator

import polars as pl

from crm_migrate.formats.placeholders import PLACEHOLDERS
from crm_migrate.language import Text
from crm_migrate.model import Entity, SemanticType
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import bank_account
from crm_migrate.standards.columns.residue import change_where, holds
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.entity.misplaced_banks import BANK
from crm_migrate.standards.entity.record_rules import PLACEHOLDER
from crm_migrate.standards.reading.bank_names import bank_beside

_LABEL = r"^(?:开户)?(?:银行|行)(?:名称|全称)?\s*[:：]\s*"
_NUMBER = r"([0-9][0-9 -]{7,}[0-9])"
_ALONE = rf"^{_NUMBER}$"

MOVED = Rule(
    "bank_account.moved_account",
    Severity.REPAIR,
    Text(
        "The account number that stood in the field of the bank was moved to its own field",
        "开户行栏中的银行账号已移至账号字段",
    ),
    Text("Nothing to do.", "无需处理。"),
)
OTHER_ACCOUNT = Rule(
    "bank_account.other_account",
    Severity.WARNING,
    Text(
        "In the field of the bank stands another account number than in its own field",
        "开户行栏中的账号与账号字段不一致",
    ),
    Text("Decide which account is right.", "请确认正确的账号。"),
)
LABELLED = Rule(
    "bank_account.bank_label",
    Severity.REPAIR,
    Text("A label in front of the bank's name was taken off", "已去除开户行名称前的标签"),
    Text("Nothing to do.", "无需处理。"),
)
RULES: tuple[Rule, ...] = (MOVED, OTHER_ACCOUNT, LABELLED)


def move_accounts(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """Change `values` (canonical text by field name) in place and tell what was moved."""
    if BANK not in values:
        return
    said = values[BANK]
    nothing = holds((said.str.len_bytes() <= 12) & said.is_in(PLACEHOLDERS))
    if nothing.any():
        said = said.set(nothing, None)
        yield BANK, PLACEHOLDER, nothing
    labelled = holds(said.str.contains(_LABEL))
    if labelled.any():
        said = change_where(said, labelled, lambda few: few.str.replace(_LABEL, ""))
        yield BANK, LABELLED, labelled
    values[BANK] = said.alias(BANK)
    account = entity.first(SemanticType.BANK_ACCOUNT)
    numbered = holds(said.str.contains(_NUMBER))
    if account is None or not numbered.any():
        return
    number = bank_account.normalise(said.str.extract(_NUMBER, 1).set(~numbered, None))
    bank = change_where(said.set(~numbered, None), numbered, bank_beside)
    clear = numbered & (bank.is_not_null() | holds(said.str.contains(_ALONE)))
    present = values[account]
    other = clear & holds(present != number)
    moved = clear & ~other
    values[account] = number.zip_with(moved & present.is_null(), present).alias(account)
    values[BANK] = bank.zip_with(moved, said).alias(BANK)
    yield BANK, MOVED, moved
    yield BANK, OTHER_ACCOUNT, other
