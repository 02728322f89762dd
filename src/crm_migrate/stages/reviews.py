"""What only a person can decide: doubtful pairs, and customers with two owners (撞单)."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
from sqlalchemy import Engine as Database

from crm_migrate.errors import UsageFault
from crm_migrate.language import Language, Text
from crm_migrate.linkage.contract import REVIEW_REASONS
from crm_migrate.model import Entity
from crm_migrate.protection.masking import mask_pair
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.records import RECORD_ID, SOURCE
from crm_migrate.stages import link
from crm_migrate.stages.session import Session
from crm_migrate.state.owners import decided_owners
from crm_migrate.state.review import store_tasks, task, tasks
from crm_migrate.state.verdicts import Verdict, give, pair_verdicts
from crm_migrate.trust.people import Action


@dataclass(frozen=True, slots=True)
class Task:
    """One question: both sides field by field (masked unless asked for clear), and the reasons."""

    task_id: str
    kind: str
    title: str
    status: str
    weight: float | None
    rows: list[tuple[str, str, str]]
    reasons: list[str]


@dataclass(frozen=True)
class Tasks:
    """The questions of the newest run."""

    open: int
    tasks: list[Task]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"open": self.open, "tasks": [asdict(t) for t in self.tasks]}


def state_digest(state: Database) -> str:
    """Digest of all verdicts that stand: what linkage and golden records depend on."""
    text = pair_verdicts(state, "customer").write_csv() + decided_owners(state).write_csv()
    return hashlib.sha256(text.encode()).hexdigest()


def store_reviews(state: Database, review: pl.DataFrame, conflicts: pl.DataFrame, run: str) -> None:
    """Enter the questions of a run; what was decided stays decided."""
    pairs = review.select(
        "left_id",
        "right_id",
        "match_weight",
        "reason",
        pl.concat_str("left_golden", "right_golden", separator=";").alias("golden_ids"),
    )
    store_tasks(state, pairs, "doubtful", "customer", run)
    if "owners" not in conflicts.columns:
        return
    claims = conflicts.select(
        pl.col("golden_id").alias("left_id"),
        pl.col("owners").alias("right_id"),
        pl.col("golden_id").alias("golden_ids"),
        "departments",
    )
    store_tasks(state, claims, "owner_conflict", "customer", run)


def list_reviews(
    session: Session,
    *,
    by: str | None = None,
    clear: bool = False,
    everything: bool = False,
    limit: int = 10,
    language: Language = "en",
) -> Tasks:
    """The questions, the heaviest first; clear values are journaled.

    Raises:
        KeyFault: clear values were asked for, and the person may not review.
    """
    listed = tasks(session.state, status=None if everything else "open")
    shown = listed.head(limit)
    if clear:
        person = session.acting(by, Action.REVIEW)
        session.record(person.id, "review.shown", {"tasks": shown.height})
    runs = session.workspace.run_ids()
    found = []
    if shown.height and runs:
        with session.workspace.open(runs[-1]) as run:
            records = link.linkage_input(session.job, run, "customer")
            members = run.read(link.STAGE, "members.customer")
            sources = run.read("standardized", "customer", [RECORD_ID, SOURCE])
        entity = session.project.model.entity("customer")
        for row in shown.iter_rows(named=True):
            found.append(_task(session, row, entity, records, members, sources, clear, language))
    return Tasks(listed.filter(pl.col("status") == "open").height, found)


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
        UsageFault: the verdict does not fit the task.
        KeyFault: the person may not review.
    """
    person = session.acting(by, Action.REVIEW)
    task(session.state, task_id)
    if verdict == "owner" and owner is None:
        raise UsageFault(
            Text("--owner says who is to have the customer", "请用 --owner 指定负责人")
        )
    decided = give(
        session.state,
        Verdict(
            task_id=task_id,
            answer=verdict,  # type: ignore[arg-type]  # `give` refuses what does not fit
            author=person.id,
            department=department or person.department,
            at=f"{session.job.clock():%Y-%m-%dT%H:%M:%SZ}",
            owner=owner,
            owner_department=owner and _department_of(session, owner),
            reason=reason or None,
        ),
    )
    session.record(person.id, "review.decided", {"task": task_id, "verdict": verdict})
    return {"task": task_id, "verdict": verdict, "status": "decided" if decided else "open"}


def _department_of(session: Session, owner: str) -> str | None:
    for values in session.project.value_maps.values():
        for change in values.owners:
            if change.new == owner and change.department:
                return change.department
    return None


def _task(
    session: Session,
    row: dict[str, Any],
    entity: Entity,
    records: pl.DataFrame,
    members: pl.DataFrame,
    sources: pl.DataFrame,
    clear: bool,
    language: Language,
) -> Task:
    doubtful = row["kind"] == "doubtful"
    if doubtful:
        ids = [row["left_id"], row["right_id"]]
        title = Text("are these the same customer?", "是否为同一客户?")
        reason = REVIEW_REASONS.get(row["reason"] or "", Text("", ""))
        reasons = [reason.in_language(language)]
    else:
        held = members.filter(pl.col("golden_id") == row["left_id"])[RECORD_ID]
        owned = records.filter(
            pl.col(RECORD_ID).is_in(held.implode()) & pl.col("owner").is_not_null()
        )
        ids = owned.unique("owner", keep="first").sort("owner")[RECORD_ID].to_list()[:2]
        title = Text("who is to have this customer?", "该客户归谁负责?")
        reasons = [f"{row['right_id']} ({row['departments']})"]
    left, right = ([*ids, None, None])[:2]
    return Task(
        task_id=row["task_id"],
        kind=row["kind"],
        title=title.in_language(language),
        status=row["status"],
        weight=row["match_weight"],
        rows=_sides(session, entity, records, sources, left, right, clear, language),
        reasons=[r for r in reasons if r],
    )


def _sides(
    session: Session,
    entity: Entity,
    records: pl.DataFrame,
    sources: pl.DataFrame,
    left: str | None,
    right: str | None,
    clear: bool,
    language: Language,
) -> list[tuple[str, str, str]]:
    """Field by field; masked values that look equal but differ are marked where they do."""
    policy = session.job.rules.policy

    def record(side: str | None) -> dict[str, Any]:
        found = records.filter(pl.col(RECORD_ID) == side)
        return found.row(0, named=True) if found.height else {}

    one, other = record(left), record(right)
    origin = dict(sources.filter(pl.col(RECORD_ID).is_in([left, right])).iter_rows())
    place = Text("source", "来源").in_language(language)
    rows = [(place, origin.get(left, "CRM"), origin.get(right, "CRM"))]
    for field in entity.fields:
        a, b = one.get(field.name), other.get(field.name)
        if (a is None and b is None) or field.references is not None:
            continue
        shown = policy.treatment(entity.name, field.name, Audience.REPORT)
        if not clear and shown != Treatment.CLEAR:
            before, after = mask_pair(
                pl.Series([a], dtype=pl.String), pl.Series([b], dtype=pl.String), field.type
            )
            a, b = before[0], after[0]
        rows.append((field.label.in_language(language), a or "", b or ""))
    return rows
