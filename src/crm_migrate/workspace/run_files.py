"""The files of a run's tables: where they are, what each is encrypted for, and what opens it."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from crm_migrate.workspace.faults import changed
from crm_migrate.workspace.manifest import Base, Output
from crm_migrate.workspace.stage_file import opened, unwrap, verified


@dataclass(frozen=True, repr=False)
class RunFiles:
    """Of each table one file, and beside it the one that it is based on, if any.

    Reading raises IntegrityFault where a file was changed, swapped or replaced.
    """

    folder: Path
    run: str
    key: bytes

    def path(self, stage: str, name: str) -> Path:
        """The file of a table."""
        return self.folder / stage / f"{name}.parquet"

    def base_path(self, stage: str, name: str) -> Path:
        """The file that an edited table is based on."""
        return self.folder / stage / f"{name}.base.parquet"

    def place(self, stage: str, name: str, attempt: int) -> bytes:
        """What a file is encrypted for: nothing else can stand in its place."""
        return f"{self.run}/{stage}/{name}/{attempt}".encode()

    def opens(self, stage: str, name: str, output: Output) -> pl.ParquetDecryptionProperties:
        """What opens the file of a table, its digest checked."""
        place = self.place(stage, name, output.attempt)
        return verified(self.path(stage, name), output.sha256, self.key, place)

    def base_key(self, stage: str, name: str, base: Base) -> bytes:
        """The key of the file that a table is based on."""
        try:
            return unwrap(self.key, self.place(stage, name, 0), bytes.fromhex(base.wrapped))
        except InvalidUnwrap:
            raise changed(self.base_path(stage, name)) from None

    def read(
        self, stage: str, name: str, output: Output, columns: list[str] | None = None
    ) -> pl.DataFrame:
        """The file of a table: all of it, or what was edited."""
        return _read(self.path(stage, name), self.opens(stage, name, output), columns)

    def read_base(
        self, stage: str, name: str, base: Base, columns: list[str] | None = None
    ) -> pl.DataFrame:
        """The file that a table is based on."""
        path = self.base_path(stage, name)
        key = self.base_key(stage, name, base)
        return _read(path, opened(path, base.sha256, key, base.place.encode()), columns)


def _read(
    path: Path, opens: pl.ParquetDecryptionProperties, columns: list[str] | None
) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, columns=columns, decryption=opens)
    except pl.exceptions.ComputeError:
        raise changed(path) from None
