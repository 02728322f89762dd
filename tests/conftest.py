"""How properties are searched (always the same examples, unless asked for new ones), and in which
order tests run.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=500)
# `HYPOTHESIS=search make test` looks further; what it finds becomes an @example.
settings.load_profile(os.environ.get("HYPOTHESIS", "fixed"))


SLOWEST = ("end_to_end", "docs", "faults", "loading", "cli", "newcomer", "stages")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest folders first: two workers then end at about the same time."""

    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return SLOWEST.index(folder) if folder in SLOWEST else len(SLOWEST)

    items.sort(key=place)
