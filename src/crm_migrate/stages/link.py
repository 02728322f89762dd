"""Find which records are one: customers by linkage, what hangs on them by natural keys."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import polars as pl
from sqlalchemy.engine import Engine as Database

from crm_migrate.linkage.engines.choice import engine_for
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.features.evidence import with_children
from crm_migrate.linkage.golden.identity import identify, resolve
from crm_migrate.linkage.model.model import Model
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.model import Entity
from crm_migrate.records import RECORD_ID
from crm_migrate.stages import standardize
from crm_migrate.stages.incremental.earlier import Earlier
from crm_migrate.stages.incremental.linkage_memory import STAGE as STAGE
from crm_migrate.stages.incremental.linkage_memory import link_with_memory
from crm_migrate.stages.job import Job, Progress
from crm_migrate.stages.linkage_input import children_of, entering_records, standing_records
from crm_migrate.stages.review.verdicts import binding
from crm_migrate.state.registry import known_members, known_tombstones
from crm_migrate.workspace import Run

DIFFERENCES_TOLD = 20


def link(
    job: Job,
    run: Run,
    state: Database,
    before: Earlier | None = None,
    *,
    afresh: bool = False,
) -> None:
    """Write per entity `records.…`, `members.…`, `tombstones.…`, `splits.…`, `review.…`.

    `records`: standardized source records, references replaced by golden ids. `members`:
    record_id, golden_id, state, `target_key` (for rows of the CRM). `review`: doubtful pairs.
    `x_figures`: one line of JSON with the figures of each linkage. `pairs.customer` (the scored
    pairs inside of clusters and under review) and `x_model` are what `trace` explains by.
    `before`: the last run, from which the linkage of what did not change is taken over; with
    `afresh` everything is compared and the model trained anew, and it is kept where this differs.
    """
    names = [e.name for e in job.project.model.entities if e.name in run.names(standardize.STAGE)]
    golden_keys: dict[str, pl.DataFrame] = {}
    golden_records: dict[str, pl.DataFrame] = {}
    figures = []
    for done, name in enumerate(names):
        job.progress("link", done, len(names))
        entity = job.project.model.entity(name)
        records = _golden_references(run.read(standardize.STAGE, name), entity, golden_records)
        standing = standing_records(job, run, entity, golden_keys)
        result, how, members, fallen, splits = _link_entity(
            job, run, state, entity, records, standing, before, afresh
        )
        own = [f.name for f in entity.references() if f.references == name]
        records = _golden_references(records, entity, {name: members}, own)
        golden_records[name] = members
        golden_keys[name] = members.filter(pl.col("target_key").is_not_null())
        run.write(STAGE, f"records.{name}", records)
        run.write(STAGE, f"members.{name}", members)
        run.write(STAGE, f"tombstones.{name}", fallen)
        run.write(STAGE, f"splits.{name}", splits)
        run.write(STAGE, f"review.{name}", _named(result.review, members))
        if name == "customer":
            _keep_reasons(run, result)
        figures.append(
            _figures(name, result, how, job.rules.linkage[name], records.height, standing.height)
        )
    job.progress("link", len(names), len(names))
    schema = {"entity": pl.String(), "figures": pl.String()}
    run.write(STAGE, "x_figures", pl.DataFrame(figures, schema=schema, orient="row"))


def read_reasons(run: Run) -> Linkage | None:
    """What `explain` needs of the customers' linkage; None where it was not kept."""
    if "pairs.customer" not in run.names(STAGE):
        return None
    model = run.read(STAGE, "x_model")["model"][0]
    empty = pl.DataFrame()
    return Linkage(
        pairs=run.read(STAGE, "pairs.customer"),
        edges=empty,
        clusters=empty,
        review=run.read(STAGE, "review.customer"),
        capped_blocks=empty,
        shared_values=empty,
        model=Model.from_json(model) if model else None,
    )


def _steps(job: Job, entity: str) -> Progress:
    """Progress within the linkage of an entity."""
    return lambda what, done, total: job.progress(f"link {entity}: {what}", done, total)


def _keep_reasons(run: Run, result: Linkage) -> None:
    cluster = result.clusters.select(RECORD_ID, "cluster_id")
    left = cluster.rename({RECORD_ID: "left_id", "cluster_id": "_left"})
    right = cluster.rename({RECORD_ID: "right_id", "cluster_id": "_right"})
    together = (
        result.pairs.join(left, on="left_id", how="left", maintain_order="left")
        .join(right, on="right_id", how="left", maintain_order="left")
        .filter(pl.col("_left") == pl.col("_right"))
        .drop("_left", "_right")
    )
    doubtful = result.pairs.join(result.review, on=["left_id", "right_id"], how="semi")
    both = pl.concat([together, doubtful]).unique(["left_id", "right_id"], keep="first")
    run.write(STAGE, "pairs.customer", both.sort("left_id", "right_id"))
    model = result.model.to_json() if result.model else None
    run.write(STAGE, "x_model", pl.DataFrame({"model": [model]}, schema={"model": pl.String()}))


def linkage_told(run: Run) -> dict[str, dict[str, Any]]:
    """Entity → how its linkage came about (see `Linked`), and of the pairs on which a full pass
    differs the first DIFFERENCES_TOLD, by record ids.
    """
    found: dict[str, dict[str, Any]] = {}
    for entity, line in run.read(STAGE, "x_figures").iter_rows():
        figures = json.loads(line)
        if "linkage_pass" not in figures:
            continue
        told = {k.removeprefix("linkage_"): v for k, v in figures.items() if k[:8] == "linkage_"}
        if (name := f"x_differs.{entity}") in run.names(STAGE):
            told["where"] = run.read(STAGE, name).head(DIFFERENCES_TOLD).to_dicts()
        found[entity] = told
    return found


