"""Texts of rules as sqlglot reads them, and their parts."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from crm_migrate.language import Text
from crm_migrate.standards.rules.functions import FUNCTIONS
from crm_migrate.standards.rules.kinds import Misread

if TYPE_CHECKING:
    from sqlglot import exp


LONGEST = 4_000
"""Characters of an expression."""


def parsed(text: str) -> "exp.Expression":
    """The tree of a text.

    Raises:
        Misread: it is too long, or not one expression.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError

    if len(text) > LONGEST:
        raise Misread(Text("the expression is too long", "表达式过长"))
    try:
        found = sqlglot.parse(text)
    except SqlglotError as error:
        told: list[dict[str, Any]] = getattr(error, "errors", None) or [{}]
        near = str(told[0].get("highlight") or "")
        at = told[0].get("col")
        place = f" at character {at}" if at else ""
        raise Misread(
            Text(f"not an expression{place}: {near}",
                 f"表达式有语法错误(第 {at} 个字符附近):{near}"),
            Text("conditions are written as in SQL: kind = '企业' and uscc is null",
                 "条件写法同 SQL,例如:kind = '企业' and uscc is null"),
        ) from None  # fmt: skip
    if len(found) != 1 or found[0] is None:
        raise Misread(Text("exactly one expression is wanted", "此处须为一个表达式"))
    tree: exp.Expression = found[0]  # type: ignore[assignment]  # sqlglot's own base class
    return tree


def called(node: "exp.Expression") -> tuple[str, list[Any]]:
    """Name and arguments of a function, in the order in which they were written."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        return str(node.name).lower(), list(node.expressions)
    names = [n.lower() for n in getattr(node, "sql_names", list)()]
    name = next((n for n in names if n in FUNCTIONS), names[0] if names else "")
    return name, list(_flat(node.args.get(key) for key in node.arg_types))


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    from sqlglot import exp

    for value in values:
        if isinstance(value, list):
            yield from value
        elif isinstance(value, exp.Expression):
            yield value


def only(node: Any, *keys: str) -> Any:
    """The first part of a node that may have these parts and no others.

    Raises:
        Misread: it has others (`distinct`, a sub-query, …).
    """
    if {k for k, v in node.args.items() if v not in (None, False, [])} - set(keys):
        raise unknown(node)
    return node.args.get(keys[0])


def unknown(node: "exp.Expression") -> Misread:
    """The fault of a part that the language does not have."""
    shown = node.sql()[:60]
    return Misread(
        Text(f"this is no part of the language of rules: {shown}", f"规则语言不支持：{shown}"),
        Text("see docs/rules.md", "参见 docs/rules.md"),
    )
