"""What stood beside a name (a former name, a title, a mobile number) is kept in the field for it,
where that is free or says the same.
"""

from collections.abc import Callable, Iterator

import polars as pl

from crm_migrate.model import Entity, SemanticType
from crm_migrate.records import Rule
from crm_migrate.standards import company_name, person_name, title
from crm_migrate.standards.columns.residue import change_where, holds, joined, told_of
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.entity.misplaced import OTHERS_OCCUPIED
from crm_migrate.standards.reading.company_notes import STATES
from crm_migrate.standards.reading.person_titles import title_of
from crm_migrate.standards.rule_families import moved

T = SemanticType
FORMER_NAME, SHORT_NAME, STATUS = "former_name", "short_name", "registration_status"
"""The fields for what stands beside a company's name; their type does not tell them."""

MOBILE_OF_NAME = moved(
    "person_name.moved_mobile",
    "A mobile number stood behind the name and was moved to the mobile field (or to the telephone"
    " field, where that held another one)",
    "姓名后的手机号已移至手机字段（手机字段已有其他号码时移至电话字段）",
)
TITLE = moved(
    "person_name.moved_title",
    "The title that stood beside the name was moved to the field of job titles",
    "姓名中的职务已移至职务字段",
)
FORMER = moved(
    "company_name.moved_former",
    "The former name that stood beside the name was moved to its own field",
    "名称中注明的曾用名已移至曾用名字段",
)
SHORT = moved(
    "company_name.moved_short",
    "The short name that stood beside the name was moved to its own field",
    "名称中注明的简称已移至简称字段",
)
STATE = moved(
    "company_name.moved_state",
    "The state that was noted beside the name was moved to the field of registration states",
    "名称中注明的状态（如已注销）已移至经营状态字段",
)
RULES: tuple[Rule, ...] = (TITLE, MOBILE_OF_NAME, FORMER, SHORT, STATE)


def keep_told(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """Change `values` (canonical text by field name) in place and tell what was kept. Only the
    cells that were changed are asked.
    """
    for field in entity.fields:
        name = field.name
        company = field.type is T.COMPANY_NAME and name == "name"
        if not company and field.type is not T.PERSON_NAME:
            continue
        typed = raw(name)
        changed = holds(typed != values[name])
        if not changed.any():
            continue
        few = typed.filter(changed)
        if company:
            parts = company_name.split(few)
            state = parts["note"].str.extract(f"({STATES})")
            yield from _beside(name, FORMER_NAME, FORMER, changed, parts["former"], values)
            yield from _beside(name, SHORT_NAME, SHORT, changed, parts["short"], values)
            yield from _beside(name, STATUS, STATE, changed, state, values)
        else:
            parts = person_name.split(few)
            to = entity.first(T.TITLE) or ""
            yield from _beside(name, to, TITLE, changed, _title(parts["title"]), values)
            yield from _numbers(entity, name, changed, person_name.mobile_of(parts["note"]), values)


def _title(told: pl.Series) -> pl.Series:
    told = title_of(told)
    return change_where(told, told.is_not_null(), title.normalise)


def _numbers(
    entity: Entity, source: str, changed: pl.Series, few: pl.Series, values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """The mobile number behind a name; beside another one it goes to the telephone field."""
    first, second = entity.first(T.MOBILE), entity.first(T.PHONE)
    if first is None or few.null_count() == len(few):
        return
    told = told_of(values[source], changed, lambda _: few)
    other = told.is_not_null() & holds(values[first] != told)
    if second is not None:
        values[second] = joined(values[second], told.set(~other, None)).alias(second)
    values[first] = values[first].zip_with(values[first].is_not_null(), told).alias(first)
    yield source, MOBILE_OF_NAME, told.is_not_null() & (~other | (second is not None))
    yield source, OTHERS_OCCUPIED, other & (second is None)


def _beside(
    source: str, target: str, rule: Rule, changed: pl.Series, few: pl.Series,
    values: dict[str, pl.Series],
) -> Iterator[Broken]:  # fmt: skip
    """What was found in the `few` cells that were changed, kept in a field that is free."""
    if target not in values or few.null_count() == len(few):
        return
    present = values[target]
    told = told_of(present, changed, lambda _: few)
    found = told.is_not_null()
    free = found & present.is_null()
    if free.any():
        values[target] = told.zip_with(free, present).alias(target)
        yield source, rule, free
    yield source, OTHERS_OCCUPIED, found & ~free & holds(present != told)
