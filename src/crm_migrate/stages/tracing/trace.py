"""One customer from the raw cells to the row in the CRM: why everything is as it is (R-7.1)."""

import polars as pl

from crm_migrate.errors import NotFound, TargetFault
from crm_migrate.language import Language, Text
from crm_migrate.mapping.origins import origins
from crm_migrate.model import Entity
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.protection.private_persons import covered, persons_of
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE, TARGET_SOURCE
from crm_migrate.stages import extract, link, present, standardize, survive
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.judge import own_rules
from crm_migrate.stages.planning.plans import plan_header
from crm_migrate.stages.quality.findings import rule_of
from crm_migrate.stages.referred_names import ReferredNames
from crm_migrate.stages.session import Session
from crm_migrate.stages.shown_cells import SEALED
from crm_migrate.stages.tracing.operations import Operations
from crm_migrate.stages.tracing.steps import GoldenCell, Link, Member, SourceCell, Trace
from crm_migrate.stages.tracing.target_row import TargetRow, target_row
from crm_migrate.stages.tracing.wanted import Wanted, Ways, wanted_record
from crm_migrate.state.verdicts import pair_verdicts
from crm_migrate.trust.roles import Action
from crm_migrate.workspace import Run

CUSTOMER = "customer"
ONLY = "only"
"""Rule of a golden cell whose customer has a single record."""
ASSIGNED = "assigned"
"""Rule of the customer code: the CRM's own, else derived from the golden id."""
MOST_LINKS = 20


def trace(
    session: Session,
    what: str | None = None,
    *,
    row: str | None = None,
    target_key: str | None = None,
    entity: str = CUSTOMER,
    run: str = "latest",
    clear: bool = False,
    by: str | None = None,
    language: Language = "en",
) -> Trace:
    """Follow a customer: by golden id, customer code or target key, or by the `row` of a file.

    `row` is `file:sheet:row`, or `file:row` where a file has no sheets. Records of another
    `entity` are found by golden id, target key and row. `clear` shows what policy lets out in
    exports; the rest stays masked.

    Raises:
        NotFound: there is no such customer, row or run.
        UsageFault: the name fits several customers.
        KeyFault: `clear` was asked for, and the person's role may not export.
    """
    with open_finished(session, run) as opened:
        ways = Ways(what, row, target_key)
        wanted = wanted_record(session, opened, ways, entity)
        if clear:
            person = session.acting(by, Action.EXPORT)
            about: dict[str, str | int | bool | None] = {
                "run": opened.id,
                "golden": wanted.golden_id,
            }
            session.record(person.id, "trace.shown", about)
        return _Tracing(session, opened, wanted, clear, language).trace()


