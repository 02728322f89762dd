"""The codes of golden customers: those that the CRM gave out stand; old to new as a table."""

import polars as pl

from crm_migrate.linkage.golden.identity import customer_codes
from crm_migrate.records import PROVENANCE, RECORD_ID, in_id_order
from crm_migrate.stages import present
from crm_migrate.stages.incremental.difference import over
from crm_migrate.stages.incremental.resurvive import Again
from crm_migrate.stages.kept import GOLDEN
from crm_migrate.workspace import Run


def codes_of(run: Run, sources: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """golden_id, customer_code. `sources`: those of `members` that stand in a source."""
    return customer_codes(sources["golden_id"], _taken_codes(members, run))


def _taken_codes(members: pl.DataFrame, run: Run) -> pl.DataFrame:
    """The customer codes that the CRM has given out, by golden id."""
    if "customer" not in run.names(present.STAGE):
        return pl.DataFrame(schema={"golden_id": pl.String(), "customer_code": pl.String()})
    columns = [RECORD_ID, "customer_code", "given_up", "base_id"]
    rows = run.read(present.STAGE, "customer", columns).drop_nulls("customer_code")
    standing = members.filter(pl.col("target_key").is_not_null()).join(rows, on=RECORD_ID)
    key = pl.col("target_key")
    taken = standing.select("golden_id", "customer_code")
    if not standing["golden_id"].is_duplicated().any():
        return taken
    return (
        # Of several rows the one that a merge would keep.
        standing.with_columns(_ours=pl.col("base_id").eq_missing(pl.col("golden_id")))
        .sort("golden_id", "given_up", ~pl.col("_ours"), key.str.len_chars(), key)
        .unique("golden_id", keep="first", maintain_order=True)
        .select("golden_id", "customer_code")
    )


def write_crosswalk(
    run: Run,
    records: pl.DataFrame,
    members: pl.DataFrame,
    golden: pl.DataFrame,
    again: Again | None,
) -> None:
    """Old place and code → golden id and new customer code (R-6.6), by record id."""
    columns = (RECORD_ID, *PROVENANCE, pl.col("customer_code").alias("old_code"))
    rows, owned = records.select(columns), members.select(RECORD_ID, "golden_id")
    if owned[RECORD_ID].equals(rows[RECORD_ID]):
        rows = rows.with_columns(owned["golden_id"])
    else:
        rows = rows.join(owned, on=RECORD_ID, maintain_order="left")
    codes = golden.select("golden_id", "customer_code")
    rows = rows.join(codes, on="golden_id", maintain_order="left")
    if again is None:
        run.write(GOLDEN, "crosswalk", in_id_order(rows))
        return
    gone = pl.concat([rows[RECORD_ID], over(again.members, RECORD_ID)])
    run.write_edited(GOLDEN, "crosswalk", again.known.run, RECORD_ID, gone, in_id_order(rows))
