"""Web address 网址.

Basis: RFC 3986, RFC 1034 host names, RFC 5891 (IDNA 2008) for names in other scripts. Scheme and
host in lower case, no trailing slash, hosts in the letters people read (`xn--…` is decoded); a
missing scheme stays missing.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import email
from crm_migrate.standards.columns.characters import narrow, tidy_apart
from crm_migrate.standards.columns.residue import (
    behind_first,
    change_where,
    holds,
    mask_where,
    per_distinct,
)
from crm_migrate.standards.contract import PLAIN, Context, Masks
from crm_migrate.standards.reading.words_beside import has_note
from crm_migrate.standards.rule_families import normalised, note, several

BASIS = Text("RFC 3986, RFC 5891", "RFC 3986、RFC 5891")
_HOST = (
    r"(?:[a-z0-9\p{Han}](?:[a-z0-9\p{Han}-]*[a-z0-9\p{Han}])?\.)+"
    r"(?:[a-z]{2,24}|中国|公司|网络|网址|商城|集团|香港|台湾)"
)
_WHOLE = rf"(?:https?://)?{_HOST}(?::[0-9]{{1,5}})?(?:/[^\s/?#]+)*(?:/?[?#][^\s]*[^\s/])?"
CANONICAL = f"^{_WHOLE}$"
_SEVERAL = f"^{_WHOLE}/?(?:[;,、| ]+{_WHOLE}/?)+$"
_LISTED = rf"(?i)({_HOST}[^\s;,、|/]*)/?\s+/\s+((?:https?://)?{_HOST})"
"""`a.com / b.com`: a slash between blanks parts addresses, it is none of them."""
_LOOKED_INTO = r"xn--|\p{Han}www\."
"""Formed, and yet not as people read it: coded letters; a label right before the address."""
_CODED = r"(?:^|[/.])xn--"
_LABEL = r"(?i)^(?:网址|官网|网站|主页|公司网站|公司网址|website|web|url|homepage)(?:[:=]\s*|\s+)"
_WORDED = r"(?i)^\p{Han}+[:\s]*((?:https?://|www\.).*)$"
_WORDS_BEHIND = r"\s*\([^()]*\)$|([a-z0-9/])\s*\p{Han}+$"
_SLIPS = (
    r"(?i)^(?:https?:?[/\\]+)?"
    r"(h+t+p+s?|htpps?|hptts?|thtps?|tthps?|httsp|hppts?|ttps?)(?::?[/\\]+|:)"
)
"""http:/x, http//x, https:\\x, http:x, htpp://x, http://http://x."""
_COMMAS = (
    r"(?i)^(?:https?://)?[a-z0-9-]+(?:[.,][a-z0-9-]+)*[.,]"
    r"(?:com|cn|net|org|ltd|group|tech|top|cc|hk|tw|io|vip|xyz|info|biz|shop)/?$"
)
"""Commas for dots: www,example,com."""
_LISTED_BY_COMMAS = r"(?i)[.,](?:com|cn|net|org)(?:[.,][a-z]{2})?,[a-z0-9-]+[.,]"
_TYPO = r"^(?:https?://)?(?:w{1,2}\.|w{4,}\.|www[a-z0-9-])|\.(?:con|cmo|ocm|comm|cpm|vom|coom|c0m)(?:[/:?#]|$)"
_UNDER_WWW = r"^(?:https?://)?www\.[^./]+$"
"""www.example: the name or its ending is missing."""

