"""Verdicts of people on review tasks: only ever added to.

The database refuses to change or delete what was said; `superseded_by` alone moves, as an index of
what stands. Where one verdict suffices, a later one supersedes an earlier, whoever gave it; where
several people must concur, each person's last one stands. An answer decides a task once as many
people as it `wants` stand by it, and more than by the other answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Engine

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.state.review import task
from crm_migrate.state.schema import REVIEW_SKIPS, REVIEW_TASKS, VERDICTS

Answer = Literal["same", "different", "unsure", "owner"]

WITHDRAWN = "withdrawn"
_PAIR_ANSWERS = ("same", "different")

PAIR_SCHEMA: dict[str, type[pl.DataType]] = dict.fromkeys(
    ("task_id", "left_id", "right_id", "verdict", "given_at", "author", "left_traits",
     "right_traits"), pl.String
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer to a task.

    `same`, `different` and `unsure` answer a doubtful pair. `owner` answers an owner conflict:
    `owner` and `owner_department` say who is to have the customer; `department` is the author's,
    for which they speak. `reason` is prose and must name nobody. `seen`: the number of the last
    verdict on the task that the author knew of (0: there was none); one that takes the place of a
    newer one is refused. None: they answer whatever was said.
    """

    task_id: str
    answer: Answer
    author: str
    department: str
    at: str
    owner: str | None = None
    owner_department: str | None = None
    reason: str | None = None
    seen: int | None = None


def give_all(state: Engine, verdicts: Sequence[Verdict]) -> list[bool]:
    """Add verdicts, all or none; whether the task of each is decided by now.

    Raises:
        NotFound: there is no such task.
        UsageFault: an answer does not fit its task, the department has no say, the owner is none
            of those in conflict, or somebody answered since the author looked.
    """
    asked = [task(state, v.task_id) for v in verdicts]
    for verdict, one in zip(verdicts, asked, strict=True):
        require_fitting(verdict, one)
    with state.begin() as connection:
        for verdict, one in zip(verdicts, asked, strict=True):
            _add(connection, verdict, one)
        return [_settle(connection, one) for one in asked]


def _add(connection: Connection, verdict: Verdict, asked: dict[str, Any]) -> None:
    added = connection.execute(
        insert(VERDICTS).values(
            task_id=asked["task_id"],
            kind=verdict.answer,
            entity=asked["entity"],
            left_id=asked["left_id"],
            right_id=asked["right_id"],
            value=verdict.owner,
            value_department=verdict.owner_department,
            author=verdict.author,
            department=verdict.department,
            at=verdict.at,
            reason=verdict.reason,
        )
    ).inserted_primary_key
    assert added is not None
    earlier = (VERDICTS.c.task_id == asked["task_id"]) & VERDICTS.c.superseded_by.is_(None)
    earlier &= VERDICTS.c.verdict_id < added[0]
    if verdict.answer == "owner":  # departments speak for themselves
        earlier &= VERDICTS.c.department == verdict.department
    elif asked["wants"] > 1:
        earlier &= VERDICTS.c.author == verdict.author
    if verdict.seen is not None:
        # Asked after the insert: from then on nobody else can write.
        newer = earlier & (VERDICTS.c.verdict_id > verdict.seen) & (VERDICTS.c.kind != WITHDRAWN)
        if connection.execute(select(VERDICTS.c.verdict_id).where(newer)).first() is not None:
            raise answered_meanwhile(asked["task_id"])
    connection.execute(update(VERDICTS).where(earlier).values(superseded_by=added[0]))
    connection.execute(
        REVIEW_SKIPS.delete().where(
            REVIEW_SKIPS.c.task_id == asked["task_id"], REVIEW_SKIPS.c.person == verdict.author
        )
    )


def answered_meanwhile(id: str) -> UsageFault:
    """Somebody answered since the author looked."""
    return UsageFault(
        Text("this was answered since it was shown to you", "此问题展示给您之后已有新的裁决"),
        where=id,
        remedy=Text(
            "see what stands: crm-migrate review list --all; then decide, or take yours back",
            "请用 crm-migrate review list --all 查看现有裁决，再作裁决或撤回",
        ),
    )


def withdraw(state: Engine, id: str, author: str, department: str, at: str) -> bool:
    """Take the person's last standing verdict on a task back; whether another one decides it now.

    What that verdict had superseded stands again.

    Raises:
        NotFound: there is no such task.
        UsageFault: nothing that they said stands.
    """
    asked = task(state, id)
    table = VERDICTS.c
    mine = (table.task_id == asked["task_id"], table.author == author)
    with state.begin() as connection:
        last = connection.execute(
            select(VERDICTS)
            .where(*mine, table.superseded_by.is_(None), table.kind != WITHDRAWN)
            .order_by(table.verdict_id.desc())
        ).first()
        if last is None:
            raise UsageFault(
                Text("no verdict of yours stands on this task", "此任务没有您的有效裁决"), where=id
            )
        said = {n: getattr(last, n) for n in ("task_id", "entity", "left_id", "right_id")}
        added = connection.execute(
            insert(VERDICTS).values(
                **said, kind=WITHDRAWN, author=author, department=department, at=at
            )
        ).inserted_primary_key
        assert added is not None
        for chosen, by in (
            (table.superseded_by == last.verdict_id, None),
            (table.verdict_id == last.verdict_id, added[0]),
        ):
            connection.execute(update(VERDICTS).where(chosen).values(superseded_by=by))
        return _settle(connection, asked)


