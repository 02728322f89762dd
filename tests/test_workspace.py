"""The workspace: encrypted stage tables, resuming, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from crm_migrate.errors import IntegrityFault, KeyFault, NotFound, WorkspaceFault
from crm_migrate.trust.keyring import create_project_keyring, open_keyring
from crm_migrate.trust.wrapping import Unprotected
from crm_migrate.workspace import Workspace
from crm_migrate.workspace.faults import refuse_write
from crm_migrate.workspace.stage_file import file_key

FRAME = pl.DataFrame({"customer_name": ["华新机械有限公司", None], "mobile": ["13800138000", "x"]})


@pytest.fixture
def workspace(tmp_path):
    keyring = create_project_keyring(tmp_path / "state" / "keyring", Unprotected())
    return Workspace(tmp_path / "state", keyring)


def parquet(workspace: Workspace, run: str, stage: str = "mapped", name: str = "contact") -> Path:
    return workspace.root / "runs" / run / stage / f"{name}.parquet"


def test_table_comes_back(workspace):
    """What a stage wrote is read and scanned in a later process."""
    with workspace.begin("r1") as run, run.stage("mapped", "d"):
        run.write("mapped", "contact", FRAME)
    reader = workspace.open("r1")
    assert_frame_equal(reader.read("mapped", "contact"), FRAME)
    assert_frame_equal(reader.scan("mapped", "contact").collect(), FRAME)
    assert reader.read("mapped", "contact", columns=["mobile"]).columns == ["mobile"]
    assert reader.names("mapped") == ["contact"]
    assert workspace.run_ids() == ["r1"]


def test_no_plaintext_on_disk(workspace):
    """Neither a value nor a column name can be read in any file, nor is any left behind (R-5.2)."""
    many = pl.concat([FRAME] * 5000)
    with workspace.begin("r1") as run, run.stage("mapped", "d"):
        run.write("mapped", "contact", many)
    files = [p for p in workspace.root.rglob("*") if p.is_file()]
    assert not [p for p in files if p.name.endswith(".tmp")]
    for path in files:
        data = path.read_bytes()
        for secret in ("13800138000", "华新机械", "customer_name"):
            assert secret.encode() not in data, path.name


@pytest.mark.skipif(os.name != "posix", reason="mode bits")
def test_only_the_owner_may_read(workspace):
    """Files are 0600 and folders 0700."""
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
    for path in (workspace.root / "runs").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path.name


def test_writing_leaves_nothing_in_temporary_folders(workspace, tmp_path):
    """A write opens no file outside the run's folder: Polars spills nothing in clear."""
    spill = tmp_path / "spill"
    spill.mkdir()
    program = (
        "import polars as pl, sys\n"
        "from pathlib import Path\n"
        "from crm_migrate.trust.keyring import open_keyring\n"
        "from crm_migrate.workspace import Workspace\n"
        "state = Path(sys.argv[1])\n"
        "ws = Workspace(state, open_keyring(state / 'keyring'))\n"
        "opened = []\n"
        "sys.addaudithook(lambda e, a: opened.append(str(a[0])) if e == 'open' else None)\n"
        "frame = pl.DataFrame({'mobile': ['13800138000'] * 200_000})\n"
        "with ws.begin('r1') as run:\n"
        "    run.write('mapped', 'contact', frame)\n"
        "    run.scan('mapped', 'contact').sort('mobile').collect()\n"
        "print([p for p in opened if '.parquet' in p and not p.startswith(str(state))])\n"
    )
    places = {"TMPDIR": str(spill), "POLARS_TEMP_DIR": str(spill)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(workspace.root)],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
    assert [p for p in spill.rglob("*") if p.is_file()] == []


def test_changed_file_is_refused(workspace):
    """One flipped byte is found before the file is opened."""
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
    path = parquet(workspace, "r1")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    reader = workspace.open("r1")
    for use in (reader.read, reader.scan):
        with pytest.raises(IntegrityFault) as caught:
            use("mapped", "contact")
        assert "13800138000" not in str(caught.value)


def test_plaintext_substitute_is_refused(workspace):
    """A plain Parquet file, which Polars would read despite the key, is refused."""
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
    path = parquet(workspace, "r1")
    FRAME.write_parquet(path)
    with pytest.raises(IntegrityFault):
        workspace.open("r1").read("mapped", "contact")
    path.unlink()
    with pytest.raises(IntegrityFault):
        workspace.open("r1").read("mapped", "contact")


