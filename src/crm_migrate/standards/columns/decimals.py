"""Decimal numbers as text: plain form, and shifting the point without any rounding."""

import polars as pl

from crm_migrate.standards.columns.residue import holds

PLAIN_DECIMAL = r"^(?:0|-?[1-9][0-9]*(?:\.[0-9]*[1-9])?|-?0\.[0-9]*[1-9])$"
"""No leading or trailing zeros, no plus, no exponent, no -0."""


def plain(text: pl.Series) -> pl.Series:
    """Numbers in plain form; null for what is no number.

    Groups of thousands (or of ten thousands) are accepted, exponents, too; brackets mean minus.

    >>> plain(pl.Series(["1,200,000.00", "(5)", "1.2E+3", "00.50", "-0", "1,2", "x"])).to_list()
    ['1200000', '-5', '1200', '0.5', '0', None, None]
    """
    text = text.str.replace(r"^\(([^()]*)\)$", "-$1").str.replace(r"^\+", "")
    grouped = text.str.contains(r"^-?[0-9]{1,4}(?:(?:,[0-9]{3})+|(?:,[0-9]{4})+)(?:\.[0-9]*)?$")
    text = text.str.replace_all(",", "").zip_with(holds(grouped), text)
    number = r"^(-?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee]([+-]?[0-9]{1,2}))?$"
    parts = pl.DataFrame({"text": text}).select(
        mantissa=pl.col("text").str.extract(number, 1) + pl.col("text").str.extract(number, 2),
        exponent=pl.col("text").str.extract(number, 3).cast(pl.Int32, strict=False).fill_null(0),
    )
    result = trimmed(parts.get_column("mantissa"))
    for exponent in parts.get_column("exponent").unique().to_list():
        if exponent:
            rows = parts.get_column("exponent") == exponent
            result = shifted(result, exponent).zip_with(rows, result)
    return result


def shifted(number: pl.Series, places: int) -> pl.Series:
    """Plain decimals times 10^places, exactly.

    >>> shifted(pl.Series(["120", "-1.25", "0"]), -4).to_list()
    ['0.012', '-0.000125', '0']
    >>> shifted(pl.Series(["1.23456"]), 4).to_list()
    ['12345.6']
    """
    if not places:
        return number
    whole = number.str.extract(r"^-?([0-9]*)", 1)
    part = number.str.extract(r"\.([0-9]+)$", 1).fill_null("")
    if places > 0:
        part = part.str.pad_end(places, "0")
        moved = whole + part.str.head(places) + "." + part.str.slice(places)
    else:
        whole = whole.str.pad_start(1 - places, "0")
        moved = whole.str.head(places) + "." + whole.str.tail(-places) + part
    sign = number.str.extract("^(-?)", 1)
    return trimmed(sign + moved)


def trimmed(number: pl.Series) -> pl.Series:
    """Digits with a point → plain form: no needless zeros, no -0."""
    text = number.str.replace(r"^(-?)\.", "${1}0.").str.replace(r"^(-?)0+([0-9])", "$1$2")
    dotted = text.str.contains(".", literal=True)
    text = text.str.replace(r"\.?0*$", "").zip_with(holds(dotted), text)
    return text.str.replace("^-0$", "0")
