"""Cells that people set, put into golden records: above survivorship, while they stand."""

from typing import Any

import polars as pl
from sqlalchemy import Engine as Database

from crm_migrate.instants import rfc3339
from crm_migrate.linkage.golden.identity import resolve
from crm_migrate.model import Entity
from crm_migrate.protection.sealing import unseal_column
from crm_migrate.records import RECORD_ID
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.stages.session import Session
from crm_migrate.state.cells import end_override, standing_overrides
from crm_migrate.state.registry import known_tombstones
from crm_migrate.trust.keyed_digest import digest_text, framed_text, purpose_key
from crm_migrate.workspace import Run

OVERRIDE = "override"
"""Rule of a golden cell that a person set: `override:<person>` in the lineage."""
SETTLED = "x_overrides"
"""Table of the golden stage: override_id, entity, golden_id, field, why (null: it stands)."""
_SCHEMA = {
    "override_id": pl.Int64(),
    **dict.fromkeys(("entity", "golden_id", "field", "why"), pl.String()),
}


def no_overrides() -> pl.DataFrame:
    """An empty table of what became of overrides."""
    return pl.DataFrame(schema=_SCHEMA)


def with_overrides(
    job: Job,
    state: Database,
    entity: Entity,
    records: pl.DataFrame,
    members: pl.DataFrame,
    golden: pl.DataFrame,
    lineage: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Golden records and lineage with the cells that people set, and SETTLED: what became of each.

    records, members: as in `survive`.
    """
    asked = standing_overrides(state, rfc3339(job.clock())).filter(pl.col("entity") == entity.name)
    if asked.is_empty():
        return golden, lineage, no_overrides()
    settled: list[tuple[int, str, str, str, str | None]] = []
    # Tombstones lead a cell to the customer that its own was merged into.
    ids = resolve(asked["golden_id"], known_tombstones(state, entity.name))
    for row, now in zip(asked.iter_rows(named=True), ids, strict=True):
        field = row["field"]
        at = (golden["golden_id"] == now).arg_true()
        own = members.filter(pl.col("golden_id") == now).select(RECORD_ID)
        held = records.join(own, on=RECORD_ID, how="semi")[field]
        why = None
        if not len(at):
            why = "gone"
        elif row["sources"] != sources_digest(job, entity.name, field, held):
            why = "source"
        else:
            value = opened_value(job, row)
            golden = golden.with_columns(golden[field].scatter(at, value))
            losers = held.drop_nulls().filter(held.drop_nulls() != value[0]).n_unique()
            lineage = _with_line(lineage, now, field, row["author"], losers)
        settled.append((row["override_id"], entity.name, now, field, why))
    return golden, lineage, pl.DataFrame(settled, schema=_SCHEMA, orient="row")


def settle_cells(session: Session, run: Run) -> None:
    """End the overrides whose source values, or customer, a run found to be others now."""
    at = rfc3339(session.job.clock())
    over = run.read(GOLDEN, SETTLED).drop_nulls("why")
    for number, why in over["override_id", "why"].rows():
        end_override(session.state, number, why, at)
        session.record("system", "cell.ended", {"override": number, "why": why})


def sources_digest(job: Job, entity: str, field: str, values: pl.Series) -> str:
    """Keyed digest of the values that the sources have for a cell; their order is no part of it."""
    key = purpose_key(job.keyring.digest_key, "cell override", entity, field)
    return digest_text(key, framed_text(*values.drop_nulls().unique().sort().to_list()))


def opened_value(job: Job, row: dict[str, Any]) -> pl.Series:
    """The value in clear; sealed for the golden id under which it was set."""
    return unseal_column(
        pl.Series([row["value"]]),
        pl.Series([row["golden_id"]]),
        row["entity"],
        row["field"],
        job.keyring,
    )


def _with_line(
    lineage: pl.DataFrame, golden_id: str, field: str, author: str, losers: int
) -> pl.DataFrame:
    here = (pl.col("golden_id") == golden_id) & (pl.col("field") == field)
    line = pl.DataFrame(
        {
            "golden_id": [golden_id],
            "field": [field],
            RECORD_ID: [None],
            "source": [None],
            "rule": [f"{OVERRIDE}:{author}"],
            "losers": [losers],
        },
        schema=lineage.schema,
    )
    return pl.concat([lineage.filter(~here), line]).sort("golden_id", "field")
