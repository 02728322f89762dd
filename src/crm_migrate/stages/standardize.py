"""Bring every record into its standard form; what cannot be identified goes to quarantine.

Where an earlier run standardized the same records by the same rules, only those are done again
that are new or changed, and those whose references lead to a record that has come or gone.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import polars as pl

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.mapping.origins import origins
from crm_migrate.mapping.references import resolve_orphans
from crm_migrate.model import Entity
from crm_migrate.records import PROVENANCE, RECORD_ID, in_id_order
from crm_migrate.stages import extract
from crm_migrate.stages.incremental.difference import (
    difference,
    here,
    over,
    write_changes,
    write_since,
)
from crm_migrate.stages.incremental.earlier import Earlier, changed, since
from crm_migrate.stages.job import Job
from crm_migrate.stages.judge import codes, columns_read, judge, write_own_rules
from crm_migrate.stages.quality.verification import Answers, no_answers, refuted
from crm_migrate.stages.quarantine.overlay import NONE, Corrections, overlaid
from crm_migrate.standards.entity.found import Found, all_found, findings_by_record, found_of
from crm_migrate.standards.entity.standardize import Standardized
from crm_migrate.standards.entity.standardize import standardize as standardize_entity
from crm_migrate.workspace import Run

STAGE = "standardized"
_NONE = pl.Series(RECORD_ID, [], dtype=pl.String)
_Ids = dict[str, pl.Series]


def standardize(
    job: Job,
    run: Run,
    before: Earlier | None = None,
    corrected: Corrections = NONE,
    answers: Answers | None = None,
) -> None:
    """Write `standardized/<entity>`, `x_findings`, `x_quarantined` and the completed `x_rows`.

    `before`: records that are the same there are not standardized again. `corrected`: what people
    corrected of records in quarantine. `answers`: what verifiers outside have said.
    """
    known = since(run, extract.STAGE, before)
    if known is not None and known.done(STAGE):
        with suppress(NotFound, IntegrityFault):  # the earlier run's: then all is made anew
            _standardize(job, run, known, corrected, answers or no_answers())
            return
    _standardize(job, run, None, corrected, answers or no_answers())


def _standardize(
    job: Job, run: Run, known: Earlier | None, corrected: Corrections, answers: Answers
) -> None:
    model = job.project.model
    names = [e.name for e in model.entities if e.name in run.names(extract.STAGE)]
    results: dict[str, Standardized] = {}
    touched: _Ids = {}
    accepted: _Ids = {}
    for done, name in enumerate(names):
        job.progress("standardize", done, len(names))
        raw, touched[name], accepted[name] = _raw(run, name, known, corrected)
        results[name] = _made(job, name, raw, corrected)
    if known is not None:
        for name, ids in _led_astray(job, run, known, results, touched, accepted).items():
            more = _made(job, name, run.rows(extract.STAGE, name, RECORD_ID, ids), corrected)
            results[name] = _joined(results[name], more)
            touched[name] = pl.concat([touched[name], ids])
    job.progress("standardize", len(names), len(names))
    resolved = resolve_orphans(
        {n: r.records for n, r in results.items()},
        model,
        run.read(extract.STAGE, "x_ambiguous")["id"],
        _places(job, names),
        {n: pl.concat([_less(accepted[n], touched[n]), results[n].records[RECORD_ID]])
         for n in names},
    )  # fmt: skip
    for name, frame in resolved.records.items():
        _write(run, name, in_id_order(frame), touched[name], known)
    found: list[pl.DataFrame | Found] = [r.found for r in results.values()]
    found.append(resolved.findings)
    accepted_now = _accepted(job, run, resolved.records, known)
    together = pl.concat([judge(job, accepted_now), refuted(job, accepted_now, answers)])
    _write_findings(run, found, together, touched, known, codes(job))
    write_own_rules(job, run)
    corrected.write(run)
    _write_quarantined(run, results, touched, known)
    write_since(run, STAGE, known)


def _raw(
    run: Run, name: str, known: Earlier | None, corrected: Corrections
) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """The raw records to standardize, the ids that no longer stand as they did, and the ids that
    the earlier run accepted.
    """
    if known is None:
        return run.read(extract.STAGE, name), _NONE, _NONE
    changes = changed(run, extract.STAGE, name)
    otherwise = corrected.otherwise(known.run, name)
    again = pl.concat([here(changes, RECORD_ID), otherwise]).unique()
    accepted = known.run.read(STAGE, name, [RECORD_ID])[RECORD_ID]
    touched = pl.concat([over(changes, RECORD_ID), again]).unique()
    return run.rows(extract.STAGE, name, RECORD_ID, again), touched, accepted


def _made(job: Job, name: str, raw: pl.DataFrame, corrected: Corrections) -> Standardized:
    model = job.project.model
    raw, told = overlaid(job, model.entity(name), raw, corrected)
    columns = origins(name, job.project.mappings.values())
    rules = job.rules.records.as_of(job.clock().date())
    made = standardize_entity(model.entity(name), raw, model, origins=columns, rules=rules)
    return replace(made, found=all_found([found_of(told), made.found])) if told.height else made


def _accepted(
    job: Job, run: Run, records: Mapping[str, pl.DataFrame], known: Earlier | None
) -> Mapping[str, pl.DataFrame]:
    """All accepted records, as far as rules look at them: `records` are those made just now."""
    if known is None:
        return records
    wanted = columns_read(job)
    return {name: run.read(STAGE, name, wanted[name]) for name in records if name in wanted}


def _joined(one: Standardized, two: Standardized) -> Standardized:
    return Standardized(
        pl.concat([one.records, two.records]),
        all_found([one.found, two.found]),
        pl.concat([one.quarantined, two.quarantined]),
    )


def _led_astray(
    job: Job,
    run: Run,
    known: Earlier,
    results: Mapping[str, Standardized],
    touched: _Ids,
    accepted: _Ids,
) -> _Ids:
    """By entity: other records with a reference to a record that has come or gone."""
    moved = {n: _come_or_gone(accepted[n], touched[n], results[n]) for n in results}
    then, now = (r.read(extract.STAGE, "x_ambiguous")["id"] for r in (known.run, run))
    unclear = pl.concat([_less(then, now), _less(now, then)])
    found = {}
    for name in results:
        ids = _referring(run, job.project.model.entity(name), moved, unclear)
        ids = _less(ids, touched[name])
        if len(ids):
            found[name] = ids
    return found


def _come_or_gone(accepted: pl.Series, touched: pl.Series, result: Standardized) -> pl.Series:
    now = result.records[RECORD_ID]
    then = accepted.filter(accepted.is_in(touched.implode()))
    return pl.concat([_less(then, now), _less(now, then)])


def _referring(run: Run, entity: Entity, moved: _Ids, unclear: pl.Series) -> pl.Series:
    """The records of an entity that refer to any of these ids."""
    wanted = {
        f.name: pl.concat([moved.get(f.references or "", _NONE), unclear])
        for f in entity.references()
    }
    wanted = {name: ids for name, ids in wanted.items() if len(ids)}
    if not wanted:
        return _NONE
    held = run.read(extract.STAGE, entity.name, [RECORD_ID, *wanted])
    any_of_them = pl.any_horizontal(pl.col(n).is_in(ids.implode()) for n, ids in wanted.items())
    return held.filter(any_of_them)[RECORD_ID]


def _less(ids: pl.Series, others: pl.Series) -> pl.Series:
    return ids.filter(~ids.is_in(others.implode())) if len(others) else ids


def _places(job: Job, names: list[str]) -> dict[tuple[str, str, str], str]:
    """(entity, source, field) → source column."""
    return {
        (name, source, field): column
        for name in names
        for (source, field), column in origins(name, job.project.mappings.values()).items()
    }


def _write(
    run: Run, name: str, records: pl.DataFrame, touched: pl.Series, known: Earlier | None
) -> None:
    if known is None:
        run.write(STAGE, name, records)
        return
    old = known.run.rows(STAGE, name, RECORD_ID, touched)
    run.write_edited(STAGE, name, known.run, RECORD_ID, touched, records)
    write_changes(run, STAGE, name, difference(old, records, RECORD_ID, PROVENANCE))


def _write_findings(
    run: Run,
    found: list[pl.DataFrame | Found],
    together: pl.DataFrame,
    touched: _Ids,
    known: Earlier | None,
    codes: list[str],
) -> None:
    """What mapping, the standards, the references and the rules found, by record.

    `together`: what the rules with these `codes` find, of all records.
    """
    mapped = run.read(extract.STAGE, "x_findings")
    if known is None:
        run.write(STAGE, "x_findings", findings_by_record([mapped, *found, together]))
        return
    ids = pl.concat(touched.values())
    nobody = pl.col(RECORD_ID).is_null()
    others, old = _otherwise_judged(known, together, ids, codes)
    found.append(old)
    of_touched = mapped.filter(pl.col(RECORD_ID).is_in(ids.implode()))
    ids = pl.concat([ids, others])
    found.append(together.filter(pl.col(RECORD_ID).is_in(ids.implode())))
    fresh = findings_by_record([of_touched, *found])
    then = known.run.read(extract.STAGE, "x_findings").filter(nobody)
    if mapped.filter(nobody).equals(then):  # what belongs to no record has no key to go by
        run.write_edited(STAGE, "x_findings", known.run, RECORD_ID, ids, fresh)
        return
    old = known.run.read(STAGE, "x_findings").filter(~nobody)
    kept = old.filter(~pl.col(RECORD_ID).is_in(ids.implode()))
    run.write(STAGE, "x_findings", findings_by_record([mapped.filter(nobody), kept, fresh]))


def _otherwise_judged(
    known: Earlier, together: pl.DataFrame, touched: pl.Series, codes: list[str]
) -> tuple[pl.Series, pl.DataFrame]:
    """Records that are as they were, but of which rules find something else beside the others;
    and what else was found of them.
    """
    if not codes:
        return _NONE, together.clear()
    before = known.run.read(STAGE, "x_findings")
    by_rule = pl.col("rule").is_in(codes)
    then = before.filter(by_rule)
    columns = together.columns
    ids = pl.concat(
        one.join(two, on=columns, how="anti", nulls_equal=True)[RECORD_ID]
        for one, two in ((together, then), (then, together))
    )
    ids = _less(ids.drop_nulls().unique(), touched)
    return ids, before.filter(~by_rule & pl.col(RECORD_ID).is_in(ids.implode()))


def _write_quarantined(
    run: Run, results: Mapping[str, Standardized], touched: _Ids, known: Earlier | None
) -> None:
    """`x_quarantined` by entity and id, and `x_rows`, which counts them."""
    then = known.run.read(STAGE, "x_quarantined") if known is not None else None
    parts = []
    for name, result in results.items():
        lines = result.quarantined.select(pl.lit(name).alias("entity"), RECORD_ID, *PROVENANCE)
        if then is not None:
            old = then.filter(
                pl.col("entity") == name, ~pl.col(RECORD_ID).is_in(touched[name].implode())
            )
            lines = pl.concat([old, lines])
        parts.append(in_id_order(lines))
    rejected = pl.concat(parts)
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
        lines.join(rejected, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns((pl.col("rejected").fill_null(0) + pl.col("no_record")).alias("quarantined"))
        .with_columns(
            (pl.col("read") - pl.col("non_data") - pl.col("quarantined")).alias("accepted")
        )
        .drop("rejected", "no_record")
    )
