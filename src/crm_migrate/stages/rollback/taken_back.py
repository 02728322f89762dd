"""The run state after a rollback: identities, their records, and where the plans stand."""

import polars as pl

from crm_migrate.errors import KeyFault, NotFound
from crm_migrate.plan.change import Plan
from crm_migrate.plan.digest import WRITES
from crm_migrate.plan.header import PlanHeader
from crm_migrate.stages import link, survive
from crm_migrate.stages.planning.plans import plan_header
from crm_migrate.stages.session import Session
from crm_migrate.state import plans as entries
from crm_migrate.state.registry import activate, release, retire, revive, store_members

ROLLED_BACK, PARTLY = "rolled_back", "partly_rolled_back"


def settle_taken_back(session: Session, plan: Plan, left: pl.DataFrame) -> None:
    """Note what a rollback that was carried out did; `left`: the rows that it left alone.

    Golden ids whose base row is gone are reserved again and their records bound to none, so that
    planning again proposes them under the same ids. Those whose base row is back are final.
    """
    for name, operations in plan.operations.items():
        mine = left.filter(pl.col("entity") == name).select("golden_id")
        acted = pl.col("action").is_in(list(WRITES)) | pl.col("adopt")
        done = operations.filter(acted).join(mine, on="golden_id", how="anti")
        based = pl.col("commitments").is_not_null()
        release(session.state, done.filter(~based)["golden_id"])
        back = done.filter(based)["golden_id"]
        activate(session.state, back)
        _settle_members(session, plan.header, name, done["golden_id"], back)
    _settle_states(session, plan, left)


def is_redone(session: Session, header: PlanHeader) -> bool:
    """Whether a rollback takes back another rollback, so that what that one undid stands again."""
    reversed_header = plan_header(session, header.reverses or "")
    return reversed_header is not None and reversed_header.kind == "rollback"


def _settle_members(
    session: Session, header: PlanHeader, name: str, done: pl.Series, back: pl.Series
) -> None:
    """Bindings and tombstones that the run made: taken back, or made again.

    Where the run is destroyed the target's base rows still say which row has which golden id.
    """
    try:
        with session.workspace.open(header.run) as run:
            members = run.read(survive.STAGE, f"members.{name}")
            tombstones = run.read(link.STAGE, f"tombstones.{name}")
    except (NotFound, KeyFault):
        return
    fallen = tombstones.filter(pl.col("into").is_in(done.implode()))
    if is_redone(session, header):
        bound = members.filter(pl.col("golden_id").is_in(back.implode()))
        store_members(session.state, bound, name, header.run)
        retire(session.state, fallen)
    else:
        revive(session.state, fallen)


def _settle_states(session: Session, plan: Plan, left: pl.DataFrame) -> None:
    header = plan.header
    undone = plan_header(session, header.reverses or "")
    kept = any((frame["action"] == "skip").any() for frame in plan.operations.values())
    merged = undone is not None and undone.merges > header.merges
    wholly = header.scope is None and not kept and not merged and left.is_empty()
    entries.set_plan_state(session.state, header.reverses or "", ROLLED_BACK if wholly else PARTLY)
    if undone is not None and undone.reverses is not None:
        again = "applied" if wholly else PARTLY
        entries.set_plan_state(session.state, undone.reverses, again)
