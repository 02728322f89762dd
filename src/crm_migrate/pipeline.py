"""The way of the data, stage by stage. Read this first.

    formats, systems → mapping → standards → linkage → golden records → diff → seal → plan
    plan → approve (someone else) → apply → read back → audit report

Each stage reads what the stage before left in the run's encrypted workspace and writes its own
tables there (`stages/`). A run that died goes on at the first stage whose inputs changed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from crm_migrate.errors import IntegrityFault, KeyFault
from crm_migrate.stages.apply import Done, apply_plan
from crm_migrate.stages.apply_request import Requested, request_apply
from crm_migrate.stages.approving.approval_file import export_approval
from crm_migrate.stages.approving.considered import Considered, consider
from crm_migrate.stages.approving.decisions import Decided, decide, override_gate, revoke_decisions
from crm_migrate.stages.bare.file_mappings import map_files
from crm_migrate.stages.bare.link import link_files, suggest_rules, write_clusters
from crm_migrate.stages.bare.match import match_files, write_matches
from crm_migrate.stages.bare.standardize import standardize_files
from crm_migrate.stages.bare.standardized_tables import summary as standardized_summary
from crm_migrate.stages.bare.standardized_tables import write_marked, write_standardized
from crm_migrate.stages.changes import compare
from crm_migrate.stages.check import Checked, check
from crm_migrate.stages.evaluation.engines import compare as compare_engines
from crm_migrate.stages.evaluation.evaluate import evaluate_run
from crm_migrate.stages.evaluation.evaluated import Evaluated
from crm_migrate.stages.evaluation.files import Asked as FilesAsked
from crm_migrate.stages.evaluation.files import evaluate_files
from crm_migrate.stages.evaluation.page import write_evaluation
from crm_migrate.stages.evaluation.truth import TruthFile
from crm_migrate.stages.exports.export import export
from crm_migrate.stages.exports.folder import Exported
from crm_migrate.stages.exports.folder import sweep as sweep_exports
from crm_migrate.stages.extract import extract
from crm_migrate.stages.golden.cells import list_cells, set_golden_cell, withdraw_cell
from crm_migrate.stages.incremental.earlier import last_run
from crm_migrate.stages.link import link, linkage_told
from crm_migrate.stages.planning.asked import Asked, read_listing, to_follow_up, with_exclusions
from crm_migrate.stages.planning.diff import PlanDifference, compare_plans
from crm_migrate.stages.planning.packs import Packs, write_packs
from crm_migrate.stages.planning.pages import write_pages
from crm_migrate.stages.planning.plans import list_plans
from crm_migrate.stages.planning.scope import confined
from crm_migrate.stages.planning.view import Shown, view_plan
from crm_migrate.stages.planning.write import Planned, begun_file, write_plan
from crm_migrate.stages.present import read_target
from crm_migrate.stages.quality.dictionary import (
    compare_versions,
    release_dictionary,
    show_dictionary,
    view_dictionary,
    write_dictionary,
)
from crm_migrate.stages.quality.report import report_quality, view_quality, write_quality
from crm_migrate.stages.quality.rules_test import run_examples
from crm_migrate.stages.quality.verification import standing_answers, verify
from crm_migrate.stages.quarantine.corrections_in import import_quarantine
from crm_migrate.stages.quarantine.overlay import standing as standing_corrections
from crm_migrate.stages.quarantine.standing import list_corrections, withdraw
from crm_migrate.stages.quarantine.workbook_out import export_quarantine
from crm_migrate.stages.reconciliation.reconcile import reconcile_run
from crm_migrate.stages.reconciliation.reconciled import Report
from crm_migrate.stages.report import Written, audit_report, verify_journal
from crm_migrate.stages.retention import sweep
from crm_migrate.stages.review.answers import decide_review, undo_review
from crm_migrate.stages.review.pairs import join_customers, split_customer
from crm_migrate.stages.review.returned import import_reviews
from crm_migrate.stages.review.reviews import assign_reviews, list_reviews, state_digest
from crm_migrate.stages.review.workbook import export_reviews
from crm_migrate.stages.rollback.heaps import RolledBack
from crm_migrate.stages.rollback.take_back import plan_rollback, roll_back
from crm_migrate.stages.sandbox import make_ready, require_laid_out
from crm_migrate.stages.session import TRUST, Session, open_session
from crm_migrate.stages.source_digests import input_digest, is_live
from crm_migrate.stages.standardize import standardize
from crm_migrate.stages.survive import make_golden
from crm_migrate.stages.tracing.history import history
from crm_migrate.stages.tracing.steps import Trace
from crm_migrate.stages.tracing.trace import trace
from crm_migrate.trust.roles import Action
from crm_migrate.workspace import Run

__all__ = [
    "Asked",
    "Checked",
    "Considered",
    "Decided",
    "Done",
    "Evaluated",
    "Exported",
    "FilesAsked",
    "Packs",
    "PlanDifference",
    "Planned",
    "Report",
    "Requested",
    "RolledBack",
    "Session",
    "Shown",
    "Trace",
    "TruthFile",
    "Written",
    "apply_plan",
    "assign_reviews",
    "audit_report",
    "check",
    "compare_engines",
    "compare_plans",
    "compare_versions",
    "consider",
    "decide",
    "decide_review",
    "evaluate_files",
    "evaluate_run",
    "export",
    "export_approval",
    "export_quarantine",
    "export_reviews",
    "follow_up",
    "history",
    "import_quarantine",
    "import_reviews",
    "join_customers",
    "link_files",
    "list_cells",
    "list_corrections",
    "list_plans",
    "list_reviews",
    "make_ready",
    "map_files",
    "match_files",
    "open_session",
    "override_gate",
    "plan",
    "plan_rollback",
    "read_listing",
    "reconcile_run",
    "release_dictionary",
    "report_quality",
    "request_apply",
    "revoke_decisions",
    "roll_back",
    "run_examples",
    "set_golden_cell",
    "show_dictionary",
    "split_customer",
    "standardize_files",
    "standardized_summary",
    "suggest_rules",
    "sweep_exports",
    "trace",
    "undo_review",
    "verify",
    "verify_journal",
    "view_dictionary",
    "view_plan",
    "view_quality",
    "with_exclusions",
    "withdraw",
    "withdraw_cell",
    "write_clusters",
    "write_dictionary",
    "write_evaluation",
    "write_marked",
    "write_matches",
    "write_packs",
    "write_pages",
    "write_quality",
    "write_standardized",
]


def plan(
    session: Session,
    *,
    by: str | None = None,
    scope: Asked | None = None,
    full_linkage: bool = False,
) -> Planned:
    """From the sources to a plan that someone else can approve; writes nothing to the target.

    `scope`: confine it to a part; all stages work on all data nonetheless. `full_linkage`: compare
    all records and train the model anew, though only some changed, and tell where it differs.

    Raises:
        UsageFault: no customer fits the scope.
        SourceFault: a source cannot be read, or a mapped column is missing.
        TargetFault: the target cannot be read, or lacks a mapped column.
        WorkspaceFault: no space, or another run is at work.
        KeyFault: `by` may not plan, or their key does not open.
    """
    job = session.job
    person = session.acting(by, Action.PLAN)
    require_laid_out(session.project)
    sweep(session)
    with session.workspace.begin(unfinished_run(session)) as run:
        about = {"run": run.id, "rules": job.project.digest, TRUST: session.trust.fingerprint}
        session.record(person.id, "plan.begin", about)
        inputs = input_digest(job)
        live = is_live(job)
        with last_run(session.workspace, run, job) as known:
            stage(run, "mapped", inputs, lambda: extract(job, run, inputs, known), again=live)
            corrected = standing_corrections(job, session.state)
            answers = standing_answers(job, session.state)
            given = inputs
            if corrected.digest or answers.digest:
                given = digest(inputs, corrected.digest, answers.digest)
            stage(
                run,
                "standardized",
                given,
                lambda: standardize(job, run, known, corrected, answers),
                again=live,
            )
            present = read_target(job, run)  # always afresh: people work in the CRM meanwhile
            evidence = digest(given, present.digest, state_digest(session.state, job.clock()))
            stage(
                run,
                "linked",
                evidence,
                lambda: link(job, run, session.state, known, afresh=full_linkage),
                again=live or full_linkage,
            )
            stage(
                run,
                "golden",
                evidence,
                lambda: make_golden(job, run, session.state, known),
                again=live or full_linkage,
            )
            part = confined(job, run, scope) if scope is not None else None
            with begun_file(session, run) as file:
                changes = compare(job, run, present, part, file.operations)
                with run.stage("plan", evidence):
                    made = write_plan(session, run, changes, file, person, given, scope, part)
            return replace(made, linkage=linkage_told(run))


def follow_up(session: Session, done: Done, *, by: str | None = None) -> Planned | None:
    """A plan of the groups that an apply left and that may be written now; None where none is.

    What the CRM refused for what it is (an empty cell, a value that is not allowed) stays left:
    it would be refused again. A rollback is not followed up.

    Raises:
        KeyFault, UsageFault: whoever applied may not plan.
        SourceFault, TargetFault, WorkspaceFault: like `plan`.
    """
    groups = to_follow_up(session, done)
    if not groups:
        return None
    planned = plan(session, by=by, scope=Asked(groups=groups, follows=done.plan_id))
    session.record(planned.header.created_by, "plan.follow_up",
                   {"plan": planned.header.plan_id, "follows": done.plan_id})  # fmt: skip
    return planned if planned.state != "empty" else None


def stage(
    run: Run, name: str, inputs: str, work: Callable[[], None], *, again: bool = False
) -> None:
    """Carry out a stage unless it has been done with exactly these inputs, or if `again`."""
    if not again and run.stage_done(name, inputs):
        return
    with run.stage(name, inputs):
        work()


def digest(*parts: str) -> str:
    """SHA-256 over digests."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def unfinished_run(session: Session) -> str | None:
    """The newest run where it died before its plan was written."""
    runs = session.workspace.run_ids()
    if not runs:
        return None
    try:
        with session.workspace.open(runs[-1]) as run:
            done = run.manifest.stages.get("plan")
    except (IntegrityFault, KeyFault):  # changed from outside, or its key is gone: begin afresh
        session.record("system", "run.unreadable", {"run": runs[-1]})
        return None
    if done is not None and done.input_digest:
        return None
    # Someone may have approved the plan already, though the run died before it was told done.
    known = {listed.run for listed in list_plans(session)}
    return None if runs[-1] in known else runs[-1]
