"""Ask the apply that is at work, maybe in another process or on another machine, to stop."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from crm_migrate.errors import PlanRefused
from crm_migrate.language import Text
from crm_migrate.loading.ledger.holder import this_process
from crm_migrate.loading.ledger.plan_lock import Request, State, ask, plan_state
from crm_migrate.stages.apply import Done, recover
from crm_migrate.stages.planning.plans import open_checked
from crm_migrate.stages.session import Session
from crm_migrate.systems.opening import open_target
from crm_migrate.trust.roles import Action


@dataclass(frozen=True)
class Requested:
    """What was asked for, and how the plan stands in the target after that.

    `running`: the apply at work heeds it before its next batch. `done`: what had been done when
    nobody was at work any more and the plan was cancelled at once.
    """

    run: str
    plan_id: str
    request: Request
    state: State
    done: Done | None = None

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        asked = {"run": self.run, "plan": self.plan_id, "state": self.state, "asked": self.request}
        return asked if self.done is None else {**self.done.to_json(), **asked, "follow_up": None}


def request_apply(
    session: Session, name: str, request: Request, *, by: str | None = None
) -> Requested:
    """Set the request in the target, where the apply at work finds it.

    A cancelled plan is used up: what is done stands, the rest was not reached.

    Raises:
        PlanRefused: the plan was never begun, or is used up.
        TargetFault: the target can't be reached or written.
        KeyFault: the person may not apply, or their key does not open.
    """
    begun = perf_counter()
    person = session.acting(by, Action.APPLY)
    _, plan = open_checked(session, name)
    plan_id = plan.header.plan_id
    target = open_target(session.project.target_url)
    with target.reading() as reader:
        if plan_state(reader, plan_id) is None:
            raise _not_begun(plan_id)
    session.record(person.id, f"apply.{request}.asked", {"plan": plan_id})
    with target.transaction() as transaction:
        state = ask(transaction, plan_id, request, this_process(), session.job.clock())
    done = None
    if state == "cancelled":
        with session.workspace.lock():
            done = recover(session, plan, target, person.id, begun)
    return Requested(plan.header.run, plan_id, request, state, done)


def _not_begun(plan_id: str) -> PlanRefused:
    return PlanRefused(
        Text("this plan was not begun yet", "该计划尚未开始执行"),
        where=plan_id,
        remedy=Text(
            "to keep it from being applied: crm-migrate reject",
            "如需阻止执行，请运行 crm-migrate reject",
        ),
    )
