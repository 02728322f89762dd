"""The figures of every run that was measured, kept in the audit folder: counts, no values.

A run's tables are shredded after their retention; its figures stay, and the first of them is the
baseline of the old data.
"""

import hashlib
import json
from pathlib import Path

from crm_migrate.errors import CrmMigrateError, IntegrityFault
from crm_migrate.language import Text
from crm_migrate.reports.quality_facts import QualityFacts
from crm_migrate.stages.bare.table_files import write_file
from crm_migrate.stages.session import Session

FOLDER = "quality"
MEASURED = "quality.measured"


def kept_facts(session: Session) -> list[QualityFacts]:
    """The figures of all runs that were measured, the oldest run first.

    Raises:
        IntegrityFault: a file is not one that we wrote.
    """
    found = []
    for path in sorted(_folder(session).glob("*.json")):
        try:
            found.append(QualityFacts.from_json(json.loads(path.read_text("utf-8"))))
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(path) from error
    return sorted(found, key=lambda f: (f.at, f.run))


def keep(session: Session, facts: QualityFacts, actor: str) -> None:
    """Keep the figures of a run, journaled with their digest; equal ones are kept already.

    A run that was resumed since is measured anew, and what was kept of it replaced.
    """
    path = _folder(session) / f"{facts.run}.json"
    data = json.dumps(facts.to_json(), ensure_ascii=False).encode()
    if path.exists() and path.read_bytes() == data:
        return
    digest = hashlib.sha256(data).hexdigest()
    session.record(actor, MEASURED, {"run": facts.run, "figures": digest})
    write_file(path, data)


def _folder(session: Session) -> Path:
    return session.audit / FOLDER


def _unreadable(path: Path) -> CrmMigrateError:
    return IntegrityFault(
        Text("kept quality figures cannot be read", "已存的质量指标文件无法读取"),
        where=str(path),
        remedy=Text("restore the file from a backup, or remove it", "请从备份恢复或移走该文件"),
    )
