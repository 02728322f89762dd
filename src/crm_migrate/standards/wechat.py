"""WeChat id 微信号.

Basis: the rules that WeChat states where an id is set: 6 to 20 letters, digits, `_` and `-`, the
first a letter or `_`; upper and lower case are one. A mobile or a QQ number also finds the
account. `wxid_…` is the program's own number of an account, which nobody can search for.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import mobile, qq
from crm_migrate.standards.columns.characters import compact, narrow, tidy_apart
from crm_migrate.standards.columns.residue import (
    behind_first,
    change_where,
    holds,
    mask_where,
    unless_matching,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading import numbering_plan
from crm_migrate.standards.reading.words_beside import has_note
from crm_migrate.standards.rule_families import normalised, note, several

BASIS = Text("rules of WeChat for ids", "微信号设置规则")
_ID = rf"(?:[a-z_][a-z0-9_-]{{5,19}}|wxid_[a-z0-9]{{10,22}}|{numbering_plan.MOBILE}|{qq.NUMBER})"
CANONICAL = f"^{_ID}$"
_LABEL = (
    r"(?i)^(?:(?:微信号?码?|wechat(?:id)?|weixin|wx|vx|v信?|薇信?|qq号?)[:：]"
    r"|(?:微信号?码?|薇信|qq号)[:：]?)"
)
_SEVERAL = rf"^{_ID}(?:[/;,、|或和]{_ID})+$"
_LETTERED_NAME = r"^[A-Za-z]+(?: [A-Za-z]+)+$"
"""zhang san: a name rather than an id with a blank in it."""
SAME_AS_MOBILE = (
    r"^(?:微信)?(?:号码?)?(?:同|与|和|即|就是|是)?(?:本人)?手机(?:号码?)?(?:同号|一致|相同|微信)?$"
    r"|^(?:微信)?同号$|^同电话$"
)
"""What people write where the mobile number is the id."""

NORMALISED = normalised("wechat", "WeChat id", "微信号")
FORMAT = Rule(
    "wechat.format",
    Severity.WARNING,
    Text("This is no WeChat id", "不是有效的微信号"),
    Text(
        "6 to 20 letters, digits, _ and -, a letter first: ask the contact.",
        "应为 6–20 位字母、数字、下划线或减号且以字母开头，请向联系人核实。",
    ),
)
SAME = Rule(
    "wechat.same_as_mobile",
    Severity.WARNING,
    Text("The cell says that the mobile number is the WeChat id", "填写的是“微信同手机号”"),
    Text(
        "The record's mobile number was taken if there is one; otherwise ask for the id.",
        "如有手机号已自动取用；否则请补录。",
    ),
)
INTERNAL = Rule(
    "wechat.internal",
    Severity.WARNING,
    Text(
        "This is the program's own number of the account (wxid_…); nobody can search for it",
        "这是微信内部标识（wxid_…），无法用于搜索添加",
    ),
    Text("Ask the contact for the id.", "请向联系人索取微信号。"),
)
SEVERAL = several("wechat", "WeChat ids", "微信号")
NOTE = note("wechat", "WeChat id", "微信号")
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, SAME, INTERNAL, SEVERAL, NOTE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The id in lower case; a mobile number in its own form; other text is kept.

    >>> normalise(pl.Series(["微信：Li_Na88", "+86 138-0013-8000", "wx_lina（李娜）"])).to_list()
    ['li_na88', '13800138000', 'wx_lina']
    >>> normalise(pl.Series(["同手机", "李娜"])).to_list()
    ['同手机', '李娜']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    bare = _plain(raw)
    first = bare.str.extract(f"^({_ID})(?:[/;,、|或和]|$)")
    read = holds(bare.str.contains(CANONICAL)) | holds(bare.str.contains(_SEVERAL))
    kept = tidy_apart(raw)
    numbers = change_where(kept, ~read, lambda few: mobile.normalise(few))
    number = holds(numbers.str.contains(mobile.CANONICAL)) & ~read
    return first.zip_with(read, numbers.zip_with(number, kept))


def overflow(raw: pl.Series) -> pl.Series:
    """The ids of each cell that `normalise` did not take; null where there are none.

    >>> overflow(pl.Series(["lina_88/wangwei66", "lina_88"])).to_list()
    ['wangwei66', None]
    """
    text = _plain(raw)
    listed = text.set(~holds(text.str.contains(_SEVERAL)), None)
    return behind_first(listed.str.replace_all("[/;,、|或和]", ";").str.split(";"))


def _plain(raw: pl.Series) -> pl.Series:
    """In lower case, without label, words about it and blanks."""
    text = narrow(raw.str.replace_all(r"[\r\n]+", ";"))
    text = text.str.replace(r"^\p{Han}{2,4}[\s:]+([A-Za-z0-9])", "$1")
    text = text.str.replace(r"([A-Za-z0-9])\s+\p{Han}{2,6}$", "$1")
    name = holds(text.str.contains(_LETTERED_NAME))
    text = text.zip_with(name, compact(text))
    bare = text.str.replace(_LABEL, "").str.replace(r"\.0+$", "")
    return bare.str.replace(r"\([^()]*\)$", "").str.to_lowercase()


def says_mobile(value: pl.Series) -> pl.Series:
    """True where the text says that the id is the mobile number.

    >>> says_mobile(pl.Series(["同手机号", "微信同号", "lina88", None])).to_list()
    [True, True, False, False]
    """
    return holds(value.str.contains(SAME_AS_MOBILE))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, the mobile number meant, numbers that cannot be searched for."""
    formed = holds(value.str.contains(CANONICAL))
    other = value.is_not_null() & ~formed
    same = mask_where(value, other, says_mobile)
    yield SAME, same
    yield FORMAT, other & ~same
    yield INTERNAL, holds(value.str.starts_with("wxid_"))
    changed = formed & holds(raw != value)
    yield SEVERAL, mask_where(raw, changed, lambda few: overflow(few).is_not_null())
    yield NOTE, has_note(raw, changed)


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first two characters; a number as a mobile number; other text wholly covered.

    >>> mask(pl.Series(["lina_88", "13800138000", "李娜"])).to_list()
    ['li***', '138****8000', '***']
    """
    known = holds(value.str.contains(CANONICAL))
    covered = value.str.replace(r"^(..).+$", "$1***").zip_with(known, value.str.head(0) + "***")
    return mobile.mask(value).zip_with(holds(value.str.contains(mobile.CANONICAL)), covered)
