"""A plan file as it is read: the header without a key, the rest once every byte is checked."""

import hashlib
import hmac
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

import polars as pl

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.language import Text
from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.header_json import parse_header
from crm_migrate.plan.file.parts import (
    HEADER,
    LINEAGE,
    MAC_LENGTH,
    MOVES,
    OPERATIONS,
    decrypt,
    entity_of,
    file_mac,
)
from crm_migrate.plan.header import PlanHeader


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
            text = archive.read(HEADER)
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
            if parse_header(archive.read(HEADER)) != header:
                raise _changed(path)
    except BaseException:
        file.close()
        raise
    return StoredPlan(header, file, plan_key, path)


def open_plan(path: Path, plan_key: bytes) -> Plan:
    """The whole plan in memory; raises like `open_stored`."""
    with open_stored(path, plan_key) as stored:
        return stored.whole()


def _changed(path: Path) -> IntegrityFault:
    return IntegrityFault(
        Text("the plan file was altered, or is no plan", "计划文件被改动，或不是计划文件"),
        where=str(path),
        remedy=Text(
            "make a new plan and have it approved; find out who changed this file",
            "请重新生成计划并审批，并查明改动者",
        ),
    )
