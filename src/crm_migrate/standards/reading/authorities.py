"""Who gives unified social credit codes out, and to which classes of organisation.

Basis: the table of GB 32100-2015 and its amendment of 2016, `data/gb32100_2015.csv`: of a code the
first character is the registering authority, the second the class of organisation there.
"""

from functools import cache

from crm_migrate.standards.data.tables import Table


@cache
def classes() -> dict[str, tuple[str, str]]:
    """Authority and class as written (`91`) → their names.

    >>> classes()["92"]
    ('工商', '个体工商户')
    """
    rows = Table("gb32100_2015").rows
    return {r["authority"] + r["class"]: (r["authority_name"], r["class_name"]) for r in rows}


@cache
def with_class() -> str:
    """A regex: what begins with an authority and a class that it has."""
    return f"^(?:{'|'.join(classes())})"


@cache
def with_authority() -> str:
    """A regex: what begins with an authority."""
    return f"^[{''.join(sorted({code[0] for code in classes()}))}]"
