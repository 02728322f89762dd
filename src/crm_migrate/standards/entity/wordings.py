"""Words in the place of a value: it is still to come, it stands elsewhere, there is none.

Basis: the toolkit's own list. The word is taken for the whole cell, or behind the name of a
document (营业执照办理中). What a word points to is never fetched: 同上 in a sorted sheet may stand
below another row than it did when it was typed.
"""

from collections.abc import Iterator

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import SemanticType
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import compact, simplified
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.entity.record_rules import PLACEHOLDER

PENDING = Rule(
    "cell.pending",
    Severity.WARNING,
    Text(
        "Instead of a value the cell says that it is still to come (like 办理中, 待补); it was"
        " taken for empty",
        "填写的是“办理中”“待补”等字样，尚无实际内容，已按空值处理",
    ),
    Text("Enter the value once it is known.", "取得后请在源数据中补录。"),
)
ELSEWHERE = Rule(
    "cell.elsewhere",
    Severity.WARNING,
    Text(
        "Instead of a value the cell points elsewhere (like 同上 or 三证合一); it was taken for"
        " empty, and nothing was filled in",
        "填写的是“同上”“三证合一”等指引字样，已按空值处理，未自动填充",
    ),
    Text("Enter the value itself in this row.", "请在本行填写实际内容。"),
)
RULES: tuple[Rule, ...] = (PENDING, ELSEWHERE)

T = SemanticType
NUMBERS = frozenset(
    (T.USCC, T.ORGANISATION_CODE, T.REGISTRATION_NUMBER, T.TAX_NUMBER, T.ID_NUMBER,
     T.TRAVEL_DOCUMENT, T.BANK_CARD, T.BANK_ACCOUNT)
)  # fmt: skip
"""Types whose values are issued numbers: a word is never one."""

_OF = r"[(\[【]*\p{Han}{0,10}?"
_END = r"[\]】)。.!]*$"
_PENDING = (
    rf"^{_OF}(?:(?:办理|办照|办证|筹建|申请|申办|申领|补办|换证|换发|变更|审批|注册|登记|更新)(?:之)?中"
    r"|(?:未|尚未|还未|没有?)(?:办理|办好|办|申请|申领|取得|领取|核发|下来)(?:完成|下来)?"
    r"|[待等后](?:客户|对方)?补?(?:办理?|[充录填齐]|提供|填写|定|更新|核实|确认|查|申请|领取|发放?|补)"
    rf"|(?:稍后|以后|日后)(?:补充?|提供)|(?i:TBD|TBC|TBA|PENDING)){_END}"
)
_ELSEWHERE = (
    rf"^{_OF}(?:[二两三四五六七多][证合][三合]?一(?:[、,]?一照一码)?|一照一码"
    r"|同[上下前左右](?:一?[行栏列格])?"
    r"|同(?:统一)?(?:社会)?(?:信用代码|税号|组织机构代码|机构代码|注册号|营业执照|身份证号?)"
    r"|同(?:总公司|母公司|集团)|[见详]\p{Han}{1,8}"
    rf"|(?i:DITTO|SAME(?:ASABOVE)?)|〃){_END}"
)
_NONE = (
    r"^[(\[【]*(?:客户|对方)?暂?(?:未(?:提供|填写?|录入?|登记|注册|留)|不[愿便想]?提供"
    r"|(?:拒绝|无法)提供|(?:无|没有)(?:此[号项证]|号码?|证件?|编号|代码|税号|账号|(?:统一|社会)*信用代码"
    r"|组织机构代码|营业执照|工商注册号|注册号|身份证号?|护照|银行[卡账]号?|对公账[号户])"
    r"|不适用|不需要|不明|不清楚|不知道?|保密|空白|为空|略|个人|自然人|个体户?|个体工商户"
    r"|(?:境外|海外|国外|外国|外籍)(?:公司|企业|客户|单位|机构|人士?|个人)"
    rf"|(?i:N\.?/?A|NIL|NONE|NULL|NAN|UNKNOWN|EMPTY|BLANK|NO)){_END}"
)
REACHED = frozenset((T.MOBILE, T.PHONE, T.EMAIL, T.WEBSITE, T.WECHAT, T.QQ))
"""Types whose values say where somebody is reached."""
NAMES = frozenset((T.COMPANY_NAME, T.PERSON_NAME, T.TITLE))
"""Types where such a word must be all of the cell."""
_BY = (
    r"(?:手机|移动电话|座机|固话|固定电话|联系电话|电话|邮箱|邮件|网站|网址|官网|主页|微信|(?i:QQ)"
    r"|联系方式)(?:号码?|地址)?"
)
_UNREACHED = (
    rf"^[(\[【]*(?:(?:暂时?)?(?:无|没有)|未(?:留|填|提供|开通)|不(?:用|详)){_BY}{_END}"
    rf"|^{_BY}[:]?(?:(?:暂时?)?(?:无|没有)|不详|未知|未(?:留|填写?|提供)|空|保密){_END}"
    rf"|^(?:网站|官网)?(?:建设|开发|制作|升级|维护)中{_END}"
    r"|^(?:https?:?/*)?(?:www\.?)?$|^0+(?:\.0+)?$"
)
"""暂无邮箱; and what a form had filled in before anybody typed: http://, www., 0."""
_SAME_WAY = rf"^(?i:QQ)?[同与和]{_BY}(?:相同|一致|同号)?{_END}"
Words = tuple[tuple[Rule, str], ...]
_OF_NUMBERS: Words = (
    (ELSEWHERE, _ELSEWHERE),
    (PENDING, _PENDING),
    (PLACEHOLDER, rf"{_NONE}|^0{{1,6}}(?:\.0+)?$"),
)
_OF_WECHAT: Words = (*_OF_NUMBERS[:2], (PLACEHOLDER, f"{_NONE}|{_UNREACHED}"))
_OF_REACHED: Words = ((ELSEWHERE, f"{_ELSEWHERE}|{_SAME_WAY}"), *_OF_WECHAT[1:])
"""微信同手机 is an answer in its own field (see `wechat`), in the others it is none."""
_OF_NAMES: Words = (
    (ELSEWHERE, r"^(?:同[上下前左右]|以上|[见详]备注)$"),
    (
        PENDING,
        r"^(?:[待等](?:客户)?(?:定|补充?|确认|核实|提供|更新|完善|填写?|查|录入?|指定)"
        r"|未定|尚未确定)$",
    ),
    (
        PLACEHOLDER,
        r"^(?:未(?:提供|填写?|录入|知|登记|留)|暂未提供|不(?:清楚|知道?|愿透露|便透露|方便)"
        r"|保密|匿名|空白)$",
    ),
)


