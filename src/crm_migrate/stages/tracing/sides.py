"""What an operation, or the before-image that it left, tells of a row before and after."""

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED
from crm_migrate.plan.reversal import CREATED, DELETED, WAS
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.protection.private_persons import KIND, NAME, are_persons, tells_of_person


def sides(
    column: str, result: str, operation: pl.DataFrame, image: pl.DataFrame | None
) -> tuple[str | None, str | None, bool]:
    """Stored text before and after, and whether the cell was written."""
    before = after = None
    touched = False
    if operation.height and AFTER + column in operation.columns:
        after = operation[AFTER + column][0]
        touched = after != UNTOUCHED
        before = operation[BEFORE + column][0] if touched and result != CREATED else None
        after = after if touched else None
    if image is not None:
        written = image["written"][0]
        if result == DELETED or column in (written if written is not None else ()):
            before, touched = image[WAS + column][0], True
    return before, after, touched


def of_person(
    entity: Entity, mapped: TargetEntity, operation: pl.DataFrame, image: pl.DataFrame | None
) -> bool:
    """Whether the row is a private person's, by any name or kind that stood in it before or after.

    One of whose name nothing is known counts as one.
    """
    if NAME not in entity.by_name or not tells_of_person(entity.by_name[NAME].type):
        return False
    names = _held(mapped, NAME, operation, image)
    kinds: list[str | None] = [*_held(mapped, KIND, operation, image)]
    spoken = pl.Series(names, dtype=pl.String)
    return not names or any(
        are_persons(spoken, pl.Series([kind] * len(names), dtype=pl.String)).any()
        for kind in kinds or [None]
    )


def _held(
    mapped: TargetEntity, field: str, operation: pl.DataFrame, image: pl.DataFrame | None
) -> list[str]:
    """What stood in the field's column before or after; words for stored codes."""
    column = mapped.fields.get(field)
    if column is None:
        return []
    words = {stored: word for word, stored in column.values.items()}
    found = []
    for table, prefix in ((operation, BEFORE), (operation, AFTER), (image, WAS)):
        name = f"{prefix}{column.column}"
        if table is not None and name in table.columns:
            found += [words.get(v, v) for v in table[name].drop_nulls() if v != UNTOUCHED]
    return found
