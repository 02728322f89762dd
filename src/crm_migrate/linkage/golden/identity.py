"""Golden ids: founded once, kept on merge and split, never used twice.

A golden id is `g` + the record id that founded it (its *anchor*), with `.2`, `.3` … where that
was used before. On a merge the oldest id survives, on a split the part with the anchor keeps it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_migrate.linkage.features.hashing import hash_texts, mix
from crm_migrate.records import RECORD_ID, in_id_order

GOLDEN_ID = "golden_id"
TOMBSTONE_SCHEMA = {"golden_id": pl.String(), "into": pl.String()}


@dataclass(frozen=True)
class Identities:
    """members: record_id, golden_id, state — `new` (a new golden record), `joined` (a new record
    of a known one), `kept`, `merged` (its golden id gave way to an older one), `split` (it left
    its golden record for another part). tombstones: golden_id, into (merged ids of this run).
    """

    members: pl.DataFrame
    tombstones: pl.DataFrame


def identify(
    clusters: pl.DataFrame,
    members: pl.DataFrame | None = None,
    tombstones: pl.DataFrame | None = None,
) -> Identities:
    """Gives every cluster its golden id.

    clusters: record_id, cluster_id. members: record_id, golden_id known before, optionally
    `founded` (any sortable value: when the golden id was founded; without it, the smaller id
    counts as older) and `stands` (Boolean: the record is the row of the target that carries the
    golden id, and keeps it on a split). tombstones: golden_id, into of all earlier runs.
    """
    if members is None:
        members = pl.DataFrame(schema={RECORD_ID: pl.String(), GOLDEN_ID: pl.String()})
    if tombstones is None:
        tombstones = pl.DataFrame(schema=TOMBSTONE_SCHEMA)
    if "founded" not in members.columns:
        members = members.with_columns(founded=pl.lit(0))
    if "stands" not in members.columns:
        members = members.with_columns(stands=pl.lit(False))
    known = clusters.join(members, on=RECORD_ID, how="left", maintain_order="left")
    claims = _claims(known)
    survivors = claims.sort("cluster_id", "founded", GOLDEN_ID).unique(
        "cluster_id", keep="first", maintain_order=True
    )
    fallen = (
        claims.join(survivors.select("cluster_id", into=GOLDEN_ID), on="cluster_id")
        .filter(pl.col(GOLDEN_ID) != pl.col("into"))
        .select(GOLDEN_ID, "into")
        .sort(GOLDEN_ID)
    )
    used = pl.concat([members[GOLDEN_ID], tombstones[GOLDEN_ID]]).unique()
    founders = clusters.select(pl.col("cluster_id").unique()).join(
        survivors, on="cluster_id", how="anti"
    )
    founded = _founded(founders["cluster_id"].sort(), used)
    named = pl.concat([survivors.select("cluster_id", GOLDEN_ID), founded])
    result = (
        known.rename({GOLDEN_ID: "before"})
        .join(named, on="cluster_id", how="left")
        .join(fallen.rename({GOLDEN_ID: "before", "into": "gave_way"}), on="before", how="left")
        .join(founded.select(GOLDEN_ID, is_new=True), on=GOLDEN_ID, how="left")
        .select(RECORD_ID, GOLDEN_ID, state=_state())
        .sort(RECORD_ID)
    )
    return Identities(result, fallen)


def _state() -> pl.Expr:
    before, now = pl.col("before"), pl.col(GOLDEN_ID)
    return (
        pl.when(before.is_null() & pl.col("is_new").is_not_null())
        .then(pl.lit("new"))
        .when(before.is_null())
        .then(pl.lit("joined"))
        .when(before == now)
        .then(pl.lit("kept"))
        .when(pl.col("gave_way") == now)
        .then(pl.lit("merged"))
        .otherwise(pl.lit("split"))
    )


def _claims(known: pl.DataFrame) -> pl.DataFrame:
    """cluster_id, golden_id, founded: each known golden id claims the cluster that holds its row
    of the target, else its anchor or, when the anchor is gone, its smallest remaining record.
    """
    anchor = pl.col(GOLDEN_ID).str.slice(1).str.replace(r"\.\d+$", "")
    return (
        known.drop_nulls(GOLDEN_ID)
        .with_columns(elsewhere=pl.col(RECORD_ID) != anchor, moved=~pl.col("stands"))
        .sort(GOLDEN_ID, "moved", "elsewhere", RECORD_ID)
        .unique(GOLDEN_ID, keep="first", maintain_order=True)
        .select("cluster_id", GOLDEN_ID, "founded")
    )


def _founded(cluster_ids: pl.Series, used: pl.Series) -> pl.DataFrame:
    """New golden ids that no living or fallen golden record ever had."""
    stem = pl.lit("g") + pl.col("cluster_id")
    before = (
        used.alias("id")
        .to_frame()
        .with_columns(
            stem=pl.col("id").str.replace(r"\.\d+$", ""),
            turn=pl.col("id").str.extract(r"\.(\d+)$").cast(pl.Int64).fill_null(1),
        )
        .group_by("stem")
        .agg(pl.col("turn").max())
    )
    return (
        cluster_ids.alias("cluster_id")
        .to_frame()
        .with_columns(stem=stem)
        .join(before, on="stem", how="left", maintain_order="left")
        .select(
            "cluster_id",
            golden_id=pl.when(pl.col("turn").is_null())
            .then("stem")
            .otherwise(pl.concat_str("stem", pl.lit("."), pl.col("turn") + 1)),
        )
    )


def resolve(golden_ids: pl.Series, tombstones: pl.DataFrame) -> pl.Series:
    """The living golden id for each id, followed through all merges (golden_id, into)."""
    current = golden_ids.alias("id").to_frame()
    into = tombstones.select(id="golden_id", into="into").unique("id", keep="last")
    for _ in range(into.height + 1):  # a chain is at most as long as there are tombstones
        after = current.join(into, on="id", how="left", maintain_order="left").select(
            id=pl.coalesce("into", "id")
        )
        if after.equals(current):
            break
        current = after
    return current["id"].alias(golden_ids.name)


DIGITS = 9


def customer_codes(golden_ids: pl.Series, taken: pl.DataFrame | None = None) -> pl.DataFrame:
    """golden_id, customer_code: `C`, nine digits and an ISO 7064 MOD 11,10 check digit.

    The same golden id always proposes the same code; where two propose one, the smaller id has
    it and the other takes its next proposal. `taken` (golden_id, customer_code): codes given
    out before, which stand.
    """
    wanted = golden_ids.unique().alias("golden_id").to_frame()
    free = in_id_order(wanted, "golden_id")["golden_id"]
    given = [pl.DataFrame(schema={"golden_id": pl.String(), "customer_code": pl.String()})]
    occupied = np.empty(0, dtype=np.int64)
    if taken is not None and not taken.is_empty():
        given.append(taken.select("golden_id", "customer_code"))
        digits = taken["customer_code"].str.extract(r"^C(\d{9})\d$").drop_nulls()
        occupied = np.unique(digits.cast(pl.Int64).to_numpy())
        free = free.filter(~free.is_in(taken["golden_id"].implode()))
    hashes = hash_texts(free)
    while len(free):
        number = (hashes % np.uint64(10**DIGITS)).astype(np.int64)
        order = np.argsort(number, kind="stable")
        first = np.zeros(len(free), dtype=np.bool_)
        first[order[np.diff(number[order], prepend=-1) > 0]] = True
        first &= ~_among(number, occupied)
        given.append(
            pl.DataFrame({"golden_id": free.filter(first), "customer_code": _codes(number[first])})
        )
        occupied = np.sort(np.concatenate([occupied, number[first]]))
        free, hashes = free.filter(~first), mix(hashes[~first])
    codes = pl.concat(given)
    if taken is not None and not taken.is_empty():
        codes = codes.join(wanted, on="golden_id", how="semi")
    return in_id_order(codes, "golden_id")


def _among(numbers: npt.NDArray[np.int64], known: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each number is one of the known ones, which are sorted."""
    if not len(known):
        return np.zeros(len(numbers), dtype=np.bool_)
    place = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    found: npt.NDArray[np.bool_] = known[place] == numbers
    return found


def _codes(numbers: npt.NDArray[np.int64]) -> pl.Series:
    """`C` + nine digits + check digit."""
    check = check_digits(numbers)
    frame = pl.DataFrame({"number": numbers, "check": check})
    return frame.select(
        pl.concat_str(
            pl.lit("C"), pl.col("number").cast(pl.String).str.zfill(DIGITS), pl.col("check")
        ).alias("customer_code")
    ).to_series()


def check_digits(numbers: npt.NDArray[np.int64], digits: int = DIGITS) -> npt.NDArray[np.int64]:
    """The ISO 7064 MOD 11,10 check digit of numbers written with so many digits.

    >>> int(check_digits(np.array([794]), digits=4)[0])  # the standard's example: 0794 → 5
    5
    """
    product = np.full(len(numbers), 10, dtype=np.int64)
    for place in range(digits - 1, -1, -1):
        total = (product + numbers // 10**place % 10) % 10
        total[total == 0] = 10
        product = total * 2 % 11
    result: npt.NDArray[np.int64] = (11 - product) % 10
    return result
