"""The sheets of an export: what a run holds of each kind, as policy shows it in exports."""

from collections.abc import Callable
from typing import Literal

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.linkage.engines.contract import REVIEW_REASONS
from crm_migrate.model import Entity
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.protection.sealing import seal_column
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET, SOURCE
from crm_migrate.stages import extract, link, standardize, survive
from crm_migrate.stages.golden.several_customers import people_at_several_customers
from crm_migrate.stages.judge import own_rules
from crm_migrate.stages.linkage_input import linkage_input
from crm_migrate.stages.quality.findings import rule_of
from crm_migrate.stages.session import Session
from crm_migrate.state.review import tasks
from crm_migrate.workspace import Run

What = Literal["customers", "crosswalk", "findings", "quarantine", "review"]

_PLACE = (SOURCE, FILE, SHEET, ROW)
_PLACE_LABELS = {
    SOURCE: Text("source", "数据源"),
    FILE: Text("file", "文件"),
    SHEET: Text("sheet", "工作表"),
    ROW: Text("row", "行"),
}


def sheets_of(
    session: Session, what: What, run: Run, language: Language
) -> dict[str, pl.DataFrame]:
    """The sheets of one kind of export by title; labels in the language."""
    return _MAKERS[what](session, run, language)


def _customers(session: Session, run: Run, language: Language) -> dict[str, pl.DataFrame]:
    sheets = {}
    for name in ("customer", "contact"):
        if name in run.names(survive.STAGE):
            entity = session.project.model.entity(name)
            golden = run.read(survive.STAGE, name)
            shown = _fields(session, golden, entity, "golden_id", language)
            sheets[entity.label.in_language(language)] = shown
    return sheets


def _crosswalk(session: Session, run: Run, language: Language) -> dict[str, pl.DataFrame]:
    labels = {
        "old_code": Text("old code", "原客户编号"),
        "customer_code": Text("customer code", "客户编号"),
        "golden_id": Text("golden id", "唯一标识"),
        RECORD_ID: Text("record id", "记录标识"),
    }
    rows = run.read(survive.STAGE, "crosswalk").drop_nulls("golden_id")
    frame = rows.sort(SOURCE, SHEET, ROW, RECORD_ID)
    columns = [*_PLACE, *labels]
    named = {n: t.in_language(language) for n, t in (_PLACE_LABELS | labels).items()}
    title = Text("crosswalk", "新旧编号对照").in_language(language)
    return {title: frame.select(columns).rename(named)}


def _findings(session: Session, run: Run, language: Language) -> dict[str, pl.DataFrame]:
    found = run.read(standardize.STAGE, "x_findings").filter(pl.col("severity") != "repair")
    found = pl.concat([found, people_at_several_customers(run)])
    parts = [found.clear().with_columns(pl.lit(None, dtype=pl.String).alias("value"))]
    for (name, field), some in found.group_by(["entity", "field"], maintain_order=True):
        entity = session.project.model.by_name.get(str(name))
        value = None
        if entity is not None and field in entity.by_name:
            raw = run.read(extract.STAGE, entity.name, [RECORD_ID, str(field)]).unique(RECORD_ID)
            joined = some.join(raw, on=RECORD_ID, how="left", maintain_order="left")
            value = _treated(session, joined, entity, str(field), RECORD_ID)
            some = some.with_columns(
                pl.lit(entity.label.in_language(language)).alias("entity"),
                pl.lit(entity.by_name[str(field)].label.in_language(language)).alias("field"),
            )
        empty = pl.Series([None] * some.height, dtype=pl.String)
        parts.append(some.with_columns((empty if value is None else value).alias("value")))
    every = pl.concat(parts).sort("source", "file", "sheet", "row", "field", "rule")
    codes = every["rule"].unique().to_list()
    own = own_rules(run)
    words = {c: rule_of(c, own).message.in_language(language) for c in codes}
    hints = {c: rule_of(c, own).hint.in_language(language) for c in codes}
    told = every.with_columns(
        pl.col("rule").replace_strict(words, return_dtype=pl.String).alias("message"),
        pl.col("rule").replace_strict(hints, return_dtype=pl.String).alias("hint"),
    )
    title = Text("findings", "数据问题").in_language(language)
    return {title: told.drop(RECORD_ID)}


