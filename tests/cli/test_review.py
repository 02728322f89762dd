"""Reviewing by the command line: verdicts, cases, workbooks, splits after loading, set cells."""

import io
from pathlib import Path

import pytest

from tests.cli.command_line import Command
from tests.cli.reviewed import PASSWORD, Project, planned

DOUBTFUL = (
    "客户名称,企业地址,备注\n云桥恒物,福州市一号路1号,甲\n云桥恒物,厦门市九号路9号,乙\n"
    "青禾立新,莆田市五号路5号,丙\n青禾立新,泉州市七号路7号,丁\n远石食品有限公司,,戊\n"
)
"""Rows without a key of their own; two pairs of them can be told apart by nobody but a person."""


@pytest.fixture
def doubtful(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A planned project with two doubtful pairs and two stewards."""
    monkeypatch.setenv("CRM_MIGRATE_EXPORT_PASSWORD", PASSWORD)
    return planned(command, tmp_path, DOUBTFUL)


def test_verdicts_and_what_becomes_of_them(doubtful: Project) -> None:
    """R-3.3: blind views, cases, undo, assignment; a verdict follows a keyless row that changed."""
    listed = doubtful.ok("review", "list", "--as", "li", schema="review-list")
    assert listed["open"] == 2
    assert all(t["worth"] > 0 and t["reasons"] for t in listed["tasks"])
    blind = doubtful.ok("review", "list", "--blind", "--as", "li", schema="review-list")
    assert all(t["worth"] is t["weight"] is None and not t["reasons"] for t in blind["tasks"])
    first, second = (t["task_id"] for t in listed["tasks"])
    doubtful.ok("review", "decide", first, "different", "--as", "li", schema="review-decide")
    undone = doubtful.ok("review", "undo", "--as", "li", schema="review-undo")
    assert (undone["task"], undone["status"]) == (first, "open")
    doubtful.ok("review", "assign", second, "--to", "wang", "--as", "li", schema="review-assign")
    refused = doubtful.run("review", "decide", second, "same", "--as", "li")
    assert (refused.code, refused.data["error"]["code"]) == (2, "usage")
    assert [t["task_id"] for t in doubtful.ok("review", "list", "--as", "li")["tasks"]] == [first]
    cases = doubtful.ok("review", "list", "--cases", "--as", "wang", schema="review-cases")["cases"]
    here = next(c for c in cases if c["tasks"] == [second])
    done = doubtful.ok("review", "decide", here["case"], "--groups", "1,2", "--as", "wang",
                       schema="review-decide-case")  # fmt: skip
    assert done["open"] == 0
    doubtful.ok("review", "decide", first, "different", "--as", "li")
    changed = DOUBTFUL.replace("一号路1号", "一号路2号").replace("五号路5号", "五号路6号")
    (doubtful.root.parent / "list.csv").write_text(changed, "utf-8")
    again = doubtful.ok("plan", "--as", "operator")
    assert again["waiting"] == {"review": 0, "owner_conflict": 0}
    assert again["counts"]["customer"]["merged"] == 1


def test_two_people_and_the_same_pair(doubtful: Project) -> None:
    """R-3.3: where two must concur, one verdict binds nothing, and disagreement stays open."""
    settings = doubtful.root / "crm-migrate.yaml"
    policy = "review:\n  second_reviewer: {share: 1}\n"
    settings.write_text(settings.read_text("utf-8") + policy, "utf-8")
    doubtful.ok("plan", "--as", "operator")
    id = doubtful.ok("review", "list", "--as", "li")["tasks"][0]["task_id"]
    assert doubtful.ok("review", "decide", id, "same", "--as", "li")["status"] == "open"
    (seen,) = (t for t in doubtful.ok("review", "list", "--blind", "--as", "wang")["tasks"]
               if t["task_id"] == id)  # fmt: skip
    assert (seen["wants"], seen["verdicts"]) == (2, [])
    assert doubtful.ok("review", "decide", id, "different", "--as", "wang")["status"] == "open"
    every = doubtful.ok("review", "list", "--all", "--as", "wang")["tasks"]
    (shown,) = (t for t in every if t["task_id"] == id)
    assert {v["author"]: v["verdict"] for v in shown["verdicts"]} == {
        "li": "same", "wang": "different"
    }  # fmt: skip
    assert doubtful.ok("plan", "--as", "operator")["waiting"]["review"] == 2
    assert doubtful.ok("review", "decide", id, "same", "--as", "wang")["status"] == "decided"


def test_a_customer_is_split_after_it_was_loaded(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-1.4, R-3.3: the split-off customer is inserted and what hangs on it goes with it."""
    monkeypatch.setattr("sys.stdin", io.StringIO("福州市马尾区七号路7号"))
    crm = Project(command, project)
    assert crm.load()["counts"]["customer"]["merged"] >= 1
    (key,) = crm.rows("SELECT id FROM customer WHERE name LIKE '%云桥%'")[0]
    members = crm.ok("trace", str(key))["members"]
    records = sorted((m for m in members if m["file"] == "sales.xlsx"), key=lambda m: m["row"])
    first, second = records
    place = f"{second['file']}:{second['sheet']}:{second['row']}"
    crm.ok("review", "split", str(key), place, "--reason", "two firms", schema="review-split")
    for _ in range(
        4
    ):  # what a unique key allows once only is given up by a plan, taken by the next
        plan = crm.load()
        if not any(c["skip"] for c in plan["counts"].values()):
            break
    codes = crm.rows("SELECT uscc FROM customer WHERE name LIKE '%云桥%' ORDER BY uscc")
    assert codes == [(None,), ("91350100M000100Y43",)]
    owners = crm.rows("SELECT customer FROM contact WHERE name = '林一' ORDER BY customer")
    assert len(set(owners)) == 2
    traces = [crm.ok("trace", "--row", f"{m['file']}:{m['sheet']}:{m['row']}") for m in records]
    assert traces[0]["golden_id"] != traces[1]["golden_id"]
    assert all(t["target"]["written"] for t in traces)
    assert crm.ok("plan", "--as", "operator")["state"] == "empty"
    other = f"{first['file']}:{first['sheet']}:{first['row']}"
    back = crm.ok("review", "join", other, place, "--reason", "one after all",
                  schema="review-split")  # fmt: skip
    assert back["open"] == 0
    set_and_withdraw(crm, str(key))


def set_and_withdraw(crm: Project, key: str) -> None:
    """R-7.1: a set cell is planned with its reason, traced, and gone once it is withdrawn."""
    name = crm.ok("trace", key)["golden_id"]
    done = crm.ok("cell", "set", name, "address", "--reason", "moved", "--days", "9",
                  schema="cell-set")  # fmt: skip
    assert (done["state"], "七号路7号" in done["value"]) == ("stands", False)
    crm.ok("plan", "--as", "operator")
    traced = crm.ok("trace", name)
    assert traced["operation"]["reason"].startswith("a person set")
    (cell,) = (c for c in traced["cells"] if c["field"] == "address")
    assert cell["rule"] == "override:operator"
    refused = crm.run("cell", "set", name, "owner", "--reason", "mine")
    assert refused.data["error"]["code"] == "usage"
    assert (
        b"\xe4\xb8\x83\xe5\x8f\xb7\xe8\xb7\xaf"
        not in (crm.root / ".crm-migrate" / "state.db").read_bytes()
    )
    crm.ok("cell", "withdraw", str(done["number"]), schema="cell-withdraw")
    (listed,) = crm.ok("cell", "list", "--all", schema="cell-list")["cells"]
    assert listed["state"] == "withdrawn"
