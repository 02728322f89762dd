"""Policy: what happens to a field's values for each audience (R-5.3).

The plain data of `rules/policy.yaml` gives a treatment per confidentiality level and audience,
and changes for single fields. A field that is left without a treatment is a fault.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crm_migrate.errors import Fault
from crm_migrate.language import Text
from crm_migrate.model import Field, Level, Model

KeyPath = tuple[str | int, ...]
Where = Callable[[KeyPath], str]
"""`file:line` of a key path."""


class Treatment(StrEnum):
    """What happens to a value."""

    FORBID = "forbid"
    SEAL = "seal"
    INDEX = "index"
    MASK = "mask"
    CLEAR = "clear"


class Audience(StrEnum):
    """Who would see it."""

    WORKSPACE = "workspace"
    TARGET = "target"
    REPORT = "report"
    EXPORT = "export"


class Kind(StrEnum):
    """A kind of personal data that is looked for in free text."""

    ID_NUMBER = "id_number"
    BANK_CARD = "bank_card"
    MOBILE = "mobile"
    EMAIL = "email"
    TRAVEL_DOCUMENT = "travel_document"
    PLATE = "plate"
    PASSWORD = "password"
    SOCIAL_ACCOUNT = "social_account"
    HOME_ADDRESS = "home_address"
    BIRTH_DATE = "birth_date"


ALLOWED: dict[Audience, tuple[Treatment, ...]] = {
    # Workspace tables are encrypted as a whole; a mask in the CRM would destroy the value;
    # nobody can read ciphertext in a report.
    Audience.WORKSPACE: (Treatment.CLEAR, Treatment.FORBID),
    Audience.TARGET: (Treatment.CLEAR, Treatment.SEAL, Treatment.INDEX, Treatment.FORBID),
    Audience.REPORT: (Treatment.CLEAR, Treatment.MASK, Treatment.FORBID),
    Audience.EXPORT: (Treatment.CLEAR, Treatment.MASK, Treatment.SEAL, Treatment.FORBID),
}


@dataclass(frozen=True)
class Policy:
    """The treatment of every field, and the numbers that are cut out of free text."""

    treatments: Mapping[tuple[str, str, Audience], Treatment]
    free_text: frozenset[Kind]

    def treatment(self, entity: str, field: str, audience: Audience) -> Treatment:
        """What happens to the field's values for that audience.

        Raises:
            KeyError: no such field; a parsed policy covers every field of its model.
        """
        return self.treatments[entity, field, audience]

    def fields(self, audience: Audience, treatment: Treatment) -> list[tuple[str, str]]:
        """The (entity, field) pairs that are treated so for that audience."""
        return [
            (e, f) for (e, f, a), t in self.treatments.items() if (a, t) == (audience, treatment)
        ]


def parse_policy(data: Any, model: Model, where: Where) -> tuple[Policy, list[Fault]]:
    """The policy for a model from plain data, and every fault found in it.

    With faults the policy is not to be used; what is not covered is forbidden in it.
    """
    faults: list[Fault] = []
    if not isinstance(data, dict):
        data = {}
    levels = _table(data, "levels", where, faults)
    fields = _table(data, "fields", where, faults)
    faults += _unknown_keys(data, levels, fields, model, where)
    treatments: dict[tuple[str, str, Audience], Treatment] = {}
    for entity in model.entities:
        for field in entity.fields:
            chosen = {
                **levels.get(str(field.level), {}),
                **fields.get(f"{entity.name}.{field.name}", {}),
            }
            forbidden = chosen.get(Audience.WORKSPACE) == Treatment.FORBID
            for audience in Audience:
                treatment = Treatment.FORBID if forbidden else chosen.get(audience)
                if treatment is None:
                    faults.append(_uncovered(entity.name, field, audience, where))
                treatments[entity.name, field.name, audience] = treatment or Treatment.FORBID
    return Policy(treatments, _free_text(data, where, faults)), faults


def _table(
    data: dict[str, Any], section: str, where: Where, faults: list[Fault]
) -> dict[str, dict[Audience, Treatment]]:
    rows = data.get(section) or {}
    if not isinstance(rows, dict):
        faults.append(
            Fault(where((section,)), Text(f"{section} is no table", f"{section} 格式错误"))
        )
        return {}
    return {
        str(name): dict(_treatments(row, (section, str(name)), where, faults))
        for name, row in rows.items()
    }


def _treatments(
    row: Any, at: KeyPath, where: Where, faults: list[Fault]
) -> Iterator[tuple[Audience, Treatment]]:
    for name, value in row.items() if isinstance(row, dict) else [("", row)]:
        try:
            audience = Audience(name)
        except ValueError:
            known = ", ".join(Audience)
            faults.append(
                Fault(
                    where((*at, str(name))),
                    Text(f"'{name}' is no audience", f"“{name}”不是使用场合"),
                    Text(f"one of: {known}", f"可选：{known}"),
                )
            )
            continue
        allowed = ALLOWED[audience]
        if value in allowed:
            yield audience, Treatment(value)
        else:
            choices = ", ".join(allowed)
            faults.append(
                Fault(
                    where((*at, str(name))),
                    Text(f"'{value}' is no treatment for {name}", f"“{value}”不能用于 {name}"),
                    Text(f"one of: {choices}", f"可选：{choices}"),
                )
            )


def _unknown_keys(
    data: dict[str, Any],
    levels: Mapping[str, object],
    fields: Mapping[str, object],
    model: Model,
    where: Where,
) -> Iterator[Fault]:
    known_fields = {f"{e.name}.{f.name}" for e in model.entities for f in e.fields}
    for name in data.keys() - {"levels", "fields", "free_text", "extends"}:
        yield Fault(where((name,)), Text(f"'{name}' is not known here", f"未知的设置“{name}”"))
    for name in levels.keys() - set(Level):
        yield Fault(
            where(("levels", name)), Text(f"there is no level '{name}'", f"没有级别“{name}”")
        )
    for name in fields.keys() - known_fields:
        yield Fault(
            where(("fields", name)),
            Text(f"there is no field '{name}'", f"没有字段“{name}”"),
            Text("write it as entity.field", "请写作 实体.字段"),
        )


def _uncovered(entity: str, field: Field, audience: Audience, where: Where) -> Fault:
    return Fault(
        where(("levels", str(field.level))),
        Text(
            f"{entity}.{field.name} has no treatment for {audience}",
            f"字段 {entity}.{field.name} 未规定 {audience} 场合的处理方式",
        ),
        Text(
            f"add {audience} under levels.{field.level} or fields.{entity}.{field.name}",
            f"请在 levels.{field.level} 或 fields.{entity}.{field.name} 下补充 {audience}",
        ),
    )


def _free_text(data: dict[str, Any], where: Where, faults: list[Fault]) -> frozenset[Kind]:
    chosen = data.get("free_text", [Kind.ID_NUMBER, Kind.BANK_CARD, Kind.PASSWORD])
    names = chosen if isinstance(chosen, list) else [chosen]
    for place, name in enumerate(names):
        if name not in set(Kind):
            kinds = ", ".join(Kind)
            faults.append(
                Fault(
                    where(("free_text", place)),
                    Text(f"'{name}' is no kind of number", f"“{name}”不是号码种类"),
                    Text(f"one of: {kinds}", f"可选：{kinds}"),
                )
            )
    return frozenset(Kind(name) for name in names if name in set(Kind))
