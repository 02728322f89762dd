"""The folder `exports/`: workbooks under a password for people, each until it expires.

Who exported what, and how many lines, is in the journal before the file exists; what the folder
holds is in its index, so that a later command can delete what has expired.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from crm_migrate.errors import UsageFault
from crm_migrate.instants import rfc3339
from crm_migrate.language import Text
from crm_migrate.stages.bare.table_files import protect, write_file
from crm_migrate.stages.session import Session
from crm_migrate.trust.people import Person
from crm_migrate.trust.roles import Action

INDEX = "index.json"
LEAST_PASSWORD = 8
"""Characters (NIST SP 800-63B, 5.1.1)."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a workbook shall stand, and how: a name in `exports/` (`out`), the password that opens
    it, days until it expires (None: the project's retention).
    """

    out: Path
    password: str
    days: int | None = None


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


def ready(session: Session, to: Destination, by: str | None, action: Action) -> Person:
    """Who exports, proven by the key, once nothing is in the way; what has expired is swept.

    Raises:
        KeyFault: the person may not do that.
        UsageFault: a place outside of `exports/`, another suffix, or a short password.
    """
    person = session.acting(by, action)
    place(session, to.out)
    if len(to.password) < LEAST_PASSWORD:
        raise UsageFault(
            Text(f"a password has at least {LEAST_PASSWORD} characters",
                 f"口令至少 {LEAST_PASSWORD} 位")
        )  # fmt: skip
    _sweep(session, person)
    return person


def hand_out(
    session: Session,
    person: Person,
    to: Destination,
    workbook: bytes,
    *,
    what: str,
    run: str,
    rows: int,
) -> Exported:
    """Journal an export, put it under its password and write it, to be swept when it expires.

    Raises:
        CrmMigrateError: the file cannot be written; that is journaled, too.
    """
    now = session.job.clock()
    days = to.days if to.days is not None else session.project.settings.retention_days
    made = Exported(
        file=to.out.name,
        what=what,
        run=run,
        by=person.id,
        rows=rows,
        made_at=rfc3339(now),
        expires_at=rfc3339(now + timedelta(days=days)),
    )
    data = protect(workbook, to.password)
    about: dict[str, str | int | bool | None] = dict(made.to_json())
    session.record(made.by, "export", about)
    # The index first: what is not in it would never be swept.
    _write_index(session, [*(e for e in listed(session) if e.file != made.file), made])
    try:
        write_file(folder(session) / made.file, data)
    except Exception:
        session.record(made.by, "export", about, "failed")
        raise
    return made


def sweep(session: Session, *, by: str | None = None) -> list[Exported]:
    """Delete the exports that have expired; each is journaled.

    Raises:
        KeyFault: the person's role may not export.
    """
    return _sweep(session, session.person(by, Action.EXPORT))


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
            remedy=Text("give only a name, as NAME.xlsx: only there its expiry can be enforced",
                        "只需给出文件名，如 文件名.xlsx：只有在该目录中才能到期清除"),
        )  # fmt: skip
    return path


def _sweep(session: Session, person: Person) -> list[Exported]:
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


def _write_index(session: Session, entries: list[Exported]) -> None:
    data = {"exports": [e.to_json() for e in entries]}
    text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    write_file(folder(session) / INDEX, text.encode())
