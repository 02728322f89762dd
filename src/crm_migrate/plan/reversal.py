"""The inverse of an applied plan: what is taken back, and what is kept because it changed since.

What the plan created is deleted, what it updated gets its old cells back, what it deleted is
inserted again under its old key, and rows that it only adopted lose their base row. A row is
taken back when it is still as the plan left it, raw cell by raw cell; otherwise its whole group is
kept, with the reason:

| reason         | the row                                                                       |
|----------------|-------------------------------------------------------------------------------|
| `edited_since` | has other cells than the plan left                                            |
| `gone`         | is no longer there                                                            |
| `later_plan`   | was written by a later plan, which is named after a colon                     |
| `in_use`       | is referred to by rows that stay                                              |
| `key_taken`    | was deleted, and another row has its key now                                  |
| `group_kept`   | is as it was left, but another row of its group is not                        |

What is taken back is `taken_back`, or `along` where only what it hangs on was asked for; what a
plan taken back twice would find done already is `nothing_left`. Cells are raw text as the
target stores them, sealed ones too: nothing is opened.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.change import AFTER, UNTOUCHED
from crm_migrate.plan.digest import preconditions, row_columns
from crm_migrate.project.mapping_file import TargetEntity

CREATED, UPDATED, DELETED, ADOPTED = "created", "updated", "deleted", "unchanged"
"""Results of the target ledger that can be taken back."""
REVERSE, KEEP, NOTHING = "reverse", "keep", "nothing"
"""The three heaps."""

IMAGE = {
    "golden_id": pl.String,
    "written": pl.List(pl.String),
    "commitments": pl.String,
    "raw_digest": pl.String,
    "plan_id": pl.String,
}
"""Columns of opened before-images beside `was:<column>`; the last three are the base row before."""
BASE = {
    "golden_id": pl.String,
    "target_key": pl.String,
    "raw_digest": pl.String,
    "plan_id": pl.String,
}
REFERRING = {
    "entity": pl.String,
    "golden_id": pl.String,
    "group": pl.String,
    "by": pl.String,
}
"""Rows to be deleted that others refer to; `by`: the group that takes those away, null: none."""
WAS, NOW = "was:", "now:"


@dataclass(frozen=True)
class Trail:
    """What a plan did to the rows of one entity, and what stands there now.

    `done`: golden_id, group, rank (Int64), result, target_key, `left_by` (the plan that the base
    row names since: null where it left none), `left_as` (raw digest of the row as it was left,
    where the base row does not say so). `images`: IMAGE and `was:` cells. `base`: BASE. `rows`:
    `_key` and the stored cells of `columns`. `references`: column → entity it leads to.
    """

    mapping: TargetEntity
    columns: tuple[str, ...]
    references: Mapping[str, str]
    done: pl.DataFrame
    images: pl.DataFrame
    base: pl.DataFrame
    rows: pl.DataFrame


@dataclass(frozen=True)
class Judged:
    """The rows of one entity, each in one of the three heaps.

    `rows`: as `Trail.done`, with `fate` (the heap), `reason`, `key` (where the row is), its cells
    as they stand (`now:`) and as they were (`was:`), and the base row to be put back (`i_…`).
    """

    trail: Trail
    rows: pl.DataFrame


def done_rows(
    plan_id: str,
    entries: pl.DataFrame,
    operations: pl.DataFrame,
    images: pl.DataFrame,
    mapping: TargetEntity,
    digest_key: bytes,
) -> pl.DataFrame:
    """`Trail.done` from the plan's ledger entries of the entity and its own operations.

    A plan that took another one back put older base rows in place, so it is its operations and
    images that say how it left a row.
    """
    known = operations.select("golden_id", "rank", *_put_back(operations))
    done = (
        entries.filter(pl.col("result").is_in([CREATED, UPDATED, DELETED, ADOPTED]))
        .select("golden_id", pl.col("group_id").alias("group"), "result", "target_key")
        .join(known, on="golden_id", how="left", maintain_order="left")
        .with_columns(pl.col("rank").fill_null(1))
    )
    if "base_plan" not in operations.columns:
        nothing = pl.lit(None, dtype=pl.String)
        return done.with_columns(left_by=pl.lit(plan_id), left_as=nothing)
    left = _left_as(done, operations, images, mapping, digest_key)
    return done.rename({"base_plan": "left_by"}).join(left, on="golden_id", how="left")


def judge(trail: Trail, digest_key: bytes) -> Judged:
    """Which of the entity's rows are as the plan left them."""
    images = trail.images.rename({n: f"i_{n}" for n in ("commitments", "raw_digest", "plan_id")})
    base = trail.base.select(
        "golden_id",
        b_key="target_key",
        b_digest="raw_digest",
        b_plan="plan_id",
        based=pl.lit(True),
    )
    digests = preconditions(digest_key, trail.rows.select(row_columns(trail.mapping)))
    now = trail.rows.with_columns(digests.alias("now_digest"), there=pl.lit(True)).rename(
        {c: NOW + c for c in trail.columns}
    )
    keys = pl.when(pl.col("b_plan").eq_missing(pl.col("left_by"))).then("b_key")
    rows = (
        trail.done.join(images, on="golden_id", how="left", maintain_order="left")
        .join(base, on="golden_id", how="left", maintain_order="left")
        .with_columns(keys.fill_null(pl.col("target_key")).alias("key"))
        .join(now, left_on="key", right_on="_key", how="left", maintain_order="left")
        .with_columns(pl.col("based", "there").fill_null(False))
    )
    return Judged(trail, rows.with_columns(reason=_reason()).with_columns(fate=_fate()))


