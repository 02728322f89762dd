"""The frozen data of a plan: operations per entity, counts, gates, digests.

Operations of one entity are one wide Polars frame (a row per golden record, all String columns):

`group`         golden id at the head of the atomic group (a customer with all its new children)
`rank`          Int64; groups are applied in ascending rank (products, then customers by depth)
`action`        an `Action`
`golden_id`     the golden record
`target_key`    primary key of the target row; null for an insert
`reason`        a reason code (see REASONS)
`precondition`  hex HMAC of the raw cells to be replaced (update), or of all mapped cells of the
                row (delete); null otherwise
`conflicts`     names of fields left alone because both sides changed, joined by `;`
`op_digest`     hex HMAC of the operation's canonical meaning (see digest.py)
`before:<col>`, `after:<col>`  for each target column that any operation of the entity writes;
                text as the target stores it (null = SQL NULL), `@<golden_id>` for a reference.
                A column that this operation does not write is `UNTOUCHED` in `after:<col>`.

`moves` is one frame for the whole plan (MOVES): rows of the CRM that are one customer are merged
into the row that stays, and what refers to them is re-parented, in one group with it.

Rows with action `unchanged` carry no cells and are no part of the effect; `adopt` marks those
that still need their base row in the target.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from crm_migrate.language import Text

if TYPE_CHECKING:
    import polars as pl

PlanKind = Literal["migration", "rollback"]

UNTOUCHED = "\x00untouched"
REFERENCE_PREFIX = "@"
BEFORE = "before:"
AFTER = "after:"


class Action(StrEnum):
    """What happens to one golden record in the target.

    Only a plan that takes another one back deletes. What becomes of further rows of the CRM for
    one customer (merge, re-parent) stands in `Plan.moves`.
    """

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    SKIP = "skip"


REASONS = {
    "new": Text("not in the CRM yet", "CRM 中尚不存在"),
    "filled": Text("fills cells that are empty in the CRM", "补全 CRM 中的空值"),
    "changed": Text("the sources have newer values", "来源数据有更新"),
    "overridden": Text("a person set these values", "人工改值"),
    "same": Text("already as it should be", "与 CRM 一致"),
    "edited": Text("edited in the CRM; the CRM's values stay", "CRM 中已有人工修改,保留 CRM 的值"),
    "conflict": Text("changed on both sides; a person decides", "两边都有修改,需人工决定"),
    "owner_conflict": Text(
        "two owners claim this customer (撞单); both departments decide",
        "撞单:两位负责人主张同一客户,待双方部门决定",
    ),
    "parent_waits": Text("its customer is not loaded", "所属客户未导入"),
    "orphan": Text("its customer is in no source", "所属客户在来源中不存在"),
    "unique_taken": Text(
        "a unique key of the CRM is taken by another row", "CRM 的唯一键已被其他记录占用"
    ),
    "does_not_fit": Text("a value does not fit the CRM's column", "值与 CRM 字段的限制不符"),
    "stands_deleted": Text(
        "the CRM holds it in a row that is deleted or left out there; a new row is made",
        "CRM 中该记录已删除或已排除,将新建一条",
    ),
    "duplicate_in_crm": Text(
        "the CRM holds this customer several times", "CRM 中同一客户有多条记录"
    ),
    "group_parent": Text(
        "the CRM's rows for one customer stand under each other in a group: a person decides",
        "CRM 中同一客户的多条记录互为集团上下级,需人工决定",
    ),
    "survivor_waits": Text("the row that would stay waits itself", "保留的记录本身暂不处理"),
    "parents_apart": Text(
        "they hang on customers that are not merged", "所属客户未合并,从属记录也不合并"
    ),
    "merge_first": Text(
        "it refers to a row that this plan merges; plan again afterwards",
        "它引用的记录将在本计划中合并,请执行后重新生成计划",
    ),
    "child_moves": Text(
        "what hangs on it goes to another customer by this plan; plan again afterwards",
        "其从属记录在本计划中将转到其他客户,请执行后重新生成计划",
    ),
    "reparent_collides": Text(
        "what hangs on it would stand twice under a unique key of the CRM",
        "转移从属记录会与 CRM 的唯一键冲突",
    ),
    "other_key": Text(
        "rows of the CRM refer to it by something else than its key",
        "CRM 中有记录通过主键以外的字段引用它",
    ),
    "merge_again": Text(
        "what a rollback took apart is merged again by a new plan only",
        "撤回合并后,需重新生成计划才能再次合并",
    ),
    "kept_base": Text("stays, since it was loaded by us", "保留:该记录由本工具导入"),
    "kept_smallest_key": Text("stays, since its key is the smallest", "保留:主键最小的记录"),
    "taken_back": Text("as it was before the plan", "恢复到计划执行之前"),
    "along": Text("comes along: it hangs on what is deleted", "随所属记录一并撤回"),
    "nothing_left": Text("taken back already, or nothing to take back", "已撤回或无需撤回"),
    "edited_since": Text("kept: edited in the CRM since", "保留:执行后在 CRM 中被修改"),
    "gone": Text("kept: deleted from the CRM since", "保留:执行后已从 CRM 中删除"),
    "later_plan": Text("kept: a later plan wrote it", "保留:其后有计划写入"),
    "in_use": Text("kept: other rows of the CRM refer to it", "保留:CRM 中有其他记录引用它"),
    "key_taken": Text("kept: another row has its key now", "保留:原主键已被其他记录占用"),
    "group_kept": Text(
        "kept: another record of its customer is kept", "保留:同一客户的其他记录须保留"
    ),
    "outside_scope": Text("no part of this plan's scope", "不在本计划范围内"),
    "excluded": Text("excluded by those who checked the plan", "核对时已排除"),
}


@dataclass(frozen=True)
class EntityCounts:
    """accepted = golden + merged; golden = insert + update + delete + unchanged + conflict + skip.

    Of a rollback, `golden` counts the rows that its plan had written.
    """

    accepted: int = 0
    golden: int = 0
    merged: int = 0
    insert: int = 0
    update: int = 0
    delete: int = 0
    unchanged: int = 0
    conflict: int = 0
    skip: int = 0

    def adds_up(self) -> bool:
        """Whether both equations of the class docstring hold."""
        written = self.insert + self.update + self.delete
        planned = written + self.unchanged + self.conflict + self.skip
        return self.accepted == self.golden + self.merged and self.golden == planned


@dataclass(frozen=True)
class RowCounts:
    """Rows of all sources: read = non_data + quarantined + accepted."""

    read: int
    non_data: int
    quarantined: int
    accepted: int

    def adds_up(self) -> bool:
        """Whether the equation of the class docstring holds."""
        return self.read == self.non_data + self.quarantined + self.accepted


@dataclass(frozen=True)
class ControlTotal:
    """Sum of an amount by entity, department and year: from the source's own path and the plan."""

    entity: str
    source: str
    department: str
    year: str
    count: int
    source_amount: str
    """Decimal text, in the field's unit, computed straight from the source."""
    plan_amount: str
    """The same sum over the golden records of the plan (all actions)."""


