"""`match`: a list of short names against a register, from files as people keep them."""

from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits


@pytest.fixture
def register(tmp_path: Path) -> Path:
    path = tmp_path / "register.csv"
    path.write_bytes(
        "企业名称,注册地址\n"
        "福州云桥机械有限公司,福州市鼓楼区一号路1号\n"
        "厦门云桥机械有限公司,厦门市思明区二号路2号\n"
        "泉州白榕纺织股份有限公司,泉州市丰泽区三号路3号\n".encode("gb18030")
    )
    return path


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "list.xlsx"
    frame = pl.DataFrame(
        {"score": ["1", "2", "3", "4"], "简称": ["白榕纺织", "云桥机械", "福州云桥机械", "金星"]}
    )
    frame.write_excel(path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_every_row_is_shown_with_its_verdict(
    command: Command, listed: Path, register: Path, tmp_path: Path, suffix: str
) -> None:
    """R-3.1: a match, an ambiguous one with both candidates, and one without any."""
    out = tmp_path / f"out.{suffix}"
    data = fits(
        command("match", listed, register, "--on", "简称=企业名称", "--out", out, "--json"), "match"
    )
    assert (data["left"], data["right"]) == (4, 3)
    assert data["matched"] == 2
    assert data["ambiguous"] == 1
    assert data["unmatched"] == 1
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "xlsx": pl.read_excel}[suffix]
    frame = read(out)
    assert {"简称", "score_left", "verdict", "rank", "score", "reasons", "企业名称"} <= set(
        frame.columns
    )
    best = dict(frame.filter(pl.col("rank") == 1).select("简称", "企业名称").iter_rows())
    assert best["白榕纺织"] == "泉州白榕纺织股份有限公司"
    assert best["福州云桥机械"] == "福州云桥机械有限公司"
    alone = frame.filter(pl.col("简称") == "金星")
    assert alone["verdict"].to_list() == ["none"]
    assert alone["企业名称"].to_list() == [None]


def test_without_a_file_the_first_rows_are_shown(
    command: Command, listed: Path, register: Path
) -> None:
    """On the terminal the best candidates and why, and how to write all of it."""
    done = command("match", listed, register, "--on", "简称=企业名称", "--top", "1")
    assert done.code == 0, done.err
    assert "泉州白榕纺织股份有限公司" in done.out.replace("\n", "")
    assert "--out" in done.out


@pytest.mark.parametrize(
    "options",
    [[], ["--on", "简称"], ["--on", "简称=名"], ["--on", "简称=企业名称", "--out", "x.doc"]],
)
def test_faults_are_said(
    command: Command, listed: Path, register: Path, options: list[str]
) -> None:
    """No column, a column that one file lacks, another suffix: usage faults with a remedy."""
    done = fits(command("match", listed, register, *options, "--json"), "error", 2)
    assert done["error"]["remedy"]


def test_empty_tables_are_no_fault(command: Command, listed: Path, tmp_path: Path) -> None:
    """A register with a header and no rows: nothing matches."""
    empty = tmp_path / "empty.csv"
    empty.write_text("企业名称,地址\n", "utf-8")
    data = fits(command("match", listed, empty, "--on", "简称=企业名称", "--json"), "match")
    assert data["unmatched"] == 4


def test_the_end_of_a_header_names_its_column(command: Command, tmp_path: Path) -> None:
    """Two header rows, a sheet of notes, another width and case: people name the last part."""
    book, register = tmp_path / "book.xlsx", tmp_path / "register.csv"
    with xlsxwriter.Workbook(book) as made:
        pl.DataFrame(
            {"基础信息/客户名称*": ["白榕纺织"], "开票/名称": ["x"], "其他/名称": ["x"]}
        ).write_excel(made, "客户")
        pl.DataFrame({"说明": ["第一版"]}).write_excel(made, "说明")
    register.write_text("Name ,基本/客户名称\n1,泉州白榕纺织股份有限公司\n", "utf-8")
    data = fits(command("match", book, register, "--on", "客户名称", "--json"), "match")
    assert data["on"] == [{"left": "基础信息/客户名称*", "right": "基本/客户名称"}]
    assert (data["matched"], data["unused_tables"]) == (1, ["book.xlsx/说明"])
    done = command("match", book, register, "--on", "客户名称=ｎａｍｅ", "--json")
    assert fits(done, "match")["on"][0]["right"] == "Name"
    several = command("match", book, register, "--on", "名称=客户名称", "--json")
    assert "开票/名称" in fits(several, "error", 2)["error"]["remedy"]
