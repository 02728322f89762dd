"""The rows of one table of a file as raw records, with the ids that people see (§14)."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.mapping.apply import map_table
from crm_migrate.mapping.damage import with_damage
from crm_migrate.mapping.identity import key_text
from crm_migrate.mapping.origins import origins
from crm_migrate.mapping.rules import KEY_MISSING, KEY_REPEATED, NO_RECORD
from crm_migrate.model import Model
from crm_migrate.project.mapping_file import SourceMapping, TableMapping
from crm_migrate.protection.admission import admit
from crm_migrate.protection.policy import Policy
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE, findings_where
from crm_migrate.stages.bare.file_mappings import FileMappings, FileTable
from crm_migrate.stages.extract import columns_by_field

NO_KEY = b"\0" * 32
"""Without a project there is no secret: ids are digests of names and contents."""
SHOWN_ID = "_shown"


@dataclass(frozen=True)
class MappedRows:
    """What mapping made of one table."""

    records: Mapping[str, pl.DataFrame]
    findings: tuple[pl.DataFrame, ...]
    ambiguous: pl.Series
    ids: pl.DataFrame
    references: Mapping[str, pl.DataFrame]


def map_rows(
    table: FileTable, rows: pl.DataFrame, found: FileMappings, model: Model, policy: Policy
) -> MappedRows:
    """Map the rows of one table."""
    info, mapping = table.table.info, table.mapping
    mapped = map_table(
        rows, mapping, table.source, info.file, info.sheet, model, found.value_maps, NO_KEY
    )
    records, damaged = with_damage(mapped, table.table.damage(), mapping, table.source)
    # A row has one key: that of what it stands for. What it says of others has no id of its own.
    of_keys = pl.col("rule").is_in([KEY_MISSING.code, KEY_REPEATED.code])
    own = ~of_keys | (pl.col("entity") == found.entity)
    # A carried column stays as it is: nothing was repaired in it, and what it means is not known.
    as_it_is = pl.col("field").is_in(list(found.carried)) & (pl.col("severity") == "repair")
    findings = [mapped.findings.filter(own), damaged.filter(~as_it_is)]
    source = SourceMapping(source=table.source, tables=(mapping,))
    for name, frame in records.items():
        columns = columns_by_field(origins(name, [source]))
        admitted = admit(frame, model.entity(name), policy, columns)
        records[name] = admitted.records
        findings.append(admitted.findings)
    main, record = records[found.entity], table.record(found.entity)
    shared = record is not None and record.key is not None
    lost = rows.clear() if shared else rows.join(main, on=ROW, how="anti", maintain_order="left")
    place = lost.select(
        pl.lit(None, dtype=pl.String).alias(RECORD_ID),
        pl.lit(table.source).alias(SOURCE),
        pl.lit(info.file).alias(FILE),
        pl.lit(info.sheet, dtype=pl.String).alias(SHEET),
        pl.col(ROW).cast(pl.Int64),
    )
    told = mapped.findings.filter(pl.col("rule") == NO_RECORD.code)["row"]
    untold = ~place[ROW].is_in(told.implode())
    findings.append(findings_where(place, untold, entity=found.entity, field="", rule=NO_RECORD))
    ids = pl.concat([main.select(place.columns), place])
    if table.id_column is not None:
        ids = _named(ids, rows, table.id_column, mapped.findings, table.prefix)
    else:
        ids = ids.with_columns(pl.col(RECORD_ID).alias(SHOWN_ID))
    keys = {n: _reference_keys(mapping, n, rows, f) for n, f in records.items()}
    return MappedRows(records, tuple(findings), mapped.ambiguous, ids, keys)


def _named(
    ids: pl.DataFrame, rows: pl.DataFrame, column: str, findings: pl.DataFrame, prefix: str
) -> pl.DataFrame:
    """SHOWN_ID: what the id column says, unless it is empty or stands in several rows."""
    named = rows.select(ROW, (prefix + key_text(rows[column])).alias(SHOWN_ID))
    several = ids[ROW].is_duplicated() & ids[RECORD_ID].is_not_null()
    unusable = findings.filter(pl.col("rule").is_in([KEY_MISSING.code, KEY_REPEATED.code]))
    own = pl.col(RECORD_ID).is_in(unusable[RECORD_ID].implode()) | several
    return ids.join(named, on=ROW, how="left", maintain_order="left").with_columns(
        pl.when(own).then(RECORD_ID).otherwise(SHOWN_ID).alias(SHOWN_ID)
    )


def _reference_keys(
    mapping: TableMapping, entity: str, rows: pl.DataFrame, records: pl.DataFrame
) -> pl.DataFrame:
    """record_id, and for each looked-up reference the key as the table has it."""
    keys = {
        name: pl.concat_str([key_text(rows[c]) for c in o.source_columns], separator="/")
        for r in mapping.records
        if r.entity == entity
        for name, o in r.fields.items()
        if o.table is not None
    }
    named = rows.select(ROW, *(k.alias(n) for n, k in keys.items()))
    return records.select(RECORD_ID, ROW).join(named, on=ROW, how="left").drop(ROW)
