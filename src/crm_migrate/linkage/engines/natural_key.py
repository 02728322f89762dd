"""Linking by natural key: child records of one (golden) parent that say the same are one."""

import polars as pl

from crm_migrate.linkage.blocking.blocks import CAPPED_SCHEMA
from crm_migrate.linkage.deciding.clustering import components
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.features.shared_values import SHARED_SCHEMA
from crm_migrate.linkage.rules.types import LinkageRules
from crm_migrate.records import RECORD_ID

PAIR_SCHEMA = {
    "left_id": pl.String(),
    "right_id": pl.String(),
    "match_weight": pl.Float64(),
    "match_probability": pl.Float64(),
}


class NaturalKeyEngine:
    """Records that agree on all fields of one of the natural keys are one; a record that lacks
    a part of every key stays alone. With no keys at all every record stays alone.
    """

    def link(
        self, records: pl.DataFrame, rules: LinkageRules, verdicts: pl.DataFrame | None = None
    ) -> Linkage:
        """The clusters; edges join each record to the first one with its key."""
        ordered = records.sort(RECORD_ID).with_row_index("row")
        keys = [k for k in rules.natural_keys if set(k) <= set(ordered.columns)]
        found = [_same_key(ordered, key) for key in keys]
        none = pl.DataFrame(schema={"left": pl.Int64(), "right": pl.Int64()})
        edges = pl.concat([none, *found]).unique(maintain_order=True).sort("left", "right")
        left, right = edges["left"].to_numpy(), edges["right"].to_numpy()
        label = components(ordered.height, left, right)
        ids = ordered[RECORD_ID]
        table = pl.DataFrame(
            {
                "left_id": ids.gather(edges["left"]),
                "right_id": ids.gather(edges["right"]),
                "match_weight": None,
                "match_probability": 1.0,
            },
            schema=PAIR_SCHEMA,
        )
        return Linkage(
            pairs=table.with_columns(certain=pl.lit(True)),
            edges=table.drop("match_probability"),
            clusters=pl.DataFrame(
                {"record_id": ids, "cluster_id": ids.gather(pl.Series(label, dtype=pl.Int64))},
                schema={"record_id": pl.String(), "cluster_id": pl.String()},
            ),
            review=pl.DataFrame(schema=PAIR_SCHEMA | {"reason": pl.String()}),
            capped_blocks=pl.DataFrame(schema=CAPPED_SCHEMA),
            shared_values=pl.DataFrame(schema=SHARED_SCHEMA),
            model=None,
        )


def _same_key(ordered: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Left (the first record with the key), right: the other records with it."""
    complete = ordered.drop_nulls(list(key)).filter(
        pl.all_horizontal(pl.col(name) != "" for name in key)
    )
    return (
        complete.select(
            left=pl.col("row").first().over(list(key)).cast(pl.Int64),
            right=pl.col("row").cast(pl.Int64),
        )
        .filter(pl.col("left") != pl.col("right"))
        .sort("left", "right")
    )
