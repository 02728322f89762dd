"""Standardizing the records of one entity: every field by its standard, then the whole record."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.formats.placeholders import PLACEHOLDERS
from crm_migrate.model import Condition, Entity, Field, Level, Model, SemanticType
from crm_migrate.records import (
    PROVENANCE,
    RECORD_ID,
    SOURCE,
    Rule,
    Severity,
    findings_together,
)
from crm_migrate.standards import standard
from crm_migrate.standards.contract import context_of
from crm_migrate.standards.entity import record_rules, schema
from crm_migrate.standards.entity.moves import apply_moves
from crm_migrate.standards.residue import holds, mask_where
from crm_migrate.standards.rules.allowed import spared
from crm_migrate.standards.rules.judging import judged_alone, weighed
from crm_migrate.standards.rules.records import NO_RULES, RecordRules

Origins = Mapping[tuple[str, str], str]
"""(source name, field name) → the column of the source that the field was read from."""
Broken = tuple[str, Rule, pl.Series]
"""Field name, rule, and the rows where it holds."""

_EXCEL_ERROR = r"^\s*#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)\s*$"
_WORDS_OF_TEXT = {SemanticType.TEXT, SemanticType.FREE_TEXT, SemanticType.BOOLEAN}
"""Types where 无 may be an answer."""


@dataclass(frozen=True, slots=True)
class Standardized:
    """The records of one entity in standard form; `len(records) + len(quarantined)` came in."""

    records: pl.DataFrame
    """The columns of the mapped records, canonical text, and every field of the entity."""
    findings: pl.DataFrame
    """`records.FINDING_COLUMNS`, of the quarantined records, too; record by record."""
    quarantined: pl.DataFrame
    """`record_id`, provenance, and `rule`: why the record was set aside."""


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
    is judged within the batch). Of the project's `rules` those of single records are judged.

    Raises:
        KeyError: a field names a vocabulary that the model does not have.
    """
    raw = {f.name: _column(mapped, f.name) for f in entity.fields}
    broken: list[Broken] = []
    for field in entity.fields:
        broken += _emptied(field, raw)
    values = {
        f.name: standard(f.type).normalise(raw[f.name], context_of(f, model))
        if _has_values(raw[f.name])
        else raw[f.name]
        for f in entity.fields
    }
    broken += [(m.field, m.rule, m.mask) for m in apply_moves(entity, raw, values)]
    for field in entity.fields:
        found = _judged(field, model, raw[field.name], values[field.name])
        allowed = rules.allowed.get(f"{entity.name}.{field.name}")
        broken += spared(allowed, field.name, values[field.name], found) if allowed else found
    broken += _missing(entity, values)
    records = mapped.with_columns(column.alias(name) for name, column in values.items())
    broken += judged_alone(rules.of(entity.name, of_record=True), records)
    broken += schema.failures(entity, model, records)
    return _sorted_out(entity, records, broken, origins, rules)


def _column(mapped: pl.DataFrame, name: str) -> pl.Series:
    if name in mapped.columns:
        return mapped.get_column(name)
    return pl.Series(name, [None], dtype=pl.String).new_from_index(0, len(mapped))


def _has_values(column: pl.Series) -> bool:
    return column.null_count() < len(column)


def _emptied(field: Field, raw: dict[str, pl.Series]) -> Iterator[Broken]:
    """Formula errors and placeholders become missing values in `raw`."""
    column = raw[field.name]
    if not _has_values(column):
        return
    hashes = column.str.contains("#", literal=True)
    errors = mask_where(column, hashes, lambda few: few.str.contains(_EXCEL_ERROR))
    if errors.any():
        column = column.set(errors, None)
        yield field.name, record_rules.EXCEL_ERROR, errors
    if field.type not in _WORDS_OF_TEXT:
        short = column.str.len_bytes() <= 12
        filler = mask_where(column, short, lambda few: few.str.strip_chars().is_in(PLACEHOLDERS))
        if filler.any():
            column = column.set(filler, None)
            yield field.name, record_rules.PLACEHOLDER, filler
    raw[field.name] = column


def _judged(field: Field, model: Model, raw: pl.Series, value: pl.Series) -> Iterator[Broken]:
    """What the field's standard finds, what it repaired, and values that are too long."""
    if not _has_values(raw) and not _has_values(value):
        return
    rules = standard(field.type)
    for rule, mask in rules.validate(raw, value, context_of(field, model)):
        yield field.name, rule, mask
    changed = holds(raw != value)
    yield (
        field.name,
        rules.NORMALISED,
        mask_where(raw, changed, lambda few: few.str.strip_chars() != value.filter(changed)),
    )
    if field.max_length is not None:
        yield field.name, record_rules.TOO_LONG, value.str.len_chars() > field.max_length


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
    findings = findings_together(records, hits, entity=entity.name, origins=origins)
    stopped = rules.is_not_null()
    if not stopped.any():
        nothing = records.clear().select(RECORD_ID, *PROVENANCE).with_columns(rules.clear())
        return Standardized(records, findings, nothing)
    quarantined = records.select(RECORD_ID, *PROVENANCE).with_columns(rules).filter(stopped)
    return Standardized(records.filter(~stopped), findings, quarantined)


def mask_record_columns(
    entity: Entity, records: pl.DataFrame, fields: Collection[str] | None = None
) -> pl.DataFrame:
    """`records` with canonical text covered in `fields` (default: sensitive and secret ones)."""
    hidden = {
        f.name: f
        for f in entity.fields
        if f.name in records.columns
        and (f.name in fields if fields is not None else f.level in (Level.SENSITIVE, Level.SECRET))
    }
    return records.with_columns(
        standard(f.type).mask(records.get_column(name)).alias(name) for name, f in hidden.items()
    )
