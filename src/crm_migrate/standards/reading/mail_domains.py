"""What the domain of a mail address tells: whether anybody can have one there, whether it is
mistyped.

Basis: `data/mail_domains.csv`, mail services that anybody can use and how they are mistyped.
"""

from collections.abc import Iterator
from functools import cache

import polars as pl

from crm_migrate.standards.columns.residue import change_where, holds
from crm_migrate.standards.data.tables import Table

_WRONG_ENDING = r"\.(?:con|cmo|ocm|comm|cpm|vom|xom|cim|coom|c0m|cm|ocm\.cn|cmo\.cn|con\.cn)$"
"""Cameroon's .cm, too: no customer in China has it, and many leave out a letter."""


@cache
def mistyped() -> str:
    """A regex: a mail address whose domain looks mistyped."""
    domains = "|".join(domain.replace(".", r"\.") for domain in _meant())
    return rf"@(?:{domains})$|{_WRONG_ENDING}"


def suggestion(value: pl.Series) -> pl.Series:
    """The address with the domain that was probably meant, null where nothing is doubted.

    >>> suggestion(pl.Series(["a@163.con", "a@gmial.com", "b@firm.con", "a@163.com"])).to_list()
    ['a@163.com', 'a@gmail.com', 'b@firm.com', None]
    """
    return change_where(value.set(value.is_not_null(), None), value.str.contains(mistyped()), (
        lambda _: _corrected(value.filter(holds(value.str.contains(mistyped()))))
    ))  # fmt: skip


def meant_domain(value: pl.Series) -> pl.Series:
    """The domain that was probably meant, null where nothing is doubted; of masked addresses, too.

    >>> meant_domain(pl.Series(["l***@163.con", "a@163.com"])).to_list()
    ['163.com', None]
    """
    return suggestion(value).str.extract(r"@(.+)$")


def kinds(value: pl.Series) -> pl.Series:
    """`free` for addresses at services that anybody can use, `company` for those at domains of
    their own; null where there is no address.

    >>> kinds(pl.Series(["a@qq.com", "a@example.com", "没有"])).to_list()
    ['free', 'company', None]
    """
    domain = value.str.extract(r"^[^@]+@([^@]+)$")
    free = pl.Series(["free"]).new_from_index(0, len(value))
    company = pl.Series(["company"]).new_from_index(0, len(value))
    kind = free.zip_with(holds(domain.is_in(sorted(_free()))), company)
    return kind.set(domain.is_null(), None).alias(value.name)


def _corrected(value: pl.Series) -> pl.Series:
    domain = value.str.extract(r"@(.+)$").str.replace(_WRONG_ENDING, ".com")
    return value.str.extract(r"^(.*@)") + domain.replace(_meant())


@cache
def _free() -> frozenset[str]:
    return frozenset(row["domain"] for row in Table("mail_domains").rows)


@cache
def _meant() -> dict[str, str]:
    """Domains that people write, and the one they mean; no domain of a mail service is doubted."""
    found: dict[str, str] = {}
    for row in Table("mail_domains").rows:
        domain = row["domain"]
        slips = _slips(domain) if row["slips"] else ()
        for wrong in (*row["mistyped"].split(";"), *slips):
            if wrong and wrong not in _free():
                found.setdefault(wrong, domain)
    return found


def _slips(domain: str) -> Iterator[str]:
    """What fingers do with a domain: an ending cut short; two letters changed about, one left out,
    one doubled. The first letter is mostly right.

    >>> [s for s in _slips("gmail.com") if s in ("gmial.com", "gmil.com", "gmail.co", "mail.com")]
    ['gmail.co', 'gmial.com', 'gmil.com']
    """
    name, _, ending = domain.partition(".")
    yield from (f"{name}.co", f"{name}.cm", f"{name}.om")
    for n in range(1, len(name)):
        slips = [name[:n] + name[n + 1 :], name[:n] + name[n] + name[n:]]
        if n + 1 < len(name):
            slips.insert(0, name[:n] + name[n + 1] + name[n] + name[n + 2 :])
        yield from (f"{slip}.{ending}" for slip in slips if slip != name)
