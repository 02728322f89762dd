"""`standardize` on what companies copy from business licences and registers."""

from pathlib import Path

import pytest

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits
from tests.cli.test_standardize import read

LICENCES = (
    "编号,企业名称,法定代表人,注册资本(万元),成立日期,经营状态,企业类型,营业期限,经营范围\n"
    "K1,福州云桥机械有限公司,林一,500,2010年3月1日,在业,有限责任公司(自然人投资),2010-03-01至长期,机械\n",
    "客戶編號,公司名稱,代表人姓名,實收資本額,核准設立日期,公司狀況,公司類型,營業期限至,營業項目\n"
    "K1,福州云桥机械有限公司,林一,500万元人民币,2010-03-01,存續,有限责任公司(自然人投资),长期,机械\n",
    "Customer No.,Company Name,Legal Rep.,Reg. Capital,Est. Date,Business Status,Legal Form,"
    "Term To,Business Scope\n"
    "K1,福州云桥机械有限公司,林一,5000000,2010/3/1,active,有限责任公司(自然人投资),长期,机械\n",
)


@pytest.mark.parametrize("text", LICENCES)
def test_what_a_business_licence_says_is_kept(command: Command, tmp_path: Path, text: str) -> None:
    """R-1.2: the columns of a business licence are known by their headers; none is left behind."""
    path, out = tmp_path / "licences.csv", tmp_path / "o.csv"
    path.write_text(text, "utf-8")
    ran = command("standardize", path, "--out", out, "--findings", tmp_path / "f.csv", "--json")
    assert fits(ran, "standardize", 0)["unused_columns"] == []
    row = read(out).row(0, named=True)
    assert (row["legal_representative"], row["registered_capital"]) == ("林一", "5000000")
    assert (row["established_on"], row["registration_status"]) == ("2010-03-01", "存续")
    assert (row["enterprise_type"], row["business_scope"]) == ("有限责任公司(自然人投资)", "机械")
    assert row["term_unlimited"] == "true"


MOSTLY = "编号,客户名称,统一社会信用代码,所属行业,备注\n" + "".join(
    f"K{n},福州云桥{n}号机械有限公司,,{'制造业' if n < 10 else ''},=1+{n}\n" for n in range(12)
)


def test_the_findings_workbook_begins_with_what_matters(
    command: Command, form: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-8.3: a summary, the columns, then each finding, errors first; words instead of names."""
    monkeypatch.setenv("CRM_MIGRATE_LANG", "zh")
    mostly = tmp_path / "多.csv"
    mostly.write_text(MOSTLY, "utf-8")
    found = tmp_path / "f.xlsx"
    command("standardize", form, mostly, "--out", tmp_path / "o.csv", "--findings", found)
    book = load_workbook(found)
    assert book.sheetnames == ["汇总", "各列情况", "问题清单"]
    for sheet in book:
        assert (sheet.freeze_panes, sheet.auto_filter.ref[:2]) == ("A2", "A1")
        assert not any(c.data_type == "f" for row in sheet for c in row)
    lines = pl.read_excel(found, sheet_name="问题清单")
    assert lines.columns == COLUMNS
    order = ["错误", "警告", "已修正"]
    assert lines["severity"].unique(maintain_order=True).to_list() == order
    warned = lines.filter(pl.col("severity") == "警告")
    assert warned.select("file", "row").equals(warned.sort("file", "row").select("file", "row"))
    assert {"客户名称", "联系人 · 手机"} <= set(lines["field"])
    summary = pl.read_excel(found, sheet_name="汇总")
    counted = summary.drop_nulls("规则")
    assert counted["数量"].cast(pl.Int64).sum() == lines.height
    assert counted["级别"].unique(maintain_order=True).to_list() == order
    industry = counted.row(by_predicate=pl.col("规则") == "industry.section_only", named=True)
    assert (industry["列"], "100%" in industry["整列提示"]) == ("所属行业", True)


def test_columns_are_judged_as_columns(command: Command, tmp_path: Path) -> None:
    """How full and how right each column is; what is wrong with most of one is said of it."""
    path = tmp_path / "a.csv"
    path.write_text(MOSTLY, "utf-8")
    given = ["standardize", path, "--out", tmp_path / "o.csv", "--findings", tmp_path / "f.csv"]
    ran = command(*given, "--json")
    told = fits(ran, "standardize")
    parts = {c["column"]: (c["filled"], c["valid"]) for c in told["columns"]}
    assert parts["客户名称"] == (1, 1)
    assert parts["统一社会信用代码"] == (0, None)
    assert parts["所属行业"] == (round(10 / 12, 4), 0)
    assert "column 所属行业: 100% of the values; probably the column holds sections" in ran.err


def test_what_has_no_column_is_said_once(command: Command, tmp_path: Path) -> None:
    """Required fields, and rules that demand one of several: no finding where no column is."""
    path = tmp_path / "a.csv"
    path.write_text("客户名称,联系人\n福州云桥机械有限公司,林一\n", "utf-8")
    ran = command(
        "standardize", path, "--out", tmp_path / "o.csv", "--findings", tmp_path / "f.csv", "--json"
    )
    told = fits(ran, "standardize")
    assert told["missing_columns"] == ["kind", "owner"]
    assert not {"required.missing", "contact.unreachable"} & set(told["findings"])
    assert ran.err.count("so they are not judged: customer type, owner") == 1
