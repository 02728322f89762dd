"""An exported approval proves itself, and shows every change (R-7.6)."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_migrate.errors import IntegrityFault
from crm_migrate.language import Text
from crm_migrate.plan.approval.deciding import decide
from crm_migrate.plan.approval.exported import Exported, JournalLine, check, read, write
from crm_migrate.plan.approval.overriding import override
from crm_migrate.plan.approval.standing import Said
from crm_migrate.plan.file.header_json import header_json
from crm_migrate.plan.header import Demand, Gate, PlanHeader
from crm_migrate.trust.journal import Journal
from crm_migrate.trust.merkle import MerkleTree, inclusion_proof, root_by_proof
from crm_migrate.trust.people import add, remove
from tests.plan.crm import NOW
from tests.plan.signers import JOURNAL, PEOPLE, SIGNERS, person, signed_header

BLOCKED = Gate("quarantined_share", Text("share", "占比"), 0.5, 0.2, False, share=True)
PLAN = signed_header(gates=(BLOCKED,), demands=(Demand(2), Demand(1, department="市场部")))


def exported(plan: PlanHeader = PLAN, *, applied: bool = True) -> Exported:
    """A plan overridden by zhao, approved by wang and qian, told by a journal."""
    free = override(plan, BLOCKED.name, SIGNERS["zhao"], PEOPLE, NOW, reason="旧分公司已关闭")
    decisions = tuple(
        decide(plan, SIGNERS[who], PEOPLE, NOW, reason="已核对", overrides=[free])
        for who in ("wang", "qian")
    )
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl", JOURNAL, lambda: NOW)
        journal.append("li", "plan.made", {"plan": plan.plan_id})
        for d in decisions:
            about = {"plan": plan.plan_id, "effect": plan.effect, "decision": d.id}
            journal.append(d.by, "plan.approve", about)
        journal.append("li", "apply.begun", {"plan": plan.plan_id})
        journal.append("li", "apply.end", {"plan": plan.plan_id})
        lines = journal.path.read_bytes().split(b"\n")[:-1]
        checkpoint = journal.read_checkpoint() or b""
    told = tuple(
        JournalLine(lines[n].decode(), n, tuple(h.hex() for h in inclusion_proof(lines, n)))
        for n in range(1, 4)
    )
    begun = json.loads(lines[3])["time"] if applied else None
    return Exported(
        header=header_json(plan),
        earlier=(),
        said=Said(decisions=decisions, overrides=(free,)),
        trust=PEOPLE,
        checkpoint=checkpoint.decode(),
        journal=told,
        exported_at="2025-03-02T00:00:00Z",
        begun_at=begun,
    )


@cache
def sound() -> bytes:
    return write(exported(), JOURNAL)


def faults(changed: Exported, plan: bytes | None = None, days: int = 0) -> list[str]:
    """What checking a file with this content, properly sealed, finds."""
    again = read(write(changed, JOURNAL))
    return [f.en for f in check(again, NOW + timedelta(days=days), plan).faults]


def test_a_sound_file_holds_and_says_who_approved() -> None:
    """Judged at the apply, it holds years later; one that was not applied expires."""
    found = check(read(sound()), NOW + timedelta(days=9999))
    assert found.ok
    assert found.approvers == ("wang", "qian")
    assert read(sound()) == exported()
    assert faults(exported(applied=False)) == []
    assert "expired" in faults(exported(applied=False), days=8)[0]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_byte_can_be_changed_unseen(data: st.DataObject) -> None:
    """Any byte altered, removed or added anywhere: the file is refused."""
    original = sound()
    at = data.draw(st.integers(0, len(original) - 1))
    how = data.draw(st.sampled_from(("alter", "remove", "add")))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != original[at]))
    kept = original[at + 1 :] if how == "remove" else original[at:]
    middle = b"" if how == "remove" else bytes([byte])
    changed = original[:at] + middle + (original[at + 1 :] if how == "alter" else kept)
    if changed == original:  # a repeated byte taken out or put in beside its like
        return
    with pytest.raises(IntegrityFault):
        read(changed)


def test_sealed_again_by_whoever_holds_the_journal_key_it_still_shows() -> None:
    """The operator owns the journal key, not the keys of author and approvers."""
    whole = exported()
    wang, qian = whole.said.decisions
    (free,) = whole.said.overrides

    def said(**more: Any) -> Exported:
        return replace(whole, said=replace(whole.said, **more))

    assert "市场部" in faults(said(decisions=(wang,)))[0]
    assert "approvals are missing" in faults(said(decisions=(wang, wang)))[0]
    swapped = replace(qian, by="zhao")
    assert "市场部" in faults(said(decisions=(wang, swapped)))[0]
    assert "gates block" in faults(said(overrides=()))[0]
    assert "gates block" in faults(said(overrides=(replace(free, figure="0.4"),)))[0]
    assert "approvals are missing" in faults(said(used=frozenset({wang.id})))[0]
    lower = json.loads(whole.header)
    lower["demands"] = lower["demands"][:1]
    header = json.dumps(lower, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert "not signed by its author" in faults(replace(whole, header=header))[0]
    other = decide(signed_header(), SIGNERS["qian"], PEOPLE, NOW)
    assert "市场部" in faults(said(decisions=(wang, other)))[0]


def test_people_removed_or_of_another_role_do_not_count() -> None:
    """The trust file in the file says who was who; a file by strangers names another one."""
    for people in (
        remove(PEOPLE, "qian", SIGNERS["admin"]),
        add(PEOPLE, person("qian", department="销售部"), SIGNERS["admin"]),
    ):
        assert "市场部" in faults(replace(exported(), trust=people))[0]
    content = json.loads(sound())
    content["trust"]["people"][2]["role"] = "administrator"
    with pytest.raises(IntegrityFault):
        read(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n")


def test_the_journal_must_tell_of_it() -> None:
    """Each approval that counts, and the apply, stand in the journal under a signed checkpoint."""
    whole = exported()
    first, second, begun = whole.journal
    assert faults(replace(whole, journal=(first, second))) == ["the journal tells of no such apply"]
    assert "tells of no approval" in faults(replace(whole, journal=(first, begun)))[0]
    forged = replace(second, line=second.line.replace("qian", "zhao"))
    assert "is not in the journal" in faults(replace(whole, journal=(first, forged, begun)))[0]
    moved = replace(second, index=second.index + 1)
    assert "is not in the journal" in faults(replace(whole, journal=(first, moved, begun)))[0]
    checkpoint = whole.checkpoint.replace("journal ", "journal " + base64.b64encode(b"x").decode())
    assert "checkpoint" in faults(replace(whole, checkpoint=checkpoint))[0]
    late = replace(whole, begun_at="2025-03-02T00:00:00.000000Z")
    assert faults(late) == ["the journal tells of no such apply"]


def test_the_plan_file_must_be_the_one_approved() -> None:
    """Byte for byte the header that the file holds."""
    assert faults(exported(), header_json(PLAN)) == []
    another = header_json(signed_header(plan_id="p-2"))
    assert faults(exported(), another) == ["the plan file is another plan"]


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b"null\n", b'{"format":"crm-migrate-approval/1"}']
)
def test_what_is_no_such_file_is_told(data: bytes) -> None:
    """Without a traceback."""
    with pytest.raises(IntegrityFault):
        read(data)


@given(size=st.integers(1, 40), data=st.data())
def test_proofs_lead_to_the_root(size: int, data: st.DataObject) -> None:
    """RFC 6962 audit paths, for trees of every shape; a wrong leaf leads elsewhere."""
    leaves = [bytes([n]) for n in range(size)]
    root = MerkleTree.of(leaves).root()
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(leaves, index)
    assert root_by_proof(leaves[index], index, size, proof) == root
    assert root_by_proof(b"other", index, size, proof) != root
    assert root_by_proof(leaves[index], index, size, [*proof, root]) != root
