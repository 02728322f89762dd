"""Company account 对公账号: business data, not a personal card.

Basis: no national format; banks use 9 to 30 digits, written with hyphens by some; accounts of
non-residents, offshore and in free-trade zones have letters in front (NRA, OSA, FTN …).
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import bank_card, id_number
from crm_migrate.standards.columns.characters import narrow, tidy
from crm_migrate.standards.columns.covering import COVERED_NUMBER
from crm_migrate.standards.columns.invented import INVENTED
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, unless_matching
from crm_migrate.standards.columns.surroundings import SCIENTIFIC, alone
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.bank_names import BANK, LABEL
from crm_migrate.standards.rule_families import covered, made_up, normalised

BASIS = Text(
    "account numbers of banks in China (no national format)", "各银行对公账号（无全国统一格式）"
)
_KINDS = "NRA|OSA|FT[ENUIF]"
"""Letters in front of the accounts of non-residents, offshore and in free-trade zones."""
CANONICAL = rf"^(?:{_KINDS})?[0-9]{{9,30}}$"
_LABEL = rf"{LABEL}|{BANK}|no[.:]"
"""What people type in front of the number: its name, the bank's, or both."""
_BANK_BEHIND = rf"[(\[【]{BANK}[)\]】]$|{BANK}$"
_LIKE_A_CARD = r"^62(?:[0-9]{14}|[0-9]{17})$"
"""UnionPay's prefix and the two usual lengths; no bank numbers its accounts so."""
NORMALISED = normalised("bank_account", "account number", "银行账号")
COVERED = covered("bank_account", "account number", "银行账号", "0200****7008")
FORMAT = Rule(
    "bank_account.format",
    Severity.WARNING,
    Text("The account number is not 9 to 30 digits", "银行账号不是 9–30 位数字"),
    Text(
        "Enter one account alone, by the billing data of the customer; the bank has its own field.",
        "请按客户开票资料只填写一个账号；开户行填写在其自身字段。",
    ),
)
PRECISION_LOST = Rule(
    "bank_account.precision_lost",
    Severity.WARNING,
    Text(
        "The account number has only zeros from its 16th digit on: a spreadsheet may have cut it",
        "银行账号第 16 位起全为 0：可能曾被表格软件存为数字而丢失末几位",
    ),
    Text(
        "Compare it with the billing data; if it is wrong, take it from the old system as text.",
        "请与开票资料核对；如不一致，请从原系统以文本格式重新导出。",
    ),
)
PERSONAL_CARD = Rule(
    "bank_account.personal_card",
    Severity.WARNING,
    Text(
        "This is the number of a bank card, not of a company's account",
        "该号码为银行卡号，不是对公账号",
    ),
    Text(
        "A personal card does not belong here: remove it and ask for the company's account.",
        "个人银行卡不应填写在此：请删除并补录对公账号。",
    ),
)
PERSONAL = Rule(
    "bank_account.personal",
    Severity.WARNING,
    Text(
        "A person's identity number stands in the place of the account number",
        "银行账号栏填写的是个人身份证号码",
    ),
    Text(
        "It is personal data and does not belong here: remove it and ask for the account.",
        "属于个人信息，不应填写在此：请删除并补录对公账号。",
    ),
)
CARD_MISTYPED = Rule(
    "bank_account.card_mistyped",
    Severity.WARNING,
    Text(
        "This looks like the number of a bank card whose check digit does not fit",
        "疑似银行卡号，且校验位不符",
    ),
    Text(
        "Ask for the company's account; if it is a card, the number is mistyped, too.",
        "请与客户开票资料核对；如为银行卡号，则录入有误且不应填写在此。",
    ),
)
MADE_UP = made_up("bank_account", "account number", "银行账号")
RULES: tuple[Rule, ...] = (
    NORMALISED, FORMAT, PRECISION_LOST, PERSONAL_CARD, CARD_MISTYPED, MADE_UP, COVERED,
    PERSONAL,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Half-width digits without blanks, hyphens and the bank's name beside them (which
    `entity.misplaced_banks` keeps); anything else stays, two accounts in a cell, too.

    >>> normalise(pl.Series(["0200 0036-0902 7008", "基本户"])).to_list()
    ['0200003609027008', '基本户']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    code = alone(raw, _LABEL).str.replace(_BANK_BEHIND, "")
    code = code.str.replace_all("-", "", literal=True).str.to_uppercase()
    two = narrow(raw).str.contains(r"[0-9]{9,} [0-9]{9,}")
    digits = holds(code.str.contains(rf"^(?:{_KINDS})?[0-9]+$") & ~two)
    return code.zip_with(digits, tidy(raw))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form; 17 digits and more with zeros from the 16th on; cards, right and mistyped.

    >>> typed = pl.Series(["0200003609027008", "6222021234567894"])
    >>> {rule.code: rows.to_list() for rule, rows in validate(typed, typed) if rows.any()}
    {'bank_account.personal_card': [False, True]}
    """
    rounded = holds(value.str.contains(rf"^[1-9][0-9]{{14}}0{{2,15}}$|{SCIENTIFIC}"))
    other = ~holds(value.str.contains(CANONICAL)) & value.is_not_null() & ~rounded
    hidden = mask_where(value, other, lambda v: v.str.contains(COVERED_NUMBER))
    yield COVERED, hidden
    yield FORMAT, other & ~hidden
    yield PRECISION_LOST, rounded
    card = mask_where(value, ~rounded, bank_card.is_card)
    yield PERSONAL_CARD, card
    yield CARD_MISTYPED, ~rounded & ~card & holds(value.str.contains(_LIKE_A_CARD))
    yield PERSONAL, mask_where(value, ~rounded & ~card, id_number.is_person)
    yield MADE_UP, holds(value.str.contains(CANONICAL) & value.str.contains(INVENTED))


def format(value: pl.Series) -> pl.Series:
    """In groups of four, as on a bank form.

    >>> format(pl.Series(["0200003609027008"])).to_list()
    ['0200 0036 0902 7008']
    """
    return value.str.replace_all(r"([0-9]{4})", "$1 ").str.strip_chars_end(" ")


def mask(value: pl.Series) -> pl.Series:
    """The last four digits only.

    >>> mask(pl.Series(["0200003609027008"])).to_list()
    ['***7008']
    """
    formed = value.str.contains(CANONICAL)
    return change_where("***" + value.str.tail(4), ~formed, lambda v: v.str.head(0) + "***")
