"""Bad input gets one clear message, the right exit code, no traceback, and no value in it."""

import io
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_migrate.errors import SourceFault
from crm_migrate.pipeline import open_session, plan
from crm_migrate.project import load_project
from tests.end_to_end.conftest import OPERATOR, Demo, Ran
from tests.end_to_end.contents import business_rows
from tests.leaks.sample_values import sample_values
from tests.leaks.scanner import scan

PLAN = ("plan", "--as", OPERATOR)
APPLY = ("apply", "latest", "--as", OPERATOR)
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

needs_root = pytest.mark.skipif(not IS_ROOT, reason="NOT TESTED: only root can mount a small disk")


@pytest.fixture(scope="module")
def values(small: Demo) -> frozenset[str]:
    return sample_values(small.samples)


@pytest.fixture
def said(tmp_path: Path, values: frozenset[str]) -> Callable[[Ran], str]:
    """Checks that a failure is told properly; gives what was said, in lower case."""

    def check(ran: Ran) -> str:
        error = ran.error
        assert error.keys() == {"code", "message", "where", "remedy"}
        assert error["code"] != "internal", ran.said
        assert error["message"] in ran.said
        (tmp_path / "said").write_text(ran.said + str(ran.data), encoding="utf-8")
        assert scan(tmp_path, values) == []
        return f"{error['message']} {error['where']} {error['remedy']}".lower()

    return check


def html_workbook(path: Path) -> None:
    path.write_text("<html><table><tr><td>客户名称</td></tr></table></html>", encoding="utf-8")


def encrypted_workbook(path: Path) -> None:
    from msoffcrypto.format.ooxml import OOXMLFile

    plain = io.BytesIO(path.read_bytes())
    with path.open("wb") as file:
        OOXMLFile(plain).encrypt("secret", file)


