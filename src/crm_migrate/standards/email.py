"""Mail address 电子邮箱.

Basis: RFC 5321 and RFC 6531, as far as the package email-validator (no network) accepts; only
addresses outside the plain ASCII form are shown to it. Lower case throughout. What only one
address can be meant by is repaired (`li@163,com`, `li(at)163.com`), what somebody may mean
otherwise is told (`li@163.con`, see `mail_domains`).
"""

import re

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.columns.characters import narrow, tidy_apart
from crm_migrate.standards.columns.remembered import remembered_column
from crm_migrate.standards.columns.residue import (
    behind_first,
    change_where,
    holds,
    mask_where,
    per_distinct,
    told_of,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.mail_domains import mistyped
from crm_migrate.standards.reading.words_beside import has_note
from crm_migrate.standards.rule_families import covered, normalised, note, several

BASIS = Text("RFC 5321, RFC 6531", "RFC 5321、RFC 6531")
_ADDRESS = (
    r"[a-z0-9_%+-]+(?:\.[a-z0-9_%+-]+)*@"
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}"
)
CANONICAL = f"^{_ADDRESS}$"
_QUOTES = "[\"“”‘’《》「」]|^'"
"""A spreadsheet's mark of text (') is none of the address."""
_AT = r"\s*[(\[{<]at[)\]}>]\s*|\s+at\s+|\s*#\s*"
_DOT = r"\s*[(\[{<]dot[)\]}>]\s*|\s+dot\s+"
_COMMA = (
    r"(@(?:[a-z0-9-]+\.){0,2}[a-z0-9-]+)[,、]\s*(com|cn|net|org)((?:\.[a-z]{2})?(?:$|[^a-z0-9.@]))"
)
_SIGN_OF_MAIL = r"@|#|(?i:at)|[^ -~]"
"""What a cell must have that holds an address: a sign for `@`, or what may become one."""
_NOTES = r"\([^()@]*\)|(?:^|[\s;,/])(?:mailto|e-?mail|mail)\s*:"
_HAN = r"(?:^|[\s;,/])\p{Han}[\p{Han}\s:;,/]*(?:[\s:;,/]|$)"
_HAN_BEHIND = r"(\.[a-z]{2,24})[\s:]*\p{Han}[\p{Han}\s:]*"
"""Words about an address: apart from it, or behind it. Those right before it may be part of it."""
_SIGNED = re.compile(r"[/*#!$^&=?{}|~`][^@]*@|@.*\.[^.]$")
"""RFC 5322 allows these signs before the `@`, and an ending of one letter; no service does."""
_MADE_UP = (
    r"^(?:test|abc|aaa+|xxx+|111+|123|1234|asdf|qwe|none|null|noname|meiyou)@"
    r"|^(?:a@a|aa@aa|x@x|1@1|11@11|123@123)\."
)
_NO_QQ_NUMBER = r"^(?:0[0-9]*|[0-9]{1,4}|[0-9]{12,})@(?:vip\.)?qq\.com$"
"""A number at qq.com is a QQ number of 5 to 11 digits."""
_ROLES = (
    "info|sales|service|services|support|contact|admin|administrator|office|hr|job|jobs|marketing|"
    "market|export|trade|webmaster|postmaster|noreply|no-reply|hello|help|enquiry|inquiry|mail|"
    "finance|purchase|purchasing|kefu|xiaoshou|caigou|zhaopin|caiwu|xingzheng|renshi|bangongshi"
)

