"""Every example in a docstring of the product is true."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
MODULES = [
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in sorted(SOURCE.rglob("*.py"))
    if path.name != "__init__.py" and ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str):
    """The examples of each module hold."""
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert result.failed == 0