def empty_sheet(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    book.active.title = "客户登记表"
    book.save(path)


def missing_column(path: Path) -> None:
    from openpyxl import load_workbook

    book = load_workbook(path)
    for row in book["客户登记表"].iter_rows(min_row=2, max_row=3):
        for cell in row:
            if cell.value == "客户名称":
                cell.value = "客户全称"
    book.save(path)


def truncated_workbook(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def missing_file(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (html_workbook, "html"),
        (encrypted_workbook, "password"),
        (empty_sheet, "no sheet"),
        (missing_column, "客户名称"),
        (truncated_workbook, "sales.xlsx"),
        (missing_file, "sales.xlsx"),
    ],
)
def test_spoilt_workbook(
    small: Demo, said: Callable[[Ran], str], spoil: Callable[[Path], None], word: str
) -> None:
    """What is wrong with the workbook is said, the file named, and no plan is made."""
    small.at("keys")
    spoil(small.root / "samples" / "sales.xlsx")
    ran = small.run(*PLAN)
    assert ran.code == 1, ran.said
    assert ran.error["code"] == "source"
    text = said(ran)
    assert word in text
    assert "sales.xlsx" in text
    assert not list((small.root / "audit").rglob("*.crmplan"))
    assert small.run("show", "latest").error["code"] == "not-found"


def test_csv_cut_inside_a_character(small: Demo, said: Callable[[Ran], str]) -> None:
    """R-2.2: a file that ends within a character is not read as if it were whole."""
    small.at("keys")
    path = small.root / "samples" / "service.csv"
    data = path.read_bytes()
    end = len(data) - 400
    while data[end - 1] < 0x81 or not _cuts(data[:end]):
        end -= 1
    path.write_bytes(data[:end])
    ran = small.run(*PLAN)
    assert (ran.code, ran.error["code"]) == (1, "source"), ran.said
    text = said(ran)
    assert "service.csv" in text
    assert "cut off" in text


def _cuts(data: bytes) -> bool:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError as error:
        return error.end == len(data)
    return False


def test_unknown_value_is_a_finding(small: Demo) -> None:
    """R-2.3: a value that no map knows is counted and reported; it stops nothing by itself."""
    small.at("keys")
    with sqlite3.connect(small.root / "samples" / "legacy.db") as legacy:
        legacy.execute("UPDATE opportunities SET stage = 'Q7' WHERE opp_no ="
                       " (SELECT min(opp_no) FROM opportunities)")  # fmt: skip
    legacy.close()
    ran = small.run(*PLAN)
    assert ran.code == 3, ran.said
    gates = {g["name"]: g for g in ran.data["gates"]}
    first = {g["name"]: g["value"] for g in small.said["planned"].data["gates"]}
    assert gates["unmapped_values"]["value"] == first["unmapped_values"] + 1
    assert ran.data["rows"] == small.said["planned"].data["rows"]


def test_faults_of_the_project_are_told_together(small: Demo, said: Callable[[Ran], str]) -> None:
    """Every fault of the project's files at once, with file and line; exit code 2."""
    small.at("keys")
    for name, old, new in (
        ("mappings/sales.yaml", "uscc: 基础信息", "uscx: 基础信息"),
        ("mappings/legacy.yaml", "entity: tag", "entity: tags"),
        ("mappings/target.yaml", "table: cases", "tabel: cases"),
    ):
        path = small.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    ran = small.run(*PLAN)
    assert ran.code == 2, ran.said
    text = said(ran)
    assert all(name in text for name in ("sales.yaml:", "legacy.yaml:", "target.yaml:"))


def test_wrong_usage(small: Demo, said: Callable[[Ran], str]) -> None:
    """Arguments that do not fit end with exit code 2 and say where help is."""
    small.at("keys")
    for arguments in (("plan", "--nonsense"), ("approve", "latest", "--whom", "x"), ("dance",)):
        ran = small.run(*arguments)
        assert ran.code == 2, arguments
        assert said(ran)
    assert small.run("plan", "--as", "stranger").code in (1, 2)


def test_source_that_changes_while_it_is_read(small: Demo) -> None:
    """Evidence names the inputs, and they must be what was read."""
    small.at("keys")
    source = small.root / "samples" / "service.csv"

    def somebody_writes(label: str, done: int, _total: int) -> None:
        if (label, done) == ("read", 1):
            source.write_bytes(source.read_bytes() + source.read_bytes().splitlines(True)[-1])

    session = open_session(load_project(small.root), progress=somebody_writes)
    try:
        with pytest.raises(SourceFault):
            plan(session, by=OPERATOR)
    finally:
        session.close()
    small.ok(*PLAN)


def test_wrong_passphrase(small: Demo, said: Callable[[Ran], str]) -> None:
    """R-5.4: a wrong or missing passphrase opens nothing and leaves nothing."""
    small.at("keys")
    shutil.rmtree(small.state)
    people = ("administrator", "operator")
    secrets = {f"CRM_MIGRATE_PASSPHRASE_{p.upper()}": "mine" for p in people}
    secrets |= {"CRM_MIGRATE_PASSPHRASE": "right horse"}
    given = [f"--person={p}:{p}" for p in people]
    made = small.run("keys", "init", *given, environment=secrets)
    assert made.code == 0, made.said
    before = sorted(small.root.rglob("*"))
    for wrong in ({"CRM_MIGRATE_PASSPHRASE": "wrong horse"}, {}):
        ran = small.run(*PLAN, environment=wrong)
        assert ran.code in (1, 130), ran.said
        text = said(ran)
        assert "horse" not in text
        if wrong:
            assert ran.error["code"] == "key"
            assert "passphrase" in text
    assert sorted(small.root.rglob("*")) == before


def test_no_keys_yet(small: Demo, said: Callable[[Ran], str]) -> None:
    """Without keys the remedy names the command that makes them."""
    small.at("keys")
    shutil.rmtree(small.state)
    ran = small.run(*PLAN)
    assert ran.code == 1
    assert "keys init" in said(ran)


def test_files_without_rights(small: Demo, said: Callable[[Ran], str]) -> None:
    """An unprivileged user is told which file may not be read or written."""
    small.at("approved")
    spoilt = {
        small.root / "samples" / "service.csv": "service.csv",
        small.root / "audit" / "journal.jsonl": "journal.jsonl",
        small.state / "keyring" / "project.json": "project.json",
        small.state / "state.db": "state.db",
        small.state / "runs": "runs",
        small.target: "crm.db",
    }
    for path, word in spoilt.items():
        mode = path.stat().st_mode
        path.chmod(0)
        ran = small.run(command=unprivileged(small, *PLAN))
        assert ran.code in (1, 2), f"{path.name}: {ran.said}"
        assert word in said(ran), path.name
        path.chmod(mode)
    assert small.run(command=unprivileged(small, "runs")).code == 0


def test_read_only_target(small: Demo, said: Callable[[Ran], str]) -> None:
    """Apply says that it may not write, and leaves nothing half done; with rights it goes on."""
    small.at("approved")
    places = (small.target, small.target.parent)
    for path in places:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = small.target.read_bytes()
    ran = small.run(command=unprivileged(small, *APPLY))
    assert (ran.code, ran.error["code"]) == (1, "target")
    assert "crm.db" in said(ran)
    assert small.target.read_bytes() == before
    assert [p.name for p in small.target.parent.iterdir()] == ["crm.db"]
    for path in reversed(places):
        path.chmod(0o755 if path.is_dir() else 0o644)
    done = small.run(command=unprivileged(small, *APPLY))
    assert done.code == 0, done.said
    assert business_rows(small.target) == _whole(small)


def unprivileged(small: Demo, *arguments: str) -> list[str]:
    """The command as a user who is bound by file modes; root is, once it has no capabilities.

    Another user id would not do: it may not read an interpreter under root's home.
    """
    command = small.command(*arguments)
    if not IS_ROOT:
        return command
    bound = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    if shutil.which("setpriv") is None or subprocess.run([*bound, "true"], check=False).returncode:
        pytest.skip("NOT TESTED: root can't give up its capabilities here (setpriv)")
    return [*bound, *command]


@needs_root
def test_full_disk_of_the_target(small: Demo, said: Callable[[Ran], str]) -> None:
    """A full disk stops apply with a clear message; with room again it goes on to the same rows."""
    small.at("approved")
    kept = small.target.read_bytes()
    with SmallDisk(small.target.parent, f"{len(kept) // 1024 + 300}k") as grow:
        small.target.write_bytes(kept)
        ran = small.run(*APPLY)
        assert (ran.code, ran.error["code"]) == (1, "target"), ran.said
        assert "full" in said(ran)
        assert business_rows(small.target)["users"]  # the database is whole
        grow("500m")
        again = small.run(*APPLY)
        assert again.code == 0, again.said
        assert business_rows(small.target) == _whole(small)


@needs_root
def test_full_disk_of_the_state(small: Demo, said: Callable[[Ran], str]) -> None:
    """A full disk stops plan with a clear message, wherever it ends; with room again it goes on."""
    small.at("keys")
    with SmallDisk(small.state, "600k") as grow:
        shutil.copytree(small.snapshots / "keys" / ".crm-migrate", small.state, dirs_exist_ok=True)
        for size in ("2m", "4m", "500m"):
            ran = small.run(*PLAN)
            assert ran.code == 1, ran.said
            assert "full" in said(ran)
            grow(size)
        again = small.ok(*PLAN)
        assert again["effect"] == small.said["planned"].data["effect"]


def _whole(small: Demo) -> dict[str, list[tuple[object, ...]]]:
    return business_rows(small.snapshots / "applied" / "crm" / "crm.db")


class SmallDisk:
    """A tmpfs of a size over a folder; what it gives makes it larger."""

    def __init__(self, folder: Path, size: str) -> None:
        self._folder = folder
        self._size = size

    def __enter__(self) -> Callable[[str], None]:
        options = f"size={self._size},mode=700"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self._folder)],
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.skip("NOT TESTED: a small disk can't be mounted here")
        return self._grow

    def _grow(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self._folder)], check=True)

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)