@dataclass(frozen=True)
class Gate:
    """One gate: `value` measured, `limit` demanded, and what happens when it does not pass."""

    name: str
    label: Text
    value: float
    limit: float
    passed: bool
    on_failure: Literal["block", "extra_approval", "warn"] = "block"
    bound: Literal["at_most", "at_least"] = "at_most"
    """Whether `limit` is the largest or the smallest figure that passes."""
    share: bool = False
    """Whether value and limit are shares between 0 and 1."""


@dataclass(frozen=True)
class Demand:
    """`count` people of one of `roles` (and of `department`, where named) must approve.

    One person may serve several demands. `because` says which rule asks: `size`, `department`,
    `entity:<name>`, `merges`, `deletes` or `gate:<name>`.
    """

    count: int
    roles: tuple[str, ...] = ("approver",)
    department: str | None = None
    because: str = "size"


@dataclass(frozen=True)
class Held:
    """How many operations of an entity are conflicts or left out, for one reason."""

    entity: str
    action: str
    reason: str
    """A reason code with its detail, as in the operations."""
    count: int


@dataclass(frozen=True)
class TargetIdentity:
    """Server, database and schema fingerprint; our own tables do not change it."""

    name: str
    system: str
    database: str
    fingerprint: str
    sandbox: bool