NORMALISED = normalised("email", "mail address", "邮箱地址")
FORMAT = Rule(
    "email.format",
    Severity.WARNING,
    Text("This is no well-formed mail address", "邮箱地址格式不正确"),
    Text("Ask the contact for the address.", "请向联系人核实邮箱。"),
)
TYPO = Rule(
    "email.typo",
    Severity.WARNING,
    Text("The domain of the mail address looks mistyped", "邮箱域名疑似录入错误"),
    Text(
        "Like 163.con for 163.com: check and correct it.", "如 163.con 应为 163.com，请核对修改。"
    ),
)
CJK_LOCAL = Rule(
    "email.cjk_local",
    Severity.WARNING,
    Text("The mail address holds Chinese characters", "邮箱地址含有中文字符"),
    Text(
        "Common mail services do not deliver it; ask for the address.",
        "常用邮箱服务无法投递，请核实邮箱。",
    ),
)
SEVERAL = several("email", "mail addresses", "邮箱")
NOTE = note("email", "mail address", "邮箱")
COVERED = covered("email", "mail address", "邮箱地址", "li***@163.com")
MADE_UP = Rule(
    "email.made_up",
    Severity.WARNING,
    Text("The mail address looks made up", "邮箱地址疑似随意填写"),
    Text(
        "Like test@test.com: ask the contact for the address.",
        "如 test@test.com，请向联系人核实邮箱。",
    ),
)
RULES: tuple[Rule, ...] = (
    NORMALISED, FORMAT, TYPO, CJK_LOCAL, SEVERAL, NOTE, COVERED, MADE_UP,
)  # fmt: skip


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """The first address of the cell in lower case; text without an address is kept.

    >>> normalise(pl.Series([" Li.Na＠Example。COM ", "李娜 <li@example.com>"])).to_list()
    ['li.na@example.com', 'li@example.com']
    >>> normalise(pl.Series(["a@x.com; b@x.com", "没有", "张三@qq.com"])).to_list()
    ['a@x.com', '没有', '张三@qq.com']
    >>> normalise(pl.Series(["li@x.com（工作）", "li@163，com", "li(at)x.com"])).to_list()
    ['li@x.com', 'li@163.com', 'li@x.com']
    """
    read = change_where(raw, raw.is_not_null() & ~is_formed(raw), _repaired)
    coded = read.str.contains("xn--", literal=True)  # in the letters people read, as the rest is
    return change_where(read, coded, lambda few: per_distinct(few, _validated_or_kept))


@remembered_column
def is_formed(value: pl.Series) -> pl.Series:
    """True for addresses in canonical form.

    >>> is_formed(pl.Series(["li@example.com", "Li@example.com", None])).to_list()
    [True, False, False]
    """
    return holds(value.str.contains(CANONICAL))


def _repaired(raw: pl.Series) -> pl.Series:
    # That is all that most need.
    eased = raw.str.strip_chars(" ").str.to_lowercase().str.replace_all(" @", "@", literal=True)
    odd = ~holds(eased.str.contains(CANONICAL))
    return change_where(eased, odd, lambda _: _read(raw.filter(odd)))


def _read(raw: pl.Series) -> pl.Series:
    first = told_of(raw, raw.str.contains(_SIGN_OF_MAIL), lambda f: _addresses(f).list.first())
    kept = tidy_apart(raw)
    signed = first.is_null() & kept.str.contains("@", literal=True)
    kept = change_where(kept, signed, _international)
    return first.zip_with(first.is_not_null(), kept)


def _addresses(raw: pl.Series) -> pl.Series:
    """The well-formed ASCII addresses that make up the cell, as a list; null without any."""
    return _alone(_text(raw)).str.split(";")


def overflow(raw: pl.Series) -> pl.Series:
    """The addresses of each cell that `normalise` did not take; null where there are none.

    >>> overflow(pl.Series(["a@x.com; b@x.com", "a@x.com", None])).to_list()
    ['b@x.com', None, None]
    """
    signs = raw.str.contains("[@＠﹫][^@＠﹫]+[@＠﹫]")
    nothing = raw.set(raw.is_not_null(), None)
    return change_where(
        nothing, signs, lambda _: behind_first(_addresses(raw.filter(holds(signs))))
    )


def _text(raw: pl.Series) -> pl.Series:
    """Half width and lower case, with the signs that people type for `@`, `.` and brackets."""
    text = narrow(raw.str.replace_all(r"[\r\n]+", ";")).str.to_lowercase()
    text = text.str.replace_all("[。．]", ".").str.replace_all(_QUOTES, "")
    unsigned = ~text.str.contains("@", literal=True)
    text = change_where(
        text, unsigned, lambda few: few.str.replace(_AT, "@").str.replace_all(_DOT, ".")
    )
    return (
        text.str.replace_all(r"\s*(@)[@\s]*|\s*([.])\s*", "$1$2")
        .str.replace_all(_COMMA, "$1.$2$3")
        .str.replace_all(r"(@[^@;,、/|\s]*?)\.{2,}", "$1.")
        .str.replace_all("@.", "@", literal=True)
        .str.replace_all(r"[;,.\s]+$", "")
        .str.replace_all(r"[^;,<>]*<([^<>@]+@[^<>@]+)>", "$1")
    )


