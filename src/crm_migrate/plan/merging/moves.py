"""Merging rows of the CRM that are one customer: which row stays, and what moves.

Golden records say which rows of the CRM are one; where the mapping's policy says `merge`, all of
them but one are given up and what refers to them refers to the row that stays, unless something
holds the merge back (holds.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from crm_migrate.model import Model
from crm_migrate.plan.change import MOVES
from crm_migrate.plan.diff.side import TargetSide
from crm_migrate.plan.digest import keyed_digests, preconditions, row_columns
from crm_migrate.plan.target.form import StoredForm
from crm_migrate.plan.target.present import TARGET_KEY, smallest_keys
from crm_migrate.project.mapping_file import TargetEntity
from crm_migrate.systems.target_schema import TargetTable

CHILDREN = dict.fromkeys(("before", "table", "key_column", "column", "row_key"), pl.String)
"""Cells that refer to a row: its key (`before`), and where the cell stands (see change.MOVES)."""
COLLISIONS = dict.fromkeys(("before", "table", "row_key", "hit"), pl.String)
"""Row `row_key` of `table`, once it refers to the row that stays instead of `before`, would stand
twice under a unique key, beside row `hit`; both are null where the table has no key."""
DOUBLES = dict.fromkeys(("golden_id", "loser", "survivor", "rule", "reason", "group"), pl.String)
"""Rows of the CRM beside the one that stays; `reason`: why the merge is held back, or null."""

_SHORT = 16
_CHILDREN, _MOVE = b"children\0", b"move\0"
_MEANING = [c for c in MOVES if c not in ("group", "rank", "rule", "op_digest")]


@dataclass(frozen=True)
class Around:
    """What surrounds the rows that may be given up, by entity: CHILDREN and COLLISIONS.

    `unmovable`: entities whose rows something refers to by another column than their key.
    """

    children: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    collisions: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    unmovable: frozenset[str] = frozenset()


def doubles(side: TargetSide) -> pl.DataFrame:
    """DOUBLES: the rows that share a golden id with the row that stays, nothing judged yet.

    The row that we applied before (base) stays, else the one with the smallest key.
    """
    first, others = smallest_keys(side.present, side.base)
    based = pl.lit(False)
    if side.base is not None:
        ours = side.base.select("golden_id", TARGET_KEY, _ours=pl.lit(True))
        first = first.join(ours, on=["golden_id", TARGET_KEY], how="left")
        based = pl.col("_ours").is_not_null()
    stays = first.select(
        "golden_id",
        pl.col(TARGET_KEY).alias("survivor"),
        rule=pl.when(based).then(pl.lit("kept_base")).otherwise(pl.lit("kept_smallest_key")),
    )
    found = others.select("golden_id", pl.col(TARGET_KEY).alias("loser"))
    none = pl.lit(None, pl.String)
    return (
        found.join(stays, on="golden_id", maintain_order="left")
        .with_columns(none.alias("reason"), none.alias("group"))
        .select(*DOUBLES)
    )


def given_up(
    mapping: TargetEntity, stored: pl.DataFrame, table: TargetTable | None, form: StoredForm
) -> pl.Series:
    """Keys of the stored rows that are marked as given up already, by us or by people."""
    policy = mapping.merge
    if policy is None or not policy.columns:
        return pl.Series(TARGET_KEY, [], dtype=pl.String)
    marked = pl.lit(True)
    for column, value in policy.mark.items():
        wanted = pl.Series([value], dtype=pl.String)
        text = wanted if table is None else form(table.column(column), wanted)
        marked = marked & pl.col(column).eq_missing(pl.lit(text[0], pl.String))
    if policy.into is not None:
        marked = marked & pl.col(policy.into).is_not_null()
    return stored.filter(marked)[mapping.key].alias(TARGET_KEY)


def merged(found: pl.DataFrame) -> pl.DataFrame:
    """The rows of DOUBLES that are merged."""
    return found.filter(pl.col("reason").is_null())


def leaving_rows(found: Mapping[str, tuple[TargetSide, pl.DataFrame]]) -> pl.DataFrame:
    """`table` and `row_key` of the losers that their entity's policy deletes."""
    parts = [pl.DataFrame(schema={"table": pl.String, "row_key": pl.String})]
    for side, rows in found.values():
        policy = side.mapping.merge
        if policy is not None and policy.delete:
            table = pl.lit(side.mapping.table).alias("table")
            parts.append(rows.select(table, pl.col("loser").alias("row_key")))
    return pl.concat(parts)


