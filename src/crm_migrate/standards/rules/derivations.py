"""`rules/derivations.yaml`: golden fields that follow from the other data of a customer (R-2.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, Model, SemanticType
from crm_migrate.project.rule_files import Derivation, DerivationsFile
from crm_migrate.records import RECORD_ID
from crm_migrate.standards import standard
from crm_migrate.standards.contract import context_of
from crm_migrate.standards.rules.compiler import compile_expression
from crm_migrate.standards.rules.expression import Expression
from crm_migrate.standards.rules.faults import FaultAt, validated
from crm_migrate.standards.rules.inputs import inputs
from crm_migrate.standards.rules.kinds import Kind, Misread


@dataclass(frozen=True, eq=False)
class Derived:
    """One derived field: the value of the first case whose condition holds."""

    entity: str
    field: str
    replaces: bool
    """Whether it stands above what the sources say."""
    cases: tuple[tuple[str, Expression | None], ...]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Everything that it reads."""
        return tuple(e for _, e in self.cases if e is not None)


Derivations = tuple[Derived, ...]


def parse_derivations(data: Any, model: Model) -> tuple[Derivations, list[FaultAt]]:
    """The active derivations, in the order of the file, and every fault."""
    file, faults = validated(DerivationsFile, data)
    if file is None:
        return (), faults
    made = []
    for name, given in file.derivations.items():
        if not given.active:
            continue
        at = ("derivations", name)
        entity_name, _, field = name.partition(".")
        entity = model.by_name.get(entity_name)
        if entity is None or field not in entity.by_name:
            faults.append((at, Text(f"no field '{name}'", f"没有字段“{name}”"), None))
            continue
        derived, found = _derived(given, entity, field, model)
        faults += [((*at, *place), text, remedy) for place, text, remedy in found]
        if derived is not None:
            made.append(derived)
    faults += _circles(made)
    return tuple(made), faults


def _derived(
    given: Derivation, entity: Entity, field: str, model: Model
) -> tuple[Derived | None, list[FaultAt]]:
    faults: list[FaultAt] = []
    known: dict[str, Expression] = {}
    for name, text in given.let.items():
        try:
            known[name] = compile_expression(text, entity, model, known=known)
        except Misread as misread:
            faults.append((("let", name), misread.message, misread.remedy))
    cases: list[tuple[str, Expression | None]] = []
    for number, case in enumerate(given.cases):
        at: tuple[str | int, ...] = ("cases", number)
        value = _canonical(case.value, entity, field, model)
        if value is None:
            faults.append(((*at, "value"), _not_a_value(case.value), None))
            continue
        try:
            when = None
            if case.when is not None:
                when = compile_expression(case.when, entity, model, Kind.TRUTH, known)
            cases.append((value, when))
        except Misread as misread:
            faults.append(((*at, "when"), misread.message, misread.remedy))
    for name in sorted(_out_of_reach([e for _, e in cases if e is not None], entity)):
        faults.append((("cases",), Text(
            f"{name} is out of reach: a derived field looks at the record's own fields and at"
            " figures over other entities that refer to it",
            f"无法使用 {name}：推导字段只能使用本记录的字段，以及引用本记录的其他对象的统计值",
        ), None))  # fmt: skip
    if faults:
        return None, faults
    return Derived(entity.name, field, given.mode == "replace", tuple(cases)), []


def _out_of_reach(expressions: list[Expression], entity: Entity) -> set[str]:
    """Golden records are made after those that refer to them: others are not known yet."""
    through = {f"{r}.{f}" for e in expressions for r, f in e.through}
    return through | {
        a.name.removeprefix("@")
        for e in expressions
        for a in e.aggregates
        if a.entity == entity.name
    }


def _canonical(value: str, entity: Entity, field: str, model: Model) -> str | None:
    """The value as the field's standard writes it; None where it is not one of its values."""
    known = entity.by_name[field]
    if known.type is SemanticType.REFERENCE:
        return None
    made = standard(known.type).normalise(pl.Series([value]), context_of(known, model))
    return made[0] if made[0] else None


def _not_a_value(value: str) -> Text:
    return Text(f"'{value}' is no value of this field", f"“{value}”不是该字段的取值")


def _circles(made: list[Derived]) -> list[FaultAt]:
    """A derived field must not depend on itself or on one that is derived after it."""
    faults: list[FaultAt] = []
    for number, derived in enumerate(made):
        later = {d.field for d in made[number:] if d.entity == derived.entity}
        read = {n for e in derived.expressions for n in e.columns} & later
        for name in sorted(read):
            at = ("derivations", f"{derived.entity}.{derived.field}")
            faults.append((at, Text(f"it depends on {name}, which is derived after it",
                                    f"依赖于在其之后才推导的字段 {name}"), None))  # fmt: skip
    return faults


def evaluate(
    derived: Derived,
    entity: Entity,
    tables: Mapping[str, pl.DataFrame],
    today: date,
    key: str,
) -> pl.DataFrame:
    """`key` and `value` for every row of the entity's table; null where no case holds."""
    frame = inputs(entity, derived.expressions, tables, today, key)
    value: pl.Expr = pl.lit(None, dtype=pl.String)
    for text, when in reversed(derived.cases):
        value = (
            pl.lit(text) if when is None else pl.when(when.expr).then(pl.lit(text)).otherwise(value)
        )
    made = frame.with_columns(value.cast(pl.String).alias("value"))
    return made.select(pl.col(RECORD_ID).alias(key), "value")
