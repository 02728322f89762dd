"""Doubtful pairs in a rehearsal by one person: the step that `review list` names works."""

from pathlib import Path

from tests.newcomer.command import run


def test_one_person_decides_in_a_sandbox(tmp_path: Path) -> None:
    """R-3.3: whoever rehearses alone may review, too; the verdict counts in the next plan."""
    (tmp_path / "a.csv").write_text(
        "客户名称,备注\n云桥恒物,一\n云桥恒物,二\n远石食品有限公司,三\n", "utf-8"
    )
    assert run("init", "p", "--from", "a.csv", cwd=tmp_path)[0] == 0
    code, planned, _ = run("-C", "p", "plan", cwd=tmp_path)
    assert code == 3  # something waits for a person
    assert sum(planned["waiting"].values()) == 1, planned["waiting"]
    _, listed, said = run("-C", "p", "review", "list", cwd=tmp_path)
    task = listed["tasks"][0]["task_id"]
    assert f"review decide {task} same|different|unsure" in said
    code, decided, _ = run("-C", "p", "review", "decide", task, "same", cwd=tmp_path)
    assert (code, decided["status"]) == (0, "decided")
    code, again, _ = run("-C", "p", "plan", cwd=tmp_path)
    assert not any(again["waiting"].values())
    assert again["counts"]["customer"]["merged"] == 1
