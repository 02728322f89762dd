"""Name of a company 企业名称.

Basis: 企业名称登记管理规定 (2020 revision) and its 实施办法 (2023). The canonical name is the one
typed, in half width and tidied; simplification and the rest belong to `match_key`.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import narrow, simplified
from crm_migrate.standards.company_parts import PARTS, parts
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.covering import first_ones
from crm_migrate.standards.residue import change_where, holds, mask_where, unless_matching

__all__ = [
    "BASIS", "NORMALISED", "PARTS", "RULES", "format", "mask", "match_key", "normalise", "parts",
    "validate",
]  # fmt: skip

BASIS = Text(
    "Provisions on the Registration of Enterprise Names (2020)",
    "《企业名称登记管理规定》（2020 年修订）",
)
_PLAIN_NAME = r"^[\x{4e00}-\x{9fa5}0-9A-Za-z()·&]+$"
_LEGAL_FORM = (
    r"公司|集团|厂|店|社|所|院|校|学|局|会|行|部|中心|企业|合伙|酒店|馆|站|场|户|政府|"
    r"(?i)\b(?:ltd|limited|llc|inc|corp|corporation|gmbh|co|plc|ag|sa|bv)\b"
)
_NO_NAME = r"^[0-9\p{P}\s]+$|(?i)^(?:test|测试|asdf|xxx?$|aaa)|测试$"
NORMALISED = normalised("company_name", "company name", "企业名称")
INCOMPLETE = Rule(
    "company_name.incomplete",
    Severity.WARNING,
    Text(
        "The name has no legal form: perhaps not the full name on the licence",
        "名称缺少组织形式，可能不是营业执照上的全称",
    ),
    Text("Enter the full name as on the business licence.", "请按营业执照填写全称。"),
)
DOUBTFUL = Rule(
    "company_name.doubtful",
    Severity.WARNING,
    Text("The name looks like a test entry or a number", "名称疑似测试数据或编号"),
    Text("Correct or leave out the record.", "请更正或剔除该记录。"),
)
DAMAGED = Rule(
    "company_name.damaged",
    Severity.WARNING,
    Text("The name holds characters that were lost in a conversion", "名称含有转码时损坏的字符"),
    Text("Read the file again with the right encoding.", "请用正确的编码重新读取该文件。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, INCOMPLETE, DOUBTFUL, DAMAGED)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    r"""Half width, no invisible characters, no blanks around Chinese characters and brackets.

    >>> normalise(pl.Series(["恒通（上海） 科技有限公司\u200b"])).to_list()
    ['恒通(上海)科技有限公司']
    >>> normalise(pl.Series(["ＡＢＣ  Trading Co., Ltd."])).to_list()
    ['ABC Trading Co., Ltd.']
    """
    return unless_matching(raw, _PLAIN_NAME, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    name = narrow(raw).str.replace_all("[〔【\\[]", "(").str.replace_all("[〕】\\]]", ")")
    name = name.str.replace_all("[・•‧∙⋅]", "·")
    name = name.str.replace_all(r"(\p{Han}|[()])\s+", "$1").str.replace_all(
        r"\s+(\p{Han}|\))", "$1"
    )
    return name


def match_key(names: pl.Series) -> pl.Series:
    """The name for comparing: NFKC, simplified, capitals, without blanks, signs and brackets.

    >>> match_key(pl.Series(["恆通（上海）科技有限公司", "Abc trading co., ltd."])).to_list()
    ['恒通上海科技有限公司', 'ABCTRADINGCOLTD']
    """
    wide = holds(names.str.contains(r"[^\x{4e00}-\x{9fa5}!-~]"))
    text = simplified(change_where(names, wide, narrow))
    # A name of Chinese characters, digits and capitals, the common case, is its own key.
    odd = text.str.contains(r"[^\x{4e00}-\x{9fa5}0-9A-Z]")
    return change_where(text, odd, _without_signs)


def _without_signs(text: pl.Series) -> pl.Series:
    return text.str.replace_all(r"[\s\p{P}\p{S}]+", "").str.to_uppercase()


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Names without legal form (a person's name of two or three characters has none)."""
    odd = value.is_not_null() & ~holds(value.str.ends_with("公司") & ~value.str.starts_with("测试"))
    doubtful = mask_where(value, odd, lambda v: v.str.contains(_NO_NAME))
    yield DOUBTFUL, doubtful
    unformed = mask_where(value, odd & ~doubtful, lambda v: ~v.str.contains(_LEGAL_FORM))
    yield INCOMPLETE, mask_where(value, unformed, lambda v: ~v.str.contains(r"^\p{Han}{2,3}$|·"))
    yield DAMAGED, value.str.contains("\ufffd", literal=True)


def format(value: pl.Series) -> pl.Series:
    """With the full-width brackets that a licence prints in a Chinese name.

    >>> format(pl.Series(["恒通(上海)科技有限公司", "ABC (China) Ltd"])).to_list()
    ['恒通（上海）科技有限公司', 'ABC (China) Ltd']
    """
    chinese = holds(value.str.contains(r"\p{Han}"))
    wide = value.str.replace_all(r"\(", "（").str.replace_all(r"\)", "）")
    return wide.zip_with(chinese, value)


def mask(value: pl.Series) -> pl.Series:
    """The first two characters, of three and more.

    >>> mask(pl.Series(["恒通科技有限公司", "恒通"])).to_list()
    ['恒通****', '****']
    """
    return first_ones(value, 2, "****")