class _Tracing:
    """Reads the run's tables for one customer."""

    def __init__(
        self, session: Session, run: Run, wanted: Wanted, clear: bool, language: Language
    ) -> None:
        self.session, self.run, self.wanted = session, run, wanted
        self.clear, self.language = clear, language
        self.entity: Entity = session.project.model.entity(wanted.entity)
        policy, model = session.job.rules.policy, session.project.model
        self.own_rules = own_rules(run)
        self.names = ReferredNames(model, policy, self.held, clear=clear)
        self.person = any(
            persons_of(_of(run, stage, wanted.entity, wanted.record_ids), self.entity).any()
            for stage in (extract.STAGE, standardize.STAGE, present.STAGE)
        )

    def trace(self) -> Trace:
        """Every step."""
        members = self.members()
        golden = self.wanted.golden_id
        cells, code = self.golden(members) if golden else ([], None)
        operations = Operations(self.session, self.run.id, self.entity, self.shown, self.language)
        return Trace(
            run=self.run.id,
            entity=self.entity.name,
            asked=self.wanted.asked,
            golden_id=golden,
            customer_code=code,
            clear=self.clear,
            members=members,
            links=self.links([m.record_id for m in members]),
            cells=cells,
            operation=operations.by_plan(f"P{self.run.id}", golden) if golden else None,
            rollbacks=operations.of_rollbacks(golden) if golden else [],
            target=self.target(golden, members) if golden else None,
        )

    def held(self, entity: str, name: str, golden: str) -> str | None:
        """A value of a golden record of the run."""
        if entity not in self.run.names(survive.STAGE):
            return None
        rows = self.run.read(survive.STAGE, entity, ["golden_id", name])
        found = rows.filter(pl.col("golden_id") == golden)[name]
        return str(found[0]) if len(found) and found[0] is not None else None

    def shown(self, values: pl.Series, name: str) -> list[str | None]:
        """The values as this person may see them."""
        policy, known = self.session.job.rules.policy, self.entity.by_name[name]
        audience = Audience.EXPORT if self.clear else Audience.REPORT
        treatment = policy.treatment(self.entity.name, name, audience)
        if known.references is not None:
            return [self.names.told(known.references, value) for value in values]
        if treatment == Treatment.CLEAR:
            persons = pl.repeat(self.person, len(values), eager=True)
            return (values if self.clear else covered(values, known.type, persons)).to_list()
        return mask_series(values, known.type).to_list()

    def members(self) -> list[Member]:
        """The records, those of the CRM last."""
        ids = self.wanted.record_ids
        raw = _of(self.run, extract.STAGE, self.entity.name, ids)
        clean = _of(self.run, standardize.STAGE, self.entity.name, ids)
        crm = _of(self.run, present.STAGE, self.entity.name, ids)
        found = _of(self.run, standardize.STAGE, "x_findings", ids)
        columns = origins(self.entity.name, self.session.project.mappings.values())
        members = []
        for record in raw.sort(SOURCE, FILE, SHEET, ROW)[RECORD_ID]:
            one = raw.filter(pl.col(RECORD_ID) == record)
            done = clean.filter(pl.col(RECORD_ID) == record)
            said = found.filter(pl.col(RECORD_ID) == record)
            members.append(self._member(one, done, said, columns, None))
        for record in crm[RECORD_ID]:
            one = crm.filter(pl.col(RECORD_ID) == record)
            members.append(self._member(None, one, found.clear(), columns, one["target_key"][0]))
        return members

    def _member(
        self,
        raw: pl.DataFrame | None,
        clean: pl.DataFrame,
        found: pl.DataFrame,
        columns: dict[tuple[str, str], str],
        key: str | None,
    ) -> Member:
        place = (clean if raw is None else raw).row(0, named=True)
        cells = []
        for known in self.entity.fields:
            name = known.name
            given = self.shown(raw[name], name)[0] if raw is not None else None
            value = self.shown(clean[name], name)[0] if clean.height else None
            rules = found.filter(pl.col("field") == name)["rule"].unique().sort().to_list()
            if given is None and value is None and not rules:
                continue
            same = raw is not None and clean.height > 0 and raw[name][0] == clean[name][0]
            own, language = self.own_rules, self.language
            words = [rule_of(r, own).message.in_language(language) for r in rules]
            label = known.label.in_language(self.language)
            column = columns.get((place[SOURCE], name))
            cells.append(SourceCell(name, label, column, given, value, same, words))
        return Member(
            record_id=place[RECORD_ID],
            source=place[SOURCE],
            file=place[FILE],
            sheet=place[SHEET],
            row=place[ROW],
            target_key=key,
            quarantined=clean.is_empty(),
            cells=cells,
        )

    def links(self, ids: list[str]) -> list[Link]:
        """The scored pairs among the members, the strongest first; verdicts of people, too."""
        if self.entity.name != CUSTOMER:
            return []
        inside = pl.col("left_id").is_in(ids) & pl.col("right_id").is_in(ids)
        reasons = link.read_reasons(self.run)
        found = []
        if reasons is not None:
            scored = reasons.pairs.filter(inside).sort("match_weight", descending=True)
            for pair in scored.head(MOST_LINKS).iter_rows(named=True):
                lines = reasons.explain(pair["left_id"], pair["right_id"])
                told = [line.in_language(self.language) for line in lines]
                found.append(Link(pair["left_id"], pair["right_id"], pair["match_weight"], told))
        said = pair_verdicts(self.session.state, CUSTOMER).filter(inside)
        for pair in said.head(MOST_LINKS).iter_rows(named=True):
            verdict = pair["verdict"]
            word = Text(f"a person decided: {verdict}", f"人工裁决：{verdict}")
            told = [word.in_language(self.language)]
            found.append(Link(pair["left_id"], pair["right_id"], None, told))
        return found

    def golden(self, members: list[Member]) -> tuple[list[GoldenCell], str | None]:
        """The golden cells with their winners, and the customer code."""
        at = pl.col("golden_id") == self.wanted.golden_id
        golden = self.run.read(survive.STAGE, self.entity.name).filter(at)
        if golden.is_empty():
            return [], None
        lineage = self.run.read(survive.STAGE, f"lineage.{self.entity.name}").filter(at)
        won = {r["field"]: r for r in lineage.iter_rows(named=True)}
        sources = [m.record_id for m in members if m.source != TARGET_SOURCE]
        alone = {"record_id": sources[0] if len(sources) == 1 else None, "rule": ONLY, "losers": 0}
        cells = []
        for known in self.entity.fields:
            value = self.shown(golden[known.name], known.name)[0]
            if value is None:
                continue
            how = won.get(known.name, alone)
            if known.name == "customer_code":
                how = {"record_id": None, "rule": ASSIGNED, "losers": 0}
            label = known.label.in_language(self.language)
            cells.append(
                GoldenCell(known.name, label, value, how["record_id"], how["rule"], how["losers"])
            )
        code = golden["customer_code"][0] if "customer_code" in golden.columns else None
        return cells, code

    def reverses(self, plan_id: str) -> str | None:
        """The plan that this one took back."""
        header = plan_header(self.session, plan_id)
        return header.reverses if header is not None else None

    def target(self, golden: str, members: list[Member]) -> TargetRow | None:
        """The row in the CRM now; None when there is none, or the CRM cannot be read."""
        known = [m.target_key for m in members if m.target_key is not None]
        word = SEALED.in_language(self.language)
        try:
            return target_row(
                self.session.project,
                self.session.job.rules.policy,
                self.entity,
                golden,
                known,
                lambda values, name: self.shown(values, name)[0],
                word,
                self.language,
                self.reverses,
            )
        except TargetFault:
            return None


def _of(run: Run, stage: str, name: str, ids: list[str]) -> pl.DataFrame:
    """The rows of these records; empty where the stage has no such table."""
    try:
        return run.read(stage, name).filter(pl.col(RECORD_ID).is_in(ids))
    except NotFound:
        schema = dict.fromkeys((RECORD_ID, SOURCE, FILE, SHEET, "field", "rule"), pl.String)
        return pl.DataFrame(schema={**schema, ROW: pl.Int64})
