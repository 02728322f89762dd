"""Identifiers that stand in the field of another one and are moved to their own.

The three numbers that companies had before 2015 still fill columns of unified social credit codes,
and the new code fills the columns of the old ones. A value is moved where all of it fits the other
identifier, check digit included, and its own field is free or says the same. Never guessed: where
the check digits of two identifiers fit, the first in the list below counts, which is the commoner.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, SemanticType
from crm_migrate.records import Rule, Severity
from crm_migrate.standards import (
    id_number,
    organisation_code,
    registration_number,
    tax_number,
    travel_document,
    uscc,
)
from crm_migrate.standards.columns.residue import holds, mask_where, told_of
from crm_migrate.standards.contract import Broken

T = SemanticType

_ASK_USCC = Text("Add the unified social credit code.", "请补录统一社会信用代码。")
_NOTHING = Text("Nothing to do.", "无需处理。")


def _moved(code: str, en: str, zh: str, hint: Text) -> Rule:
    return Rule(code, Severity.REPAIR, Text(en, zh), hint)


REGISTRATION_NUMBER = _moved(
    "uscc.moved",
    "A business registration number of 15 digits stood in the column of the unified social credit "
    "code and was moved to its own field",
    "统一社会信用代码栏中填写的是 15 位工商注册号，已移至工商注册号字段",
    _ASK_USCC,
)
ORGANISATION_CODE = _moved(
    "uscc.moved_organisation_code",
    "An organisation code stood in the column of the unified social credit code and was moved to "
    "its own field",
    "统一社会信用代码栏中填写的是组织机构代码，已移至组织机构代码字段",
    _ASK_USCC,
)
TAX_NUMBER = _moved(
    "uscc.moved_tax_number",
    "A tax number of the form used before 2015 stood in the column of the unified social credit "
    "code and was moved to its own field",
    "统一社会信用代码栏中填写的是 2015 年前的 15 位税号，已移至税号字段",
    _ASK_USCC,
)
USCC_FROM_REGISTRATION = _moved(
    "registration_number.moved_uscc",
    "A unified social credit code stood in the column of the registration number and was moved to "
    "its own field",
    "工商注册号栏中填写的是统一社会信用代码，已移至统一社会信用代码字段",
    _NOTHING,
)
USCC_FROM_ORGANISATION = _moved(
    "organisation_code.moved_uscc",
    "A unified social credit code stood in the column of the organisation code and was moved to "
    "its own field",
    "组织机构代码栏中填写的是统一社会信用代码，已移至统一社会信用代码字段",
    _NOTHING,
)
TRAVEL_DOCUMENT = _moved(
    "id_number.moved_document",
    "The number of a passport, a travel permit or a card of Hong Kong, Macau or Taiwan stood in "
    "the column of the identity number and was moved to its own field",
    "身份证号栏中填写的是护照、通行证或港澳台身份证号码，已移至出入境证件号码字段",
    _NOTHING,
)
REGISTRATION_FROM_ORGANISATION = _moved(
    "organisation_code.moved_registration_number",
    "A business registration number stood in the column of the organisation code and was moved to "
    "its own field",
    "组织机构代码栏中填写的是工商注册号，已移至工商注册号字段",
    _ASK_USCC,
)
ORGANISATION_FROM_REGISTRATION = _moved(
    "registration_number.moved_organisation_code",
    "An organisation code stood in the column of the registration number and was moved to its own "
    "field",
    "工商注册号栏中填写的是组织机构代码，已移至组织机构代码字段",
    _ASK_USCC,
)
IDENTITY_NUMBER = _moved(
    "travel_document.moved_id_number",
    "An identity number of 18 characters stood in the column of passports and permits and was "
    "moved to its own field",
    "出入境证件栏中填写的是 18 位身份证（居住证）号码，已移至证件号码字段",
    _NOTHING,
)
USCC_FROM_TAX_NUMBER = _moved(
    "uscc.from_tax_number",
    "The unified social credit code was missing and was taken from the tax number, which has been "
    "the same since 2015",
    "统一社会信用代码缺失，已由税号补入（2015 年起两者相同）",
    _NOTHING,
)
OCCUPIED = Rule(
    "uscc.not_moved",
    Severity.WARNING,
    Text(
        "Another identifier stands in the column of the unified social credit code, and the field "
        "of that one holds something else",
        "统一社会信用代码栏中填写的是其他证照号码，且与该号码自身字段不一致",
    ),
    Text("Decide which number is right.", "请确认正确的号码。"),
)
OTHERS_OCCUPIED = Rule(
    "value.not_moved",
    Severity.WARNING,
    Text(
        "The value belongs into another field, which holds something else",
        "该值应填写在其他字段，但该字段已有不同的值",
    ),
    Text("Decide which value is right.", "请确认正确的值。"),
)


def _registration_number(values: pl.Series) -> pl.Series:
    number = registration_number.normalise(values)
    fits = registration_number.is_valid(number) & registration_number.in_a_province(number)
    return number.set(~fits, None)


def _organisation_code(values: pl.Series) -> pl.Series:
    code = organisation_code.normalise(values)
    return code.set(~organisation_code.is_valid(code), None)


def _old_tax_number(values: pl.Series) -> pl.Series:
    code = tax_number.normalise(values)
    return code.set(~tax_number.old_organisation_fits(code), None)


def _uscc(values: pl.Series) -> pl.Series:
    code = uscc.normalise(values)
    both = uscc.old_beside(values).is_not_null()  # `old_numbers` has left them: neither is lost
    return code.set(~uscc.is_valid(code) | both, None)


def _travel_document(values: pl.Series) -> pl.Series:
    code = travel_document.normalise(values)
    known = travel_document.is_lettered(code) | travel_document.is_named(values)
    return code.set(~known, None)


def _id_number(values: pl.Series) -> pl.Series:
    number = id_number.normalise(values)
    return number.set(~id_number.is_person(number), None)


@dataclass(frozen=True, slots=True)
class _Way:
    """From one field to another: `read` gives the other's canonical text, or null."""

    source: SemanticType
    target: SemanticType
    read: Callable[[pl.Series], pl.Series]
    rule: Rule
    occupied: Rule


