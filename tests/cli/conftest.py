"""A small project of invented files, driven through the command line in this process."""

import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

from crm_migrate.cli.app import main
from tests.cli.command_line import CONTACTS, CUSTOMERS, MOBILES, Command, Ran


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs `crm-migrate` with arguments, in English."""
    monkeypatch.setenv("CRM_MIGRATE_LANG", "en")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("CRM_MIGRATE_DEBUG", raising=False)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["crm-migrate", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with a workbook of customers and a CSV of service tickets in GB18030."""
    folder = tmp_path / "files"
    folder.mkdir()
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "客户"
    sheet.append(
        ["客户编号", "客户名称", "统一社会信用代码", "电话", "企业地址", "联系人", "手机", "备注"]
    )
    for row, contact, mobile in zip(CUSTOMERS, CONTACTS, MOBILES, strict=True):
        sheet.append([*row, contact, int(mobile), "=1+1" if row[0] == "K005" else ""])
    book.save(folder / "sales.xlsx")
    lines = ["工单编号,客户名称,联系电话,问题描述,处理状态,受理日期"]
    lines += [
        f"T{n},{c[1]},{c[3]},设备异响,已解决,2025-01-0{n}" for n, c in enumerate(CUSTOMERS, 1)
    ]
    (folder / "service.csv").write_bytes("\r\n".join(lines).encode("gb18030"))
    return folder


@pytest.fixture
def project(command: Command, sources: Path, tmp_path: Path) -> Path:
    """A sandbox project made by `init`."""
    folder = tmp_path / "project"
    made = command("init", folder, "--from", sources)
    assert made.code == 0, made.err
    return folder


@pytest.fixture
def planned(command: Command, project: Path) -> Path:
    """The project after its first plan."""
    done = command("-C", project, "plan", "--json")
    assert done.code in (0, 3), done.err
    return project
