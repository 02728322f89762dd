"""The figures that gates judge: of the plan, of the data's quality, of what moved since."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import polars as pl

from crm_migrate.model import Entity, Field, Model
from crm_migrate.plan.digest import preconditions, row_columns
from crm_migrate.plan.header import ControlTotal, EntityCounts, PlanHeader, RowCounts
from crm_migrate.project import Project
from crm_migrate.project.gates_file import parts
from crm_migrate.project.quality_measures import asked
from crm_migrate.records import RECORD_ID
from crm_migrate.reports.facts import ApplyFacts
from crm_migrate.stages import extract, present, standardize, survive
from crm_migrate.stages.job import Job
from crm_migrate.standards.entity.record_rules import REQUIRED
from crm_migrate.workspace import Run

UNMAPPED_RULES = ("mapping.unmapped_value", "mapping.unknown_owner")


def figures(
    run: Run,
    rows: RowCounts,
    counts: Mapping[str, EntityCounts],
    totals: Iterable[ControlTotal],
    waiting: Mapping[str, int],
    notes: pl.DataFrame,
    moves: pl.DataFrame | None = None,
) -> dict[str, float]:
    """Every figure of the plan itself, whole and by entity, under the names of their gates."""
    data_rows = rows.quarantined + rows.accepted
    findings = run.read(standardize.STAGE, "x_findings")
    standing = {
        n: run.read(present.STAGE, n).height if n in run.names(present.STAGE) else 0 for n in counts
    }
    unmapped = findings.filter(pl.col("rule").is_in(UNMAPPED_RULES))
    misfits = _by_entity(notes.filter(pl.col("reason") == "does_not_fit"))
    merged = {} if moves is None else _by_entity(moves.filter(pl.col("kind") == "merge"))
    by_entity: dict[str, dict[str, float]] = {
        "plan_size": {n: _written(c) + merged.get(n, 0) for n, c in counts.items()},
        "deletions": {n: c.delete for n, c in counts.items()},
        "merges": {n: merged.get(n, 0) for n in counts},
        "conflicts": {n: c.conflict for n, c in counts.items()},
        "does_not_fit": {n: misfits.get(n, 0) for n in counts},
        "unmapped_values": dict(_by_entity(unmapped)),
    }
    changed = {n: c.update + c.delete + merged.get(n, 0) for n, c in counts.items()}
    found = {
        "quarantined_share": _share(rows.quarantined, data_rows),
        "changed_share": _share(sum(changed.values()), sum(standing.values())),
        "open_reviews": waiting["review"],
        "owner_conflicts": waiting["owner_conflict"],
        "control_totals_differ": sum(t.source_amount != t.plan_amount for t in totals),
    }
    for name, parts_of_it in by_entity.items():
        found[name] = sum(parts_of_it.values())
        found |= {f"{name}.{entity}": value for entity, value in parts_of_it.items()}
    found |= {f"changed_share.{n}": _share(changed[n], standing[n]) for n in counts}
    fields = unmapped.group_by("entity", "field").len().iter_rows()
    return found | {f"unmapped_values.{e}.{f}": n for e, f, n in fields}


def quality_figures(run: Run, model: Model, wanted: Iterable[str]) -> dict[str, float]:
    """Completeness, uniqueness and conformity, measured only where a gate asks for them.

    Completeness: filled cells of the golden records for those from whom the field is demanded
    (R-1.3b; of all, where the model does not demand it). Uniqueness: of a field, distinct among
    filled cells of the golden records; of an entity, golden among accepted records. Conformity:
    cells of the sources' records that no rule found fault with, of those filled. GB/T 36344-2018.
    """
    golden = cache(lambda name: run.read(survive.STAGE, name))
    measured: dict[str, Callable[[Entity, str | None], float | None]] = {
        "completeness": lambda entity, field: _completeness(golden(entity.name), entity, field),
        "uniqueness": lambda entity, field: _uniqueness(run, golden(entity.name), entity, field),
        "conformity": lambda entity, field: _conformity(run, entity, field),
    }
    found = {}
    for name in wanted:
        measure, entity, field = parts(name)
        if asked(name) is not None:  # `quality.…`: see stages.quality
            continue
        if measure not in measured or entity not in run.names(survive.STAGE):
            continue
        value = measured[measure](model.entity(entity), field)
        if value is not None:
            found[name] = value
    return found


def drift_figures(
    job: Job,
    run: Run,
    wanted: Iterable[str],
    fingerprint: str,
    last: tuple[PlanHeader, ApplyFacts] | None,
) -> dict[str, float]:
    """What moved since the last applied plan (None: there is none), where a gate asks for it."""
    named = {parts(name)[0] for name in wanted}
    found: dict[str, float] = {}
    if last is not None:
        header, applied = last
        found["schema_drift"] = float(header.target.fingerprint != fingerprint)
        before = header.evidence_parts.get("mappings")
        found["mapping_drift"] = float(before not in (None, mapping_digest(job.project)))
        found["stale_share"] = _stale_share(header, applied)
    if "crm_edits" in named:
        edits = _edits(job, run)
        found["crm_edits"] = sum(edits.values())
        found |= {f"crm_edits.{n}": count for n, count in edits.items()}
    return found


def mapping_digest(project: Project) -> str:
    """SHA-256 over the meaning of all mappings and value maps."""
    meaning = {
        "mappings": {n: m.model_dump(mode="json") for n, m in project.mappings.items()},
        "values": {n: v.model_dump(mode="json") for n, v in project.value_maps.items()},
        "target": project.target.model_dump(mode="json"),
    }
    text = json.dumps(meaning, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _completeness(golden: pl.DataFrame, entity: Entity, field: str | None) -> float | None:
    chosen = [entity.by_name[field]] if field else [f for f in entity.fields if f.required]
    filled = demanded = 0
    for one in chosen:
        if one.name not in golden.columns:
            continue
        mask = _demanded(golden, one)
        demanded += int(mask.sum())
        filled += int((mask & golden[one.name].is_not_null()).sum())
    return filled / demanded if demanded else None


def _demanded(golden: pl.DataFrame, field: Field) -> pl.Series:
    holds = [
        pl.col(c.field).is_in(list(c.values)).fill_null(False)
        for c in field.required_when
        # Where nothing is known of the condition, the field is asked of everybody.
        if c.field in golden.columns and golden[c.field].count()
    ]
    mask = pl.all_horizontal(holds) if field.required and holds else pl.lit(True)
    return golden.select(pl.repeat(True, pl.len()) & mask).to_series()


def _uniqueness(run: Run, golden: pl.DataFrame, entity: Entity, field: str | None) -> float | None:
    if field is None:
        accepted = run.read(survive.STAGE, f"members.{entity.name}").height
        return golden.height / accepted if accepted else None
    values = golden[field].drop_nulls() if field in golden.columns else pl.Series([])
    return values.n_unique() / len(values) if len(values) else None


def _conformity(run: Run, entity: Entity, field: str | None) -> float | None:
    if entity.name not in run.names(extract.STAGE):
        return None
    raw = run.read(extract.STAGE, entity.name)
    chosen = [n for n in ([field] if field else entity.field_names) if n in raw.columns]
    filled = sum(raw[n].count() for n in chosen)
    faulty = (
        run.read(standardize.STAGE, "x_findings")
        .filter(
            pl.col("entity") == entity.name,
            pl.col("field").is_in(chosen),
            pl.col("severity") != "repair",
            pl.col("rule") != REQUIRED.code,
        )
        .select(RECORD_ID, "field")
        .n_unique()
    )
    return max(0.0, 1 - faulty / filled) if filled else None


def _edits(job: Job, run: Run) -> dict[str, int]:
    """By entity: rows that we applied and whose cells are no longer as they were read back."""
    found = {}
    for name, entity in job.project.target.entities.items():
        base = run.read(present.STAGE, f"base.{name}").select("target_key", "raw_digest")
        stored = run.read(present.STAGE, f"stored.{name}")
        rows = stored.with_columns(pl.col(entity.key).cast(pl.String).alias("target_key"))
        known = rows.join(base, on="target_key", how="inner")
        now = preconditions(job.keyring.digest_key, known.select(row_columns(entity)))
        found[name] = int((now != known["raw_digest"]).sum()) if known.height else 0
    return found


def _stale_share(header: PlanHeader, applied: ApplyFacts) -> float:
    planned = sum(_written(c) for c in header.counts.values())
    left = sum(c.skip + c.conflict for c in header.counts.values())
    skipped = sum(c.get("skipped", 0) for c in applied.counts.values())
    return min(1.0, _share(max(0, skipped - left), planned))


def _by_entity(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.group_by("entity").len().iter_rows())


def _written(counts: EntityCounts) -> int:
    return counts.insert + counts.update + counts.delete


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
