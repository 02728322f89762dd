"""Columns of bare files that no field takes: they go with their records, under their own headers.

A carried column is a field of the row's own record that the standard model does not have: free
text, tidied, and searched for personal data as remarks are. A column of nothing but long numbers
(orders, accounts, documents) is one of codes instead: nothing is cut out of it, since one order
number in ten looks like a bank card; where most of it is personal numbers, that is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from crm_migrate.language import Text
from crm_migrate.mapping.origins import origins
from crm_migrate.model import Field, Model, SemanticType
from crm_migrate.project.mapping_file import FieldSource, RecordMapping
from crm_migrate.protection.policy import Audience, Policy, Treatment
from crm_migrate.records import PROVENANCE, RECORD_ID, findings_where
from crm_migrate.stages.bare.file_mappings import FileMappings, FileTable
from crm_migrate.standards.reading.personal_data import Finding, found
from crm_migrate.standards.reading.personal_rules import OF_KINDS

_MOST = 0.5
_NUMBER = r"^[0-9]{8,}[Xx]?$"
_OWN = Text("{header} (source)", "{header}（源）")
"""The name of a carried column whose header is that of a field of the result."""


def carry(mappings: FileMappings, model: Model) -> FileMappings:
    """The mappings with every column that no field takes and no mapping ignores on purpose.

    In tables whose rows only name a record of the entity (tickets of a customer) nothing is
    carried: many rows are one line of the result there.
    """
    names: dict[str, str] = {}
    taken = {*_names(mappings, model)}
    tables = []
    for table in mappings.tables:
        record = table.record(mappings.entity)
        if record is None or record.key is not None:
            tables.append(table)
            continue
        columns = [c for c in table.unread() if c not in table.mapping.ignore]
        for header in columns:
            if header not in names:
                names[header] = _free_name(header, taken)
                taken.add(names[header])
        tables.append(_carrying(table, record, {names[c]: c for c in columns}))
    return replace(mappings, tables=tuple(tables), carried=frozenset(names.values()))


def with_carried(model: Model, mappings: FileMappings, rows: Sequence[pl.DataFrame]) -> Model:
    """The model with a field for each carried column. rows: those of each table, as read."""
    if not mappings.carried:
        return model
    entity = model.entity(mappings.entity)
    numbers = dict.fromkeys(sorted(mappings.carried), True)
    order: dict[str, str] = {}
    for table, frame in zip(mappings.tables, rows, strict=True):
        for name, column in _carried(table, mappings):
            order[name] = column
            plain = frame[column].str.contains(_NUMBER) | (frame[column].str.strip_chars() == "")
            numbers[name] = numbers[name] and bool(plain.drop_nulls().all())
    fields = tuple(
        Field(
            name,
            SemanticType.CODE if numbers[name] else SemanticType.FREE_TEXT,
            Text(header, header),
        )
        for name, header in order.items()
    )
    changed = replace(entity, fields=(*entity.fields, *fields))
    return replace(model, entities=tuple(changed if e is entity else e for e in model.entities))


def with_carried_policy(policy: Policy, mappings: FileMappings) -> Policy:
    """The policy, which knows the fields of the standard model, with the carried ones in clear."""
    clear = {(mappings.entity, n, a): Treatment.CLEAR for n in mappings.carried for a in Audience}
    return replace(policy, treatments={**policy.treatments, **clear})


def personal_numbers(
    records: pl.DataFrame, model: Model, mappings: FileMappings
) -> Iterator[pl.DataFrame]:
    """Findings of carried columns of long numbers that for the most part are personal ones."""
    places = origins(mappings.entity, mappings.sources)
    for field in model.entity(mappings.entity).fields:
        if field.name not in mappings.carried or field.type is not SemanticType.CODE:
            continue
        values = records[field.name]
        filled = len(values) - values.null_count()
        for kind, rows in found(values):
            if kind in (Finding.NUMBER, Finding.MOBILE) and rows.sum() > _MOST * filled:
                columns = {s: c for (s, name), c in places.items() if name == field.name}
                yield findings_where(
                    records.select(RECORD_ID, *PROVENANCE), rows, entity=mappings.entity,
                    field=field.name, rule=OF_KINDS[kind], columns=columns,
                )  # fmt: skip


def _names(mappings: FileMappings, model: Model) -> Iterator[str]:
    """The columns that the result could have without the carried ones."""
    yield from (RECORD_ID, *PROVENANCE)
    yield from model.entity(mappings.entity).field_names
    for entity in model.entities:
        yield from (f"{entity.name}.{name}" for name in entity.field_names)


def _free_name(header: str, taken: set[str]) -> str:
    name = header
    while name in taken or name.startswith("_"):
        name = str(_OWN.fill(header=name.lstrip("_")))
    return name


def _carrying(table: FileTable, record: RecordMapping, named: dict[str, str]) -> FileTable:
    """The table with these columns as fields of its record. A row is none by them alone."""
    requires = record.requires or tuple(n for n, o in record.fields.items() if o.constant is None)
    fields = record.fields | {n: FieldSource(column=c) for n, c in named.items()}
    wider = record.model_copy(update={"fields": fields, "requires": requires})
    records = tuple(wider if r is record else r for r in table.mapping.records)
    return replace(table, mapping=table.mapping.model_copy(update={"records": records}))


def _carried(table: FileTable, mappings: FileMappings) -> Iterator[tuple[str, str]]:
    """(name, column) of what the table carries."""
    record = table.record(mappings.entity)
    if record is not None:
        for name, origin in record.fields.items():
            if name in mappings.carried and origin.column is not None:
                yield name, origin.column