def _link_entity(
    job: Job,
    run: Run,
    state: Database,
    entity: Entity,
    records: pl.DataFrame,
    standing: pl.DataFrame,
    before: Earlier | None,
    afresh: bool,
) -> tuple[Linkage, dict[str, Any], pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The linkage and how it came about, the members of golden records, the golden ids that gave
    way to others, and those that lost records to another (golden_id, off).
    """
    rules = job.rules.linkage[entity.name]
    steps = _steps(job, entity.name)
    engine = engine_for(rules, key=job.keyring.digest_key, progress=steps)
    children = children_of(run, entity.name, standing)
    entering = with_children(entering_records(records, standing, entity, rules), rules, children)
    said = binding(job, run, state, entity.name, entering[RECORD_ID])
    linked = link_with_memory(
        run, entity.name, engine, entering, rules, said.verdicts, before, afresh
    )
    result = linked.linkage
    result = replace(result, review=said.with_questions(result.review))
    # The target's base is the mirror of the registry: a lost state changes no id.
    based = standing.filter(pl.col("base_id").is_not_null())
    bound = known_members(state, entity.name)
    known = pl.concat(
        [
            _anchors(based, bound),
            bound,
            based.select(
                RECORD_ID,
                pl.col("base_id").alias("golden_id"),
                pl.lit("").alias("founded"),
                pl.lit(True).alias("stands"),
            ),
        ],
        how="diagonal",
    ).unique(RECORD_ID, keep="last", maintain_order=True)
    known = known.with_columns(pl.col("stands").fill_null(False))
    found = identify(result.clusters, known, known_tombstones(state, entity.name))
    gone = pl.concat([known_tombstones(state, entity.name), found.tombstones])
    made = based.filter(pl.col("inserted")).select(
        RECORD_ID,
        resolve(based.filter(pl.col("inserted"))["base_id"], gone).alias("golden_id"),
        pl.lit("kept").alias("state"),
    )
    keys = standing.select(RECORD_ID, "target_key")
    members = pl.concat([found.members, made]).join(keys, on=RECORD_ID, how="left")
    splits = (
        found.members.filter(pl.col("state") == "split")
        .select(RECORD_ID, pl.col("golden_id").alias("off"))
        .join(known.select(RECORD_ID, "golden_id"), on=RECORD_ID)
    )
    splits = splits.select(resolve(splits["golden_id"], gone), "off").unique()
    splits = splits.filter(pl.col("golden_id") != pl.col("off")).sort("golden_id", "off")
    return result, linked.how, members.sort(RECORD_ID), found.tombstones, splits


def _anchors(based: pl.DataFrame, bound: pl.DataFrame) -> pl.DataFrame:
    """The founding records of golden ids that stand in the target and that the state has lost.

    A golden id names its founding record; without this, its cluster would found another id.
    """
    lost = based.filter(~pl.col("base_id").is_in(bound["golden_id"].implode()))
    return lost.select(
        pl.col("base_id").str.slice(1).str.replace(r"\.\d+$", "").alias(RECORD_ID),
        pl.col("base_id").alias("golden_id"),
        pl.lit("").alias("founded"),
    )


def _golden_references(
    records: pl.DataFrame,
    entity: Entity,
    members: dict[str, pl.DataFrame],
    only: list[str] | None = None,
) -> pl.DataFrame:
    """References to records → references to golden records."""
    for field in entity.references():
        known = members.get(field.references or "")
        if known is None or (only is not None and field.name not in only):
            continue
        golden = known.select(pl.col(RECORD_ID).alias(field.name), pl.col("golden_id").alias("_g"))
        records = (
            records.join(golden, on=field.name, how="left", maintain_order="left")
            .with_columns(pl.col("_g").alias(field.name))
            .drop("_g")
        )
    return records


def _named(review: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Doubtful pairs with the golden ids of both sides, unless both ended in one cluster."""
    golden = members.select(RECORD_ID, "golden_id")
    left = golden.rename({RECORD_ID: "left_id", "golden_id": "left_golden"})
    right = golden.rename({RECORD_ID: "right_id", "golden_id": "right_golden"})
    return (
        review.join(left, on="left_id", how="left")
        .join(right, on="right_id", how="left")
        .filter(pl.col("left_golden") != pl.col("right_golden"))
        .sort("left_id", "right_id")
    )


def _figures(
    name: str,
    result: Linkage,
    how: dict[str, Any],
    rules: LinkageRules,
    records: int,
    crm_rows: int,
) -> tuple[str, str]:
    summary = result.summary()
    model = result.model.to_json() if result.model else ""
    figures = {
        "engine": rules.engine,
        "records": records,
        "crm_rows": crm_rows,
        "pairs": summary["pairs"],
        "edges": summary["edges"],
        "clusters": summary["clusters"],
        "largest_cluster": summary["largest_cluster"],
        "review": summary["review"],
        "capped_blocks": len(result.capped_blocks),
        "model": hashlib.sha256(model.encode()).hexdigest(),
    } | {f"linkage_{key}": value for key, value in how.items()}
    return name, json.dumps(figures)
