"""The frozen data of a plan: its operations, entity by entity.

Operations of one entity are one wide Polars frame (a row per golden record, all String columns):

`group`         golden id at the head of the atomic group (a customer with all its new children)
`rank`          Int64; groups are applied in ascending rank (products, then customers by depth)
`action`        an `Action`
`golden_id`     the golden record
`target_key`    primary key of the target row; null for an insert
`reason`        a reason code (see reasons.py)
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
from enum import StrEnum
from typing import TYPE_CHECKING

from crm_migrate.plan.header import PlanHeader

if TYPE_CHECKING:
    import polars as pl


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
class Plan:
    """A plan opened: header and the operations frame of every entity, in dependency order."""

    header: PlanHeader
    operations: "dict[str, pl.DataFrame]"
    lineage: "dict[str, pl.DataFrame]"
    """Per entity: golden_id, field, record_id (winner), rule: for reasons in views."""
    moves: "pl.DataFrame | None" = None
    """Merges and re-parented rows (MOVES); None where there are none."""
