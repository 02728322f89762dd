"""`evaluate`: on bare files, on a run, by verdicts on a sample, and the gate that asks for them."""

import re
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits
from tests.linkage.invented_companies import companies


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invented companies with the customer that each row really is."""
    path = tmp_path_factory.mktemp("evaluate") / "companies.csv"
    companies(600, level=0.8).rename({"record_id": "编号", "name": "客户名称"}).write_csv(path)
    return path


def test_what_link_wrote(command: Command, table: Path, tmp_path: Path) -> None:
    """R-4.2: precision and recall of `link`'s files against a truth, without a project."""
    out, pairs = tmp_path / "out.csv", tmp_path / "pairs.csv"
    command("link", table, "--id", "编号", "--rules", "company-cn", "--out", out, "--pairs", pairs)
    truth = tmp_path / "truth.csv"
    pl.read_csv(table).select(pl.col("编号").alias("record_id"), "truth").write_csv(truth)
    done = fits(
        command("evaluate", "--clusters", out, "--pairs", pairs, "--truth", truth, "--json"),
        "evaluate",
    )
    assert done["truth"]["records"] == pl.read_csv(out).height
    assert done["truth"]["pairs"]["f1"] > 0.9
    assert done["curve"][0]["pairs"] == done["scored"]["pairs"]
    assert done["blocking"] is None
    assert done["model"] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_files_with_a_truth_column(
    command: Command, table: Path, tmp_path: Path, language: str
) -> None:
    """Linked for the purpose: blocking recall by rule, the model, and a page that stands alone."""
    page = tmp_path / "page.html"
    done = fits(
        command(
            *("--lang", language, "evaluate", table, "--id", "编号", "--rules", "company-cn"),
            *("--truth-column", "truth", "--html", page, "--json"),
        ),
        "evaluate",
    )
    assert done["blocking"]["recall"] >= done["scored"]["recall"] > 0.9
    assert max(r["found"] for r in done["blocking"]["rules"]) <= done["blocking"]["found"]
    assert all(level["bits"] == 0 for level in done["model"] if level["missing"])
    html = page.read_text("utf-8")
    assert html.count("<svg") >= 3
    assert ("阈值曲线" in html) is (language == "zh")
    assert "default-src 'none'" in html
    assert not re.findall(r"(?:src|href)=|url\(|<script|@import", html)
    cells = pl.read_csv(table, infer_schema=False)
    for column in ("客户名称", "uscc", "phone", "email"):
        assert not [v for v in cells[column].drop_nulls() if v in html]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--truth-column", "nobody"), "there is no column 'nobody'"),
        (("--id", "nobody"), "there is no column 'nobody'"),
        (("--sample", "5"), "need a project"),
    ],
)
def test_faults_are_told(
    command: Command, table: Path, arguments: tuple[str, ...], said: str
) -> None:
    """A column that is not there, or what needs a project, is a fault of usage."""
    base = ("evaluate", table, "--rules", "company-cn", "--truth-column", "truth", "--id", "编号")
    done = command(*base, *arguments, "--json")
    assert done.code == 2
    assert said in done.data["error"]["message"]


def test_a_run_against_a_truth(command: Command, planned: Path, tmp_path: Path) -> None:
    """R-3.1: the truth names customers by the source's own key; values never stand on the page."""
    truth, page = tmp_path / "truth.csv", tmp_path / "page.html"
    truth.write_text("code,who\nK001,a\nK002,a\nK003,b\nK004,c\nK005,d\n", "utf-8")
    base = ("-C", planned, "evaluate")
    done = fits(
        command(
            *base, "--truth", truth, "--id", "code", "--truth-column", "who", "--source", "sales",
            "--html", page, "--json",
        ),
        "evaluate",
    )  # fmt: skip
    assert done["truth"]["records"] == 5
    assert done["truth"]["pairs"] == {
        **done["truth"]["pairs"], "right": 1, "found": 1, "true": 1
    }  # fmt: skip
    assert "云桥" not in page.read_text("utf-8")
    by_field = fits(command(*base, "--truth-column", "uscc", "--json"), "evaluate")
    assert by_field["truth"]["records"] == 1
    unknown = command(*base, "--truth", truth, "--id", "who", "--truth-column", "code", "--json")
    assert unknown.code == 2
    assert "names no customer" in unknown.data["error"]["message"]


def test_a_sample_and_its_gate(command: Command, project: Path) -> None:
    """R-3.3, R-4.2: “precision at least p with confidence c” blocks until enough people spoke."""
    gates = project / "rules" / "gates.yaml"
    gates.write_text(
        "extends: standard\ngates:\n"
        "  linkage_precision: {at_least: 0.9, confidence: 0.95, on_failure: block}\n",
        "utf-8",
    )
    command("-C", project, "keys", "add-person", "st:steward:管家:销售部", "--by", "operator",
            "--no-passphrase")  # fmt: skip
    first = command("-C", project, "plan", "--as", "operator", "--json")
    assert first.code == 3, first.err
    assert first.data["state"] == "blocked"
    shown = command("-C", project, "plan", "--as", "operator")
    assert "more verdicts are needed" in shown.out + shown.err
    drawn = fits(
        command("-C", project, "evaluate", "--sample", "50", "--as", "st", "--json"), "evaluate"
    )
    assert drawn["sample"]["precision"]["value"] is None
    tasks = drawn["sample"]["tasks"]
    assert tasks
    for task in tasks:
        said = command(
            "-C", project, "review", "decide", task, "same", "--as", "st", "--reason", "known"
        )
        assert said.code == 0, said.err
    after = fits(command("-C", project, "evaluate", "--json"), "evaluate")["sample"]
    assert after["verdicts"] == len(tasks)
    assert after["precision"] == {"value": 1, "low": 1, "high": 1}
    again = command("-C", project, "plan", "--as", "operator", "--json")
    figure = next(g for g in again.data["gates"] if g["name"] == "linkage_precision")
    assert figure == {**figure, "value": 1, "passed": True}
