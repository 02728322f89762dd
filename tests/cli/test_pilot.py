"""R-6.2: a pilot, what people say about it, and the full run that knows what the pilot loaded."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits

NORTH, SOUTH = "销售一部", "销售二部"
ROWS = [
    ("K001", "福州云桥机械有限公司", NORTH, "林一", "13800138001"),
    ("K002", "厦门远石食品有限公司", NORTH, "陈二", "13800138002"),
    ("K003", "泉州白榕纺织有限公司", SOUTH, "黄三", "13800138003"),
    ("K004", "莆田青禾物流有限公司", SOUTH, "周四", "13800138004"),
    ("K005", "漳州赤岭建材有限公司", SOUTH, "吴五", "13800138005"),
]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Five customers of two departments, each with a contact."""
    folder = tmp_path / "files"
    folder.mkdir()
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "客户"
    sheet.append(["客户编号", "客户名称", "部门", "联系人", "手机"])
    for row in ROWS:
        sheet.append(row)
    book.save(folder / "sales.xlsx")
    return folder


def plan(command: Command, project: Path, *options: object) -> dict[str, Any]:
    made = command("-C", project, "plan", *options, "--json")
    assert made.code in (0, 3), made.err
    return made.data


def carry_out(command: Command, project: Path) -> None:
    for verb in (("approve", "latest", "--sandbox"), ("apply", "latest")):
        done = command("-C", project, *verb)
        assert done.code == 0, done.err


def new(made: dict[str, Any]) -> tuple[int, int]:
    """New customers and contacts; both equations of the counts hold."""
    for counts in made["counts"].values():
        assert counts["accepted"] == counts["golden"] + counts["merged"]
        kinds = ("insert", "update", "delete", "unchanged", "conflict", "skip")
        assert counts["golden"] == sum(counts[kind] for kind in kinds)
    return made["counts"]["customer"]["insert"], made["counts"]["contact"]["insert"]


def names(project: Path) -> list[str]:
    """Customers that stand in the sandbox, in order."""
    with sqlite3.connect(project / "sandbox.db") as crm:
        return sorted(name for (name,) in crm.execute("SELECT name FROM customer"))


def customers(*codes: str) -> list[str]:
    return sorted(row[1] for row in ROWS if row[0] in codes)


def test_the_full_run_after_a_pilot_loads_only_the_rest(command: Command, project: Path) -> None:
    """A department first; the plan of all then leaves alone what stands (R-6.5)."""
    pilot = plan(command, project, "--pilot", f"部门={NORTH}")
    assert new(pilot) == (2, 2)
    assert pilot["counts"]["customer"]["skip"] == 3
    assert pilot["counts"]["customer"]["golden"] == 5, "all data is cleaned and linked"
    assert "2 of 5 customers" in pilot["scope"]
    carry_out(command, project)
    assert names(project) == customers("K001", "K002")
    full = plan(command, project)
    differ = fits(command("-C", project, "plan", "diff", pilot["plan"], "--json"), "plan-diff")
    assert differ["entities"]["customer"]["only_b"] == {"insert": 3}
    assert "scope" in differ["evidence"]
    assert new(full) == (3, 3)
    assert full["counts"]["customer"]["unchanged"] == 2
    assert full["scope"] is None
    carry_out(command, project)
    assert len(names(project)) == 5


def test_a_pilot_says_so_everywhere(command: Command, project: Path) -> None:
    """On the terminal, on the page, in the workbook and as JSON."""
    made = command("-C", project, "plan", "--pilot", f"department={NORTH}")
    assert f"only a part: department = {NORTH}" in made.out
    shown = fits(command("-C", project, "show", "--workbook", "--json"), "show")
    assert f"department = {NORTH}" in shown["scope"]
    assert f"部门 = {NORTH}" in Path(shown["page"]).read_text("utf-8") or (
        f"department = {NORTH}" in Path(shown["page"]).read_text("utf-8")
    )
    book = openpyxl.load_workbook(shown["workbook"])
    told = [c.value for sheet in book for row in sheet.iter_rows() for c in row]
    assert any(f"department = {NORTH}" in str(value) for value in told)
    runs = fits(command("-C", project, "runs", "--json"), "runs")
    assert f"department = {NORTH}" in runs["plans"][0]["scope"]
    report = fits(command("-C", project, "audit", "report", "--json"), "audit-report")
    pages = [Path(f) for f in report["files"] if f.endswith(".html")]
    assert all(NORTH in page.read_text("utf-8") for page in pages)
    assert pages
    listed = [o["title"] for o in shown["operations"]["customer"]["shown"]]
    assert sorted(listed) == customers("K001", "K002"), "what lies outside is only counted"