def moves_of(
    model: Model,
    decided: Mapping[str, pl.DataFrame],
    sides: Mapping[str, TargetSide],
    operations: Mapping[str, pl.DataFrame],
    around: Around,
    digest_key: bytes,
) -> pl.DataFrame | None:
    """MOVES of all merges that are not held back, with digests; None where there are none.

    In the order of groups and, within one, from what hangs on others up to what they hang on.
    """
    place = {entity.name: number for number, entity in enumerate(model.entities)}
    gone = leaving_rows({e: (sides[e], merged(rows)) for e, rows in decided.items()})
    parts = []
    for name, rows in decided.items():
        joined = merged(rows).join(
            operations[name].select("golden_id", "rank", _group="group"),
            on="golden_id",
            maintain_order="left",
        )
        if joined.is_empty():
            continue
        chosen = joined.with_columns(group="_group", entity=pl.lit(name))
        children = around.children.get(name, pl.DataFrame(schema=CHILDREN))
        parts.append(_merges(sides[name], chosen, children, digest_key))
        parts.append(_reparented(chosen, children, gone))
    if not parts:
        return None
    moves = pl.concat(parts).with_columns(
        _place=pl.col("entity").replace_strict(place, return_dtype=pl.Int64)
    )
    ordered = moves.sort(
        "rank", "group", -pl.col("_place"), "kind", "table", "column", "row_key", nulls_last=True
    ).select(*(c for c in MOVES if c != "op_digest"))
    return ordered.with_columns(move_digests(digest_key, ordered)).select(*MOVES)


def move_digests(digest_key: bytes, moves: pl.DataFrame) -> pl.Series:
    """`op_digest` of every merge and re-parented cell: 64 hex characters over all that it does.

    What a merge shows of its rows is no part of it: the precondition covers the row given up.
    """
    done = moves.with_columns(pl.when(pl.col("kind") != "merge").then("row").alias("row"))
    message = done.select(pl.struct(_MEANING).struct.json_encode()).to_series()
    return keyed_digests(digest_key, _MOVE, message).alias("op_digest")


def count_moves(moves: pl.DataFrame | None, kind: str) -> int:
    """How many moves are of that kind."""
    return 0 if moves is None else moves.filter(pl.col("kind") == kind).height


def merge_columns(mapping: TargetEntity) -> list[str]:
    """Columns whose raw cells a merge's precondition covers: all fields, and the marks."""
    marks = () if mapping.merge is None else mapping.merge.columns
    return sorted({*row_columns(mapping), *marks})


def merge_preconditions(
    digest_key: bytes, rows: pl.DataFrame, columns: list[str], children: pl.DataFrame
) -> pl.Series:
    """Digest of the row's raw cells ‖ digest of the sorted keys of what refers to it.

    `rows`: `_key` and the columns. Each half has 32 hex characters.
    """
    told = pl.struct("table", "column", "row_key").struct.json_encode()
    listed = children.group_by("before").agg(told.sort().str.join(",").alias("_listed"))
    known = rows.select("_key").join(
        listed, left_on="_key", right_on="before", how="left", maintain_order="left"
    )
    below = keyed_digests(digest_key, _CHILDREN, known["_listed"].fill_null(""), _SHORT)
    cells = preconditions(digest_key, rows.select(columns))
    return (cells + below).alias("precondition")


def _merges(
    side: TargetSide, rows: pl.DataFrame, children: pl.DataFrame, digest_key: bytes
) -> pl.DataFrame:
    columns = merge_columns(side.mapping)
    stored = side.stored.select(pl.col(side.mapping.key).alias("_key"), *columns)
    cells = rows.select(_key="loser").join(stored, on="_key", how="left", maintain_order="left")
    text = pl.lit(None, pl.String)
    return rows.select(
        "group",
        "rank",
        pl.lit("merge").alias("kind"),
        "entity",
        "golden_id",
        pl.lit(side.mapping.table).alias("table"),
        pl.lit(side.mapping.key).alias("key_column"),
        pl.col("loser").alias("row_key"),
        text.alias("column"),
        text.alias("before"),
        pl.col("survivor").alias("after"),
        merge_preconditions(digest_key, cells, columns, children),
        "rule",
        _both_rows(side, rows),
    )


def _both_rows(side: TargetSide, rows: pl.DataFrame) -> pl.Series:
    """Canonical cells of the row that `stays` and the one that `goes`, field by field, as JSON.

    Sealed cells are left out.
    """
    fields = [f for f in side.mapping.fields if f in side.present.columns]
    shown = side.present.select(TARGET_KEY, pl.struct(fields).alias("_cells"))
    both = rows.select("survivor", "loser")
    for key, name in (("survivor", "stays"), ("loser", "goes")):
        named = shown.select(pl.col(TARGET_KEY).alias(key), pl.col("_cells").alias(name))
        both = both.join(named, on=key, how="left", maintain_order="left")
    return both.select(row=pl.struct("stays", "goes").struct.json_encode()).to_series()


def _reparented(rows: pl.DataFrame, children: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """What refers to the losers, but for the rows that go themselves."""
    text = pl.lit(None, pl.String)
    staying = children.join(gone, on=["table", "row_key"], how="anti")
    return staying.join(rows, left_on="before", right_on="loser").select(
        "group",
        "rank",
        pl.lit("reparent").alias("kind"),
        "entity",
        "golden_id",
        "table",
        "key_column",
        "row_key",
        "column",
        "before",
        pl.col("survivor").alias("after"),
        text.alias("precondition"),
        text.alias("rule"),
        text.alias("row"),
    )
