"""The project's rules that look at other records, judged over all accepted records at once."""

from collections.abc import Collection, Mapping
from datetime import date

import polars as pl

from crm_migrate.errors import NotFound
from crm_migrate.language import Text
from crm_migrate.mapping.origins import origins
from crm_migrate.model import Model
from crm_migrate.project.mapping_file import SourceMapping
from crm_migrate.records import (
    PROVENANCE,
    RECORD_ID,
    SOURCE,
    Rule,
    Severity,
    concat_findings,
    findings_where,
)
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import STANDARDIZED
from crm_migrate.standards.rules.judging import judged_together, weighed
from crm_migrate.standards.rules.records import RecordRules
from crm_migrate.standards.rules.verification import RULES
from crm_migrate.workspace import Run

OWN_RULES = "x_rules"
"""Table of the stage `standardized`: the texts of the project's rules, as they were then."""


def judge(job: Job, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What these rules find in the accepted records, by entity, as findings."""
    project = job.project
    return judge_records(
        tables, project.model, job.rules.records, project.mappings.values(), job.clock().date()
    )


def judge_records(
    tables: Mapping[str, pl.DataFrame],
    model: Model,
    rules: RecordRules,
    mappings: Collection[SourceMapping],
    today: date,
) -> pl.DataFrame:
    """What the rules that look at other records find in `tables`, by entity, as findings."""
    found = []
    for name, records in tables.items():
        entity = model.entity(name)
        asked = rules.of(name, of_record=False)
        places = origins(name, mappings) if asked else {}
        for field, rule, mask in judged_together(asked, entity, tables, today):
            if not mask.any():
                continue
            columns = {source: column for (source, f), column in places.items() if f == field}
            for weight, here in weighed(rule, name, field, mask, records[SOURCE], rules.severities):
                found.append(
                    findings_where(
                        records, here, entity=name, field=field, rule=rule, columns=columns,
                        severity=weight,
                    )
                )  # fmt: skip
    return concat_findings(found)


def columns_read(job: Job) -> dict[str, list[str]]:
    """By entity: the columns of its table that are read to judge all records at once."""
    model = job.project.model
    read: dict[str, set[str]] = {}
    for verifier in job.rules.verification.values():
        for place in verifier.fields:
            name, _, field = place.partition(".")
            read.setdefault(name, {RECORD_ID, *PROVENANCE}).add(field)
    for rule in (j for j in job.rules.records.judgements if not j.of_record):
        entity = model.entity(rule.entity)
        read.setdefault(rule.entity, {RECORD_ID, *PROVENANCE}).update(rule.columns)
        for asked in (e for e in (rule.check, rule.when) if e is not None):
            for reference, field in asked.through:
                led = str(entity.by_name[reference].references)
                read.setdefault(led, {RECORD_ID, *PROVENANCE}).add(field)
            for figure in asked.aggregates:
                there = read.setdefault(figure.entity, {RECORD_ID, *PROVENANCE})
                there.update(figure.columns, [figure.reference])
    return {name: sorted(columns) for name, columns in read.items()}


def codes(job: Job) -> list[str]:
    """The codes of what is judged over all records at once, verifications included."""
    outside = [RULES[v.kind].code for v in job.rules.verification.values()]
    return [j.rule.code for j in job.rules.records.judgements if not j.of_record] + outside


def write_own_rules(job: Job, run: Run) -> None:
    """Write OWN_RULES: findings are told by the rules of their day, whatever becomes of those."""
    rows = [
        (r.code, str(r.severity), r.message.en, r.message.zh, r.hint.en, r.hint.zh)
        for r in job.rules.records.rules.values()
    ]
    names = ("code", "severity", "en", "zh", "hint_en", "hint_zh")
    schema = dict.fromkeys(names, pl.String)
    run.write(STANDARDIZED, OWN_RULES, pl.DataFrame(rows, schema=schema, orient="row"))


def own_rules(run: Run) -> dict[str, Rule]:
    """The project's rules of a run, by code."""
    try:
        rows = run.read(STANDARDIZED, OWN_RULES).rows()
    except NotFound:
        return {}
    return {
        code: Rule(code, Severity(severity), Text(en, zh), Text(hint_en, hint_zh))
        for code, severity, en, zh, hint_en, hint_zh in rows
    }
