"""What rules may ask of names, numbers and mail addresses.

Basis: the tables of `standards.reading.mail_domains`, `standards.mobile`, `standards.title`, and of
`numbering_plan`, `company_parts` and `person_names` of `standards.reading`.
"""

from functools import cache

import polars as pl

from crm_migrate.standards import email, mobile, phone, title
from crm_migrate.standards.address import parts as address_parts
from crm_migrate.standards.columns.residue import mask_where
from crm_migrate.standards.reading import company_parts, mail_domains
from crm_migrate.standards.reading.numbering_plan import AREA, areas
from crm_migrate.standards.reading.person_names import looks_like_name


def free_mail(address: pl.Expr) -> pl.Expr:
    """Whether a mail address is at a service that anybody can use; null without an address.

    >>> [pl.select(free_mail(pl.lit(x))).item() for x in ("a@qq.com", "a@example.com", "无")]
    [True, False, None]
    """
    return address.map_batches(mail_domains.kinds, return_dtype=pl.String()) == "free"


def role_mail(address: pl.Expr) -> pl.Expr:
    """Whether a mail address is that of a function (info@, sales@).

    >>> pl.select(role_mail(pl.lit("info@example.com"))).item()
    True
    """
    return address.map_batches(email.is_role, return_dtype=pl.Boolean())


def mobile_use(number: pl.Expr) -> pl.Expr:
    """`people`, `resold` (by a virtual operator), `device`, `unallocated`, `unknown`.

    >>> pl.select(mobile_use(pl.lit("17000138000"))).item()
    'resold'
    """
    return number.map_batches(mobile.uses, return_dtype=pl.String())


def phone_province(number: pl.Expr) -> pl.Expr:
    """The province of a landline by its area code.

    >>> pl.select(phone_province(pl.lit("0755-26001234"))).item()
    '广东省'
    """
    return number.map_batches(_province, return_dtype=pl.String())


def _province(numbers: pl.Series) -> pl.Series:
    return phone.places(numbers)["province"].alias(numbers.name)


def phone_fits(number: pl.Expr, address: pl.Expr) -> pl.Expr:
    """Whether one of a cell's landlines has the area code of the address's city; null where the
    numbers have none, or the table of area codes says nothing of that city.

    >>> near = pl.lit("广东省深圳市南山区科技园路1号")
    >>> [pl.select(phone_fits(pl.lit(n), near)).item()
    ...  for n in ("0755-26001234", "020-38001234", "13800138000", "010-62001234;0755-26001234")]
    [True, False, None, True]
    """
    both = pl.struct(number.alias("number"), address.alias("address"))
    return both.map_batches(_fits, return_dtype=pl.Boolean())


def _fits(cells: pl.Series) -> pl.Series:
    lies = address_parts(cells.struct.field("address"))
    city = lies.select(pl.col("province") + pl.coalesce("city", "district")).to_series()
    whole = lies["province"] + lies["province"]  # 上海市 is its own city
    table, kind = _codes_of_cities(), pl.List(pl.String)
    here = [of.replace_strict(table, default=None, return_dtype=kind) for of in (city, whole)]
    said = cells.struct.field("number").str.extract_all(f"(?:^|;){AREA}-")
    codes = said.list.eval(pl.element().str.strip_chars(";-"))
    fit = codes.list.set_intersection(here[0].zip_with(here[0].is_not_null(), here[1]))
    return (fit.list.len() > 0).set(~(codes.list.len() > 0), None).alias(cells.name)


@cache
def _codes_of_cities() -> dict[str, list[str]]:
    """Province and city → area codes, those that were given up too."""
    found: dict[str, list[str]] = {}
    for code, row in areas().items():
        for city in row["cities"].split("、"):
            found.setdefault(row["province"] + city, []).append(code)
            if row["now"]:
                found[row["province"] + city].append(row["now"])
    return found


def title_level(name: pl.Expr) -> pl.Expr:
    """1 (decides for the company) to 5 (staff); null for titles that are not known.

    >>> pl.select(title_level(pl.lit("销售总监"))).item()
    2.0
    """
    return name.map_batches(title.levels, return_dtype=pl.Int8()).cast(pl.Float64)


def organisation_kind(name: pl.Expr) -> pl.Expr:
    """企业, 个体工商户, 社会团体 …, where the ending of an organisation's name tells it.

    >>> pl.select(organisation_kind(pl.lit("昆山市五金商会"))).item()
    '社会团体'
    """
    return name.map_batches(company_parts.kinds, return_dtype=pl.String())


def named_like_person(name: pl.Expr) -> pl.Expr:
    """Whether a name is a surname with a given name, and no organisation's.

    >>> [pl.select(named_like_person(pl.lit(x))).item() for x in ("王小明", "万达", "恒通公司")]
    [True, True, False]
    """
    return name.map_batches(_like_person, return_dtype=pl.Boolean())


def _like_person(names: pl.Series) -> pl.Series:
    short = names.str.len_chars() <= 4
    return mask_where(
        names,
        short,
        lambda few: company_parts.kinds(few).is_null() & looks_like_name(few),
    )
