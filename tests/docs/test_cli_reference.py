"""The command line reference says what the commands say."""

import subprocess
import sys
from pathlib import Path

from crm_migrate.cli.verbs import VERBS

REPOSITORY = Path(__file__).parents[2]


def test_the_reference_is_current() -> None:
    """R-8.2: docs/cli.md and docs/cli.zh-CN.md are what `make docs` would write now."""
    done = subprocess.run(
        [sys.executable, "-m", "docs.cli_reference", "--check"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(REPOSITORY / "src"), "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_verb_has_a_section_in_the_order_of_the_work() -> None:
    """R-8.2: both languages describe the same verbs, in the order of VERBS."""
    for name in ("cli.md", "cli.zh-CN.md"):
        lines = (REPOSITORY / "docs" / name).read_text("utf-8").splitlines()
        found = [s.split()[2] for s in lines if s.startswith("### crm-migrate ")]
        assert found == list(VERBS), name


def test_every_verb_shows_an_example() -> None:
    """R-8.2: the help of every verb that does something shows how it is called."""
    text = (REPOSITORY / "docs" / "cli.md").read_text("utf-8")
    sections = text.split("\n##")[2:]
    silent = [s.split("\n")[0].strip("# ") for s in sections if "Commands:" not in s]
    silent = [n for n, s in zip(silent, (s for s in sections if "Commands:" not in s), strict=True)
              if "Example" not in s]  # fmt: skip
    assert silent == []
