"""The plan file: one ZIP (stored) with a clear header and encrypted Parquet parts.

`header.json`                  the PlanHeader; no personal data, readable without a key
`operations/<entity>/<slice>`  sealed operations in the order of the plan, entities in dependency
                               order; a large entity in several slices
`lineage/<entity>`             which record each golden cell came from
`moves`                        merges and re-parented rows, where there are any

SHA-256 of each part's ciphertext stands in the header (plan_parts.py says how it is encrypted).
The archive's comment is HMAC-SHA256 under the plan key of every byte before it, so that no byte
of the file can be altered unseen.
"""

import hashlib
import hmac
import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Self

import polars as pl

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.language import Text
from crm_migrate.plan.change import Action, Plan
from crm_migrate.plan.header import Held, PlanHeader
from crm_migrate.plan.header_file import header_json, parse_header
from crm_migrate.plan.plan_parts import (
    LINEAGE,
    MAC_LENGTH,
    MOVES,
    OPERATIONS,
    decrypt,
    encrypt,
    entity_of,
    file_mac,
    slice_name,
)
from crm_migrate.trust.private_files import TEMPORARY_SUFFIX, create_private, sync_folder

SUFFIX = ".crmplan"

_HEADER = "header.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


class PlanWriter:
    """A plan file while it is written, part after part: whole in the end, or not at all.

    Use it with `with`; a file that is not finished is gone afterwards. Mode 0600.
    """

    def __init__(self, path: Path, plan_id: str, plan_key: bytes) -> None:
        self.path, self.plan_id, self._key = path, plan_id, plan_key
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
        self._digests: dict[str, str] = {}
        self._slices: Counter[str] = Counter()
        self._held: list[pl.DataFrame] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._raw = self._open.enter_context(os.fdopen(create_private(self._temporary), "wb"))
        archive = zipfile.ZipFile(self._raw, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._archive = self._open.enter_context(archive)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._temporary.unlink(missing_ok=True)

    def operations(self, entity: str, frame: pl.DataFrame) -> None:
        """The next slice of an entity's operations."""
        self._add(slice_name(entity, self._slices[entity]), frame)
        self._slices[entity] += 1
        self._held.append(_waiting(entity, frame))

    def lineage(self, entity: str, frame: pl.DataFrame) -> None:
        """Which record each golden cell of an entity came from."""
        self._add(LINEAGE + entity, frame)

    def moves(self, frame: pl.DataFrame) -> None:
        """Merges and re-parented rows."""
        self._add(MOVES, frame)

    def finish(self, header: PlanHeader) -> PlanHeader:
        """Put the header in and the file in its place; returns it with `files` and `held`."""
        header = replace(header, files=self._digests, held=_counted(self._held))
        self._archive.writestr(_entry(_HEADER), header_json(header))
        self._archive.comment = b"0" * MAC_LENGTH
        self._archive.close()
        self._raw.flush()
        with self._temporary.open("rb+") as file:
            mac = file_mac(file, self._temporary.stat().st_size - MAC_LENGTH, self._key)
            file.seek(-MAC_LENGTH, os.SEEK_END)
            file.write(mac.encode())
            file.flush()
            os.fsync(file.fileno())
        self._temporary.replace(self.path)
        sync_folder(self.path.parent)
        return header

    def _add(self, name: str, frame: pl.DataFrame) -> None:
        cipher = encrypt(frame, self._key, self.plan_id, name)
        self._digests[name] = hashlib.sha256(cipher).hexdigest()
        self._archive.writestr(_entry(name), cipher)


def write_plan(path: Path, plan: Plan, plan_key: bytes) -> PlanHeader:
    """Write a plan that lies in memory (mode 0600), whole or not at all.

    Returns its header with `files` and `held` filled.
    """
    with PlanWriter(path, plan.header.plan_id, plan_key) as file:
        for entity, frame in plan.operations.items():
            file.operations(entity, frame)
        for entity, frame in plan.lineage.items():
            file.lineage(entity, frame)
        if plan.moves is not None:
            file.moves(plan.moves)
        return file.finish(plan.header)


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
    """A plan file, every byte of it checked; its parts are read when they are asked for."""

    def __init__(self, header: PlanHeader, file: IO[bytes], plan_key: bytes, path: Path) -> None:
        self.header = header
        self._file, self._key, self._path = file, plan_key, path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def entities(self) -> list[str]:
        """The entities that have operations, in dependency order."""
        return list(dict.fromkeys(entity_of(n) for n in self._parts(OPERATIONS)))

    def slices(self, entity: str) -> Iterator[pl.LazyFrame]:
        """The operations of an entity, slice after slice; each is read when its turn comes.

        Raises:
            IntegrityFault: a part is not the one that the header names.
            KeyError: the plan has no such entity.
        """
        names = self._parts(f"{OPERATIONS}{entity}/")
        if not names and (whole := OPERATIONS + entity) in self.header.files:  # format 2
            names = [whole]
        if not names:
            raise KeyError(entity)
        return map(self._scan, names)

    def operations(self, entity: str) -> pl.LazyFrame:
        """The operations of an entity in one. Raises IntegrityFault, KeyError."""
        return pl.concat(self.slices(entity))

    def lineage(self, entity: str) -> pl.LazyFrame | None:
        """The lineage of an entity, where there is one. Raises IntegrityFault."""
        name = LINEAGE + entity
        return self._scan(name) if name in self.header.files else None

    def moves(self) -> pl.DataFrame | None:
        """Merges and re-parented rows, where there are any. Raises IntegrityFault."""
        return self._scan(MOVES).collect() if MOVES in self.header.files else None

    def whole(self) -> Plan:
        """Everything in memory. Raises IntegrityFault."""
        slices = {e: (s.collect() for s in self.slices(e)) for e in self.entities}
        operations = {e: pl.concat(s, rechunk=True) for e, s in slices.items()}
        lineage = {entity_of(n): self._scan(n).collect() for n in self._parts(LINEAGE)}
        return Plan(self.header, operations, lineage, self.moves())

    def _parts(self, beginning: str) -> list[str]:
        return [name for name in self.header.files if name.startswith(beginning)]

    def _scan(self, name: str) -> pl.LazyFrame:
        with zipfile.ZipFile(self._file) as archive:
            cipher = archive.read(name)
        if hashlib.sha256(cipher).hexdigest() != self.header.files[name]:
            raise _changed(self._path)
        try:
            return decrypt(cipher, self._key, self.header.plan_id, name)
        except ValueError:
            raise _changed(self._path) from None


def open_stored(path: Path, plan_key: bytes) -> StoredPlan:
    """The plan, every byte of the file checked first; it holds the file open until it is closed.

    Raises:
        NotFound: there is no such file.
        IntegrityFault: a byte was altered, or the key belongs to another plan.
    """
    header = read_header(path)
    file = path.open("rb")
    try:
        size = path.stat().st_size - MAC_LENGTH
        mac = file_mac(file, size, plan_key)
        if not hmac.compare_digest(mac.encode(), file.read(MAC_LENGTH)):
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
    return _counted([_waiting(entity, frame) for entity, frame in operations.items()])


def _waiting(entity: str, operations: pl.DataFrame) -> pl.DataFrame:
    """How many operations are conflicts or left out, by entity, action and reason."""
    waiting = operations.filter(
        pl.col("action").is_in([str(Action.CONFLICT), str(Action.SKIP)])
    ).select(pl.lit(entity).alias("entity"), "action", pl.col("reason").fill_null(""))
    return waiting.group_by("entity", "action", "reason").len()


def _counted(parts: Iterable[pl.DataFrame]) -> tuple[Held, ...]:
    """Entities in the order of the parts, the most frequent reason of each first."""
    counts = [part for part in parts if part.height]
    if not counts:
        return ()
    by = ("entity", "action", "reason")
    rows = pl.concat(counts).group_by(*by, maintain_order=True).agg(pl.col("len").sum())
    place = {e: n for n, e in enumerate(dict.fromkeys(rows["entity"]))}
    ordered = rows.with_columns(_place=pl.col("entity").replace_strict(place, default=0)).sort(
        "_place", "len", "action", "reason", descending=[False, True, False, False]
    )
    return tuple(Held(*row) for row in ordered.drop("_place").iter_rows())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = 0o600 << 16
    return entry


def _changed(path: Path) -> IntegrityFault:
    return IntegrityFault(
        Text("the plan file was altered, or is no plan", "计划文件被改动,或不是计划文件"),
        where=str(path),
        remedy=Text(
            "make a new plan and have it approved; find out who changed this file",
            "请重新生成计划并审批,并查明改动者",
        ),
    )
