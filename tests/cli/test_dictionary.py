"""`dictionary`: made from the rules, kept in versions, compared."""

from pathlib import Path

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits


def test_every_field_says_everything(command: Command, project: Path) -> None:
    """R-2.2: meaning, type, range, unit, owner, confidentiality, update frequency and the rest."""
    outs = [project / f"d.{s}" for s in ("xlsx", "html", "md", "json")]
    written = [x for out in outs for x in ("--out", out)]
    found = fits(command("-C", project, "dictionary", *written, "--json"), "dictionary")
    assert found["version"] is None
    assert found["gaps"] == {}
    fields = {(e["name"], f["name"]): f for e in found["entities"] for f in e["fields"]}
    uscc = fields["customer", "uscc"]
    assert "GB 32100-2015" in uscc["standard"]["en"]
    assert "成交客户" in uscc["required"]["zh"]
    assert uscc["target"]
    assert any("sales" in s for s in uscc["sources"])
    assert fields["contact", "id_number"]["treatment"] == "seal"
    assert fields["customer", "annual_budget"]["unit"] == "万元"
    for entry in fields.values():
        for text in ("meaning", "type", "form", "level", "owner", "retention", "update_frequency"):
            assert entry[text]["en"]
            assert entry[text]["zh"]
    page = outs[1].read_text("utf-8")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert outs[2].read_text("utf-8").count("## ") == len(found["entities"])
    assert outs[0].stat().st_size > 5000


def test_versions_and_what_changed(command: Command, project: Path) -> None:
    """R-2.2: V1.0, V1.1; --diff between versions and against the rules; tampering shows."""
    base = ("-C", project, "dictionary")
    released = fits(command(*base, "--release", "--json"), "dictionary")
    assert released["version"] == "V1.0"
    assert len(released["files"]) == 4
    assert fits(command(*base, "--release", "--json"), "dictionary")["files"] == []
    rules = project / "rules" / "entities.yaml"
    rules.write_text(
        "extends: standard\nentities:\n  customer:\n    fields:\n      grade: {required: true}\n"
        "      region: {type: text, label: {en: region, zh: 大区}}\n"
        "      enterprise_type: null\n"
        "vocabularies:\n  customer_size:\n    大型: [大, 大型企业, 特大]\n    巨型: []\n",
        "utf-8",
    )
    target = project / "mappings" / "target.yaml"
    lines = target.read_text("utf-8").splitlines(keepends=True)
    target.write_text("".join(x for x in lines if "enterprise_type" not in x), "utf-8")
    told = fits(command(*base, "--diff", "V1.0", "current", "--json"), "dictionary-diff")
    found = {(d["kind"], d["field"], d["what"]): d for d in told["differences"]}
    assert {
        ("changed", "grade", "required"), ("added", "region", "field"),
        ("removed", "enterprise_type", "field"), ("changed", "size", "values"),
        ("changed", "size", "spellings"),
    } == set(found)  # fmt: skip
    values = found["changed", "size", "values"]
    assert (values["old"], values["new"]) == ("", "巨型")
    assert "特大 → 大型" in found["changed", "size", "spellings"]["new"]
    shown = command("-C", project, "--lang", "zh", "dictionary", "--diff", "V1.0", "current")
    assert "大区" in shown.out
    assert command(*base, "--json").data["version"] is None
    assert command(*base, "--release", "--json").data["version"] == "V1.1"
    assert len(command(*base, "--diff", "V1.0", "latest", "--json").data["differences"]) == 5
    missing = command(*base, "--diff", "V9.9", "current", "--json")
    assert missing.data["error"]["code"] == "not-found"
    changed = next((project / "audit" / "reports").glob("CRM-DD-001-V1.0-*.json"))
    changed.write_text(changed.read_text("utf-8").replace("grade", "rank"), "utf-8")
    assert command(*base, "--json").data["error"]["code"] == "integrity"
