"""Precision and recall estimated from people's verdicts on a random sample of pairs."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from crm_migrate.linkage.engines.choice import engine_for
from crm_migrate.linkage.engines.contract import Linkage
from crm_migrate.linkage.evaluation.bounds import (
    bounds,
    least_verdicts,
    lower_bound,
    precision,
    recall,
    verdicts_missing,
)
from crm_migrate.linkage.evaluation.sample import Stratum, allocate, draw, sampling_frame, strata
from crm_migrate.linkage.rules.types import LinkageRules
from tests.linkage.invented_companies import companies

SIZES = (500, 2_000, 20_000, 50_000)
NOBODY = pl.DataFrame(
    schema=dict.fromkeys(("left_id", "right_id", "verdict", "given_at"), pl.String)
)


@pytest.fixture(scope="module")
def linked(customer_rules: LinkageRules) -> tuple[Linkage, pl.DataFrame]:
    records = companies(1_500, level=0.9)
    return engine_for(customer_rules).link(records, customer_rules), records


def answers(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """What somebody who knows the truth says about pairs."""
    of = dict(records.select("record_id", "truth").iter_rows())
    said = [
        (a, b, "same" if of[a] == of[b] else "different", "2026-01-01T00:00:00Z")
        for a, b in pairs.select("left_id", "right_id").iter_rows()
    ]
    return pl.DataFrame(said, schema=NOBODY.schema, orient="row")


def test_one_stratum_has_the_exact_bounds():
    """Without strata the bounds are Clopper & Pearson's (SciPy's), or a little wider."""
    for n, same in ((300, 300), (300, 297), (50, 25), (40, 0)):
        one = [Stratum(0, True, None, None, 10**9, 0.99, n, same)]
        exact = binomtest(same, n).proportion_ci(0.9, method="exact")
        low, high = bounds(one, 0.05)
        assert low <= exact.low + 1e-6
        assert low == pytest.approx(exact.low, abs=0.004)
        assert high == pytest.approx(exact.high, abs=0.02)


def test_a_census_is_certain():
    """Where every pair was answered, nothing is left to chance."""
    every = [Stratum(0, True, None, None, 40, 0.9, 40, 39), Stratum(1, True, 0, 2, 9, 0.9, 9, 9)]
    assert bounds(every, 0.05) == (pytest.approx(48 / 49), pytest.approx(48 / 49))


@pytest.mark.parametrize("rates", [(0.8, 0.95, 0.995, 0.995), (0.9, 0.98, 0.98, 0.98)])
def test_the_bound_holds_as_often_as_it_says(rates: tuple[float, ...]):
    """In 600 simulated samples the lower bound at 95 % is wrong in at most about 5 %."""
    rng = np.random.default_rng(7)
    plain = [Stratum(i, True, None, None, n, 0.97) for i, n in enumerate(SIZES)]
    asked = allocate(plain, 300)
    right = [round(n * p) for n, p in zip(SIZES, rates, strict=True)]
    true = sum(right) / sum(SIZES)
    held = 0
    for _ in range(600):
        found = [
            replace(s, asked=n, same=int(rng.hypergeometric(k, s.pairs - k, n)))
            for s, k, n in zip(plain, right, asked.values(), strict=True)
        ]
        held += lower_bound(found, 0.95) <= true
    assert held / 600 >= 0.94


def test_how_many_verdicts_are_missing():
    """With so many more that all say the same the bound is reached, with one less it is not."""
    plain = [Stratum(i, True, None, None, n, 0.97) for i, n in enumerate(SIZES)]
    missing = verdicts_missing(plain, 0.99, 0.95)
    assert missing is not None
    assert abs(missing - least_verdicts(0.99, 0.95)) <= 30
    for more, reached in ((missing, True), (missing - 2, False)):
        wanted = allocate(plain, more)
        full = [replace(s, asked=wanted[s.number], same=wanted[s.number]) for s in plain]
        assert (lower_bound(full, 0.95) >= 0.99) is reached
        assert verdicts_missing(full, 0.99, 0.95) == 0 or not reached
    bad = [Stratum(0, True, None, None, 30, 0.9, 30, 20)]
    assert verdicts_missing(bad, 0.99, 0.95) is None


def test_samples_are_nested_and_blind_to_row_order(linked: tuple[Linkage, pl.DataFrame]):
    """The same pairs whatever the order of rows; a larger sample only adds to a smaller one."""
    linkage, _ = linked
    frame = sampling_frame(linkage)
    small, large = draw(frame, NOBODY, 40), draw(frame, NOBODY, 90)
    assert (small.height, large.height) == (40, 90)
    assert small.join(large, on=["left_id", "right_id"], how="anti").is_empty()
    shuffled = replace(
        linkage,
        pairs=linkage.pairs.sample(fraction=1, shuffle=True, seed=3),
        clusters=linkage.clusters.sample(fraction=1, shuffle=True, seed=4),
    )
    assert draw(sampling_frame(shuffled), NOBODY, 40).equals(small)


def test_verdicts_count_up_to_the_first_gap(linked: tuple[Linkage, pl.DataFrame]):
    """An answer behind an unanswered pair waits; `unsure` is passed over and counted."""
    linkage, records = linked
    frame = sampling_frame(linkage)
    number = frame.group_by("stratum").len().sort("len", descending=True)["stratum"][0]
    first = frame.filter(pl.col("stratum") == number).head(6)
    said = answers(first, records)
    gap = pl.concat([said[:2], said[3:]])
    of = {s.number: s for s in strata(frame, gap)}[number]
    assert (of.asked, of.beyond, of.unsure) == (2, 3, 0)
    unsure = said.with_columns(
        verdict=pl.when(pl.int_range(pl.len()) == 2)
        .then(pl.lit("unsure"))
        .otherwise(pl.col("verdict"))
    )
    of = {s.number: s for s in strata(frame, unsure)}[number]
    assert (of.asked, of.beyond, of.unsure) == (5, 0, 1)
    assert draw(frame, unsure, 30).join(first, on=["left_id", "right_id"], how="semi").is_empty()


def test_the_estimate_holds_the_truth(linked: tuple[Linkage, pl.DataFrame]):
    """R-3.1, R-4.2: 200 true answers give bounds that hold what all answers give."""
    linkage, records = linked
    frame = sampling_frame(linkage)
    all_known = strata(frame, answers(frame, records))
    true_precision, true_recall = precision(all_known), recall(all_known)
    assert true_precision.low == true_precision.high == pytest.approx(true_precision.value)
    asked = strata(frame, answers(draw(frame, NOBODY, 200), records))
    for found, true in ((precision(asked), true_precision), (recall(asked), true_recall)):
        assert true.value is not None
        assert found.low <= true.value <= found.high
        assert found.high - found.low < 0.25
