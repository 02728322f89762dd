"""`plan diff A B`: what one plan does and the other does not, with everything that it rests on."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from crm_migrate.language import Language, Text
from crm_migrate.plan.difference import (
    REASON_CHANGED,
    ROW_CHANGED,
    EntityDifference,
    difference,
)
from crm_migrate.plan.header import Gate, PlanHeader
from crm_migrate.plan.sealed_cells import unseal_operations
from crm_migrate.protection.policy import Treatment
from crm_migrate.stages.planning.plans import entity_labels, open_to_read
from crm_migrate.stages.planning.view import names_of, stored_run
from crm_migrate.stages.session import Session

PART_TEXTS = {
    "inputs": Text("the contents of the sources", "来源数据内容"),
    "rules": Text("the project's files: settings, mappings, rules", "项目文件：设置、映射、规则"),
    "mappings": Text("the mappings", "字段映射"),
    "linkage_model": Text("the trained model of linkage", "去重模型"),
    "figures": Text("the figures that gates look at", "门禁指标"),
    "counts": Text("the counts of operations", "操作数量"),
    "scope": Text("the customers that the plan is confined to", "计划范围内的客户"),
}
"""What a part of the evidence is, in words."""
_COLUMN_TEXTS = {
    ROW_CHANGED: Text("the CRM's row itself was edited", "CRM 记录本身被修改"),
    REASON_CHANGED: Text("only the reason", "仅原因不同"),
}


@dataclass(frozen=True)
class DifferingOperation:
    """One operation that differs; actions are null where a plan does not have it."""

    entity: str
    golden_id: str
    title: str
    a: str | None
    b: str | None


@dataclass(frozen=True)
class PlanDifference:
    """Two plans side by side."""

    a: PlanHeader
    b: PlanHeader
    entities: tuple[EntityDifference, ...]
    moves: tuple[int, int, int]
    """Merges and re-parented rows only in A, only in B, in both."""
    operations: tuple[DifferingOperation, ...]
    """Some of the differing operations, with masked titles."""
    labels: dict[str, str]
    columns: dict[str, dict[str, str]]
    """Entity → target column → label of its field."""
    language: Language

    @property
    def differing(self) -> int:
        """Operations that differ, over all entities."""
        return sum(e.rows.height for e in self.entities)

    def evidence(self) -> list[tuple[str, str]]:
        """Parts of the evidence that differ: name, and what it is in words."""
        one, other = self.a.evidence_parts, self.b.evidence_parts
        names = [n for n in sorted({*one, *other}) if one.get(n) != other.get(n)]
        return [(n, PART_TEXTS.get(n, Text(n, n)).in_language(self.language)) for n in names]

    def gates(self) -> Iterator[tuple[Gate | None, Gate | None]]:
        """Gates whose figure, limit or verdict differs."""
        one, other = ({g.name: g for g in h.gates} for h in (self.a, self.b))
        for name in dict.fromkeys([*one, *other]):
            if one.get(name) != other.get(name):
                yield one.get(name), other.get(name)

    def counts(self) -> Iterator[tuple[str, str, int, int]]:
        """Entity, name of a count, and both numbers, where they differ."""
        for entity in dict.fromkeys([*self.a.counts, *self.b.counts]):
            counts = (h.counts.get(entity) for h in (self.a, self.b))
            one, other = (asdict(c) if c is not None else {} for c in counts)
            for name in one or other:
                if one.get(name, 0) != other.get(name, 0):
                    yield entity, name, one.get(name, 0), other.get(name, 0)

    def column_label(self, entity: str, column: str) -> str:
        """What people call a column."""
        if column in _COLUMN_TEXTS:
            return _COLUMN_TEXTS[column].in_language(self.language)
        return self.columns.get(entity, {}).get(column, column)

    def to_json(self) -> dict[str, Any]:
        """What scripts read."""
        scopes = [h.scope.in_language(self.language) if h.scope else None for h in (self.a, self.b)]
        return {
            "a": self.a.plan_id,
            "b": self.b.plan_id,
            "same_effect": self.a.effect == self.b.effect,
            "same_evidence": self.a.evidence == self.b.evidence,
            "same_target": self.a.target == self.b.target,
            "scope": {"a": scopes[0], "b": scopes[1]},
            "entities": {
                e.entity: {
                    "same": e.same,
                    "only_a": dict(e.only_a),
                    "only_b": dict(e.only_b),
                    "changed": e.changed,
                    "actions": [[one, other, n] for (one, other), n in e.actions.items()],
                    "columns": dict(e.columns),
                }
                for e in self.entities
            },
            "moves": dict(zip(("only_a", "only_b", "same"), self.moves, strict=True)),
            "counts": [list(c) for c in self.counts()],
            "gates": [
                {
                    "name": (one or other).name,  # type: ignore[union-attr]  # one of both is there
                    "a": one.value if one else None,
                    "b": other.value if other else None,
                    "passed_a": one.passed if one else None,
                    "passed_b": other.passed if other else None,
                }
                for one, other in self.gates()
            ],
            "evidence": [name for name, _ in self.evidence()],
            "operations": [asdict(o) for o in self.operations],
        }


def compare_plans(
    session: Session, a: str, b: str, language: Language, limit: int = 20
) -> PlanDifference:
    """Two plans of the project; at most `limit` differing operations per entity are named.

    Raises:
        NotFound: there is no such plan.
        IntegrityFault: a file was altered.
    """
    mapping = session.project.target.entities
    model = session.project.model

    def clear(entity: str, header: PlanHeader, operations: pl.DataFrame) -> pl.DataFrame:
        held = mapping[entity]
        treatments = {
            field: Treatment(header.treatments.get(f"{entity}.{field}", Treatment.CLEAR))
            for field in held.fields
        }
        return unseal_operations(entity, operations, held, treatments, session.job.keyring)

    with ExitStack() as stack:
        plans = [stack.enter_context(open_to_read(session, name)[1]) for name in (a, b)]
        entities = dict.fromkeys([*plans[0].entities, *plans[1].entities])
        found = tuple(difference(plans[0], plans[1], name, clear) for name in entities)
        named: list[DifferingOperation] = []
        runs = [stack.enter_context(stored_run(session, p.header.run)) for p in plans]
        if limit:
            for part in found:
                rows = part.rows.head(limit)
                titles = [None] * rows.height
                for run in runs:
                    names = names_of(session, run, language)
                    ids = names.titles(model.entity(part.entity), rows["golden_id"])
                    titles = [one or other for one, other in zip(titles, ids, strict=True)]
                named += [
                    DifferingOperation(part.entity, golden, title or golden[:10], one, other)
                    for (golden, one, other), title in zip(rows.iter_rows(), titles, strict=True)
                ]
        moves = [p.moves() for p in plans]
        headers = [p.header for p in plans]
    return PlanDifference(
        headers[0],
        headers[1],
        found,
        _moves(moves[0], moves[1]),
        tuple(named),
        entity_labels(session, language),
        {
            name: {
                column.column: model.entity(name).by_name[field].label.in_language(language)
                for field, column in held.fields.items()
            }
            for name, held in mapping.items()
        },
        language,
    )


def _moves(a: pl.DataFrame | None, b: pl.DataFrame | None) -> tuple[int, int, int]:
    digests = [set() if m is None else set(m["op_digest"].drop_nulls()) for m in (a, b)]
    one, other = digests
    return len(one - other), len(other - one), len(one & other)
