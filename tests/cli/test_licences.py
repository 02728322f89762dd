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
