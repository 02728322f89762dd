"""`link` on bare files, and the second engine's opinion on a run."""

from pathlib import Path

import polars as pl
import pytest

from tests.cli.command_line import Command


@pytest.fixture
def companies(tmp_path: Path) -> Path:
    path = tmp_path / "companies.csv"
    path.write_text(
        "编号,公司名称,电话,地址\n"
        "=1,福州云桥机械有限公司,0591-83300001,福州市鼓楼区一号路1号\n"
        "b,福州云桥机械有限公司,0591-83300001,福州市鼓楼区一号路1号\n"
        "c,厦门远石食品有限公司,0592-5530002,厦门市思明区二号路2号\n",
        "utf-8",
    )
    return path


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_clusters_by_suffix(command: Command, companies: Path, tmp_path: Path, suffix: str) -> None:
    """R-3.1: duplicates of one file, in whatever format the result's name asks for."""
    out = tmp_path / f"clusters.{suffix}"
    done = command(
        *("link", companies, "--id", "编号", "--rules", "company-cn", "--out", out, "--json")
    )
    assert done.code == 0, done.err
    assert done.data["records"] == 3
    assert done.data["clusters"] == 2
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "xlsx": pl.read_excel}[suffix]
    frame = read(out)
    assert frame.columns == ["record_id", "cluster_id"]
    first = "=1" if suffix == "parquet" else "'=1"  # people's files are formula-safe
    assert set(frame["record_id"]) == {first, "b", "c"}


def test_several_files_carry_their_names(command: Command, companies: Path, tmp_path: Path) -> None:
    """Design §14: with several files the id has the file's name in front."""
    other = tmp_path / "other.csv"
    other.write_bytes(companies.read_bytes())
    out, pairs = tmp_path / "out.csv", tmp_path / "pairs.csv"
    done = command(
        *("link", companies, other, "--id", "编号", "--rules", "company-cn"),
        *("--out", out, "--pairs", pairs, "--json"),
    )
    assert done.data["records"] == 6
    assert done.data["clusters"] == 2
    assert "other.csv:b" in set(pl.read_csv(out)["record_id"])
    assert {"left_id", "right_id", "match_weight"} <= set(pl.read_csv(pairs).columns)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"--id": "no"}, 2),
        ({"--rules": "no-such-pack"}, 2),
        ({"--out": "x.doc"}, 2),
        ({"--id": "电话"}, 1),
    ],
)
def test_faults_come_before_results(
    command: Command, companies: Path, tmp_path: Path, change: dict[str, str], code: int
) -> None:
    """A missing column, an unknown pack, another suffix, ids that repeat: nothing is written."""
    options = {"--id": "编号", "--rules": "company-cn", "--out": str(tmp_path / "o.csv")} | change
    done = command("link", companies, *(x for o in options.items() for x in o), "--json")
    assert done.code == code, done.err
    assert done.data["error"]["message"]
    assert not (tmp_path / "o.csv").exists()


def test_second_engine_tells_counts_only(command: Command, planned: Path) -> None:
    """R-3.2: where two engines agree about a run, without personal data."""
    done = command("-C", planned, "link", "--run", "latest", "--engine", "recordlinkage", "--json")
    assert done.code == 0, done.err
    data = done.data
    assert data["first"]["engine"] == "native"
    assert data["second"]["engine"] == "recordlinkage"
    missed = sum(r["pairs"] for r in data["reasons"])
    assert missed == data["only_first"] + data["only_second"]
    assert "云桥" not in done.out + done.err
