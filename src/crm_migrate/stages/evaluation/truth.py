"""Which records of a run a truth speaks of: by record id, place, declared key, code or CRM key."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crm_migrate.errors import UsageFault
from crm_migrate.language import Text
from crm_migrate.mapping.identity import Kind, look_up_ids
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE, TARGET_SOURCE
from crm_migrate.stages import link, survive
from crm_migrate.stages.bare.tables_read import read_table
from crm_migrate.stages.evaluation.evaluated import truth_table
from crm_migrate.stages.session import Session
from crm_migrate.workspace import Run

_SOURCE_COLUMN = "source"


@dataclass(frozen=True)
class TruthFile:
    """Where the truth stands: a file with a column that names the record and one that says who it
    really is. `source` says to which source of the project the ids belong; without it a column
    `source` of the file does, and otherwise they are looked for everywhere.
    """

    path: Path
    id_column: str
    truth_column: str
    source: str | None = None


def truth_of(
    session: Session, run: Run, records: pl.DataFrame, truth: TruthFile | str
) -> pl.DataFrame:
    """record_id and truth of the customers of a run.

    truth: a file, or the name of a field of the records.

    Raises:
        UsageFault: there is no such column, or no record of the run is named.
        SourceFault: the file cannot be read.
    """
    if isinstance(truth, str):
        fields = [c for c in records.columns if c != RECORD_ID]
        _require(truth, fields, None)
        return truth_table(records[RECORD_ID], records[truth])
    table = read_table(truth.path)
    for column in (truth.id_column, truth.truth_column):
        _require(column, table.columns, truth.path)
    told = table[_SOURCE_COLUMN] if _SOURCE_COLUMN in table.columns else None
    given = pl.DataFrame(
        {"id": table[truth.id_column].str.strip_chars(), "truth": table[truth.truth_column]}
    ).with_columns(source=pl.lit(truth.source, dtype=pl.String) if told is None else told)
    if truth.source is not None:
        given = given.filter(pl.col("source") == truth.source)
    ways = _ways(session, run, given["id"].unique().drop_nulls().sort())
    any_source = pl.col("source").is_null() | (pl.col("source") == pl.col("of"))
    found = given.join(ways, on="id", how="inner").filter(any_source)
    if found.is_empty():
        raise UsageFault(
            Text("the truth names no customer of this run", "真值未对应到本次运行的任何客户"),
            where=truth.path.name,
            remedy=Text(
                "the id column holds record ids, keys or codes of the sources, or FILE:SHEET:ROW",
                "标识列应为记录标识、来源的主键或客户编号，或 文件:工作表:行",
            ),
        )
    return truth_table(found[RECORD_ID], found["truth"])


def _ways(session: Session, run: Run, ids: pl.Series) -> pl.DataFrame:
    """id, of (source) and record_id: everything that an id may mean, the record id foremost."""
    cross = run.read(survive.STAGE, "crosswalk").with_columns(of=pl.col(SOURCE))
    rows = pl.concat_str(FILE, SHEET, ROW, separator=":", ignore_nulls=True)
    parts = [
        cross.select(pl.col(RECORD_ID).alias("id"), "of", RECORD_ID),
        cross.select(rows.alias("id"), "of", RECORD_ID),
        *_keys(session, run, ids, cross),
        cross.select(pl.col("old_code").alias("id"), "of", RECORD_ID),
        *_standing(session, run),
    ]
    every = pl.concat(parts).drop_nulls("id").unique(maintain_order=True)
    return every.filter(pl.col(RECORD_ID).n_unique().over("id", "of") == 1)


def _keys(session: Session, run: Run, ids: pl.Series, cross: pl.DataFrame) -> list[pl.DataFrame]:
    """Record ids as the keys that mappings declare make them."""
    known = cross.select("of", RECORD_ID)
    found = []
    for source, mapping in sorted(session.project.mappings.items()):
        for table in mapping.tables:
            for record in table.records:
                key = table.key if record.key is None else record.key
                if record.entity != "customer" or len(key) != 1:
                    continue
                kind = Kind(source, table.table, record.entity)
                made = look_up_ids(session.job.keyring.record_key, kind, [ids])
                looked_up = pl.DataFrame({"id": ids, RECORD_ID: made}).drop_nulls()
                found.append(looked_up.join(known, on=RECORD_ID).select("id", "of", RECORD_ID))
    return found


def _standing(session: Session, run: Run) -> list[pl.DataFrame]:
    """Rows of the CRM by their key there; their source is the target's name, or @target."""
    members = run.read(link.STAGE, "members.customer").drop_nulls("target_key")
    return [
        members.select(pl.col("target_key").alias("id"), pl.lit(name).alias("of"), RECORD_ID)
        for name in (session.project.settings.target.name, TARGET_SOURCE)
    ]


def _require(column: str, known: list[str], path: Path | None) -> None:
    if column not in known:
        raise UsageFault(
            Text(f"there is no column '{column}'", f"没有列“{column}”"),
            where=None if path is None else path.name,
            remedy=Text("columns: " + ", ".join(known), "现有列:" + "、".join(known)),
        )