def verdicts_on(state: Engine, id: str) -> list[dict[str, Any]]:
    """Everything that was said on a task, oldest first; `superseded_by` is null of what stands."""
    query = select(VERDICTS).where(VERDICTS.c.task_id == id).order_by(VERDICTS.c.verdict_id)
    with state.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def standing_on(state: Engine, id: str) -> list[dict[str, Any]]:
    """The answers to a task that stand, oldest first."""
    return [
        v for v in verdicts_on(state, id) if v["superseded_by"] is None and v["kind"] != WITHDRAWN
    ]


def answered_by(state: Engine, author: str) -> set[str]:
    """The tasks on which an answer of this person stands."""
    table = VERDICTS.c
    query = select(table.task_id).where(
        table.author == author,
        table.superseded_by.is_(None),
        table.kind.not_in((WITHDRAWN, "unsure")),
    )
    with state.connect() as connection:
        return {str(row.task_id) for row in connection.execute(query)}


def last_task_of(state: Engine, author: str) -> str | None:
    """The task that the person answered last and whose answer stands; None where there is none."""
    table = VERDICTS.c
    query = (
        select(table.task_id)
        .where(table.author == author, table.superseded_by.is_(None), table.kind != WITHDRAWN)
        .order_by(table.verdict_id.desc())
    )
    with state.connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else str(row[0])


def pair_verdicts(state: Engine, entity: str) -> pl.DataFrame:
    """The verdicts on pairs that count (PAIR_SCHEMA); of several that concur the last.

    Pairs on which people disagree, or too few have spoken, are left out.
    """
    table, asked = VERDICTS.c, REVIEW_TASKS.c
    query = (
        select(
            *(table.task_id, table.left_id, table.right_id, table.kind, table.at, table.author),
            *(asked.left_traits, asked.right_traits, asked.wants),
        )
        .join(REVIEW_TASKS, asked.task_id == table.task_id)
        .where(table.entity == entity, table.superseded_by.is_(None))
        .where(table.kind.not_in(("owner", WITHDRAWN)))
        .order_by(table.verdict_id)
    )
    with state.connect() as connection:
        found: Sequence[Any] = connection.execute(query).all()
    said: dict[str, list[Any]] = {}
    for row in found:
        said.setdefault(row.task_id, []).append(row)
    counting = []
    for rows in said.values():
        answer = rows[-1].kind if rows[0].wants == 1 else _agreed(rows, rows[0].wants)
        counting += [tuple(r)[:-1] for r in rows if r.kind == answer][-1:]
    return pl.DataFrame(counting, schema=PAIR_SCHEMA, orient="row")


def _agreed(rows: Sequence[Any], wants: int) -> str | None:
    """The answer on which enough people concur, and more than on the other; None: neither."""
    counts = {a: sum(r.kind == a for r in rows) for a in _PAIR_ANSWERS}
    for answer, other in (_PAIR_ANSWERS, _PAIR_ANSWERS[::-1]):
        if counts[answer] >= wants and counts[answer] > counts[other]:
            return answer
    return None


def _settle(connection: Connection, asked: dict[str, Any]) -> bool:
    """Whether the task is decided by what stands; that is entered, too."""
    rows = connection.execute(
        select(VERDICTS)
        .where(VERDICTS.c.task_id == asked["task_id"], VERDICTS.c.superseded_by.is_(None))
        .where(VERDICTS.c.kind != WITHDRAWN)
        .order_by(VERDICTS.c.verdict_id)
    ).all()
    if asked["kind"] == "owner_conflict":
        spoken = {row.department for row in rows}
        wanted = {(row.value, row.value_department) for row in rows}
        needed = {d for d in str(asked["departments"] or "").split(";") if d}
        decided = len(wanted) == 1 and spoken >= needed
    else:
        decided = _agreed(rows, asked["wants"]) is not None
    connection.execute(
        update(REVIEW_TASKS)
        .where(REVIEW_TASKS.c.task_id == asked["task_id"])
        .values(status="decided" if decided else "open")
    )
    return decided


def require_fitting(verdict: Verdict, asked: dict[str, Any]) -> None:
    """Refuse an answer that does not fit the task.

    Raises:
        UsageFault: another kind of task, a department without a say, or an owner without a
            claim.
    """
    if (asked["kind"] == "owner_conflict") != (verdict.answer == "owner"):
        raise UsageFault(
            Text("this answer does not fit the task", "该答复不适用于此任务"),
            where=verdict.task_id,
            remedy=Text(
                "answer same/different/unsure for a pair, an owner for a conflict of owners",
                "疑似重复请答复“同一/不同/不确定”，撞单请指定负责人",
            ),
        )
    if verdict.answer != "owner":
        return
    owners = str(asked["right_id"]).split(";")
    departments = str(asked["departments"] or "").split(";")
    if verdict.owner not in owners:
        raise UsageFault(
            Text("the owner is none of those in conflict", "该负责人不在撞单各方之中"),
            where=verdict.task_id,
            remedy=Text(f"one of: {', '.join(owners)}", f"可选：{'、'.join(owners)}"),
        )
    if departments != [""] and verdict.department not in departments:
        raise UsageFault(
            Text("this department has no say in the conflict", "该部门不是撞单的一方"),
            where=verdict.task_id,
            remedy=Text(
                f"departments: {', '.join(departments)}", f"相关部门：{'、'.join(departments)}"
            ),
        )
