"""Verdicts of people on review tasks: only ever added to; a later one supersedes an earlier."""

from dataclasses import dataclass
from typing import Literal

import polars as pl
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Engine

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.state.review import task
from crm_migrate.state.schema import REVIEW_TASKS, VERDICTS

Answer = Literal["same", "different", "unsure", "owner"]

PAIR_SCHEMA: dict[str, type[pl.DataType]] = dict.fromkeys(
    ("left_id", "right_id", "verdict", "given_at", "author"), pl.String
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer to a task.

    `same`, `different` and `unsure` answer a doubtful pair. `owner` answers an owner conflict:
    `owner` and `owner_department` say who is to have the customer; `department` is the author's,
    for which they speak. `reason` is prose and must name nobody.
    """

    task_id: str
    answer: Answer
    author: str
    department: str
    at: str
    owner: str | None = None
    owner_department: str | None = None
    reason: str | None = None


def give(state: Engine, verdict: Verdict) -> bool:
    """Add a verdict; whether its task is decided by it.

    Raises:
        NotFound: there is no such task.
        UsageFault: the answer does not fit the task, the department has no say, or the owner is
            none of those in conflict.
    """
    asked = task(state, verdict.task_id)
    _require_fitting(verdict, asked)
    with state.begin() as connection:
        added = connection.execute(
            insert(VERDICTS).values(
                task_id=verdict.task_id,
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
        # Departments speak for themselves; of a doubtful pair the last verdict counts.
        earlier = VERDICTS.c.task_id == verdict.task_id
        if verdict.answer == "owner":
            earlier &= VERDICTS.c.department == verdict.department
        connection.execute(
            update(VERDICTS)
            .where(earlier, VERDICTS.c.verdict_id < added[0], VERDICTS.c.superseded_by.is_(None))
            .values(superseded_by=added[0])
        )
        decided = _is_decided(connection, verdict, str(asked["departments"] or ""))
        connection.execute(
            update(REVIEW_TASKS)
            .where(REVIEW_TASKS.c.task_id == verdict.task_id)
            .values(status="decided" if decided else "open")
        )
    return decided


def pair_verdicts(state: Engine, entity: str) -> pl.DataFrame:
    """left_id, right_id, verdict, given_at and author of the verdicts that nobody superseded."""
    table = VERDICTS.c
    query = (
        select(table.left_id, table.right_id, table.kind, table.at, table.author)
        .where(table.entity == entity, table.kind != "owner", table.superseded_by.is_(None))
        .order_by(table.verdict_id)
    )
    with state.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=PAIR_SCHEMA, orient="row")


def _require_fitting(verdict: Verdict, asked: dict[str, object]) -> None:
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


def _is_decided(connection: Connection, verdict: Verdict, departments: str) -> bool:
    if verdict.answer == "unsure":
        return False
    if verdict.answer != "owner":
        return True
    standing = connection.execute(
        select(VERDICTS.c.department, VERDICTS.c.value, VERDICTS.c.value_department).where(
            VERDICTS.c.task_id == verdict.task_id, VERDICTS.c.superseded_by.is_(None)
        )
    ).all()
    spoken = {row.department for row in standing}
    wanted = {(row.value, row.value_department) for row in standing}
    return len(wanted) == 1 and spoken >= {d for d in departments.split(";") if d}