def choose(
    judged: Mapping[str, Judged], *, entities: Collection[str] = (), groups: Collection[str] = ()
) -> dict[str, Judged]:
    """The rows of these entities and groups (none named: all), and what hangs on them.

    A row of the plan that refers to one that would be deleted comes along.
    """
    chosen = {
        name: pl.Series([not entities or name in entities] * part.rows.height, dtype=pl.Boolean)
        & (part.rows["group"].is_in(list(groups)) if groups else True)
        for name, part in judged.items()
    }
    wanted = {name: mask.clone() for name, mask in chosen.items()}
    while True:
        more = {name: wanted[name] | _hanging(name, judged, wanted) for name in judged}
        if all((more[n] == wanted[n]).all() for n in judged):
            break
        wanted = more
    found = {}
    for name, part in judged.items():
        along = wanted[name] & ~chosen[name] & (part.rows["fate"] == REVERSE)
        reason = part.rows["reason"].set(along, "along")
        found[name] = Judged(part.trail, part.rows.with_columns(reason).filter(wanted[name]))
    return found


def hold_groups(judged: Mapping[str, Judged], blocked: Collection[str] = ()) -> dict[str, Judged]:
    """Groups with a row that is kept are kept wholly; `blocked`: groups kept for their moves."""
    held = [pl.Series(list(blocked), dtype=pl.String)]
    held += [p.rows.filter(pl.col("fate") == KEEP)["group"] for p in judged.values()]
    return _keep(judged, pl.concat(held).unique(), "group_kept")


def hold_referred(judged: Mapping[str, Judged], referring: pl.DataFrame) -> dict[str, Judged]:
    """Rows to be deleted stay, with their groups, while a row that stays refers to them.

    `referring`: REFERRING, found in the target for the operations of `judged`.
    """
    kept = dict(judged)
    while True:
        still = [p.rows.filter(pl.col("fate") == REVERSE)["group"] for p in kept.values()]
        going = pl.concat([pl.Series([], dtype=pl.String), *still]).unique()
        stays = pl.col("by").is_null() | ~pl.col("by").is_in(going.implode())
        used = referring.filter(stays & pl.col("group").is_in(going.implode()))
        if used.is_empty():
            return kept
        for name, part in kept.items():
            ids = used.filter(pl.col("entity") == name)["golden_id"].implode()
            here = (pl.col("fate") == REVERSE) & pl.col("golden_id").is_in(ids)
            kept[name] = _marked(part, here, "in_use")
        kept = hold_groups(kept)


def _put_back(operations: pl.DataFrame) -> list[str]:
    return ["base_plan"] if "base_plan" in operations.columns else []


