"""Opening and showing a plan of 1 M operations: to the summary, one page, and `plan diff`."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Action, Plan
from crm_migrate.plan.difference import difference
from crm_migrate.plan.file.header_json import FORMAT
from crm_migrate.plan.file.opened import Opened
from crm_migrate.plan.file.stored import open_plan, open_stored
from crm_migrate.plan.file.writer import write_plan
from crm_migrate.plan.header import EntityCounts, PlanHeader, RowCounts, TargetIdentity
from crm_migrate.plan.show.choice import EVERYTHING, NOTHING, Choice
from crm_migrate.plan.show.names import Names
from crm_migrate.plan.show.view import PlanView, plan_view
from crm_migrate.project.entities_file import standard_model, starter_file
from crm_migrate.project.mapping_file import TargetEntity, TargetMapping
from crm_migrate.protection.policy import parse_policy

CUSTOMERS, CONTACTS = 400_000, 600_000
COLUMNS = 18
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def invented_plan(customers: int = CUSTOMERS, contacts: int = CONTACTS) -> Plan:
    """A plan of invented rows: mostly new, 5 % changes, 1 % left out."""
    operations = {
        "customer": _operations(customers, customers, "g"),
        "contact": _operations(contacts, customers, "c"),
    }
    lineage = {name: _lineage(frame) for name, frame in operations.items()}
    counts = {}
    for name, frame in operations.items():
        acted = dict(frame["action"].value_counts().iter_rows())
        counts[name] = EntityCounts(frame.height, frame.height, **acted)
    header = PlanHeader(
        plan_id="P20260105T090000-0000",
        run="20260105T090000-0000",
        format=FORMAT,
        created_at=NOW,
        created_by="operator",
        expires_at=NOW + timedelta(days=7),
        project="benchmark",
        target=TargetIdentity("crm", "sqlite", "crm.db", "f" * 64, False),
        effect="e" * 64,
        evidence="a" * 64,
        evidence_parts={"inputs": "1" * 64},
        rows=RowCounts(customers + contacts, 0, 0, customers + contacts),
        counts=counts,
        gates=(),
        control_totals=(),
        waiting={"review": 0, "owner_conflict": 0},
        treatments={},
        files={},
    )
    return Plan(header, operations, lineage)


def _operations(number: int, groups: int, letter: str) -> pl.DataFrame:
    n = pl.int_range(number, dtype=pl.Int64)
    kind = n % 100
    action = (
        pl.when(kind == 0)
        .then(pl.lit(str(Action.SKIP)))
        .when(kind <= 5)
        .then(pl.lit(str(Action.UPDATE)))
        .otherwise(pl.lit(str(Action.INSERT)))
    )
    text = pl.lit(letter) + n.hash(7).cast(pl.String).str.zfill(20) + "0" * 12
    frame = pl.select(
        group=pl.lit("g") + (n % groups).hash(7).cast(pl.String).str.zfill(20) + "0" * 12,
        rank=pl.lit(1, pl.Int64),
        action=action,
        golden_id=text,
    )
    update, skip = (pl.col("action") == str(a) for a in (Action.UPDATE, Action.SKIP))
    new = pl.col("action") == str(Action.INSERT)
    frame = frame.with_columns(
        target_key=pl.when(update).then(pl.col("golden_id").str.slice(1, 8)),
        reason=pl.when(new)
        .then(pl.lit("new"))
        .when(update)
        .then(pl.lit("changed"))
        .otherwise(pl.lit("unique_taken:name")),
        precondition=pl.when(update).then(pl.col("golden_id").str.slice(1)),
        conflicts=pl.lit(None, pl.String),
        op_digest=pl.when(~skip).then(
            pl.col("golden_id").str.slice(1) + pl.col("golden_id").str.slice(1)
        ),
    )
    for place in range(COLUMNS):
        value = pl.lit(f"值{place}·") + pl.col("golden_id").hash(place).cast(pl.String).str.head(12)
        written = new | (update & (pl.lit(place) < 2))
        frame = frame.with_columns(
            pl.when(update & (pl.lit(place) < 2))
            .then(pl.lit("旧") + value)
            .alias(f"{BEFORE}c{place}"),
            pl.when(written).then(value).otherwise(pl.lit(UNTOUCHED)).alias(f"{AFTER}c{place}"),
        )
    return frame.with_columns(
        adopt=pl.lit(False), commitments=pl.when(~skip).then(pl.lit('{"c0":"' + "0" * 32 + '"}'))
    )


def _lineage(operations: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        operations.select(
            "golden_id",
            field=pl.lit(f"c{place}"),
            record_id=pl.col("golden_id").str.slice(1),
            rule=pl.lit("agreed"),
            source=pl.lit("sales"),
        )
        for place in range(COLUMNS)
    )


def run() -> list[dict[str, str]]:
    """Seconds on a plan of 1 M operations; the peer opens the whole plan as apply does."""
    key = b"k" * 32
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.crmplan"
        write_plan(path, invented_plan(), key)
        ways: dict[str, Callable[[Opened], object]] = {
            "the summary": lambda plan: _view(plan, NOTHING),
            "a page of 50 in the middle": lambda plan: _view(
                plan, Choice("contact", page=6_000, size=50)
            ),
            "all risky and 50,000 others": lambda plan: _view(plan, EVERYTHING),
            "the same plan compared with itself": _compared,
        }
        begun = perf_counter()
        open_plan(path, key)
        peer = perf_counter() - begun
        lines = []
        for what, way in ways.items():
            begun = perf_counter()
            with open_stored(path, key) as plan:
                way(plan)
            ours = perf_counter() - begun
            lines.append(_line(f"1 M operations: {what} / the whole plan in memory", ours, peer))
    return lines


def _line(what: str, ours: float, peer: float) -> dict[str, str]:
    ratio = f"{peer / ours:.2f} x"
    return {"what": what, "ours": f"{ours:.2f} s", "peer": f"{peer:.2f} s", "ratio": ratio}


def _view(plan: Opened, choice: Choice) -> PlanView:
    file = starter_file("policy.yaml")
    model = standard_model()
    policy, _ = parse_policy(file.data, model, file.where)
    names = Names(model, policy, "en")
    target = TargetMapping(
        target="crm",
        entities={
            entity: TargetEntity.model_validate(
                {"table": entity, "key": "id", "fields": _fields(model.entity(entity))}
            )
            for entity in plan.entities
        },
    )
    return plan_view(
        plan, state="approvable", model=model, target=target, names=names, choice=choice
    )


def _fields(entity: Entity) -> dict[str, str]:
    """The first fields of an entity that refer to nothing, in the columns of the invented rows."""
    names = [f.name for f in entity.fields if f.references is None]
    return {name: f"c{place}" for place, name in enumerate(names[:COLUMNS])}


def _compared(plan: Opened) -> int:
    found = [difference(plan, plan, entity, lambda *given: given[2]) for entity in plan.entities]
    return sum(f.same for f in found)
