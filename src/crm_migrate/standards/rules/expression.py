"""The small language of rules: SQL conditions over a record, what it refers to, what refers to it.

sqlglot parses; only what is listed here is understood, everything else is a fault. A parsed text is
checked against the model (fields, kinds of values) and becomes one Polars expression, so nothing
of it ever runs as Python or as SQL. Missing values are unknown, as in SQL: `null = 1` is neither
true nor false. Numbers that differ by less than 0.0000005 are equal.

    uscc is null or province(uscc) = province(address)
    customer.kind = '企业'                                     a field of what a reference leads to
    sum(contract.amount) filter (where contract.signed_on >= today() - 365) >= 500000
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, Model
from crm_migrate.records import RECORD_ID
from crm_migrate.standards.rules.functions import FUNCTIONS, call
from crm_migrate.standards.rules.kinds import (
    TODAY,
    Kind,
    Misread,
    Typed,
    column_of,
    kind_of,
)

if TYPE_CHECKING:
    from sqlglot import exp

LONGEST = 4_000
"""Characters of an expression."""
_NEAR = 5e-7


@dataclass(frozen=True, eq=False)
class Aggregate:
    """A figure over the records of `entity` whose field `reference` leads to the record."""

    name: str
    entity: str
    reference: str
    columns: frozenset[str]
    value: pl.Expr
    where: pl.Expr | None


@dataclass(frozen=True, eq=False)
class Expression:
    """A compiled text: evaluate `expr` over the columns that `inputs.inputs` makes."""

    text: str
    kind: Kind
    expr: pl.Expr
    columns: frozenset[str]
    """The record's own fields."""
    through: frozenset[tuple[str, str]]
    """(reference field, field of what it leads to)."""
    aggregates: tuple[Aggregate, ...]
    today: bool

    @property
    def of_record(self) -> bool:
        """Whether it depends on the record alone: on no other record, and on no day."""
        return not (self.through or self.aggregates or self.today)


_EVERY_ROW = pl.int_range(pl.len()) >= 0
"""Polars answers once where it sees that all rows have the same answer: spread over the rows."""


def compile_expression(
    text: str,
    entity: Entity,
    model: Model,
    wanted: Kind | None = None,
    known: Mapping[str, Expression] = MappingProxyType({}),
) -> Expression:
    """Compile a text about a record of `entity`; `known`: names that stand for other expressions.

    Raises:
        Misread: not the language, an unknown name, or kinds that do not fit (`wanted` included).
    """
    compiler = _Compiler(model, entity, known)
    try:
        made = compiler.typed(_parsed(text))
    except RecursionError:
        raise Misread(Text("the expression is nested too deeply", "表达式嵌套过深")) from None
    if wanted is not None and made.kind is not wanted:
        raise Misread(
            Text(f"this is a {made.kind.en}, a {wanted.en} is wanted",
                 f"此处应为{wanted.zh},实际为{made.kind.zh}")
        )  # fmt: skip
    return Expression(
        text=text,
        kind=made.kind,
        expr=pl.when(_EVERY_ROW).then(made.expr),
        columns=frozenset(compiler.columns),
        through=frozenset(compiler.through),
        aggregates=tuple(compiler.aggregates.values()),
        today=compiler.today,
    )


def _parsed(text: str) -> "exp.Expression":
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
    parsed: exp.Expression = found[0]  # type: ignore[assignment]  # sqlglot's own base class
    return parsed


