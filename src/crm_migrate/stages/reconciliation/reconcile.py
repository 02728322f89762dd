"""The reconciliation report: every accepted source record beside its row in the CRM (R-6.6)."""

from pathlib import Path

import polars as pl

from crm_migrate.language import Language
from crm_migrate.loading.books import FAILED, SKIPPED
from crm_migrate.loading.ledger.rows import base_of, read_ledger
from crm_migrate.loading.reconcile import (
    Reconciled,
    Side,
    filled_cells,
    reasons_of,
    reconcile,
)
from crm_migrate.plan.change import Plan
from crm_migrate.plan.digest import preconditions, row_columns
from crm_migrate.plan.show.sheets import workbook_bytes
from crm_migrate.plan.target.present import resolve_references
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.protection.private_persons import persons_of
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE
from crm_migrate.stages import extract, survive
from crm_migrate.stages.bare.table_files import require_suffix, write_file
from crm_migrate.stages.finished import open_finished
from crm_migrate.stages.planning.plans import entity_labels, field_labels, open_checked
from crm_migrate.stages.present import as_records, columns_read, read_lookups
from crm_migrate.stages.reconciliation.reconciled import MOST_CELLS, EntityReport, Report
from crm_migrate.stages.reconciliation.sheets import report_sheets
from crm_migrate.stages.session import Session
from crm_migrate.stages.shown_cells import Eyes
from crm_migrate.state.plans import list_plans
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetReader
from crm_migrate.trust.roles import Action
from crm_migrate.workspace import Run


def reconcile_run(
    session: Session,
    name: str = "latest",
    *,
    out: Path | None = None,
    by: str | None = None,
    language: Language = "en",
) -> Report:
    """Compare a run's accepted records with the CRM as it stands now; nothing is written there.

    `out`: a workbook (.xlsx), masked, to be written.

    Raises:
        NotFound: there is no such run.
        TargetFault: the target can't be read.
        UsageFault: `out` is no .xlsx file.
    """
    if by is not None:
        session.person(by, Action.VERIFY)
    if out is not None:
        require_suffix(out, (".xlsx",))
    eyes = Eyes(session.job.rules.policy, False, language, session.job.keyring)
    with open_finished(session, name) as run:
        plan = _plan_of(session, run.id)
        with open_target(session.project.target_url).reading() as reader:
            sides = _sides(session, run, reader, plan)
        entities = {}
        for done, (entity, side) in enumerate(sides.items()):
            session.job.progress("reconcile", done, len(sides))
            entities[entity] = _compared(session, run, entity, side, eyes)
        session.job.progress("reconcile", len(sides), len(sides))
        run_id = run.id
    report = Report(
        run=run_id,
        plan=plan.header.plan_id if plan is not None else None,
        entities=entities,
        labels=entity_labels(session, language),
        fields=field_labels(session, language),
        file=str(out) if out is not None else None,
    )
    if out is not None:
        write_file(out, workbook_bytes(report_sheets(report, language)))
    return report


def _plan_of(session: Session, run: str) -> Plan | None:
    """The run's migration: the one that was applied, else the newest."""
    known = [e for e in list_plans(session.state) if e.run == run]
    known.sort(key=lambda e: e.state in ("applied", "applying"), reverse=True)
    for entry in known:
        _, plan = open_checked(session, entry.plan_id)
        if plan.header.kind == "migration":
            return plan
    return None


