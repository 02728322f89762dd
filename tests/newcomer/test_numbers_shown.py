"""Numbers in tables for people."""

import pytest

from crm_migrate.cli.output import Output


def test_no_number_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However narrow the terminal, every digit of a count is shown."""
    monkeypatch.setenv("COLUMNS", "40")
    counts = [1_000_000 + n for n in range(9)]
    Output(as_json=False).table("counts", ["entity", *"abcdefghi"], [["customers", *counts]])
    shown = capsys.readouterr().out
    assert all(f"{count:,}" in shown for count in counts)