def test_swapped_table_does_not_open(workspace):
    """A file of another table, of another run or of an earlier attempt is refused."""
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
        earlier = parquet(workspace, "r1").read_bytes()
        run.write("mapped", "contact", FRAME.head(1))
        run.write("mapped", "lead", FRAME)
    with workspace.begin("r2") as run:
        run.write("mapped", "contact", FRAME)
    path = parquet(workspace, "r1")
    for other in (
        earlier,
        parquet(workspace, "r1", name="lead").read_bytes(),
        parquet(workspace, "r2").read_bytes(),
    ):
        path.write_bytes(other)
        with pytest.raises(IntegrityFault):
            workspace.open("r1").read("mapped", "contact")


def test_keys_differ_by_place_and_attempt(workspace):
    """Even with the digest out of the way, only the right place and attempt opens a file."""
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
        path = parquet(workspace, "r1")
        for place in (b"r1/mapped/contact/2", b"r1/mapped/lead/1", b"r2/mapped/contact/1"):
            for key in (file_key(run._key, place), file_key(run._key, b"r1/mapped/contact/1")):
                decryption = pl.ParquetDecryptionProperties(footer_key=key, aad_prefix=place)
                with pytest.raises(pl.exceptions.ComputeError):
                    pl.read_parquet(path, decryption=decryption)


def test_wrong_key_does_not_open(workspace, tmp_path):
    """Another project's keyring opens neither the run nor its tables."""
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
    other = create_project_keyring(tmp_path / "other", Unprotected())
    with pytest.raises(KeyFault):
        Workspace(workspace.root, other).open("r1")
    other.run_key("r1", create=True)
    with pytest.raises(IntegrityFault):
        Workspace(workspace.root, other).open("r1")


def test_edited_manifest_is_refused(workspace):
    """run.json is authenticated: a stage cannot be marked done from outside."""
    with workspace.begin("r1") as run, run.stage("mapped", "digest-1"):
        run.write("mapped", "contact", FRAME)
    path = workspace.root / "runs" / "r1" / "run.json"
    content = json.loads(path.read_text())
    content["stages"]["mapped"]["input_digest"] = "digest-2"
    path.write_text(json.dumps(content))
    with pytest.raises(IntegrityFault):
        workspace.open("r1")


def test_run_resumes_after_the_last_stage_that_ended_well(workspace):
    """A stage that died is not done; one that ended is done for the same inputs only (R-5.6)."""
    with workspace.begin("r1") as run:
        with run.stage("mapped", "d1"):
            run.write("mapped", "contact", FRAME)

        def killed() -> None:
            with run.stage("standardized", "d2"):
                run.write("standardized", "contact", FRAME)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            killed()
    with workspace.begin("r1") as run:
        assert run.stage_done("mapped", "d1")
        assert not run.stage_done("mapped", "changed")
        assert not run.stage_done("standardized", "d2")
        with run.stage("standardized", "d2"):
            run.write("standardized", "contact", FRAME)
        assert run.stage_done("standardized", "d2")
        assert run.manifest.stages["standardized"].outputs["contact"].attempt == 2
        parquet(workspace, "r1").unlink()
        assert not run.stage_done("mapped", "d1")


def test_repeated_stage_drops_tables_it_no_longer_makes(workspace):
    """A table of an earlier attempt cannot be taken for one of this attempt."""
    with workspace.begin("r1") as run:
        with run.stage("mapped", "d1"):
            run.write("mapped", "contact", FRAME)
            run.write("mapped", "lead", FRAME)
        with run.stage("mapped", "d2"):
            run.write("mapped", "contact", FRAME)
            with pytest.raises(NotFound):
                run.read("mapped", "lead")
        assert run.names("mapped") == ["contact"]
        assert not parquet(workspace, "r1", name="lead").exists()


def test_leftovers_of_a_killed_run_are_removed(workspace):
    """A half-written temporary file goes when the run is begun again."""
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
    leftover = parquet(workspace, "r1").with_name(".lead.parquet.tmp")
    leftover.write_bytes(b"half")
    workspace.open("r1")
    assert leftover.exists()
    workspace.begin("r1").close()
    assert not leftover.exists()