def _sides(session: Session, run: Run, reader: TargetReader, plan: Plan | None) -> dict[str, Side]:
    """Every entity of the run that the CRM holds, as it stands there now."""
    job, mapping = session.job, session.project.target
    schema, lookups = reader.describe(), read_lookups(reader, mapping)
    names = [n for n in mapping.entities if n in run.names(survive.STAGE)]
    operations = {} if plan is None else plan.operations
    left = {}
    if plan is not None:
        ledger = read_ledger(reader, plan.header.plan_id)
        refused = ledger.filter(pl.col("result").is_in([SKIPPED, FAILED]))
        left = {str(e): part for (e,), part in refused.group_by("entity")}
    reasons = reasons_of(operations, left)
    rows: dict[str, pl.DataFrame] = {}
    keys: dict[str, pl.DataFrame] = {}
    based: dict[str, pl.DataFrame] = {}
    for name in names:
        entity = mapping.entities[name]
        stored = reader.read_table(entity.table, columns_read(entity, schema))
        base = base_of(reader, name)
        planned = operations[name].select("golden_id", "target_key") if name in operations else None
        keys[name] = _golden_keys(base, planned)
        whole = row_columns(entity)
        now = stored.select(
            pl.col(entity.key).alias("target_key"),
            preconditions(job.keyring.digest_key, stored.select(whole)).alias("_now"),
        )
        as_left = (pl.col("raw_digest") == pl.col("_now")).alias("as_left")
        based[name] = base.join(now, on="target_key").select("golden_id", as_left)
        rows[name] = as_records(job, name, stored, lookups)
    none = pl.DataFrame(schema={"golden_id": pl.String, "reason": pl.String})
    sides = {}
    for name in names:
        present = resolve_references(session.project.model.entity(name), rows[name], keys)
        present = present.join(keys[name], on="target_key").unique("golden_id", keep="first")
        sides[name] = Side(present, based[name], reasons.get(name, none))
    return sides


def _golden_keys(base: pl.DataFrame, planned: pl.DataFrame | None) -> pl.DataFrame:
    """target_key and golden_id: what was applied, else what the plan found there."""
    parts = [base.select("target_key", "golden_id")]
    if planned is not None:
        parts.append(planned.select("target_key", "golden_id").drop_nulls())
    both = pl.concat(parts).unique("target_key", keep="first", maintain_order=True)
    return both.unique("golden_id", keep="first", maintain_order=True)


def _compared(session: Session, run: Run, name: str, side: Side, eyes: Eyes) -> EntityReport:
    entity = session.project.model.entity(name)
    policy = session.job.rules.policy
    fields = session.project.target.entities[name].fields
    treated = {f: policy.treatment(name, f, Audience.TARGET) for f in fields}
    golden = run.read(survive.STAGE, name)
    members = run.read(survive.STAGE, f"members.{name}")
    sourced = run.read(survive.STAGE, f"records.{name}").join(members, on=RECORD_ID, how="semi")
    raw = run.read(extract.STAGE, name) if name in run.names(extract.STAGE) else sourced.clear()
    found = reconcile(
        entity,
        raw,
        sourced,
        members,
        golden,
        run.read(survive.STAGE, f"lineage.{name}"),
        side,
        mapped=[f for f, t in treated.items() if t is not Treatment.FORBID],
        sealed=[f for f, t in treated.items() if t in (Treatment.SEAL, Treatment.INDEX)],
        most=MOST_CELLS,
    )
    persons = sourced.filter(persons_of(sourced, entity))[RECORD_ID]
    shown = _masked(session, name, found, eyes, persons)
    places = sourced.select(RECORD_ID, SOURCE, FILE, SHEET, ROW)
    return EntityReport(found, places, filled_cells(entity, sourced), shown)


def _masked(
    session: Session, name: str, found: Reconciled, eyes: Eyes, persons: pl.Series
) -> pl.DataFrame:
    """The differing cells as reports show them; `persons`: records of private persons."""
    entity = session.project.model.entity(name)
    known = found.records.select(RECORD_ID, "golden_id")
    parts = [found.differing.clear().with_columns(golden_id=pl.lit(None, pl.String))]
    for (field,), cells in found.differing.group_by("field", maintain_order=True):
        side = cells.join(known, on=RECORD_ID, how="left", maintain_order="left")
        ours, theirs = eyes.pair(
            entity,
            str(field),
            side["golden_id"],
            side["source_value"],
            side["target_value"],
            side[RECORD_ID].is_in(persons.implode()),
        )
        masked = (
            pl.Series("source_value", ours, dtype=pl.String),
            pl.Series("target_value", theirs, dtype=pl.String),
        )
        parts.append(side.with_columns(masked))
    return pl.concat(parts)
