"""The cells of operations: what each column holds before and after, and what the base keeps.

They are made for a part of the operations at a time, when it is written: of a plan of a million
operations never all at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.model import Entity
from crm_migrate.plan.change import AFTER, BEFORE, UNTOUCHED, Action
from crm_migrate.plan.commitments import base_texts
from crm_migrate.plan.diff.columns import ColumnChange
from crm_migrate.plan.diff.side import RAW, TargetSide
from crm_migrate.plan.diff.three_way import WRITTEN, Outcome
from crm_migrate.plan.digest import WRITES, preconditions
from crm_migrate.plan.target.present import TARGET_KEY

HEAD_COLUMNS = ("group", "rank", "action", "golden_id", TARGET_KEY, "reason")
_LIVE = [str(a) for a in WRITES]
_NOTHING, _UNTOUCHED = pl.Series([None], dtype=pl.String), pl.Series([UNTOUCHED])


@dataclass(frozen=True)
class WrittenCells:
    """The columns of an entity over all records that were compared.

    `columns`: those that some operation writes, or of which one shows a contested cell. `fields`:
    what the base keeps, borrowed and contested cells excepted.
    """

    entity: str
    fields: Sequence[ColumnChange]
    columns: Sequence[ColumnChange]
    digest_key: bytes = field(repr=False)

    def of(self, heads: pl.DataFrame) -> pl.DataFrame:
        """Operations in full.

        `heads`: HEAD_COLUMNS, `conflicts`, `adopt`, and `_n`: the record's number among those
        that were compared, null where there was nothing to compare.
        """
        live = heads["action"].is_in(_LIVE)
        update = heads["action"] == Action.UPDATE
        settled = heads["action"] != Action.SKIP
        cells: list[pl.Series] = []
        raw: dict[str, pl.Series] = {}
        for change in self.columns:
            outcome = change.outcome.gather(heads["_n"]).fill_null(Outcome.NONE)
            written = live & outcome.is_in(list(WRITTEN))
            shown = (written & update) | (settled & (outcome == Outcome.CONFLICT))
            cells.append(_where(shown, change.before, heads, _NOTHING, BEFORE + change.column))
            cells.append(_where(written, change.after, heads, _UNTOUCHED, AFTER + change.column))
            checked = written & update
            if checked.any():
                raw[change.column] = _where(checked, change.raw, heads, _UNTOUCHED, "").filter(
                    update
                )
        text = preconditions(self.digest_key, pl.DataFrame(raw)) if raw else _NOTHING.clear()
        precondition = _NOTHING.new_from_index(0, heads.height)
        return heads.select(*HEAD_COLUMNS).with_columns(
            precondition.scatter(update.arg_true() if raw else [], text).alias("precondition"),
            heads["conflicts"],
            heads["adopt"],
            self._commitments(heads.filter(live | heads["adopt"]), live | heads["adopt"]),
            *cells,
        )

    def with_after(self, heads: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
        """The heads with the `after:` cells of some columns, where any operation writes them."""
        live = heads["action"].is_in(_LIVE)
        cells = []
        for change in self.columns:
            if change.column in columns:
                outcome = change.outcome.gather(heads["_n"]).fill_null(Outcome.NONE)
                written = live & outcome.is_in(list(WRITTEN))
                name = AFTER + change.column
                cells.append(_where(written, change.after, heads, _UNTOUCHED, name))
        return heads.with_columns(cells)

    def _commitments(self, heads: pl.DataFrame, where: pl.Series) -> pl.Series:
        """What the base is to keep of these records."""
        at, kept = heads["_n"], []
        complete = pl.repeat(True, heads.height, eager=True)
        for change in self.fields:
            golden = change.golden.gather(at)
            left_out = change.outcome.gather(at) == Outcome.CONFLICT
            if change.lent is not None:
                left_out = left_out | change.lent.gather(at)
            if left_out.any():
                complete = complete & ~left_out
                golden = golden.zip_with(~left_out, _NOTHING)
            kept.append(golden.alias(change.field))
        frame = pl.DataFrame(kept)
        text = base_texts(self.digest_key, self.entity, heads["golden_id"], frame, complete)
        empty = _NOTHING.new_from_index(0, len(where)).alias("commitments")
        return text if heads.height == len(where) else empty.scatter(where.arg_true(), text)


def written_cells(
    entity: Entity,
    rows: pl.DataFrame,
    changes: Sequence[ColumnChange],
    aligned: pl.DataFrame,
    side: TargetSide,
    digest_key: bytes,
) -> WrittenCells:
    """The cells of the decided `rows`; columns that no operation touches are left out."""
    live = rows["action"].is_in(_LIVE)
    settled = rows["action"] != Action.SKIP
    columns = [
        change
        for change in [*changes, *_own_columns(rows, changes, aligned, side)]
        if ((live & change.written) | (settled & (change.outcome == Outcome.CONFLICT))).any()
    ]
    return WrittenCells(entity.name, changes, columns, digest_key)


def _where(
    mask: pl.Series, cells: pl.Series, heads: pl.DataFrame, other: pl.Series, name: str
) -> pl.Series:
    if not mask.any():
        return other.new_from_index(0, heads.height).alias(name)
    return cells.gather(heads["_n"]).zip_with(mask, other).alias(name)


def _own_columns(
    rows: pl.DataFrame, changes: Sequence[ColumnChange], aligned: pl.DataFrame, side: TargetSide
) -> list[ColumnChange]:
    """Columns that no field fills: constants of new rows, and the mirror of the golden id."""
    held = {c.column for c in changes}
    insert, update = (rows["action"] == a for a in (Action.INSERT, Action.UPDATE))
    nothing = _NOTHING.new_from_index(0, rows.height)
    own = []
    for column, value in side.mapping.constants.items():
        if column not in held:
            text = pl.repeat(value, rows.height, eager=True)
            own.append(_own_column(column, insert, text, nothing))
    mirror = side.mapping.golden_id
    if mirror is not None:
        name = RAW + mirror
        known = name in aligned.columns  # where it was not read, it is written in new rows only
        raw = aligned[name] if known else nothing
        stale = insert | (update & raw.ne_missing(rows["golden_id"])) if known else insert
        own.append(_own_column(mirror, stale, rows["golden_id"], raw))
    return own


def _own_column(column: str, written: pl.Series, text: pl.Series, raw: pl.Series) -> ColumnChange:
    return ColumnChange(
        field=column,
        column=column,
        golden=text,
        outcome=written.cast(pl.UInt8) * int(Outcome.NEW),
        after=text.zip_with(written, _UNTOUCHED),
        before=raw,
        raw=raw,
        misfit=pl.repeat(False, len(text), eager=True),
    )
