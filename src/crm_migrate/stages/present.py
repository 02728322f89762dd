"""What stands in the target now: raw rows, the same rows as records, and what we last applied."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crm_migrate.loading.ledger.rows import read_base
from crm_migrate.loading.origin import read_given_up, read_inserted
from crm_migrate.plan.diff.side import AskTaken, Compute
from crm_migrate.plan.merging.moves import given_up
from crm_migrate.plan.target.left_out import left_out
from crm_migrate.plan.target.mapped import require_writable
from crm_migrate.plan.target.present import present_records
from crm_migrate.project.mapping_file import TargetEntity, TargetMapping
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import PRESENT
from crm_migrate.standards.entity.standardize import standardize
from crm_migrate.systems.opening import open_target
from crm_migrate.systems.target import TargetReader, TargetSystem
from crm_migrate.systems.target_schema import KeyPart, TargetSchema
from crm_migrate.workspace import Run

STAGE = PRESENT


@dataclass(frozen=True)
class Present:
    """The target as planning found it."""

    target: TargetSystem
    schema: TargetSchema
    digest: str
    """SHA-256 over all rows that were read."""


def read_target(job: Job, run: Run) -> Present:
    """Write `present/<entity>` (records), `stored.<entity>`, `base.<entity>`, `lookup.<table>`.

    The records carry `target_key`, `base_id` (golden id that the target's base holds for the
    row, or null), `inserted` (whether an earlier plan made the row) and `given_up` (whether it is
    marked as given up for another row); `left.<entity>` holds the records of rows that the mapping
    leaves out. Needs read rights only.

    Raises:
        TargetFault: the target cannot be reached, lacks a mapped table or column, or has one
            that can't be written.
    """
    project = job.project
    target = open_target(project.target_url)
    mapping = project.target
    digest = hashlib.sha256()
    with target.reading() as reader:
        schema = reader.describe()
        require_writable(mapping, schema)
        lookups = read_lookups(reader, mapping)
        stored = {
            name: reader.read_table(entity.table, columns_read(entity, schema))
            for name, entity in mapping.entities.items()
        }
    bases = {name: read_base(target, name) for name in mapping.entities}
    inserted = {name: read_inserted(target, name) for name in mapping.entities}
    with run.stage(STAGE, ""):  # never taken for done: people work in the CRM meanwhile
        for table, rows in lookups.items():
            run.write(STAGE, f"lookup.{table}", rows)
        for done, (name, rows) in enumerate(stored.items()):
            job.progress("CRM", done, len(stored))
            for frame in (rows, bases[name], inserted[name].to_frame()):
                digest.update(_digest(frame))
            entity = mapping.entities[name]
            out = _left_out(entity, rows, schema, target)
            run.write(STAGE, f"left.{name}", as_records(job, name, rows.filter(out), lookups))
            records = as_records(job, name, rows.filter(~out), lookups)
            base = bases[name].select("target_key", pl.col("golden_id").alias("base_id"))
            records = records.join(base, on="target_key", how="left", maintain_order="left")
            made = pl.col("base_id").is_in(inserted[name].implode()).fill_null(False)
            records = records.with_columns(made.alias("inserted"))
            up = given_up(
                entity,
                rows.filter(~out),
                schema.table(entity.table),
                target.stored_form,
            )
            run.write(STAGE, name, _with_given_up(target, name, records, up))
            run.write(STAGE, f"stored.{name}", rows)
            run.write(STAGE, f"base.{name}", bases[name])
    job.progress("CRM", len(stored), len(stored))
    return Present(target, schema, digest.hexdigest())


def _left_out(
    entity: TargetEntity, rows: pl.DataFrame, schema: TargetSchema, target: TargetSystem
) -> pl.Series:
    """Mask of the rows that the mapping leaves out."""
    policy = entity.left_out
    info = None if policy is None else schema.table(entity.table).column(policy.column)
    return left_out(policy, rows, info, target.stored_form)


def asking(target: TargetSystem) -> AskTaken:
    """How the diff asks the target which keys are taken; read rights do."""

    def ask(
        table: str, key: str, wanted: pl.DataFrame, where: str | None, parts: Sequence[KeyPart]
    ) -> pl.DataFrame:
        with target.reading() as reader:
            return reader.taken(table, key, wanted, where=where, parts=parts)

    return ask


def computing(target: TargetSystem) -> Compute:
    """How the diff has the target compute its own expressions; read rights do."""

    def compute(table: str, expressions: Sequence[str], cells: pl.DataFrame) -> pl.DataFrame:
        with target.reading() as reader:
            return reader.computed(table, expressions, cells)

    return compute


def _with_given_up(
    target: TargetSystem, name: str, records: pl.DataFrame, up: pl.Series
) -> pl.DataFrame:
    """A row of ours that a merge gave up has no base row; it belongs to the row that stayed."""
    records = records.with_columns(pl.col("target_key").is_in(up.implode()).alias("given_up"))
    if not len(up):
        return records
    ours = read_given_up(target, name).select("target_key", pl.col("golden_id").alias("_into"))
    records = records.join(ours, on="target_key", how="left", maintain_order="left")
    mine = pl.col("given_up") & pl.col("base_id").is_null() & pl.col("_into").is_not_null()
    return records.with_columns(
        pl.when(mine).then("_into").otherwise("base_id").alias("base_id"),
        (pl.col("inserted") | mine).alias("inserted"),
    ).drop("_into")


def read_lookups(reader: TargetReader, mapping: TargetMapping) -> dict[str, pl.DataFrame]:
    """Table → what the mapping looks up in it."""
    lookups: dict[str, pl.DataFrame] = {}
    for entity in mapping.entities.values():
        for column in entity.fields.values():
            if column.lookup is not None and column.lookup.table not in lookups:
                wanted = sorted({column.lookup.match, column.lookup.value})
                lookups[column.lookup.table] = reader.read_table(column.lookup.table, wanted)
    return lookups


def columns_read(entity: TargetEntity, schema: TargetSchema) -> list[str]:
    """The columns of the entity's table that planning reads.

    Raises:
        TargetFault: a mapped column is missing.
    """
    table = schema.table(entity.table)
    names = {entity.key, *(c.column for c in entity.fields.values())}
    if entity.golden_id is not None:
        names.add(entity.golden_id)
    if entity.left_out is not None:
        names.add(entity.left_out.column)
    if entity.merge is not None:
        names.update(entity.merge.columns)
    for name in names:
        table.column(name)  # a mapped column that is missing is refused here
    return sorted(names)


def as_records(
    job: Job, name: str, rows: pl.DataFrame, lookups: dict[str, pl.DataFrame]
) -> pl.DataFrame:
    """The rows as standardized records: compared and linked in the form of the golden records."""
    project = job.project
    entity = project.model.entity(name)
    sealed = [
        f.name
        for f in entity.fields
        if job.rules.policy.treatment(name, f.name, Audience.TARGET) == Treatment.SEAL
    ]
    records = present_records(
        entity,
        project.target.entities[name],
        rows,
        lookups,
        job.keyring.record_key,
        target=project.settings.target.name,
        sealed=sealed,
    )
    absent = [n for n in entity.field_names if n not in records.columns]
    raw = records.with_columns(pl.lit(None, dtype=pl.String).alias(n) for n in absent)
    clean = standardize(entity, raw.drop("target_key"), project.model, origins={}).records
    # What the standards cannot read, or would turn away, stands as the CRM holds it: it must not
    # pass for empty.
    return (
        raw.join(clean, on="record_id", how="left", suffix=":clean", maintain_order="left")
        .with_columns(pl.coalesce(f"{n}:clean", n).alias(n) for n in entity.field_names)
        .select(raw.columns)
        .sort("record_id")
    )


def _digest(frame: pl.DataFrame) -> bytes:
    if frame.is_empty():
        return b"\0"
    return hashlib.sha256(frame.hash_rows(seed=0).sort().to_numpy().tobytes()).digest()
