"""The quarantine workbook out, to the people who know the customers.

A sheet per entity, a line per record that was set aside: where it stands, why, what to do, and its
cells, which are the only ones that can be changed. Hidden columns name the record and bind the
line to what was sent out. Rows that yielded no record at all have no cells to correct: a sheet of
their own says where they stand.
"""

from collections.abc import Iterator

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.language import Language, Text
from crm_migrate.model import Entity
from crm_migrate.plan.show.sheets import Sheet, workbook_bytes
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.exports.folder import Destination, Exported, hand_out, ready
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.kept import MAPPED, STANDARDIZED
from crm_migrate.stages.quarantine.overlay import overlaid, raw_states, standing
from crm_migrate.stages.quarantine.sheet import recordless_sheet, rejected_sheet
from crm_migrate.stages.session import Session
from crm_migrate.trust.roles import Action
from crm_migrate.workspace import Run


def export_quarantine(
    session: Session,
    to: Destination,
    *,
    by: str | None = None,
    run: str = "latest",
    language: Language = "en",
) -> Exported:
    """Write what a run set aside into `exports/`, under a password, for correction.

    Raises:
        KeyFault: the person's role may not export.
        UsageFault: a place outside of `exports/`, a short password, or nothing was set aside.
        NotFound: there is no such run.
    """
    person = ready(session, to, by, Action.EXPORT)
    given = standing(session.job, session.state)
    sheets: list[Sheet] = []
    count = 0
    with open_finished(session, run) as opened:
        run_id = opened.id
        for entity, ids in _set_aside(session, opened):
            raw = opened.rows(MAPPED, entity.name, RECORD_ID, ids)
            states = dict(zip(raw[RECORD_ID], raw_states(session.job, entity, raw), strict=True))
            now, _ = overlaid(session.job, entity, raw, given)
            sheets.append(rejected_sheet(session, opened, entity, now, states, language))
            count += now.height
        lost = recordless_sheet(opened, language)
        if lost is not None:
            sheets.append(lost)
            count += len(list(lost.rows))
    if not count:
        raise UsageFault(
            Text("nothing was set aside", "没有被隔离的记录"),
            remedy=Text("crm-migrate plan", "crm-migrate plan"),
        )
    book = workbook_bytes(sheets)
    return hand_out(session, person, to, book, what="quarantine", run=run_id, rows=count)


def _set_aside(session: Session, run: Run) -> Iterator[tuple[Entity, pl.Series]]:
    rejected = run.read(STANDARDIZED, "x_quarantined")
    for entity in session.project.model.entities:
        ids = rejected.filter(pl.col("entity") == entity.name)[RECORD_ID]
        if len(ids):
            yield entity, ids
