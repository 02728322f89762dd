"""What stands in sources and is shown on a terminal cannot steer it."""

import pytest

from crm_migrate.cli.output import LONGEST_CELL, Output


def test_cells_are_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape and direction codes and markup in a name are shown, not obeyed."""
    Output(as_json=False).table("", ("name",), [("a\x1b[31m\x9b\u202eb [red]c[/red]",)])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\x9b" not in said
    assert "\u202e" not in said
    assert "[red]c[/red]" in said


def test_an_endless_cell_is_shortened(capsys: pytest.CaptureFixture[str]) -> None:
    """A name of thousands of characters does not bury the rest of the table."""
    Output(as_json=False).table("", ("name",), [("长" * 5000,)])
    said = capsys.readouterr().out
    assert said.count("长") == LONGEST_CELL
    assert "…" in said
