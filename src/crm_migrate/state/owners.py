"""Who is to have a customer that two owners claimed (撞单), once all departments agreed (R-1.5)."""

import polars as pl
from sqlalchemy import select
from sqlalchemy.engine import Engine

from crm_migrate.state.schema import REVIEW_TASKS, VERDICTS

OWNER_SCHEMA: dict[str, type[pl.DataType]] = dict.fromkeys(
    ("golden_id", "owners", "owner", "department"), pl.String
)


def decided_owners(state: Engine) -> pl.DataFrame:
    """golden_id, the owners that were in conflict (`owners`), the agreed owner and department.

    A conflict in which an owner joined since has other `owners`, so it is a new question.
    """
    task, verdict = REVIEW_TASKS.c, VERDICTS.c
    query = (
        select(task.left_id, task.right_id, verdict.value, verdict.value_department)
        .join(VERDICTS, verdict.task_id == task.task_id)
        .where(
            task.kind == "owner_conflict",
            task.status == "decided",
            verdict.superseded_by.is_(None),
        )
        .distinct()
        .order_by(task.left_id, task.right_id)
    )
    with state.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=OWNER_SCHEMA, orient="row")
