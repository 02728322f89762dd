"""Splink 5 on DuckDB on the same task: same blocking rules, same levels, u from 1e7 pairs.

Once with DuckDB's own string functions, which compare UTF-8 bytes, and once with functions
that compare characters (RapidFuzz, registered as DuckDB functions on Arrow batches).
"""

from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler, Levenshtein
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.blocking_analysis import count_comparisons_from_blocking_rules

from benchmarks.linkage_native import BLOCKS, EXACT, FREQUENCY, FUZZY, HEAVY, MATCH, REVIEW

_SQL = {
    "own": {
        "edit": "levenshtein({f}_l, {f}_r) <= 1",
        "jaro_winkler": "jaro_winkler_similarity({f}_l, {f}_r) >= {a}",
    },
    "characters": {
        "edit": "character_edits({f}_l, {f}_r) <= 1",
        "jaro_winkler": "character_similarity({f}_l, {f}_r) >= {a}",
    },
}


def link(rows: pl.DataFrame, *, heavy: bool, functions: str, u_pairs: float) -> dict[str, Any]:
    """Train, predict, cluster; edges are the pairs above the match threshold."""
    connection = duckdb.connect()
    if functions == "characters":
        _register(connection)
    table = DuckDBAPI(connection).register(rows.to_arrow(), dataset_display_name="companies")
    linker = Linker(table, _settings(heavy, functions), log_level=50)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("code"), block_on("phone", "name"), block_on("email")], recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=u_pairs, seed=1)
    for rule in ("phone", "address"):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(rule))
    predicted = linker.inference.predict(threshold_match_probability=REVIEW)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=MATCH
    )
    scored = pl.from_arrow(
        connection.sql(
            "select record_id_l as left_id, record_id_r as right_id, match_weight, "
            f"match_probability from {predicted.physical_name}"
        ).to_arrow_table()
    )
    edges = scored.filter(pl.col("match_probability") >= MATCH).select("left_id", "right_id")
    found = pl.from_arrow(
        connection.sql(
            f"select record_id, cluster_id from {clusters.physical_name}"
        ).to_arrow_table()
    )
    return {"scored": scored, "edges": edges, "clusters": found, "table": table}


def compared(table: Any, *, heavy: bool) -> int:
    """How many pairs the blocking rules bring together, each counted once."""
    counted = count_comparisons_from_blocking_rules(
        table,
        blocking_rules=_blocks(heavy),
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        record_sample_proportion=1.0,
    )
    return int(sum(c["marginal_comparison_count"] for c in counted))


def _blocks(heavy: bool) -> list[Any]:
    return [block_on(*b) for b in ([*BLOCKS, HEAVY] if heavy else BLOCKS)]


def _settings(heavy: bool, functions: str) -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        blocking_rules_to_generate_predictions=_blocks(heavy),
        comparisons=[_comparison(f, functions) for f in EXACT],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def _comparison(field: str, functions: str) -> Any:
    fuzzy = [
        levels.CustomLevel(_SQL[functions][by].format(f=field, a=at_least), f"{by} {at_least}")
        for by, at_least in FUZZY[field]
    ]
    exact = levels.ExactMatchLevel(field, term_frequency_adjustments=field in FREQUENCY)
    return comparisons.CustomComparison(
        [levels.NullLevel(field), exact, *fuzzy, levels.ElseLevel()], output_column_name=field
    )


def _register(connection: duckdb.DuckDBPyConnection) -> None:
    def similarity(left: pa.Array, right: pa.Array) -> pa.Array:
        a, b = left.to_pylist(), right.to_pylist()
        return pa.array(process.cpdist(a, b, scorer=JaroWinkler.normalized_similarity))

    def edits(left: pa.Array, right: pa.Array) -> pa.Array:
        a, b = left.to_pylist(), right.to_pylist()
        return pa.array(process.cpdist(a, b, scorer=Levenshtein.distance, score_cutoff=1))

    text = ["VARCHAR", "VARCHAR"]
    connection.create_function("character_similarity", similarity, text, "DOUBLE", type="arrow")
    connection.create_function("character_edits", edits, text, "INTEGER", type="arrow")
