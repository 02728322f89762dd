"""Addresses as they are read: half width, simplified, without label, postcode, country, blanks."""

import polars as pl

from crm_migrate.standards.columns.characters import narrow, simplified
from crm_migrate.standards.columns.repeated import said_once
from crm_migrate.standards.columns.residue import change_where
from crm_migrate.standards.places import place_names

LEADING = r"^[\s,、/·>|_\\-]+"
"""What stands between the parts of an address."""
TWO = 60
"""Bytes that two addresses have at least, of ten characters each."""
_TRADITIONAL = "縣區鎮號廣東灣臺蘇陝貴雲遼龍慶寧鄉關樓層"
_ODD = (
    rf"[^\x{{4e00}}-\x{{9fa5}}0-9A-Za-z()#-]|[{_TRADITIONAL}]|"
    "^(?:中|[0-9]{6}|地址|住[所址]|邮编|-|$)|邮编"
)
_APART = r"^\s|\s$|[0-9]\s+[0-9]|[^\p{Han}0-9\s]\s|\s[^\p{Han}0-9\s]|[^\S ]"
"""Blanks that may stay: the others all stand beside a Chinese character."""
_LABEL = (
    r"^(?:(?:通讯|通信|联系|公司|单位|注册|办公|经营|详细|收货|送货|开票|企业|营业)?地址|"
    r"(?:住[所址]|(?:经营|营业|办公)(?:场所|地点))[::]|邮编)[::]?\s*"
)
_COUNTRY = r"^(?:中华人民共和国|中国)[\s,、/·-]*"
_POSTCODE_BEHIND = r"(?:[\s,、(]+(?:邮政编码|邮编)?|邮政编码|邮编)[::]?\s*[0-9]{6}\)?$"
_POSTCODE = r"^\(?(?:邮编[::]?)?[0-9]{6}\)?[\s,、]*(\p{Han}{2})"


def tidied(raw: pl.Series) -> pl.Series:
    """Each address tidied; null where nothing is left."""
    text = change_where(raw, raw.str.contains(_ODD), _narrowed)
    once = said_once(text, TWO)
    return change_where(once, once != text, tidied)


def _narrowed(raw: pl.Series) -> pl.Series:
    text = narrow(raw).str.replace(_POSTCODE_BEHIND, "")
    text = change_where(text, text.str.contains(f"[{_TRADITIONAL}]"), simplified)
    text = change_where(text, text.str.contains(" ", literal=True), _closed_up)
    for _ in range(2):
        text = text.str.replace(_LABEL, "").str.replace(_POSTCODE, "$1")
    text = change_where(text, text.str.contains(_COUNTRY), _without_country)
    text = text.str.replace(LEADING, "")
    return text.set(text == "", None)


def _without_country(text: pl.Series) -> pl.Series:
    """中国上海…; 中国银行大厦 and 中国 alone are no country in front of a place."""
    behind = text.str.replace(_COUNTRY, "")
    names = (place_names.provinces(), place_names.cities(), place_names.districts())
    place = pl.select(pl.any_horizontal(n.longest(behind).is_not_null() for n in names))
    return behind.zip_with(place.to_series(), text)


def _closed_up(text: pl.Series) -> pl.Series:
    apart = text.str.contains(_APART)
    closed = text.str.replace_all(" ", "", literal=True)
    return change_where(closed, apart, lambda _: _closed_up_between(text.filter(apart)))


def _closed_up_between(text: pl.Series) -> pl.Series:
    for _ in range(2):  # 科 技 园: every second blank is seen in one pass
        text = text.str.replace_all(r"(\p{Han})\s+(\p{Han}|[0-9])", "$1$2")
        text = text.str.replace_all(r"([0-9])\s+(\p{Han})", "$1$2")
    return text
