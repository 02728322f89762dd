"""Values that stand in the wrong field and are moved to their own, before they are judged."""

from collections.abc import Callable, Iterator

import polars as pl

from crm_migrate.model import Entity, SemanticType
from crm_migrate.standards import mobile, phone
from crm_migrate.standards.columns.residue import change_where, holds, joined, mask_where
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.entity import record_rules
from crm_migrate.standards.entity.business_term import move_terms
from crm_migrate.standards.entity.misplaced import move_identifiers
from crm_migrate.standards.entity.misplaced_accounts import move_accounts
from crm_migrate.standards.entity.misplaced_banks import move_banks
from crm_migrate.standards.entity.misplaced_contacts import OTHER_CONTACT, move_contacts
from crm_migrate.standards.entity.old_numbers import part_numbers
from crm_migrate.standards.entity.own_currencies import move_currencies
from crm_migrate.standards.reading import numbering_plan


def apply_moves(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Broken]:
    """Change `values` (canonical text by field name) in place and tell what was moved; `raw` gives
    the cells of a field as they were typed.

    Identifiers and contact data go to their own fields (see `misplaced`, `misplaced_contacts`);
    the second and further numbers of a mobile cell, and landlines in it, to the telephone field, or
    where there is none to that of other contact data.
    """
    yield from part_numbers(entity, raw, values)
    yield from move_identifiers(entity, values)
    yield from move_accounts(entity, raw, values)
    yield from move_banks(entity, raw, values)
    target = entity.first(SemanticType.PHONE)
    for field in entity.fields:
        if field.type is SemanticType.MOBILE:
            yield from _telephones(field.name, target, raw(field.name), values)
    yield from move_contacts(entity, raw, values)
    yield from move_terms(entity, raw, values)
    yield from move_currencies(entity, raw, values)


def _telephones(
    source: str, target: str | None, raw: pl.Series, values: dict[str, pl.Series]
) -> Iterator[Broken]:
    value = values[source]
    other = value.is_not_null() & ~mobile.is_usual(value)
    other = mask_where(value, other, lambda few: ~few.str.contains(mobile.CANONICAL))
    odd = holds(raw != value) | other
    if not odd.any():
        return
    others = mobile.overflow(raw).set(~odd, None)
    if target is None:
        if OTHER_CONTACT in values:
            values[OTHER_CONTACT] = joined(values[OTHER_CONTACT], others).alias(OTHER_CONTACT)
        else:
            yield source, record_rules.MOBILE_LEFT_OVER, others.is_not_null()
        return
    read = phone.normalise(value.filter(other))
    here = _is_landline(read)
    landline, moved = mask_where(value, other, lambda _: here), read.filter(here)
    others = change_where(others, landline, lambda _: moved)
    values[source] = value.set(landline, None)
    values[target] = joined(values[target], others)
    yield source, record_rules.LANDLINE_MOVED, landline


def _is_landline(read: pl.Series) -> pl.Series:
    return phone.is_known(read) & ~read.str.contains(rf"(?:^|;)(?:{numbering_plan.MOBILE}|\+)")
