"""The journal: what each attack looks like to someone who verifies it offline (R-7.6)."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from crm_migrate.errors import IntegrityFault
from crm_migrate.trust.checkpoint import Checkpoint, open_checkpoint
from crm_migrate.trust.journal import Event, Journal, verify
from crm_migrate.trust.merkle import MerkleTree
from crm_migrate.trust.signature import Signer

SIGNER = Signer.from_seed("journal", b"j" * 32)


class Clock:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "audit" / "journal.jsonl", SIGNER, Clock())


def filled(journal: Journal, events: int = 7) -> tuple[bytes, bytes]:
    for number in range(events):
        journal.append("operator", "plan.made", {"plan": f"p{number}", "rows": number})
    checkpoint = journal.read_checkpoint()
    assert checkpoint
    return journal.path.read_bytes(), checkpoint


def judge(data: bytes, checkpoint: bytes | None) -> tuple[str, int | None]:
    verdict = verify(data, checkpoint, SIGNER.public_key)
    return verdict.result, verdict.at


def rechained(lines: list[bytes], tmp_path) -> bytes:
    """The events again in a journal whose chain is recomputed by someone without the key."""
    forger = Journal(tmp_path / "forged.jsonl", Signer.from_seed("journal", b"f" * 32), Clock())
    contents = [json.loads(line) for line in lines]
    forger.append_all([Event(c["actor"], c["event"], c["objects"], "denied") for c in contents])
    return forger.path.read_bytes()


def test_untouched_journal_is_ok(journal):
    """Every line says who, when, what and the outcome (R-7.1), and all of it verifies."""
    data, checkpoint = filled(journal)
    verdict = verify(data, checkpoint, SIGNER.public_key)
    assert (verdict.result, verdict.events, verdict.anchored) == ("OK", 7, 7)
    first = json.loads(data.splitlines()[0])
    assert first["time"].endswith("Z")
    assert {"seq", "actor", "event", "objects", "outcome", "prev", "hash"} < set(first)


def test_empty_journal_is_ok():
    """Nothing happened yet: nothing is wrong."""
    assert judge(b"", None) == ("OK", None)


def test_edit_shows_its_line(journal):
    """A changed value, a deleted line and two swapped lines are EDITED at their place."""
    data, checkpoint = filled(journal)
    lines = data.splitlines(keepends=True)
    changed = data.replace(b'"plan":"p3"', b'"plan":"p9"')
    assert judge(changed, checkpoint) == ("EDITED", 4)
    assert judge(b"".join(lines[:2] + lines[3:]), checkpoint) == ("EDITED", 3)
    assert judge(b"".join([*lines[:4], lines[5], lines[4], lines[6]]), None) == ("EDITED", 5)
    assert judge(b"not json\n" + data, checkpoint) == ("EDITED", 1)


def test_cut_tail_is_truncated(journal):
    """Whole lines cut off, or half a line, are TRUNCATED; without a checkpoint only the latter."""
    data, checkpoint = filled(journal)
    lines = data.splitlines(keepends=True)
    assert judge(b"".join(lines[:5]), checkpoint) == ("TRUNCATED", 6)
    assert judge(data[:-10], checkpoint) == ("TRUNCATED", 7)
    assert judge(b"", checkpoint) == ("TRUNCATED", 1)
    assert judge(b"".join(lines[:5]), None) == ("OK", None)


def test_rewritten_chain_is_forked(journal, tmp_path):
    """A chain that was recomputed fits itself but not the signed root."""
    data, checkpoint = filled(journal)
    forged = rechained(data.splitlines(), tmp_path)
    assert judge(forged, None) == ("OK", None)
    assert judge(forged, checkpoint) == ("FORKED", None)


def test_checkpoint_of_another_key_is_forked(journal):
    """A checkpoint signed by anyone else, or changed, vouches for nothing."""
    data, checkpoint = filled(journal)
    other = Signer.from_seed("journal", b"o" * 32)
    signed = open_checkpoint(checkpoint, SIGNER.public_key)
    assert signed
    assert judge(data, signed.sign(other)) == ("FORKED", None)
    assert judge(data, checkpoint.replace(b"\n7\n", b"\n6\n")) == ("FORKED", None)
    assert judge(data, b"rubbish") == ("FORKED", None)


def test_older_checkpoint_still_vouches(journal):
    """A checkpoint kept elsewhere verifies the same journal after it has grown."""
    _, old = filled(journal, 3)
    data, _ = filled(journal, 4)
    verdict = verify(data, old, SIGNER.public_key)
    assert (verdict.result, verdict.events, verdict.anchored) == ("OK", 7, 3)


def test_torn_last_line_is_set_aside_and_journaled(journal):
    """A crash in the middle of a line stops nothing: the piece is kept, the event is recorded."""
    data, _ = filled(journal, 3)
    journal.path.write_bytes(data + b'{"actor":"oper')
    Journal(journal.path, SIGNER, Clock()).append("operator", "plan.made")
    after = journal.path.read_bytes()
    assert judge(after, journal.read_checkpoint()) == ("OK", None)
    events = [json.loads(line)["event"] for line in after.splitlines()]
    assert events[3:] == ["journal.recovered", "plan.made"]
    assert b'{"actor":"oper' in journal.path.with_name("journal.jsonl.torn").read_bytes()


def test_lines_without_checkpoint_after_crash_are_kept(journal):
    """A crash between the lines and their checkpoint loses neither and is no fault."""
    _, old = filled(journal, 3)
    filled(journal, 2)
    journal.checkpoint_path.write_bytes(old)
    Journal(journal.path, SIGNER, Clock()).append("operator", "plan.made")
    verdict = verify(journal.path.read_bytes(), journal.read_checkpoint(), SIGNER.public_key)
    assert (verdict.result, verdict.events, verdict.anchored) == ("OK", 6, 6)


@pytest.mark.parametrize("attack", ["edit", "cut", "fork", "no checkpoint"])
def test_append_does_not_cover_up_a_change(journal, tmp_path, attack):
    """No new checkpoint is signed over a journal that was tampered with."""
    data, _ = filled(journal)
    if attack == "edit":
        journal.path.write_bytes(data.replace(b'"p3"', b'"p9"'))
    elif attack == "cut":
        journal.path.write_bytes(b"".join(data.splitlines(keepends=True)[:5]))
    elif attack == "fork":
        journal.path.write_bytes(rechained(data.splitlines(), tmp_path))
    else:
        journal.checkpoint_path.unlink()
    before = journal.path.read_bytes()
    with pytest.raises(IntegrityFault):
        Journal(journal.path, SIGNER, Clock()).append("operator", "plan.made")
    assert journal.path.read_bytes() == before


def test_two_writers_take_turns(journal):
    """Two open journals on one file append to one chain."""
    other = Journal(journal.path, SIGNER, Clock())
    for _ in range(3):
        journal.append("a", "run.begun")
        other.append("b", "run.begun")
    assert judge(journal.path.read_bytes(), journal.read_checkpoint()) == ("OK", None)


def test_personal_data_does_not_reach_the_journal(journal):
    """R-5.3: a number or mail address that slips into an event is cut out; ids stay."""
    digest = "1" * 20 + "a" * 44
    journal.append(
        "operator",
        "export.made",
        {"file": "张三 13800138000.xlsx", "mail": "a.b@example.com", "digest": digest},
        outcome="11010519491231002X",
    )
    content = json.loads(journal.path.read_bytes())
    text = json.dumps(content)
    assert "13800138000" not in text
    assert "example.com" not in text
    assert content["outcome"] == "[redacted]"
    assert content["objects"]["digest"] == digest


def test_merkle_roots_are_those_of_rfc_6962():
    """The published roots of the first eight test leaves of Certificate Transparency."""
    leaves = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        bytes(range(0x50, 0x58)),
        bytes(range(0x60, 0x70)),
    ]
    roots = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    assert {n: MerkleTree.of(leaves[:n]).root().hex() for n in roots} == roots


def test_checkpoint_is_a_signed_note():
    """The file has the C2SP form: origin, size, root, empty line, `— name base64`."""
    note = Checkpoint("crm-migrate", 2, b"r" * 32).sign(SIGNER).decode().split("\n")
    assert note[:2] == ["crm-migrate", "2"]
    assert base64.b64decode(note[2]) == b"r" * 32
    assert note[3] == ""
    assert note[4].startswith("— journal ")
    assert len(base64.b64decode(note[4].split(" ")[2])) == 4 + 64
