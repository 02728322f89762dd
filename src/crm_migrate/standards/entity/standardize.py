"""Standardizing the records of one entity: every field by its standard, then the whole record."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil

import polars as pl

from crm_migrate.model import Condition, Entity, Model
from crm_migrate.records import (
    PROVENANCE,
    RECORD_ID,
    SOURCE,
    Severity,
    unique_ids,
)
from crm_migrate.standards.columns.remembered import remembering
from crm_migrate.standards.columns.residue import holds
from crm_migrate.standards.contract import Broken
from crm_migrate.standards.entity import record_rules, schema
from crm_migrate.standards.entity.fields import MANY, judged, normalised
from crm_migrate.standards.entity.found import Found, all_found, found_where
from crm_migrate.standards.entity.moves import apply_moves
from crm_migrate.standards.rules.judging import judged_alone, weighed
from crm_migrate.standards.rules.records import NO_RULES, RecordRules

Origins = Mapping[tuple[str, str], str]
"""(source name, field name) → the column of the source that the field was read from."""

_LARGEST_SLICE = 500_000
"""Rows of a slice: what is worked out beside the records is gone before the next one."""


@dataclass(frozen=True, slots=True)
class Standardized:
    """The records of one entity in standard form; `len(records) + len(quarantined)` came in."""

    records: pl.DataFrame
    """The columns of the mapped records, canonical text, and every field of the entity."""
    found: Found
    """Of the quarantined records, too; record by record."""
    quarantined: pl.DataFrame
    """`record_id`, provenance, and `rule`: why the record was set aside."""

    @property
    def findings(self) -> pl.DataFrame:
        """What was found, spelled out: `records.FINDING_COLUMNS`."""
        return self.found.table()


def standardize(
    entity: Entity,
    mapped: pl.DataFrame,
    model: Model,
    *,
    origins: Origins,
    rules: RecordRules = NO_RULES,
) -> Standardized:
    """Bring `mapped` (raw text under field names, `record_id`, provenance) into standard form.

    A pure function of its rows: batches may be cut anywhere (only the uniqueness of `record_id`
    is judged within the batch), and are, for as many threads as there are cores. Of the project's
    `rules` those of single records are judged.

    Raises:
        KeyError: a field names a vocabulary that the model does not have.
    """

    def made(rows: pl.DataFrame) -> Standardized:
        return _standardized(entity, rows, model, origins, rules)

    slices = _slices(mapped)
    if len(slices) == 1:
        return made(mapped)
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        parts = list(threads.map(made, slices))
    return Standardized(
        pl.concat(p.records for p in parts),
        all_found([p.found for p in parts]),
        pl.concat(p.quarantined for p in parts),
    )


def _slices(mapped: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows in pieces of the same size; in one where ids repeat, which must be seen together."""
    height, threads = mapped.height, pl.thread_pool_size()
    if height < 2 * MANY or threads == 1 or not unique_ids(mapped[RECORD_ID]):
        return [mapped]
    count = threads * ceil(height / (threads * _LARGEST_SLICE))
    return list(mapped.iter_slices(ceil(height / count)))


@remembering()
def _standardized(
    entity: Entity, mapped: pl.DataFrame, model: Model, origins: Origins, rules: RecordRules
) -> Standardized:
    cells = {f.name: normalised(f, _column(mapped, f.name), model) for f in entity.fields}
    broken = [b for c in cells.values() for b in c.of_rows(c.emptied)]
    before = {n: c.rows(c.value).alias(n) for n, c in cells.items()}
    values = dict(before)
    broken += apply_moves(entity, lambda name: cells[name].rows(cells[name].raw), values)
    for name, value in values.items():
        if value is not before[name]:
            cells[name] = cells[name].moved(value)
    for name, of_field in cells.items():
        broken += judged(of_field, model, rules.allowed.get(f"{entity.name}.{name}"))
    broken += _missing(entity, values)
    records = mapped.with_columns(column.alias(name) for name, column in values.items())
    broken += judged_alone(rules.of(entity.name, of_record=True), records)
    distinct = {name: c.value for name, c in cells.items()}
    broken += schema.failures(entity, model, records, distinct)
    return _sorted_out(entity, records, broken, origins, rules)


def _column(mapped: pl.DataFrame, name: str) -> pl.Series:
    if name in mapped.columns:
        return mapped.get_column(name)
    return pl.Series(name, [None], dtype=pl.String).new_from_index(0, len(mapped))


def _missing(entity: Entity, values: dict[str, pl.Series]) -> Iterator[Broken]:
    """Required values that are missing, and records without anything to identify them."""
    for field in entity.fields:
        if field.required:
            missing = values[field.name].is_null()
            for condition in field.required_when:
                missing = missing & _holds_for(condition, values)
            yield field.name, record_rules.REQUIRED, missing
    identifying = [values[f.name].is_null() for f in entity.fields if f.identifying]
    if identifying:
        nothing = identifying[0]
        for column in identifying[1:]:
            nothing = nothing & column
        first = next(f.name for f in entity.fields if f.identifying)
        yield first, record_rules.UNIDENTIFIED, nothing


def _holds_for(condition: Condition, values: dict[str, pl.Series]) -> pl.Series:
    return holds(values[condition.field].is_in(list(condition.values)))


def _sorted_out(
    entity: Entity,
    records: pl.DataFrame,
    broken: list[Broken],
    origins: Origins,
    weights: RecordRules,
) -> Standardized:
    """The findings of all broken rules; errors send their record to quarantine."""
    hits = []
    rules = pl.Series("rule", [None], dtype=pl.String).new_from_index(0, len(records))
    sources = records[SOURCE]
    for field, rule, mask in broken:
        mask = holds(mask)
        if not mask.any():
            continue
        for weight, here in weighed(rule, entity.name, field, mask, sources, weights.severities):
            hits.append((field, rule, weight, here))
            if weight is Severity.ERROR:
                rules = rules.set(here & rules.is_null(), rule.code)
    found = found_where(records, hits, entity=entity.name, origins=origins)
    stopped = rules.is_not_null()
    if not stopped.any():
        nothing = records.clear().select(RECORD_ID, *PROVENANCE).with_columns(rules.clear())
        return Standardized(records, found, nothing)
    quarantined = records.select(RECORD_ID, *PROVENANCE).with_columns(rules).filter(stopped)
    return Standardized(records.filter(~stopped), found, quarantined)