@dataclass
class _Compiler:
    model: Model
    entity: Entity
    known: Mapping[str, Expression]
    inner: bool = False
    """Inside of a figure over other records: `entity` is theirs."""
    columns: set[str] = field(default_factory=set)
    through: set[tuple[str, str]] = field(default_factory=set)
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    today: bool = False

    def typed(self, node: "exp.Expression") -> Typed:
        """The node as a Polars expression with its kind."""
        from sqlglot import exp

        match node:
            case exp.Paren():
                return self.typed(_only(node, "this"))
            case exp.Literal():
                return _literal(str(node.this), text=bool(node.args.get("is_string")))
            case exp.Boolean():
                return Typed(pl.lit(bool(node.this)), Kind.TRUTH)
            case exp.Column():
                return self._column(node)
            case exp.Filter() | exp.Sum() | exp.Count() | exp.Min() | exp.Max() | exp.Avg():
                return self._aggregate(node)
            case exp.And() | exp.Or() | exp.Not():
                return self._logic(node)
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                left, right = self._both(node)
                return Typed(_compared(type(node).__name__, left, right), Kind.TRUTH)
            case exp.In() | exp.Between() | exp.Is() | exp.Like():
                return self._test(node)
            case exp.Add() | exp.Sub() | exp.Mul() | exp.Div() | exp.DPipe() | exp.Neg():
                return self._arithmetic(node)
            case exp.Case():
                return self._case(node)
            case exp.Cast() if isinstance(node.this, exp.Literal):
                return _dated(node)
            case exp.Func():
                return self._function(node)
        raise _unknown(node)

    def _column(self, node: "exp.Expression") -> Typed:
        _only(node, "this", "table")
        name, table = str(node.name), str(node.args.get("table") or "").strip('"')
        if not table and name in self.known:
            return self._named(self.known[name])
        if self.inner:
            if not table or not _is(self.entity, table):
                raise _no_field(name, self.entity)
            table = ""
        if not table and name == RECORD_ID:
            return Typed(pl.col(RECORD_ID), Kind.TEXT)
        if not table:
            found = _field(self.entity, name)
            self.columns.add(found.name)
            return column_of(pl.col(found.name), found)
        reference = _field(self.entity, table)
        if reference.references is None:
            raise _no_field(f"{table}.{name}", self.entity)
        self.columns.add(reference.name)
        there = _field(self.model.entity(reference.references), name)
        self.through.add((reference.name, there.name))
        return column_of(pl.col(f"{reference.name}.{there.name}"), there)

    def _named(self, known: Expression) -> Typed:
        self.columns |= known.columns
        self.through |= known.through
        self.aggregates |= {a.name: a for a in known.aggregates}
        self.today = self.today or known.today
        return Typed(known.expr, known.kind)

    def _aggregate(self, node: "exp.Expression") -> Typed:
        """`sum(contract.amount)`, `count(contract)`, with `filter (where …)`."""
        from sqlglot import exp

        where = None
        text = node.sql()
        if isinstance(node, exp.Filter):
            where = _only(node.expression, "this")
            node = _only(node, "this", "expression")
        if self.inner or not isinstance(node, exp.Sum | exp.Count | exp.Min | exp.Max | exp.Avg):
            raise _unknown(node)
        given = _only(node, "this", "big_int")
        child = self._child(given)
        inside = _Compiler(self.model, child, {}, inner=True)
        whole = (
            isinstance(node, exp.Count)
            and isinstance(given, exp.Column)
            and not given.args.get("table")
        )
        value = Typed(pl.len(), Kind.NUMBER) if whole else inside.typed(given)
        made, kind = _folded(type(node).__name__, value, whole=whole)
        condition = inside._truth(where) if where is not None else None
        self.today = self.today or inside.today
        reference = _leading_to(child, self.entity)
        found = Aggregate(
            f"@{text}", child.name, reference, frozenset(inside.columns), made, condition
        )
        self.aggregates[found.name] = found
        column = pl.col(found.name)
        return Typed(column.fill_null(0.0) if isinstance(node, exp.Count) else column, kind)

    def _child(self, given: "exp.Expression") -> Entity:
        from sqlglot import exp

        for column in given.find_all(exp.Column):
            name = str(column.args.get("table") or column.name).strip('"')
            for entity in self.model.entities:
                if _is(entity, name):
                    return entity
            raise Misread(Text(f"no entity '{name}'", f"没有对象“{name}”"))
        raise _unknown(given)

    def _truth(self, node: Any) -> pl.Expr:
        made = self.typed(node)
        if made.kind is not Kind.TRUTH:
            raise Misread(
                Text(f"a condition is wanted, this is a {made.kind.en}",
                     f"此处应为条件,实际为{made.kind.zh}")
            )  # fmt: skip
        return made.expr

    def _logic(self, node: "exp.Expression") -> Typed:
        from sqlglot import exp

        if isinstance(node, exp.Not):
            return Typed(~self._truth(_only(node, "this")), Kind.TRUTH)
        _only(node, "this", "expression")
        left, right = self._truth(node.this), self._truth(node.expression)
        return Typed(left & right if isinstance(node, exp.And) else left | right, Kind.TRUTH)

    def _both(self, node: "exp.Expression") -> tuple[Typed, Typed]:
        _only(node, "this", "expression", "safe", "typed")
        left, right = self.typed(node.this), self.typed(node.expression)
        return _same_kind(left, right)

    def _test(self, node: "exp.Expression") -> Typed:
        from sqlglot import exp

        if isinstance(node, exp.Is):
            value = self.typed(_only(node, "this", "expression"))
            if isinstance(node.expression, exp.Null):
                return Typed(value.expr.is_null(), Kind.TRUTH)
            if isinstance(node.expression, exp.Boolean) and value.kind is Kind.TRUTH:
                return Typed(value.expr.eq_missing(pl.lit(bool(node.expression.this))), Kind.TRUTH)
            raise _unknown(node)
        if isinstance(node, exp.Like):
            value, pattern = self._both(node)
            if not isinstance(pattern.literal, str):
                raise Misread(Text("like wants a text in quotes", "like 之后须为带引号的文本"))
            return Typed(value.expr.str.contains(_like(pattern.literal)), Kind.TRUTH)
        value = self.typed(node.this)
        if isinstance(node, exp.Between):
            _only(node, "this", "low", "high")
            low, high = (_same_kind(value, self.typed(node.args[k])) for k in ("low", "high"))
            return Typed(_compared("GTE", *low) & _compared("LTE", *high), Kind.TRUTH)
        _only(node, "this", "expressions")
        found = [_compared("EQ", *_same_kind(value, self.typed(e))) for e in node.expressions]
        any_of_them = found[0]
        for one in found[1:]:
            any_of_them = any_of_them | one
        return Typed(any_of_them, Kind.TRUTH)

    def _arithmetic(self, node: "exp.Expression") -> Typed:
        from sqlglot import exp

        if isinstance(node, exp.Neg):
            value = self.typed(_only(node, "this"))
            return Typed(-_of_kind(value, Kind.NUMBER), Kind.NUMBER)
        _only(node, "this", "expression", "safe", "typed")
        left, right = self.typed(node.this), self.typed(node.expression)
        if isinstance(node, exp.DPipe):
            texts = [_of_kind(t, Kind.TEXT) for t in (left, right)]
            return Typed(pl.concat_str(texts), Kind.TEXT)
        if left.kind is Kind.DATE and isinstance(node, exp.Add | exp.Sub):
            return _moved(left, right, forward=isinstance(node, exp.Add))
        a, b = _of_kind(left, Kind.NUMBER), _of_kind(right, Kind.NUMBER)
        match node:
            case exp.Add():
                return Typed(a + b, Kind.NUMBER)
            case exp.Sub():
                return Typed(a - b, Kind.NUMBER)
            case exp.Mul():
                return Typed(a * b, Kind.NUMBER)
        return Typed(pl.when(b != 0).then(a / b), Kind.NUMBER)

    def _case(self, node: "exp.Expression") -> Typed:
        _only(node, "ifs", "default")
        given = [self.typed(branch.args["true"]) for branch in node.args["ifs"]]
        default = self.typed(node.args["default"]) if node.args.get("default") else None
        for other in (*given[1:], *([default] if default else [])):
            _same_kind(given[0], other)
        chosen = default.expr if default is not None else pl.lit(None)
        for branch, value in zip(reversed(node.args["ifs"]), reversed(given), strict=True):
            chosen = pl.when(self._truth(branch.this)).then(value.expr).otherwise(chosen)
        return Typed(chosen, given[0].kind)

    def _function(self, node: "exp.Expression") -> Typed:
        name, given = _call(node)
        if name not in FUNCTIONS:
            listed = ", ".join(sorted(FUNCTIONS))
            raise Misread(
                Text(f"no function '{name}'", f"没有函数“{name}”"),
                Text(f"there are: {listed}, count, sum, min, max, avg",
                     f"可用函数:{listed}、count、sum、min、max、avg"),
            )  # fmt: skip
        if name == "today":
            self.today = True
        return call(name, [self.typed(argument) for argument in given])


