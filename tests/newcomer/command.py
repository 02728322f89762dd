"""The command in a process of its own, as a person starts it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(*arguments: str | Path, cwd: Path) -> tuple[int, dict[str, Any], str]:
    """The command's exit code, its JSON object, and what it told people."""
    start = "from crm_migrate.cli.app import main; main()"
    command = [sys.executable, "-c", start, "--lang", "en", *map(str, arguments), "--json"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout), done.stderr
