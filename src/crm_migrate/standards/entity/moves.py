"""Values that stand in the wrong field and are moved to their own, before they are judged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from crm_migrate.model import Entity, Field, SemanticType
from crm_migrate.records import Rule
from crm_migrate.standards import mobile, phone
from crm_migrate.standards.columns.residue import change_where, holds, joined, mask_where
from crm_migrate.standards.entity import record_rules
from crm_migrate.standards.entity.business_term import move_terms
from crm_migrate.standards.entity.misplaced import move_identifiers
from crm_migrate.standards.entity.misplaced_banks import move_banks
from crm_migrate.standards.entity.misplaced_contacts import OTHER_CONTACT, move_contacts
from crm_migrate.standards.entity.old_numbers import part_numbers
from crm_migrate.standards.entity.own_currencies import move_currencies
from crm_migrate.standards.reading import telephones


@dataclass(frozen=True, slots=True)
class Move:
    """What was done: `rule` holds for `field` in the rows of `mask`."""

    field: str
    rule: Rule
    mask: pl.Series


def apply_moves(
    entity: Entity, raw: Callable[[str], pl.Series], values: dict[str, pl.Series]
) -> Iterator[Move]:
    """Change `values` (canonical text by field name) in place and tell what was moved; `raw` gives
    the cells of a field as they were typed.

    Identifiers and contact data go to their own fields (see `misplaced`, `misplaced_contacts`);
    the second and further numbers of a mobile cell, and landlines in it, to the telephone field, or
    where there is none to that of other contact data.
    """
    yield from (Move(*broken) for broken in part_numbers(entity, raw, values))
    yield from (Move(*broken) for broken in move_identifiers(entity, values))
    yield from (Move(*broken) for broken in move_banks(entity, raw, values))
    for source in _of_type(entity, SemanticType.MOBILE):
        target_phone = next(_of_type(entity, SemanticType.PHONE), None)
        yield from _telephones(source.name, target_phone, raw(source.name), values)
    yield from (Move(*broken) for broken in move_contacts(entity, raw, values))
    yield from (Move(*broken) for broken in move_terms(entity, raw, values))
    yield from (Move(*broken) for broken in move_currencies(entity, raw, values))


def _of_type(entity: Entity, type_: SemanticType) -> Iterator[Field]:
    return (f for f in entity.fields if f.type is type_)


def _telephones(
    source: str, target: Field | None, raw: pl.Series, values: dict[str, pl.Series]
) -> Iterator[Move]:
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
            yield Move(source, record_rules.MOBILE_LEFT_OVER, others.is_not_null())
        return
    read = phone.normalise(value.filter(other))
    here = _is_landline(read)
    landline, moved = mask_where(value, other, lambda _: here), read.filter(here)
    others = change_where(others, landline, lambda _: moved)
    values[source] = value.set(landline, None)
    values[target.name] = joined(values[target.name], others)
    yield Move(source, record_rules.LANDLINE_MOVED, landline)


def _is_landline(read: pl.Series) -> pl.Series:
    return phone.is_known(read) & ~read.str.contains(rf"(?:^|;)(?:{telephones.MOBILE}|\+)")
