"""What plans do with one record: the run's plan, and those that take it back."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from crm_migrate.errors import NotFound
from crm_migrate.language import Language
from crm_migrate.model import Entity
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED
from crm_migrate.plan.reasons import REASONS
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.stages.planning.plans import list_plans, open_checked, plan_header
from crm_migrate.stages.session import Session
from crm_migrate.stages.shown_cells import SEALED
from crm_migrate.stages.tracing.steps import Change, Operation


@dataclass(frozen=True)
class Operations:
    """Reads the plans; `shown`: the values of a field as this person may see them."""

    session: Session
    run: str
    entity: Entity
    shown: Callable[[pl.Series, str], list[str | None]]
    language: Language

    def of_rollbacks(self, golden: str) -> list[Operation]:
        """What the plans do that take the run's plan back, or such a plan again."""
        found = []
        for listed in list_plans(self.session):
            header = plan_header(self.session, listed.plan_id) if listed.run == self.run else None
            if header is not None and header.kind == "rollback":
                found.append(self.by_plan(listed.plan_id, golden))
        return [operation for operation in found if operation is not None]

    def by_plan(self, plan_id: str, golden: str) -> Operation | None:
        """What a plan does; None when there is none or the record is not in it."""
        try:
            _, plan = open_checked(self.session, plan_id)
        except NotFound:
            return None
        frame = plan.operations.get(self.entity.name)
        here = frame.filter(pl.col("golden_id") == golden) if frame is not None else None
        if here is None or here.is_empty():
            return None
        group = here["group"][0]
        children: dict[str, dict[str, int]] = {}
        for name, others in plan.operations.items():
            counted = others.filter((pl.col("group") == group) & (pl.col("golden_id") != golden))[
                "action"
            ].value_counts()
            if counted.height:
                children[name] = {str(a): int(n) for a, n in counted.sort("action").iter_rows()}
        reason = REASONS.get(str(here["reason"][0]).partition(":")[0])
        return Operation(
            plan=plan.header.plan_id,
            action=here["action"][0],
            reason=reason.in_language(self.language) if reason else str(here["reason"][0]),
            cells=self._changes(here),
            children=children,
        )

    def _changes(self, here: pl.DataFrame) -> list[Change]:
        changes = []
        policy = self.session.job.rules.policy
        for name, column in self.session.project.target.entities[self.entity.name].fields.items():
            after, before = f"{AFTER}{column.column}", f"{BEFORE}{column.column}"
            if after not in here.columns or here[after][0] == UNTOUCHED:
                continue
            old, new = self.shown(here[before], name)[0], self.shown(here[after], name)[0]
            if policy.treatment(self.entity.name, name, Audience.TARGET) == Treatment.SEAL:
                word = SEALED.in_language(self.language)
                old, new = (v and word for v in (old, new))
            if old is not None or new is not None:
                label = self.entity.by_name[name].label.in_language(self.language)
                changes.append(Change(label, column.column, old, new))
        return changes
