"""Which columns of a source the fields of records come from."""

from collections.abc import Iterable

from crm_migrate.project.mapping_file import RecordMapping, SourceMapping, TableMapping


def origins(entity: str, mappings: Iterable[SourceMapping]) -> dict[tuple[str, str], str]:
    """(source, field) → the source columns that the field comes from, joined by `、`."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for mapping in mappings:
        for table in mapping.tables:
            for record in table.records:
                if record.entity == entity:
                    for name, origin in record.fields.items():
                        columns = dict.fromkeys(origin.source_columns)
                        found.setdefault((mapping.source, name), {}).update(columns)
    return {place: "、".join(columns) for place, columns in found.items() if columns}


def record_key(record: RecordMapping, table: TableMapping) -> tuple[str, ...]:
    """The columns that identify this record: its own key, else the table's."""
    return table.key if record.key is None else record.key


def record_columns(record: RecordMapping) -> tuple[str, ...]:
    """The source columns that this record is made of, its own key included."""
    names = dict.fromkeys(record.key or ())
    for origin in record.fields.values():
        names |= dict.fromkeys(origin.source_columns)
    return tuple(names)
