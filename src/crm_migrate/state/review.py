"""Review tasks: what waits for a person, and stays decided when the same question comes again."""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import polars as pl
from sqlalchemy import bindparam, case, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Engine

from crm_migrate.errors import NotFound, UsageFault
from crm_migrate.language import Text
from crm_migrate.state.schema import REVIEW_SKIPS, REVIEW_TASKS

Kind = Literal["doubtful", "owner_conflict"]

CONTRADICTED = "verdicts"
"""Reason of a pair that people called the same while other verdicts keep it apart: it is asked
again although it was decided."""

RAISED = "raised"
"""Reason of a pair that a person asked about: it stays open whatever a run says of it."""

_TYPES: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("match_weight", "probability", "worth"), pl.Float64),
    **dict.fromkeys(("records", "wants"), pl.Int64),
}
TASK_SCHEMA: dict[str, type[pl.DataType]] = {
    column.name: _TYPES.get(column.name, pl.String) for column in REVIEW_TASKS.columns
}
"""Columns of a table of tasks. A doubtful pair has its record ids as left_id and right_id; an
owner conflict its golden id and the owners, joined by `;`. `departments` (joined by `;`) must
all agree on an owner. `worth`: records that a verdict is expected to move
(linkage/deciding/worth.py).
`case_id`: pairs that hang together have one. `wants`: people who must say the same. `left_traits`
and `right_traits`: by what a record is known again (linkage/golden/successors.py)."""

_ASKED = (
    *("golden_ids", "departments", "match_weight", "reason", "probability", "records", "worth"),
    *("case_id", "wants", "left_traits", "right_traits"),
)
"""What a run says of a question."""
_AS_DECIDED = {"wants", "left_traits", "right_traits"}


def task_id(kind: Kind, entity: str, left_id: str, right_id: str) -> str:
    """The id of a question: the same question has the same id in every run."""
    low, high = sorted((left_id, right_id)) if kind == "doubtful" else (left_id, right_id)
    text = "\0".join((kind, entity, low, high))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def store_tasks(state: Engine, tasks: pl.DataFrame, kind: Kind, entity: str, run: str) -> None:
    """The questions of a run, of one kind and entity: new ones open, unasked ones are `gone`.

    tasks: left_id, right_id, and any of the columns that a run says of a question (see
    TASK_SCHEMA). What was decided stays decided, but for what is contradicted.
    """
    rows = _rows(tasks, kind, entity, run)
    table = REVIEW_TASKS.c
    with state.begin() as connection:
        known = select(table.task_id, table.status, table.reason).where(
            table.kind == kind, table.entity == entity
        )
        found = connection.execute(known).all()
        before = {r.task_id: r.status for r in found}
        raised = {r.task_id for r in found if r.reason == RAISED}
        again = []
        for row in rows:
            stays = before.get(row["task_id"]) == "decided" and row.get("reason") != CONTRADICTED
            again.append({**row, "status": "decided" if stays else "open"})
        if again:
            fresh = upsert(REVIEW_TASKS)
            names = [n for n in again[0] if n not in ("task_id", "kind", "entity")]
            renewed: dict[str, Any] = {n: fresh.excluded[n] for n in names}
            # A verdict stands by what was asked when it was given.
            for name in _AS_DECIDED & set(names):
                new = fresh.excluded[name]
                renewed[name] = case((table.status == "decided", table[name]), else_=new)
            connection.execute(
                fresh.on_conflict_do_update(index_elements=["task_id"], set_=renewed), again
            )
        asked = {row["task_id"] for row in rows}
        gone = [t for t, status in before.items() if status == "open" and t not in asked | raised]
        if gone:
            closing = update(REVIEW_TASKS).where(table.task_id == bindparam("task"))
            connection.execute(closing.values(status="gone"), [{"task": t} for t in gone])


def add_tasks(state: Engine, pairs: pl.DataFrame, entity: str, run: str) -> list[str]:
    """The ids of the questions about pairs that a person raises; those that stand are left.

    pairs: like `store_tasks`.
    """
    rows = [{**row, "status": "open"} for row in _rows(pairs, "doubtful", entity, run)]
    if rows:
        with state.begin() as connection:
            connection.execute(upsert(REVIEW_TASKS).on_conflict_do_nothing(), rows)
    return [str(row["task_id"]) for row in rows]


def _rows(tasks: pl.DataFrame, kind: Kind, entity: str, run: str) -> list[dict[str, Any]]:
    held = [c for c in _ASKED if c in tasks.columns]
    return [
        {
            **row,
            "task_id": task_id(kind, entity, row["left_id"], row["right_id"]),
            "run": run,
            "kind": kind,
            "entity": entity,
        }
        for row in tasks.select("left_id", "right_id", *held).iter_rows(named=True)
    ]


def tasks(
    state: Engine,
    *,
    status: str | None = "open",
    kind: Kind | None = None,
    assignee: str | None = None,
    skipped_by: str | None = None,
) -> pl.DataFrame:
    """Tasks with that status (None: all), kind and assignee, by what a verdict is worth.

    Ties go by id. What `skipped_by` put off comes last, the longest ago first.
    """
    table, skips = REVIEW_TASKS.c, REVIEW_SKIPS.c
    put_off = (skips.task_id == table.task_id) & (skips.person == (skipped_by or ""))
    query = (
        select(REVIEW_TASKS)
        .join(REVIEW_SKIPS, put_off, isouter=True)
        .order_by(skips.at.is_not(None), skips.at, table.worth.desc(), table.task_id)
    )
    for column, wanted in ((table.status, status), (table.kind, kind), (table.assignee, assignee)):
        if wanted is not None:
            query = query.where(column == wanted)
    with state.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=TASK_SCHEMA, orient="row")


def task(state: Engine, id: str) -> dict[str, Any]:
    """One task, by its id or the beginning of it.

    Raises:
        NotFound: there is no such task.
        UsageFault: several begin so.
    """
    with state.connect() as connection:
        like = REVIEW_TASKS.c.task_id.startswith(id, autoescape=True)
        found = connection.execute(select(REVIEW_TASKS).where(like).limit(2)).mappings().all()
    if not found or not id:
        raise NotFound(
            Text(f"there is no review task {id}", f"没有复核任务 {id}"),
            remedy=Text("list them with `crm-migrate review list`",
                        "请用 `crm-migrate review list` 查看"),
        )  # fmt: skip
    if len(found) > 1:
        raise UsageFault(Text(f"several tasks begin with {id}", f"有多个任务以 {id} 开头"))
    return dict(found[0])


def assign(state: Engine, ids: Sequence[str], person: str | None) -> None:
    """Tasks are this person's to decide (None: anybody's)."""
    with state.begin() as connection:
        chosen = update(REVIEW_TASKS).where(REVIEW_TASKS.c.task_id == bindparam("task"))
        if ids:
            connection.execute(chosen.values(assignee=person), [{"task": id} for id in ids])


def skip(state: Engine, id: str, person: str, at: str) -> None:
    """The person puts a task off: it comes last for them until they answer it."""
    row = {"task_id": id, "person": person, "at": at}
    with state.begin() as connection:
        fresh = upsert(REVIEW_SKIPS)
        renewed = fresh.on_conflict_do_update(index_elements=["task_id", "person"],
                                              set_={"at": at})  # fmt: skip
        connection.execute(renewed, row)
