"""Currencies other than CNY as people write them beside an amount, and their ISO 4217 codes."""

import polars as pl

from crm_migrate.standards.columns.characters import compact
from crm_migrate.standards.columns.residue import change_where, holds

_WRITINGS = {
    "HKD": r"hkd|hk\$|港元|港币",
    "TWD": r"twd|ntd|nt\$|新?台币",
    "SGD": r"sgd|s\$|新加坡元|新币",
    "AUD": r"aud|au?\$|澳元",
    "CAD": r"cad|ca?\$|加元",
    "USD": r"usd|us\$|美元|美金|美刀|\$",
    "EUR": "eur|€|欧元",
    "GBP": "gbp|£|英镑",
    "JPY": "jpy|日元|日圆",
    "CHF": "chf|瑞士法郎",
    "MOP": "mop|澳门元|葡币",
    "KRW": "krw|₩|韩元|韩币",
    "RUB": "rub|₽|卢布",
    "THB": "thb|฿|泰铢",
    "INR": "inr|卢比",
}
"""Code → regex; $ alone counts last, as the dollar of the United States."""
ANY = f"(?i){'|'.join(_WRITINGS.values())}|外币"
"""A regex of every writing, 外币 (some other currency) included."""


def code_of(raw: pl.Series) -> pl.Series:
    """The code of the other currency that the cell names; null for none, or for 外币.

    >>> code_of(pl.Series(["HK$100", "100万美元", "1.2亿日元", "100元", None])).to_list()
    ['HKD', 'USD', 'JPY', None, None]
    """
    code = pl.Series(raw.name, [None], dtype=pl.String).new_from_index(0, len(raw))
    odd = holds(raw.str.contains(ANY)) | holds(raw.str.contains("[＄￡￦ａ-ｚＡ-Ｚ]"))
    return change_where(code, odd, lambda _: _code(compact(raw.filter(odd))))


def _code(text: pl.Series) -> pl.Series:
    code = text.set(text.is_not_null(), None)
    for name, writing in reversed(_WRITINGS.items()):
        code = code.set(holds(text.str.contains(f"(?i){writing}")), name)
    return code


def without(text: pl.Series) -> pl.Series:
    """Compact texts without the currency they name.

    >>> without(pl.Series(["us$100", "100万(美元)", "100万美元整"])).to_list()
    ['100', '100万', '100万整']
    """
    return text.str.replace(rf"(?i)\(?(?:{ANY.removeprefix('(?i)').removesuffix('|外币')})\)?", "")
