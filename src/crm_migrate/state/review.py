"""Review tasks: what waits for a person, and stays decided when the same question comes again."""

import hashlib
from typing import Literal

import polars as pl
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Engine

from crm_migrate.errors import NotFound
from crm_migrate.language import Text
from crm_migrate.state.schema import REVIEW_TASKS

Kind = Literal["doubtful", "owner_conflict"]

TASK_SCHEMA: dict[str, type[pl.DataType]] = {
    column.name: pl.Float64 if column.name == "match_weight" else pl.String
    for column in REVIEW_TASKS.columns
}
"""Columns of a table of tasks. A doubtful pair has its record ids as left_id and right_id; an
owner conflict its golden id and the owners, joined by `;`. `departments` (joined by `;`) must
all agree on an owner."""


def task_id(kind: Kind, entity: str, left_id: str, right_id: str) -> str:
    """The id of a question: the same question has the same id in every run."""
    low, high = sorted((left_id, right_id)) if kind == "doubtful" else (left_id, right_id)
    text = "\0".join((kind, entity, low, high))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def store_tasks(state: Engine, tasks: pl.DataFrame, kind: Kind, entity: str, run: str) -> None:
    """The questions of a run, of one kind and entity: new ones open, unasked ones are `gone`.

    tasks: left_id, right_id, and any of golden_ids, departments, match_weight, reason. What was
    decided stays decided.
    """
    optional = [
        c for c in ("golden_ids", "departments", "match_weight", "reason") if c in tasks.columns
    ]
    rows = [
        {
            **row,
            "task_id": task_id(kind, entity, row["left_id"], row["right_id"]),
            "run": run,
            "kind": kind,
            "entity": entity,
            "status": "open",
        }
        for row in tasks.select("left_id", "right_id", *optional).iter_rows(named=True)
    ]
    table = REVIEW_TASKS.c
    with state.begin() as connection:
        before = {
            r.task_id: r.status
            for r in connection.execute(
                select(table.task_id, table.status).where(
                    table.kind == kind, table.entity == entity
                )
            )
        }
        fresh = [row for row in rows if row["task_id"] not in before]
        if fresh:
            connection.execute(insert(REVIEW_TASKS), fresh)
        asked = {row["task_id"] for row in rows}
        again = [t for t, status in before.items() if t in asked and status == "gone"]
        gone = [t for t, status in before.items() if t not in asked and status == "open"]
        for status, ids in (("open", again), ("gone", gone)):
            for task in ids:
                connection.execute(
                    update(REVIEW_TASKS).where(table.task_id == task).values(status=status)
                )


def tasks(state: Engine, *, status: str | None = "open", kind: Kind | None = None) -> pl.DataFrame:
    """Tasks with that status (None: all) and kind, the heaviest doubtful pair first."""
    table = REVIEW_TASKS.c
    query = select(REVIEW_TASKS).order_by(table.kind, table.match_weight.desc(), table.task_id)
    if status is not None:
        query = query.where(table.status == status)
    if kind is not None:
        query = query.where(table.kind == kind)
    with state.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=TASK_SCHEMA, orient="row")


def task(state: Engine, id: str) -> dict[str, object]:
    """One task.

    Raises:
        NotFound: there is no such task.
    """
    with state.connect() as connection:
        found = connection.execute(select(REVIEW_TASKS).where(REVIEW_TASKS.c.task_id == id))
        row = found.mappings().first()
    if row is None:
        raise NotFound(
            Text(f"there is no review task {id}", f"没有复核任务 {id}"),
            remedy=Text("list them with `crm-migrate review`", "请用 `crm-migrate review` 查看"),
        )
    return dict(row)
