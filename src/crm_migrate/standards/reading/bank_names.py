"""Names of banks beside account and card numbers, as invoices have them (开户行及账号).

Basis: how licences to open accounts and invoice data write them: the bank, or the usual short name
of one, and its branch. Which bank it is, is not judged.
"""

import polars as pl

from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.residue import holds

BANK = (
    r"[\p{Han}()]{0,40}(?:银行|农商行|农信社|信用(?:合作)?联?社|合作联社|支行|分行|营业部|分理处|储蓄所"
    r"|[工农中建交招邮][行储]|浦发|民生|兴业|光大|中信|平安|华夏|广发)[\p{Han}()]{0,40}"
)
"""A regex; all the ideographs around it are taken for the name."""
LABEL = (
    r"开户(?:银行|行)?(?:名称)?(?:[及和/、](?:银行)?[账帐]号)?"
    r"|(?:银行|对公|公司|基本|一般|专用|临时|存款)*(?:[账帐][号户]|存款户|(?:基本|一般)户)"
)
_WORDS = (
    rf"(?:{LABEL}|(?:银行|储蓄|信用)?卡号码?)[:;]*"
    r"|[(\[【](?:基本|一般|专用|临时)(?:存款)?(?:账户|户)[)\]】]"
)


def bank_beside(raw: pl.Series) -> pl.Series:
    """The bank that stands beside one number; null where there is none, or other text.

    >>> typed = ["开户行：工行海淀支行 账号：0200003609027008", "0200003609027008（基本户）"]
    >>> bank_beside(pl.Series([*typed, "建行 0200003609027008 工行 0200003609027009"])).to_list()
    ['工行海淀支行', None, None]
    """
    text = compact(raw).str.replace_all(r"[:;,、]", ";").str.replace_all(_WORDS, ";")
    one = holds(text.str.count_matches(r"[0-9][0-9 -]{7,}") == 1)
    rest = text.str.replace_all(r"[0-9;\-/.]", "")
    named = one & holds(rest.str.contains(rf"^{BANK}$"))
    return rest.set(~named, None)
