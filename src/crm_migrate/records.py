"""Record identity, provenance and findings: the columns that every stage table carries."""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from crm_migrate.language import Text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

RECORD_ID = "record_id"
SOURCE = "_source"
FILE = "_file"
SHEET = "_sheet"
ROW = "_row"
PROVENANCE = (SOURCE, FILE, SHEET, ROW)
"""Where a record was read: source name, file (or database) name, sheet (or table), and the row
as a person counts it in the file (1-based; for tables the ordinal). Provenance, never identity."""

TARGET_SOURCE = "@target"
"""`_source` of records that stand in the target CRM already."""


class Severity(StrEnum):
    """How much a finding weighs: only an `error` sends the record to quarantine."""

    ERROR = "error"
    WARNING = "warning"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that findings cite: `code` is `type.fault`, e.g. `uscc.checksum`."""

    code: str
    severity: Severity
    message: Text
    hint: Text


def record_id(key: bytes, *parts: str) -> str:
    """HMAC-SHA256 over the parts, cut to 128 bits, as 32 hex characters.

    Each part stands in the message with its length in bytes in front (`6:客户`); the HMAC takes
    the key as hex text. `mapping.identity.hashed_ids` does the same for whole columns.
    """
    message = "".join(f"{len(part.encode())}:{part}" for part in parts)
    return hmac.digest(key.hex().encode(), message.encode(), "sha256").hex()[:ID_CHARACTERS]


ID_CHARACTERS = 32


FINDING_COLUMNS = (
    "source",
    "file",
    "sheet",
    "row",
    "column",
    "record_id",
    "entity",
    "field",
    "rule",
    "severity",
)
"""Columns of a findings table: all String but `row` (Int64). Values never stand in it."""


def finding_schema() -> "dict[str, pl.DataType]":
    """The Polars schema of a findings table."""
    import polars as pl

    return {name: pl.Int64() if name == "row" else pl.String() for name in FINDING_COLUMNS}


def no_findings() -> "pl.DataFrame":
    """An empty findings table."""
    import polars as pl

    return pl.DataFrame(schema=finding_schema())


def findings_where(
    records: "pl.DataFrame",
    mask: "pl.Series",
    *,
    entity: str,
    field: str,
    rule: Rule,
    severity: Severity | None = None,
    columns: "dict[str, str] | None" = None,
) -> "pl.DataFrame":
    """The finding `rule` for every record where `mask` is true.

    `records` carries `record_id` and the provenance columns; `columns` maps a source name to
    the source column that the field came from.
    """
    import polars as pl

    hit = records.select(RECORD_ID, *PROVENANCE).filter(mask.fill_null(False))
    origin = (
        pl.col(SOURCE).replace_strict(columns, default=None, return_dtype=pl.String)
        if columns
        else pl.lit(None, dtype=pl.String)
    )
    return hit.select(
        pl.col(SOURCE).alias("source"),
        pl.col(FILE).alias("file"),
        pl.col(SHEET).alias("sheet"),
        pl.col(ROW).cast(pl.Int64).alias("row"),
        origin.alias("column"),
        pl.col(RECORD_ID),
        pl.lit(entity).alias("entity"),
        pl.lit(field).alias("field"),
        pl.lit(rule.code).alias("rule"),
        pl.lit(str(severity or rule.severity)).alias("severity"),
    )


def in_id_order(frame: "pl.DataFrame", name: str = RECORD_ID) -> "pl.DataFrame":
    """`frame.sort(name, maintain_order=True)`, quick where the ids are hexadecimal, as ours are.

    Sixteen characters are compared as one number; where that does not order the texts, they are
    sorted. Columns with one value or none, half of most tables, stay where they are.
    """
    import numpy as np
    import polars as pl

    ids = frame[name].fill_null("")
    if ascending(ids):
        return frame
    order = pl.Series(np.argsort(id_numbers(ids), kind="stable"), dtype=pl.get_index_type())
    if not ascending(ids.rechunk().gather(order)):
        return frame.sort(name, maintain_order=True)
    various = [c.name for c in frame.iter_columns() if not repeats_one(c)]
    # In one piece first: taking rows from many pieces costs ten times as much.
    return frame.with_columns(frame.select(various).rechunk()[order])


def id_numbers(ids: "pl.Series") -> "npt.NDArray[np.uint64]":
    """The first sixteen digits of each id as a number; 0 for what is no id of ours."""
    import polars as pl

    golden = len(ids) and ids[-1].startswith("g")  # golden ids: g and a record id
    digits = ids.str.slice(1, 16) if golden else ids.str.head(16)
    number = digits.str.to_integer(base=16, dtype=pl.UInt64, strict=False).fill_null(0)
    return number.to_numpy()


def unique_ids(ids: "pl.Series") -> bool:
    """Whether no id is missing or occurs twice, which ids in ascending order tell at once."""
    if ids.null_count():
        return False
    return bool((ids[1:] > ids[:-1]).all()) or ids.n_unique() == len(ids)


def repeats_one(column: "pl.Series") -> bool:
    """Whether a column of text has the same value in all rows, or none."""
    import polars as pl

    if column.null_count() or not len(column):
        return column.null_count() == len(column)
    if column.dtype != pl.String or column[0] != column[-1]:
        return False
    return bool((column == column[0]).all())


def ascending(ids: "pl.Series") -> bool:
    """Whether no id stands behind a greater one."""
    return bool((ids[1:] >= ids[:-1]).all())


_MANY = 10_000
FINDING_ORDER = ("source", "file", "sheet", "row", "entity", "field", "rule")


def concat_findings(parts: "Iterable[pl.DataFrame]") -> "pl.DataFrame":
    """All findings in one table, in a fixed order that does not depend on how they were found."""
    import polars as pl

    return in_order(pl.concat([no_findings(), *parts]), FINDING_ORDER)


def in_order(frame: "pl.DataFrame", by: "Sequence[str]") -> "pl.DataFrame":
    """`frame.sort(by, maintain_order=True)`, quick where the columns repeat few values.

    The ranks of the values are packed into one number per row: sorting several columns of text
    is ten times as slow.
    """
    import polars as pl

    if frame.height < _MANY:
        return frame.sort(by, maintain_order=True)
    coded = _coded(frame)
    packed, bits = pl.lit(0, dtype=pl.UInt64), 0
    ranks = coded.select(_rank(coded[name]) for name in by)
    for name in by:
        width = int(ranks[name].max() or 0).bit_length()  # type: ignore[arg-type]
        packed, bits = packed * 2**width + pl.col(name), bits + width
    if bits > 64:
        return frame.sort(by, maintain_order=True)
    return _as_texts(coded.rechunk()[ranks.select(packed.arg_sort()).to_series()])


def _coded(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Columns of text that repeat few values as their numbers: those move about at little cost."""
    import polars as pl

    texts = [c for c in frame.iter_columns() if c.dtype == pl.String and c.name != RECORD_ID]
    return frame.with_columns(c.cast(pl.Enum(c.drop_nulls().unique().sort())) for c in texts)


def _as_texts(coded: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    codes = [c for c in coded.iter_columns() if c.dtype == pl.Enum]
    return coded.with_columns(c.cast(pl.String) for c in codes)


def _rank(column: "pl.Series") -> "pl.Series":
    """A number per value, in the order of the values; 0 for null."""
    import polars as pl

    if column.dtype == pl.String:
        column = column.cast(pl.Enum(column.drop_nulls().unique().sort()))
    if column.dtype == pl.Enum:
        column = column.to_physical()
    return (column.cast(pl.UInt64) + 1).fill_null(0)
