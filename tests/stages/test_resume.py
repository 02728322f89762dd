"""What a resumed run takes over, and what it reads anew."""

from pathlib import Path

import polars as pl

from crm_migrate.pipeline import stage
from crm_migrate.records import ROW
from crm_migrate.stages.source_digests import rows_digest, source_digest
from crm_migrate.trust.keyring import create_project_keyring
from crm_migrate.trust.wrapping import Unprotected
from crm_migrate.workspace import Workspace


def test_a_done_stage_is_not_repeated_unless_its_source_is_live(tmp_path: Path) -> None:
    """R-5.6: done with the same inputs is done; what no digest vouches for is read again."""
    keyring = create_project_keyring(tmp_path / "keyring", Unprotected())
    done: list[str] = []
    with Workspace(tmp_path, keyring).begin() as run:
        for name in ("first", "second"):
            stage(run, "mapped", "digest", lambda name=name: done.append(name))
        assert done == ["first"]
        stage(run, "mapped", "other digest", lambda: done.append("changed"))
        stage(run, "mapped", "other digest", lambda: done.append("live"), again=True)
    assert done == ["first", "changed", "live"]


def test_only_files_have_a_digest(tmp_path: Path) -> None:
    """R-5.6: a database server, and a file that is gone, have none; SQLite is a file."""
    path = tmp_path / "x.csv"
    path.write_bytes(b"a\n1\n")
    assert source_digest(str(path)) == source_digest(f"sqlite:///{path}")
    assert len(source_digest(str(path))) == 64
    assert source_digest("postgresql://host/crm") == ""
    assert source_digest(str(tmp_path / "gone.csv")) == ""


def test_rows_of_a_server_have_a_digest_once_read() -> None:
    """R-7.3: the evidence names what was read of a database server, in whatever order it came."""
    rows = pl.DataFrame({"b": ["1", None, ""], "a": ["x:", "y", "y"], ROW: [1, 2, 3]})
    digest = rows_digest(rows)
    assert (
        rows_digest(rows.reverse().with_columns(pl.lit(9).alias(ROW)).select(ROW, "a", "b"))
        == digest
    )
    others = (
        rows[1:],
        rows.with_columns(b=pl.col("b").fill_null("")),
        rows.rename({"a": "c"}),
        pl.DataFrame({"b": [":1x", None, ""], "a": ["", "y", "y"], ROW: [1, 2, 3]}),
    )
    assert len({digest, *map(rows_digest, others)}) == 5
    assert len(rows_digest(rows.clear())) == 64