def test_lists_shares_and_names_choose_customers(
    command: Command, project: Path, tmp_path: Path
) -> None:
    """By name in a file, by id, by share (always the same); demands hold together."""
    listed = tmp_path / "pilot.csv"
    lines = ["序号,客户,电话", f"1,{ROWS[2][1]},13912345678", f"2, {ROWS[3][1]} ,", "3,无此公司,"]
    listed.write_bytes("\r\n".join(lines).encode("gb18030"))
    by_file = plan(command, project, "--pilot-file", listed)
    assert new(by_file)[0] == 2
    assert "pilot.csv" in by_file["scope"]
    assert "1 of its lines" in by_file["scope"]
    kept = [p for p in (project / "audit").rglob("*") if p.is_file()]
    assert not [p.name for p in kept if b"13912345678" in p.read_bytes()]
    book = Path(command("-C", project, "show", "--workbook", "--json").data["workbook"])
    without = plan(command, project, "--exclude", fill_in(book, {ROWS[2][1]: ("exclude", "")}))
    assert new(without)[0] == 1, "the list is known again"
    both = plan(command, project, "--pilot-file", listed, "--pilot", f"部门={NORTH},{SOUTH}")
    assert new(both)[0] == 2
    shown = command("-C", project, "show", "--json").data
    ids = [o["golden_id"] for o in shown["operations"]["customer"]["shown"]]
    assert new(plan(command, project, "--only-customers", ids[0]))[0] == 1
    share = [new(plan(command, project, "--pilot-share", s))[0] for s in ("60%", "0.6", "1.0")]
    assert (share[0], share[2]) == (share[1], 5)


def test_a_scope_that_fits_nobody_is_refused(command: Command, project: Path) -> None:
    """With what there is instead; no plan is made."""
    for options, told in (
        (("--pilot", "部门=销售九部"), NORTH),
        (("--pilot", "phone=1"), "department"),
        (("--pilot", f"部门={NORTH}", "--only-customers", ROWS[2][1]), "no customer fits"),
        (("--only-customers", "K999"), "no customer fits"),
        (("--pilot-share", "0%"), "10%"),
    ):
        refused = command("-C", project, "plan", *options, "--json")
        assert refused.code == 2
        assert told in json.dumps(refused.data, ensure_ascii=False)
    assert command("-C", project, "runs", "--json").data["plans"] == []


