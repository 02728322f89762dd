"""One acceptance workbook per department or owner, and an index of them (R-6.6)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from crm_migrate.errors import NotFound, UsageFault
from crm_migrate.language import Language, Text
from crm_migrate.plan.change import Action
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.scope import OUTSIDE
from crm_migrate.plan.show.choice import Choice
from crm_migrate.plan.show.names import Names
from crm_migrate.plan.show.pack import (
    NOBODY,
    IndexLine,
    Pack,
    file_name,
    index_workbook,
    pack_workbook,
)
from crm_migrate.protection.policy import Audience, Treatment
from crm_migrate.quality.control_totals import record_totals
from crm_migrate.reports.versions import together
from crm_migrate.stages import survive
from crm_migrate.stages.planning.pack_samples import samples
from crm_migrate.stages.planning.parts import actions_by_head, parts
from crm_migrate.stages.planning.plans import open_to_read
from crm_migrate.stages.planning.view import names_of, stored_run, view_of
from crm_migrate.stages.session import Session
from crm_migrate.trust.private_files import private_folder, write_private
from crm_migrate.workspace import Run

By = Literal["department", "owner"]
KINDS: dict[By, Text] = {
    "department": Text("department", "部门"),
    "owner": Text("owner", "负责人"),
}
CUSTOMER = "customer"


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
        actions = actions_by_head(stored, heads)
        found = samples(session, run, names, actions)
        for done, (head, part) in enumerate(parts(stored, heads, actions)):
            session.job.progress("packs", done, len(packs))
            ids = packs[head,]["golden_id"]
            pack = _pack(session, run, part, names, by, head, ids, _counts(actions, head))
            pack = replace(pack, sample=tuple(found.get(head, ())))
            title = str(head or NOBODY.in_language(language))
            file = file_name(title, [line.file for line in lines])
            write_private(place / file, pack_workbook(pack, key))
            written = sum(n for c in pack.counts.values() for a, n in c.items() if a != "unchanged")
            lines.append(IndexLine(title, file, len(ids), written))
        session.job.progress("packs", len(packs), len(packs))
        nothing = view_of(session, run, stored, language, Choice(size=0))
    index = place / file_name(Text("index", "目录").in_language(language), [i.file for i in lines])
    write_private(index, index_workbook(lines, KINDS[by], nothing))
    about: dict[str, str | int | bool | None] = {
        "plan": header.plan_id,
        "by": by,
        "packs": len(lines),
        "sha256": together([*(place / line.file for line in lines), index]),
    }
    session.record("system", "plan.packs", about)
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
    counts: dict[str, dict[str, int]],
) -> Pack:
    language = names.language
    choice = Choice(groups=tuple(customers))
    view = view_of(session, run, plan, language, choice)
    title = head or NOBODY.in_language(language)
    return Pack(
        kind=KINDS[by],
        name=title,
        view=replace(view, risks=(), findings=()),
        customers=len(customers),
        counts=counts,
        sample=(),
        sums=() if by == "department" else tuple(_sums(session, run, names, customers)),
        department=(head or "") if by == "department" else None,
    )


def _counts(actions: dict[str, pl.DataFrame], head: str | None) -> dict[str, dict[str, int]]:
    """Entity → action → operations of one department or owner."""
    mine = {e: f.filter(pl.col("head").eq_missing(pl.lit(head))) for e, f in actions.items()}
    return {
        entity: {str(a): int(n) for a, n in found["action"].value_counts().rows()}
        for entity, found in mine.items()
        if found.height
    }


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


def _run_gone(plan_id: str) -> NotFound:
    return NotFound(
        Text("what the run of this plan held is no longer kept", "该计划对应的运行数据已清除"),
        where=plan_id,
        remedy=Text("make a new plan: crm-migrate plan", "请重新生成计划:crm-migrate plan"),
    )
