"""Name of a company 企业名称.

Basis: 企业名称登记管理规定 (2020 revision) and its 实施办法 (2023). The canonical name is the one
typed, in half width and tidied; simplification and the rest belong to `match_key`. A former name
and a short name that are told beside it (原…, 曾用名：…, 简称…) are taken apart, notes and the
numbers of a list are taken off (see `company_notes`).
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import narrow, simplified
from crm_migrate.standards.columns.covering import first_ones
from crm_migrate.standards.columns.private_use import PRIVATE_USE
from crm_migrate.standards.columns.remembered import remembered, remembered_column
from crm_migrate.standards.columns.repeated import said_once
from crm_migrate.standards.columns.residue import (
    change_where,
    holds,
    mask_where,
    unless_matching,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading import company_slips
from crm_migrate.standards.reading.company_notes import STATE, notes_off
from crm_migrate.standards.reading.company_other_names import TELLING, names_apart
from crm_migrate.standards.reading.person_names import looks_like_name
from crm_migrate.standards.rule_families import normalised
from crm_migrate.standards.text import PRIVATE

BASIS = Text(
    "Provisions on the Registration of Enterprise Names (2020)",
    "《企业名称登记管理规定》（2020 年修订）",
)
_TWO = 42
"""Bytes that a name said twice has at least, of seven characters."""
_HAN = r"\x{4e00}-\x{9fa5}"
_NOTING = "待拟疑注吊迁停歇倒破作弃勿重删不终合黑老新战核优流成未代经供联VvA-Da-d0-9"
"""How notes begin, in brackets."""
_LIST_NUMBER = r"^\s*[\x{2460}-\x{249b}]\s*(\p{Han})"
"""① to ⒛, before they become digits of the name."""
_PLAIN_NAME = rf"^(?:[{_HAN}0-9A-Za-z)·&]|\([{_HAN}0-9A-Za-z&&[^{TELLING}{_NOTING}]])+$"
_SIGNS = dict(zip("〔【[〕】]・•‧∙⋅", "((()))·····", strict=True))
"""Brackets and dots of other shapes."""
_CHINESE = rf"^ *[{_HAN}()（）][{_HAN}()（） ]*$"
_CLOSED_UP = {" ": "", "（": "(", "）": ")"}
"""What has to be done to a name of Chinese characters alone."""
_ESCAPED = str.maketrans({"[": r"\[", "]": r"\]"})
_LEGAL_FORM = (
    r"公司|集团|厂|店|社|所|院|校|学|局|会|行|部|中心|企业|合伙|酒店|馆|站|场|户|政府|园|处"
    r"|超市|坊|铺|餐厅|室|庄"
)
_NO_FORM = (
    r".{6}有限?$|^\p{Han}{2,}[省市区县旗州].*[0-9]+(?:号|号楼|室|组|栋|幢|单元|层|米|号商铺)$"
    r"|^\p{Han}{2,}[省市区县旗州].*[镇乡]\p{Han}{2,4}(?:村|村委会|社区)$"
)
"""A name that was cut in its legal form; an address."""
_FORM_ABROAD = (
    r"(?i)\b(?:ltd|limited|llc|llp|inc|corp|corporation|gmbh|co|company|plc|ag|sa|sas|sarl|spa|srl|"
    r"bv|nv|ab|oy|kk|k\.k|kg|pty|pte|bhd|jsc|ooo)\b"
)
_USUAL = (
    rf"^[{_HAN}&&[^测个某公单客无]][{_HAN}()0-9A-Za-z]{{3,}}"
    r"(?:公司|[^测]厂|中心|商行|[经营服务门市]部|合作社|事务所|医院|学校|银行|酒店|协会)$"
)
"""A name that nothing can be said against, as most are."""
_SETTLED = rf"^[{_HAN}&&[^测个某公单客无]][{_HAN}0-9A-Za-z&&[^限司线]]+(?:股份)?有限(?:责任)?公司$"
"""Of these those in which nothing can be mistyped, noted or told, either, as most are."""
_NO_NAME = r"^[0-9\p{P}\s]+$|(?i)^(?:test|测试|asdf|xxx?$|aaa)|测试$"
_NOBODY = (
    r"^(?:个人|个体户?|散客|散户|零散客户|零售客户|现金客户|临时客户|普通客户|个人客户|自然人|私人|"
    r"[新老大]客户|无单位|无公司|未登记|未填写?|待定|待补充?|不知道|不清楚|不详|保密|客户|单位|公司|有限公司|"
    r"(?:某某?|[Xx×*]{1,})+(?:有限|科技|贸易)*(?:公司|集团|单位|客户)?)$"
)
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
    Text(
        "Export the file again as UTF-8 or GB18030.", "请以 UTF-8 或 GB18030 编码重新导出该文件。"
    ),
)
NOBODY = Rule(
    "company_name.placeholder",
    Severity.WARNING,
    Text(
        "A word stands in place of the name (like 个人 or 散客)",
        "填写的是占位词（如“个人”“散客”），不是客户名称",
    ),
    Text("Enter the name, or leave the record out.", "请填写真实名称或剔除该记录。"),
)
FORMER_NAME = Rule(
    "company_name.former",
    Severity.REPAIR,
    Text(
        "A former name stood beside the name; it was taken apart",
        "名称中注有曾用名，已拆分",
    ),
    Text(
        "It stands in the field of former names if there is one.",
        "曾用名已移至曾用名字段（如有）。",
    ),
)
SHORT_NAME = Rule(
    "company_name.short",
    Severity.REPAIR,
    Text("A short name stood beside the name; it was taken apart", "名称中注有简称，已拆分"),
    Text("It stands in the field of short names if there is one.", "简称已移至简称字段（如有）。"),
)
NOTE_REMOVED = Rule(
    "company_name.note_removed",
    Severity.REPAIR,
    Text(
        "Something stood beside the name that is no part of it (a list number, a label, a note"
        " like 老客户, the name in English or once more); it was taken off",
        "名称旁有不属于名称的内容（序号、“客户名称：”、“老客户”、英文名或重复的名称），已去除",
    ),
    Text("Nothing to do; the source still has it.", "无需处理；源数据中仍保留该内容。"),
)
BRACKET = Rule(
    "company_name.bracket",
    Severity.WARNING,
    Text("A bracket is missing in the name", "名称中括号不成对"),
    Text("Correct it as on the business licence.", "请按营业执照更正。"),
)
RULES: tuple[Rule, ...] = (
    NORMALISED, INCOMPLETE, DOUBTFUL, NOBODY, DAMAGED, FORMER_NAME, SHORT_NAME, PRIVATE,
    NOTE_REMOVED, BRACKET,
    *company_slips.RULES,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    r"""Half width, no invisible characters, no blanks around Chinese characters and brackets.

    >>> normalise(pl.Series(["恒通（上海） 科技有限公司\u200b"])).to_list()
    ['恒通(上海)科技有限公司']
    >>> normalise(pl.Series(["ＡＢＣ  Trading Co., Ltd."])).to_list()
    ['ABC Trading Co., Ltd.']
    >>> normalise(pl.Series(["恒通科技有限公司（原恒达科技有限公司）"])).to_list()
    ['恒通科技有限公司']
    """
    open_ = raw.is_not_null() & ~is_settled(raw)
    return change_where(raw, open_, _repaired)


@remembered_column
def is_settled(names: pl.Series) -> pl.Series:
    """True for names that nothing can be said against, of the commonest form.

    >>> is_settled(pl.Series(["恒通科技有限公司", "恒通公司", None])).to_list()
    [True, False, False]
    """
    return holds(names.str.contains(_SETTLED))


def _repaired(raw: pl.Series) -> pl.Series:
    value = unless_matching(raw, _PLAIN_NAME, lambda few: split(few)["value"])
    once = said_once(value, _TWO)
    return change_where(once, once != value, _repaired)


@remembered
def split(raw: pl.Series) -> pl.DataFrame:
    """`value`, the name; `former` and `short`, the names told beside it; `note`, what else stood
    there and is no part of it. Null where there is none.

    >>> split(pl.Series(["恒达公司(现更名为恒通公司)", "恒通公司 曾用名：恒达公司"])).rows()
    [('恒通公司', '恒达公司', None, None), ('恒通公司', '恒达公司', None, None)]
    >>> split(pl.Series(["恒通公司（简称：恒通）", "恒通（原料药）公司（已注销）"])).rows()
    [('恒通公司', None, '恒通', None), ('恒通(原料药)公司', None, None, '已注销')]
    """
    name, note = notes_off(_tidied(raw))
    return names_apart(name).with_columns(note.alias("note"))


def _tidied(raw: pl.Series) -> pl.Series:
    odd = holds(~raw.str.contains(_CHINESE))
    closed = raw.str.replace_many(_CLOSED_UP)
    return change_where(closed, odd, lambda _: _tidied_further(raw.filter(odd)))


def _tidied_further(raw: pl.Series) -> pl.Series:
    name = narrow(raw.str.replace(_LIST_NUMBER, "$1"))
    signs = name.str.contains(f"[{''.join(_SIGNS).translate(_ESCAPED)}]")
    name = change_where(name, signs, lambda few: few.str.replace_many(_SIGNS))
    return change_where(name, name.str.contains(" ", literal=True), _closed_up)


def _closed_up(name: pl.Series) -> pl.Series:
    """Tidied names without the blanks that stand beside a Chinese character or a bracket."""
    apart = name.str.contains(r"[^\p{Han}()] [^\p{Han})]")
    closed = name.str.replace_all(" ", "", literal=True)
    return change_where(closed, apart, lambda _: _closed_up_between(name.filter(apart)))


def _closed_up_between(name: pl.Series) -> pl.Series:
    name = name.str.replace_all(r"(\p{Han}|[()])\s+", "$1")
    return name.str.replace_all(r"\s+(\p{Han}|\))", "$1")


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
    """Names without legal form (a person's has none), placeholders, lost characters, slips."""
    open_ = value.is_not_null() & ~is_settled(value)
    odd = mask_where(value, open_, lambda few: ~few.str.contains(_USUAL))
    strange = mask_where(value, odd, lambda few: ~few.str.contains(rf"^[{_HAN}()0-9A-Za-z]+$"))
    yield PRIVATE, mask_where(value, strange, lambda few: few.str.contains(PRIVATE_USE))
    nobody = mask_where(value, odd, lambda few: few.str.contains(_NOBODY))
    yield NOBODY, nobody
    doubtful = mask_where(value, odd & ~nobody, lambda few: few.str.contains(_NO_NAME))
    yield DOUBTFUL, doubtful
    unformed = odd & ~nobody & ~doubtful
    unformed = mask_where(
        value,
        unformed,
        lambda few: ~few.str.contains(_LEGAL_FORM) | few.str.contains(_NO_FORM),
    )
    # Apart, and for the rest: \b in a pattern makes it ten times as slow.
    unformed = mask_where(value, unformed, lambda few: ~few.str.contains(_FORM_ABROAD))
    yield INCOMPLETE, mask_where(value, unformed, lambda few: ~looks_like_name(few))
    yield DAMAGED, mask_where(value, strange, lambda few: few.str.contains(r"\x{fffd}|\?\?"))
    yield BRACKET, mask_where(value, open_, _lacks_bracket)
    slips = dict(company_slips.slips(value, open_, odd))
    changed = holds(raw != value)
    told = split(raw.filter(changed))
    yield FORMER_NAME, mask_where(raw, changed, lambda _: told["former"].is_not_null())
    yield SHORT_NAME, mask_where(raw, changed, lambda _: told["short"].is_not_null())
    noted = mask_where(raw, changed, lambda _: told["note"].is_not_null())
    state = mask_where(raw, changed, lambda _: told["note"].str.contains(STATE))
    slips[company_slips.NOTE] |= state
    yield NOTE_REMOVED, noted & ~state
    yield from slips.items()


def _lacks_bracket(names: pl.Series) -> pl.Series:
    return names.str.count_matches("(", literal=True) != names.str.count_matches(")", literal=True)


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
