"""Corrections laid over the raw records that they were made for; the record ids stay.

A corrected record is read as if the source had said so, under the id that it had in quarantine, so
whatever was decided about it stays about it. A correction holds for the raw record that it was made
against: once the source says something else, it no longer applies and that is found.
"""

import hashlib
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Engine as Database

from crm_migrate.model import Entity
from crm_migrate.protection.sealing import unseal_column
from crm_migrate.records import RECORD_ID, Rule, concat_findings, findings_where
from crm_migrate.stages.job import Job
from crm_migrate.stages.kept import STANDARDIZED
from crm_migrate.standards.entity.record_rules import CORRECTED, CORRECTION_STALE
from crm_migrate.state.corrections import corrections
from crm_migrate.trust.keyed_digest import digest_text, framed_text, purpose_key
from crm_migrate.workspace import Run

CORRECTIONS = "x_corrections"
"""Table of the stage `standardized`: entity, record_id, field, digest of what was laid over."""
_SCHEMA = dict.fromkeys(("entity", RECORD_ID, "field", "digest"), pl.String)


@dataclass(frozen=True)
class Corrections:
    """Those that stand: correction_id, entity, record_id, field, value (clear), raw, digest, …"""

    lines: pl.DataFrame

    @property
    def digest(self) -> str:
        """SHA-256 over all of them; empty where there is none."""
        texts = self.lines["digest"].sort().to_list()
        return hashlib.sha256("\n".join(texts).encode()).hexdigest() if texts else ""

    def of(self, entity: str) -> pl.DataFrame:
        """Those of an entity."""
        return self.lines.filter(pl.col("entity") == entity)

    def otherwise(self, before: Run | None, entity: str) -> pl.Series:
        """Records of which an earlier run laid over something else, or nothing."""
        names = list(_SCHEMA)
        now = self.of(entity).select(names)
        then = now.clear()
        if before is not None and CORRECTIONS in before.names(STANDARDIZED):
            then = before.read(STANDARDIZED, CORRECTIONS).filter(pl.col("entity") == entity)
        one = now.join(then, on=names, how="anti")[RECORD_ID]
        two = then.join(now, on=names, how="anti")[RECORD_ID]
        return pl.concat([one, two]).unique()

    def write(self, run: Run) -> None:
        """Write CORRECTIONS."""
        run.write(STANDARDIZED, CORRECTIONS, self.lines.select(list(_SCHEMA)))


NONE = Corrections(pl.DataFrame(schema={**_SCHEMA, **dict.fromkeys(("value", "raw"), pl.String)}))
"""No corrections."""


def standing(job: Job, state: Database) -> Corrections:
    """The corrections that stand, their values opened."""
    lines = corrections(state)
    key = purpose_key(job.keyring.digest_key, "correction")
    parts = []
    for (entity, field), some in lines.group_by(["entity", "field"], maintain_order=True):
        held = some["value"], some[RECORD_ID]
        clear = unseal_column(*held, str(entity), str(field), job.keyring)
        parts.append(some.with_columns(clear.alias("value")))
    opened = pl.concat([lines.clear(), *parts]).sort("correction_id")
    digests = [
        digest_text(key, framed_text(e, r, f, "" if v is None else "=" + v, raw))
        for e, r, f, v, raw in opened["entity", RECORD_ID, "field", "value", "raw"].rows()
    ]
    return Corrections(opened.with_columns(pl.Series("digest", digests, dtype=pl.String)))


def raw_states(job: Job, entity: Entity, raw: pl.DataFrame) -> list[str]:
    """A keyed digest of each raw record: its fields, whatever place it stands in."""
    key = purpose_key(job.keyring.digest_key, "raw record", entity.name)
    names = sorted(n for n in entity.field_names if n in raw.columns)
    return [
        digest_text(key, framed_text(*(t for n, v in zip(names, row, strict=True) if v is not None
                                       for t in (n, v))))
        for row in raw.select(names).iter_rows()
    ]  # fmt: skip


def overlaid(
    job: Job, entity: Entity, raw: pl.DataFrame, given: Corrections
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The raw records as corrected, and what is found about it."""
    mine = given.of(entity.name)
    few = raw.filter(pl.col(RECORD_ID).is_in(mine[RECORD_ID].implode()))
    if few.is_empty():
        return raw, concat_findings([])
    states = pl.DataFrame({RECORD_ID: few[RECORD_ID], "_now": raw_states(job, entity, few)})
    judged = mine.join(states, on=RECORD_ID).filter(pl.col("field").is_in(entity.field_names))
    holds = judged.filter(pl.col("raw") == pl.col("_now"))
    found = []
    for (name,), some in holds.group_by(["field"], maintain_order=True):
        ids = raw[RECORD_ID].is_in(some[RECORD_ID].implode())
        values = dict(some.select(RECORD_ID, "value").iter_rows())
        cell = pl.col(RECORD_ID).replace_strict(values, default=None, return_dtype=pl.String)
        raw = raw.with_columns(
            pl.when(ids).then(cell).otherwise(pl.col(str(name))).alias(str(name))
        )
        found.append(_found(raw, some, entity, str(name), CORRECTED))
    for (name,), some in judged.join(holds, on=["correction_id"], how="anti").group_by(["field"]):
        found.append(_found(raw, some, entity, str(name), CORRECTION_STALE))
    return raw, concat_findings(found)


def _found(
    raw: pl.DataFrame, lines: pl.DataFrame, entity: Entity, field: str, rule: Rule
) -> pl.DataFrame:
    mask = raw[RECORD_ID].is_in(lines[RECORD_ID].implode())
    return findings_where(raw, mask, entity=entity.name, field=field, rule=rule)
