"""Columns whose values are keys of another table are proposed as references to its records."""

from collections.abc import Iterator, Sequence

from crm_migrate.language import Language, Text
from crm_migrate.mapping.field_candidates import LEAST
from crm_migrate.mapping.headers import Headers
from crm_migrate.mapping.sample import Column, Sample
from crm_migrate.model import Field, Model
from crm_migrate.project.mapping_file import FieldSource
from crm_migrate.systems.sql import SqlTable

WHY_KEY = Text("its values are keys of {table}", "取值为“{table}”的主键")


def look_ups(
    sample: Sample, samples: Sequence[Sample], model: Model, headers: Headers, language: Language
) -> dict[str, FieldSource]:
    """Reference fields of the sample's entity → the column that fits best, and its table.

    `samples`: all tables of all sources; look-ups may cross sources.
    """
    assert sample.entity is not None
    found: dict[str, FieldSource] = {}
    for reference in model.entity(sample.entity).references():
        best: tuple[float, Column, Sample] | None = None
        for column in _pointing(reference, sample, headers):
            for other in samples:
                fit = _fit(column, other, reference)
                own = other is sample and column.name in other.key
                if fit >= LEAST and not own and (best is None or fit > best[0]):
                    best = (fit, column, other)
        if best is None:
            continue
        fit, column, other = best
        found[reference.name] = FieldSource(
            column=column.name,
            source=other.source,
            table=other.name,
            confidence=round(0.5 + fit / 2 - 0.01, 2),
            reason=WHY_KEY.in_language(language, table=other.name or other.source),
        )
    return found


def _pointing(reference: Field, sample: Sample, headers: Headers) -> Iterator[Column]:
    """The columns that may hold the key of the referred entity."""
    declared: tuple[str, ...] = ()
    if isinstance(sample.table, SqlTable):
        declared = tuple(k.columns[0] for k in sample.table.foreign_keys)
    for column in sample.columns:
        named = {m.field for m in headers.matches(column.label) if m.score > LEAST}
        identified = reference.references in headers.identifies(column.label)
        if reference.references == sample.entity:  # 上级客户: only by its own words
            identified = False
        if identified or reference.name in named or (column.name in declared):
            yield column


def _fit(column: Column, other: Sample, reference: Field) -> float:
    """Share of the column's distinct values that are keys of the other table, 0–1."""
    if other.entity != reference.references or len(other.key) != 1 or not len(column.keys):
        return 0.0
    keys = other.by_name[other.key[0]].keys
    return float(column.keys.is_in(keys.implode()).sum()) / len(column.keys)