def wordings(type_: SemanticType, column: pl.Series) -> Iterator[tuple[Rule, pl.Series]]:
    """Rows in which a word stands for the number, each under one rule.

    Of a company's own codes only those words count that no one would make a code of; of names
    those that nobody is called.

    >>> said = pl.Series(["营业执照办理中", "同上", "未提供", "91350100M000100Y43"])
    >>> [(rule.code, mask.to_list()) for rule, mask in wordings(T.USCC, said)]
    [('cell.elsewhere', [False, True, False, False]), \
('cell.pending', [True, False, False, False]), ('cell.placeholder', [False, False, True, False])]
    >>> [rule.code for rule, _ in wordings(T.EMAIL, pl.Series(["暂无邮箱", "a@x.com", "待补"]))]
    ['cell.pending', 'cell.placeholder']
    """
    odd, words = _looked_for(type_, column)
    if not odd.any():
        return
    text = simplified(compact(column.filter(odd)))
    seen = pl.repeat(False, len(text), eager=True)
    for rule, pattern in words:
        found = holds(text.str.contains(pattern)) & ~seen
        seen = seen | found
        if found.any():
            nowhere = pl.repeat(False, len(column), eager=True)
            yield rule, nowhere.scatter(odd.arg_true(), found).alias(column.name)


def _looked_for(type_: SemanticType, column: pl.Series) -> tuple[pl.Series, Words]:
    """The cells that may be such words, by a cheap test, and the words by rule."""
    if type_ in NAMES:
        return holds(column.str.contains(r"^\s*[同以见详待等未尚暂不保匿空]")), _OF_NAMES
    if type_ not in REACHED and type_ not in NUMBERS and type_ is not T.CODE:
        return pl.repeat(False, len(column), eager=True), ()
    short = column.str.len_chars() <= 24
    if type_ in REACHED:  # 0 is none, too
        odd = holds(~column.str.contains("[1-9１-９@＠]") & short)
        return odd, _OF_WECHAT if type_ is T.WECHAT else _OF_REACHED
    if type_ is T.CODE:
        return holds(~column.str.contains(r"[0-9０-９]") & short), _OF_NUMBERS[:2]
    return holds(~column.str.contains("[1-9１-９]") & short), _OF_NUMBERS
