"""Columns that a condition cannot do without: where they are empty, it needs not be asked.

As in SQL, a comparison with a missing value is unknown. So a rule about a column that nobody has
filled in is answered before anything is computed.
"""

from typing import TYPE_CHECKING

from crm_migrate.model import Entity

if TYPE_CHECKING:
    from sqlglot import exp

_MAKE_UP = {"coalesce", "greatest", "least", "case", "if"}
"""Functions that answer although something is missing."""


def unknown_without(node: "exp.Expr", entity: Entity) -> frozenset[str]:
    """The record's own fields without any of which the condition is neither true nor false."""
    from sqlglot import exp

    inner = node.unnest()
    if isinstance(inner, exp.EQ | exp.NEQ | exp.LT | exp.LTE | exp.GT | exp.GTE | exp.Between):
        return _strict(inner, entity)
    return _strict(inner.this, entity) if isinstance(inner, exp.In) else frozenset()


def untrue_without(node: "exp.Expr", entity: Entity) -> frozenset[str]:
    """The record's own fields without any of which the condition is never true."""
    from sqlglot import exp

    inner = node.unnest()
    if isinstance(inner, exp.And):
        return untrue_without(inner.this, entity) | untrue_without(inner.expression, entity)
    if isinstance(inner, exp.Column):
        return _strict(inner, entity)
    return unknown_without(node, entity)


def _strict(node: "exp.Expr", entity: Entity) -> frozenset[str]:
    """The fields in an expression that is missing when one of them is."""
    from sqlglot import exp

    plain = (exp.Column, exp.Identifier, exp.Literal, exp.Paren, exp.Binary, exp.Func, exp.Between)
    answering = (exp.Connector, exp.Is, exp.AggFunc)
    for part in node.walk():
        made_up = isinstance(part, exp.Func) and _name(part) in _MAKE_UP
        if not isinstance(part, plain) or isinstance(part, answering) or made_up:
            return frozenset()
    # Of what a reference leads to, the reference.
    columns = (str(c.table or c.name) for c in node.find_all(exp.Column))
    return frozenset(name for name in columns if name in entity.by_name)


def _name(function: "exp.Func") -> str:
    return str(function.name if function.key == "anonymous" else function.key).lower()
