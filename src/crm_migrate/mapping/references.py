"""References that lead nowhere: a set stage over all records, once every table is mapped."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.mapping import rules
from crm_migrate.model import Model
from crm_migrate.records import RECORD_ID, concat_findings, findings_where


@dataclass(frozen=True)
class Resolved:
    """The records with every dangling reference emptied, and a finding for each of them."""

    records: dict[str, pl.DataFrame]
    findings: pl.DataFrame


def resolve_orphans(
    records: Mapping[str, pl.DataFrame],
    model: Model,
    ambiguous: pl.Series | None = None,
    origins: Mapping[tuple[str, str, str], str] | None = None,
    known: Mapping[str, pl.Series] | None = None,
) -> Resolved:
    """Empty the references to records that do not exist or that a key does not single out.

    Args:
        records: mapped records by entity, of all sources together.
        model: says which fields refer to which entity.
        ambiguous: the ids that `Mapped.ambiguous` of all tables named.
        origins: (entity, source, field) → source column, for the findings.
        known: the ids of all records by entity; default: those of `records`.
    """
    known = {n: f[RECORD_ID] for n, f in records.items()} if known is None else known
    unclear = pl.Series([], dtype=pl.String) if ambiguous is None else ambiguous
    found = []
    resolved: dict[str, pl.DataFrame] = {}
    among = _among(records, model, known)
    for name, frame in records.items():
        cleared = frame
        for field in model.entity(name).references():
            reference = frame[field.name]
            dangling = reference.is_not_null() & ~among[name, field.name].fill_null(False)
            if not dangling.any():
                continue
            several = dangling & reference.is_in(unclear.implode()).fill_null(False)
            columns = {
                s: c for (e, s, f), c in (origins or {}).items() if (e, f) == (name, field.name)
            }
            for rule, mask in ((rules.ORPHAN, dangling & ~several), (rules.AMBIGUOUS, several)):
                found.append(
                    findings_where(
                        frame,
                        mask,
                        entity=name,
                        field=field.name,
                        rule=rule,
                        columns=columns or None,
                    )
                )
            cleared = cleared.with_columns(reference.set(dangling, None).alias(field.name))
        resolved[name] = cleared
    return Resolved(resolved, concat_findings(found))


def _among(
    records: Mapping[str, pl.DataFrame], model: Model, known: Mapping[str, pl.Series]
) -> dict[tuple[str, str], pl.Series]:
    """By entity and field: whether the record referred to is known; null for no reference.

    All fields that refer to one entity are asked about at once: its ids are hashed once.
    """
    referring: dict[str, dict[tuple[str, str], pl.Series]] = {}
    for name, frame in records.items():
        for field in model.entity(name).references():
            referring.setdefault(field.references or "", {})[name, field.name] = frame[field.name]
    found = {}
    for entity, references in referring.items():
        ids = known.get(entity, pl.Series([], dtype=pl.String))
        there = pl.concat(references.values()).is_in(ids.implode())
        start = 0
        for place, column in references.items():
            found[place] = there.slice(start, len(column))
            start += len(column)
    return found
