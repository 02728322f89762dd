"""Signatures, the trust file and what roles may do (R-8.3)."""

import json

import pytest

from crm_migrate.errors import IntegrityFault, KeyFault, NotFound
from crm_migrate.trust import people, trust_file
from crm_migrate.trust.canonical import canonical_json
from crm_migrate.trust.people import Person
from crm_migrate.trust.roles import Action, Role, may
from crm_migrate.trust.signature import Signer, verify


def someone(id: str, role: Role) -> tuple[Person, Signer]:
    signer = Signer.from_seed(id, id.encode().ljust(32, b"."))
    return Person(id, id, role, "IT", signer.public_key), signer


def test_signature_is_bound_to_context_and_statement():
    """A signature holds for one context, one statement, one key."""
    person, signer = someone("a", Role.APPROVER)
    other, _ = someone("b", Role.APPROVER)
    signature = signer.sign("approval", {"effect": "e"})
    assert verify(person.public_key, "approval", {"effect": "e"}, signature)
    assert not verify(person.public_key, "rejection", {"effect": "e"}, signature)
    assert not verify(person.public_key, "approval", {"effect": "f"}, signature)
    assert not verify(other.public_key, "approval", {"effect": "e"}, signature)
    assert not verify(person.public_key, "approval", {"effect": "e"}, "not base64!")
    assert not verify("short", "approval", {"effect": "e"}, signature)


def test_ed25519_is_the_standard_one():
    """RFC 8032 section 7.1, test 1: seed and public key agree."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = Signer.from_seed("x", seed)
    assert signer.public_key == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.mark.parametrize("value", [1.5, {"键": 1}, 2**53, {"a": {1, 2}}, b"x"])
def test_canonical_json_refuses_what_has_two_forms(value):
    """Only the subset in which RFC 8785 and sorted compact JSON agree is accepted."""
    with pytest.raises(ValueError):
        canonical_json(value)


def test_trust_file_grows_by_administrators_only(tmp_path):
    """Founder and administrators add people; an approver cannot, and the file checks itself."""
    anna, anna_signs = someone("anna", Role.OPERATOR)
    ben, ben_signs = someone("ben", Role.ADMINISTRATOR)
    carl, carl_signs = someone("carl", Role.APPROVER)
    first = people.found(anna, anna_signs, "journal")
    second = people.add(first, ben, anna_signs)
    third = people.add(second, carl, ben_signs)
    with pytest.raises(KeyFault):
        people.add(third, someone("dora", Role.APPROVER)[0], carl_signs)
    trust_file.save(tmp_path / "trust.json", third)
    loaded = trust_file.load(tmp_path / "trust.json", previous=second)
    assert loaded == third
    assert loaded.person("carl").role is Role.APPROVER
    assert trust_file.load(tmp_path / "trust.json", previous=first) == third
    with pytest.raises(NotFound):
        loaded.person("nobody")


def test_stolen_id_does_not_sign(tmp_path):
    """A key of one's own under an administrator's id is refused."""
    anna, anna_signs = someone("anna", Role.ADMINISTRATOR)
    trust = people.found(anna, anna_signs, "journal")
    impostor = Signer.from_seed("anna", b"i" * 32)
    with pytest.raises(KeyFault):
        people.add(trust, someone("eve", Role.APPROVER)[0], impostor)


def test_edited_trust_file_is_refused(tmp_path):
    """A role changed in the file, or an older version put back, is an IntegrityFault."""
    anna, anna_signs = someone("anna", Role.ADMINISTRATOR)
    first = people.found(anna, anna_signs, "journal")
    second = people.add(first, someone("ben", Role.OPERATOR)[0], anna_signs)
    path = tmp_path / "trust.json"
    trust_file.save(path, second)
    content = json.loads(path.read_text())
    content["people"][1]["role"] = "approver"
    path.write_text(json.dumps(content))
    with pytest.raises(IntegrityFault):
        trust_file.load(path)
    trust_file.save(path, first)
    with pytest.raises(IntegrityFault):
        trust_file.load(path, previous=second)
    path.write_text("{}")
    with pytest.raises(IntegrityFault):
        trust_file.load(path)


def test_nobody_holds_two_sides_of_a_change():
    """R-8.3: who applies cannot approve; who audits cannot act; every action has someone."""
    assert not any(may(r, Action.APPLY) and may(r, Action.APPROVE) for r in Role)
    assert not may(Role.AUDITOR, Action.APPLY)
    assert all(any(may(r, action) for r in Role) for action in Action)
