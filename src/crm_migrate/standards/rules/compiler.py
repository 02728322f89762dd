"""Texts of rules compiled: checked against the model, and made into one Polars expression.

sqlglot parses; only what is listed here is understood, everything else is a fault, so nothing of a
text ever runs as Python or as SQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, Field, Model
from crm_migrate.records import RECORD_ID
from crm_migrate.standards.rules.expression import Aggregate, Expression
from crm_migrate.standards.rules.functions import FUNCTIONS, call
from crm_migrate.standards.rules.kinds import Kind, Misread, Typed, column_of
from crm_migrate.standards.rules.names import named_field, names_entity, no_field, reference_between
from crm_migrate.standards.rules.needs import unknown_without, untrue_without
from crm_migrate.standards.rules.operators import (
    compared,
    day,
    folded,
    like_pattern,
    literal,
    moved_day,
    of_kind,
    same_kind,
)
from crm_migrate.standards.rules.syntax import called, only, parsed, unknown

if TYPE_CHECKING:
    from sqlglot import exp


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
        tree = parsed(text)
        made = compiler.typed(tree)
    except RecursionError:
        raise Misread(Text("the expression is nested too deeply", "表达式嵌套过深")) from None
    if wanted is not None and made.kind is not wanted:
        raise Misread(
            Text(f"this is a {made.kind.en}, a {wanted.en} is wanted",
                 f"此处应为{wanted.zh}，实际为{made.kind.zh}")
        )  # fmt: skip
    return Expression(
        text=text,
        kind=made.kind,
        expr=pl.when(_EVERY_ROW).then(made.expr),
        columns=frozenset(compiler.columns),
        through=frozenset(compiler.through),
        aggregates=tuple(compiler.aggregates.values()),
        today=compiler.today,
        unknown_without=unknown_without(tree, entity),
        untrue_without=untrue_without(tree, entity),
    )


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
                return self.typed(only(node, "this"))
            case exp.Literal():
                return literal(str(node.this), text=bool(node.args.get("is_string")))
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
                return Typed(compared(type(node).__name__, left, right), Kind.TRUTH)
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
        raise unknown(node)

    def _column(self, node: "exp.Expression") -> Typed:
        only(node, "this", "table")
        name, table = str(node.name), str(node.args.get("table") or "").strip('"')
        if not table and name in self.known:
            return self._named(self.known[name])
        if self.inner:
            if not table or not names_entity(self.entity, table):
                raise no_field(name, self.entity)
            table = ""
        if not table and name == RECORD_ID:
            return Typed(pl.col(RECORD_ID), Kind.TEXT)
        if not table:
            found = named_field(self.entity, name)
            self.columns.add(found.name)
            return self._read(pl.col(found.name), found)
        reference = named_field(self.entity, table)
        if reference.references is None:
            raise no_field(f"{table}.{name}", self.entity)
        self.columns.add(reference.name)
        there = named_field(self.model.entity(reference.references), name)
        self.through.add((reference.name, there.name))
        return self._read(pl.col(f"{reference.name}.{there.name}"), there)

    def _read(self, column: pl.Expr, found: Field) -> Typed:
        return column_of(column, found, self.model.vocabularies.get(found.vocabulary or ""))

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
            where = only(node.expression, "this")
            node = only(node, "this", "expression")
        if self.inner or not isinstance(node, exp.Sum | exp.Count | exp.Min | exp.Max | exp.Avg):
            raise unknown(node)
        given = only(node, "this", "big_int")
        child = self._child(given)
        inside = _Compiler(self.model, child, {}, inner=True)
        whole = (
            isinstance(node, exp.Count)
            and isinstance(given, exp.Column)
            and not given.args.get("table")
        )
        value = Typed(pl.len(), Kind.NUMBER) if whole else inside.typed(given)
        made, kind = folded(type(node).__name__, value, whole=whole)
        condition = inside._truth(where) if where is not None else None
        self.today = self.today or inside.today
        reference = reference_between(child, self.entity)
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
                if names_entity(entity, name):
                    return entity
            raise Misread(Text(f"no entity '{name}'", f"没有对象“{name}”"))
        raise unknown(given)

    def _truth(self, node: Any) -> pl.Expr:
        made = self.typed(node)
        if made.kind is not Kind.TRUTH:
            raise Misread(
                Text(f"a condition is wanted, this is a {made.kind.en}",
                     f"此处应为条件，实际为{made.kind.zh}")
            )  # fmt: skip
        return made.expr

    def _logic(self, node: "exp.Expression") -> Typed:
        from sqlglot import exp

        if isinstance(node, exp.Not):
            return Typed(~self._truth(only(node, "this")), Kind.TRUTH)
        only(node, "this", "expression")
        left, right = self._truth(node.this), self._truth(node.expression)
        return Typed(left & right if isinstance(node, exp.And) else left | right, Kind.TRUTH)

    def _both(self, node: "exp.Expression") -> tuple[Typed, Typed]:
        only(node, "this", "expression", "safe", "typed")
        left, right = self.typed(node.this), self.typed(node.expression)
        return same_kind(left, right)

    def _test(self, node: "exp.Expression") -> Typed:
        from sqlglot import exp

        if isinstance(node, exp.Is):
            value = self.typed(only(node, "this", "expression"))
            if isinstance(node.expression, exp.Null):
                return Typed(value.expr.is_null(), Kind.TRUTH)
            if isinstance(node.expression, exp.Boolean) and value.kind is Kind.TRUTH:
                return Typed(value.expr.eq_missing(pl.lit(bool(node.expression.this))), Kind.TRUTH)
            raise unknown(node)
        if isinstance(node, exp.Like):
            value, pattern = self._both(node)
            if not isinstance(pattern.literal, str):
                raise Misread(Text("like wants a text in quotes", "like 之后须为带引号的文本"))
            return Typed(value.expr.str.contains(like_pattern(pattern.literal)), Kind.TRUTH)
        value = self.typed(node.this)
        if isinstance(node, exp.Between):
            only(node, "this", "low", "high")
            low, high = (same_kind(value, self.typed(node.args[k])) for k in ("low", "high"))
            return Typed(compared("GTE", *low) & compared("LTE", *high), Kind.TRUTH)
        only(node, "this", "expressions")
        found = [compared("EQ", *same_kind(value, self.typed(e))) for e in node.expressions]
        any_of_them = found[0]
        for one in found[1:]:
            any_of_them = any_of_them | one
        return Typed(any_of_them, Kind.TRUTH)

    def _arithmetic(self, node: "exp.Expression") -> Typed:
        from sqlglot import exp

        if isinstance(node, exp.Neg):
            value = self.typed(only(node, "this"))
            return Typed(-of_kind(value, Kind.NUMBER), Kind.NUMBER)
        only(node, "this", "expression", "safe", "typed")
        left, right = self.typed(node.this), self.typed(node.expression)
        if isinstance(node, exp.DPipe):
            texts = [of_kind(t, Kind.TEXT) for t in (left, right)]
            return Typed(pl.concat_str(texts), Kind.TEXT)
        if left.kind is Kind.DATE and isinstance(node, exp.Add | exp.Sub):
            return moved_day(left, right, forward=isinstance(node, exp.Add))
        a, b = of_kind(left, Kind.NUMBER), of_kind(right, Kind.NUMBER)
        match node:
            case exp.Add():
                return Typed(a + b, Kind.NUMBER)
            case exp.Sub():
                return Typed(a - b, Kind.NUMBER)
            case exp.Mul():
                return Typed(a * b, Kind.NUMBER)
        return Typed(pl.when(b != 0).then(a / b), Kind.NUMBER)

    def _case(self, node: "exp.Expression") -> Typed:
        only(node, "ifs", "default")
        given = [self.typed(branch.args["true"]) for branch in node.args["ifs"]]
        default = self.typed(node.args["default"]) if node.args.get("default") else None
        for other in (*given[1:], *([default] if default else [])):
            same_kind(given[0], other)
        chosen = default.expr if default is not None else pl.lit(None)
        for branch, value in zip(reversed(node.args["ifs"]), reversed(given), strict=True):
            chosen = pl.when(self._truth(branch.this)).then(value.expr).otherwise(chosen)
        return Typed(chosen, given[0].kind)

    def _function(self, node: "exp.Expression") -> Typed:
        name, given = called(node)
        if name not in FUNCTIONS:
            listed = ", ".join(sorted(FUNCTIONS))
            raise Misread(
                Text(f"no function '{name}'", f"没有函数“{name}”"),
                Text(f"there are: {listed}, count, sum, min, max, avg",
                     f"可用函数：{listed}、count、sum、min、max、avg"),
            )  # fmt: skip
        if name == "today":
            self.today = True
        return call(name, [self.typed(argument) for argument in given])


def _dated(node: "exp.Expression") -> Typed:
    if str(node.args.get("to")).upper() != "DATE":
        raise unknown(node)
    return day(str(node.this.this))
