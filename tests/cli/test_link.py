"""`link` on bare files, and the second engine's opinion on a run."""

from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from crm_migrate.stages.bare.table_files import safe_frame
from tests.cli.command_line import Command
from tests.cli.test_schemas import fits


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
    data = fits(done, "link")
    assert (data["records"], data["pairs"], data["edges"], data["clusters"]) == (3, 1, 1, 2)
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "xlsx": pl.read_excel}[suffix]
    frame = read(out)
    assert frame.columns == ["record_id", "cluster_id"]
    first = "=1" if suffix == "parquet" else "'=1"  # people's files are formula-safe
    assert set(frame["record_id"]) == {first, "b", "c"}


def test_several_files_carry_their_names(command: Command, companies: Path, tmp_path: Path) -> None:
    """With several files the id has the file's name in front."""
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
    scored = pl.read_csv(pairs)
    levels = {"code", "phone", "email", "name", "address", "contact"}
    columns = {"left_id", "right_id", "match_weight", "match_probability", "reasons"}
    assert columns | levels <= set(scored.columns)
    assert "same full name; same address" in scored["reasons"][0]


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


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝", "＋", "－", "＠"])
def test_no_text_runs_as_a_formula(start: str) -> None:
    """Some spreadsheets read signs of full width like those of half width."""
    assert safe_frame(pl.DataFrame({"x": [f"{start}1+1"]}))["x"].to_list() == [f"'{start}1+1"]


@pytest.mark.parametrize("verb", ["link", "match", "standardize"])
def test_no_result_replaces_an_input(
    command: Command, companies: Path, tmp_path: Path, verb: str
) -> None:
    """Neither by its name, nor spelled otherwise, nor through a link."""
    before = companies.read_bytes()
    (tmp_path / "link.csv").symlink_to(companies)
    needed = {
        "link": (companies, "--id", "编号", "--rules", "company-cn"),
        "match": (companies, companies, "--on", "公司名称"),
        "standardize": (companies, "--findings", tmp_path / "findings.csv"),
    }[verb]
    for out in (companies, tmp_path / "x" / ".." / companies.name, tmp_path / "link.csv"):
        done = command(verb, *needed, "--out", out, "--json")
        assert (done.code, done.data["error"]["code"]) == (2, "usage"), done.out
    assert companies.read_bytes() == before


def test_new_records_join_known_clusters(command: Command, companies: Path, tmp_path: Path) -> None:
    """R-6.5: old clusters keep their ids; who is new joins one or founds another."""
    known, out = tmp_path / "known.csv", tmp_path / "out.csv"
    known.write_text(
        "编号,公司名称,电话,地址,cluster_id\n"
        "old,福州云桥机械有限公司,0591-83300001,福州市鼓楼区一号路1号,G7\n"
        "other,莆田青禾物流有限公司,0594-2233004,莆田市城厢区四号路4号,G8\n",
        "utf-8",
    )
    options = ("--id", "编号", "--rules", "company-cn", "--against", known, "--out", out, "--json")
    data = fits(command("link", companies, *options), "link")
    assert (data["new"], data["joined"], data["clusters"]) == (3, 2, 3)
    found = dict(pl.read_csv(out).iter_rows())
    assert found == {"old": "G7", "other": "G8", "'=1": "G7", "b": "G7", "c": "c"}
    without = command("link", companies, *(x if x != known else companies for x in options))
    assert fits(without, "error", 2)["error"]["where"] == "companies.csv"


def test_proposed_rules_are_taken(command: Command, companies: Path, tmp_path: Path) -> None:
    """--suggest says what the columns are and what blocking costs; --rules takes its file."""
    rules = tmp_path / "rules.yaml"
    data = fits(command("link", companies, "--suggest", "--out", rules, "--json"), "link-suggest")
    assert data["pack"] == "company-cn"
    assert data["ids"] == ["编号"]
    assert {c["column"]: c["field"] for c in data["columns"]}["公司名称"] == "name"
    out = tmp_path / "out.csv"
    options = ("--id", "编号", "--rules", rules, "--out", out, "--json")
    assert fits(command("link", companies, *options), "link")["clusters"] == 2


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows(command: Command, companies: Path, tmp_path: Path, rows: int) -> None:
    """A header alone, or one row: no duplicates, and no fault."""
    few, out = tmp_path / "few.csv", tmp_path / "out.csv"
    few.write_text("\n".join(companies.read_text("utf-8").splitlines()[: rows + 1]), "utf-8")
    options = ("--id", "编号", "--rules", "company-cn", "--out", out, "--json")
    assert fits(command("link", few, *options), "link")["clusters"] == rows


