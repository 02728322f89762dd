"""The journal: who did what and when, as lines that cannot be changed unseen.

Each line is canonical JSON with `seq`, `time` (RFC 3339, UTC), `actor`, `event`, `objects`,
`outcome`, the hash of the line before (`prev`) and its own (`hash`). A signed checkpoint beside
the file states its length and Merkle root after every append. A plain chain shows an edit; the
checkpoint also shows a rewritten chain or a cut tail; a copy of the checkpoint kept elsewhere
shows even what the holder of the key does. Personal data never stands in it: objects are named
by ids, digests and counts.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from crm_migrate.errors import IntegrityFault
from crm_migrate.language import Text
from crm_migrate.trust.canonical import Json, canonical_json
from crm_migrate.trust.checkpoint import Checkpoint, open_checkpoint
from crm_migrate.trust.merkle import MerkleTree
from crm_migrate.trust.private_files import locked, private_folder, write_private
from crm_migrate.trust.signature import Signer

Result = Literal["OK", "EDITED", "TRUNCATED", "FORKED"]

_START = "0" * 64
_UNKNOWN = -1
# A last net under the rule that callers name objects by ids: mail addresses, and digit runs
# as long as a mobile number or longer that are not part of an id or digest.
_PERSONAL = re.compile(r"[^\s@/:]+@[^\s@/:]+\.\w+|(?<![0-9A-Za-z.-])\d{11,19}[Xx]?(?![0-9A-Za-z-])")
_REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: `event` such as `plan.approved`, `objects` as name → id, digest or count."""

    actor: str
    event: str
    objects: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    outcome: str = "ok"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a journal found.

    `events` counts the sound lines. `at` is the 1-based line where the fault shows, None when
    there is none or it has no single place. `anchored` is the size up to which a valid
    checkpoint vouches, None without one.
    """

    result: Result
    events: int
    at: int | None = None
    anchored: int | None = None


class Journal:
    """A journal file that one appends to; `<file>.checkpoint` stands beside it."""

    def __init__(
        self, path: Path, signer: Signer, clock: Callable[[], datetime], origin: str = "crm-migrate"
    ) -> None:
        self.path = path
        self.checkpoint_path = path.with_name(path.name + ".checkpoint")
        self._signer = signer
        self._clock = clock
        self._origin = origin
        self._tree = MerkleTree()
        self._last = _START
        self._length = 0  # bytes of the file that the tree covers

    def append(
        self,
        actor: str,
        event: str,
        objects: Mapping[str, str | int | bool | None] | None = None,
        outcome: str = "ok",
    ) -> int:
        """Append one event durably; its sequence number. Raises as `append_all`."""
        return self.append_all([Event(actor, event, objects or {}, outcome)])

    def append_all(self, events: Sequence[Event]) -> int:
        """Append events with one fsync and a new checkpoint; the last sequence number.

        A last line that a crash left torn is moved to `<file>.torn`, and that is journaled.

        Raises:
            IntegrityFault: the journal no longer holds what its last checkpoint signed; nothing
                is appended, so that no new checkpoint covers the change up.
        """
        private_folder(self.path.parent)
        with locked(self.path.with_name(f".{self.path.name}.lock")):
            recovered = self._catch_up()
            time = f"{self._clock().astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
            before, self._length = self._length, _UNKNOWN  # until the lines stand in the file
            lines = b"".join(self._line(event, time) for event in (*recovered, *events))
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with os.fdopen(os.open(self.path, flags, 0o600), "ab") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            self._length = before + len(lines)
            checkpoint = Checkpoint(self._origin, self._tree.size, self._tree.root())
            write_private(self.checkpoint_path, checkpoint.sign(self._signer))
        return self._tree.size

    def read_checkpoint(self) -> bytes | None:
        """The newest checkpoint file, to be kept elsewhere; None before the first event."""
        return self.checkpoint_path.read_bytes() if self.checkpoint_path.exists() else None

    def _line(self, event: Event, time: str) -> bytes:
        content: dict[str, Json] = {
            "seq": self._tree.size + 1,
            "time": time,
            "actor": event.actor,
            "event": event.event,
            "objects": {name: _safe(value) for name, value in event.objects.items()},
            "outcome": _PERSONAL.sub(_REDACTED, event.outcome),
            "prev": self._last,
        }
        self._last = hashlib.sha256(canonical_json(content)).hexdigest()
        line = canonical_json({**content, "hash": self._last})
        self._tree.add(line)
        return line + b"\n"

    def _catch_up(self) -> list[Event]:
        """Take in what stands in the file beyond what we know; events about a torn last line."""
        if not self.path.exists() and not self.checkpoint_path.exists():
            # From here on a missing checkpoint means that someone took it away.
            write_private(
                self.checkpoint_path,
                Checkpoint(self._origin, 0, MerkleTree().root()).sign(self._signer),
            )
        size = self.path.stat().st_size if self.path.exists() else 0
        if self._length == size and size:
            return []
        data = self.path.read_bytes() if size else b""
        lines, torn = _split(data)
        self._require_sound(data, lines)
        self._tree = MerkleTree.of(lines)
        self._last = json.loads(lines[-1])["hash"] if lines else _START
        self._length = len(data) - len(torn)
        return self._set_aside(torn) if torn else []

    def _require_sound(self, data: bytes, lines: list[bytes]) -> None:
        note = self.read_checkpoint() or b""
        signed = open_checkpoint(note, self._signer.public_key)
        if signed is not None and MerkleTree.of(lines[: signed.size]).root() == signed.root:
            # What was signed is there byte for byte; only lines after it can be unsound.
            before = lines[signed.size - 1 : signed.size] if signed.size else []
            last = json.loads(before[0])["hash"] if before else _START
            if _first_broken(lines[signed.size :], signed.size, last) is None:
                return
        verdict = verify(data, note, self._signer.public_key)
        raise IntegrityFault(
            Text(
                f"the journal was changed after its last checkpoint: {verdict.result}",
                f"审计日志在上一检查点之后被改动：{verdict.result}",
            ),
            where=f"{self.path}:{verdict.at}" if verdict.at else str(self.path),
            remedy=Text(
                "keep the file as evidence and put the last backup in its place",
                "请保留该文件作为证据，并用最近的备份替换",
            ),
        )

    def _set_aside(self, torn: bytes) -> list[Event]:
        path = self.path.with_name(self.path.name + ".torn")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(path, flags, 0o600), "ab") as file:
            file.write(torn + b"\n")
        os.truncate(self.path, self._length)
        objects: dict[str, str | int | bool | None] = {
            "bytes": len(torn),
            "sha256": hashlib.sha256(torn).hexdigest(),
        }
        return [Event("crm-migrate", "journal.recovered", objects)]


def verify(journal: bytes, checkpoint: bytes | None, public_key: str) -> Verdict:
    """Judge a journal file offline, with its checkpoint file and the journal's public key (base64).

    EDITED: a line does not fit its own hash, its number or the line before. TRUNCATED: the last
    line is torn, or there are fewer lines than the checkpoint signed. FORKED: the lines fit each
    other but are not those that were signed, or the checkpoint is not signed by this key.
    """
    lines, torn = _split(journal)
    events = len(lines)
    broken = _first_broken(lines, 0, _START)
    if broken is not None:
        return Verdict("EDITED", broken - 1, broken)
    anchored = None
    if checkpoint is not None:
        signed = open_checkpoint(checkpoint, public_key)
        if signed is None:
            return Verdict("FORKED", events)
        if signed.size > events:
            return Verdict("TRUNCATED", events, events + 1)
        if MerkleTree.of(lines[: signed.size]).root() != signed.root:
            return Verdict("FORKED", events)
        anchored = signed.size
    if torn:
        return Verdict("TRUNCATED", events, events + 1, anchored)
    return Verdict("OK", events, None, anchored)


@dataclass(frozen=True, slots=True)
class Recorded(Event):
    """An event as it stands in a journal, with its time (RFC 3339, UTC)."""

    time: str = ""


def events_about(path: Path, name: str, values: Collection[str]) -> list[Recorded]:
    """The events whose object `name` is one of the values, in order; none without a journal.

    Whether the journal is sound is `verify`'s to say. Torn or changed lines are passed over.
    """
    wanted = {value.encode() for value in values}
    found = []
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        if not any(value in line for value in wanted):
            continue
        try:
            told = json.loads(line)
            if told["objects"].get(name) in values:
                found.append(
                    Recorded(
                        actor=told["actor"],
                        event=told["event"],
                        objects=told["objects"],
                        outcome=told["outcome"],
                        time=told["time"],
                    )
                )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def last_naming(path: Path, name: str) -> tuple[int, str] | None:
    """Number and value of the newest event that names such an object; None where none does.

    Whether the journal is sound is `verify`'s to say, and is checked before anything is appended.
    """
    journal = path.read_bytes() if path.exists() else b""
    end = len(journal)
    while (found := journal.rfind(f'"{name}":'.encode(), 0, end)) >= 0:
        begin = journal.rfind(b"\n", 0, found) + 1
        try:
            event = json.loads(journal[begin:].partition(b"\n")[0])
            if isinstance(event["objects"].get(name), str):
                return int(event["seq"]), str(event["objects"][name])
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # a torn or changed line names nothing
        end = begin
    return None


def _split(journal: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines, and what stands after the last line break (a torn line)."""
    *lines, torn = journal.split(b"\n")
    return lines, torn


def _first_broken(lines: list[bytes], seq: int, last: str) -> int | None:
    """The number of the first line that does not follow from line `seq`, whose hash is `last`."""
    for number, line in enumerate(lines, seq + 1):
        try:
            content = json.loads(line)
            if canonical_json(content) != line or content["seq"] != number:
                return number
            claimed = content.pop("hash")
            actual = hashlib.sha256(canonical_json(content)).hexdigest()
        except (ValueError, KeyError, TypeError, AttributeError):
            return number
        if claimed != actual or content["prev"] != last:
            return number
        last = actual
    return None


def _safe(value: str | int | bool | None) -> str | int | bool | None:
    return _PERSONAL.sub(_REDACTED, value) if isinstance(value, str) else value