def _quarantine(session: Session, run: Run, language: Language) -> dict[str, pl.DataFrame]:
    rejected = run.read(standardize.STAGE, "x_quarantined")
    found = run.read(standardize.STAGE, "x_findings").filter(pl.col("severity") == "error")
    why = found.group_by(RECORD_ID).agg(pl.col("rule").unique().sort().str.join(" ; "))
    sheets = {}
    for entity in session.project.model.entities:
        here = rejected.filter(pl.col("entity") == entity.name).select(RECORD_ID)
        if here.is_empty():
            continue
        raw = run.read(extract.STAGE, entity.name).join(here, on=RECORD_ID, how="semi")
        records = raw.join(why, on=RECORD_ID, how="left").sort(SOURCE, FILE, SHEET, ROW)
        kept = [*_PLACE, "rule"]
        shown = _fields(session, records, entity, RECORD_ID, language, kept)
        sheets[entity.label.in_language(language)] = shown
    empty = pl.DataFrame(schema={RECORD_ID: pl.String()})
    return sheets or {Text("quarantine", "隔离").in_language(language): empty}


def _review(session: Session, run: Run, language: Language) -> dict[str, pl.DataFrame]:
    """A line per record that takes part in an open question."""
    entity = session.project.model.entity("customer")
    opened = tasks(session.state, status="open")
    members = run.read(link.STAGE, "members.customer").select(RECORD_ID, "golden_id")
    about = ["task_id", "question", "reason", "match_weight"]
    opened = opened.with_columns(pl.col("kind").alias("question"))
    doubtful = opened.filter(pl.col("kind") == "doubtful")
    sides = [
        doubtful.select(*about, pl.col(side).alias(RECORD_ID)) for side in ("left_id", "right_id")
    ]
    claimed = opened.filter(pl.col("kind") != "doubtful").join(
        members, left_on="left_id", right_on="golden_id"
    )
    sides.append(claimed.select(*about, RECORD_ID))
    words = {code: text.in_language(language) for code, text in REVIEW_REASONS.items()}
    places = run.read(standardize.STAGE, "customer", [RECORD_ID, *_PLACE])
    records = (
        pl.concat(sides)
        .join(linkage_input(session.job, run, "customer"), on=RECORD_ID)
        .join(places, on=RECORD_ID, how="left")
        .with_columns(
            pl.col("reason").replace(words),
            pl.col("match_weight").round(1),
            pl.col(SOURCE).fill_null("CRM"),
        )
        .sort("question", "task_id", RECORD_ID)
    )
    shown = _fields(session, records, entity, RECORD_ID, language, [*about, *_PLACE])
    return {Text("review", "待裁决").in_language(language): shown}


_MAKERS: dict[str, Callable[[Session, Run, Language], dict[str, pl.DataFrame]]] = {
    "customers": _customers,
    "crosswalk": _crosswalk,
    "findings": _findings,
    "quarantine": _quarantine,
    "review": _review,
}


def _fields(
    session: Session,
    records: pl.DataFrame,
    entity: Entity,
    identity: str,
    language: Language,
    kept: list[str] | None = None,
) -> pl.DataFrame:
    """The identity, `kept` columns, and each field as policy shows it, under its label."""
    columns = [records[identity]]
    for name in kept or []:
        label = _PLACE_LABELS.get(name)
        columns.append(records[name].alias(label.in_language(language) if label else name))
    taken = {c.name for c in columns}
    for field in entity.fields:
        values = _treated(session, records, entity, field.name, identity)
        if values is not None:
            label_ = field.label.in_language(language)
            name = label_ if label_ not in taken else f"{label_} ({field.name})"
            taken.add(name)
            columns.append(values.alias(name))
    return pl.DataFrame(columns)


def _treated(
    session: Session, records: pl.DataFrame, entity: Entity, field: str, identity: str
) -> pl.Series | None:
    """The field for the audience `export`; None where policy forbids it. Seals bind `identity`."""
    values = records[field]
    match session.job.rules.policy.treatment(entity.name, field, Audience.EXPORT):
        case Treatment.FORBID:
            return None
        case Treatment.MASK:
            return mask_series(values, entity.by_name[field].type)
        case Treatment.SEAL:
            keys = session.job.keyring
            return seal_column(values, records[identity], entity.name, field, keys).values
        case _:
            return values
