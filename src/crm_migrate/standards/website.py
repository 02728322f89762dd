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
from crm_migrate.standards.columns.residue import change_where, holds, mask_where, per_distinct
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised

BASIS = Text("RFC 3986, RFC 5891", "RFC 3986、RFC 5891")
_HOST = (
    r"(?:[a-z0-9\p{Han}](?:[a-z0-9\p{Han}-]*[a-z0-9\p{Han}])?\.)+"
    r"(?:[a-z]{2,24}|中国|公司|网络|网址|商城|集团|香港|台湾)"
)
_WHOLE = rf"(?:https?://)?{_HOST}(?::[0-9]{{1,5}})?(?:/[^\s/?#]+)*(?:/?[?#][^\s]*[^\s/])?"
CANONICAL = f"^{_WHOLE}$"
_SEVERAL = f"^{_WHOLE}/?(?:[;,、| ]+{_WHOLE}/?)+$"
_CODED = r"(?:^|[/.])xn--"
_MARKED = r"(?i)^(?:网址|官网|网站|主页|website|web|url|homepage)[:=]"
_SLIPS = r"(?i)^(https?)(?::?[/\\]+|:)"
"""http:/x, http//x, https:\\x, http:x."""

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
SEVERAL = Rule(
    "website.several",
    Severity.WARNING,
    Text("The cell held several addresses; the first was taken", "一格中有多个网址，已取第一个"),
    Text("The source still has the others.", "其余网址仍保留在源数据中。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT, MAIL, SEVERAL)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    r"""Lower-case host without trailing slash, the first of several; anything else is kept.

    >>> normalise(pl.Series(["ＷＷＷ.Example.com/", "HTTP://Example.com/A/"])).to_list()
    ['www.example.com', 'http://example.com/A']
    >>> normalise(pl.Series(["官网：https:\\xn--fsqu00a.xn--fiqs8s", "a.com；b.com", "李娜"])).to_list()
    ['https://例子.中国', 'a.com', '李娜']
    """  # noqa: E501
    odd = ~holds(raw.str.contains(CANONICAL)) | holds(raw.str.contains("xn--", literal=True))
    return change_where(raw, odd & raw.is_not_null(), _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = _text(raw)
    whole = _address(text.str.replace_all(" ", ""))
    first = _address(text.str.extract(r"^([^;,、| ]+)", 1))
    several = holds(text.str.to_lowercase().str.contains(_SEVERAL))
    read = whole.zip_with(~several & holds(whole.str.contains(CANONICAL)), first)
    known = holds(read.str.contains(CANONICAL)) & (several | holds(read == whole))
    return read.zip_with(known, tidy_apart(raw))


def _text(raw: pl.Series) -> pl.Series:
    text = narrow(raw.str.replace_all(r"[\r\n]+", ";")).str.replace_all("。", ".")
    return text.str.replace(_MARKED, "").str.strip_chars(" ;,").str.replace(_SLIPS, "$1://")


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
    """Form, mail addresses, several addresses in a cell."""
    formed = holds(value.str.contains(CANONICAL))
    other = value.is_not_null() & ~formed
    mail = mask_where(value, other, is_mail)
    yield MAIL, mail
    yield FORMAT, other & ~mail
    changed = formed & holds(raw != value)
    yield (
        SEVERAL,
        mask_where(raw, changed, lambda r: _text(r).str.to_lowercase().str.contains(_SEVERAL)),
    )


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """As it is: a web address is public."""
    return value
