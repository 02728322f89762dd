"""Timing two ways of doing the same, by turns, so that a noisy machine hits both."""

from collections.abc import Callable
from time import perf_counter


def best_of(times: int, *ways: Callable[[], object]) -> list[float]:
    """The shortest seconds of each way, the ways run by turns."""
    best = [float("inf")] * len(ways)
    for _ in range(times):
        for place, way in enumerate(ways):
            begun = perf_counter()
            way()
            best[place] = min(best[place], perf_counter() - begun)
    return best


def line(what: str, ours: float, peer: float, amount: int, unit: str) -> dict[str, str]:
    """One result: amounts per second, and how many times faster than the peer."""
    return {
        "what": what,
        "ours": f"{amount / ours:,.0f} {unit}/s",
        "peer": f"{amount / peer:,.0f} {unit}/s",
        "ratio": f"{peer / ours:.2f} x",
    }
