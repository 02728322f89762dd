"""Contact data and names as people write them: what becomes of each cell, and what is told."""

import csv
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.model import Model
from crm_migrate.standards.entity.standardize import standardize

VECTORS = Path(__file__).with_name("contact_vectors.csv")
"""type, cell; value, `field=text` where something was moved to another field, codes of rules."""
ENTITIES = {"website": "customer", "company_name": "customer"}
FIELDS = {"company_name": "name", "person_name": "name"}
BESIDE = {
    "customer": {"name": "恒通科技有限公司", "registration_number": "110108000000016"},
    "contact": {"name": "王小明", "wechat": "wangxm88"},
}
"""What the record holds otherwise, so that it can be identified."""
COMMON = {"required.missing", "record.unidentified"}


def vectors() -> dict[str, list[dict[str, str]]]:
    with VECTORS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {kind: [r for r in rows if r["type"] == kind] for kind in {r["type"]: 0 for r in rows}}


def became(model: Model, mapped, kind: str, cells: list[str]) -> list[tuple[str, str, str]]:
    """Value, what stands in other fields, and rules but `….normalised`, of each cell."""
    entity = model.entity(ENTITIES.get(kind, "contact"))
    field = FIELDS.get(kind, kind)
    beside = {k: v for k, v in BESIDE[entity.name].items() if k != field}
    result = standardize(
        entity, mapped(entity.name, [{**beside, field: cell} for cell in cells]), model, origins={}
    )
    names = [n for n in entity.field_names if n != field]
    told = result.findings.filter(
        ~pl.col("rule").is_in(list(COMMON)) & ~pl.col("rule").str.ends_with(".normalised")
    )
    rules = dict(told.group_by("record_id").agg(pl.col("rule").unique().sort()).rows())
    found = []
    for row in result.records.iter_rows(named=True):
        moved = {n: row[n] for n in names if row[n] is not None and row[n] != beside.get(n)}
        shown = " ".join(f"{n}={v}" for n, v in moved.items())
        found.append((row[field] or "", shown, " ".join(rules.get(row["record_id"], []))))
    return found


@pytest.mark.parametrize("kind", list(vectors()))
def test_cells_of(kind: str, model: Model, mapped):
    """R-1.3, R-2.1, R-2.4: each cell as typed → canonical value, what was moved, what is told."""
    asked = vectors()[kind]
    wanted = [(v["value"], v["moved"], v["rules"]) for v in asked]
    found = became(model, mapped, kind, [v["cell"] for v in asked])
    odd = [(v["cell"], w, f) for v, w, f in zip(asked, wanted, found, strict=True) if w != f]
    assert odd == []


@pytest.mark.parametrize("kind", list(vectors()))
def test_canonical_values_stay(kind: str, model: Model, mapped):
    """R-2.1: what came out goes in again and stays as it is."""
    values = [v["value"] for v in vectors()[kind] if v["value"]]
    again = became(model, mapped, kind, values)
    assert [v for v, (value, *_) in zip(values, again, strict=True) if value != v] == []


def test_nothing_of_a_list_is_lost(model: Model, mapped):
    """R-2.4: the further values of a cell are kept and told as repairs; where a project's model has
    no field for them, a warning says so.
    """
    whole = model.entity("contact")
    bare = replace(whole, fields=tuple(f for f in whole.fields if f.name != "other_contact"))
    row = {"name": "王小明", "email": "li@x1.com;wang@x2.com", "qq": "12345678/87654321",
           "wechat": "lina_88/wangwei66", "other_contact": "传真找前台"}  # fmt: skip
    kept = standardize(whole, mapped("contact", [row]), model, origins={})
    assert kept.records["other_contact"].to_list() == [
        "传真找前台;wang@x2.com;微信 wangwei66;QQ 87654321"
    ]
    told = dict(kept.findings.select("rule", "severity").rows())
    assert {told[f"{kind}.several"] for kind in ("email", "qq", "wechat")} == {"repair"}
    frame = mapped("contact", [row]).drop("other_contact")
    lost = standardize(bare, frame, model, origins={}).findings
    lost = lost.filter(pl.col("rule") == "value.left_over")
    assert sorted(lost["field"]) == ["email", "qq", "wechat"]
    assert set(lost["severity"]) == {"warning"}
    lead = model.entity("lead")
    lead = replace(lead, fields=tuple(f for f in lead.fields if f.name != "other_contact"))
    frame = mapped("lead", [{"mobile": "13800138000/13900139000"}]).drop("other_contact")
    assert "mobile.left_over" in set(standardize(lead, frame, model, origins={}).findings["rule"])