def test_one_writer_at_a_time(workspace):
    """A second process is told that another run is at work; a reader is not disturbed."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from crm_migrate.errors import WorkspaceFault\n"
        "from crm_migrate.trust.keyring import open_keyring\n"
        "from crm_migrate.workspace import Workspace\n"
        "state = Path(sys.argv[1])\n"
        "ws = Workspace(state, open_keyring(state / 'keyring'))\n"
        "print(ws.open('r1').read('mapped', 'contact').height)\n"
        "try:\n"
        "    ws.begin('r2')\n"
        "except WorkspaceFault as fault:\n"
        "    print(fault)\n"
    )
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
        done = subprocess.run(
            [sys.executable, "-c", program, str(workspace.root)],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.splitlines() == ["2", "another run is at work"]
    workspace.begin("r2").close()


def test_destroyed_run_cannot_be_opened_from_a_copy(workspace, tmp_path):
    """Destroying shreds the key: a copy of the files is worthless afterwards (R-5.5)."""
    with workspace.begin("r1") as run:
        run.write("mapped", "contact", FRAME)
    folder = workspace.root / "runs" / "r1"
    kept = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    workspace.destroy("r1")
    assert workspace.run_ids() == []
    with pytest.raises(NotFound):
        workspace.open("r1")
    folder.mkdir()
    for name, data in kept.items():
        (folder / name).write_bytes(data)
    again = Workspace(workspace.root, open_keyring(workspace.root / "keyring", environment={}))
    with pytest.raises(KeyFault):
        again.open("r1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_full_disk_says_what_is_free(tmp_path):
    """A full disk, which Polars reports as text only, names the free space and the remedy."""
    with pytest.raises(pl.exceptions.PolarsError) as full:
        pl.DataFrame({"a": range(100_000)}).write_parquet("/dev/full")
    with pytest.raises(WorkspaceFault, match="MiB are free") as caught:
        refuse_write(full.value, tmp_path / "runs" / "r1" / "x.parquet")
    assert caught.value.remedy
    assert "resumes" in caught.value.remedy.en


def test_reader_does_not_write(workspace):
    """A run that was opened for reading refuses to write."""
    workspace.begin("r1").close()
    with pytest.raises(WorkspaceFault):
        workspace.open("r1").write("mapped", "contact", FRAME)


@pytest.mark.parametrize("name", ["../x", "", ".hidden", "a/b"])
def test_names_stay_in_the_folder(workspace, name):
    """A run, stage or table name cannot lead out of the workspace."""
    with pytest.raises(NotFound):
        workspace.open(name)


def test_an_edit_of_an_earlier_table_reads_as_a_table_of_its_own(workspace):
    """R-5.5: edits of edits read right, and outlive the run whose file they share."""
    now = pl.DataFrame({"record_id": [f"{n:032x}" for n in range(500)], "v": "old"})
    with workspace.begin("r0") as run, run.stage("mapped", "d"):
        run.write("mapped", "contact", now)
    for number in (1, 2, 3):
        gone = now["record_id"].gather([3 * number, 7, 40 + number])
        fresh = pl.DataFrame({"record_id": [gone[0], f"{900 + number:032x}"], "v": f"n{number}"})
        with workspace.begin(f"r{number}") as run, run.stage("mapped", "d"):
            earlier = workspace.open(f"r{number - 1}")
            run.write_edited("mapped", "contact", earlier, "record_id", gone, fresh)
        kept = now.filter(~pl.col("record_id").is_in(gone.implode()))
        now = pl.concat([kept, fresh]).sort("record_id")
        workspace.destroy(f"r{number - 1}")
        reader = workspace.open(f"r{number}")
        assert_frame_equal(reader.read("mapped", "contact"), now)
        assert reader.read("mapped", "contact", ["v"]).equals(now.select("v"))
        assert reader.rows("mapped", "contact", "record_id", gone).equals(
            now.filter(pl.col("record_id").is_in(gone.implode()))
        )
    # r1 shared the file of r0; r2, with r0 destroyed, was written whole; r3 shares the file of r2.
    assert len(list(workspace.root.rglob("*.base.parquet"))) == 1


def test_a_table_stands_under_two_names(workspace):
    """R-5.2: a stage hands a table on without writing it again, whole or edited."""
    table = pl.DataFrame({"record_id": [f"{n:032x}" for n in range(50)], "v": "x"})
    with workspace.begin("r0") as run, run.stage("mapped", "d"):
        run.write("mapped", "contact", table)
        run.write_same("mapped", "again", "mapped", "contact", "record_id")
    with workspace.begin("r1") as run, run.stage("mapped", "d"):
        few, earlier = table["record_id"].head(1), workspace.open("r0")
        run.write_edited("mapped", "again", earlier, "record_id", few, table.clear())
        run.write_same("mapped", "contact", "mapped", "again", "record_id")
    assert_frame_equal(workspace.open("r0").read("mapped", "again"), table)
    assert_frame_equal(workspace.open("r1").read("mapped", "contact"), table[1:])


def test_a_changed_base_is_refused(workspace):
    """R-7.6: the shared file is checked like any other."""
    table = pl.DataFrame({"record_id": [f"{n:032x}" for n in range(50)]})
    with workspace.begin("r0") as run, run.stage("mapped", "d"):
        run.write("mapped", "contact", table)
    with workspace.begin("r1") as run, run.stage("mapped", "d"):
        few = table["record_id"].head(1)
        run.write_edited("mapped", "contact", workspace.open("r0"), "record_id", few, table.clear())
    path = next(workspace.root.rglob("*.base.parquet"))
    path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    with pytest.raises(IntegrityFault):
        workspace.open("r1").read("mapped", "contact")
