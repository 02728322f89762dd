"""`mappings/*.yaml`: source columns and values to fields, owners, and fields to the target."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from crm_migrate.project.settings import Frozen


class FieldSource(Frozen):
    """Where a field's value comes from. A bare string in the file means `column`."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    join: Annotated[str, StringConstraints(strip_whitespace=False)] = "；"
    """Between the columns; a blank counts."""
    constant: str | None = None
    values: str | None = None
    """Name of a total value map under `mappings/values/`."""
    pattern: str | None = None
    """Regular expression; its first group is the value (one column to several fields)."""
    unit: str | None = None
    """Unit of the source's numbers where it differs from the field's (元, 万元, 亿元)."""
    record: str | None = None
    """Reference to the record of this entity made from the same row."""
    source: str | None = None
    table: str | None = None
    """With `column` (or the `columns` of a composite key): reference to the record with that
    declared key in another table; without `source`, of the same source."""
    entity: str | None = None
    """Entity looked up in `table`, where that table yields several."""
    reason: str | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    """Why `init` proposed this, and how sure it was; both are for the reader."""
    confirmed: bool | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "FieldSource":
        origins = [
            self.column is not None or bool(self.columns),
            self.constant is not None,
            self.record is not None,
        ]
        if sum(origins) != 1:
            raise ValueError(
                "needs exactly one of column, columns, constant, record"
                " | column、columns、constant、record 须且只能填写一项"
            )
        if self.source is not None and self.table is None:
            raise ValueError("a look-up by source needs its table | 按来源查找须写明 table")
        return self

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The source columns that are read."""
        return (self.column,) if self.column is not None else self.columns


def _as_column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class RecordMapping(Frozen):
    """One record that a source row yields."""

    entity: str
    fields: dict[
        str,
        Annotated[
            FieldSource, BeforeValidator(_as_column, json_schema_input_type=str | FieldSource)
        ],
    ]
    requires: tuple[str, ...] = ()
    """The row yields this record only where one of these fields is filled (default: any)."""
    key: tuple[str, ...] | None = None
    """Overrides the table's key for this entity (a ticket list names its customer by code): rows
    that are equal in this record's columns then yield one and the same record."""


class TableMapping(Frozen):
    """One sheet, file or database table."""

    table: str = ""
    header: tuple[int, int] | None = None
    fingerprint: str | None = None
    key: tuple[str, ...] = ()
    records: tuple[RecordMapping, ...]
    ignore: tuple[str, ...] = ()
    """Columns known and left behind on purpose; all others unmapped are left behind, too."""

    def columns(self) -> tuple[str, ...]:
        """The allow-list: every column that is read, in order of first mention."""
        names = dict.fromkeys(self.key)
        for record in self.records:
            names |= dict.fromkeys(record.key or ())
            for origin in record.fields.values():
                names |= dict.fromkeys(origin.source_columns)
        return tuple(names)


class SourceMapping(Frozen):
    """One `mappings/<source>.yaml`."""

    source: str
    tables: tuple[TableMapping, ...]


class OwnerChange(Frozen):
    """An owner of the old systems and who is responsible from now on (公海 = common pool)."""

    old: str = Field(alias="from")
    new: str = Field(alias="to")
    department: str = ""
    note: str | None = None


class ValueMap(Frozen):
    """`mappings/values/<name>.yaml`: a total map of values, or the owner map."""

    map: dict[str, str | None] = {}
    owners: tuple[OwnerChange, ...] = ()
    undecided: tuple[str, ...] = ()
    """Values seen in a source that nobody has decided about yet; each is a finding."""
    unmapped: Literal["finding", "keep"] = "finding"


class Lookup(Frozen):
    """Resolves a value by a table of the target (an owner's name to the user's id)."""

    table: str
    match: str
    value: str


class TargetColumn(Frozen):
    """Which column of the target holds a field. A bare string means `column`."""

    column: str
    values: dict[str, str] = {}
    """Field value → target value; must be total over the field's vocabulary."""
    lookup: Lookup | None = None
    references: str | None = None
    index: str | None = None
    """Column for the blind index of a sealed field."""
    on_conflict: Literal["crm", "source", "ask"] | None = None
    """Three-way policy where the CRM was edited; None: the entity's."""


class DeclaredReference(Frozen):
    """Cells that hold keys of the entity's table although no foreign key says so."""

    table: str
    column: str
    key: str
    """Column by whose value a row of `table` is found."""


class MergePolicy(Frozen):
    """What becomes of a row of the CRM that is given up for another row of the same record.

    Either it stays and is marked, or it is deleted. All rows that refer to it refer to the row
    that stays from then on: by the foreign keys that the target declares, also those of tables
    that no entity is mapped to, by mapped references, and by `references`.
    """

    mark: dict[str, str | None] = {}
    """Column → value that says that a row was given up; null empties the column."""
    into: str | None = None
    """Column that receives the key of the row that stays."""
    delete: bool = False
    references: tuple[DeclaredReference, ...] = ()

    @model_validator(mode="after")
    def _marked_or_deleted(self) -> "MergePolicy":
        said = self.into is not None or any(v is not None for v in self.mark.values())
        if self.delete == said or (self.delete and self.mark):
            raise ValueError(
                "needs either delete: true, or mark and into for rows given up"
                " | 被合并的行须写明 delete: true，或 mark 与 into"
            )
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that mark a row as given up."""
        return (*self.mark, *(() if self.into is None else (self.into,)))


class Duplicates(Frozen):
    """Several rows of the CRM for one record are merged."""

    merge: MergePolicy


class LeftOut(Frozen):
    """Rows of the CRM that are nobody's record: soft-deleted, archived, made for tests."""

    column: str
    when: Literal["filled", "empty"] | tuple[str, ...]
    """Whether the column holds anything, or one of these values; true and 1 are the same."""


class TargetEntity(Frozen):
    """The target's table for an entity."""

    table: str
    key: str
    fields: dict[
        str,
        Annotated[
            TargetColumn, BeforeValidator(_as_column, json_schema_input_type=str | TargetColumn)
        ],
    ]
    golden_id: str | None = None
    """Column that mirrors the golden id, where the target has one."""
    on_conflict: Literal["crm", "source", "ask"] = "crm"
    constants: dict[str, str] = {}
    match: tuple[str, ...] = ()
    """Fields under which an insert must be absent beside the target's unique keys."""
    left_out: LeftOut | None = None
    """Rows that are neither linked nor compared nor changed; unique keys count them."""
    duplicates: Literal["list"] | Duplicates = "list"
    """Several rows of the CRM for one record: only listed, or merged into one of them."""

    @property
    def merge(self) -> MergePolicy | None:
        """How rows are given up; None where duplicates are only listed."""
        return None if self.duplicates == "list" else self.duplicates.merge


class OwnerTable(Frozen):
    """The target's table of users."""

    table: str
    match: str
    value: str


class TargetMapping(Frozen):
    """`mappings/target.yaml`."""

    target: str
    owners: OwnerTable | None = None
    create: bool = False
    """Create missing tables (a sandbox that the tool lays out itself)."""
    entities: dict[str, TargetEntity]