def test_numbers_of_a_parquet_file(command: Command, tmp_path: Path) -> None:
    """Ids and telephones that are integers or floats there are the same as text."""
    path, out = tmp_path / "numbers.parquet", tmp_path / "out.parquet"
    frame = pl.DataFrame(
        {
            "id": [1.0, 2.0, 3.0],
            "公司名称": ["福州云桥机械有限公司", "福州云桥机械厂", "云桥机械"],
            "电话": [13800138000, 13800138001, 13800138000],
        }
    )
    frame.write_parquet(path)
    options = ("--id", "id", "--rules", "company-cn", "--out", out, "--json")
    assert fits(command("link", path, *options), "link")["records"] == 3
    assert pl.read_parquet(out)["record_id"].to_list() == ["1", "2", "3"]


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


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Customers of other columns on two sheets, and a sheet of notes."""
    path = tmp_path / "book.xlsx"
    rows = {
        "华东": {
            "客户号": ["1", "2"],
            "客户名称": ["福州云桥机械有限公司", "莆田青禾物流有限公司"],
        },
        "华南": {"客户号": ["1"], "名称": ["福州云桥机械有限公司"], "曾用名": [""]},
        "说明": {"版本": ["1"], "内容": ["第一版"]},
    }
    with xlsxwriter.Workbook(path) as book:
        for sheet, columns in rows.items():
            pl.DataFrame(columns).write_excel(book, sheet)
    return path


def test_sheets_of_notes_are_left_out(command: Command, workbook: Path, tmp_path: Path) -> None:
    """Of a workbook the sheets with records are read; ids of several carry the sheet's name."""
    out = tmp_path / "out.csv"
    asked = ("link", workbook, "--rules", "company-cn", "--out", out, "--id", "客户号", "--json")
    data = fits(command(*asked), "link")
    assert (data["records"], data["clusters"]) == (3, 2)
    assert data["unused_tables"] == ["book.xlsx/说明"]
    assert set(pl.read_csv(out)["record_id"]) == {"华东:1", "华东:2", "华南:1"}
    assert fits(command(*asked, "--sheet", "华东"), "link")["records"] == 2
    proposed = command("link", workbook, "--suggest", "--json")
    assert fits(proposed, "link-suggest")["pack"] == "company-cn"


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["book.xlsx:客户号", "编号"], {"book.xlsx:华南:1", "companies.csv:b"}),
        (["编号", " 客户号 "], {"book.xlsx:华南:1", "companies.csv:b"}),
        (["companies.csv:编号"], {"companies.csv:b"}),
        ([], set()),
    ],
)
def test_each_file_has_its_id_column(
    command: Command, companies: Path, workbook: Path, tmp_path: Path, ids: list[str],
    expected: set[str],
) -> None:  # fmt: skip
    """In the order of the files, or named with the file; without one an id is made."""
    out = tmp_path / "out.parquet"
    named = [x for name in ids for x in ("--id", name)]
    asked = ("link", companies, workbook, "--rules", "company-cn", "--out", out, *named, "--json")
    assert fits(command(*asked), "link")["clusters"] == 3
    found = pl.read_parquet(out)["record_id"]
    assert found.n_unique() == 6
    assert expected <= set(found)
    assert {len(name) for name in found if ":" not in name} <= {32}


def test_own_ids_do_not_depend_on_the_order_of_rows(command: Command, tmp_path: Path) -> None:
    """What a row is called follows from its content, and equal rows are told apart."""
    path, found = tmp_path / "a.csv", []
    rows = ["福州云桥机械有限公司,1", "福州云桥机械有限公司,1", "莆田青禾物流有限公司,2"]
    for ordered in (rows, rows[::-1]):
        path.write_text("\n".join(["客户名称,电话", *ordered]), "utf-8")
        out = tmp_path / "out.csv"
        fits(command("link", path, "--rules", "company-cn", "--out", out, "--json"), "link")
        found.append(pl.read_csv(out).sort("record_id"))
    assert found[0].equals(found[1])
    assert found[0]["record_id"].n_unique() == 3


def test_too_many_id_columns_are_refused(command: Command, companies: Path, tmp_path: Path) -> None:
    """Two columns for one file: nobody knows which."""
    asked = ("link", companies, "--rules", "company-cn", "--out", tmp_path / "o.csv", "--json")
    done = command(*asked, "--id", "编号", "--id", "电话")
    assert fits(done, "error", 2)["error"]["where"] == "--id"