def _call(node: "exp.Expression") -> tuple[str, list[Any]]:
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


def _only(node: Any, *keys: str) -> Any:
    """The first part of a node that may have these parts and no others.

    Raises:
        Misread: it has others (`distinct`, a sub-query, …).
    """
    if {k for k, v in node.args.items() if v not in (None, False, [])} - set(keys):
        raise _unknown(node)
    return node.args.get(keys[0])


def _unknown(node: "exp.Expression") -> Misread:
    shown = node.sql()[:60]
    return Misread(
        Text(f"this is no part of the language of rules: {shown}", f"规则语言不支持:{shown}"),
        Text("see docs/rules.md", "参见 docs/rules.md"),
    )


def _is(entity: Entity, name: str) -> bool:
    return name in (entity.name, entity.label.zh)


def _field(entity: Entity, name: str) -> Any:
    """The field of that name, or of that Chinese label."""
    found = entity.by_name.get(name)
    if found is None:
        found = next((f for f in entity.fields if f.label.zh == name), None)
    if found is None:
        raise _no_field(name, entity)
    return found


def _no_field(name: str, entity: Entity) -> Misread:
    from rapidfuzz import process

    near = [n for n, *_ in process.extract(name, entity.field_names, limit=3, score_cutoff=60)]
    remedy = Text(f"near: {', '.join(near)}", f"相近:{'、'.join(near)}") if near else None
    return Misread(
        Text(f"{entity.name} has no field '{name}'", f"{entity.label.zh}没有字段“{name}”"), remedy
    )


