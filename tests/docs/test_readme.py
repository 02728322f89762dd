"""The README's commands are run as they stand, in order, in a copy of the project.

A tenth of the samples and two small files of other shapes (`my_files.py`) keep it short. Outputs
are not compared: the documents show them shortened.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import my_files

REPOSITORY = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
DEMO = "bash samples/demo.sh"


def blocks(name: str) -> list[tuple[str, str]]:
    """Language and text of the executable blocks of a document, in order."""
    return BLOCK.findall((REPOSITORY / name).read_text("utf-8"))


def commands(text: str) -> list[str]:
    """The lines after `$ `, comments taken off."""
    lines = (line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ "))
    return [re.sub(r"\s{2,}#.*", "", line).strip() for line in lines]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own project with a tenth of the samples, and `my-files` beside it."""
    root = tmp_path_factory.mktemp("readme") / "crm-migrate"
    root.mkdir()
    shutil.copy(REPOSITORY / "crm-migrate.yaml", root)
    for folder in ("mappings", "rules", "samples"):
        written = shutil.ignore_patterns("__pycache__", "*.db", "*.xlsx", "*.csv", "generator")
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=written)
    make = [sys.executable, "-m", "samples.make_samples", "--scale", "0.1", "--folder"]
    call = [*make, str(root / "samples")]
    subprocess.run(call, cwd=REPOSITORY, env=environment(root), check=True)
    my_files.write(root / "my-files")
    return root


def environment(root: Path) -> dict[str, str]:
    """`crm-migrate` and `python` are those of the test; English; nothing opens a browser."""
    programs = root.parent / "bin"
    programs.mkdir(exist_ok=True)
    for name, call in (("crm-migrate", "-m crm_migrate.cli.app"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n')
        program.chmod(0o755)
    for name in ("xdg-open", "open"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CRM_MIGRATE")}
    return kept | {
        "PATH": f"{programs}{os.pathsep}{kept['PATH']}",
        "PYTHONPATH": str(REPOSITORY / "src"),
        "CRM_MIGRATE_LANG": "en",
    }


def test_the_demo_is_what_make_demo_runs() -> None:
    """`make demo` is run below as the script that the Makefile calls."""
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    assert DEMO in makefile.partition("\ndemo:")[2].partition("\n\n")[0]


def test_every_command_of_the_readme_works(place: Path) -> None:
    """R-8.2: the first ten minutes go as the README says, command by command."""
    here, ran = place, 0
    for language, text in blocks("README.md"):
        calls = [[sys.executable, "-c", text]] if language == "python" else commands(text)
        for call in calls:
            if isinstance(call, str) and call.startswith("cd "):
                here = (here / call[3:]).resolve()
                continue
            shown = call.replace("make demo", DEMO) if isinstance(call, str) else call
            done = subprocess.run(
                ["bash", "-c", shown] if isinstance(shown, str) else shown,
                cwd=here, env=environment(place), capture_output=True, text=True, check=False,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            assert done.returncode in (0, 3), f"{call}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr, call
            ran += 1
    assert ran > 8


def test_the_chinese_readme_shows_no_other_commands() -> None:
    """R-8.2: what README.zh-CN.md tells people to type was run from README.md."""
    english, chinese = (
        {c for language, text in blocks(name) if language == "console" for c in commands(text)}
        for name in ("README.md", "README.zh-CN.md")
    )
    assert chinese
    assert chinese <= english
