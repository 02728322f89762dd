"""The benchmarks name functions of the product: a name that moves must not stop them."""

import importlib

from benchmarks.stage_clock import INNER, STAGES


def test_what_the_stage_clock_watches_is_there() -> None:
    """Every function whose time is taken stands where the clock looks for it."""
    places = [place for part in (STAGES, INNER) for verb in part.values() for place in verb]
    gone = [p for p in places if not hasattr(importlib.import_module(p[0]), p[1])]
    assert gone == []
