"""Workbooks under a password, opened as the person who got them does."""

import io
from pathlib import Path

import msoffcrypto
import pytest
from openpyxl import Workbook, load_workbook

PASSWORD = "ein langer Satz"


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password stands in the environment, where exports look for it."""
    monkeypatch.setenv("CRM_MIGRATE_EXPORT_PASSWORD", PASSWORD)


def opened(path: Path) -> Workbook:
    """The workbook, decrypted in memory."""
    with path.open("rb") as stream:
        locked = msoffcrypto.OfficeFile(stream)
        locked.load_key(password=PASSWORD)
        clear = io.BytesIO()
        locked.decrypt(clear)
    return load_workbook(clear)
