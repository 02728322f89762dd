"""One acceptance workbook per department or owner, and an index of them (R-6.6)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from crm_migrate.errors import NotFound, UsageFault
from crm_migrate.language import Language, Text
from crm_migrate.model import Entity
from crm_migrate.plan.change import Action
from crm_migrate.plan.opened import Opened
from crm_migrate.plan.scope import OUTSIDE
from crm_migrate.plan.show.choice import Choice
from crm_migrate.plan.show.names import Names
from crm_migrate.plan.show.pack import (
    NOBODY,
    IndexLine,
    Pack,
    SampleLine,
    file_name,
    index_workbook,
    pack_workbook,
)
from crm_migrate.plan.show.risks import ACTION_LABELS
from crm_migrate.project.mapping_file import TargetColumn
from crm_migrate.protection.masking import mask_series
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.quality.control_totals import record_totals
from crm_migrate.records import FILE, RECORD_ID, ROW, SHEET
from crm_migrate.stages import extract, survive
from crm_migrate.stages.plan_view import names_of, stored_run, view_of
from crm_migrate.stages.plans import open_to_read
from crm_migrate.stages.session import Session
from crm_migrate.trust.private_files import private_folder, write_private
from crm_migrate.workspace import Run

By = Literal["department", "owner"]
KINDS: dict[By, Text] = {
    "department": Text("department", "部门"),
    "owner": Text("owner", "负责人"),
}
CUSTOMER = "customer"
SAMPLED = {CUSTOMER: 5}
"""Records of an entity that are sampled in each stratum; of others 3."""
_STRATA = (str(Action.INSERT), str(Action.UPDATE), str(Action.UNCHANGED))


@dataclass(frozen=True)
class Packs:
    """What was written."""

    plan_id: str
    by: By
    folder: Path
    index: Path
    lines: tuple[IndexLine, ...]

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        return {
            "plan": self.plan_id,
            "by": self.by,
            "folder": str(self.folder),
            "index": str(self.index),
            "packs": [asdict(line) for line in self.lines],
        }


def write_packs(
    session: Session, name: str, by: By, language: Language, folder: Path | None = None
) -> Packs:
    """Write a workbook for each department or owner that has customers in the plan.

    Raises:
        NotFound: there is no such plan, or what its run held is gone.
        UsageFault: policy does not show that field in reports.
        IntegrityFault: the plan file was altered.
    """
    _, stored = open_to_read(session, name)
    header = stored.header
    with stored, stored_run(session, header.run) as run:
        if run is None:
            raise _run_gone(header.plan_id)
        heads = _heads(session, run, by)
        if header.scope is not None:  # departments that a pilot leaves out have nothing to check
            inside = _inside(stored)
            heads = heads.filter(pl.col("golden_id").is_in(inside.implode()))
        place = folder or session.plan_folder(header.plan_id) / f"packs-{by}"
        private_folder(place) if folder is None else place.mkdir(parents=True, exist_ok=True)
        names = names_of(session, run, language)
        key = session.job.keyring.plan_key(header.plan_id)
        lines: list[IndexLine] = []
        packs = heads.partition_by("head", as_dict=True, maintain_order=True)
        for done, ((head,), customers) in enumerate(packs.items()):
            session.job.progress("packs", done, len(packs))
            ids = customers["golden_id"]
            pack = _pack(session, run, stored, names, by, head, ids)
            title = str(head or NOBODY.in_language(language))
            file = file_name(title, [line.file for line in lines])
            write_private(place / file, pack_workbook(pack, key))
            written = sum(n for c in pack.counts.values() for a, n in c.items() if a != "unchanged")
            lines.append(IndexLine(title, file, len(ids), written))
        session.job.progress("packs", len(packs), len(packs))
        nothing = view_of(session, run, stored, language, Choice(size=0))
    index = place / file_name(Text("index", "目录").in_language(language), [i.file for i in lines])
    write_private(index, index_workbook(lines, KINDS[by], nothing))
    session.record("system", "plan.packs", {"plan": header.plan_id, "by": by, "packs": len(lines)})
    return Packs(header.plan_id, by, place, index, tuple(lines))


def _inside(plan: Opened) -> pl.Series:
    """Groups that the plan does something with, or leaves out for another reason than scope."""
    acting = (pl.col("action") != str(Action.UNCHANGED)) & (pl.col("reason") != OUTSIDE)
    groups = [plan.operations(e).filter(acting).select("group") for e in plan.entities]
    return pl.concat(groups).unique().collect().to_series()


def _heads(session: Session, run: Run, by: By) -> pl.DataFrame:
    """Customers (golden_id) and the department or owner (head) each one belongs to."""
    treatment = session.job.rules.policy.treatment(CUSTOMER, by, Audience.REPORT)
    if treatment is not Treatment.CLEAR:
        raise UsageFault(
            Text(f"policy does not show the {by} of customers in reports",
                 f"策略不允许在报告中显示客户的{KINDS[by].zh}"),
            where="rules/policy.yaml",
            remedy=Text("let reports show it: `clear`", "请将其报告处理方式设为 clear"),
        )  # fmt: skip
    golden = run.read(survive.STAGE, CUSTOMER, ["golden_id", by])
    return golden.select("golden_id", head=by).sort("head", "golden_id", nulls_last=True)


def _pack(
    session: Session,
    run: Run,
    plan: Opened,
    names: Names,
    by: By,
    head: str | None,
    customers: pl.Series,
) -> Pack:
    language = names.language
    choice = Choice(groups=tuple(customers))
    view = view_of(session, run, plan, language, choice)
    actions = {
        entity: plan.operations(entity)
        .filter(pl.col("group").is_in(customers.implode()), pl.col("reason") != OUTSIDE)
        .select("golden_id", "action")
        .collect()
        for entity in plan.entities
    }
    counts = {
        entity: {str(a): int(n) for a, n in found["action"].value_counts().rows()}
        for entity, found in actions.items()
        if found.height
    }
    title = head or NOBODY.in_language(language)
    return Pack(
        kind=KINDS[by],
        name=title,
        view=replace(view, risks=(), findings=()),
        customers=len(customers),
        counts=counts,
        sample=tuple(_sample(session, run, names, actions)),
        sums=() if by == "department" else tuple(_sums(session, run, names, customers)),
        department=(head or "") if by == "department" else None,
    )


def _sums(
    session: Session, run: Run, names: Names, customers: pl.Series
) -> Iterator[tuple[str, str, int, str]]:
    """Amounts of these customers in the plan, by entity and year."""
    for entity in session.project.model.entities:
        if (
            entity.total is None
            or entity.root is None
            or entity.name not in run.names(survive.STAGE)
        ):
            continue
        golden = run.read(survive.STAGE, entity.name)
        mine = golden.filter(pl.col(entity.root).is_in(customers.implode()))
        mine = mine.drop("department", strict=False).with_columns(source=pl.lit(""))
        summed = record_totals(mine, entity.name, entity.total, entity.total_date)
        label = entity.label.in_language(names.language)
        for year, count, amount in summed.select("year", "count", "amount").rows():
            yield label, year, int(count), f"{amount:.2f}"


def _sample(
    session: Session, run: Run, names: Names, actions: dict[str, pl.DataFrame]
) -> Iterator[SampleLine]:
    """Some records of every kind of change, old beside new; the same ones every time."""
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
            .group_by("action", "merged", maintain_order=True)
            .head(SAMPLED.get(entity.name, 3))
            .sort("action", "merged", "golden_id")
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
) -> Iterator[SampleLine]:
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
    olds = {f.name: _texts(records, names, entity, mapped[f.name], f.name) for f in shown}
    news = {f.name: _masked(golden[f.name], names, entity, mapped[f.name], f.name) for f in shown}
    merged = Text("merged of several records", "由多条记录合并").in_language(language)
    for number, (golden_id, action, several) in enumerate(
        drawn.select("golden_id", "action", "merged").rows()
    ):
        label = ACTION_LABELS[action].in_language(language)
        for field in shown:
            old, new = olds[field.name].get(golden_id, ""), news[field.name][number] or ""
            if old or new:
                yield SampleLine(
                    entity=entity.label.in_language(language),
                    stratum=f"{label} · {merged}" if several else label,
                    title=titles[number] or golden_id[:10],
                    places=where.get(golden_id, ""),
                    field=field.label.in_language(language),
                    old=old,
                    new=new,
                )


def _texts(
    records: pl.DataFrame, names: Names, entity: Entity, column: TargetColumn, field: str
) -> dict[str, str]:
    """Golden id → what its records say in a field, masked, each text once."""
    if field not in records.columns:
        return {}
    told = records.select("golden_id", text=_masked(records[field], names, entity, column, field))
    found = told.drop_nulls().group_by("golden_id").agg(pl.col("text").unique(maintain_order=True))
    return {golden: " | ".join(texts) for golden, texts in found.rows()}


def _masked(
    values: pl.Series, names: Names, entity: Entity, column: TargetColumn, field: str
) -> pl.Series:
    if names.policy.treatment(entity.name, field, Audience.REPORT) is Treatment.CLEAR:
        return names.words(entity.by_name[field], column, values)
    return mask_series(values, entity.by_name[field].type)


def _run_gone(plan_id: str) -> NotFound:
    return NotFound(
        Text("what the run of this plan held is no longer kept", "该计划对应的运行数据已清除"),
        where=plan_id,
        remedy=Text("make a new plan: crm-migrate plan", "请重新生成计划:crm-migrate plan"),
    )
