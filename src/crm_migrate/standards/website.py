"""Web address 网址.

Basis: RFC 3986, RFC 1034 host names. Scheme and host in lower case, no trailing slash; a
missing scheme stays missing.
"""

import polars as pl

from crm_migrate.language import Text
from crm_migrate.records import Rule, Severity
from crm_migrate.standards.characters import compact, tidy
from crm_migrate.standards.contract import PLAIN, Context, Masks, normalised
from crm_migrate.standards.residue import holds, unless_matching

BASIS = Text("RFC 3986", "RFC 3986")
CANONICAL = (
    r"^(?:https?://)?(?:[a-z0-9\p{Han}](?:[a-z0-9\p{Han}-]*[a-z0-9\p{Han}])?\.)+"
    r"(?:[a-z]{2,24}|中国|公司|网络)(?::[0-9]{1,5})?(?:/[^\s/]+)*$"
)
NORMALISED = normalised("website", "web address", "网址")
FORMAT = Rule(
    "website.format",
    Severity.WARNING,
    Text("This is no web address", "网址格式不正确"),
    Text("Correct it or leave it empty.", "请更正或留空。"),
)
RULES: tuple[Rule, ...] = (NORMALISED, FORMAT)


def normalise(raw: pl.Series, context: Context = PLAIN) -> pl.Series:
    """Lower-case host without trailing slash; anything else is kept.

    >>> normalise(pl.Series(["ＷＷＷ.Example.com/", "HTTP://Example.com/A/"])).to_list()
    ['www.example.com', 'http://example.com/A']
    """
    return unless_matching(raw, CANONICAL, _repaired)


def _repaired(raw: pl.Series) -> pl.Series:
    text = compact(raw).str.replace_all("。", ".").str.replace(r"/+$", "")
    host = text.str.extract(r"^((?i:https?://)?[^/]+)")
    address = host.str.to_lowercase() + text.str.replace(r"^(?i:https?://)?[^/]+", "")
    return address.zip_with(holds(address.str.contains(CANONICAL)), tidy(raw))


def validate(raw: pl.Series, value: pl.Series, context: Context = PLAIN) -> Masks:
    """Form."""
    yield FORMAT, value.is_not_null() & ~holds(value.str.contains(CANONICAL))


def format(value: pl.Series) -> pl.Series:
    """As it is."""
    return value


def mask(value: pl.Series) -> pl.Series:
    """As it is: a web address is public."""
    return value
