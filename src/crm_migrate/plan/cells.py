"""Golden, present and base cells side by side, and what becomes of each column of the target."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl

from crm_migrate.model import Entity, Field, SemanticType
from crm_migrate.plan.change import REFERENCE_PREFIX, UNTOUCHED
from crm_migrate.plan.commitments import commitments, read_texts
from crm_migrate.plan.digest import preconditions, row_columns
from crm_migrate.plan.fit import misfits, rounded
from crm_migrate.plan.present import KEY_REFERENCE, TARGET_KEY, smallest_keys
from crm_migrate.plan.sealed_cells import sealed_lengths
from crm_migrate.plan.target_form import StoredForm, as_given, to_target
from crm_migrate.plan.three_way import WRITTEN, Outcome, settle
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.protection.policy import Treatment
from crm_migrate.systems.target import ColumnInfo, KeyPart, TargetTable

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

UNREADABLE = "\x00unreadable"
"""Stands for a sealed cell that cannot be opened; equal to no value."""
LENT = "lent:"
"""Column of golden records beside a field: the value is borrowed from a row that is given up."""
_PRESENT, _RAW, _BASE = "present:", "raw:", "base:"


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


@dataclass(frozen=True)
class ColumnChange:
    """One field's column over all golden records.

    `golden` (what is compared and committed), `outcome` (three_way.Outcome), `after` (UNTOUCHED
    where not written), `before` (as shown), `raw` (as stored, what a precondition covers),
    `misfit` (written, but the target refuses it), `lent` (golden is borrowed from a row that is
    given up; None: nowhere).
    """

    field: str
    column: str
    golden: pl.Series
    outcome: pl.Series
    after: pl.Series
    before: pl.Series
    raw: pl.Series
    misfit: pl.Series
    reference: bool = False
    lent: pl.Series | None = None

    @property
    def written(self) -> pl.Series:
        """Mask of the records whose cell is written."""
        return self.outcome.is_in(list(WRITTEN))


def align(
    golden: pl.DataFrame, side: TargetSide, digest_key: bytes
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Golden records beside their row of the target and its base; and the rows left over.

    Of several rows for one golden id the one we wrote (base) is taken, else the smallest key.
    Columns added: target_key, `present:`, `raw:` and `base:` cells, `as_left` (the raw row is as
    it was when last applied), `deleted` (applied once, its row is gone).
    """
    fields = [f for f in side.mapping.fields if f in side.present.columns]
    first, others = smallest_keys(side.present, side.base)
    columns = set(row_columns(side.mapping)) | ({side.mapping.golden_id} - {None})
    held = [c for c in side.stored.columns if c in columns]
    raw = side.stored.select(
        pl.col(side.mapping.key).alias(TARGET_KEY), *(pl.col(c).alias(_RAW + c) for c in held)
    )
    present = first.select(
        "golden_id", TARGET_KEY, *(pl.col(f).alias(_PRESENT + f) for f in fields)
    )
    aligned = golden.join(present, on="golden_id", how="left", maintain_order="left").join(
        raw, on=TARGET_KEY, how="left", maintain_order="left"
    )
    names = list(side.mapping.fields)
    if side.base is None or not side.base.height:
        nothing = pl.lit(False)
        return aligned.with_columns(based=nothing, as_left=nothing, deleted=nothing), others
    base = side.base.select(
        "golden_id",
        pl.col(TARGET_KEY).alias("_base_key"),
        pl.col("raw_digest").alias("_digest"),
    )
    kept = read_texts(side.base["commitments"], names)
    base = base.with_columns(kept.rename({f: _BASE + f for f in names}))
    aligned = aligned.join(base, on="golden_id", how="left", maintain_order="left")
    same_row = (pl.col("_base_key") == pl.col(TARGET_KEY)).fill_null(False)
    now = preconditions(digest_key, _raw_cells(aligned, held, side))
    return aligned.with_columns(
        based=same_row,
        as_left=same_row & (pl.col("_digest") == now).fill_null(False),
        deleted=pl.col("_base_key").is_not_null() & pl.col(TARGET_KEY).is_null(),
        **{_BASE + f: pl.when(same_row).then(_BASE + f) for f in names},
    ), others


