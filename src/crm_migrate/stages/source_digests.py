"""Digests of sources: whether they are what they were."""

import hashlib
from functools import lru_cache
from pathlib import Path
from time import time

import polars as pl

from crm_migrate.records import ROW
from crm_migrate.stages.job import Job

_SETTLED = 2.0
"""Seconds after which a file's time of change tells whether it was written again."""


def input_digest(job: Job) -> str:
    """Digest of the sources' contents and of the project's files: what `mapped` depends on."""
    digest = hashlib.sha256(job.project.digest.encode())
    for name in sorted(job.project.settings.sources):
        digest.update(name.encode())
        digest.update(source_digest(job.project.source_place(name)).encode())
    return digest.hexdigest()


def source_digest(place: str) -> str:
    """SHA-256 of a source file (SQLite databases are files, too); '' for other databases.

    A database server's rows have no digest before they are read; such a source is read again.
    """
    path = place.removeprefix("sqlite:///")
    if "://" in path:
        return ""
    try:
        about = Path(path).stat()
        if about.st_ctime > time() - _SETTLED:  # a write in the same tick would not show
            return _file_digest(path)
        return _settled_digest(path, about.st_ino, about.st_size, about.st_ctime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=256)
def _settled_digest(path: str, inode: int, size: int, changed_ns: int) -> str:
    """The digest of a file that is as it was: every write sets the time of its last change."""
    return _file_digest(path)


def _file_digest(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows_digest(rows: pl.DataFrame) -> str:
    """SHA-256 over the rows of a table, whatever order they come in.

    A row is its cells as `<bytes>:<text>` in the order of the column names, `-` for null; the
    rows are sorted, then hashed one after the other with their lengths.
    """
    columns = sorted(c for c in rows.columns if c != ROW)
    spelt = (
        (pl.col(c).str.len_bytes().cast(pl.String) + ":" + pl.col(c)).fill_null("-")
        for c in columns
    )
    lines = rows.select(pl.concat_str(*spelt).alias("line"))["line"].sort()
    digest = hashlib.sha256("\x00".join(columns).encode())
    for part in lines.to_frame().iter_slices(100_000):
        sized = part.select(pl.col("line").str.len_bytes().cast(pl.String) + "," + pl.col("line"))
        digest.update("".join(sized.to_series().to_list()).encode())
    return digest.hexdigest()


def is_live(job: Job) -> bool:
    """Whether a source has no digest: what an earlier attempt read of it may be out of date."""
    return not all(source_digest(job.project.source_place(n)) for n in job.project.settings.sources)
