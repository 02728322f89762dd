"""Writing a plan file: part after part, whole in the end, or not at all."""

import hashlib
import os
import zipfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

import polars as pl

from crm_migrate.plan.change import Plan
from crm_migrate.plan.file.header_json import header_json
from crm_migrate.plan.file.held import counted, waiting
from crm_migrate.plan.file.parts import (
    HEADER,
    LINEAGE,
    MAC_LENGTH,
    MOVES,
    encrypt,
    entry,
    file_mac,
    slice_name,
)
from crm_migrate.plan.header import PlanHeader
from crm_migrate.trust.private_files import TEMPORARY_SUFFIX, create_private, sync_folder


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
        self._held.append(waiting(entity, frame))

    def lineage(self, entity: str, frame: pl.DataFrame) -> None:
        """Which record each golden cell of an entity came from."""
        self._add(LINEAGE + entity, frame)

    def moves(self, frame: pl.DataFrame) -> None:
        """Merges and re-parented rows."""
        self._add(MOVES, frame)

    def finish(self, header: PlanHeader) -> PlanHeader:
        """Put the header in and the file in its place; returns it with `files` and `held`."""
        header = replace(header, files=self._digests, held=counted(self._held))
        self._archive.writestr(entry(HEADER), header_json(header))
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
        self._archive.writestr(entry(name), cipher)


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
