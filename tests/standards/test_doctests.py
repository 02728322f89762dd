"""Every example in the standards' docstrings is true."""

import doctest
import pkgutil
from importlib import import_module

import pytest

from crm_migrate import standards

MODULES = [m.name for m in pkgutil.walk_packages(standards.__path__, f"{standards.__name__}.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str):
    """The examples of each module hold."""
    result = doctest.testmod(import_module(name))
    assert result.failed == 0
