"""R-5.3: customers who are private persons stand in no page by name or home address."""

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

from openpyxl import Workbook

from tests.cli.command_line import Command

PERSONS = (
    ("P1", "欧阳子墨", "个人", "13900139001", "梧桐弄17号302室"),
    ("P2", "古丽", "个人", "13900139002", "浙江省杭州市西湖区桂花里5幢"),
    ("P3", "段 誉安 先生", "", "13900139003", "槐树胡同9号"),
)
COMPANY = ("C1", "杭州远山机械有限公司", "企业", "0571-88001234", "浙江省杭州市西湖区文三路1号")
HIDDEN = ("欧阳子墨", "古丽", "誉安", "梧桐弄", "桂花里", "槐树胡同")


def _written(folder: Path) -> dict[str, str]:
    """Every page and workbook below a folder, as text."""
    found = {}
    for path in folder.rglob("*"):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found[path.name] = "".join(book.read(n).decode() for n in book.namelist())
        elif path.suffix in (".html", ".json"):
            found[path.name] = path.read_text("utf-8")
    return found


def _planned(command: Command, folder: Path) -> Path:
    """A project with a plan for three persons and a company."""
    files, project = folder / "files", folder / "project"
    files.mkdir()
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["客户编号", "客户名称", "客户性质", "电话", "企业地址", "负责人"])
    for row in (*PERSONS, COMPANY):
        sheet.append([*row, "张三"])
    book.save(files / "sales.xlsx")
    assert command("init", project, "--from", files).code == 0
    assert command("-C", project, "plan", "--json").code == 0
    return project


def test_pages_mask_customers_who_are_persons(command: Command, tmp_path: Path) -> None:
    """Plan, findings, packs, quality and audit report mask them, by kind or by name; a company's
    name and address stay readable.
    """
    project = _planned(command, tmp_path)
    outputs = [command("-C", project, "show", "latest", "--workbook", "--json")]
    outputs.append(command("-C", project, "show", "latest", "--packs", "owner", "--json"))
    outputs.append(command("-C", project, "show", "latest", "--entity", "customer", "--json"))
    outputs.append(command("-C", project, "quality", "--report", "--json"))
    outputs.append(command("-C", project, "audit", "report", "--json"))
    assert [o.code for o in outputs] == [0] * len(outputs), [o.err for o in outputs]
    texts = _written(project / "audit") | {str(n): o.out for n, o in enumerate(outputs)}
    assert {"plan.html", "plan.xlsx", "findings.xlsx"} <= set(texts)
    assert [(n, h) for n, text in texts.items() for h in HIDDEN if h in text] == []
    assert COMPANY[1] in texts["plan.html"]
    assert COMPANY[4] in texts["plan.html"]
    assert "浙江省杭州市****" in texts["plan.html"]


def test_screens_mask_customers_who_are_persons(command: Command, tmp_path: Path) -> None:
    """`trace`, `history` and `reconcile` mask them, too; a role that may export sees them."""
    project = _planned(command, tmp_path)
    assert command("-C", project, "approve", "latest", "--sandbox").code == 0
    assert command("-C", project, "apply", "latest").code == 0
    crm = project / "sandbox.db"
    with closing(sqlite3.connect(crm)) as database, database:
        database.execute("UPDATE customer SET address = address || '甲'")
    rows = [f"sales.xlsx:Sheet:{n}" for n in range(2, 6)]
    traced = [command("-C", project, "trace", "--row", row, "--json") for row in rows]
    asked = [trace.data["golden_id"] for trace in traced]
    seen = [command("-C", project, "history", golden) for golden in asked]
    compared = command("-C", project, "reconcile", "--json")
    outputs = [*traced, *seen, compared]
    assert [o.code for o in outputs] == [0] * 8 + [3]
    assert [h for o in outputs for h in HIDDEN if h in o.out] == []
    assert all(COMPANY[1] in o.out and COMPANY[4] in o.out for o in (traced[3], seen[3]))
    clear = command("-C", project, "trace", asked[1], "--clear")
    assert "桂花里" in clear.out
