"""Golden, present and base cells side by side, and what becomes of each column of the target."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from crm_migrate.model import Entity, Field, SemanticType
from crm_migrate.plan.change import REFERENCE_PREFIX, UNTOUCHED
from crm_migrate.plan.commitments import commitments
from crm_migrate.plan.diff.leaving import LEFT
from crm_migrate.plan.diff.side import BASE, LENT, PRESENT, RAW, DiffRules, TargetSide
from crm_migrate.plan.diff.three_way import WRITTEN, Outcome, settle
from crm_migrate.plan.sealed_cells import sealed_lengths
from crm_migrate.plan.target.fit import misfits, rounded
from crm_migrate.plan.target.form import to_target
from crm_migrate.plan.target.present import KEY_REFERENCE, TARGET_KEY
from crm_migrate.project.mapping_file import TargetColumn
from crm_migrate.protection.policy import Treatment
from crm_migrate.systems.target_schema import ColumnInfo

UNREADABLE = "\x00unreadable"
"""Stands for a sealed cell that cannot be opened; equal to no value."""


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


def column_change(
    entity: Entity, name: str, aligned: pl.DataFrame, side: TargetSide, rules: DiffRules
) -> ColumnChange:
    """What becomes of one field's column."""
    kind, column = entity.by_name[name], side.mapping.fields[name]
    treatment = rules.treatments.get(name, Treatment.CLEAR)
    golden = golden_cells(entity.name, kind, aligned[name], treatment, rules)
    raw = _column(aligned, RAW + column.column)
    present = _present(entity.name, kind, aligned, raw, treatment, rules)
    matched = aligned[TARGET_KEY].is_not_null()
    at = (golden.is_not_null() & (~matched | golden.ne_missing(present))).arg_true()
    values = golden.gather(at) if len(at) < aligned.height else golden
    text, refused = _stored(kind, column, values, treatment, side)
    outcome = settle(
        pl.DataFrame(
            {
                "golden_id": aligned["golden_id"].gather(at),
                "matched": matched.gather(at),
                "golden": values,
                "present": present.gather(at),
                "as_stored": (text == raw.gather(at)).fill_null(False),
                "as_left": aligned["as_left"].gather(at),
                "base": _column(aligned, BASE + name).gather(at),
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
    change = ColumnChange(
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
    return _erased(entity.name, change, aligned, side, rules)


def _erased(
    entity: str, change: ColumnChange, aligned: pl.DataFrame, side: TargetSide, rules: DiffRules
) -> ColumnChange:
    """The change, cells emptied whose value went away with records that were split off."""
    if LEFT + change.field not in aligned.columns:
        return change
    left, base = aligned[LEFT + change.field], _column(aligned, BASE + change.field)
    asked = left.is_not_null() & change.golden.is_null() & base.is_not_null()
    ids = aligned["golden_id"]
    at = (asked & aligned["as_left"]).arg_true()
    ours = commitments(rules.digest_key, entity, change.field, ids.gather(at), left.gather(at))
    gone = at.filter((ours == base.gather(at)).fill_null(False))
    if not len(gone):
        return change
    info = side.column_info(change.column)
    empty = pl.Series([None] * len(gone), dtype=pl.String)
    emptied = pl.Series([int(Outcome.CHANGED)] * len(gone), dtype=pl.UInt8)
    return replace(
        change,
        outcome=change.outcome.scatter(gone, emptied),
        after=change.after.scatter(gone, empty),
        misfit=change.misfit.scatter(gone, info is not None and not info.nullable),
    )


def together(parts: Sequence[ColumnChange]) -> ColumnChange:
    """One column's changes over slices of the records as one over all of them."""
    if len(parts) == 1:
        return parts[0]
    columns = {n: pl.concat([getattr(p, n) for p in parts], rechunk=True) for n in _SERIES}
    lent = [p.lent for p in parts if p.lent is not None]
    return replace(parts[0], **columns, lent=pl.concat(lent, rechunk=True) if lent else None)


_SERIES = ("golden", "outcome", "after", "before", "raw", "misfit")


def _stored(
    kind: Field, column: TargetColumn, values: pl.Series, treatment: Treatment, side: TargetSide
) -> tuple[pl.Series, pl.Series]:
    """What the target would store, and which of it the column refuses."""
    info = side.column_info(column.column)
    if treatment is Treatment.SEAL:
        return values, _refuses_sealed(info, values)

    def judged(values: pl.Series) -> tuple[pl.Series, pl.Series]:
        text, fits = to_target(kind, column, info, values, side.lookups, side.stored_form)
        refused = ~fits
        if info is not None and kind.type is not SemanticType.REFERENCE:
            refused = refused | misfits(info, text)
            if not column.values and column.lookup is None:
                refused = refused | rounded(info, values)
        return text, refused

    if kind.type is SemanticType.REFERENCE or info is None or info.kind == "text":
        return judged(values)
    # Targets are asked what becomes of numbers and dates: of each that differs, once.
    distinct = values.unique()
    if len(distinct) * 2 >= len(values):
        return judged(values)
    text, refused = judged(distinct)
    numbers = pl.int_range(len(distinct), eager=True)
    place = values.replace_strict(distinct, numbers, return_dtype=pl.UInt32)
    return text.gather(place), refused.gather(place)


def golden_cells(
    entity: str, kind: Field, values: pl.Series, treatment: Treatment, rules: DiffRules
) -> pl.Series:
    """What of a golden column is compared and committed to."""
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
        return _column(aligned, PRESENT + kind.name)
    golden, base = aligned[kind.name], _column(aligned, BASE + kind.name)
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