def column_change(
    entity: Entity, name: str, aligned: pl.DataFrame, side: TargetSide, rules: DiffRules
) -> ColumnChange:
    """What becomes of one field's column."""
    kind, column = entity.by_name[name], side.mapping.fields[name]
    treatment = rules.treatments.get(name, Treatment.CLEAR)
    golden = _golden(entity.name, kind, aligned[name], treatment, rules)
    raw = _column(aligned, _RAW + column.column)
    present = _present(entity.name, kind, aligned, raw, treatment, rules)
    matched = aligned[TARGET_KEY].is_not_null()
    at = (golden.is_not_null() & (~matched | golden.ne_missing(present))).arg_true()
    info = side.column_info(column.column)
    values = golden.gather(at)
    if treatment is Treatment.SEAL:
        text, refused = values, _refuses_sealed(info, values)
    else:
        text, fits = to_target(kind, column, info, values, side.lookups, side.stored_form)
        refused = ~fits
        if info is not None and kind.type is not SemanticType.REFERENCE:
            refused = refused | misfits(info, text)
            if not column.values and column.lookup is None:
                refused = refused | rounded(info, values)
    outcome = settle(
        pl.DataFrame(
            {
                "golden_id": aligned["golden_id"].gather(at),
                "matched": matched.gather(at),
                "golden": values,
                "present": present.gather(at),
                "as_stored": (text == raw.gather(at)).fill_null(False),
                "base": _column(aligned, _BASE + name).gather(at),
            }
        ),
        column.on_conflict or side.mapping.on_conflict,
        lambda ids, cells: commitments(rules.digest_key, entity.name, name, ids, cells),
    )
    lent = aligned[LENT + name] if LENT + name in aligned.columns else None
    if lent is not None:  # a borrowed value fills an empty cell and does nothing else
        idle = lent.gather(at) & ((outcome != Outcome.FILLED) | refused)
        outcome = outcome.zip_with(~idle, pl.Series([Outcome.NONE], dtype=outcome.dtype))
    written = outcome.is_in(list(WRITTEN))
    height = aligned.height
    return ColumnChange(
        field=name,
        column=column.column,
        golden=golden,
        outcome=pl.zeros(height, pl.UInt8, eager=True).scatter(at, outcome),
        after=pl.repeat(UNTOUCHED, height, eager=True).scatter(
            at.filter(written), text.filter(written)
        ),
        before=_shown(kind, present, raw),
        raw=raw,
        misfit=pl.repeat(False, height, eager=True).scatter(at, written & refused),
        reference=kind.type is SemanticType.REFERENCE,
        lent=lent,
    )


def _golden(
    entity: str, kind: Field, values: pl.Series, treatment: Treatment, rules: DiffRules
) -> pl.Series:
    if kind.type is SemanticType.REFERENCE:
        return values.str.strip_prefix(REFERENCE_PREFIX)
    if treatment is Treatment.INDEX:
        if rules.index is None:
            raise ValueError(f"{entity}.{kind.name} is to be indexed, and no index is given")
        return rules.index(entity, kind.name, values)
    return values


def _present(
    entity: str,
    kind: Field,
    aligned: pl.DataFrame,
    raw: pl.Series,
    treatment: Treatment,
    rules: DiffRules,
) -> pl.Series:
    """Canonical text of what stands in the column; sealed cells opened only where they must be."""
    if treatment is Treatment.INDEX:
        return raw
    if treatment is not Treatment.SEAL:
        return _column(aligned, _PRESENT + kind.name)
    golden, base = aligned[kind.name], _column(aligned, _BASE + kind.name)
    present = _nothing(aligned.height).clone()
    filled = raw.is_not_null() & (raw != "")
    held = (filled & aligned["as_left"] & golden.is_not_null() & base.is_not_null()).arg_true()
    ids = aligned["golden_id"]
    committed = commitments(
        rules.digest_key, entity, kind.name, ids.gather(held), golden.gather(held)
    )
    same = held.filter((committed == base.gather(held)).fill_null(False))
    present = present.scatter(same, golden.gather(same))
    # Where the golden value is null nothing is compared, so nothing need be opened.
    unknown = (filled & golden.is_not_null() & present.is_null()).arg_true()
    if not len(unknown):
        return present
    opened = (
        pl.Series([None] * len(unknown), dtype=pl.String)
        if rules.open_sealed is None
        else rules.open_sealed(entity, kind.name, ids.gather(unknown), raw.gather(unknown))
    )
    return present.scatter(unknown, opened.fill_null(UNREADABLE))


def _shown(kind: Field, present: pl.Series, raw: pl.Series) -> pl.Series:
    if kind.type is not SemanticType.REFERENCE:
        return raw
    known = present.is_not_null() & ~present.str.starts_with(KEY_REFERENCE)
    return (REFERENCE_PREFIX + present).zip_with(known, raw)


def _refuses_sealed(info: ColumnInfo | None, values: pl.Series) -> pl.Series:
    if info is None:
        return pl.repeat(False, len(values), eager=True)
    if info.kind != "text":
        return pl.repeat(True, len(values), eager=True)
    limits = [n for n in (info.length, info.octets) if n is not None]
    if not limits:
        return pl.repeat(False, len(values), eager=True)
    return sealed_lengths(values) > min(limits)  # sealed text is ASCII


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    if name in frame.columns:
        return frame[name]
    return _nothing(frame.height).alias(name)


@lru_cache(maxsize=2)
def _nothing(height: int) -> pl.Series:
    """A column of nulls: all absent columns of a table are one in memory."""
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)


def _raw_cells(aligned: pl.DataFrame, held: list[str], side: TargetSide) -> pl.DataFrame:
    columns = [c for c in row_columns(side.mapping) if c in held]
    return aligned.select(pl.col(_RAW + c).alias(c) for c in columns)
