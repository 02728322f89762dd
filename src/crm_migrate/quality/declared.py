"""What is declared of the fields: a place in the model (0102), and who answers for them (0103)."""

from collections.abc import Iterator, Mapping

from crm_migrate.model import Entity, Field
from crm_migrate.project.quality_measures import AFTER, BEFORE
from crm_migrate.quality.counts import ALL, Line


def model_lines(
    entity: Entity, given: Mapping[str, frozenset[str]], target: frozenset[str]
) -> Iterator[Line]:
    """Demanded fields for which a source has a column, and after it the CRM.

    given: by source that has such records, the fields that it fills. target: fields with a column.
    """
    for field in entity.fields:
        if not field.required:
            continue
        place = (entity.name, ALL, field.name, "model")
        has = {source: int(field.name in fields) for source, fields in given.items()}
        yield (BEFORE, *place, sum(has.values()), len(has))
        for source, one in has.items():
            yield (BEFORE, entity.name, source, field.name, "model", one, 1)
        if target:
            yield (AFTER, *place, int(field.name in target), 1)


def metadata_lines(entity: Entity, used: frozenset[str]) -> Iterator[Line]:
    """Fields in use of which the data dictionary leaves nothing open."""
    for field in entity.fields:
        if field.name in used:
            yield (AFTER, entity.name, ALL, field.name, "metadata", int(_described(field)), 1)


def _described(field: Field) -> bool:
    return all((field.owner, field.update_frequency, field.retention))
