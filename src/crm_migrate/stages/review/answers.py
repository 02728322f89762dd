"""What people answer: checked, journaled and entered, all of one go or none.

The journal comes first: a process that is killed in between leaves a question that is still open
and asked again, never a verdict that no journal knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm_migrate.errors import KeyFault, UsageFault
from crm_migrate.instants import rfc3339
from crm_migrate.language import Text
from crm_migrate.stages.session import Session
from crm_migrate.state.review import task
from crm_migrate.state.verdicts import (
    Verdict,
    give_all,
    last_task_of,
    require_fitting,
    standing_on,
    withdraw,
)
from crm_migrate.trust.people import Person
from crm_migrate.trust.roles import Action


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says to a task: same, different, unsure, or `owner` and who.

    `department`: for which they speak, their own unless they are alone. `seen`: see `Verdict`.
    """

    task_id: str
    verdict: str
    reason: str = ""
    owner: str | None = None
    department: str | None = None
    seen: int | None = None


def enter(session: Session, person: Person, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Journal and enter answers; per answer its task, verdict, and the status that the task has.

    Raises:
        NotFound: there is no such task.
        UsageFault: an answer does not fit its task, it is somebody else's, or somebody answered
            since it was looked at.
        KeyFault: they may not speak for that department.
    """
    at = rfc3339(session.job.clock())
    verdicts: list[Verdict] = []
    last: list[int] = []
    for answer in answers:
        verdicts += _verdicts(session, person, answer, at)
        last.append(len(verdicts) - 1)
    said = [{"task": verdicts[n].task_id, "verdict": verdicts[n].answer} for n in last]
    for one in said:
        session.record(person.id, "review.decided", one)
    try:
        decided = give_all(session.state, verdicts)
    except Exception:
        for one in said:
            session.record(person.id, "review.decided", one, "failed")
        raise
    return [one | {"status": status_text(decided[n])} for one, n in zip(said, last, strict=True)]


def decide_review(
    session: Session,
    task_id: str,
    verdict: str,
    *,
    by: str | None = None,
    reason: str = "",
    owner: str | None = None,
    department: str | None = None,
    seen: int | None = None,
) -> dict[str, Any]:
    """Enter a verdict and journal it.

    For a 撞单, `owner` is who is to have the customer, and the person speaks for their own
    department; whoever rehearses alone speaks for all, or for the one in `department`. `seen`: see
    `Verdict`.

    Raises:
        KeyFault: the person may not review, or not speak for that department.
        NotFound, UsageFault: like `enter`.
    """
    person = session.acting(by, Action.REVIEW)
    answer = Answer(task_id, verdict, reason, owner, department, seen)
    return enter(session, person, [answer])[0]


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
    mine = [v for v in standing_on(session.state, id) if v["author"] == person.id]
    at = rfc3339(session.job.clock())
    if mine:  # else `withdraw` says so
        session.record(person.id, "review.withdrawn", {"task": id})
    decided = False
    for _ in range(max(len(mine), 1)):  # who is alone spoke for several departments
        decided = withdraw(session.state, id, person.id, person.department, at)
    return {"task": id, "verdict": "withdrawn", "status": status_text(decided)}


def require_allowed(session: Session, person: Person, answer: Answer) -> None:
    """Refuse what `enter` would refuse, but for what somebody else says meanwhile.

    Raises:
        NotFound, UsageFault, KeyFault: like `enter`.
    """
    _verdicts(session, person, answer, "")


def redacted(reason: str) -> str | None:
    """The reason without personal numbers, and not too long: people do write them, and reasons are
    kept in clear.
    """
    if not reason:
        return None
    from crm_migrate.protection.free_text import redact_remark  # compiles much

    return redact_remark(reason)


def status_text(decided: bool) -> str:
    """The status of a task in words of the state."""
    return "decided" if decided else "open"


def is_alone(session: Session) -> bool:
    """Whether one person rehearses: then nobody else can speak for another department."""
    return len(session.trust.people) == 1


def departments_of(asked: dict[str, Any]) -> list[str]:
    """The departments that have a say in a 撞单."""
    return [d for d in str(asked["departments"] or "").split(";") if d]


def _verdicts(session: Session, person: Person, answer: Answer, at: str) -> list[Verdict]:
    """What the answer adds: a verdict, or of someone alone one per department of a 撞单."""
    asked = task(session.state, answer.task_id)
    if answer.verdict == "owner" and answer.owner is None:
        raise UsageFault(
            Text("--owner says who is to have the customer", "请用 --owner 指定负责人")
        )
    _require_free(asked, person)
    made = [
        Verdict(
            task_id=str(asked["task_id"]),
            answer=answer.verdict,  # type: ignore[arg-type]  # `require_fitting` refuses others
            author=person.id,
            department=department,
            at=at,
            owner=answer.owner,
            owner_department=answer.owner and _department_of(session, answer.owner),
            reason=redacted(answer.reason),
            seen=answer.seen,
        )
        for department in _speaking(session, asked, person, answer)
    ]
    for verdict in made:
        require_fitting(verdict, asked)
    return made


def _speaking(
    session: Session, asked: dict[str, Any], person: Person, answer: Answer
) -> Sequence[str]:
    """The departments for which the person speaks with this answer."""
    if asked["kind"] != "owner_conflict":
        return [person.department]
    if asked["status"] == "gone":
        raise UsageFault(
            Text("this question is no longer asked", "此问题已不再需要裁决"),
            where=asked["task_id"],
            remedy=Text("crm-migrate review list", "crm-migrate review list"),
        )
    if is_alone(session):
        named = [answer.department] if answer.department else departments_of(asked)
        return named or [person.department]
    if answer.department not in (None, person.department):
        raise KeyFault(
            Text(
                f"you are of {person.department}: nobody speaks for another department",
                f"您属于{person.department}，不能代表其他部门表态",
            ),
            where=asked["task_id"],
            remedy=Text(
                f"a data steward of {answer.department} decides (`keys add-person`)",
                f"请由{answer.department}的数据管理员表态(`keys add-person`)",
            ),
        )
    return [person.department]


def _require_free(asked: dict[str, Any], person: Person) -> None:
    """Nobody decides what is somebody else's."""
    other = asked["assignee"]
    several = asked["wants"] > 1 or asked["kind"] == "owner_conflict"
    if other not in (None, person.id) and not several:
        raise UsageFault(
            Text(f"this task is assigned to {other}", f"此任务已分配给 {other}"),
            where=asked["task_id"],
            remedy=Text("crm-migrate review assign TASK --to …",
                        "可用 crm-migrate review assign 任务 --to … 重新分配"),
        )  # fmt: skip


def _department_of(session: Session, owner: str) -> str | None:
    for values in session.project.value_maps.values():
        for change in values.owners:
            if change.new == owner and change.department:
                return change.department
    return None