MOVES = {
    "group": "String",
    "rank": "Int64",
    "kind": "String",
    "entity": "String",
    "golden_id": "String",
    "table": "String",
    "key_column": "String",
    "row_key": "String",
    "column": "String",
    "before": "String",
    "after": "String",
    "precondition": "String",
    "rule": "String",
    "row": "String",
    "op_digest": "String",
}
"""Polars types of `Plan.moves`, by column name.

`kind`:
- `merge`: the row `row_key` of `table` is given up for the row `after`; `before` and `column` are
  null. `precondition`: keyed digests of its raw cells and of the keys of all rows that refer to
  it. `rule`: why the other row stays (`kept_base`, `kept_smallest_key`). `row`: for people, JSON
  of the canonical cells of the row that `stays` and the one that `goes`; no part of the effect.
- `reparent`: cell `column` of row `row_key` of `table` goes from key `before` to key `after`.
  `key_column` is null where the table has no key of its own; then all cells that hold `before`
  go together, and `row_key` is a keyed digest.
- `unmerge` (a rollback): the row `row_key` is restored, which was given up for the row `before`;
  `row` is what is put back (JSON, see plan/merging/unmerge.py).

`entity` and `golden_id` name the golden record that stays.
"""


@dataclass(frozen=True)
class PlanHeader:
    """The clear part of a plan file: no personal data."""

    plan_id: str
    run: str
    format: int
    created_at: datetime
    created_by: str
    expires_at: datetime
    project: str
    target: TargetIdentity
    effect: str
    evidence: str
    evidence_parts: dict[str, str]
    """Hex digests by name: inputs, rules, linkage model, gates, as-of date, …"""
    rows: RowCounts
    counts: dict[str, EntityCounts]
    gates: tuple[Gate, ...]
    control_totals: tuple[ControlTotal, ...]
    waiting: dict[str, int]
    """Open decisions: `review` (doubtful pairs), `owner_conflict` (撞单)."""
    treatments: dict[str, str]
    """`entity.field` → treatment in the target, for fields that are not clear."""
    files: dict[str, str]
    """Name of each encrypted part → SHA-256 of its ciphertext."""
    kind: PlanKind = "migration"
    reverses: str | None = None
    """The plan that a rollback takes back."""
    scope: Text | None = None
    """In words, the subset that the plan is confined to (pilot, follow-up); None: everything."""
    merges: int = 0
    reparented: int = 0
    irreversible: tuple[Text, ...] = ()
    """What can't be taken back once applied."""
    unchecked: tuple[Text, ...] = ()
    """What was not checked, and why."""
    demands: tuple[Demand, ...] = (Demand(1),)
    """Who must approve, by the policy that the plan was made under."""
    author_signature: str = ""
    """The author's signature over the header but `files`, `held` and itself (authorship.py)."""
    held: tuple["Held", ...] = ()
    """What is not written, by reason, and how many; filled when the file is written."""


@dataclass(frozen=True)
class Plan:
    """A plan opened: header and the operations frame of every entity, in dependency order."""

    header: PlanHeader
    operations: "dict[str, pl.DataFrame]"
    lineage: "dict[str, pl.DataFrame]"
    """Per entity: golden_id, field, record_id (winner), rule: for reasons in views."""
    moves: "pl.DataFrame | None" = None
    """Merges and re-parented rows (MOVES); None where there are none."""
