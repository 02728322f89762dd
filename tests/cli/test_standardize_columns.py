"""`standardize`: columns that no field takes go with their records; nothing of a file is lost."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits

HEAD = "序号,客户名称,省,市,区,街道门牌,备注1,微信群昵称,订单流水,法人证件,name"
ROWS = (
    "1,福州云桥机械有限公司,福建省,福州市,鼓楼区,一号路1号,老客户,=1+1,202400000000011,"
    "11010519491231002X,内部名甲",
    "2,厦门远石食品有限公司,福建省,厦门市,思明区,二号路2号,,证件11010519491231002X在档,"
    "202400000000022,440524198001010013,内部名乙",
    "3,,,,,,,,,,",
)


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "台账.csv"
    path.write_text("\n".join([HEAD, *ROWS]), "utf-8")
    return path


def test_columns_that_no_field_takes_are_carried(
    command: Command, form: Path, tmp_path: Path
) -> None:
    """R-2.1: every column stands in the result; texts are searched for personal data, and numbers
    are kept and told; a row with a running number alone is no record.
    """
    out, found = tmp_path / "o.jsonl", tmp_path / "f.csv"
    ran = command("standardize", form, "--out", out, "--findings", found, "--json")
    told = fits(ran, "standardize", 3)
    assert (told["records"], told["accepted"], told["quarantined"]) == (3, 2, 1)
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert list(rows[0])[1:] == [
        "name", "address", "remark", "序号", "微信群昵称", "订单流水", "法人证件", "name (source)",
    ]  # fmt: skip
    assert rows[0]["address"] == "福建省福州市鼓楼区一号路1号"
    assert (rows[0]["remark"], rows[0]["name (source)"]) == ("老客户", "内部名甲")
    assert rows[1]["微信群昵称"] == "证件[证件号码]在档"
    assert [r["订单流水"] for r in rows] == ["202400000000011", "202400000000022"]
    assert [r["法人证件"] for r in rows] == ["11010519491231002X", "440524198001010013"]
    lines = pl.read_csv(found, infer_schema=False)
    told_of = lines.filter(pl.col("field") == "法人证件")
    assert told_of["rule"].unique().to_list() == ["free_text.personal_number"]
    assert "11010519491231002X" not in found.read_text("utf-8")
    unused = {c["column"]: c for c in told["unused_columns"]}
    assert unused["微信群昵称"]["carried_as"] == "微信群昵称"
    assert unused["name"]["carried_as"] == "name (source)"
    assert "address" not in {c["field"] for c in told["columns"] if c["column"] == "序号"}


def test_columns_are_left_out_on_demand(command: Command, form: Path, tmp_path: Path) -> None:
    """--known-only leaves all of them out, `ignore` of a mapping those it names."""
    out, mapping = tmp_path / "o.csv", tmp_path / "m.yaml"
    given = ["standardize", form, "--out", out, "--findings", tmp_path / "f.csv", "--json"]
    ran = command(*given, "--known-only", "--fail-on", "never")
    told = fits(ran, "standardize")
    assert pl.read_csv(out).columns == ["record_id", "name", "address", "remark"]
    assert {c["carried_as"] for c in told["unused_columns"]} == {None}
    command("standardize", form, "--suggest", "--out", mapping)
    text = mapping.read_text("utf-8")
    assert "# 法人证件: not recognised" in text
    mapping.write_text(text.replace("records:", "ignore: [法人证件]\n    records:", 1), "utf-8")
    told = fits(command(*given, "--mapping", mapping), "standardize", 3)
    assert "法人证件" not in pl.read_csv(out).columns
    assert "订单流水" in pl.read_csv(out).columns
    why = {c["column"]: c["why"] for c in told["unused_columns"]}
    assert why["法人证件"] == "left out by the mapping"


def test_what_counts_as_failure(command: Command, tmp_path: Path) -> None:
    """R-6.5: by default errors alone, with --fail-on warning doubts, too."""
    path = tmp_path / "a.csv"
    path.write_text("客户名称,手机\n福州云桥机械有限公司,138001\n", "utf-8")
    given = ["standardize", path, "--out", tmp_path / "o.csv", "--findings", tmp_path / "f.csv"]
    assert command(*given).code == 0
    assert command(*given, "--fail-on", "warning").code == 3


def test_too_many_findings_for_a_person(
    command: Command, form: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workbook lists the gravest and counts the rest."""
    monkeypatch.setattr("crm_migrate.stages.bare.findings_book.MOST_LINES", 2)
    found = tmp_path / "f.xlsx"
    ran = command("standardize", form, "--out", tmp_path / "o.csv", "--findings", found, "--json")
    told = fits(ran, "standardize", 3)
    sheet = pl.read_excel(found, sheet_name="Findings")
    assert sheet["severity"][0] == "error"
    rest = sum(told["severities"].values()) - 2
    assert sheet["record_id"][2].startswith(f"and {rest} more")
