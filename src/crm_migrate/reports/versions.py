"""The versions of a report on disk: `number-version-date` files and their revision table."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from crm_migrate.errors import IntegrityFault
from crm_migrate.language import Text
from crm_migrate.reports.audit_report import AuditReport, Revision
from crm_migrate.trust.private_files import write_private

_INDEX = "versions.json"


def load_versions(folder: Path, number: str) -> tuple[tuple[Revision, ...], frozenset[str]]:
    """The revisions of a report, oldest first, and the `plan id:state` that the last one listed.

    Raises:
        IntegrityFault: the table of versions, or a file it lists, was changed.
    """
    path = folder / _INDEX
    if not path.exists():
        return (), frozenset()
    try:
        entry = json.loads(path.read_text("utf-8"))["reports"].get(number)
    except (ValueError, KeyError):
        raise _changed(path) from None
    if entry is None:
        return (), frozenset()
    for name, digest in entry["files"].items():
        file = folder / name
        if file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise _changed(file)
    return tuple(Revision(**r) for r in entry["revisions"]), frozenset(entry["plans"])


def store_version(folder: Path, report: AuditReport, files: Mapping[str, bytes]) -> list[Path]:
    """Write the report's files (suffix → bytes) and add the version to the table.

    Every version is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    digests = {}
    for suffix, content in files.items():
        path = folder / f"{report.file_stem}{suffix}"
        write_private(path, content)
        digests[path.name] = hashlib.sha256(content).hexdigest()
        paths.append(path)
    index = folder / _INDEX
    data = json.loads(index.read_text("utf-8")) if index.exists() else {"reports": {}}
    known = data["reports"].get(report.cover.number, {"files": {}})
    data["reports"][report.cover.number] = {
        "revisions": [asdict(r) for r in report.revisions],
        "plans": [f"{p.plan_id}:{p.state}" for p in report.plans],
        "files": known["files"] | digests,
    }
    write_private(index, json.dumps(data, ensure_ascii=False, indent=1).encode())
    return paths


def _changed(path: Path) -> IntegrityFault:
    return IntegrityFault(
        Text("a stored report was changed", "已存的报告被改动"),
        where=str(path),
        remedy=Text(
            "restore it from a backup, or move the folder aside to begin again",
            "请从备份恢复,或移走该目录后重新开始",
        ),
    )
