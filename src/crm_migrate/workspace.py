"""A run's stage tables: encrypted Parquet that only a key of the run opens, and where it stands.

`runs/<run>/<stage>/<name>.parquet`, Parquet Modular Encryption, uniform. The file key is
HKDF(run key, run ‖ stage ‖ name ‖ attempt), and the same path is the AAD prefix that is not
stored, so a file moved to another place, run or attempt does not open. The digest of the
ciphertext is checked first, because a reader that is handed a plaintext file in its place
would accept it. `run.json` says what each stage made; it holds no data and is authenticated
under the run key.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import NoReturn, Self

import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm_migrate.errors import IntegrityFault, NotFound, WorkspaceFault
from crm_migrate.language import Text
from crm_migrate.trust.canonical import Json, canonical_json
from crm_migrate.trust.keyring import Keyring
from crm_migrate.trust.private_files import (
    TEMPORARY_SUFFIX,
    Locked,
    create_private,
    locked,
    private_folder,
    sync_folder,
    write_private,
)

Clock = Callable[[], datetime]

_MANIFEST = "run.json"
_ENCRYPTED_MAGIC = b"PARE"  # a plaintext Parquet file begins with PAR1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_NO_SPACE = re.compile(r"No space left|[Dd]isk quota|os error (28|122|112)\b")


def utc_now() -> datetime:
    """The present time in UTC."""
    return datetime.now(UTC)


def new_run_id(now: datetime) -> str:
    """An id for a run that sorts by time, such as `20250301T093000-5f2c`."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


@dataclass(frozen=True, slots=True)
class Output:
    """One stage table: ciphertext digest (SHA-256, hex), rows, and how often it was written."""

    sha256: str
    rows: int
    attempt: int


@dataclass
class StageRecord:
    """What is known of a stage: the digest of its inputs once it is done, and its tables."""

    input_digest: str | None = None
    seconds: float | None = None
    outputs: dict[str, Output] = field(default_factory=dict)


@dataclass
class Manifest:
    """What a run has done so far; `run.json`."""

    run: str
    created_at: str
    """RFC 3339, UTC."""
    stages: dict[str, StageRecord] = field(default_factory=dict)


class Workspace:
    """The runs under a state folder."""

    def __init__(self, root: Path, keyring: Keyring, clock: Clock = utc_now) -> None:
        self.root = root
        self._keyring = keyring
        self._clock = clock

    def run_ids(self) -> list[str]:
        """The runs that stand in the workspace, oldest first by name."""
        runs = self.root / "runs"
        return sorted(p.parent.name for p in runs.glob(f"*/{_MANIFEST}"))

    def begin(self, run: str | None = None) -> "Run":
        """A run to write: a new one, or the one of that id, resumed. Close it (`with`).

        Only one process may write in a workspace at a time. What a killed process left half
        written in the run is removed.

        Raises:
            WorkspaceFault: another process is at work here.
            KeyFault: the run's key was destroyed.
            IntegrityFault: its manifest was changed.
        """
        run = _checked(run or new_run_id(self._clock()))
        folder = private_folder(self.root / "runs" / run)
        with ExitStack() as stack:
            stack.enter_context(self.lock())
            known = (folder / _MANIFEST).exists()
            key = self._keyring.run_key(run, create=not known)
            manifest = _load_manifest(folder, run, key) if known else self._new_manifest(run)
            for leftover in folder.rglob(f"*{TEMPORARY_SUFFIX}"):
                leftover.unlink()
            begun = Run(folder, key, manifest, lock=stack.pop_all())
        if not known:
            begun.save()
        return begun

    def open(self, run: str) -> "Run":
        """A run to read.

        Raises:
            NotFound: there is no such run.
            KeyFault: its key was destroyed.
            IntegrityFault: its manifest was changed.
        """
        folder = self.root / "runs" / _checked(run)
        if not (folder / _MANIFEST).exists():
            raise NotFound(
                Text(f"there is no run {run}", f"没有运行 {run}"),
                where=str(self.root),
                remedy=Text(
                    "list the runs with `crm-migrate runs`", "请用 `crm-migrate runs` 查看"
                ),
            )
        key = self._keyring.run_key(run)
        return Run(folder, key, _load_manifest(folder, run, key), lock=None)

    def destroy(self, run: str) -> None:
        """Shred a run: its key first, then its files.

        Raises:
            WorkspaceFault: another process is at work here.
        """
        folder = self.root / "runs" / _checked(run)
        with self.lock():
            self._keyring.destroy_run_key(run)
            if folder.exists():
                shutil.rmtree(folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the workspace for writing.

        Raises:
            WorkspaceFault: another process holds it.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(private_folder(self.root) / ".lock", wait=False))
            except Locked:
                raise WorkspaceFault(
                    Text("another run is at work", "另一个运行正在进行"),
                    where=str(self.root),
                    remedy=Text("wait until it has ended, then try again", "请等其结束后重试"),
                ) from None
            yield

    def _new_manifest(self, run: str) -> Manifest:
        return Manifest(run, f"{self._clock().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")


