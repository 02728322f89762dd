"""Personal values that stand where none belong: in raw cells of fields that reports may show."""

import polars as pl

from crm_migrate.model import SemanticType
from crm_migrate.protection.free_text import PLACEHOLDERS, redact
from crm_migrate.protection.policy import Kind

_MAIL = r"[^\s@,;，；、<>()（）]+[@＠][^\s@,;，；、<>()（）]+"
_LANDLINE = r"(^|[^0-9])0[0-9]{2,3}[- ]?[0-9]{7,8}($|[^0-9])"
_OF_ORGANISATIONS = frozenset(
    {
        SemanticType.USCC,
        SemanticType.ORGANISATION_CODE,
        SemanticType.REGISTRATION_NUMBER,
        SemanticType.TAX_NUMBER,
    }
)
"""Numbers that look like cards as often as chance has it."""


def cover_strays(values: pl.Series, type: SemanticType) -> pl.Series:
    """The texts with identity, card and telephone numbers and mailboxes replaced by a word.

    A report shows a credit code in clear; an identity number that somebody typed into that
    column it does not.

    >>> cells = pl.Series(["91110000600037341L", "110105 19491231 002X", "li@qq.com"])
    >>> cover_strays(cells, SemanticType.USCC).to_list()
    ['91110000600037341L', '[证件号码]', '[电子邮箱]']
    """
    kinds = set(PLACEHOLDERS) - ({Kind.BANK_CARD} if type in _OF_ORGANISATIONS else set())
    text = redact(values, sorted(kinds)).text
    return text.str.replace_all(_MAIL, "[电子邮箱]").str.replace_all(_LANDLINE, "$1[电话号码]$2")
