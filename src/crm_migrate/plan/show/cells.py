"""Cells of operations as people see them: masked, in words, references by name."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, SemanticType
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Action
from crm_migrate.plan.show.names import Names
from crm_migrate.project.mapping_file import TargetColumn
from crm_migrate.protection.masking import mask_pair
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.protection.private_persons import KIND, NAME, any_of, are_persons, covered_pair

_SEALED = Text("(encrypted)", "（加密）")


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell: label of the field, masked text before and after, where the value comes from.

    `kept`: contested, so the CRM keeps what stands in `before`.
    """

    label: str
    before: str
    after: str
    origin: str
    kept: bool = False


@dataclass(frozen=True)
class Column:
    """A column of the target, ready to be shown: a value per shown operation."""

    label: str
    field: str
    before: list[str | None]
    after: list[str | None]
    written: list[bool]
    kept: list[bool]


def column_shown(
    shown: pl.DataFrame,
    entity: Entity,
    name: str,
    column: TargetColumn,
    names: Names,
    persons: pl.Series,
) -> Column:
    """The cells of field `name` in the shown operations; `persons`: see `persons_shown`."""
    field = entity.by_name[name]
    before, after = shown[f"{BEFORE}{column.column}"], shown[f"{AFTER}{column.column}"]
    touched = (after != UNTOUCHED).fill_null(True)
    after = after.set(~touched, None)
    written = before.is_not_null() | after.is_not_null()
    kept = before.is_not_null() & ~touched & (shown["action"] != Action.DELETE)
    if field.references is not None:
        before, after = names.references(field, before), names.references(field, after)
    elif names.policy.treatment(entity.name, name, Audience.TARGET) == Treatment.SEAL:
        word = _SEALED.in_language(names.language)
        before, after = _instead(before, word), _instead(after, word)
    elif names.policy.treatment(entity.name, name, Audience.REPORT) != Treatment.CLEAR:
        before, after = mask_pair(before, after, field.type)
    else:
        before, after = names.words(field, column, before), names.words(field, column, after)
        before, after = covered_pair(before, after, field.type, persons)
    label = field.label.in_language(names.language)
    shown_texts = before.to_list(), after.to_list()
    return Column(label, name, *shown_texts, written.to_list(), kept.to_list())


def persons_shown(
    shown: pl.DataFrame, entity: Entity, mapped: Mapping[str, TargetColumn], names: Names
) -> pl.Series:
    """Whether the records of the shown operations are private persons: by their golden record, or
    by what the CRM has or gets. Of whom nothing is known counts as one.
    """
    if NAME not in entity.by_name or entity.by_name[NAME].type is not SemanticType.COMPANY_NAME:
        return pl.repeat(False, shown.height, eager=True)
    golden = names.persons(entity, shown["golden_id"])
    found, known = [golden.fill_null(False)], [golden.is_not_null()]
    for side in (BEFORE, AFTER):
        cells = {}
        for name in (NAME, KIND):
            column = mapped.get(name)
            if column is None or f"{side}{column.column}" not in shown.columns:
                continue
            values = shown[f"{side}{column.column}"].replace(UNTOUCHED, None)
            cells[name] = names.words(entity.by_name[name], column, values)
        if NAME in cells:
            found.append(are_persons(cells[NAME], cells.get(KIND)))
            known.append(cells[NAME].is_not_null())
    return any_of(found) | ~any_of(known)


def _instead(values: pl.Series, word: str) -> pl.Series:
    return values.set(values.is_not_null(), word)
