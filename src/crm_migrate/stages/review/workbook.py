"""Questions as a workbook for a steward: doubtful pairs and 撞单, a sheet each.

A line per record, a field per column; what differs is marked. It is answered in the name of
whoever it was made for (`returned.py`).
"""

from crm_migrate.errors import UsageFault
from crm_migrate.language import Language, Text
from crm_migrate.stages.exports.folder import Destination, Exported, hand_out, ready
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.review.lines import check_of_line
from crm_migrate.stages.review.records import Records
from crm_migrate.stages.review.reviews import queue
from crm_migrate.stages.review.sheet import review_workbook
from crm_migrate.stages.review.view import view
from crm_migrate.stages.review.viewing import Viewing
from crm_migrate.stages.session import Session
from crm_migrate.trust.roles import Action

MOST = 5_000
"""Questions of a workbook."""


def export_reviews(
    session: Session,
    to: Destination,
    *,
    by: str | None = None,
    clear: bool = False,
    blind: bool = False,
    mine: bool = False,
    limit: int = 500,
    language: Language = "en",
) -> Exported:
    """Write the questions that wait for the person into `exports/`, under a password.

    Masked unless `clear`. Of the 撞单 those that wait for their department.

    Raises:
        KeyFault: the person may not review.
        UsageFault: a place outside of `exports/`, a short password, or nothing to decide.
    """
    person = ready(session, to, by, Action.REVIEW)
    asked = queue(session, person, mine=mine).head(min(limit, MOST))
    if asked.is_empty():
        raise UsageFault(
            Text("there is nothing to decide", "没有待裁决的任务"),
            remedy=Text("crm-migrate review list", "crm-migrate review list"),
        )
    viewing = Viewing(person.id, clear, blind, language)
    with open_finished(session, stage="linked") as run:
        records = Records(session, run, asked)
        run_id = run.id
    shown = [view(session, records, row, viewing) for row in asked.iter_rows(named=True)]
    book = review_workbook(shown, lambda line: check_of_line(session, line), viewing)
    what = "review-clear" if clear else "review-masked"
    return hand_out(session, person, to, book, what=what, run=run_id, rows=len(shown))
