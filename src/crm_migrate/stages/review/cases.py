"""Doubtful pairs that hang together, as one question: which of these records are one customer?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import polars as pl

from crm_migrate.errors import NotFound, UsageFault
from crm_migrate.language import Text
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.review.answers import Answer, enter
from crm_migrate.stages.review.pairs import raise_pairs
from crm_migrate.stages.review.records import Records
from crm_migrate.stages.review.reviews import queue
from crm_migrate.stages.review.viewing import Viewing
from crm_migrate.stages.session import Session
from crm_migrate.state.review import tasks
from crm_migrate.trust.people import Person
from crm_migrate.trust.roles import Action

LARGEST = 20
"""Records of a case; larger ones are decided pair by pair."""


@dataclass(frozen=True, slots=True)
class Case:
    """Records 1 … n side by side: per field its label, then a value per record.

    `worth`: the sum over its questions (null where the view is blind).
    """

    case: str
    tasks: list[str]
    records: list[str]
    rows: list[list[str]]
    worth: float | None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def list_cases(
    session: Session, viewing: Viewing, person: Person | None = None, *, limit: int = 10
) -> list[Case]:
    """The open cases of several records, those first whose questions are worth most together."""
    open_ = queue(session, person).filter(pl.col("kind") == "doubtful")
    ranked = (
        open_.group_by("case_id")
        .agg(pl.col("worth").sum(), pl.len().alias("pairs"))
        .sort(["worth", "case_id"], descending=[True, False])
    )
    chosen = open_.filter(pl.col("case_id").is_in(ranked.head(limit)["case_id"].implode()))
    if chosen.is_empty():
        return []
    with open_finished(session, stage="linked") as run:
        records = Records(session, run, chosen)
    return [
        _case(records, chosen.filter(pl.col("case_id") == id), viewing)
        for id in ranked.head(limit)["case_id"]
    ]


def decide_case(
    session: Session,
    case: str,
    groups: Sequence[Sequence[int]],
    *,
    by: str | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """Verdicts on a whole case: records of one group are the same, all others different.

    `groups`: numbers of records as listed, from 1; what stands in none is a group of its own.

    Raises:
        NotFound: there is no such open case.
        UsageFault: a number is unknown or stands in two groups, or the case is too large.
        KeyFault: the person may not review.
    """
    person = session.acting(by, Action.REVIEW)
    asked = tasks(session.state, status="open", kind="doubtful")
    asked = asked.filter(pl.col("case_id") == case)
    if asked.is_empty():
        raise NotFound(
            Text(f"there is no open case {case}", f"没有待裁决的组 {case}"),
            remedy=Text(
                "list them: crm-migrate review cases", "请用 crm-migrate review cases 查看"
            ),
        )
    ids = _records(asked)
    part = _parts(groups, len(ids))
    wanted = {
        (ids[a], ids[b]): "same" if part[a] == part[b] else "different"
        for a, b in combinations(range(len(ids)), 2)
    }
    with open_finished(session, stage="linked") as run:
        found = raise_pairs(session, run, wanted)
    done = enter(session, person, [Answer(id, v, reason) for id, v in found.items()])
    return {"case": case, "tasks": done, "open": sum(d["status"] == "open" for d in done)}


def _records(asked: pl.DataFrame) -> list[str]:
    """Record ids of a case in the order in which they are numbered."""
    return pl.concat([asked["left_id"], asked["right_id"]]).unique().sort().to_list()


def _parts(groups: Sequence[Sequence[int]], records: int) -> list[int]:
    """The group of each record."""
    named = [number for group in groups for number in group]
    if records > LARGEST:
        raise UsageFault(
            Text(f"a case of {records} records is decided pair by pair",
                 f"该组含 {records} 条记录，请逐对裁决"),
            remedy=Text("crm-migrate review", "crm-migrate review"),
        )  # fmt: skip
    if len(set(named)) != len(named) or not set(named) <= set(range(1, records + 1)):
        raise UsageFault(
            Text(
                f"each number from 1 to {records} stands in at most one group",
                f"每个编号(1 至 {records})最多属于一组",
            )
        )
    part = list(range(len(groups), len(groups) + records))
    for number, group in enumerate(groups):
        for record in group:
            part[record - 1] = number
    return part


def _case(records: Records, asked: pl.DataFrame, viewing: Viewing) -> Case:
    ids = _records(asked)
    return Case(
        case=asked["case_id"][0],
        tasks=asked["task_id"].sort().to_list(),
        records=[records.place(id) for id in ids],
        rows=[list(row) for row in records.beside(ids, viewing)],
        worth=None if viewing.blind else round(float(asked["worth"].sum()), 3),
    )
