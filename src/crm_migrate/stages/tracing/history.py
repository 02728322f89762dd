"""Every change of one customer over all plans: who, when, what, before and after (R-7.1).

What happened stands in the target ledger; who did it in the journal; the cells in the plan files
and, where a plan file is gone, in the before-images. No run is needed. What none of them can tell
is said, not guessed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import polars as pl

from crm_migrate.errors import IntegrityFault, KeyFault, NotFound
from crm_migrate.language import Language, Text
from crm_migrate.loading.bearings import Bearings, reference_columns
from crm_migrate.loading.ledger.past import Past, PlanPast, past_of
from crm_migrate.loading.precondition import raw_digests
from crm_migrate.loading.rollback.trail import kept_columns, read_images
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED
from crm_migrate.plan.file.stored import StoredPlan
from crm_migrate.plan.reversal import CREATED, DELETED, UPDATED
from crm_migrate.stages.planning.plans import open_to_read
from crm_migrate.stages.referred_names import ReferredNames
from crm_migrate.stages.rollback.heaps import reason_words
from crm_migrate.stages.session import Session
from crm_migrate.stages.shown_cells import Eyes
from crm_migrate.stages.tracing.acts import Acts
from crm_migrate.stages.tracing.history_steps import (
    CellStep,
    History,
    MoveStep,
    PlanStep,
    RowStep,
    Standing,
)
from crm_migrate.stages.tracing.named_customer import named_customer
from crm_migrate.stages.tracing.sides import of_person, sides
from crm_migrate.state.registry import predecessors
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetReader
from crm_migrate.trust.journal import Recorded, events_about
from crm_migrate.trust.roles import Action

_WRITTEN = (CREATED, UPDATED, DELETED)


def history(
    session: Session,
    what: str,
    *,
    clear: bool = False,
    by: str | None = None,
    language: Language = "en",
) -> History:
    """The history of a customer: by golden id (or its beginning), customer code or target key.

    `clear` shows what policy lets out in exports, to a role that may export, and is journaled.

    Raises:
        NotFound: there is no such customer.
        UsageFault: several fit.
        KeyFault: `clear` was asked for, and the person's role may not export.
        TargetFault: the target cannot be read.
    """
    target = open_target(session.project.target_url)
    with target.reading() as reader:
        golden = named_customer(session, reader, what)
        if clear:
            person = session.acting(by, Action.EXPORT)
            session.record(person.id, "history.shown", {"golden": golden})
        return _Reading(session, reader, golden, clear, language).history(what)


class _Reading:
    """Puts the history of one customer together."""

    def __init__(
        self, session: Session, reader: TargetReader, golden: str, clear: bool, language: Language
    ) -> None:
        self.session, self.reader = session, reader
        self.golden, self.clear, self.language = golden, clear, language
        project, keyring = session.project, session.job.keyring
        self.eyes = Eyes(session.job.rules.policy, clear, language, keyring)
        references = reference_columns(project.target, project.model)
        self.bearings = Bearings(project.target, references, reader.describe(), keyring.digest_key)
        self.unknown: list[str] = []
        self.stored: StoredPlan | None = None
        self.names = ReferredNames(project.model, session.job.rules.policy, self.held, clear=clear)

    def held(self, entity: str, name: str, golden: str) -> str | None:
        """A value of a record as the plan at hand has it."""
        mapped = self.bearings.mapping.entities.get(entity)
        if self.stored is None or entity not in self.stored.entities or mapped is None:
            return None
        column = mapped.fields.get(name)
        if column is None:
            return None
        at = pl.col("golden_id") == golden
        row = self.stored.operations(entity).filter(at).collect()
        for side in (AFTER + column.column, BEFORE + column.column):
            cell = row[side][0] if row.height and side in row.columns else None
            if cell is not None and cell != UNTOUCHED:
                return str(cell)
        return None

    def history(self, asked: str) -> History:
        """Every step, the oldest first."""
        former = predecessors(self.session.state, self.golden)
        past = past_of(self.reader, [self.golden, *former])
        path = self.session.journal.path
        told = events_about(path, "plan", [p.plan_id for p in past.plans])
        steps = [
            self.step(plan, past, [e for e in told if e.objects["plan"] == plan.plan_id])
            for plan in past.plans
        ]
        now = list(self.standing(past.base))
        self._say_limits(steps, now)
        return History(asked, self.golden, former, self.clear, steps, now, self.unknown)

    def step(self, plan: PlanPast, past: Past, told: list[Recorded]) -> PlanStep:
        """One plan: its people, rows and moves."""
        entries = past.entries.filter(pl.col("plan_id") == plan.plan_id)
        moves = past.moves.filter(pl.col("plan_id") == plan.plan_id)
        rows: list[RowStep] = []
        with self._stored(plan.plan_id) as stored:
            header = stored.header if stored is not None else None
            self.stored = stored
            for entity in entries["entity"].unique(maintain_order=True):
                rows += self.rows(plan.plan_id, entity, entries.filter(entity=entity), stored)
        acts = Acts(self.session, plan.plan_id, told, self.unknown, self.language)
        kind = header.kind if header else "rollback" if acts.takes_back else "migration"
        return PlanStep(
            plan=plan.plan_id,
            kind=kind,
            reverses=header.reverses if header else _reverses(told),
            state=plan.state,
            started_at=plan.started_at,
            finished_at=plan.finished_at,
            planned=acts.planned(header),
            approved=acts.approved(plan.approvals),
            applied=acts.applied(),
            rows=rows,
            moves=[self._move(m) for m in moves.iter_rows(named=True)],
        )

    def rows(
        self, plan_id: str, entity: str, entries: pl.DataFrame, stored: StoredPlan | None
    ) -> Iterator[RowStep]:
        """What the plan did to the rows of one entity."""
        label = self._label(entity)
        planned = self._operations(entity, entries["golden_id"], stored)
        for entry in entries.sort("golden_id").iter_rows(named=True):
            golden, result = entry["golden_id"], entry["result"]
            written = result in _WRITTEN
            operation = planned.filter(pl.col("golden_id") == golden)
            cells: list[CellStep] = []
            unknown: str | None = None
            if written and entity in self.bearings.mapping.entities:
                image = self._image(plan_id, entity, golden) if result != CREATED else None
                cells, unknown = self._cells(entity, golden, result, operation, image)
            elif written:
                unknown = "cells"
            reason = entry["reason"]
            yield RowStep(
                entity=entity,
                label=label,
                golden_id=golden,
                target_key=entry["target_key"],
                action=entry["action"],
                result=result,
                reason=reason_words(reason).in_language(self.language) if reason else None,
                at=entry["at"],
                cells=cells,
                unknown=unknown,
            )

    def standing(self, base: pl.DataFrame) -> Iterator[Standing]:
        """The rows as they stand, and whether somebody has edited them since."""
        for (entity,), rows in base.sort("entity", "golden_id").group_by(
            "entity", maintain_order=True
        ):
            name = str(entity)
            if name not in self.bearings.mapping.entities:
                continue
            now = raw_digests(self.reader, self.bearings, name, rows["target_key"])
            found = dict(now.select("_key", "raw_digest").iter_rows())
            for row in rows.iter_rows(named=True):
                digest = found.get(row["target_key"])
                yield Standing(
                    entity=name,
                    label=self._label(name),
                    golden_id=row["golden_id"],
                    target_key=row["target_key"],
                    last_plan=row["plan_id"],
                    edited=None if digest is None else digest != row["raw_digest"],
                )

    def _cells(
        self,
        entity: str,
        golden: str,
        result: str,
        operation: pl.DataFrame,
        image: pl.DataFrame | None,
    ) -> tuple[list[CellStep], str | None]:
        """The written cells, and which side is not known any more."""
        model, mapped = self.session.project.model.entity(entity), self.bearings.entity(entity)
        known_after = operation.height > 0 or result == DELETED
        known_before = result == CREATED or image is not None or operation.height > 0
        persons = pl.Series([of_person(model, mapped, operation, image)])
        cells = []
        for name, column in mapped.fields.items():
            before, after, touched = sides(column.column, result, operation, image)
            if not touched or (before is None and after is None):
                continue
            olds, news = self.eyes.pair(
                model,
                name,
                pl.Series([golden]),
                pl.Series([before], dtype=pl.String),
                pl.Series([after], dtype=pl.String),
                persons,
            )
            label = model.by_name[name].label.in_language(self.language)
            referred = model.by_name[name].references
            old, new = olds[0], news[0]
            if referred is not None:
                old, new = (self.names.told(referred, cell) for cell in (old, new))
            cells.append(CellStep(name, label, column.column, old, new))
        if not known_before and not known_after:
            return cells, "cells"
        return cells, None if known_before and known_after else "before" if known_after else "after"

    def _image(self, plan_id: str, entity: str, golden: str) -> pl.DataFrame | None:
        columns = kept_columns(self.bearings, entity)
        key = self.session.job.keyring.rollback_key
        try:
            found = read_images(self.reader, plan_id, entity, columns, key, pl.Series([golden]))
        except IntegrityFault:
            text = Text(
                f"a before-image of plan {plan_id} does not open:"
                " another keyring, or it was altered",
                f"计划 {plan_id} 的变更前镜像无法打开：密钥环不符，或已被改动",
            )
            self.unknown.append(text.in_language(self.language))
            return None
        return found if found.height else None

    def _operations(
        self, entity: str, golden_ids: pl.Series, stored: StoredPlan | None
    ) -> pl.DataFrame:
        if stored is None or entity not in stored.entities:
            return pl.DataFrame(schema={"golden_id": pl.String})
        wanted = pl.col("golden_id").is_in(golden_ids.implode())
        return stored.operations(entity).filter(wanted).collect()

    @contextmanager
    def _stored(self, plan_id: str) -> Iterator[StoredPlan | None]:
        try:
            stored = open_to_read(self.session, plan_id)[1]
        except (NotFound, KeyFault):
            text = Text(
                f"the file of plan {plan_id} is gone: what it wrote is not known any more",
                f"计划 {plan_id} 的文件已不在：无法得知写入的值",
            )
            self.unknown.append(text.in_language(self.language))
            yield None
            return
        with stored:
            yield stored

    def _move(self, move: Mapping[str, str | None]) -> MoveStep:
        return MoveStep(
            entity=str(move["entity"]),
            kind=str(move["kind"]),
            table=str(move["table_name"]),
            row_key=str(move["row_key"]),
            column=move["column_name"] or None,
            before=move["before_key"],
            after=move["after_key"],
            result=str(move["result"]),
            at=str(move["at"]),
        )

    def _label(self, entity: str) -> str:
        known = {e.name: e for e in self.session.project.model.entities}
        return known[entity].label.in_language(self.language) if entity in known else entity

    def _say_limits(self, steps: list[PlanStep], now: list[Standing]) -> None:
        if not steps:
            text = Text("no plan has written this customer", "没有计划写入过该客户")
            self.unknown.append(text.in_language(self.language))
        if any(s.edited for s in now) or not now:
            text = Text(
                "who edited rows in the CRM itself, and how: ask the CRM's own log",
                "CRM 中的人工修改由谁、如何进行：请查 CRM 自身的日志",
            )
            self.unknown.append(text.in_language(self.language))


def _reverses(told: list[Recorded]) -> str | None:
    return next((str(e.objects["reverses"]) for e in told if "reverses" in e.objects), None)
