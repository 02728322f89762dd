"""The plan file: one ZIP (stored) with a clear header and encrypted Parquet parts.

`header.json`             the PlanHeader; no personal data, readable without a key
`operations/<entity>`     sealed operations, in dependency order
`lineage/<entity>`        which record each golden cell came from
`moves`                   merges and re-parented rows, where there are any

Each part is Parquet Modular Encryption, uniform, under HKDF(plan key, plan id ‖ part name), with
the same text as AAD prefix that is not stored; SHA-256 of its ciphertext stands in the header.
The archive's comment is HMAC-SHA256 under the plan key of every byte before it, so that no byte
of the file can be altered unseen. Nothing is ever written in clear, not even for a moment.
"""

import hashlib
import hmac
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Self

import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.language import Text
from crm_migrate.plan.change import Action, Held, Plan, PlanHeader
from crm_migrate.plan.header_file import header_json, parse_header
from crm_migrate.trust.private_files import TEMPORARY_SUFFIX, create_private, sync_folder

SUFFIX = ".crmplan"

_HEADER, _OPERATIONS, _LINEAGE, _MOVES = "header.json", "operations/", "lineage/", "moves"
_MAC_LENGTH = 64
_CHUNK = 1 << 20
_ENCRYPTED_MAGIC = b"PARE"  # a plaintext Parquet file begins with PAR1
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_plan(path: Path, plan: Plan, plan_key: bytes) -> PlanHeader:
    """Write the file (mode 0600) whole or not at all.

    Returns its header with `files` and `held` filled.
    """
    parts = [(_OPERATIONS + e, f) for e, f in plan.operations.items()]
    parts += [(_LINEAGE + e, f) for e, f in plan.lineage.items()]
    if plan.moves is not None:
        parts.append((_MOVES, plan.moves))
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    digests: dict[str, str] = {}
    try:
        with os.fdopen(create_private(temporary), "wb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                for name, frame in parts:
                    cipher = _encrypt(frame, plan_key, plan.header.plan_id, name)
                    digests[name] = hashlib.sha256(cipher).hexdigest()
                    archive.writestr(_entry(name), cipher)
                header = replace(plan.header, files=digests, held=held_back(plan.operations))
                archive.writestr(_entry(_HEADER), header_json(header))
                archive.comment = b"0" * _MAC_LENGTH
            raw.flush()
            os.fsync(raw.fileno())
        with temporary.open("rb+") as file:
            mac = _mac(file, temporary.stat().st_size - _MAC_LENGTH, plan_key)
            file.seek(-_MAC_LENGTH, os.SEEK_END)
            file.write(mac.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return header


def read_header(path: Path) -> PlanHeader:
    """The header as it stands, without a key: what it says is not yet proven.

    Raises:
        NotFound: there is no such file.
        IntegrityFault: the file is no plan.
    """
    try:
        return parse_header(header_text(path))
    except (ValueError, KeyError, TypeError):
        raise _changed(path) from None


def header_text(path: Path, *, parts: bool = False) -> bytes:
    """The header's JSON byte for byte; with `parts`, the digests of the encrypted parts checked.

    Raises:
        NotFound: there is no such file.
        IntegrityFault: the file is no plan, or (with `parts`) a part is not the one named.
    """
    if not path.is_file():
        raise NotFound(
            Text("there is no such plan", "计划不存在"),
            where=str(path),
            remedy=Text("list the plans with `crm-migrate runs`", "用 `crm-migrate runs` 查看"),
        )
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(_HEADER)
            named = json.loads(text)["files"] if parts else {}
            found = {n: hashlib.sha256(archive.read(n)).hexdigest() for n in named}
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, OSError, EOFError):
        raise _changed(path) from None
    except (NotImplementedError, RuntimeError):  # a method or encryption that we never write
        raise _changed(path) from None
    if found != named:
        raise _changed(path)
    return text


class StoredPlan:
    """A plan file, every byte of it checked; its parts are opened when they are asked for."""

    def __init__(self, header: PlanHeader, file: IO[bytes], plan_key: bytes, path: Path) -> None:
        self.header = header
        self._file, self._key, self._path = file, plan_key, path
        self._read: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def entities(self) -> list[str]:
        """The entities that have operations, in dependency order."""
        return [n.removeprefix(_OPERATIONS) for n in self.header.files if n.startswith(_OPERATIONS)]

    def operations(self, entity: str) -> pl.LazyFrame:
        """The operations of an entity. Raises IntegrityFault, KeyError."""
        return self._scan(_OPERATIONS + entity)

    def lineage(self, entity: str) -> pl.LazyFrame | None:
        """The lineage of an entity, where there is one. Raises IntegrityFault."""
        name = _LINEAGE + entity
        return self._scan(name) if name in self.header.files else None

    def moves(self) -> pl.DataFrame | None:
        """Merges and re-parented rows, where there are any. Raises IntegrityFault."""
        return self._scan(_MOVES).collect() if _MOVES in self.header.files else None

    def whole(self) -> Plan:
        """Everything in memory. Raises IntegrityFault."""
        frames = {name: self._scan(name).collect() for name in self.header.files}
        operations, lineage = _under(frames, _OPERATIONS), _under(frames, _LINEAGE)
        return Plan(self.header, operations, lineage, frames.get(_MOVES))

    def _scan(self, name: str) -> pl.LazyFrame:
        if name not in self._read:
            with zipfile.ZipFile(self._file) as archive:
                cipher = archive.read(name)
            if hashlib.sha256(cipher).hexdigest() != self.header.files[name]:
                raise _changed(self._path)
            self._read[name] = cipher
        return _decrypt(self._read[name], self._key, self.header.plan_id, name, self._path)


def open_stored(path: Path, plan_key: bytes) -> StoredPlan:
    """The plan, every byte of the file checked first; it holds the file open until it is closed.

    Raises:
        NotFound: there is no such file.
        IntegrityFault: a byte was altered, or the key belongs to another plan.
    """
    header = read_header(path)
    file = path.open("rb")
    try:
        size = path.stat().st_size - _MAC_LENGTH
        mac = _mac(file, size, plan_key)
        if not hmac.compare_digest(mac.encode(), file.read(_MAC_LENGTH)):
            raise _changed(path)
        with zipfile.ZipFile(file) as archive:  # the header that was checked, not the one before
            if parse_header(archive.read(_HEADER)) != header:
                raise _changed(path)
    except BaseException:
        file.close()
        raise
    return StoredPlan(header, file, plan_key, path)


def open_plan(path: Path, plan_key: bytes) -> Plan:
    """The whole plan in memory; raises like `open_stored`."""
    with open_stored(path, plan_key) as stored:
        return stored.whole()


def held_back(operations: Mapping[str, pl.DataFrame]) -> tuple[Held, ...]:
    """What the operations hold back: views tell it without opening a million of them."""
    held = []
    for entity, frame in operations.items():
        waiting = frame.filter(pl.col("action").is_in([str(Action.CONFLICT), str(Action.SKIP)]))
        counted = waiting.group_by("action", pl.col("reason").fill_null("")).len()
        rows = counted.sort("len", "action", "reason", descending=[True, False, False])
        held += [Held(entity, *row) for row in rows.iter_rows()]
    return tuple(held)


def _under(frames: Mapping[str, pl.DataFrame], folder: str) -> dict[str, pl.DataFrame]:
    return {n.removeprefix(folder): f for n, f in frames.items() if n.startswith(folder)}


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = 0o600 << 16
    return entry


def _encrypt(frame: pl.DataFrame, plan_key: bytes, plan_id: str, name: str) -> bytes:
    place = _place(plan_id, name)
    buffer = io.BytesIO()
    frame.write_parquet(
        buffer,
        compression="zstd",
        compression_level=1,
        encryption=pl.ParquetEncryptionProperties(
            footer_key=_part_key(plan_key, place), aad_prefix=place, store_aad_prefix=False
        ),
    )
    return buffer.getvalue()


def _decrypt(cipher: bytes, plan_key: bytes, plan_id: str, name: str, path: Path) -> pl.LazyFrame:
    place = _place(plan_id, name)
    if not cipher.startswith(_ENCRYPTED_MAGIC):
        raise _changed(path)
    try:
        frame = pl.scan_parquet(
            io.BytesIO(cipher),
            decryption=pl.ParquetDecryptionProperties(
                footer_key=_part_key(plan_key, place), aad_prefix=place
            ),
        )
        frame.collect_schema()  # a wrong key shows here
        return frame
    except pl.exceptions.PolarsError:
        raise _changed(path) from None


def _place(plan_id: str, name: str) -> bytes:
    return f"{len(plan_id.encode())}:{plan_id},{name}".encode()


def _part_key(plan_key: bytes, place: bytes) -> bytes:
    info = b"crm-migrate/1 plan part " + place
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(plan_key)


def _mac(file: IO[bytes], size: int, plan_key: bytes) -> str:
    """HMAC of the first `size` bytes; leaves the file right behind them."""
    info = b"crm-migrate/1 plan file"
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(plan_key)
    mac = hmac.new(key, digestmod="sha256")
    file.seek(0)
    while size > 0 and (chunk := file.read(min(_CHUNK, size))):
        mac.update(chunk)
        size -= len(chunk)
    return mac.hexdigest()


def _changed(path: Path) -> IntegrityFault:
    return IntegrityFault(
        Text("the plan file was altered, or is no plan", "计划文件被改动,或不是计划文件"),
        where=str(path),
        remedy=Text(
            "make a new plan and have it approved; find out who changed this file",
            "请重新生成计划并审批,并查明改动者",
        ),
    )