def _alone(text: pl.Series) -> pl.Series:
    """The addresses of the cell joined by `;`, without the words about them; null if other text
    is left over.
    """
    worded = text.str.contains(r"[(:\p{Han}]")
    bare = change_where(text, worded, _without_words)
    bare = bare.str.replace_all(r"[;,、/|\s]+", ";").str.strip_chars(";")
    return bare.set(~holds(bare.str.contains(rf"^{_ADDRESS}(?:;{_ADDRESS})*$")), None)


def _without_words(text: pl.Series) -> pl.Series:
    text = text.str.replace_all(_NOTES, ";").str.replace_all(_HAN_BEHIND, "$1;")
    return text.str.replace_all(_HAN, ";")


def _international(text: pl.Series) -> pl.Series:
    """Addresses beyond ASCII in the form email-validator gives them; other text unchanged."""
    return change_where(text, _hopeful(text), lambda few: per_distinct(few, _validated_or_kept))


def _hopeful(text: pl.Series) -> pl.Series:
    return text.str.contains(r"^[^\s@]{1,64}@[^\s@]{3,255}$") & ~text.str.contains(CANONICAL)


def _validated(text: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email

    if _SIGNED.search(text):
        return None
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def _validated_or_kept(text: str) -> str:
    lowered = _validated(text.lower())
    # Kept if another round would not accept its own answer: one value has one form.
    return lowered if lowered is not None and _validated(lowered) == lowered else text


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, probable typing errors, Chinese characters, several addresses in a cell, words beside
    them, addresses that are covered or made up.
    """
    formed = is_formed(value)
    other = value.is_not_null() & ~formed
    cjk = mask_where(value, other, lambda v: v.str.contains(r"^[^@]*\p{Han}[^@]*@"))
    yield CJK_LOCAL, cjk
    hopeful = other & ~cjk & holds(value.str.contains("@", literal=True))
    valid = mask_where(value, hopeful, lambda v: per_distinct(v, _validated).is_not_null())
    hidden = mask_where(value, other & ~cjk & ~valid, lambda v: v.str.contains(r"\*{2}"))
    yield COVERED, hidden
    doubtful = mask_where(value, formed, lambda v: v.str.contains(f"{_MADE_UP}|{_NO_QQ_NUMBER}"))
    made_up = mask_where(value, doubtful, lambda v: v.str.contains(_MADE_UP))
    yield MADE_UP, made_up
    yield FORMAT, (other & ~cjk & ~valid & ~hidden) | (doubtful & ~made_up)
    yield TYPO, value.str.contains(mistyped())
    changed = formed & holds(raw != value)
    yield SEVERAL, mask_where(raw, changed, lambda r: overflow(r).is_not_null())
    yield NOTE, has_note(raw, changed)


def is_role(value: pl.Series) -> pl.Series:
    """True for addresses of a function (info@, sales@), which belong to nobody in person.

    >>> is_role(pl.Series(["info@example.com", "sales01@example.com", "li@example.com"])).to_list()
    [True, True, False]
    """
    return holds(value.str.contains(rf"^(?:{_ROLES})[0-9]*@"))


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """The first character and the domain; text that is no address wholly covered.

    >>> mask(pl.Series(["li.na@example.com", "a@example.com", "没有"])).to_list()
    ['l***@example.com', '***@example.com', '***']
    """
    address = value.str.contains(r"^[^@]+@[^@]+$")
    covered = value.str.replace(r"^[^@]@", "***@").str.replace(r"^([^@*])[^@]+@", "$1***@")
    return change_where(covered, ~address, lambda v: v.str.head(0) + "***")
