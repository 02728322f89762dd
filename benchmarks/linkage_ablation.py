"""What each means of the native engine is worth, on invented Chinese companies, three corruptions.

    python -m benchmarks linkage_ablation [--rows 30000]

The shipped pack company-cn as it is, with one thing taken away, and with one thing added.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from benchmarks.invented_companies import LEVELS, companies
from benchmarks.linkage_child import cluster_counts, scores
from crm_migrate.language import Text
from crm_migrate.linkage.bare.pack import load_pack
from crm_migrate.linkage.comparing.comparison import differs, levels_of
from crm_migrate.linkage.engines.native import NativeEngine
from crm_migrate.linkage.features.features import Features
from crm_migrate.linkage.model import training
from crm_migrate.linkage.rules.types import Comparison, Level, LinkageRules

NO_WORDS = Text("", "")


def run(options: Sequence[str] = ()) -> list[dict[str, str]]:
    """One line per variant and corruption: precision, recall, F1 of clustered pairs; reviews."""
    parser = argparse.ArgumentParser("benchmarks linkage_ablation")
    parser.add_argument("--rows", type=int, default=30_000)
    rows = parser.parse_args(options).rows
    shipped = load_pack("company-cn").rules
    results = []
    for level in LEVELS:
        made = companies(rows, level=level)
        records = made.rows.rename({"code": "uscc"})
        for name, change in VARIANTS.items():
            with sampled_u() if name == "exact u sampled" else as_it_is():
                found = NativeEngine().link(records, change(shipped))
            figures = scores(cluster_counts(found.clusters, made.truth), made.truth)
            line = {
                "what": f"{level}, {name}: P/R/F1 of clusters",
                "ours": "/".join(f"{f:.4f}" for f in figures),
                "peer": f"{found.review.height} to review",
                "ratio": f"{found.compared:,}",
            }
            print(f"  {line['what']} {line['ours']} {line['peer']}", flush=True)
            results.append(line)
    return results


def without_parts(rules: LinkageRules) -> LinkageRules:
    """Names as wholes only: no region, 字号, core, legal form or branch."""

    def whole(names: tuple[str, ...]) -> bool:
        return not any(n.startswith("name.") for n in names)

    comparisons = []
    for c in rules.comparisons:
        levels = [replace(x, same=("name",)) if x.same[:1] == ("name",) else x for x in c.levels]
        comparisons.append(Comparison(c.name, tuple(x for x in levels if whole(x.features()))))
    return replace(
        rules,
        comparisons=tuple(comparisons),
        blocking=tuple(b for b in rules.blocking if whole(b)),
        vetoes=tuple(v for v in rules.vetoes if whole((v.feature,))),
        certain=tuple(c for c in rules.certain if whole(c)),
        shared=tuple(replace(s, by="name") for s in rules.shared),
        caps=replace(rules.caps, refine="name"),
    )


def without_frequency(rules: LinkageRules) -> LinkageRules:
    """Agreement on a rare value weighs as much as on a frequent one."""
    return _levels(rules, lambda c: tuple(replace(x, frequency=False) for x in c.levels))


def with_grams(rules: LinkageRules) -> LinkageRules:
    """N-grams weighed by rarity instead of Jaro–Winkler for names."""

    def grams(c: Comparison) -> tuple[Level, ...]:
        return tuple(
            replace(x, by="grams", at_least=0.7) if x.by == "jaro_winkler" and x.similar else x
            for x in c.levels
        )

    return _levels(rules, grams)


def with_sound(rules: LinkageRules) -> LinkageRules:
    """Names that sound alike are brought together, and agree a little less than the same ones."""

    def sounding(c: Comparison) -> tuple[Level, ...]:
        if c.name != "name":
            return c.levels
        alike = Level(
            NO_WORDS, ("name.sound",), compatible=("name.region", "name.form"), m=0.08, u=1e-4
        )
        at = next(i for i, x in enumerate(c.levels) if x.similar)
        return (*c.levels[:at], alike, *c.levels[at:])

    more = _levels(rules, sounding)
    return replace(more, blocking=(*rules.blocking, ("name.sound", "name.region")))


def with_road(rules: LinkageRules) -> LinkageRules:
    """The same road and house number, whatever stands around them."""

    def road(c: Comparison) -> tuple[Level, ...]:
        if c.name != "address":
            return c.levels
        return (c.levels[0], Level(NO_WORDS, ("address.road",), m=0.3, u=3e-4), *c.levels[1:])

    return _levels(rules, road)


def _levels(rules: LinkageRules, change: Callable[[Comparison], tuple[Level, ...]]) -> LinkageRules:
    changed = (Comparison(c.name, change(c)) for c in rules.comparisons)
    return replace(rules, comparisons=tuple(changed))


VARIANTS: dict[str, Callable[[LinkageRules], LinkageRules]] = {
    "as shipped": lambda rules: rules,
    "no name parts": without_parts,
    "no term frequency": without_frequency,
    "no veto": lambda rules: replace(rules, vetoes=()),
    "no stop-list": lambda rules: replace(rules, shared=()),
    "exact u sampled": lambda rules: rules,
    "with n-grams": with_grams,
    "with sound": with_sound,
    "with road and number": with_road,
}


@contextmanager
def as_it_is() -> Iterator[None]:
    """Nothing is changed."""
    yield


@contextmanager
def sampled_u() -> Iterator[None]:
    """All of u from random pairs, as other tools do."""
    exact = training.population_u

    def sampled(comparison: Comparison, features: Features, workers: int = 1) -> training.Observed:
        there = features[comparison.subject].present()
        left, right = training.random_pairs(there, features)
        found = levels_of(comparison, features, left, right, workers)
        counts = np.bincount(found, minlength=differs(comparison) + 1)[1:]
        drawn = max(len(found), 1)
        return training.Observed(counts / drawn, np.full(len(comparison.levels), float(drawn)))

    training.population_u = sampled
    try:
        yield
    finally:
        training.population_u = exact
