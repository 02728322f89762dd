"""Everything that people signed about a plan: in the run state, and as the journal tells it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from crm_migrate.errors import IntegrityFault, PlanRefused
from crm_migrate.language import Text
from crm_migrate.plan.approval.deciding import Approved, check_approval
from crm_migrate.plan.approval.standing import Said, Standing, may_decide, standing
from crm_migrate.plan.approval.statements import Decision, Override, Revocation
from crm_migrate.plan.file.parts import SUFFIX
from crm_migrate.plan.file.stored import read_header
from crm_migrate.plan.header import PlanHeader
from crm_migrate.stages.session import Session
from crm_migrate.state import plans as entries
from crm_migrate.state.approvals import approvals_of, statements_of

_T = TypeVar("_T")
DECIDED = ("plan.approve", "plan.reject", "plan.revoke")
"""Events by which the journal tells decisions; each names plan, effect and decision."""


def said_about(session: Session, header: PlanHeader) -> Said:
    """All that was signed about plans of that effect and target, from the run state.

    Raises:
        IntegrityFault: an entry is no signed statement.
    """
    entered = approvals_of(session.state, header.effect)
    others = statements_of(session.state, header.effect)
    return Said(
        decisions=tuple(_read(a.signature, Decision.from_json) for a in entered),
        overrides=tuple(
            _read(s.document, Override.from_json) for s in others if s.kind == "override"
        ),
        revocations=tuple(
            _read(s.document, Revocation.from_json) for s in others if s.kind == "revocation"
        ),
        used=frozenset(a.approval_id for a in entered if a.used_at),
        earlier=_earlier(session, header),
    )


def standing_of(session: Session, header: PlanHeader) -> Standing:
    """What counts of it now, and what is missing. Raises like `said_about`."""
    said = said_about(session, header)
    return standing(header, said, session.trust, session.job.clock())


def approved_to_apply(session: Session, header: PlanHeader, at: datetime) -> Approved:
    """What an apply may rely on at that time: the run state, with the journal as its witness.

    Raises:
        PlanRefused: like `check_approval`; or the journal tells of a rejection or revocation that
            the run state does not hold any more.
        IntegrityFault: an entry is no signed statement.
    """
    approved = check_approval(header, said_about(session, header), session.trust, at)
    told = journaled_rejections(session.journal.path, header.effect)
    people = {p.id: p for p in session.trust.people}
    rejecting = [p for p in told.rejections if p in people and may_decide(header, people[p])]
    if rejecting:
        raise _gone(header, f"{rejecting[0]} rejected the plan", f"{rejecting[0]} 驳回过该计划")
    if told.revoked.intersection(approved.approvals):
        raise _gone(header, "an approval was revoked", "有批准已被撤回")
    return approved


@dataclass(frozen=True)
class Journaled:
    """What the journal tells about an effect: who rejects it, and which decisions were revoked."""

    rejections: dict[str, str]
    """Person → id of the decision."""
    revoked: frozenset[str]


def journaled_rejections(journal: Path, effect: str) -> Journaled:
    """Rejections that stand, and all revocations, by the journal alone.

    Whether the journal is sound is checked before anything is appended to it, and by `verify`.
    """
    latest: dict[str, tuple[str, str]] = {}
    revoked = set()
    needle = effect.encode()
    for line in journal.read_bytes().split(b"\n") if journal.exists() else ():
        if needle not in line:
            continue
        try:
            event = json.loads(line)
            kind, objects = event["event"], event["objects"]
            if kind in DECIDED and objects["effect"] == effect:
                decision = str(objects["decision"])
                if kind == "plan.revoke":
                    revoked.add(decision)
                else:
                    latest[str(event["actor"])] = (kind, decision)
        except (ValueError, KeyError, TypeError):
            continue  # a torn or changed line: the check of the journal names it
    return Journaled(
        {
            person: decision
            for person, (kind, decision) in latest.items()
            if kind == "plan.reject" and decision not in revoked
        },
        frozenset(revoked),
    )


def _earlier(session: Session, header: PlanHeader) -> tuple[PlanHeader, ...]:
    """Headers of the other plans with that effect, the newest first, where their files are kept."""
    found = []
    for entry in entries.list_plans(session.state):
        if entry.effect != header.effect or entry.evidence == header.evidence:
            continue
        path = session.plan_folder(entry.plan_id) / f"{entry.plan_id}{SUFFIX}"
        if path.exists():
            found.append(read_header(path))
    return tuple(found)


def _read(text: str, build: Callable[[dict[str, object]], _T]) -> _T:
    try:
        return build(json.loads(text))
    except (ValueError, AttributeError, TypeError):
        raise IntegrityFault(
            Text("a decision in the run state was changed", "运行状态中的审批记录被改动"),
            where="state.db",
            remedy=Text(
                "restore it from its backup, or make a new plan and have it approved",
                "请从备份恢复，或重新生成计划并审批",
            ),
        ) from None


def _gone(header: PlanHeader, en: str, zh: str) -> PlanRefused:
    return PlanRefused(
        Text(
            f"the journal says: {en}; the run state does not hold it any more",
            f"日志记载：{zh}；运行状态中已无该记录",
        ),
        where=header.plan_id,
        remedy=Text(
            "restore the run state from its backup and find out who changed it",
            "请从备份恢复运行状态，并查明改动者",
        ),
    )
