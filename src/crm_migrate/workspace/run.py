"""A run: its stage tables by stage and name, and which stages are done.

A table stands in `runs/<run>/<stage>/<name>.parquet` (`stage_file.py`); `run.json` says what each
stage made (`manifest.py`).
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import polars as pl

from crm_migrate.errors import NotFound, WorkspaceFault
from crm_migrate.language import Text
from crm_migrate.records import in_id_order
from crm_migrate.trust.private_files import TEMPORARY_SUFFIX, private_folder, sync_folder
from crm_migrate.workspace.edited import (
    GONE,
    LARGE,
    edit_of,
    edited_again,
    link,
    merged,
    no_edit,
)
from crm_migrate.workspace.faults import refuse_write
from crm_migrate.workspace.manifest import Base, Manifest, Output, StageRecord, save_manifest
from crm_migrate.workspace.run_files import RunFiles
from crm_migrate.workspace.stage_file import (
    file_key,
    wrap,
    write_encrypted,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Run:
    """One run's stage tables; `Workspace.begin` makes it to write, `Workspace.open` to read."""

    def __init__(
        self, folder: Path, key: bytes, manifest: Manifest, lock: ExitStack | None
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self._files = RunFiles(folder, manifest.run, key)
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
            self._files.path(stage, name).unlink(missing_ok=True)
            self._files.base_path(stage, name).unlink(missing_ok=True)
        record.input_digest = input_digest
        record.seconds = round(monotonic() - start, 3)
        self.save()

    def stage_done(self, stage: str, input_digest: str) -> bool:
        """Whether the stage ended well with exactly these inputs and its tables are all there."""
        record = self._record(stage)
        return record.input_digest == input_digest and all(
            self._files.path(stage, name).exists()
            and (output.base is None or self._files.base_path(stage, name).exists())
            for name, output in record.outputs.items()
        )

    def write(self, stage: str, name: str, frame: pl.DataFrame) -> Output:
        """Encrypt a table and store it durably under its name, replacing an earlier one.

        Raises:
            WorkspaceFault: the disk is full or the folder cannot be written.
        """
        return self._write(stage, name, frame)

    def write_edited(
        self,
        stage: str,
        name: str,
        earlier: "Run",
        key: str,
        gone: pl.Series,
        fresh: pl.DataFrame,
    ) -> Output:
        """Store the earlier run's table of that name, less the rows whose `key` is in `gone`, and
        with the rows `fresh`; the table reads in the order of its ids, which `key` holds.

        A row that changed is in both. Only the difference is written where it is small.

        Raises:
            NotFound, IntegrityFault: as `read`, of the earlier table.
            WorkspaceFault: as `write`.
        """
        ids = earlier.read(stage, name, [key])[key]
        left = len(ids) - int(ids.is_in(gone.implode()).sum() or 0)
        before, base, held = earlier._basis(stage, name, key)
        edit = edited_again(before, gone, fresh, key)
        # Rows that are gone end with the runs that had them: no base outlives its own by long.
        stands = (self.folder.parent / base.place.partition("/")[0]).exists()
        if edit.height * LARGE > len(ids) or not stands:
            table = earlier.read(stage, name)
            return self._write(stage, name, merged(table, edit_of(gone, fresh, key), key))
        on = self._shared(stage, name, earlier, (stage, name), base, held)
        return self._write(stage, name, edit, rows=left + fresh.height, base=on)

    def write_same(self, stage: str, name: str, of_stage: str, of_name: str, key: str) -> Output:
        """Store a table of this run under a second name, too, without writing it again.

        `key`: its column of ids.

        Raises:
            NotFound: there is no such table.
            WorkspaceFault: as `write`.
        """
        rows = self._output(of_stage, of_name).rows
        edit, base, held = self._basis(of_stage, of_name, key)
        on = self._shared(stage, name, self, (of_stage, of_name), base, held)
        return self._write(stage, name, edit, rows=rows, base=on)

    def _shared(
        self, stage: str, name: str, other: "Run", of: tuple[str, str], base: Base, held: bytes
    ) -> Base:
        """The base of another table as the base of this one: its file linked, its key wrapped."""
        based = other._output(*of).base is not None
        source = other._files.base_path(*of) if based else other._files.path(*of)
        path = self._files.base_path(checked(stage), checked(name))
        try:
            private_folder(path.parent)
            link(source, path)
        except OSError as error:
            refuse_write(error, path)
        return replace(base, wrapped=wrap(self._key, self._files.place(stage, name, 0), held).hex())

    def _write(
        self,
        stage: str,
        name: str,
        frame: pl.DataFrame,
        *,
        rows: int | None = None,
        base: Base | None = None,
    ) -> Output:
        if self._lock is None:
            raise WorkspaceFault(Text(f"run {self.id} is open for reading only", "该运行仅供读取"))
        path = self._files.path(checked(stage), checked(name))
        record = self._record(stage)
        earlier = record.outputs.get(name)
        attempt = max(earlier.attempt + 1 if earlier else 1, record.begun)
        temporary = path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
        try:
            private_folder(path.parent)
            place = self._files.place(stage, name, attempt)
            digest = write_encrypted(temporary, frame, self._key, place)
            temporary.replace(path)
            sync_folder(path.parent)
        except (OSError, pl.exceptions.PolarsError) as error:
            temporary.unlink(missing_ok=True)
            refuse_write(error, path)
        if base is None:
            self._files.base_path(stage, name).unlink(missing_ok=True)
        output = Output(digest, frame.height if rows is None else rows, attempt, base)
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
        output = self._output(stage, name)
        if output.base is None:
            return self._files.read(stage, name, output, columns)
        wanted = None if columns is None else list(dict.fromkeys([*columns, output.base.key]))
        base = self._files.read_base(stage, name, output.base, wanted)
        edit = self._files.read(stage, name, output)
        table = merged(base, edit, output.base.key)
        return table if columns is None else table.select(columns)

    def rows(self, stage: str, name: str, key: str, wanted: pl.Series) -> pl.DataFrame:
        """The rows of a table whose `key` is in `wanted`, in the table's order; as `read`.

        Of an edited table the base is read only where the edit does not hold them all.
        """
        output = self._output(stage, name)
        if output.base is not None and output.base.key == key:
            edit = self._files.read(stage, name, output)
            found = edit.filter(~pl.col(GONE) & pl.col(key).is_in(wanted.implode())).drop(GONE)
            if found[key].n_unique() == wanted.n_unique():
                return in_id_order(found, key)
        return self.read(stage, name).filter(pl.col(key).is_in(wanted.implode()))

    def scan(self, stage: str, name: str) -> pl.LazyFrame:
        """A table to query lazily, its digest checked now; otherwise as `read`."""
        output = self._output(stage, name)
        if output.base is not None:
            return self.read(stage, name).lazy()
        opens = self._files.opens(stage, name, output)
        return pl.scan_parquet(self._files.path(stage, name), decryption=opens)

    def names(self, stage: str) -> list[str]:
        """The tables that a stage has made."""
        return sorted(n for n, o in self._record(stage).outputs.items() if o.sha256)

    def save(self) -> None:
        """Write `run.json`."""
        save_manifest(self.folder, self.manifest, self._key)

    def _record(self, stage: str) -> StageRecord:
        return self.manifest.stages.get(stage) or StageRecord()

    def _output(self, stage: str, name: str) -> Output:
        output = self._record(stage).outputs.get(name)
        if output is None or not output.sha256:
            raise NotFound(
                Text(
                    f"run {self.id} has no table {stage}/{name}",
                    f"运行 {self.id} 中没有数据表 {stage}/{name}",
                ),
                where=str(self.folder),
                remedy=Text("run the stage again", "请重新运行该阶段"),
            )
        return output

    def _basis(self, stage: str, name: str, key: str) -> tuple[pl.DataFrame, Base, bytes]:
        """What another table can be based on: the edit of this one, its base, that file's key."""
        output = self._output(stage, name)
        if output.base is None:
            place = self._files.place(stage, name, output.attempt)
            base = Base(output.sha256, place.decode(), "", key)
            return no_edit(key), base, file_key(self._key, place)
        edit = self._files.read(stage, name, output)
        return edit, output.base, self._files.base_key(stage, name, output.base)


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
