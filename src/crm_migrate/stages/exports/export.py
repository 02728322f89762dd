"""Readable personal data for people: the only verb that writes it.

What each field shows follows the policy for the audience `export`.
"""

from crm_migrate.language import Language
from crm_migrate.stages.bare.table_files import workbook_bytes
from crm_migrate.stages.exports.folder import Destination, Exported, hand_out, ready
from crm_migrate.stages.exports.sheets import What, sheets_of
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.session import Session
from crm_migrate.trust.roles import Action


def export(
    session: Session,
    what: What,
    to: Destination,
    *,
    by: str | None = None,
    run: str = "latest",
    language: Language = "en",
) -> Exported:
    """Write one kind of table into `exports/`, under a password, until it expires.

    Raises:
        KeyFault: the person's role may not export.
        UsageFault: a place outside of `exports/`, another suffix, or a short password.
        NotFound: there is no such run.
    """
    person = ready(session, to, by, Action.EXPORT)
    with open_finished(session, run) as opened:
        sheets = sheets_of(session, what, opened, language)
        run_id = opened.id
    rows = sum(frame.height for frame in sheets.values())
    return hand_out(session, person, to, workbook_bytes(sheets), what=what, run=run_id, rows=rows)