def fill_in(book: Path, marks: dict[str, tuple[str, str]]) -> Path:
    """Write a mark and a comment beside customers; save under another name, as people do."""
    opened = openpyxl.load_workbook(book)
    sheet = opened["customer"]
    at = {str(c.value): c.column for c in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        said = marks.get(str(sheet.cell(row, at["record"]).value))
        if said is not None:
            sheet.cell(row, at["exclude"]).value = said[0] or None
            sheet.cell(row, at["comment"]).value = said[1] or None
    path = book.with_name("核对后.xlsx")
    opened.save(path)
    return path


def test_excluded_customers_stay_out_and_comments_stay(command: Command, project: Path) -> None:
    """R-6.6: the workbook comes back; the new plan keeps its pilot, without those who are out."""
    first = plan(command, project, "--pilot", f"部门={SOUTH}")
    book = Path(command("-C", project, "show", "--workbook", "--json").data["workbook"])
    marks = {
        ROWS[2][1]: ("exclude", "联系人已离职,电话 13800138003 勿用"),
        ROWS[3][1]: ("", "已核对"),
    }
    second = plan(command, project, "--exclude", fill_in(book, marks))
    assert new(second) == (2, 2)
    assert "without 1 customers" in second["scope"]
    assert second["effect"] != first["effect"]
    shown = command("-C", project, "show", "--size", "50", "--json").data
    assert [o["title"] for o in shown["operations"]["customer"]["shown"] if o["excluded"]] == [
        ROWS[2][1]
    ]
    texts = {c["title"]: c["text"] for c in shown["comments"]}
    assert texts == {ROWS[2][1]: "联系人已离职,电话 [手机号码] 勿用", ROWS[3][1]: "已核对"}
    page = Path(shown["page"]).read_text("utf-8")
    assert "已核对" in page
    assert "13800138003" not in page
    events = (project / "audit" / "journal.jsonl").read_text("utf-8")
    assert "plan.returned" in events
    assert "已核对" not in events, "the journal holds counts only"
    # The second workbook carries the mark; taken away, the customer is in again.
    again = Path(command("-C", project, "show", "--workbook", "--json").data["workbook"])
    assert new(plan(command, project, "--exclude", fill_in(again, {}))) == (2, 2)
    assert new(plan(command, project, "--exclude", fill_in(again, {ROWS[2][1]: ("", "")}))) == (
        3,
        3,
    )
    plan(command, project, "--exclude", fill_in(again, {}))
    carry_out(command, project)
    assert names(project) == customers("K004", "K005")
    assert new(plan(command, project)) == (3, 3)


def test_a_workbook_of_another_plan_is_refused_before_anything_is_read(
    command: Command, project: Path
) -> None:
    """File, sheet, row and remedy are named; the sources are not read."""
    plan(command, project)
    book = Path(command("-C", project, "show", "--workbook", "--json").data["workbook"])
    opened = openpyxl.load_workbook(book)
    sheet = opened["customer"]
    sheet.cell(2, [c.value for c in sheet[1]].index("record") + 1, "另一家公司")
    path = book.with_name("changed.xlsx")
    opened.save(path)
    refused = command("-C", project, "plan", "--exclude", path, "--json")
    assert refused.code == 2
    assert refused.data["error"]["where"] == "changed.xlsx, customer, 2"
    assert refused.data["error"]["remedy"]
    assert len(command("-C", project, "runs", "--json").data["plans"]) == 1


def test_a_pack_per_department_is_checked_signed_and_comes_back(
    command: Command, project: Path, tmp_path: Path
) -> None:
    """R-6.6: changes, a sample old beside new, lines to sign; masked; exclusions come back."""
    made = plan(command, project)
    out = tmp_path / "packs"
    packs = fits(
        command("-C", project, "show", "--packs", "department", "--out", out, "--json"),
        "show-packs",
    )
    assert {p["name"]: p["customers"] for p in packs["packs"]} == {NORTH: 2, SOUTH: 3}
    assert sum(p["operations"] for p in packs["packs"]) == sum(
        c["insert"] for c in made["counts"].values()
    )
    book = openpyxl.load_workbook(out / f"{SOUTH}.xlsx")
    told = [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row]
    assert not [text for text in told if any(row[4] in text for row in ROWS)], "mobiles are masked"
    assert not [text for text in told if ROWS[0][1] in text], "other departments' customers"
    sample = [row for row in book["Sample"].values if row[4] == "customer name"]
    assert {(row[5], row[6]) for row in sample} == {(r[1], r[1]) for r in ROWS[2:]}
    assert all(row[3].startswith("sales.xlsx · 客户 · ") for row in sample)
    assert any(text.startswith("checked by:") for text in told)
    index = openpyxl.load_workbook(packs["index"]).worksheets[0]
    assert [row[0] for row in index.iter_rows(min_row=2, max_row=3, values_only=True)] == [
        NORTH, SOUTH,
    ]  # fmt: skip
    marks = {ROWS[4][1]: ("exclude", "")}
    without = plan(command, project, "--exclude", fill_in(out / f"{SOUTH}.xlsx", marks))
    assert new(without) == (4, 4)
    assert "plan.packs" in (project / "audit" / "journal.jsonl").read_text("utf-8")


def test_what_was_edited_meanwhile_becomes_a_plan_of_its_own(
    command: Command, project: Path
) -> None:
    """A group that went stale is left; the follow-up is planned from how it stands now (R-6.3)."""
    settings = project / "crm-migrate.yaml"
    text = settings.read_text("utf-8")
    settings.write_text(text + "approval: {stale_limit: 0.5}\n", "utf-8")
    mapping = project / "mappings" / "target.yaml"
    named = mapping.read_text("utf-8").replace("match: [uscc]", "match: [name]", 1)
    mapping.write_text(named, "utf-8")
    plan(command, project)
    approved = command("-C", project, "approve", "latest", "--sandbox")
    assert approved.code == 0, approved.err
    with sqlite3.connect(project / "sandbox.db") as crm:  # someone types the customer in
        crm.execute("INSERT INTO customer (name) VALUES (?)", (ROWS[0][1],))
    done = fits(command("-C", project, "apply", "latest", "--json"), "apply", 3)
    assert {left["golden_id"][:1] for left in done["left"]} == {"g"}
    assert done["applied"]["customer"]["created"] == 4
    assert done["follow_up"] is not None
    shown = command("-C", project, "show", done["follow_up"], "--json").data
    assert f"what {done['plan']} left undone" in shown["scope"]
    assert [o["title"] for o in shown["operations"]["customer"]["shown"]] == [ROWS[0][1]]
    assert shown["counts"]["customer"]["update"] == 1, "the row that was typed in is filled up"
    carry_out(command, project)
    assert len(names(project)) == 5
    again = command("-C", project, "plan", "--json").data
    assert again["state"] == "empty"
