"""Bring every record into its standard form; what cannot be identified goes to quarantine."""

import polars as pl

from crm_migrate.mapping.apply import origins
from crm_migrate.mapping.references import resolve_orphans
from crm_migrate.records import RECORD_ID, concat_findings, in_id_order
from crm_migrate.stages import extract
from crm_migrate.stages.earlier import Earlier
from crm_migrate.stages.job import Job
from crm_migrate.standards.entity import standardize as standardize_entity
from crm_migrate.workspace import Run

STAGE = "standardized"


def standardize(job: Job, run: Run, before: Earlier | None = None) -> None:
    """Write `standardized/<entity>`, `_findings`, `_quarantined` and the completed `_rows`.

    `before`: records that are the same there are not standardized again.
    """
    model = job.project.model
    mappings = job.project.mappings.values()
    records: dict[str, pl.DataFrame] = {}
    findings = [run.read(extract.STAGE, "x_findings")]
    quarantined = []
    names = [e.name for e in model.entities if e.name in run.names(extract.STAGE)]
    for done, name in enumerate(names):
        job.progress("standardize", done, len(names))
        mapped = run.read(extract.STAGE, name)
        entity = model.entity(name)
        known = before.known(entity, mapped) if before is not None else None
        fresh = mapped if known is None else known.again
        result = standardize_entity(entity, fresh, model, origins=origins(name, mappings))
        records[name] = result.records
        findings.append(result.findings)
        if known is not None:
            records[name] = pl.concat([known.records, result.records])
            findings.append(known.findings)
        rejected = mapped.join(result.quarantined.select(RECORD_ID), on=RECORD_ID, how="semi")
        quarantined.append(
            rejected.select(
                pl.lit(name).alias("entity"), RECORD_ID, "_source", "_file", "_sheet", "_row"
            )
        )
    job.progress("standardize", len(names), len(names))
    places = {
        (name, source, field): column
        for name in names
        for (source, field), column in origins(name, mappings).items()
    }
    ambiguous = run.read(extract.STAGE, "x_ambiguous")["id"]
    resolved = resolve_orphans(records, model, ambiguous, places)
    for name, frame in resolved.records.items():
        run.write(STAGE, name, in_id_order(frame))
    run.write(STAGE, "x_findings", concat_findings([*findings, resolved.findings]))
    rejected = pl.concat(quarantined)
    run.write(STAGE, "x_quarantined", rejected)
    run.write(STAGE, "x_rows", _rows(run.read(extract.STAGE, "x_rows"), rejected))


def _rows(lines: pl.DataFrame, quarantined: pl.DataFrame) -> pl.DataFrame:
    """Read = non_data + quarantined + accepted, per source table.

    A row is quarantined when its root record is, or when it yielded no record at all.
    """
    rejected = (
        quarantined.group_by("_source", "_file", "_sheet", "entity")
        .agg(pl.col("_row").n_unique().cast(pl.Int64).alias("rejected"))
        .rename({"_source": "source", "_file": "file", "_sheet": "sheet", "entity": "root"})
    )
    keys = ["source", "file", "sheet", "root"]
    return (
        lines.join(rejected, on=keys, how="left", nulls_equal=True)
        .with_columns((pl.col("rejected").fill_null(0) + pl.col("no_record")).alias("quarantined"))
        .with_columns(
            (pl.col("read") - pl.col("non_data") - pl.col("quarantined")).alias("accepted")
        )
        .drop("rejected", "no_record")
    )
