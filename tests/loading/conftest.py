"""Fixtures of the loading tests."""

from pathlib import Path

import pytest

from crm_migrate.systems.sqlite.target import SqliteTarget
from tests.loading.small_crm import create_crm


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The CRM's file, in a folder of its own."""
    (tmp_path / "crm").mkdir()
    return tmp_path / "crm" / "crm.db"


@pytest.fixture
def target(file: Path) -> SqliteTarget:
    """An empty CRM."""
    return create_crm(file)
