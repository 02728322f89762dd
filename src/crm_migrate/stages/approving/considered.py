"""A plan as somebody about to sign should see it: what stands, and what differs from earlier."""

from dataclasses import dataclass

from crm_migrate.plan.approval.deciding import PlanState
from crm_migrate.plan.approval.inheritance import Difference, differences
from crm_migrate.plan.approval.standing import Standing, revoked, standing
from crm_migrate.plan.header import PlanHeader
from crm_migrate.stages.approving.said import said_about
from crm_migrate.stages.planning.plans import checked_header, state_of
from crm_migrate.stages.session import Session


@dataclass(frozen=True)
class Considered:
    """A plan about to be decided on: what a signature would say, and what stands already.

    `differs`: for the newest plan with the same effect that somebody approved and whose approval
    does not serve here, what its evidence has otherwise.
    """

    header: PlanHeader
    state: PlanState
    standing: Standing
    earlier: str | None
    differs: tuple[Difference, ...]


def consider(session: Session, name: str) -> Considered:
    """The plan as somebody about to sign should see it.

    Raises:
        NotFound: there is none.
        IntegrityFault: the plan file was altered.
    """
    header = checked_header(session, name)
    said = said_about(session, header)
    now = standing(header, said, session.trust, session.job.clock())
    taken_back = revoked(said, session.trust)
    approved = {
        d.evidence for d in said.decisions if d.decision == "approve" and d.id not in taken_back
    }
    serving = set(now.inherited.values())
    other = next(
        (e for e in said.earlier if e.evidence in approved and e.plan_id not in serving), None
    )
    differs = differences(header, other) if other is not None else ()
    return Considered(
        header, state_of(session, header), now, other.plan_id if other else None, differs
    )
