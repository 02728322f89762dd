"""`rules/allowed.yaml`: values that are right although they fail a check, and until when.

A few genuine codes break the rules of their standard (docs/decisions/0029). The file is not
encrypted, so only codes of organisations can stand in it, never a person's numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Field, Model, SemanticType
from crm_migrate.project.rule_files import AllowedFile
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import standard, tax_number
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.rules.faults import FaultAt, validated

TYPES = frozenset(
    {
        SemanticType.USCC, SemanticType.ORGANISATION_CODE, SemanticType.REGISTRATION_NUMBER,
        SemanticType.TAX_NUMBER,
    }
)  # fmt: skip
"""Codes of organisations: they stand in public registers."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """One value (canonical text), accepted to the end of a day; `rule`: what that one finds."""

    value: str
    until: date
    rule: str | None = None


Allowed = Mapping[str, tuple[Allowance, ...]]
"""By `entity.field`."""


def parse_allowed(data: Any, model: Model) -> tuple[Allowed, list[FaultAt]]:
    """The allow-lists, and every fault; no message repeats a value."""
    file, faults = validated(AllowedFile, data)
    if file is None:
        return {}, faults
    lists: dict[str, tuple[Allowance, ...]] = {}
    for place, given in file.allowed.items():
        at = ("allowed", place)
        entity_name, _, name = place.partition(".")
        entity = model.by_name.get(entity_name)
        field = entity.by_name.get(name) if entity is not None else None
        if field is None:
            faults.append((at, Text(f"no field '{place}'", f"没有字段“{place}”"), None))
            continue
        if field.type not in TYPES:
            faults.append((at, _ONLY_ORGANISATIONS, _WHY_ONLY))
            continue
        made: list[Allowance] = []
        for number, entry in enumerate(given):
            value, fault = _canonical(field, entry.value, entry.rule)
            if value in {a.value for a in made if a.rule == entry.rule}:
                fault = Text("the value stands here twice", "该值重复")
            if fault is not None or value is None:
                faults.append(((*at, number), fault or _NO_VALUE, None))
                continue
            made.append(Allowance(value, entry.until, entry.rule))
        lists[place] = tuple(made)
    return lists, faults


_NO_VALUE = Text("there is no value", "没有填写值")
_ONLY_ORGANISATIONS = Text(
    "only codes of organisations can be allowed", "允许清单只能用于单位代码类字段"
)
_WHY_ONLY = Text(
    "this file is not encrypted: a person's numbers must not stand in it; "
    "`severities` in rules/records.yaml makes a rule weigh less",
    "该文件不加密，不得写入个人证件号码；可在 rules/records.yaml 的 severities 中降低规则级别",
)


def _canonical(field: Field, text: str, rule: str | None) -> tuple[str | None, Text | None]:
    rules = standard(field.type)
    value = rules.normalise(pl.Series([text], dtype=pl.String))
    if rule is not None and rule not in {r.code for r in rules.RULES}:
        return None, Text(f"no rule '{rule}' of this field", f"该字段没有规则“{rule}”")
    if field.type is SemanticType.TAX_NUMBER and tax_number.is_personal(value).any():
        return None, Text(
            "this tax number holds a person's identity number and must not stand here",
            "该税号含有个人身份证号码，不得写入",
        )
    return value.item(), None


def on(allowed: Allowed, day: date) -> Allowed:
    """What still counts on that day."""
    left = {place: tuple(a for a in some if a.until >= day) for place, some in allowed.items()}
    return {place: some for place, some in left.items() if some}


def accepted_until(day: date) -> Rule:
    """The note that stands in place of what an allow-list covers.

    >>> accepted_until(date(2027, 12, 31)).message.en
    'The value fails a check, but is accepted by the allow-list until 2027-12-31'
    """
    return Rule(
        f"allowed.{day}",
        Severity.REPAIR,
        Text(
            f"The value fails a check, but is accepted by the allow-list until {day}",
            f"该值未通过校验，但已列入允许清单，有效期至 {day}",
        ),
        Text(
            "rules/allowed.yaml says why, and who decided.",
            "原因和决定人见 rules/allowed.yaml。",
        ),
    )


def notes(allowed: Allowed) -> dict[str, Rule]:
    """What findings about accepted values cite, by code."""
    days = sorted({a.until for some in allowed.values() for a in some})
    return {rule.code: rule for rule in map(accepted_until, days)}


def spared(
    allowances: tuple[Allowance, ...], field: str, value: pl.Series, broken: Iterable[Broken]
) -> Iterator[Broken]:
    """`broken` without what the allow-list of the field covers, and a note where it does.

    Repairs stay: they tell what was changed.
    """
    days = {(a.value, a.rule): a.until for a in allowances}
    accepted: dict[date, pl.Series] = {}
    for name, rule, mask in broken:
        if rule.severity is Severity.REPAIR:
            yield name, rule, mask
            continue
        left = holds(mask)
        for day in sorted(set(days.values())):
            covers = [v for (v, code), u in days.items() if u == day and code in (None, rule.code)]
            hit = left & holds(value.is_in(covers))
            left = left & ~hit
            accepted[day] = accepted[day] | hit if day in accepted else hit
        yield name, rule, left
    for day, rows in accepted.items():
        yield field, accepted_until(day), rows
