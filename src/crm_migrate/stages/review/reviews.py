"""The questions that wait for people: listed, in the order for each of them, and assigned."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Engine as Database

from crm_migrate.instants import rfc3339
from crm_migrate.language import Language
from crm_migrate.stages.review.answers import departments_of, is_alone
from crm_migrate.stages.review.view import Tasks, views
from crm_migrate.stages.review.viewing import Viewing
from crm_migrate.stages.session import Session
from crm_migrate.state.cells import standing_overrides
from crm_migrate.state.owners import decided_owners
from crm_migrate.state.review import CONTRADICTED, assign, task, tasks
from crm_migrate.state.verdicts import answered_by, pair_verdicts, standing_on
from crm_migrate.trust.people import Person
from crm_migrate.trust.roles import Action


def state_digest(state: Database, now: datetime) -> str:
    """Digest of all that people said and that stands: golden records depend on it."""
    pairs = pair_verdicts(state, "customer").drop("left_traits", "right_traits")
    cells = standing_overrides(state, rfc3339(now)).select("override_id", "golden_id", "field")
    frames = (pairs, decided_owners(state), cells)
    return hashlib.sha256("".join(f.write_csv() for f in frames).encode()).hexdigest()


def list_reviews(
    session: Session,
    *,
    by: str | None = None,
    clear: bool = False,
    blind: bool = False,
    everything: bool = False,
    mine: bool = False,
    limit: int = 10,
    language: Language = "en",
) -> Tasks:
    """The questions, those first whose answer is worth most; clear values are journaled.

    `mine`: those assigned to the person. What they put off comes last.

    Raises:
        KeyFault: clear values were asked for, and the person may not review.
        UsageFault: `mine`, and nobody was named.
    """
    if mine:
        person: Person | None = session.person(by, Action.REVIEW)
    else:  # masked, anybody may look
        person = session.trust.person(by) if by is not None else None
    listed = queue(session, person, everything=everything, mine=mine)
    shown = listed.head(limit)
    if clear:
        person = session.acting(by, Action.REVIEW)
        session.record(person.id, "review.shown", {"tasks": shown.height})
    viewing = Viewing(person.id if person is not None else None, clear, blind, language)
    return Tasks(tasks(session.state)["task_id"].len(), views(session, shown, viewing))


def queue(
    session: Session,
    person: Person | None,
    *,
    everything: bool = False,
    mine: bool = False,
) -> pl.DataFrame:
    """The open tasks (all: `everything`) in the order in which this person meets them.

    What they have answered and what waits for others' verdicts is left out, and what is assigned
    to somebody else unless it wants several people; of the 撞单 those in which their department has
    no say, or has spoken while another has not.
    """
    status = None if everything else "open"
    listed = tasks(
        session.state,
        status=status,
        assignee=person.id if mine and person is not None else None,
        skipped_by=person.id if person is not None else None,
    )
    if person is None or everything:
        return listed
    claimed = pl.col("kind") == "owner_conflict"
    elsewhere = pl.col("assignee").is_not_null() & (pl.col("assignee") != person.id)
    answered = pl.col("task_id").is_in(sorted(answered_by(session.state, person.id)))
    contradicted = (pl.col("reason") == CONTRADICTED).fill_null(False)
    pairs = ~claimed & (~elsewhere | (pl.col("wants") > 1)) & (~answered | contradicted)
    theirs = [
        row["task_id"]
        for row in listed.filter(claimed).iter_rows(named=True)
        if _waits_for(session, row, person)
    ]
    return listed.filter(pairs | pl.col("task_id").is_in(theirs))


def _waits_for(session: Session, asked: dict[str, Any], person: Person) -> bool:
    """Whether a 撞单 waits for the person's department: it has not spoken, or they disagree."""
    needed = set(departments_of(asked)) or {person.department}
    if is_alone(session):
        return True
    spoken = {v["department"] for v in standing_on(session.state, asked["task_id"])}
    return person.department in needed and (person.department not in spoken or spoken >= needed)


def assign_reviews(
    session: Session,
    ids: Sequence[str],
    to: str | None,
    *,
    by: str | None = None,
    count: int | None = None,
) -> list[str]:
    """Give tasks to a person (None: to anybody); `count`: so many of the open, unassigned ones.

    Raises:
        NotFound: there is no such task or person.
        KeyFault: one of both may not review.
    """
    person = session.person(by, Action.REVIEW)
    if to is not None:
        to = session.person(to, Action.REVIEW).id
    chosen = [str(task(session.state, id)["task_id"]) for id in ids]
    if count:
        free = tasks(session.state).filter(pl.col("assignee").is_null())
        chosen += free.head(count)["task_id"].to_list()
    assign(session.state, chosen, to)
    about = {"tasks": len(chosen), "to": to}
    session.record(person.id, "review.assigned", about)
    return chosen
