"""The versions of a report on disk: `number-version-date` files and their revision table."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote, unquote

from crm_migrate.errors import IntegrityFault
from crm_migrate.language import Text
from crm_migrate.reports.audit_report import AuditReport, Revision
from crm_migrate.trust.private_files import write_private

_INDEX = "versions.json"
_FILE = "file:"
_HANDED_OUT = "handed_out:"
_NAMED = b'"file:'


def load_versions(folder: Path, number: str) -> tuple[tuple[Revision, ...], frozenset[str]]:
    """The revisions of a report, oldest first, and the `plan id:state` that the last one listed.

    Raises:
        IntegrityFault: the table of versions, or a file it lists, was changed.
    """
    revisions, seen = load_document(folder, number)
    return revisions, frozenset(seen)


def load_document(folder: Path, number: str) -> tuple[tuple[Revision, ...], list[str]]:
    """The revisions of a versioned document, oldest first, and what was noted with the last.

    Raises:
        IntegrityFault: the table of versions, or a file it lists, was changed.
    """
    path = folder / _INDEX
    if not path.exists():
        return (), []
    try:
        entry = json.loads(path.read_text("utf-8"))["reports"].get(number)
    except (ValueError, KeyError):
        raise _changed(path) from None
    if entry is None:
        return (), []
    for name, digest in entry["files"].items():
        file = folder / name
        if file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise _changed(file)
    return tuple(Revision(**r) for r in entry["revisions"]), list(entry["plans"])


def document_stem(number: str, revision: Revision) -> str:
    """`number-version-date` (R-7.3)."""
    return f"{number}-{revision.version}-{revision.date}"


def store_version(folder: Path, report: AuditReport, files: Mapping[str, bytes]) -> list[Path]:
    """Write the report's files (suffix → bytes) and add the version to the table.

    Every version is kept.
    """
    plans = [f"{p.plan_id}:{p.state}" for p in report.plans]
    return store_document(folder, report.cover.number, report.revisions, files, plans)


def store_document(
    folder: Path,
    number: str,
    revisions: tuple[Revision, ...],
    files: Mapping[str, bytes],
    noted: Sequence[str] = (),
) -> list[Path]:
    """Write the files (suffix → bytes) of the last revision and add it to the table.

    Every version is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = document_stem(number, revisions[-1])
    paths = []
    digests = {}
    for suffix, content in files.items():
        path = folder / f"{stem}{suffix}"
        write_private(path, content)
        digests[path.name] = hashlib.sha256(content).hexdigest()
        paths.append(path)
    index = folder / _INDEX
    data = json.loads(index.read_text("utf-8")) if index.exists() else {"reports": {}}
    known = data["reports"].get(number, {"files": {}})
    data["reports"][number] = {
        "revisions": [asdict(r) for r in revisions],
        "plans": list(noted),
        "files": known["files"] | digests,
    }
    write_private(index, json.dumps(data, ensure_ascii=False, indent=1).encode())
    return paths


def named(audit: Path, *paths: Path) -> dict[str, str]:
    """`file:` and the path under the audit folder, in ASCII as a URL has it → SHA-256: so the
    journal names what was written.
    """
    return {_FILE + _named(path, audit): _sha256(path) for path in paths}


def handed_out(audit: Path, *paths: Path) -> dict[str, str]:
    """As `named`, of workbooks that people work in: the journal says how they were handed out, but
    that they differ later is no fault. What comes back is checked row by row.
    """
    return {_HANDED_OUT + _named(path, audit): _sha256(path) for path in paths}


def together(paths: Sequence[Path]) -> str:
    """One SHA-256 of several files in their order: for those whose names name people."""
    return hashlib.sha256("".join(map(_sha256, paths)).encode()).hexdigest()


def _named(path: Path, audit: Path) -> str:
    return quote(path.relative_to(audit).as_posix())


def require_unchanged(audit: Path, journal: bytes) -> None:
    """Compare the files that are there with what a sound journal says was written: reports, pages
    of plans, and the figures of plans and applies that reports are made of.

    The table of versions lies beside the reports and proves nothing; the journal's lines are
    signed for. Of a file that was written again the latest counts.

    Raises:
        IntegrityFault: a file was changed.
    """
    told: dict[str, str] = {}
    for line in journal.split(b"\n"):
        if _NAMED in line:
            told |= {k: v for k, v in json.loads(line)["objects"].items() if k.startswith(_FILE)}
    for name, digest in told.items():
        path = audit / unquote(name.removeprefix(_FILE))
        if path.is_file() and _sha256(path) != digest:
            raise _changed(path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _changed(path: Path) -> IntegrityFault:
    return IntegrityFault(
        Text("a stored report, page or figure was changed", "已存的报告、计划网页或其数据被改动"),
        where=str(path),
        remedy=Text(
            "restore it from a backup, or move the folder aside to begin again; the page of a plan"
            " is written anew by `crm-migrate show PLAN --open`",
            "请从备份恢复，或移走该目录后重新开始；"
            "计划网页可用 `crm-migrate show 计划 --open` 重新生成",
        ),
    )
