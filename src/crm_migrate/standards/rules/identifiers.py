"""What rules may ask of identifiers: who gave a code out, and of which document a number can be.

Basis: the table of `reading.authorities`; the forms of `standards.uscc`, `standards.id_number` and
`standards.travel_document`.
"""

import polars as pl

from crm_migrate.standards import id_number, tax_number, travel_document, uscc
from crm_migrate.standards import organisation_code as organisation
from crm_migrate.standards.reading import authorities

_DOCUMENTS = {
    "居民身份证": r"^[1-7][0-9]{16}[0-9X]$",
    "港澳台居民居住证": r"^8[123]0000[0-9]{11}[0-9X]$",
    "外国人永久居留身份证": r"^9[0-9]{16}[0-9X]$",
}
"""Kinds of documents whose numbers are identity numbers: the first digits tell them apart."""


def authority(code: pl.Expr) -> pl.Expr:
    """The registering authority of a unified social credit code, by its name in the standard.

    >>> pl.select(authority(pl.lit("92110108MA01KP2T5U"))).item()
    '工商'
    """
    names = {both[0]: name for both, (name, _) in authorities.classes().items()}
    return _coded(code, 1).replace_strict(names, default=None, return_dtype=pl.String)


def organisation_class(code: pl.Expr) -> pl.Expr:
    """The class of organisation in a unified social credit code.

    >>> pl.select(organisation_class(pl.lit("92110108MA01KP2T5U"))).item()
    '个体工商户'
    """
    names = {both: name for both, (_, name) in authorities.classes().items()}
    return _coded(code, 2).replace_strict(names, default=None, return_dtype=pl.String)


def _coded(code: pl.Expr, places: int) -> pl.Expr:
    return pl.when(code.str.contains(uscc.CANONICAL)).then(code.str.head(places))


def organisation_code(code: pl.Expr) -> pl.Expr:
    """The nine characters of the organisation in a unified code, an old tax number, or alone; null
    where a check fails.

    >>> [pl.select(organisation_code(pl.lit(x))).item() for x in (
    ...     "91110108551385082Q", "110108551385082", "551385082", "11010519491231002X")]
    ['551385082', '551385082', '551385082', None]
    """
    return code.map_batches(_organisation_code, return_dtype=pl.String())


def _organisation_code(codes: pl.Series) -> pl.Series:
    nothing = codes.set(codes.is_not_null(), None)
    found = codes.zip_with(organisation.is_valid(codes), nothing)
    found = codes.str.slice(8, 9).zip_with(uscc.is_valid(codes), found)
    return codes.str.slice(6).zip_with(tax_number.old_organisation_fits(codes), found)


def document_kind(number: pl.Expr) -> pl.Expr:
    """The kind of identity document, by its Chinese name; null where the number leaves it open.

    >>> [pl.select(document_kind(pl.lit(x))).item() for x in (
    ...     "11010519491231002X", "E12345678", "12345678")]
    ['居民身份证', '护照', None]
    """
    known = pl.coalesce(
        pl.when(number.str.contains(form)).then(pl.lit(name)) for name, form in _DOCUMENTS.items()
    )
    other = number.map_batches(travel_document.kind, return_dtype=pl.String())
    return pl.when(number.str.contains(id_number.CANONICAL)).then(known).otherwise(other)


def document_fits(number: pl.Expr, kind: pl.Expr) -> pl.Expr:
    """Whether the number can be of a document of that kind; null where either is unknown.

    >>> frame = pl.DataFrame({"n": ["12345678", "12345678", "12345678"],
    ...                       "k": ["台湾居民来往大陆通行证", "居民身份证", "其他"]})
    >>> frame.select(document_fits(pl.col("n"), pl.col("k"))).to_series().to_list()
    [True, False, None]
    """
    forms = [*_DOCUMENTS.items(), *travel_document.KINDS]
    fits = pl.any_horizontal((kind == name) & number.str.contains(form) for name, form in forms)
    return pl.when(kind.is_in(sorted({name for name, _ in forms}))).then(fits)
