"""The reviewer's session: real keys on a real pseudo-terminal."""

import os
import select
import sys
from pathlib import Path
from time import monotonic

import pytest

from tests.cli.command_line import Command

pty = pytest.importorskip("pty", reason="pseudo-terminals are a thing of POSIX")
termios = pytest.importorskip("termios", reason="pseudo-terminals are a thing of POSIX")
ROWS = (
    "客户名称,备注\n云桥恒物,甲\n云桥恒物,乙\n青禾立新,丙\n青禾立新,丁\n白榕远帆,戊\n白榕远帆,己\n"
)


def session(root: Path, keys: str, *options: str) -> tuple[int, str]:
    """Press the keys, one per question shown; exit code and all that the terminal showed."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - the other process
        command = [sys.executable, "-m", "crm_migrate.cli.app", "-C", str(root), "review", *options]
        places = {"PYTHONPATH": os.pathsep.join(sys.path), "CRM_MIGRATE_LANG": "en",
                  "TERM": "dumb", "COLUMNS": "200"}  # fmt: skip
        os.execve(sys.executable, command, os.environ | places)
    shown, pressed = "", 0
    ended = monotonic() + 90
    while monotonic() < ended:
        ready, _, _ = select.select([terminal], [], [], 0.05)
        if ready:
            try:
                shown += os.read(terminal, 65536).decode("utf-8", "replace")
            except OSError:  # the other side is closed
                break
        elif shown.count("q quit") > pressed and pressed < len(keys) and listens(terminal):
            os.write(terminal, keys[pressed].encode())
            pressed += 1
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown


def listens(terminal: int) -> bool:
    """Whether single keys are read: what is typed before is thrown away."""
    return not termios.tcgetattr(terminal)[3] & termios.ICANON


@pytest.fixture
def planned_pairs(command: Command, tmp_path: Path) -> Path:
    """A planned project with three doubtful pairs."""
    (tmp_path / "list.csv").write_text(ROWS, "utf-8")
    assert command("init", tmp_path / "p", "--from", tmp_path / "list.csv").code == 0
    assert command("-C", tmp_path / "p", "plan", "--json").code == 3
    return tmp_path / "p"


def test_one_question_after_the_other(planned_pairs: Path, command: Command) -> None:
    """R-3.3: same, undo, different, skip, quit; coming back goes on where the person left."""
    first = command("-C", planned_pairs, "review", "list", "--json").data["tasks"][0]["task_id"]
    code, shown = session(planned_pairs, "sudkq")
    assert code == 0, shown
    assert "2 answered, 1 skipped, 1 undone" in shown
    left = command("-C", planned_pairs, "review", "list", "--as", "operator", "--json").data
    assert left["open"] == 2
    every = command("-C", planned_pairs, "review", "list", "--all", "--json").data["tasks"]
    said = {t["task_id"]: [v["verdict"] for v in t["verdicts"]] for t in every}
    assert said[first] == ["different"]
    code, shown = session(planned_pairs, "ss", "--blind")
    assert code == 0, shown
    assert "bits" not in shown
    assert command("-C", planned_pairs, "review", "list", "--json").data["open"] == 0


def test_without_a_terminal_verbs_are_named(planned_pairs: Path, command: Command) -> None:
    """A script is told what works without a terminal."""
    refused = command("-C", planned_pairs, "review", "--json")
    assert (refused.code, refused.data["error"]["code"]) == (2, "usage")
    assert "review decide" in refused.data["error"]["remedy"]