def _leading_to(child: Entity, entity: Entity) -> str:
    found = [f.name for f in child.references() if f.references == entity.name]
    if child.root in found:
        return str(child.root)
    if len(found) == 1:
        return found[0]
    raise Misread(
        Text(f"{child.name} does not refer to {entity.name} in one way",
             f"{child.label.zh}与{entity.label.zh}之间没有唯一的引用")
    )  # fmt: skip


def _literal(value: str, *, text: bool) -> Typed:
    if text:
        return Typed(pl.lit(value), Kind.TEXT, literal=value)
    return Typed(pl.lit(float(value)), Kind.NUMBER, literal=float(value))


def _dated(node: "exp.Expression") -> Typed:
    if str(node.args.get("to")).upper() != "DATE":
        raise _unknown(node)
    return _day(str(node.this.this))


def _day(text: str) -> Typed:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Misread(
            Text(f"not a date: '{text}'", f"不是日期:“{text}”"),
            Text("write '2024-01-31'", "写作 '2024-01-31'"),
        ) from None
    return Typed(pl.lit(day), Kind.DATE)


def _same_kind(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Both of one kind; a quoted date beside a date is one."""
    if left.kind is Kind.DATE and isinstance(right.literal, str):
        right = _day(right.literal)
    elif right.kind is Kind.DATE and isinstance(left.literal, str):
        left = _day(left.literal)
    if left.kind is not right.kind:
        raise Misread(
            Text(f"a {left.kind.en} is compared with a {right.kind.en}",
                 f"{left.kind.zh}不能与{right.kind.zh}比较"),
            Text("texts stand in single quotes, numbers in none", "文本加单引号,数字不加"),
        )  # fmt: skip
    return left, right


def _of_kind(value: Typed, kind: Kind) -> pl.Expr:
    if value.kind is not kind:
        raise Misread(
            Text(f"a {kind.en} is wanted, this is a {value.kind.en}",
                 f"此处应为{kind.zh},实际为{value.kind.zh}")
        )  # fmt: skip
    return value.expr


def _compared(sign: str, left: Typed, right: Typed) -> pl.Expr:
    a, b = left.expr, right.expr
    if left.kind is Kind.NUMBER:
        a, b = a - b, pl.lit(0.0)
        near = a.abs() < _NEAR
        match sign:
            case "EQ":
                return near
            case "NEQ":
                return ~near
            case "LT":
                return a <= -_NEAR
            case "GT":
                return a >= _NEAR
            case "LTE":
                return a < _NEAR
        return a > -_NEAR
    match sign:
        case "EQ":
            return a == b
        case "NEQ":
            return a != b
        case "LT":
            return a < b
        case "GT":
            return a > b
        case "LTE":
            return a <= b
    return a >= b


def _moved(day: Typed, other: Typed, *, forward: bool) -> Typed:
    if other.kind is Kind.DATE and not forward:
        days = (day.expr - other.expr).dt.total_days().cast(pl.Float64)
        return Typed(days, Kind.NUMBER)
    days = _of_kind(other, Kind.NUMBER).cast(pl.Int64)
    moved = day.expr + pl.duration(days=days if forward else -days)
    return Typed(moved.cast(pl.Date), Kind.DATE)


def _folded(name: str, value: Typed, *, whole: bool) -> tuple[pl.Expr, Kind]:
    """The figure over a group, and its kind; sums do not depend on the order of the records."""
    if name == "Count":
        counted = value.expr if whole else value.expr.count()
        return counted.cast(pl.Float64), Kind.NUMBER
    if name in ("Sum", "Avg"):
        number = _of_kind(value, Kind.NUMBER)
        filled = number.count() > 0
        total = number.sum().round(6)
        if name == "Avg":
            total = (number.sum() / number.count()).round(6)
        return pl.when(filled).then(total), Kind.NUMBER
    if value.kind is Kind.TRUTH:
        raise Misread(Text("min and max want no condition", "min、max 不能用于条件"))
    return (value.expr.min() if name == "Min" else value.expr.max()), value.kind


def _like(pattern: str) -> str:
    import re

    parts = {"%": ".*", "_": "."}
    return "(?s)^" + "".join(parts.get(c) or re.escape(c) for c in pattern) + "$"


__all__ = ["TODAY", "Aggregate", "Expression", "Kind", "Misread", "compile_expression", "kind_of"]
