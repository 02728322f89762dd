"""`quality` on the samples: figures that agree, versions, pages without personal data."""

import json
import re
import sqlite3
import zipfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pandas
import pytest
import yaml

from crm_migrate.reports.quality_charts import percent
from tests.end_to_end.conftest import APPROVER, OPERATOR, REPOSITORY, Demo
from tests.leaks.sample_values import sample_values


def fits(data: dict[str, Any], name: str) -> None:
    path = REPOSITORY / "docs" / "json" / f"{name}.schema.json"
    jsonschema.Draft202012Validator(json.loads(path.read_text("utf-8"))).validate(data)


@pytest.fixture(scope="module")
def measured(small: Demo) -> dict[str, Any]:
    """What `quality --json` says of the samples."""
    found = small.at("applied").ok("quality")
    fits(found, "quality")
    return found


def test_figures_before_and_after(small: Demo, measured: dict[str, Any]) -> None:
    """R-4.1: sums over sources are those over all; cleaning makes the data better."""
    found = measured
    assert found["baseline"]["run"] == found["run"]
    assert found["baseline"]["before"] == found["before"]
    for dimension in ("conformity", "completeness", "accuracy", "uniqueness", "consistency"):
        assert found["after"]["dimensions"][dimension] >= found["before"]["dimensions"][dimension]
    customer = found["entities"]["customer"]
    for name in ("elements", "form", "content", "records", "usable"):
        for figure in ("numerator", "denominator"):
            parts = [s["measures"][name][figure] for s in customer["sources"].values()]
            assert sum(parts) == customer["before"]["measures"][name][figure]
        if name in ("form", "content"):  # after, a cell is of the source that it was taken from
            parts = [s["measures"][name]["denominator"] for s in customer["sources_after"].values()]
            assert sum(parts) <= customer["after"]["measures"][name]["denominator"]
    assert found["sources_after"].keys() == found["sources"].keys()
    for name, part in found["sources_after"].items():
        assert part["score"] > found["sources"][name]["score"]
    repeated = customer["before"]["measures"]["repetition"]
    counts = small.said["planned"].data["counts"]["customer"]
    assert repeated["denominator"] == counts["accepted"]
    assert repeated["numerator"] == counts["golden"]


def by_hand(samples: Path) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Number and amount in fen by entity, department and year: pandas over the source's tables."""
    values = REPOSITORY / "mappings" / "values"
    known = yaml.safe_load((values / "departments.yaml").read_text("utf-8"))["map"]
    owners = yaml.safe_load((values / "owners.yaml").read_text("utf-8"))["owners"]
    of_owner = {o["from"]: o["department"] for o in owners}
    found = {}
    for entity, table, amount, day, department in (
        ("contract", "contracts", "amount", "sign_date", "dept_name"),
        ("order", "orders", "amount", "order_date", "dept_name"),
        ("opportunity", "opportunities", "expect_amount", "expect_date", "owner_name"),
    ):
        with closing(sqlite3.connect(samples / "legacy.db")) as database:
            rows = pandas.read_sql(f"SELECT * FROM {table}", database).dropna(subset=[amount])
        names = rows[department].str.strip()
        rows["department"] = (
            names.map(of_owner) if department == "owner_name" else names.replace(known)
        )
        rows["year"] = rows[day].str.extract(r"(20\d\d)")[0]
        rows["fen"] = (rows[amount].astype(float) * 100).round().astype("int64")
        summed = rows.fillna("").groupby(["department", "year"])["fen"].agg(["size", "sum"])
        for row in summed.itertuples():
            found[entity, *row.Index] = (int(row.size), int(row.sum))
    return found


def test_control_totals_by_department_year_and_source(
    small: Demo, measured: dict[str, Any]
) -> None:
    """R-6.6: numbers and amounts, all three, as another program adds them up from the source."""
    totals = measured["control_totals"]
    assert all(t["agrees"] for t in totals)
    assert {t["source"] for t in totals} == {"legacy"}
    told = {
        (t["entity"], t["department"], t["year"]):
            (t["count"], round(Decimal(t["source_amount"]) * 100))
        for t in totals
    }  # fmt: skip
    assert told == by_hand(small.samples)
    assert len({department for _, department, _ in told}) > 2
    assert len({year for _, _, year in told}) > 2


def test_versions_trend_and_baseline(small: Demo) -> None:
    """R-4.1, R-7.3: V1.0 is the baseline; a later run is V1.1 and a point of the trend."""
    demo = small.at("applied")
    first = demo.ok("quality", "--report", "--as", APPROVER)["report"]
    assert first["version"] == "V1.0"
    assert {Path(f).suffix for f in first["files"]} == {".html", ".xlsx", ".json"}
    source = demo.root / "samples" / "service.csv"
    source.write_bytes(b"\r\n".join(source.read_bytes().splitlines()[:60]) + b"\r\n")
    demo.ok("plan", "--as", OPERATOR)
    page = demo.root / "second.html"
    later = demo.ok("quality", "--report", "--as", APPROVER, "--out", str(page))
    assert later["report"]["version"] == "V1.1"
    assert [p["run"] for p in later["trend"]] == [later["baseline"]["run"], later["run"]]
    assert later["baseline"]["run"] != later["run"]
    text = page.read_text("utf-8")
    assert text.count("<polyline") == 2
    assert percent(later["after"]["score"]) in text
    kept = sorted((demo.root / "audit" / "quality").glob("*.json"))
    assert [k.stem for k in kept] == [p["run"] for p in later["trend"]]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_and_workbooks_hold_no_personal_data(small: Demo, language: str) -> None:
    """R-4.2, R-5: self-contained, masked examples with their place, both languages."""
    demo = small.at("applied")
    names = [f"q.{s}" for s in ("html", "xlsx", "json")]
    outs = [x for n in names for x in ("--out", str(demo.root / n))]
    demo.ok("--lang", language, "quality", *outs)
    page = (demo.root / "q.html").read_text("utf-8")
    assert page.count("<svg") >= 3
    assert ("客户数据质量报告" in page) is (language == "zh")
    assert "default-src 'none'" in page
    assert not re.findall(r"(?:src|href)=|url\(|<script|@import", page)
    assert "sales.xlsx" in page
    with zipfile.ZipFile(demo.root / "q.xlsx") as book:
        cells = "".join(book.read(n).decode() for n in book.namelist() if n.endswith(".xml"))
    assert cells.count("<c:barChart>") == 3
    kept = "".join(p.read_text("utf-8") for p in (demo.root / "audit" / "quality").iterdir())
    for value in sample_values(demo.samples):
        assert value not in page
        assert value not in cells
        assert value not in kept
