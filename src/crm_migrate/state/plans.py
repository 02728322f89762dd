"""The plans that were made: an index; what a plan means stands in its file."""

from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Engine, RowMapping

from crm_migrate.errors import NotFound
from crm_migrate.language import Text
from crm_migrate.state.schema import PLANS


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One plan; `effect` and `evidence` are its two digests in hex, `path` its file.

    `state` is the plan package's word for where it stands. Times are RFC 3339 UTC.
    """

    plan_id: str
    run: str
    effect: str
    evidence: str
    state: str
    path: str
    created_at: str
    created_by: str
    expires_at: str | None = None


def add_plan(state: Engine, plan: PlanEntry) -> None:
    """Enter a new plan; the entry of an earlier attempt of the same run gives way."""
    with state.begin() as connection:
        connection.execute(delete(PLANS).where(PLANS.c.plan_id == plan.plan_id))
        connection.execute(insert(PLANS).values(**asdict(plan)))


def set_plan_state(state: Engine, plan_id: str, plan_state: str) -> None:
    """Note where a plan stands now. Raises NotFound when there is no such plan."""
    with state.begin() as connection:
        changed = connection.execute(
            update(PLANS).where(PLANS.c.plan_id == plan_id).values(state=plan_state)
        )
    if changed.rowcount == 0:
        raise _unknown(plan_id)


def find_plan(state: Engine, plan_id: str | None = None) -> PlanEntry:
    """The plan of that id, or of the one id that begins so; without an id, the newest.

    Raises:
        NotFound: there is none, or the beginning fits several.
    """
    query = select(PLANS).order_by(PLANS.c.created_at.desc(), PLANS.c.plan_id.desc())
    if plan_id is not None:
        query = query.where(PLANS.c.plan_id.startswith(plan_id, autoescape=True))
    with state.connect() as connection:
        rows = connection.execute(query).mappings().all()
    exact = [row for row in rows if plan_id is None or row["plan_id"] == plan_id]
    found = exact[:1] or rows
    if len(found) != 1:
        raise _unknown(plan_id)
    return _entry(found[0])


def list_plans(state: Engine) -> list[PlanEntry]:
    """All plans, the newest first."""
    query = select(PLANS).order_by(PLANS.c.created_at.desc(), PLANS.c.plan_id.desc())
    with state.connect() as connection:
        return [_entry(row) for row in connection.execute(query).mappings()]


def _entry(row: RowMapping) -> PlanEntry:
    return PlanEntry(**{str(name): value for name, value in row.items()})


def _unknown(plan_id: str | None) -> NotFound:
    return NotFound(
        Text(f"there is no plan {plan_id}", f"没有计划 {plan_id}")
        if plan_id
        else Text("there is no plan yet", "还没有计划"),
        remedy=Text("make one with `crm-migrate plan`", "请用 `crm-migrate plan` 生成"),
    )
