"""`run.json`: what each stage of a run made. No data; authenticated under the run key."""

import hmac
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from crm_migrate.trust.canonical import Json, canonical_json
from crm_migrate.trust.private_files import write_private
from crm_migrate.workspace.faults import changed, refuse_write

MANIFEST = "run.json"


@dataclass(frozen=True, slots=True)
class Base:
    """The table of an earlier run that a table was edited from: its file is linked beside it."""

    sha256: str
    place: str
    """Where it was written: its AAD."""
    wrapped: str
    """The key of that file, wrapped under the key of the run that keeps this manifest (hex)."""
    key: str
    """The column by which rows were taken out."""


@dataclass(frozen=True, slots=True)
class Output:
    """One stage table: ciphertext digest (SHA-256, hex), rows, and how often it was written."""

    sha256: str
    rows: int
    attempt: int
    base: Base | None = None
    """Set: the file holds only what is different from that table (`edited.py`)."""


@dataclass
class StageRecord:
    """What is known of a stage: the digest of its inputs once it is done, and its tables."""

    input_digest: str | None = None
    seconds: float | None = None
    begun: int = 0
    """How often the stage was begun: no attempt writes a table under the key of another."""
    outputs: dict[str, Output] = field(default_factory=dict)


@dataclass
class Manifest:
    """What a run has done so far; `run.json`."""

    run: str
    created_at: str
    """RFC 3339, UTC."""
    stages: dict[str, StageRecord] = field(default_factory=dict)


def save_manifest(folder: Path, manifest: Manifest, key: bytes) -> None:
    """Write `run.json` with its MAC.

    Raises:
        WorkspaceFault: the disk is full or the folder cannot be written.
    """
    content = _content(manifest)
    data = json.dumps({**content, "mac": _mac(key, content)}, ensure_ascii=False).encode()
    path = folder / MANIFEST
    try:
        write_private(path, data)
    except OSError as error:
        refuse_write(error, path)


def load_manifest(folder: Path, run: str, key: bytes) -> Manifest:
    """The manifest of a run, authenticated under the run key.

    Raises:
        IntegrityFault: it was changed, or belongs to another run.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_bytes())
        mac = content.pop("mac")
        if content["run"] != run or not hmac.compare_digest(mac, _mac(key, content)):
            raise ValueError("mac")
        stages = {
            name: StageRecord(
                input_digest=stage["input_digest"],
                seconds=None if stage["milliseconds"] is None else stage["milliseconds"] / 1000,
                begun=stage["begun"],
                outputs={n: _output(**o) for n, o in stage["outputs"].items()},
            )
            for name, stage in content["stages"].items()
        }
        return Manifest(run, content["created_at"], stages)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise changed(path) from None


def _output(sha256: str, rows: int, attempt: int, base: dict[str, str] | None = None) -> Output:
    return Output(sha256, rows, attempt, None if base is None else Base(**base))


def _content(manifest: Manifest) -> dict[str, Json]:
    stages: dict[str, Json] = {}
    for name, stage in manifest.stages.items():
        # Canonical JSON has no floats; milliseconds are whole.
        seconds = None if stage.seconds is None else round(stage.seconds * 1000)
        outputs: dict[str, Json] = {
            n: {
                "sha256": o.sha256,
                "rows": o.rows,
                "attempt": o.attempt,
                "base": None if o.base is None else asdict(o.base),
            }
            for n, o in stage.outputs.items()
        }
        stages[name] = {
            "input_digest": stage.input_digest,
            "begun": stage.begun,
            "outputs": outputs,
            "milliseconds": seconds,
        }
    return {"run": manifest.run, "created_at": manifest.created_at, "stages": stages}


def _mac(key: bytes, content: Json) -> str:
    return hmac.digest(key, b"run.json" + canonical_json(content), "sha256").hex()
