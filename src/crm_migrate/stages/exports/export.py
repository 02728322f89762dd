"""Readable personal data for people: the only verb that writes it (design §5).

An export is a workbook under a password, made in memory, that stands in the project's `exports/`
folder until it expires. Who exported what, and how many lines, is in the journal before the file
exists; what each field shows follows the policy for the audience `export`.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from crm_migrate.errors import UsageFault
from crm_migrate.language import Language, Text
from crm_migrate.stages.bare.table_files import protect, workbook_bytes, write_file
from crm_migrate.stages.exports.sheets import What, sheets_of
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.planning.plans import rfc3339
from crm_migrate.stages.session import Session
from crm_migrate.trust.people import Action

INDEX = "index.json"
LEAST_PASSWORD = 8
"""Characters (NIST SP 800-63B, 5.1.1)."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One export: who has it, what is in it, and until when. Times are RFC 3339, UTC."""

    file: str
    what: str
    run: str
    by: str
    rows: int
    made_at: str
    expires_at: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def export(
    session: Session,
    what: What,
    out: Path,
    password: str,
    *,
    by: str | None = None,
    run: str = "latest",
    days: int | None = None,
    language: Language = "en",
) -> Exported:
    """Write one kind of table into `exports/`, under a password, until it expires.

    Raises:
        KeyFault: the person's role may not export.
        UsageFault: a place outside of `exports/`, another suffix, or a short password.
        NotFound: there is no such run.
    """
    person = session.acting(by, Action.EXPORT)
    path = place(session, out)
    require_password(password)
    sweep(session, by=person.id)
    with open_finished(session, run) as opened:
        sheets = sheets_of(session, what, opened, language)
        run_id = opened.id
    data = protect(workbook_bytes(sheets), password)
    now = session.job.clock()
    kept = days if days is not None else session.project.settings.retention_days
    made = Exported(
        file=path.name,
        what=what,
        run=run_id,
        by=person.id,
        rows=sum(frame.height for frame in sheets.values()),
        made_at=rfc3339(now),
        expires_at=rfc3339(now + timedelta(days=kept)),
    )
    keep(session, made, data)
    return made


def keep(session: Session, made: Exported, data: bytes) -> None:
    """Journal an export and write its file, so that it is swept when it expires.

    Raises:
        CrmMigrateError: the file cannot be written; that is journaled, too.
    """
    about: dict[str, str | int | bool | None] = dict(made.to_json())
    session.record(made.by, "export", about)
    # The index first: what is not in it would never be swept.
    _write_index(session, [*(e for e in listed(session) if e.file != made.file), made])
    try:
        write_file(folder(session) / made.file, data)
    except Exception:
        session.record(made.by, "export", about, "failed")
        raise


def require_password(password: str) -> None:
    """Refuse a short password.

    Raises:
        UsageFault: fewer than LEAST_PASSWORD characters.
    """
    if len(password) < LEAST_PASSWORD:
        raise UsageFault(
            Text(f"a password has at least {LEAST_PASSWORD} characters",
                 f"口令至少 {LEAST_PASSWORD} 位")
        )  # fmt: skip


def sweep(session: Session, *, by: str | None = None) -> list[Exported]:
    """Delete the exports that have expired; each is journaled.

    Raises:
        KeyFault: the person's role may not export.
    """
    person = session.person(by, Action.EXPORT)
    now = rfc3339(session.job.clock())
    entries = listed(session)
    over = [e for e in entries if e.expires_at <= now]
    for entry in over:
        file = folder(session) / entry.file
        outcome = "deleted" if file.exists() else "gone"
        file.unlink(missing_ok=True)
        session.record(person.id, "export.swept", {"file": entry.file}, outcome)
    if over:
        _write_index(session, [e for e in entries if e not in over])
    return over


def listed(session: Session) -> list[Exported]:
    """The exports that stand in the folder, oldest first."""
    index = folder(session) / INDEX
    if not index.exists():
        return []
    return [Exported(**entry) for entry in json.loads(index.read_text("utf-8"))["exports"]]


def folder(session: Session) -> Path:
    """The project's folder of exports."""
    return session.project.path(session.project.settings.exports)


def place(session: Session, out: Path) -> Path:
    """Where the export will stand: a bare name is one in the exports folder.

    Raises:
        UsageFault: outside of that folder, or no .xlsx.
    """
    home = folder(session)
    path = home / out if out.parent == Path() else out
    if path.suffix.lower() != ".xlsx" or path.resolve().parent != home.resolve():
        raise UsageFault(
            Text("an export is an .xlsx file in the project's exports folder",
                 "导出文件须为项目导出目录下的 .xlsx 文件"),
            where=str(out),
            remedy=Text("--out NAME.xlsx: only there its expiry can be enforced",
                        "请用 --out 文件名.xlsx:只有在该目录中才能到期清除"),
        )  # fmt: skip
    return path


def _write_index(session: Session, entries: list[Exported]) -> None:
    data = {"exports": [e.to_json() for e in entries]}
    text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    write_file(folder(session) / INDEX, text.encode())
