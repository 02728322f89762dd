"""One project, taken through the whole main job once; tests start from any point of the way.

The target's identity contains its path, so a planned project can't be moved: the snapshots are
put back to the one place where the project lives.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]

ADMINISTRATOR, OPERATOR, APPROVER = "administrator", "operator", "approver"
PEOPLE = (
    *("--person", f"{ADMINISTRATOR}:administrator:演示管理员:信息部"),
    *("--person", f"{OPERATOR}:operator:演示操作员:信息部"),
    *("--person", f"{APPROVER}:approver:演示审批人:销售部"),
)


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, its one JSON object, and what it said to people."""

    code: int
    data: dict[str, Any]
    said: str

    @property
    def error(self) -> dict[str, Any]:
        assert "error" in self.data, self.said
        return dict(self.data["error"])


@dataclass(frozen=True)
class Demo:
    """The project at its place, and the snapshots of its way."""

    root: Path
    snapshots: Path
    samples: Path
    said: dict[str, Ran] = field(default_factory=dict)

    @property
    def target(self) -> Path:
        return self.root / "crm" / "crm.db"

    @property
    def state(self) -> Path:
        return self.root / ".crm-migrate"

    @property
    def temporary(self) -> Path:
        """TMPDIR and HOME of every command."""
        return self.root.parent / "temporary"

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CRM_MIGRATE")}
        places = {n: str(self.temporary) for n in ("TMPDIR", "HOME", "XDG_CACHE_HOME")}
        return kept | places | {"PYTHONPATH": str(REPOSITORY / "src"), "CRM_MIGRATE_LANG": "en"}

    def command(self, *arguments: str) -> list[str]:
        program = [sys.executable, "-m", "crm_migrate.cli.app"]
        return [*program, "-C", str(self.root), *arguments, "--json"]

    def run(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        command: list[str] | None = None,
    ) -> Ran:
        """Run a verb with `--json` to its end; standard output must be one JSON object."""
        done = subprocess.run(
            command or self.command(*arguments),
            env=self.environment() | dict(environment or {}),
            capture_output=True, check=False, text=True, stdin=subprocess.DEVNULL, timeout=300
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        data = json.loads(done.stdout) if done.stdout.strip() else {}
        return Ran(done.returncode, data, done.stderr)

    def ok(self, *arguments: str) -> dict[str, Any]:
        """Run a verb that has to succeed (3: done, but something waits for a person)."""
        ran = self.run(*arguments)
        assert ran.code in (0, 3), ran.said
        assert "error" not in ran.data
        return ran.data

    def keep(self, name: str) -> None:
        """Remember the project as it is now."""
        shutil.copytree(self.root, self.snapshots / name)

    def at(self, name: str) -> "Demo":
        """Put the project back to a snapshot; TMPDIR is empty again."""
        for folder in (self.root, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.snapshots / name, self.root)
        self.temporary.mkdir(mode=0o700)
        return self

    def killed(self, pattern: str, number: int, delay: float, *arguments: str) -> Ran:
        """Run a verb that kills itself hard on its way; see `killed.py`."""
        _, _, _, *rest = self.command(*arguments)
        script = str(Path(__file__).with_name("killed.py"))
        place = [pattern, str(number), str(delay), "--"]
        return self.run(command=[sys.executable, script, *place, *rest])


def make_project(root: Path, samples: Path) -> None:
    """The repository's own project in a folder of its own, into a copy of the CRM."""
    root.mkdir(parents=True)
    text = (REPOSITORY / "crm-migrate.yaml").read_text(encoding="utf-8")
    place = "sqlite:///.crm-migrate/demo/crm.db"
    assert place in text
    text = text.replace(place, "sqlite:///crm/crm.db")
    (root / "crm-migrate.yaml").write_text(text, encoding="utf-8")
    for folder in ("mappings", "rules"):
        if (REPOSITORY / folder).is_dir():
            shutil.copytree(REPOSITORY / folder, root / folder)
    for folder, names in (
        ("samples", ("sales.xlsx", "service.csv", "legacy.db")),
        ("crm", ("crm.db",)),
    ):
        (root / folder).mkdir()
        for name in names:
            shutil.copy(samples / name, root / folder / name)


@pytest.fixture(scope="session")
def way(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The main job on the samples, done once, up to the audit report; every step is a snapshot."""
    return walk(tmp_path_factory.mktemp("way"), REPOSITORY / "samples")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The same on samples of an eighth of the size, for what has to be done many times."""
    from samples.make_samples import make

    samples = tmp_path_factory.mktemp("samples")
    make(samples, scale=1 / 8)
    return walk(tmp_path_factory.mktemp("small"), samples)


def walk(base: Path, samples: Path) -> Demo:
    """The main job; snapshots `keys`, `planned`, `approved`, `applied`, `reported`."""
    demo = Demo(base / "project", base / "snapshots", samples)
    make_project(demo.root, samples)
    demo.temporary.mkdir(mode=0o700)
    demo.snapshots.mkdir()
    steps = (
        ("keys", ("keys", "init", "--no-passphrase", *PEOPLE)),
        ("planned", ("plan", "--as", OPERATOR)),
        ("approved", ("approve", "latest", "--as", APPROVER, "--reason", "checked")),
        ("applied", ("apply", "latest", "--as", OPERATOR)),
        ("reported", ("audit", "report", "--as", OPERATOR)),
    )
    for name, arguments in steps:
        demo.said[name] = ran = demo.run(*arguments)
        assert ran.code in (0, 3), f"{name}: {ran.said}"
        demo.keep(name)
    return demo
