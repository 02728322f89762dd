"""Which cells of the target refer to the rows of an entity's table: what moves in a merge."""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_migrate.project.mapping_file import TargetMapping
from crm_migrate.systems.target_schema import TargetSchema, TargetTable


@dataclass(frozen=True, slots=True)
class Referrer:
    """Column `column` of `table` holds keys of the entity's rows.

    `key`: the column by which a row of `table` is found, and which stays the same when the row
    moves; None where it has none. Then `identity` tells its rows apart.
    """

    table: str
    column: str
    key: str | None
    identity: tuple[str, ...] = ()


def referrers(
    entity: str,
    mapping: TargetMapping,
    references: Mapping[str, Mapping[str, str]],
    schema: TargetSchema,
) -> tuple[Referrer, ...]:
    """What refers to the rows of the entity's table, in order of table and column.

    Foreign keys that the target declares, also those of tables without an entity; mapped
    references (`references`: entity → column → entity it leads to); and those that the mapping
    declares.

    Raises:
        TargetFault: the mapping names a table or column that the target does not have.
    """
    held = mapping.entities[entity]
    found: dict[tuple[str, str], str | None] = {}
    for table in schema.tables.values():
        for foreign in table.foreign_keys:
            if foreign.table != held.table:
                continue
            referred = foreign.referred or schema.table(held.table).primary_key
            for column, to in zip(foreign.columns, referred, strict=True):
                if to == held.key:
                    found[table.name, column] = None
    for name, columns in references.items():
        for column, to in columns.items():
            if to == entity:
                found[mapping.entities[name].table, column] = mapping.entities[name].key
    policy = held.merge
    for declared in () if policy is None else policy.references:
        found[declared.table, declared.column] = declared.key
    mapped = {e.table: e.key for e in mapping.entities.values()}
    return tuple(
        _referrer(schema.table(table), column, key or mapped.get(table))
        for (table, column), key in sorted(found.items(), key=lambda item: item[0])
    )


def referred_otherwise(entity: str, mapping: TargetMapping, schema: TargetSchema) -> bool:
    """Whether a foreign key refers to the entity's rows by another column than their key alone."""
    held = mapping.entities[entity]
    for table in schema.tables.values():
        for foreign in table.foreign_keys:
            referred = foreign.referred or schema.table(held.table).primary_key
            if foreign.table == held.table and held.key not in referred:
                return True
    return False


def _referrer(table: TargetTable, column: str, key: str | None) -> Referrer:
    table.column(column)
    if key is None and len(table.primary_key) == 1:
        key = table.primary_key[0]
    if key is not None and key != column:
        table.column(key)
        return Referrer(table.name, column, key)
    identity = table.primary_key or tuple(c.name for c in table.columns)
    return Referrer(table.name, column, None, tuple(c for c in identity if c != column))