NORMALISED = normalised("website", "web address", "网址")
FORMAT = Rule(
    "website.format",
    Severity.WARNING,
    Text("This is no web address", "网址格式不正确"),
    Text("Correct it or leave it empty.", "请更正或留空。"),
)
MAIL = Rule(
    "website.mail",
    Severity.WARNING,
    Text("A mail address stands in place of a web address", "网址栏中填写的是邮箱地址"),
    Text(
        "Enter the web address; the mail address belongs into its own field.",
        "请填写网址；邮箱请填写在邮箱字段。",
    ),
)
SEVERAL = several("website", "web addresses", "网址")
TYPO = Rule(
    "website.typo",
    Severity.WARNING,
    Text("The web address looks mistyped", "网址疑似录入错误"),
    Text(
        "Like ww.example.com or .con: check and correct it.",
        "如 ww.example.com、.con，请核对修改。",
    ),
)
NOTE = note("website", "web address", "网址")
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, MAIL, SEVERAL, TYPO, NOTE)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    r"""Lower-case host without trailing slash, the first of several; anything else is kept.

    >>> normalise(pl.Series(["ＷＷＷ.Example.com/", "HTTP://Example.com/A/"])).to_list()
    ['www.example.com', 'http://example.com/A']
    >>> normalise(pl.Series(["官网：https:\\xn--fsqu00a.xn--fiqs8s", "a.com；b.com", "李娜"])).to_list()
    ['https://例子.中国', 'a.com', '李娜']
    """  # noqa: E501
    odd = ~holds(raw.str.contains(CANONICAL)) | holds(raw.str.contains(_LOOKED_INTO))
    return change_where(raw, odd & raw.is_not_null(), _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = _text(raw)
    whole = _address(text.str.replace_all(" ", ""))
    first = _address(text.str.extract(r"^([^;,、| ]+)", 1))
    several = holds(text.str.to_lowercase().str.contains(_SEVERAL))
    read = whole.zip_with(~several & holds(whole.str.contains(CANONICAL)), first)
    known = holds(read.str.contains(CANONICAL)) & (several | holds(read == whole))
    return read.zip_with(known, tidy_apart(raw))


def overflow(raw: pl.Series) -> pl.Series:
    """The addresses of each cell that `normalise` did not take; null where there are none.

    >>> overflow(pl.Series(["www.a.com; B.com/", "www.a.com / b.cn", "www.a.com/b"])).to_list()
    ['b.com', 'b.cn', None]
    """
    text = _text(raw)
    listed = text.str.to_lowercase().str.contains(_SEVERAL)
    nothing = text.set(text.is_not_null(), None)
    return change_where(nothing, listed, lambda _: _others(text.filter(holds(listed))))


def _others(text: pl.Series) -> pl.Series:
    parts = pl.DataFrame({"one": text.str.replace_all(r"[;,、| ]+", ";").str.split(";")})
    parts = parts.with_row_index("row").explode("one")
    parts = parts.with_columns(_address(parts["one"]).alias("one"))
    lists = parts.group_by("row", maintain_order=True).agg("one")
    return behind_first(lists["one"])


def _text(raw: pl.Series) -> pl.Series:
    text = narrow(raw.str.replace_all(r"[\r\n]+", ";")).str.replace_all("。", ".")
    text = text.str.replace(_LABEL, "").str.strip_chars(" ;,<>《》\"'“”.")
    worded = text.str.contains(r"\p{Han}|\)$")
    text = change_where(text, worded, _without_words)
    commas = text.str.contains(_COMMAS) & ~text.str.contains(_LISTED_BY_COMMAS)
    text = change_where(text, commas, lambda few: few.str.replace_all(",", "."))
    slip = text.str.extract(_SLIPS, 1).str.to_lowercase().str.contains("s")
    scheme = pl.select(pl.when(slip).then(pl.lit("https://")).otherwise(pl.lit("http://")))
    wrong = holds(text.str.contains(_SLIPS))
    text = change_where(
        text,
        wrong,
        lambda few: scheme.to_series().filter(wrong) + few.str.replace(_SLIPS, ""),
    )
    return text.str.replace(_LISTED, "$1;$2")


def _without_words(text: pl.Series) -> pl.Series:
    return text.str.replace(_WORDED, "$1").str.replace(_WORDS_BEHIND, "$1").str.strip_chars(" ;,.")


def _address(text: pl.Series) -> pl.Series:
    """Host in lower case and decoded, no slash at the end."""
    text = text.str.replace(r"/+$", "")
    host = text.str.extract(r"^((?i:https?://)?[^/?#]+)", 1)
    behind = text.str.strip_prefix(host)
    host = host.str.to_lowercase()
    coded = holds(host.str.contains(_CODED))
    return change_where(host, coded, lambda few: per_distinct(few, _decoded)) + behind


def _decoded(host: str) -> str:
    import idna

    scheme, mark, name = host.rpartition("//")
    name, colon, port = name.partition(":")
    try:
        return f"{scheme}{mark}{idna.decode(name)}{colon}{port}"
    except idna.IDNAError:
        return host


def is_mail(value: pl.Series) -> pl.Series:
    """True where the text is a mail address.

    >>> is_mail(pl.Series(["mailto:li@example.com", "www.example.com", None])).to_list()
    [True, False, False]
    """
    return mask_where(
        value,
        value.str.contains("[@＠]"),
        lambda few: email.normalise(few).str.contains(email.CANONICAL),
    )


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form, mail addresses, slips of the fingers, several addresses in a cell, words beside."""
    formed = holds(value.str.contains(CANONICAL))
    formed = formed & ~mask_where(value, formed, lambda few: few.str.contains(_UNDER_WWW))
    other = value.is_not_null() & ~formed
    mail = mask_where(value, other, is_mail)
    yield MAIL, mail
    yield FORMAT, other & ~mail
    yield TYPO, mask_where(value, formed, lambda few: few.str.contains(_TYPO))
    changed = formed & holds(raw != value)
    yield NOTE, has_note(raw, changed & ~holds(value.str.contains(r"\p{Han}")))
    yield SEVERAL, mask_where(raw, changed, lambda few: overflow(few).is_not_null())


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """As it is: a web address is public."""
    return value