class Run:
    """One run's stage tables; `Workspace.begin` makes it to write, `Workspace.open` to read."""

    def __init__(
        self, folder: Path, key: bytes, manifest: Manifest, lock: ExitStack | None
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self._key = key
        self._lock = lock

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
        attempts = self._record(stage).outputs
        self.manifest.stages[stage] = StageRecord(
            outputs={n: Output("", 0, o.attempt) for n, o in attempts.items()}
        )
        self.save()
        start = monotonic()
        yield
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
        path = self._path(_checked(stage), _checked(name))
        record = self._record(stage)
        earlier = record.outputs.get(name)
        attempt = earlier.attempt + 1 if earlier else 1
        temporary = path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
        try:
            private_folder(path.parent)
            digest = self._encrypt(temporary, frame, self._place(stage, name, attempt))
            temporary.replace(path)
            sync_folder(path.parent)
        except (OSError, pl.exceptions.PolarsError) as error:
            temporary.unlink(missing_ok=True)
            _refuse_write(error, path)
        output = Output(digest, frame.height, attempt)
        self.manifest.stages.setdefault(stage, record).outputs[name] = output
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
            raise _changed(path) from None

    def scan(self, stage: str, name: str) -> pl.LazyFrame:
        """A table to query lazily, its digest checked now; otherwise as `read`."""
        path, decryption = self._verified(stage, name)
        return pl.scan_parquet(path, decryption=decryption)

    def names(self, stage: str) -> list[str]:
        """The tables that a stage has made."""
        return sorted(n for n, o in self._record(stage).outputs.items() if o.sha256)

    def save(self) -> None:
        """Write `run.json`."""
        content = _manifest_json(self.manifest)
        mac = _manifest_mac(self._key, content)
        data = json.dumps({**content, "mac": mac}, ensure_ascii=False).encode()
        path = self.folder / _MANIFEST
        try:
            write_private(path, data)
        except OSError as error:
            _refuse_write(error, path)

    def _record(self, stage: str) -> StageRecord:
        return self.manifest.stages.get(stage) or StageRecord()

    def _path(self, stage: str, name: str) -> Path:
        return self.folder / stage / f"{name}.parquet"

    def _place(self, stage: str, name: str, attempt: int) -> bytes:
        return f"{self.id}/{stage}/{name}/{attempt}".encode()

    def _file_key(self, place: bytes) -> bytes:
        info = b"crm-migrate/1 stage table " + place
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(self._key)

    def _encrypt(self, temporary: Path, frame: pl.DataFrame, place: bytes) -> str:
        # The file exists with mode 0600 before Polars opens it by name.
        os.close(create_private(temporary))
        frame.write_parquet(
            temporary,
            compression="zstd",
            compression_level=1,
            encryption=pl.ParquetEncryptionProperties(
                footer_key=self._file_key(place), aad_prefix=place, store_aad_prefix=False
            ),
        )
        with temporary.open("rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        return digest

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
        try:
            with path.open("rb") as file:
                magic = file.read(4)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise _changed(path) from None
        if digest != output.sha256 or magic != _ENCRYPTED_MAGIC:
            raise _changed(path)
        place = self._place(stage, name, output.attempt)
        return path, pl.ParquetDecryptionProperties(
            footer_key=self._file_key(place), aad_prefix=place
        )


def _checked(name: str) -> str:
    """The name of a run, stage or table; it names a folder or file, so nothing else may pass."""
    if not _NAME.fullmatch(name):
        raise NotFound(
            Text("this cannot be the name of a run or table", "该名称不能用作运行或表名")
        )
    return name


def _manifest_json(manifest: Manifest) -> dict[str, Json]:
    # Written out by hand: it is saved with every table, and `asdict` copies all of it each time.
    stages: dict[str, Json] = {}
    for name, stage in manifest.stages.items():
        # Canonical JSON has no floats; milliseconds are whole.
        seconds = None if stage.seconds is None else round(stage.seconds * 1000)
        outputs: dict[str, Json] = {
            n: {"sha256": o.sha256, "rows": o.rows, "attempt": o.attempt}
            for n, o in stage.outputs.items()
        }
        stages[name] = {
            "input_digest": stage.input_digest,
            "outputs": outputs,
            "milliseconds": seconds,
        }
    return {"run": manifest.run, "created_at": manifest.created_at, "stages": stages}


def _manifest_mac(key: bytes, content: Json) -> str:
    return hmac.digest(key, b"run.json" + canonical_json(content), "sha256").hex()


def _load_manifest(folder: Path, run: str, key: bytes) -> Manifest:
    path = folder / _MANIFEST
    try:
        content = json.loads(path.read_bytes())
        mac = content.pop("mac")
        if content["run"] != run or not hmac.compare_digest(mac, _manifest_mac(key, content)):
            raise ValueError("mac")
        stages = {
            name: StageRecord(
                input_digest=stage["input_digest"],
                seconds=None if stage["milliseconds"] is None else stage["milliseconds"] / 1000,
                outputs={n: Output(**o) for n, o in stage["outputs"].items()},
            )
            for name, stage in content["stages"].items()
        }
        return Manifest(run, content["created_at"], stages)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _changed(path) from None


def _changed(path: Path) -> IntegrityFault:
    return IntegrityFault(
        Text("a file of the run was changed from outside", "运行的文件被外部改动"),
        where=str(path),
        remedy=Text(
            "run again from the sources; find out who changed it",
            "请从来源重新运行，并查明改动者",
        ),
    )


def _refuse_write(error: Exception, path: Path) -> NoReturn:
    """Raise what a failed write means; Polars reports a full disk as text only."""
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not _NO_SPACE.search(str(error)):
        raise WorkspaceFault(
            Text("the workspace cannot be written", "无法写入工作区"),
            where=str(path),
            remedy=Text("check the rights on the folder", "请检查该文件夹的权限"),
        ) from None
    free = shutil.disk_usage(folder).free // 2**20
    raise WorkspaceFault(
        Text(f"the disk is full: {free} MiB are free", f"磁盘已满：仅剩 {free} MiB"),
        where=str(path),
        remedy=Text(
            "free some space or destroy old runs, then run again: it resumes here",
            "请腾出空间或销毁旧的运行，然后重新运行：将从此处继续",
        ),
    ) from None
