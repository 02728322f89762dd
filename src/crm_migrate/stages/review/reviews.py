"""What only a person can decide: doubtful pairs, and customers with two owners (撞单)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Engine as Database

from crm_migrate.errors import KeyFault, UsageFault
from crm_migrate.language import Language, Text
from crm_migrate.stages.planning.plans import rfc3339
from crm_migrate.stages.review.view import Tasks, Viewing, views
from crm_migrate.stages.session import Session
from crm_migrate.state.cells import standing_overrides
from crm_migrate.state.owners import decided_owners
from crm_migrate.state.review import assign, task, tasks
from crm_migrate.state.verdicts import (
    Verdict,
    answered_by,
    give,
    last_task_of,
    pair_verdicts,
    verdicts_on,
    withdraw,
)
from crm_migrate.trust.people import Action, Person


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
    to somebody else unless it wants two people.
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
    elsewhere = pl.col("assignee").is_not_null() & (pl.col("assignee") != person.id)
    listed = listed.filter(~elsewhere | (pl.col("wants") > 1))
    answered = answered_by(session.state, person.id)
    contradicted = pl.col("reason") == "verdicts"
    return listed.filter(~pl.col("task_id").is_in(sorted(answered)) | contradicted.fill_null(False))


def decide_review(
    session: Session,
    task_id: str,
    verdict: str,
    *,
    by: str | None = None,
    reason: str = "",
    owner: str | None = None,
    department: str | None = None,
) -> dict[str, Any]:
    """Enter a verdict and journal it.

    For a 撞单, `owner` is who is to have the customer; `department` is the department that says
    so (default: the person's own).

    Raises:
        NotFound: there is no such task.
        UsageFault: the verdict does not fit the task, or it is somebody else's.
        KeyFault: the person may not review, or has spoken for another department.
    """
    person = session.acting(by, Action.REVIEW)
    asked = task(session.state, task_id)
    if verdict == "owner" and owner is None:
        raise UsageFault(
            Text("--owner says who is to have the customer", "请用 --owner 指定负责人")
        )
    speaks_for = department or person.department
    _require_free(session, asked, person, verdict, speaks_for)
    decided = give(
        session.state,
        Verdict(
            task_id=asked["task_id"],
            answer=verdict,  # type: ignore[arg-type]  # `give` refuses what does not fit
            author=person.id,
            department=speaks_for,
            at=rfc3339(session.job.clock()),
            owner=owner,
            owner_department=owner and _department_of(session, owner),
            reason=_redacted(reason),
        ),
    )
    session.record(person.id, "review.decided", {"task": asked["task_id"], "verdict": verdict})
    return {"task": asked["task_id"], "verdict": verdict, "status": _status(decided)}


def undo_review(
    session: Session, task_id: str | None = None, *, by: str | None = None
) -> dict[str, Any]:
    """Take the person's verdict on a task back: the last one they gave, unless one is named.

    The verdict stays on record; a withdrawal is added to it.

    Raises:
        NotFound: there is no such task.
        UsageFault: no verdict of theirs stands.
        KeyFault: the person may not review.
    """
    person = session.acting(by, Action.REVIEW)
    id = task_id or last_task_of(session.state, person.id)
    if id is None:
        raise UsageFault(Text("you have given no verdict", "您尚未作出裁决"))
    id = str(task(session.state, id)["task_id"])
    at = rfc3339(session.job.clock())
    decided = withdraw(session.state, id, person.id, person.department, at)
    session.record(person.id, "review.withdrawn", {"task": id})
    return {"task": id, "verdict": "withdrawn", "status": _status(decided)}


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


def _require_free(
    session: Session, asked: dict[str, Any], person: Person, verdict: str, department: str
) -> None:
    """Nobody decides what is somebody else's, and nobody speaks for both sides of a 撞单."""
    other = asked["assignee"]
    if other not in (None, person.id) and asked["wants"] == 1:
        raise UsageFault(
            Text(f"this task is assigned to {other}", f"此任务已分配给 {other}"),
            where=asked["task_id"],
            remedy=Text("crm-migrate review assign TASK --to …",
                        "可用 crm-migrate review assign 任务 --to … 重新分配"),
        )  # fmt: skip
    if verdict != "owner" or len(session.trust.people) == 1:
        return
    for said in verdicts_on(session.state, asked["task_id"]):
        spoken = said["kind"] == "owner" and said["superseded_by"] is None
        if spoken and said["author"] == person.id and said["department"] != department:
            raise KeyFault(
                Text(
                    f"you have spoken for {said['department']}; nobody decides for both"
                    " departments",
                    f"您已代表{said['department']}表态,不能同时代表双方部门",
                ),
                where=asked["task_id"],
                remedy=Text(
                    f"someone else speaks for {department}", f"请由他人代表{department}表态"
                ),
            )


def _redacted(reason: str) -> str | None:
    """The reason without personal numbers: people do write them, and reasons are kept in clear."""
    if not reason:
        return None
    from crm_migrate.protection.free_text import redact  # compiles much
    from crm_migrate.protection.policy import Kind

    return str(redact(pl.Series([reason]), list(Kind)).text[0])


def _status(decided: bool) -> str:
    return "decided" if decided else "open"


def _department_of(session: Session, owner: str) -> str | None:
    for values in session.project.value_maps.values():
        for change in values.owners:
            if change.new == owner and change.department:
                return change.department
    return None
