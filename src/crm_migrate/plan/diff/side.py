"""What a diff is given beside golden records: what stands in the target, and the rules."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.plan.target.form import StoredForm, as_given
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.protection.policy import Treatment
from crm_migrate.systems.target_schema import ColumnInfo, KeyPart, TargetTable

Opener = Callable[[str, str, pl.Series, pl.Series], pl.Series]
"""Opens sealed cells: entity, field, golden ids, cells → clear canonical text (null: cannot)."""
Indexer = Callable[[str, str, pl.Series], pl.Series]
"""Blind index of canonical text: entity, field, values."""
AskTaken = Callable[[str, str, pl.DataFrame, str | None, Sequence[KeyPart]], pl.DataFrame]
"""Asks the target which wanted tuples stand: table, key, `_n` and columns, predicate, parts of an
expression key → `_n`, `_key` (see `TargetReader.taken`)."""
Compute = Callable[[str, Sequence[str], pl.DataFrame], pl.DataFrame]
"""Has the target compute expressions of its own: table, expressions, `_n` and cells (see
`TargetReader.computed`)."""

LENT = "lent:"
"""Column of golden records beside a field: the value is borrowed from a row that is given up."""
PRESENT, RAW, BASE = "present:", "raw:", "base:"
"""Columns beside golden records: see alignment.py."""


@dataclass(frozen=True)
class TargetSide:
    """What stands in the target for one entity.

    `stored`: raw rows with the key and all mapped columns. `present`: the same rows as canonical
    records with `target_key` and `golden_id` (null where none), references resolved. `base`:
    golden_id, target_key, commitments (see commitments.py) and raw_digest.
    """

    mapping: TargetEntity
    stored: pl.DataFrame
    present: pl.DataFrame
    base: pl.DataFrame | None = None
    table: TargetTable | None = None
    lookups: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    stored_form: StoredForm = as_given
    equality_form: StoredForm = as_given
    """Text that is equal where the column's collation holds values for equal."""
    ask_taken: AskTaken | None = None
    """None: stored text alone decides which keys are taken."""
    compute: Compute | None = None
    """None: expression keys and CHECKs are left to the moment of writing."""
    left_out: pl.Series | None = None
    """Keys of rows that the mapping leaves out; the target's unique keys count them."""
    leaving: pl.Series | None = None
    """Keys of rows that are given up for others."""

    def staying(self, columns: Collection[str], where: str | None = None) -> pl.DataFrame:
        """The stored rows but for those that are given up and let go of a key.

        They do where they are deleted, where a mark changes one of its columns, or where it is a
        partial key whose predicate speaks of a mark.
        """
        policy = self.mapping.merge
        if policy is None or self.leaving is None:
            return self.stored
        told = set() if where is None else set(re.findall(r"\w+", where))
        if not policy.delete and not (set(columns) | told) & set(policy.columns):
            return self.stored
        return self.stored.filter(~pl.col(self.mapping.key).is_in(self.leaving.implode()))

    def column_info(self, column: str) -> ColumnInfo | None:
        """What the target declares of a column; raises TargetFault when there is none."""
        return None if self.table is None else self.table.column(column)


@dataclass(frozen=True)
class DiffRules:
    """What the decision rests on beside the data.

    `treatments`: field → treatment in the target (left out: clear). `owner_conflict`: golden ids
    of customers that two owners claim.
    """

    digest_key: bytes = field(repr=False)
    treatments: Mapping[str, Treatment] = field(default_factory=dict)
    owner_conflict: Collection[str] = ()
    open_sealed: Opener | None = None
    index: Indexer | None = None
