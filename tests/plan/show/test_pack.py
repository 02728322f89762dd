"""Names of acceptance workbooks: any department's name makes a file that every system takes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_migrate.plan.show.pack import file_name


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("销售一部", "销售一部.xlsx"),
        ("华东/一部: <A>", "华东_一部_ _A_.xlsx"),
        ("con", "_con.xlsx"),
        ("Nul.2", "_Nul.2.xlsx"),
        ("..", "_.xlsx"),
        ("x. ", "x.xlsx"),
        ("", "_.xlsx"),
    ],
)
def test_what_windows_forbids_gives_way(name: str, file: str) -> None:
    """Forbidden characters, reserved names, dots and blanks at the end."""
    assert file_name(name) == file


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=120), max_size=6))
def test_any_names_make_valid_and_different_files(names: list[str]) -> None:
    """Also where names differ only in case or in what was replaced."""
    files: list[str] = []
    for name in names:
        files.append(file_name(name, files))
    assert len({f.casefold() for f in files}) == len(names)
    for file in files:
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', file)
        assert len(file) <= 100
        assert file.removesuffix(".xlsx").rstrip(" .") == file.removesuffix(".xlsx")
