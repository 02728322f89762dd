"""`trace`: one customer from the raw cell to the row in the CRM (R-7.1)."""

import json
from pathlib import Path

import pytest

from tests.cli.command_line import MOBILES, Command


def test_a_merged_customer_is_told_from_row_to_target(command: Command, planned: Path) -> None:
    """R-3.2: two rows of the workbook and their tickets are one customer, and it says why."""
    command("-C", planned, "approve", "latest", "--sandbox")
    assert command("-C", planned, "apply", "latest").code == 0
    data = command("-C", planned, "trace", "--row", "sales.xlsx:客户:3", "--json").data
    places = {(m["file"], m["row"]) for m in data["members"]}
    assert {("sales.xlsx", 2), ("sales.xlsx", 3)} <= places
    assert any("telephone" in reason for one in data["links"] for reason in one["reasons"])
    cells = {c["field"]: c for c in data["cells"]}
    assert cells["name"]["value"] == "福州云桥机械有限公司"
    assert cells["uscc"]["rule"] == "agreed"
    assert data["operation"]["action"] == "insert"
    assert data["target"]["stands"]
    assert data["target"]["written"][0]["result"] == "created"
    again = command("-C", planned, "trace", data["target"]["key"], "--json").data
    assert again["golden_id"] == data["golden_id"]
    coded = command("-C", planned, "trace", data["customer_code"], "--json").data
    assert coded["golden_id"] == data["golden_id"]
    begun = command("-C", planned, "trace", data["golden_id"][:10], "--json").data
    assert begun["golden_id"] == data["golden_id"]


def test_rollback_is_part_of_the_chain(command: Command, planned: Path) -> None:
    """Raw cell → … → operation → target row → rollback, and back from a key that is gone."""
    command("-C", planned, "approve", "latest", "--sandbox")
    command("-C", planned, "apply", "latest")
    data = command("-C", planned, "trace", "--row", "sales.xlsx:客户:4", "--json").data
    key = data["target"]["key"]
    undone = command("-C", planned, "rollback", "--json").data
    told = command("-C", planned, "trace", "--target-key", key, "--json").data
    assert told["golden_id"] == data["golden_id"]
    (back,) = told["rollbacks"]
    assert (back["plan"], back["action"]) == (undone["plan"], "delete")
    assert not told["target"]["stands"]
    assert [(w["result"], w["reverses"]) for w in told["target"]["written"]] == [
        ("created", None),
        ("deleted", undone["reverses"]),
    ]
    assert any(m["row"] == 4 for m in told["members"])


def test_other_records_have_a_chain_of_their_own(command: Command, planned: Path) -> None:
    """A contact's row of the CRM leads to its cells, and its row of the workbook to the CRM."""
    command("-C", planned, "approve", "latest", "--sandbox")
    command("-C", planned, "apply", "latest")
    at = ("-C", planned, "trace", "--entity", "contact")
    told = command(*at, "--row", "sales.xlsx:客户:4", "--json").data
    assert told["entity"] == "contact"
    assert told["target"]["table"] == "contact"
    key = told["target"]["key"]
    again = command(*at, "--target-key", key, "--json").data
    assert again["golden_id"] == told["golden_id"]
    assert {m["row"] for m in again["members"]} == {4}
    assert any(c["field"] == "mobile" for c in again["cells"])
    refused = command("-C", planned, "trace", "--entity", "planet", "--target-key", "1", "--json")
    assert refused.data["error"]["code"] == "not-found"


def test_values_are_masked_unless_a_role_may_see_them(command: Command, planned: Path) -> None:
    """R-5.1: masked for everybody; --clear for a role that may export, and journaled."""
    masked = command("-C", planned, "trace", "--row", "sales.xlsx:客户:4", "--json")
    assert not any(m in masked.out + masked.err for m in (*MOBILES, "0592-5530002"))
    clear = command("-C", planned, "trace", "--row", "sales.xlsx:客户:4", "--clear", "--json")
    assert "0592-5530002" in clear.out
    lines = (planned / "audit" / "journal.jsonl").read_text("utf-8").splitlines()
    shown = [e for e in map(json.loads, lines) if e["event"] == "trace.shown"]
    assert [e["actor"] for e in shown] == ["operator"]
    command(
        *("-C", planned, "keys", "add-person", "sun:auditor:孙审计:审计部"),
        *("--by", "operator", "--no-passphrase"),
    )
    refused = command(
        "-C", planned, "trace", "--row", "sales.xlsx:客户:4", "--clear", "--as", "sun", "--json"
    )
    assert refused.data["error"]["code"] == "key"


def test_a_row_of_another_entity_leads_to_its_customer(command: Command, planned: Path) -> None:
    """R-1.4: a ticket's row is traced to the customer that it hangs on."""
    data = command("-C", planned, "trace", "--row", "service.csv:4", "--json").data
    assert any(m["row"] == 4 and m["file"] == "sales.xlsx" for m in data["members"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["no-such-customer"], 1),
        (["--row", "sales.xlsx:客户:999"], 1),
        (["--row", "sales.xlsx:客户:x"], 2),
        ([], 2),
        (["a", "--row", "b:1"], 2),
        (["a", "--run", "20200101T000000-aaaa"], 1),
    ],
)
def test_what_is_not_there_is_said(
    command: Command, planned: Path, arguments: list[str], code: int
) -> None:
    """An unknown customer, row or run, and ways that do not fit together."""
    done = command("-C", planned, "trace", *arguments, "--json")
    assert done.code == code
    assert done.data["error"]["message"]
