"""`rules/records.yaml` → rules across the fields of a record and across records, compiled."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from crm_migrate.language import Text
from crm_migrate.model import Entity, Model
from crm_migrate.project.rule_files import RecordRule, RecordRulesFile, Weighing
from crm_migrate.records import RECORD_ID, Rule, Severity
from crm_migrate.standards.rules.allowed import Allowed, notes, on
from crm_migrate.standards.rules.compiler import compile_expression
from crm_migrate.standards.rules.expression import Expression
from crm_migrate.standards.rules.faults import FaultAt, validated
from crm_migrate.standards.rules.kinds import Kind, Misread


@dataclass(frozen=True, eq=False)
class Judgement:
    """One compiled rule."""

    rule: Rule
    entity: str
    field: str
    check: Expression | None
    required: tuple[str, ...]
    unique: tuple[str, ...]
    within_source: bool
    when: Expression | None

    @property
    def of_record(self) -> bool:
        """Whether a record alone tells if it breaks the rule."""
        asked = [e for e in (self.check, self.when) if e is not None]
        return not self.unique and all(e.of_record for e in asked)

    @property
    def columns(self) -> frozenset[str]:
        """The fields of the record that it reads."""
        asked = [e.columns for e in (self.check, self.when) if e is not None]
        return frozenset().union(self.required, self.unique, *asked) - {RECORD_ID}


@dataclass(frozen=True)
class RecordRules:
    """All rules of a project that look at whole records, and how much rules weigh where."""

    judgements: tuple[Judgement, ...] = ()
    severities: Mapping[str, tuple[Weighing, ...]] = field(default_factory=dict)
    allowed: Allowed = field(default_factory=dict)
    """Values that are right although they fail a check; see `as_of`."""

    def as_of(self, day: date) -> "RecordRules":
        """These rules with the allow-lists as they count on that day."""
        return replace(self, allowed=on(self.allowed, day))

    def of(self, entity: str, *, of_record: bool) -> tuple[Judgement, ...]:
        """The rules of an entity: those of single records, or those that look at others, too."""
        return tuple(j for j in self.judgements if j.entity == entity and j.of_record is of_record)

    @property
    def rules(self) -> dict[str, Rule]:
        """What findings cite, by code."""
        return {j.rule.code: j.rule for j in self.judgements} | notes(self.allowed)


NO_RULES = RecordRules()


def parse_records(
    data: Any, model: Model, declared: Callable[[], Mapping[str, Rule]]
) -> tuple[RecordRules, list[FaultAt]]:
    """The rules, and every fault: of form, of names, of expressions.

    `declared`: the rules of the program by code, which `severities` may name; asked only then.
    """
    file, faults = validated(RecordRulesFile, data)
    if file is None:
        return NO_RULES, faults
    judgements = []
    for name, given in file.rules.items():
        if not given.active:
            continue
        at = ("rules", name)
        entity = model.by_name.get(name.partition(".")[0])
        if entity is None or "." not in name:
            faults.append((at, Text(f"a rule is named ENTITY.NAME, not '{name}'",
                                    f"规则名须为“对象.名称”，不能是“{name}”"), None))  # fmt: skip
            continue
        made, found = _judgement(name, given, entity, model)
        faults += [((*at, *place), _of(name, text), remedy) for place, text, remedy in found]
        if made is not None:
            judgements.append(made)
    if file.severities:
        known = {**declared(), **{j.rule.code: j.rule for j in judgements}}
        faults += _severity_faults(file, model, known, {j.rule.code: j for j in judgements})
    return RecordRules(tuple(judgements), file.severities), faults


def _judgement(
    name: str, given: RecordRule, entity: Entity, model: Model
) -> tuple[Judgement | None, list[FaultAt]]:
    faults: list[FaultAt] = []
    place = given.field or (given.required or given.unique)[0]
    for key, names in (("field", (place,)), ("required", given.required), ("unique", given.unique)):
        faults += [((key,), _no_field(entity, n), None) for n in names if n not in entity.by_name]
    made: dict[str, Expression | None] = {"check": None, "when": None}
    for key, text in (("check", given.check), ("when", given.when)):
        if text is None:
            continue
        try:
            made[key] = compile_expression(text, entity, model, Kind.TRUTH)
        except Misread as misread:
            faults.append(((key,), misread.message, misread.remedy))
    if faults:
        return None, faults
    rule = Rule(name, Severity(given.severity), given.message.text(), given.hint.text())
    judgement = Judgement(
        rule=rule,
        entity=entity.name,
        field=place,
        check=made["check"],
        required=given.required,
        unique=given.unique,
        within_source=given.within == "source",
        when=made["when"],
    )
    if rule.severity is Severity.ERROR and not judgement.of_record:
        return None, [(("severity",), _ONLY_WARNS, _WHY_ONLY)]
    return judgement, []


_ONLY_WARNS = Text(
    "a rule that looks at other records, or at the day, can only warn",
    "涉及其他记录或当天日期的规则只能是警告",
)
_WHY_ONLY = Text(
    "severity: warning, and a gate on conformity where it has to stop the plan",
    "请改为 severity: warning;需要拦截计划时请设置规范性门禁",
)


def _of(name: str, text: Text) -> Text:
    """The rule in front: several may stand on one line, and packaged ones on none."""
    return Text(f"{name}: {text.en}", f"{name}：{text.zh}")


def _no_field(entity: Entity, name: str) -> Text:
    return Text(f"{entity.name} has no field '{name}'", f"{entity.label.zh}没有字段“{name}”")


def _severity_faults(
    file: RecordRulesFile,
    model: Model,
    known: Mapping[str, Rule],
    own: Mapping[str, Judgement],
) -> Iterator[FaultAt]:
    for code, weighings in file.severities.items():
        if code not in known:
            yield ("severities", code), Text(f"no rule '{code}'", f"没有规则“{code}”"), None
            continue
        for number, weighing in enumerate(weighings):
            at = ("severities", code, number)
            if weighing.field is not None:
                name, _, rest = weighing.field.partition(".")
                entity = model.by_name.get(name)
                if entity is None or rest not in entity.by_name:
                    wrong = f"no field '{weighing.field}'", f"没有字段“{weighing.field}”"
                    yield (*at, "field"), Text(*wrong), None
            if weighing.severity == "error" and code in own and not own[code].of_record:
                yield (*at, "severity"), _ONLY_WARNS, _WHY_ONLY
