"""Records that whoever checks a pack looks at: old beside new, drawn the same way every time."""

from collections.abc import Iterator

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity, Field
from crm_migrate.plan.change import Action
from crm_migrate.plan.show.names import Names
from crm_migrate.plan.show.pack import SampleLine
from crm_migrate.plan.show.risks import ACTION_LABELS
from crm_migrate.project.mapping_file import TargetColumn
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.protection.private_persons import covered, persons_of
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.stages import extract, survive
from crm_migrate.stages.session import Session
from crm_migrate.workspace import Run

CUSTOMER = "customer"
SAMPLED = {CUSTOMER: 5}
"""Records of an entity that are sampled in each stratum; of others 3."""
_STRATA = (str(Action.INSERT), str(Action.UPDATE), str(Action.UNCHANGED))


def samples(
    session: Session, run: Run, names: Names, actions: dict[str, pl.DataFrame]
) -> dict[str | None, list[SampleLine]]:
    """By department or owner some records of every kind of change, old beside new; the same ones
    every time. What the run holds is read once for all.
    """
    found: dict[str | None, list[SampleLine]] = {}
    for head, line in _sample(session, run, names, actions):
        found.setdefault(head, []).append(line)
    return found


def _sample(
    session: Session, run: Run, names: Names, actions: dict[str, pl.DataFrame]
) -> Iterator[tuple[str | None, SampleLine]]:
    for entity in session.project.model.entities:
        found = actions.get(entity.name)
        raw_kept = entity.name in run.names(extract.STAGE)
        if found is None or found.is_empty() or not raw_kept:
            continue
        members = run.read(survive.STAGE, f"members.{entity.name}", ["golden_id", RECORD_ID])
        joined = members.filter(pl.col("golden_id").is_in(found["golden_id"].implode()))
        several = joined.group_by("golden_id").len("records")
        strata = found.filter(pl.col("action").is_in(_STRATA)).join(several, on="golden_id")
        # Golden ids are HMACs: their order is as good as drawing lots, and the same every time.
        drawn = (
            strata.with_columns(merged=pl.col("records") > 1)
            .sort("golden_id")
            .group_by("head", "action", "merged", maintain_order=True)
            .head(SAMPLED.get(entity.name, 3))
            .sort("head", "action", "merged", "golden_id")
        )
        if drawn.height:
            yield from _old_and_new(session, run, names, entity, drawn, joined)


def _old_and_new(
    session: Session,
    run: Run,
    names: Names,
    entity: Entity,
    drawn: pl.DataFrame,
    members: pl.DataFrame,
) -> Iterator[tuple[str | None, SampleLine]]:
    language = names.language
    ids = drawn["golden_id"]
    golden = drawn.select("golden_id").join(
        run.read(survive.STAGE, entity.name), on="golden_id", how="left", maintain_order="left"
    )
    mapped = session.project.target.entities[entity.name].fields
    shown = [
        f for n, f in entity.by_name.items()
        if n in mapped and f.references is None and n in golden.columns
        and names.policy.treatment(entity.name, n, Audience.TARGET) is not Treatment.FORBID
    ]  # fmt: skip
    records = (
        members.filter(pl.col("golden_id").is_in(ids.implode()))
        .join(run.read(extract.STAGE, entity.name), on=RECORD_ID)
        .sort("golden_id", FILE, SHEET, ROW)
    )
    titles = names.titles(entity, ids)
    places = records.group_by("golden_id", maintain_order=True).agg(
        pl.concat_str(FILE, SHEET, pl.col(ROW).cast(pl.String), separator=" · ", ignore_nulls=True)
    )
    where = {g: "；".join(p[:3]) + (" …" if len(p) > 3 else "") for g, p in places.rows()}
    persons = persons_of(golden, entity)
    theirs = records["golden_id"].is_in(ids.filter(persons).implode())
    theirs = theirs | persons_of(records, entity)
    olds = {f.name: _texts(records, names, entity, mapped[f.name], f, theirs) for f in shown}
    news = {
        f.name: _masked(golden[f.name], names, entity, mapped[f.name], f, persons) for f in shown
    }
    merged = Text("merged of several records", "由多条记录合并").in_language(language)
    for number, (head, golden_id, action, several) in enumerate(
        drawn.select("head", "golden_id", "action", "merged").rows()
    ):
        label = ACTION_LABELS[action].in_language(language)
        for field in shown:
            old, new = olds[field.name].get(golden_id, ""), news[field.name][number] or ""
            if old or new:
                line = SampleLine(
                    entity=entity.label.in_language(language),
                    stratum=f"{label} · {merged}" if several else label,
                    title=titles[number] or golden_id[:10],
                    places=where.get(golden_id, ""),
                    field=field.label.in_language(language),
                    old=old,
                    new=new,
                )
                yield head, line


def _texts(
    records: pl.DataFrame,
    names: Names,
    entity: Entity,
    column: TargetColumn,
    field: Field,
    persons: pl.Series,
) -> dict[str, str]:
    """Golden id → what its records say in a field, masked, each text once."""
    if field.name not in records.columns:
        return {}
    text = _masked(records[field.name], names, entity, column, field, persons)
    told = records.select("golden_id", text=text)
    found = told.drop_nulls().group_by("golden_id").agg(pl.col("text").unique(maintain_order=True))
    return {golden: " | ".join(texts) for golden, texts in found.rows()}


def _masked(
    values: pl.Series,
    names: Names,
    entity: Entity,
    column: TargetColumn,
    field: Field,
    persons: pl.Series,
) -> pl.Series:
    if names.policy.treatment(entity.name, field.name, Audience.REPORT) is Treatment.CLEAR:
        return covered(names.words(field, column, values), field.type, persons)
    return mask_series(values, field.type)
