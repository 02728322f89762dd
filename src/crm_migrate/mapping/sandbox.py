"""The sandbox: a target that the tool lays out itself, a table per entity, a column per field."""

from typing import TYPE_CHECKING

from crm_migrate.model import Entity, Level, Model, SemanticType
from crm_migrate.project.mapping_file import TargetColumn, TargetEntity, TargetMapping

if TYPE_CHECKING:
    import sqlalchemy as sa

KEY = "id"
GOLDEN_ID = "golden_id"
SEALED_LENGTH = 1024
"""Characters for a sealed value: base64 of key id, nonce, tag and ciphertext."""
INDEX_LENGTH = 64
TEXT_LENGTH = 400
_WIDE = {SemanticType.FREE_TEXT, SemanticType.TAGS}
MATCH = {"customer": ("uscc",), "contact": ("customer", "name", "mobile")}


def sandbox_target(model: Model, name: str = "crm") -> TargetMapping:
    """A target mapping in which tables and columns are called like entities and fields."""
    return TargetMapping(
        target=name,
        create=True,
        entities={
            entity.name: TargetEntity(
                table=entity.name,
                key=KEY,
                golden_id=GOLDEN_ID,
                match=tuple(f for f in MATCH.get(entity.name, ()) if f in entity.by_name),
                fields={
                    f.name: TargetColumn(
                        column=f.name,
                        references=f.references,
                        index=f"{f.name}_index" if f.level is Level.SECRET else None,
                    )
                    for f in entity.fields
                },
            )
            for entity in model.entities
        },
    )


def layout(model: Model, target: TargetMapping) -> "sa.MetaData":
    """The tables that `target` writes to, for `create: true`.

    Values are canonical text, so text columns hold them exactly as they were approved; only
    keys and references to other tables are integers.
    """
    import sqlalchemy as sa

    metadata = sa.MetaData()
    for entity in model.entities:
        mapped = target.entities.get(entity.name)
        if mapped is not None:
            table = sa.Table(mapped.table, metadata, *_columns(entity, mapped, target))
            match = [mapped.fields[f].index or mapped.fields[f].column for f in mapped.match]
            if match:  # every insert asks whether such a record is there already
                sa.Index(f"ix_{mapped.table}_match", *(table.c[c] for c in match))
    return metadata


def create_sandbox_tables(connection: "sa.Connection", model: Model, target: TargetMapping) -> None:
    """Create the tables that are not there yet.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database refuses.
    """
    layout(model, target).create_all(connection)


def _columns(
    entity: Entity, mapped: TargetEntity, target: TargetMapping
) -> "list[sa.Column[int] | sa.Column[str]]":
    import sqlalchemy as sa

    columns: list[sa.Column[int] | sa.Column[str]] = [
        sa.Column(mapped.key, sa.Integer, primary_key=True)
    ]
    if mapped.golden_id is not None:
        columns.append(sa.Column(mapped.golden_id, sa.String(64), unique=True))
    for name, column in mapped.fields.items():
        field = entity.by_name[name]
        other = target.entities.get(field.references or "")
        if other is not None:
            link = sa.ForeignKey(f"{other.table}.{other.key}")
            columns.append(sa.Column(column.column, sa.Integer, link))
        elif column.index is not None:
            columns.append(sa.Column(column.column, sa.String(SEALED_LENGTH)))
            columns.append(sa.Column(column.index, sa.String(INDEX_LENGTH), index=True))
        elif field.type in _WIDE:
            columns.append(sa.Column(column.column, sa.Text))
        else:
            columns.append(sa.Column(column.column, sa.String(field.max_length or TEXT_LENGTH)))
    return columns
