"""The stage: a temporary table of text columns through which the CRM's tables are written.

LOAD DATA LOCAL itself turns errors into warnings, skips duplicates and cuts what is too long; into
the stage there is nothing to skip or cut. Our own tables, which no trigger watches, are loaded
without it: a row that is skipped or cut leaves a warning, and any warning is a fault. The lines to
load come from memory (a memfd), never from a file; where the server forbids local_infile, the stage
is filled by INSERT.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import polars as pl

from crm_migrate.errors import TargetFault
from crm_migrate.language import Text
from crm_migrate.systems.mariadb.cells import STAGE, lines, quoted
from crm_migrate.systems.mariadb.line import Line

_LOADED_ROWS = 50_000


@contextmanager
def staged(line: Line, rows: pl.DataFrame) -> Iterator[None]:
    """The rows in the stage: `_row` numbers them, `c0`, `c1`, … are text, bytes as hex."""
    text = rows.with_columns(pl.col(pl.Binary).bin.encode("hex"))
    names = [f"c{n}" for n in range(text.width)]
    columns = ", ".join(f"{n} LONGTEXT" for n in names)
    with line.cursor() as cursor:
        cursor.execute(f"DROP TEMPORARY TABLE IF EXISTS {STAGE}", ())
        cursor.execute(
            f"CREATE TEMPORARY TABLE {STAGE} (_row INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,"
            f" {columns}) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            (),
        )
    if loads_local(line):
        load(line, STAGE, text.rename(dict(zip(text.columns, names, strict=True))))
    else:
        listed, marks = ", ".join(names), ", ".join(["%s"] * len(names))
        with line.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {STAGE} ({listed}) VALUES ({marks})", text.rows())
    try:
        yield
    finally:
        with suppress(TargetFault), line.cursor() as cursor:
            cursor.execute(f"DROP TEMPORARY TABLE IF EXISTS {STAGE}", ())


def load(line: Line, table: str, rows: pl.DataFrame) -> None:
    """The rows (text and bytes) straight into a table of ours, which nothing of it can misread.

    Raises:
        ConstraintViolated: a row was skipped or changed; nothing of it may be committed.
    """
    bare = [quoted(c) for c in rows.columns]
    binary = [n for n, kind in enumerate(rows.schema.values()) if kind == pl.Binary]
    given = ", ".join(f"@b{n}" if n in binary else column for n, column in enumerate(bare))
    unhexed = [f"{bare[n]} = UNHEX(@b{n})" for n in binary]
    loaded = 0
    for part in rows.with_columns(pl.col(pl.Binary).bin.encode("hex")).iter_slices(_LOADED_ROWS):
        with _in_memory(lines(part)) as file:
            line.driver._local_infile = True  # for no other statement: servers can't ask for files
            try:
                loaded += line.write(
                    f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {quoted(table)}"
                    r" CHARACTER SET utf8mb4"
                    r" FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n'"
                    f" ({given})" + (f" SET {', '.join(unhexed)}" if unhexed else "")
                )
            finally:
                line.driver._local_infile = False
    if loaded != rows.height:
        raise TargetFault(
            Text("the target did not take over all rows", "目标数据库未接收全部记录"),
            where=line.database,
        )


def loads_local(line: Line) -> bool:
    """Whether LOAD DATA LOCAL serves here: the server allows it, and lines can come from memory."""
    if not hasattr(os, "memfd_create"):
        return False
    with line.cursor() as cursor:
        cursor.execute("SELECT @@local_infile", ())
        ((on,),) = cursor.fetchall()
    return bool(on)


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """A name under which this process alone can read the bytes; they touch no disk."""
    descriptor = os.memfd_create("stage")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