def _left_as(
    done: pl.DataFrame,
    operations: pl.DataFrame,
    images: pl.DataFrame,
    mapping: TargetEntity,
    digest_key: bytes,
) -> pl.DataFrame:
    """golden_id and `left_as` of updated rows: their image with the cells that were written."""
    updated = done.filter(pl.col("result") == UPDATED).select("golden_id")
    rows = updated.join(images, on="golden_id").join(operations, on="golden_id", how="left")
    columns = row_columns(mapping)
    cells = rows.select(
        pl.when(pl.col(AFTER + c) != UNTOUCHED).then(AFTER + c).otherwise(WAS + c).alias(c)
        if AFTER + c in rows.columns
        else pl.col(WAS + c).alias(c)
        for c in columns
    )
    # `!=` is null for a null that was written: such a cell was left empty.
    for c in columns:
        if AFTER + c in rows.columns:
            emptied = rows[AFTER + c].is_null()
            cells = cells.with_columns(cells[c].set(emptied, None).alias(c))
    return rows.select("golden_id", preconditions(digest_key, cells).alias("left_as"))


def _reason() -> pl.Expr:
    """Why a row is kept, `nothing_left`, or `taken_back`."""
    result, based, there = pl.col("result"), pl.col("based"), pl.col("there")
    base, before = pl.col("b_plan"), pl.col("i_plan_id")
    ours = base.eq_missing(pl.col("left_by"))
    same = pl.col("now_digest") == pl.coalesce("left_as", "b_digest")
    later = pl.concat_str(pl.lit("later_plan"), pl.lit(":") + base, ignore_nulls=True)
    stands = (
        pl.when(~there)
        .then(pl.lit("gone"))
        .when(same.fill_null(False))
        .then(pl.lit("taken_back"))
        .otherwise(pl.lit("edited_since"))
    )
    done = pl.lit("nothing_left")
    created = pl.when(~based).then(done).when(ours).then(stands).otherwise(later)
    updated = pl.when(ours).then(stands).when(base.eq_missing(before)).then(done).otherwise(later)
    deleted = (
        pl.when(~based & ~there)
        .then(pl.lit("taken_back"))
        .when(~based)
        .then(pl.lit("key_taken"))
        .when(base.eq_missing(before))
        .then(done)
        .otherwise(later)
    )
    adopted = pl.when(based & ours & there).then(pl.lit("taken_back")).otherwise(done)
    return (
        pl.when(result == CREATED)
        .then(created)
        .when(result == UPDATED)
        .then(updated)
        .when(result == DELETED)
        .then(deleted)
        .otherwise(adopted)
    )


def _fate() -> pl.Expr:
    return pl.col("reason").replace_strict(
        {"taken_back": REVERSE, "nothing_left": NOTHING}, default=KEEP, return_dtype=pl.String
    )


def _hanging(name: str, judged: Mapping[str, Judged], chosen: Mapping[str, pl.Series]) -> pl.Series:
    """Mask of the entity's rows that refer to a chosen row that would be deleted."""
    part = judged[name]
    found = pl.repeat(False, part.rows.height, eager=True)
    for column, referred in part.trail.references.items():
        if referred not in judged or NOW + column not in part.rows.columns:
            continue
        gone = judged[referred].rows.filter(
            chosen[referred] & (judged[referred].rows["result"] == CREATED)
        )["key"]
        mine = (pl.col("result") == CREATED) | pl.col("written").list.contains(column)
        hangs = mine.fill_null(False) & pl.col(NOW + column).is_in(gone.implode())
        found = found | part.rows.select(hangs.fill_null(False).alias("m")).to_series()
    return found


def _keep(judged: Mapping[str, Judged], groups: pl.Series, reason: str) -> dict[str, Judged]:
    here = (pl.col("fate") == REVERSE) & pl.col("group").is_in(groups.implode())
    return {name: _marked(part, here, reason) for name, part in judged.items()}


def _marked(part: Judged, where: pl.Expr, reason: str) -> Judged:
    rows = part.rows.with_columns(
        pl.when(where).then(pl.lit(KEEP)).otherwise("fate").alias("fate"),
        pl.when(where).then(pl.lit(reason)).otherwise("reason").alias("reason"),
    )
    return Judged(part.trail, rows)
