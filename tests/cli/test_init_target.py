"""`init` on a real CRM's URL proposes the mapping from the CRM; `check` says what is open."""

import shutil
from pathlib import Path

from tests.cli.command_line import Command

SAMPLES = Path(__file__).parents[2] / "samples"


def test_init_reads_the_crm(command: Command, tmp_path: Path) -> None:
    """R-6.2: the proposal loads and fits the CRM without a correction; `check` names the fields
    of the sources that have no place there.
    """
    shutil.copy(SAMPLES / "crm.db", tmp_path / "crm.db")
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    made = command("init", tmp_path / "p", "--from", SAMPLES / "sales.xlsx", "--target", url)
    assert made.code == 0, made.err
    assert "accounts" in made.out
    text = (tmp_path / "p" / "mappings" / "target.yaml").read_text("utf-8")
    assert "table: accounts" in text
    assert "# no column was recognised for kind" in text
    checked = command("-C", tmp_path / "p", "check", "--json")
    assert (checked.code, checked.data["faults"]) == (0, [])
    notes = [note["message"] for note in checked.data["notes"]]
    assert any(n.startswith("sources fill customer_type") for n in notes)


def test_a_crm_out_of_reach_keeps_nothing_from_being_made(command: Command, tmp_path: Path) -> None:
    """The mapping then stands under our own names, and why is said."""
    url = f"sqlite:///{tmp_path / 'nowhere.db'}"
    made = command("init", tmp_path / "p", "--from", SAMPLES / "sales.xlsx", "--target", url)
    assert made.code == 0, made.err
    assert "can't be opened" in made.out + made.err
    assert "table: customer\n" in (tmp_path / "p" / "mappings" / "target.yaml").read_text("utf-8")
