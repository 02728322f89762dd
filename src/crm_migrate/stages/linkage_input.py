"""What enters the linkage of an entity: records of the sources and the rows of the CRM."""

import polars as pl

from crm_migrate.linkage.features.evidence import with_children
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.model import Entity
from crm_migrate.plan.target.present import KEY_REFERENCE, resolve_references
from crm_migrate.records import PROVENANCE, RECORD_ID
from crm_migrate.stages import present, standardize
from crm_migrate.stages.job import Job
from crm_migrate.workspace import Run


def linkage_input(job: Job, run: Run, name: str) -> pl.DataFrame:
    """The records of an entity without references that enter linkage, those of the CRM included."""
    entity = job.project.model.entity(name)
    records = run.read(standardize.STAGE, name)
    standing = standing_records(job, run, entity, {})
    entering = entering_records(records, standing, entity)
    return with_children(entering, job.rules.linkage[name], children_of(run, name, standing))


def standing_records(
    job: Job, run: Run, entity: Entity, golden_keys: dict[str, pl.DataFrame]
) -> pl.DataFrame:
    """The CRM's rows as records, references as golden ids where the parent has one."""
    if entity.name not in run.names(present.STAGE):
        schema = dict.fromkeys(
            (RECORD_ID, *PROVENANCE, *entity.field_names, "target_key", "base_id"), pl.String
        )
        return pl.DataFrame(schema={**schema, "inserted": pl.Boolean})
    rows = run.read(present.STAGE, entity.name)
    return resolve_references(entity, rows, golden_keys)


def entering_records(
    records: pl.DataFrame,
    standing: pl.DataFrame,
    entity: Entity,
    rules: LinkageRules | None = None,
) -> pl.DataFrame:
    """Source records and those CRM rows that no plan of ours inserted (decision 3), with the
    fields that the rules look at (without rules: all).
    """
    fields = list(entity.field_names)
    if rules is not None:
        named = {f for rule in rules.features for f in rule.fields}
        named.update(f for key in rules.natural_keys for f in key)
        fields = [f for f in fields if f in named]
    columns = [RECORD_ID, *fields]
    fresh = standing.filter(~pl.col("inserted"))
    return pl.concat([records.select(columns), fresh.select(columns)]).sort(RECORD_ID)


def children_of(run: Run, name: str, standing: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Contacts of the sources and of the CRM, naming their customer by record id."""
    if name != "customer" or "contact" not in run.names(standardize.STAGE):
        return {}
    contacts = [run.read(standardize.STAGE, "contact")]
    if "contact" in run.names(present.STAGE):
        keys = standing.select(
            (pl.lit(KEY_REFERENCE) + pl.col("target_key")).alias("customer"),
            pl.col(RECORD_ID).alias("_customer"),
        )
        held = run.read(present.STAGE, "contact").join(keys, on="customer", how="inner")
        contacts.append(
            held.with_columns(pl.col("_customer").alias("customer")).select(contacts[0].columns)
        )
    return {"contact": pl.concat(contacts)}
