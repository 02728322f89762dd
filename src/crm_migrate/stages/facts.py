"""What the reports will say about a plan: figures of its run, no personal data."""

import json

import polars as pl

from crm_migrate.protection.admission import CUT_OUT, FORBIDDEN
from crm_migrate.reports.facts import FindingFacts, InputFacts, LinkageFacts, PlanFacts
from crm_migrate.stages import extract, link, standardize
from crm_migrate.stages.changes import Changes
from crm_migrate.stages.judge import own_rules
from crm_migrate.stages.planning.doubles import doubles_left
from crm_migrate.stages.quality.findings import ABSENT, NO_COLUMN, rule_of
from crm_migrate.workspace import Run

_SEVERITIES = ("error", "warning", "repair")


def plan_facts(run: Run, changes: Changes) -> PlanFacts:
    """The figures of a run, in a fixed order."""
    return PlanFacts(
        inputs=_inputs(run),
        findings=finding_facts(run),
        linkage=_linkage(run, changes),
        redacted=_redacted(run),
        duplicates_in_crm=doubles_left(changes.planned).height,
        seconds={n: s.seconds or 0.0 for n, s in run.manifest.stages.items()},
    )


def finding_facts(run: Run) -> tuple[FindingFacts, ...]:
    """How often each rule spoke, the gravest and most frequent first, and of each weight last the
    values that a whole source has no column for.
    """
    findings = run.read(standardize.STAGE, "x_findings")
    counted = findings.group_by("rule", "severity", absent=ABSENT).len()
    found, own = [], own_rules(run)
    for rule, severity, absent, count in counted.iter_rows():
        message = (NO_COLUMN if absent else rule_of(rule, own)).message
        facts = FindingFacts(rule, severity, message.en, message.zh, int(count))
        found.append((_SEVERITIES.index(severity), absent, -count, rule, facts))
    return tuple(facts for *_, facts in sorted(found, key=lambda line: line[:4]))


def _redacted(run: Run) -> dict[str, int]:
    """`entity.field` → cells from which policy kept something out of the workspace."""
    rules = [FORBIDDEN.code, *(r.code for r in CUT_OUT.values())]
    cells = (
        run.read(extract.STAGE, "x_findings")
        .filter(pl.col("rule").is_in(rules))
        .select("record_id", name=pl.concat_str("entity", "field", separator="."))
        .unique()
    )
    return dict(cells.group_by("name").len().sort("name").iter_rows())


def _inputs(run: Run) -> tuple[InputFacts, ...]:
    lines = run.read(standardize.STAGE, "x_rows")
    return tuple(
        InputFacts(
            source=row["source"],
            table=row["table"],
            file=row["file"],
            sha256=row["sha256"],
            read=row["read"],
            non_data=row["non_data"],
            quarantined=row["quarantined"],
            accepted=row["accepted"],
            left_behind=tuple(c for c in row["left_behind"].split("、") if c),
        )
        for row in lines.iter_rows(named=True)
    )


def _linkage(run: Run, changes: Changes) -> LinkageFacts:
    stored = run.read(link.STAGE, "x_figures").filter(pl.col("entity") == "customer")
    figures = json.loads(stored["figures"][0])
    return LinkageFacts(
        engine=figures["engine"],
        records=figures["records"],
        crm_rows=figures["crm_rows"],
        pairs=figures["pairs"],
        edges=figures["edges"],
        clusters=figures["clusters"],
        largest_cluster=figures["largest_cluster"],
        review=changes.waiting["review"],
        owner_conflicts=changes.waiting["owner_conflict"],
        model=figures["model"],
    )
