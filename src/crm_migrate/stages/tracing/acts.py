"""Who planned, approved and applied a plan, as its header and the journal tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm_migrate.instants import rfc3339
from crm_migrate.language import Language, Text
from crm_migrate.plan.header import PlanHeader
from crm_migrate.stages.session import Session
from crm_migrate.stages.tracing.history_steps import Act
from crm_migrate.trust.journal import Recorded, events_about

_PLANNED, _TAKEN_BACK, _BEGUN = "plan.made", "rollback.planned", "apply.begin"
_DECIDED = "plan.approve"


@dataclass(frozen=True)
class Acts:
    """The people behind one plan; what the journal does not tell is added to `unknown`.

    `told`: the events about the plan.
    """

    session: Session
    plan_id: str
    told: Sequence[Recorded]
    unknown: list[str]
    language: Language

    @property
    def takes_back(self) -> bool:
        """Whether the journal tells of it as a rollback."""
        return any(e.event == _TAKEN_BACK for e in self.told)

    def planned(self, header: PlanHeader | None) -> Act | None:
        """Who made the plan; `header`: of its file, where that is still there."""
        if header is not None:
            return self._act(header.created_by, rfc3339(header.created_at), "plan")
        made = next((e for e in self.told if e.event in (_PLANNED, _TAKEN_BACK)), None)
        if made is None:
            self._nobody(Text("who planned it", "编制人"))
            return None
        return self._act(made.actor, made.time, "plan")

    def approved(self, approvals: Sequence[str]) -> list[Act]:
        """Those whose approvals served the plan; `approvals`: their ids, from the target."""
        signed = {str(e.objects.get("decision")): e for e in self._decisions(approvals)}
        acts = []
        for decision in approvals:
            event = signed.get(decision)
            if event is None:
                self._nobody(Text(f"who gave approval {decision}", f"批准 {decision} 的审批人"))
            else:
                acts.append(self._act(event.actor, event.time, "approve"))
        return acts

    def applied(self) -> Act | None:
        """Who began to apply it."""
        begun = next((e for e in self.told if e.event == _BEGUN), None)
        if begun is None:
            self._nobody(Text("who applied it", "执行人"))
            return None
        return self._act(begun.actor, begun.time, "apply")

    def _decisions(self, approvals: Sequence[str]) -> list[Recorded]:
        own = [e for e in self.told if e.event == _DECIDED]
        named = {str(e.objects.get("decision")) for e in own}
        if named.issuperset(approvals):
            return own
        # An approval of an earlier plan with the same effect serves this one, too.
        return own + events_about(self.session.journal.path, "decision", list(approvals))

    def _act(self, person: str, at: str, what: str) -> Act:
        return Act(person, self.session.name_of(person), at, what)

    def _nobody(self, what: Text) -> None:
        text = Text(
            f"the journal does not tell {what.en} (plan {self.plan_id})",
            f"日志中没有记载{what.zh}(计划 {self.plan_id})",
        )
        self.unknown.append(text.in_language(self.language))
