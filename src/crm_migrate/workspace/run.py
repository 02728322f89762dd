"""A run: its stage tables by stage and name, and which stages are done.

A table stands in `runs/<run>/<stage>/<name>.parquet` (`stage_file.py`); `run.json` says what each
stage made (`manifest.py`).
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import polars as pl

from crm_migrate.errors import NotFound, WorkspaceFault
from crm_migrate.language import Text
from crm_migrate.trust.private_files import TEMPORARY_SUFFIX, private_folder, sync_folder
from crm_migrate.workspace.faults import changed, refuse_write
from crm_migrate.workspace.manifest import Manifest, Output, StageRecord, save_manifest
from crm_migrate.workspace.stage_file import verified, write_encrypted

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Run:
    """One run's stage tables; `Workspace.begin` makes it to write, `Workspace.open` to read."""

    def __init__(
        self, folder: Path, key: bytes, manifest: Manifest, lock: ExitStack | None
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self._key = key
        self._lock = lock
        self._in_stage = False

    @property
    def id(self) -> str:
        """The run's id."""
        return self.manifest.run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write in the workspace."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def stage(self, stage: str, input_digest: str) -> Iterator[None]:
        """Carry out a stage: begun here, marked as done with its seconds when the block ends well.

        Tables of an earlier attempt are forgotten first, so a killed stage is never taken for
        done and never leaves a table that this attempt would not have made.
        """
        earlier = self._record(stage)
        self.manifest.stages[stage] = StageRecord(
            begun=earlier.begun + 1,
            outputs={n: Output("", 0, o.attempt) for n, o in earlier.outputs.items()},
        )
        self.save()
        start = monotonic()
        self._in_stage = True
        try:
            yield
        finally:
            self._in_stage = False
        record = self._record(stage)
        for name in [n for n, o in record.outputs.items() if not o.sha256]:
            del record.outputs[name]
            self._path(stage, name).unlink(missing_ok=True)
        record.input_digest = input_digest
        record.seconds = round(monotonic() - start, 3)
        self.save()

    def stage_done(self, stage: str, input_digest: str) -> bool:
        """Whether the stage ended well with exactly these inputs and its tables are all there."""
        record = self._record(stage)
        return record.input_digest == input_digest and all(
            self._path(stage, name).exists() for name in record.outputs
        )

    def write(self, stage: str, name: str, frame: pl.DataFrame) -> Output:
        """Encrypt a table and store it durably under its name, replacing an earlier one.

        Raises:
            WorkspaceFault: the disk is full or the folder cannot be written.
        """
        if self._lock is None:
            raise WorkspaceFault(Text(f"run {self.id} is open for reading only", "该运行仅供读取"))
        path = self._path(checked(stage), checked(name))
        record = self._record(stage)
        earlier = record.outputs.get(name)
        attempt = max(earlier.attempt + 1 if earlier else 1, record.begun)
        temporary = path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
        try:
            private_folder(path.parent)
            place = self._place(stage, name, attempt)
            digest = write_encrypted(temporary, frame, self._key, place)
            temporary.replace(path)
            sync_folder(path.parent)
        except (OSError, pl.exceptions.PolarsError) as error:
            temporary.unlink(missing_ok=True)
            refuse_write(error, path)
        output = Output(digest, frame.height, attempt)
        self.manifest.stages.setdefault(stage, record).outputs[name] = output
        if not self._in_stage:  # a stage that dies is begun anew: its end says what it made
            self.save()
        return output

    def read(self, stage: str, name: str, columns: list[str] | None = None) -> pl.DataFrame:
        """A table, checked against its digest.

        Raises:
            NotFound: the stage has made no such table.
            IntegrityFault: the file was changed, swapped or replaced.
        """
        path, decryption = self._verified(stage, name)
        try:
            return pl.read_parquet(path, columns=columns, decryption=decryption)
        except pl.exceptions.ComputeError:
            raise changed(path) from None

    def scan(self, stage: str, name: str) -> pl.LazyFrame:
        """A table to query lazily, its digest checked now; otherwise as `read`."""
        path, decryption = self._verified(stage, name)
        return pl.scan_parquet(path, decryption=decryption)

    def names(self, stage: str) -> list[str]:
        """The tables that a stage has made."""
        return sorted(n for n, o in self._record(stage).outputs.items() if o.sha256)

    def save(self) -> None:
        """Write `run.json`."""
        save_manifest(self.folder, self.manifest, self._key)

    def _record(self, stage: str) -> StageRecord:
        return self.manifest.stages.get(stage) or StageRecord()

    def _path(self, stage: str, name: str) -> Path:
        return self.folder / stage / f"{name}.parquet"

    def _place(self, stage: str, name: str, attempt: int) -> bytes:
        return f"{self.id}/{stage}/{name}/{attempt}".encode()

    def _verified(self, stage: str, name: str) -> tuple[Path, pl.ParquetDecryptionProperties]:
        output = self._record(stage).outputs.get(name)
        path = self._path(stage, name)
        if output is None or not output.sha256:
            raise NotFound(
                Text(
                    f"run {self.id} has no table {stage}/{name}",
                    f"运行 {self.id} 中没有数据表 {stage}/{name}",
                ),
                where=str(self.folder),
                remedy=Text("run the stage again", "请重新运行该阶段"),
            )
        place = self._place(stage, name, output.attempt)
        return path, verified(path, output.sha256, self._key, place)


def checked(name: str) -> str:
    """The name of a run, stage or table; it names a folder or file, so nothing else may pass.

    Raises:
        NotFound: it is not 1–100 letters, digits, `_`, `.` and `-`, a letter or digit first.
    """
    if not _NAME.fullmatch(name):
        raise NotFound(
            Text("this cannot be the name of a run or table", "该名称不能用作运行或表名")
        )
    return name
