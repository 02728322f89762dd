"""What is in these files, and what is damaged: needs no project and writes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_migrate.errors import SourceFault
from crm_migrate.formats import SQLITE_MAGIC, open_file
from crm_migrate.formats.contract import DAMAGE_SCHEMA, DATA, KIND, Header, Table
from crm_migrate.formats.detect import detect
from crm_migrate.formats.folder import SUFFIXES, look_into
from crm_migrate.language import Text
from crm_migrate.model import SemanticType
from crm_migrate.records import ROW

ROWS_SHOWN = 20
"""Row numbers listed for one kind of damage in one column; `count` counts all."""

_FULL_WIDTH = r"[０-９Ａ-Ｚａ-ｚ＠＋－．＿\x{3000}]"
_PADDING = r"^\s|\s$"
_SEVERAL = {
    SemanticType.MOBILE: r"\d{7,}\s*[、,，;；/|\n]\s*\+?\d",
    SemanticType.PHONE: r"\d{7,}\s*[、,，;；/|\n]\s*\+?\d",
    SemanticType.EMAIL: r"@.*[、,，;；/|\s].*@",
    SemanticType.USCC: r"[0-9A-Z]{15,}\s*[、,，;；/|\n]\s*[0-9A-Z]{15,}",
}


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage in a column: how often, and the first rows as a person counts them."""

    kind: str
    count: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column: its guessed type (confidence 0 to 1), filled cells, distinct values, damage."""

    name: str
    type: SemanticType
    confidence: float
    filled: int
    distinct: int
    damage: tuple[Damage, ...]


@dataclass(frozen=True, slots=True)
class TableProfile:
    """A table: where it stands, how many data rows it has, and its columns."""

    source: str
    sheet: str | None
    header: Header | None
    encoding: str | None
    rows: int
    columns: tuple[ColumnProfile, ...]


def profile(tables: Sequence[Table]) -> tuple[TableProfile, ...]:
    """Profile tables one after the other.

    Raises:
        SourceFault: a table cannot be read to its end.
    """
    return tuple(_profile(t) for t in tables)


def profile_path(
    path: Path | str, *, on_fault: Callable[[SourceFault], None] | None = None
) -> tuple[TableProfile, ...]:
    """Profile a file, every table file of a folder (not its subfolders), or a database by URL.

    In a folder, `on_fault` is called for files that cannot be read, and the others are profiled;
    without it the first fault is raised.

    Raises:
        SourceFault: nothing there, or unreadable.
    """
    text = str(path)
    if "://" in text:
        from crm_migrate.systems.sql import sql_tables

        return profile(sql_tables(text))
    folder = Path(path)
    if not folder.is_dir():
        return profile(_tables(folder))
    found: list[TableProfile] = []
    seen = False
    for file in look_into(folder).files:
        seen = True
        try:
            found.extend(profile(_tables(file)))
        except SourceFault as fault:
            if on_fault is None:
                raise
            on_fault(fault)
    if not seen:
        raise SourceFault(
            Text("The folder holds no table files", "文件夹中没有表格文件"),
            where=folder.name or text,
            remedy=Text(
                "Looked for: " + ", ".join(sorted(SUFFIXES)),
                "可识别的类型：" + "、".join(sorted(SUFFIXES)),
            ),
        )
    return tuple(found)


def to_json(profiles: Sequence[TableProfile]) -> dict[str, Any]:
    """The profile as the object that `profile --json` prints: `{"tables": [...]}`."""
    return {
        "tables": [
            {
                "source": t.source,
                "sheet": t.sheet,
                "header": t.header
                and {"first_row": t.header.first_row, "last_row": t.header.last_row},
                "encoding": t.encoding,
                "rows": t.rows,
                "columns": [
                    {
                        "name": c.name,
                        "type": str(c.type),
                        "confidence": c.confidence,
                        "filled": c.filled,
                        "distinct": c.distinct,
                        "damage": [
                            {"kind": d.kind, "count": d.count, "rows": list(d.rows)}
                            for d in c.damage
                        ],
                    }
                    for c in t.columns
                ],
            }
            for t in profiles
        ]
    }


def _tables(file: Path) -> Sequence[Table]:
    try:
        with file.open("rb") as stream:
            is_sqlite = stream.read(16) == SQLITE_MAGIC
    except OSError:
        is_sqlite = False  # open_file says what is wrong
    if is_sqlite:
        from crm_migrate.systems.sql import sql_tables

        return sql_tables(f"sqlite:///{file}")
    return open_file(file)


def _profile(table: Table) -> TableProfile:
    data = pl.concat(
        [
            pl.DataFrame(
                schema=dict.fromkeys(table.info.columns, pl.String)
                | {ROW: pl.Int64, KIND: pl.String}
            ),
            *(b.filter(pl.col(KIND) == DATA) for b in table.batches()),
        ]
    )
    stored = table.damage()
    columns = tuple(_column(data, label, stored) for label in table.info.columns)
    info = table.info
    return TableProfile(info.file, info.sheet, info.header, info.encoding, data.height, columns)


def _column(data: pl.DataFrame, label: str, stored: pl.DataFrame) -> ColumnProfile:
    values, rows = data[label], data[ROW]
    present = values.drop_nulls()
    guess = detect(values, label)
    found = pl.concat(
        [stored.filter(pl.col("column") == label), _in_values(values, rows, label, guess.type)]
    )
    listed = found.group_by("kind").agg(
        pl.col("row").n_unique().alias("count"), pl.col("row").unique().sort().head(ROWS_SHOWN)
    )
    damage = tuple(
        Damage(kind, count, tuple(numbers))
        for kind, count, numbers in listed.sort("count", "kind", descending=[True, False]).rows()
    )
    return ColumnProfile(
        label, guess.type, guess.confidence, len(present), present.n_unique(), damage
    )


def _in_values(values: pl.Series, rows: pl.Series, label: str, kind: SemanticType) -> pl.DataFrame:
    """Damage that people do while typing: full-width characters, blanks around, several values."""
    rules = [("full_width", _FULL_WIDTH), ("padding", _PADDING)]
    if kind in _SEVERAL:
        rules.append(("several_values", _SEVERAL[kind]))
    parts = [pl.DataFrame(schema=DAMAGE_SCHEMA)]
    for name, pattern in rules:
        hit = values.str.contains(pattern).fill_null(False)
        if hit.any():
            parts.append(
                pl.DataFrame({"row": rows.filter(hit)}).with_columns(
                    pl.lit(label).alias("column"), pl.lit(name).alias("kind")
                )
            )
    return pl.concat(parts)