_OWN_FORM = {
    T.USCC: uscc.CANONICAL,
    T.REGISTRATION_NUMBER: registration_number.CANONICAL,
    T.ORGANISATION_CODE: organisation_code.CANONICAL,
    T.ID_NUMBER: id_number.CANONICAL,
    T.TRAVEL_DOCUMENT: travel_document.CANONICAL,
}
"""Values of this form stand where they belong."""
_WAYS = (
    _Way(T.USCC, T.REGISTRATION_NUMBER, _registration_number, REGISTRATION_NUMBER, OCCUPIED),
    _Way(T.USCC, T.ORGANISATION_CODE, _organisation_code, ORGANISATION_CODE, OCCUPIED),
    _Way(T.USCC, T.TAX_NUMBER, _old_tax_number, TAX_NUMBER, OCCUPIED),
    _Way(T.REGISTRATION_NUMBER, T.USCC, _uscc, USCC_FROM_REGISTRATION, OTHERS_OCCUPIED),
    _Way(T.ORGANISATION_CODE, T.USCC, _uscc, USCC_FROM_ORGANISATION, OTHERS_OCCUPIED),
    _Way(T.REGISTRATION_NUMBER, T.ORGANISATION_CODE, _organisation_code,
         ORGANISATION_FROM_REGISTRATION, OTHERS_OCCUPIED),
    _Way(T.ORGANISATION_CODE, T.REGISTRATION_NUMBER, _registration_number,
         REGISTRATION_FROM_ORGANISATION, OTHERS_OCCUPIED),
    _Way(T.ID_NUMBER, T.TRAVEL_DOCUMENT, _travel_document, TRAVEL_DOCUMENT, OTHERS_OCCUPIED),
    _Way(T.TRAVEL_DOCUMENT, T.ID_NUMBER, _id_number, IDENTITY_NUMBER, OTHERS_OCCUPIED),
)  # fmt: skip
RULES: tuple[Rule, ...] = (
    *(way.rule for way in _WAYS), USCC_FROM_TAX_NUMBER, OCCUPIED, OTHERS_OCCUPIED,
)  # fmt: skip


def move_identifiers(entity: Entity, values: dict[str, pl.Series]) -> Iterator[Broken]:
    """Change `values` (canonical text by field name) in place and tell what was moved."""
    for type_, form in _OWN_FORM.items():
        for source in (f.name for f in entity.fields if f.type is type_):
            odd = holds(~values[source].str.contains(form))
            for way in _WAYS:
                target = entity.first(way.target)
                if way.source is type_ and target is not None and odd.any():
                    yield from _move(way, source, target, odd, values)
                    odd = odd & values[source].is_not_null()
    code, tax = entity.first(T.USCC), entity.first(T.TAX_NUMBER)
    if code is not None and tax is not None:
        open_ = values[code].is_null() & values[tax].is_not_null()
        same = mask_where(values[tax], open_, uscc.is_valid)
        if same.any():
            values[code] = values[tax].zip_with(same, values[code]).alias(code)
            yield code, USCC_FROM_TAX_NUMBER, same


def _move(
    way: _Way, source: str, target: str, odd: pl.Series, values: dict[str, pl.Series]
) -> Iterator[Broken]:
    value, present = values[source], values[target]
    read = told_of(value, odd, way.read)
    found = read.is_not_null()
    if not found.any():
        return
    free = found & (present.is_null() | holds(present == read))
    values[target] = read.zip_with(free, present).alias(target)
    values[source] = value.set(free, None)
    yield source, way.rule, free
    yield source, way.occupied, found & ~free
