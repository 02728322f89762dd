"""Source ↔ target, row by row through the mapping: what became of every cell of every record.

For each accepted record of a source and each of its fields that has a value, exactly one of:

| outcome        | the CRM's cell …                                                        |
|----------------|-------------------------------------------------------------------------|
| `equal`        | is what the source says, letter by letter                               |
| `standardized` | is what the source says, in its standard form                           |
| `survivorship` | is the golden record's value, which another record or a rule gave       |
| `sealed`       | is sealed, and stands as we left it: what is in it can't be compared    |
| `kept`         | is another: the CRM's own value stands, by policy or until one decides  |
| `edited_since` | is another: the row was changed after our last transaction              |
| `not_mapped`   | does not exist: the mapping or policy leaves the field out              |
| `missing`      | does not exist: the record has no row in the CRM                        |

So the cells add up by construction; what `missing` rows miss is told by the plan and the ledger.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from crm_migrate.language import Text
from crm_migrate.model import Entity
from crm_migrate.records import RECORD_ID

OUTCOMES = {
    "equal": Text("equal", "一致"),
    "standardized": Text("equal once standardized", "标准化后一致"),
    "survivorship": Text(
        "another record's or a rule's value was chosen", "采用了其他来源或规则给出的值"
    ),
    "sealed": Text("sealed, as we left it", "已加密，与写入时一致"),
    "kept": Text("the CRM's value was kept", "保留了 CRM 的值"),
    "edited_since": Text("edited in the CRM since", "写入后在 CRM 中被修改"),
    "not_mapped": Text("not taken over by the mapping or policy", "映射或策略未纳入"),
    "missing": Text("the record is not in the CRM", "记录不在 CRM 中"),
}
LOADED = "loaded"
"""Row reason of a record that stands in the CRM."""
UNKNOWN = "not_applied"
"""Row reason of a record that no plan has written, and that no plan says why."""

CELLS = {
    RECORD_ID: pl.String,
    "field": pl.String,
    "source_value": pl.String,
    "target_value": pl.String,
    "winner": pl.String,
    "outcome": pl.String,
}
"""One line per cell that differs; `winner`: the record whose value the golden record has."""


@dataclass(frozen=True)
class Side:
    """What an entity's records are compared with.

    `present`: golden_id, target_key and fields in canonical text (references as golden ids), one
    row per golden id; `based`: golden_id, and whether the row that we wrote or took note of is as
    our last transaction left it (`as_left`); `reasons`: golden_id, reason of those that were left
    out or refused.
    """

    present: pl.DataFrame
    based: pl.DataFrame
    reasons: pl.DataFrame


@dataclass(frozen=True)
class Reconciled:
    """One entity. `records`: RECORD_ID, golden_id, target_key, reason, `same` and `other` (cells).

    `cells`: outcome → cells; `fields`: field, outcome, cells. `differing`: CELLS, the first `most`.
    """

    records: pl.DataFrame
    cells: dict[str, int]
    fields: pl.DataFrame
    differing: pl.DataFrame

    @property
    def rows(self) -> dict[str, int]:
        """Row reason → records."""
        counted = self.records["reason"].value_counts().sort("reason")
        return dict(counted.iter_rows())

    def adds_up(self, filled: int) -> bool:
        """Whether every one of the filled cells has exactly one outcome."""
        return sum(self.cells.values()) == filled


def reconcile(
    entity: Entity,
    raw: pl.DataFrame,
    records: pl.DataFrame,
    members: pl.DataFrame,
    golden: pl.DataFrame,
    lineage: pl.DataFrame,
    side: Side,
    *,
    mapped: Collection[str],
    sealed: Collection[str],
    most: int,
) -> Reconciled:
    """Every record of a source beside its row in the CRM.

    `raw`: the mapped records as they were read; `records`: the same, standardized, references as
    golden ids; both RECORD_ID and fields. `members`: RECORD_ID, golden_id. `golden`: golden_id
    and fields. `lineage`: golden_id, field, RECORD_ID. `mapped`: fields that the CRM holds;
    `sealed`: those it holds sealed. `most`: cells that are listed one by one.
    """
    rows = _rows(records, members, side)
    named = pl.DataFrame({RECORD_ID: rows[RECORD_ID], "golden_id": rows["golden_id"]})
    there = rows["target_key"].is_not_null()
    based = side.based.select("golden_id", "as_left").unique("golden_id", keep="last")
    as_left = rows.join(based, on="golden_id", how="left", maintain_order="left")["as_left"]
    places = (
        _places(rows, raw, RECORD_ID),
        _places(rows, golden, "golden_id"),
        _places(rows, side.present, "golden_id"),
    )
    counts, listed = [], [pl.DataFrame(schema=CELLS)]
    same = pl.zeros(rows.height, pl.UInt32, eager=True)
    other = pl.zeros(rows.height, pl.UInt32, eager=True)
    room = most
    for field in entity.field_names:
        if field not in records.columns:
            continue
        cells = pl.DataFrame(
            {
                "raw": _gathered(raw, field, places[0]),
                "value": records[field],
                "golden": _gathered(golden, field, places[1]),
                "now": _gathered(side.present, field, places[2]),
                "there": there,
                "as_left": as_left,
            }
        )
        outcome = _outcome(cells, field in mapped, field in sealed)
        counts.append(_counted(field, outcome))
        good = outcome.is_in(["equal", "standardized", "sealed"])
        same = same + good.fill_null(False).cast(pl.UInt32)
        other = other + (outcome.is_not_null() & ~good).cast(pl.UInt32)
        shown = outcome.is_in(["survivorship", "kept", "edited_since"]).fill_null(False)
        if room and shown.any():
            part = _listed(field, cells, outcome, shown, named, lineage).head(room)
            listed.append(part)
            room -= part.height
    fields = pl.concat([_counted("", pl.Series([], dtype=pl.String)), *counts])
    by_outcome = fields.group_by("outcome").agg(pl.col("cells").sum())
    return Reconciled(
        rows.with_columns(same.alias("same"), other.alias("other")),
        dict(by_outcome.sort("outcome").iter_rows()),
        fields,
        pl.concat(listed),
    )


def filled_cells(entity: Entity, records: pl.DataFrame) -> int:
    """Cells that have a value."""
    held = [f for f in entity.field_names if f in records.columns]
    return sum(records[f].count() for f in held)


def _rows(records: pl.DataFrame, members: pl.DataFrame, side: Side) -> pl.DataFrame:
    """RECORD_ID, golden_id, target_key and reason of every record, in order."""
    there = side.present.select("golden_id", "target_key")
    left = side.reasons.select("golden_id", pl.col("reason").alias("_why")).unique("golden_id")
    return (
        records.select(RECORD_ID)
        .join(members.select(RECORD_ID, "golden_id"), on=RECORD_ID, how="left")
        .join(there, on="golden_id", how="left", maintain_order="left")
        .join(left, on="golden_id", how="left", maintain_order="left")
        .select(
            RECORD_ID,
            "golden_id",
            "target_key",
            pl.when(pl.col("target_key").is_not_null())
            .then(pl.lit(LOADED))
            .otherwise(pl.coalesce("_why", pl.lit(UNKNOWN)))
            .alias("reason"),
        )
    )


def _places(rows: pl.DataFrame, frame: pl.DataFrame, key: str) -> pl.Series:
    """Where in the frame the line of each row stands; null where there is none."""
    known = frame.select(key).with_row_index("_at").unique(key, keep="first")
    return rows.select(key).join(known, on=key, how="left", maintain_order="left")["_at"]


def _gathered(frame: pl.DataFrame, field: str, places: pl.Series) -> pl.Series:
    if field not in frame.columns:
        return pl.Series([None] * len(places), dtype=pl.String)
    return frame.select(pl.col(field).gather(places)).to_series()


def _outcome(cells: pl.DataFrame, mapped: bool, sealed: bool) -> pl.Series:
    """The outcome of each cell; null where the record has no value."""
    value, now = pl.col("value"), pl.col("now")
    standing = (
        pl.when(now.eq_missing(value) & (pl.col("raw") == value).fill_null(False))
        .then(pl.lit("equal"))
        .when(now.eq_missing(value))
        .then(pl.lit("standardized"))
        .when(now.eq_missing(pl.col("golden")))
        .then(pl.lit("survivorship"))
        .when(pl.col("as_left").fill_null(True))
        .then(pl.lit("kept"))
        .otherwise(pl.lit("edited_since"))
    )
    if sealed:
        standing = (
            pl.when(value.ne_missing(pl.col("golden")))
            .then(pl.lit("survivorship"))
            .when(pl.col("as_left"))
            .then(pl.lit("sealed"))
            .when(pl.col("as_left").is_null())
            .then(pl.lit("kept"))
            .otherwise(pl.lit("edited_since"))
        )
    known = standing if mapped else pl.lit("not_mapped")
    outcome = pl.when(~pl.col("there")).then(pl.lit("missing")).otherwise(known)
    return cells.select(pl.when(value.is_not_null()).then(outcome).alias("outcome")).to_series()


def _counted(field: str, outcome: pl.Series) -> pl.DataFrame:
    counted = outcome.drop_nulls().alias("outcome").value_counts(name="cells")
    return counted.select(pl.lit(field).alias("field"), "outcome", pl.col("cells").cast(pl.Int64))


def _listed(
    field: str,
    cells: pl.DataFrame,
    outcome: pl.Series,
    shown: pl.Series,
    named: pl.DataFrame,
    lineage: pl.DataFrame,
) -> pl.DataFrame:
    won = lineage.filter(pl.col("field") == field).select(
        "golden_id", pl.col(RECORD_ID).alias("winner")
    )
    return (
        named.hstack([cells["value"], cells["now"], outcome])
        .filter(shown)
        .join(won.unique("golden_id"), on="golden_id", how="left", maintain_order="left")
        .select(
            RECORD_ID,
            pl.lit(field).alias("field"),
            pl.col("value").alias("source_value"),
            pl.col("now").alias("target_value"),
            "winner",
            "outcome",
        )
    )


def reasons_of(
    operations: Mapping[str, pl.DataFrame], left: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Entity → golden_id, reason: why a plan, or its apply (`left`), has not written a record."""
    found = {}
    for entity, frame in operations.items():
        skipped = frame.filter(pl.col("action").is_in(["skip", "conflict"]))
        parts = [skipped.select("golden_id", "reason")]
        if entity in left:
            parts.insert(0, left[entity].select("golden_id", "reason"))
        found[entity] = pl.concat(parts).unique("golden_id", keep="first", maintain_order=True)
    return found
