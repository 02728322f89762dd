"""Are the rules what they are meant to be? The examples beside them, run (`check --rules-test`)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crm_migrate.errors import Fault, ProjectFault
from crm_migrate.language import Language, Text
from crm_migrate.project import load_project
from crm_migrate.project.entities_file import starter_file
from crm_migrate.project.yaml_file import YamlFile, read_yaml
from crm_migrate.stages.job import parse_rules
from crm_migrate.standards.entity.examples import (
    FaultyExample,
    Outcome,
    run_derivation_example,
    run_record_example,
)
from crm_migrate.standards.rules.derivations import Derived, parse_derivations
from crm_migrate.standards.rules.records import Judgement, parse_records

EXAMPLES = "examples.yaml"


@dataclass(frozen=True, slots=True)
class Tried:
    """An example that did not come out as expected, with `file:line`."""

    where: str
    rule: str
    expected: str
    found: str


@dataclass(frozen=True)
class RulesTest:
    """How many examples were run, and those that differ; `faults` of the project's own files."""

    examples: int = 0
    rules: int = 0
    differing: tuple[Tried, ...] = ()
    untested: tuple[str, ...] = ()
    """Rules that no example shows."""
    faults: tuple[Fault, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Everything came out as expected."""
        return not self.differing and not self.faults

    def to_json(self, language: Language) -> dict[str, Any]:
        """What scripts read."""
        return {
            "ok": self.ok,
            "examples": self.examples,
            "rules": self.rules,
            "differing": [asdict(d) for d in self.differing],
            "untested": list(self.untested),
            "faults": [
                {
                    "where": f.where,
                    "message": f.message.in_language(language),
                    "remedy": f.remedy.in_language(language) if f.remedy else None,
                }
                for f in self.faults
            ],
        }


def run_examples(root: Path) -> RulesTest:
    """The project's examples, and those of the standard rules that it takes as they are."""
    try:
        project = load_project(root)
        rules = parse_rules(project)
    except ProjectFault as fault:
        return RulesTest(faults=fault.faults)
    model = project.model
    judgements = {j.rule.code: j for j in rules.records.judgements}
    derivations = {f"{d.entity}.{d.field}": d for d in rules.derivations}
    inactive = _inactive(project.rules["derivations"].data, model)
    waiting = _inactive_records(project.rules["records"].data, model)
    own = root / project.settings.rules / EXAMPLES
    outcomes: list[tuple[YamlFile, Outcome]] = []
    faults: list[Fault] = []
    files = [(starter_file(EXAMPLES), True)]
    if own.exists():
        read, found = read_yaml(own)
        faults += found
        files.append((read, False))
    ways: tuple[tuple[str, Mapping[str, Any], Callable[..., Outcome]], ...] = (
        ("records", {**waiting, **judgements}, run_record_example),
        ("derivations", {**inactive, **derivations}, run_derivation_example),
    )
    for file, standard in files:
        for kind, known, step in ways:
            if standard:
                same = _as_standard(kind, project.rules[kind].data)
                known = {n: r for n, r in known.items() if n in same}
            for at, example, rule in _examples(file, kind, known, faults, strict=not standard):
                try:
                    outcomes.append((file, step(at, rule, example, model)))
                except FaultyExample as wrong:
                    faults.append(file.fault(at, wrong.message))
    shown = {o.rule for _, o in outcomes}
    return RulesTest(
        examples=len(outcomes),
        rules=len(shown),
        differing=tuple(
            Tried(f.where(o.at), o.rule, o.expected, o.found) for f, o in outcomes if o.differs
        ),
        untested=tuple(sorted({*judgements, *derivations} - shown)),
        faults=tuple(faults),
    )


def _examples(
    file: YamlFile, kind: str, known: Mapping[str, Any], faults: list[Fault], *, strict: bool
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """Key path, example and rule. Examples of rules that are not there are faults if `strict`."""
    data = file.data.get(kind) if isinstance(file.data, Mapping) else None
    if data is not None and not isinstance(data, Mapping):
        faults.append(file.fault((kind,), Text("examples by rule", "须按规则列出样例")))
        return
    for name, examples in (data or {}).items():
        if name not in known:
            if strict:
                faults.append(
                    file.fault((kind, name), Text(f"no rule '{name}'", f"没有规则“{name}”"))
                )
            continue
        for number, example in enumerate(examples if isinstance(examples, list) else [examples]):
            yield (kind, name, number), example, known[name]


def _as_standard(kind: str, data: Any) -> set[str]:
    """The rules that the project has just as the standard has them, active or not."""
    part = "rules" if kind == "records" else kind
    given = data.get(part) if isinstance(data, Mapping) else None
    standard = starter_file(f"{kind}.yaml").data[part]
    return {
        name
        for name, rule in (given or {}).items()
        if name in standard and _meaning(rule) == _meaning(standard[name])
    }


def _meaning(rule: Any) -> Any:
    """What an example shows: whether and when it is asked is no part of that."""
    if not isinstance(rule, Mapping):
        return rule
    return {k: v for k, v in rule.items() if k not in ("active", "mode")}


def _inactive(data: Any, model: Any) -> dict[str, Derived]:
    """Derivations that are not active: their examples are run all the same."""
    given = data.get("derivations") if isinstance(data, Mapping) else None
    found: dict[str, Derived] = {}
    for name, rule in (given or {}).items():
        made, faults = parse_derivations({"derivations": {name: {**rule, "active": True}}}, model)
        if not faults:
            found[name] = made[0]
    return found


def _inactive_records(data: Any, model: Any) -> dict[str, Judgement]:
    """Rules of records that are not active: their examples are run all the same."""
    given = data.get("rules") if isinstance(data, Mapping) else None
    off = {n: {**r, "active": True} for n, r in (given or {}).items() if not r.get("active", True)}
    made, _ = parse_records({"rules": off}, model, dict)
    return {j.rule.code: j for j in made.judgements}
