"""Golden records beside their row of the target and what was last applied to it.

Where each record stands is found once, for all of them, as row numbers; the cells are put beside
each other for a slice of records at a time, so that a wide table of everything never exists.
"""

from dataclasses import dataclass

import polars as pl

from crm_migrate.plan.commitments import read_texts
from crm_migrate.plan.diff.side import BASE, PRESENT, RAW, TargetSide
from crm_migrate.plan.digest import preconditions, row_columns
from crm_migrate.plan.target.present import TARGET_KEY, smallest_keys


@dataclass(frozen=True)
class Places:
    """Where golden records stand in the target.

    `rows`, in the order of the golden records: golden_id, target_key, and the numbers (UInt32,
    null where there is none) of its row in the side's `present`, `stored` and `base`; `based`:
    that row is the one which was last applied. `others`: golden_id and target_key of further
    rows of the target for one golden id.
    """

    rows: pl.DataFrame
    others: pl.DataFrame


def find_places(golden_ids: pl.Series, side: TargetSide) -> Places:
    """Of several rows for one golden id the one we wrote (base) is taken, else the smallest key."""
    known = side.present.select("golden_id", TARGET_KEY).with_row_index("present")
    first, others = smallest_keys(known, side.base)
    stored = side.stored.select(pl.col(side.mapping.key).alias(TARGET_KEY))
    rows = (
        golden_ids.alias("golden_id")
        .to_frame()
        .join(first, on="golden_id", how="left", maintain_order="left")
        .join(stored.with_row_index("stored"), on=TARGET_KEY, how="left", maintain_order="left")
    )
    if side.base is None or side.base.is_empty():
        rows = rows.with_columns(base=pl.lit(None, pl.UInt32), based=pl.lit(False))
    else:
        base = side.base.select("golden_id", _key=TARGET_KEY).with_row_index("base")
        rows = rows.join(base, on="golden_id", how="left", maintain_order="left")
        rows = rows.with_columns(based=(pl.col("_key") == pl.col(TARGET_KEY)).fill_null(False))
    columns = ("golden_id", TARGET_KEY, "present", "stored", "base", "based")
    return Places(rows.select(columns), others.select("golden_id", TARGET_KEY))


def align(
    golden: pl.DataFrame, places: pl.DataFrame, side: TargetSide, digest_key: bytes
) -> pl.DataFrame:
    """Some golden records with their `places` (Places.rows), cell beside cell.

    Columns added: target_key, based, `present:`, `raw:` and `base:` cells (left out where no
    record has any), `as_left` (the raw row is as it was when last applied), `deleted` (applied
    once, its row is gone).
    """
    added: dict[str, pl.Series] = {TARGET_KEY: places[TARGET_KEY], "based": places["based"]}
    if places["present"].null_count() < places.height:
        shown = [f for f in side.mapping.fields if f in side.present.columns]
        added |= {PRESENT + f: side.present[f].gather(places["present"]) for f in shown}
    if places["stored"].null_count() < places.height:
        held = _columns_held(side)
        added |= {RAW + c: side.stored[c].gather(places["stored"]) for c in held}
    gone = places["base"].is_not_null() & places[TARGET_KEY].is_null()
    added |= {"as_left": as_left(places, side, digest_key), "deleted": gone}
    if side.base is not None and places["based"].any():
        at = places["base"].set(~places["based"], None)
        kept = read_texts(side.base["commitments"].gather(at), list(side.mapping.fields))
        added |= {BASE + f: kept[f] for f in kept.columns}
    return golden.with_columns(s.alias(name) for name, s in added.items())


def as_left(places: pl.DataFrame, side: TargetSide, digest_key: bytes) -> pl.Series:
    """Whether the raw row is as it was when it was last applied (Boolean)."""
    found = pl.repeat(False, places.height, eager=True)
    some = places.filter("based")
    if side.base is None or some.is_empty():
        return found
    columns = [c for c in row_columns(side.mapping) if c in side.stored.columns]
    raw = side.stored.select(pl.col(columns).gather(some["stored"]))
    then = side.base["raw_digest"].gather(some["base"])
    same = (preconditions(digest_key, raw) == then).fill_null(False)
    return found.scatter(places["based"].arg_true(), same)


def _columns_held(side: TargetSide) -> list[str]:
    wanted = set(row_columns(side.mapping)) | ({side.mapping.golden_id} - {None})
    return [c for c in side.stored.columns if c in wanted]
