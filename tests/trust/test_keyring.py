"""The keyring: protection at rest, derived and random keys, shredding, rotation."""

import base64
import os

import pytest

from crm_migrate.errors import IntegrityFault, KeyFault, NotFound
from crm_migrate.trust.keyring import create_project_keyring, export_keyring, open_keyring
from crm_migrate.trust.person_keys import create_person, open_person
from crm_migrate.trust.roles import Role
from crm_migrate.trust.signature import verify
from crm_migrate.trust.wrapping import EnvironmentKey, Passphrase, Unprotected


def test_reopened_keyring_derives_the_same_keys(tmp_path):
    """What is derived depends on the stored roots alone, and every purpose has its own key."""
    made = create_project_keyring(tmp_path / "keyring", Unprotected())
    again = open_keyring(tmp_path / "keyring", environment={})
    assert made.record_key == again.record_key
    keys = {again.record_key, again.digest_key, again.rollback_key}
    keys |= {again.field_key("contact", "id_number")[1], again.index_key("contact", "id_number")}
    assert len(keys) == 5
    assert all(len(key) == 32 for key in keys)


def test_passphrase_from_environment_or_person(tmp_path):
    """The passphrase comes from the variable, else from the prompt; a wrong one is a KeyFault."""
    folder = tmp_path / "keyring"
    made = create_project_keyring(folder, Passphrase("correct horse"))
    environment = {"CRM_MIGRATE_PASSPHRASE": "correct horse"}
    assert open_keyring(folder, environment=environment).record_key == made.record_key
    asked = open_keyring(folder, ask=lambda prompt: "correct horse", environment={})
    assert asked.record_key == made.record_key
    with pytest.raises(KeyFault, match="does not open"):
        open_keyring(folder, environment={"CRM_MIGRATE_PASSPHRASE": "wrong"})
    with pytest.raises(KeyFault, match="needs a passphrase"):
        open_keyring(folder, environment={})


def test_key_from_environment_variable(tmp_path):
    """A raw key in a variable opens the file; a missing or short one is refused (R-5.2)."""
    variable = {"CRM_MIGRATE_KEY": base64.b64encode(os.urandom(32)).decode()}
    folder = tmp_path / "keyring"
    made = create_project_keyring(folder, EnvironmentKey(), variable)
    assert open_keyring(folder, environment=variable).digest_key == made.digest_key
    for wrong in ({}, {"CRM_MIGRATE_KEY": "c2hvcnQ="}):
        with pytest.raises(KeyFault):
            open_keyring(folder, environment=wrong)


def test_protected_file_shows_no_secret(tmp_path):
    """No root stands readable in a file that a passphrase protects (R-5.2)."""
    folder = tmp_path / "keyring"
    made = create_project_keyring(folder, Passphrase("correct horse"))
    content = (folder / "project.json").read_text()
    assert export_keyring(made) not in content
    assert "argon2id" in content


@pytest.mark.skipif(os.name != "posix", reason="mode bits")
def test_file_readable_by_others_is_refused(tmp_path):
    """Key files are 0600 in a 0700 folder; wider rights are refused with the command to run."""
    folder = tmp_path / "keyring"
    create_project_keyring(folder, Unprotected())
    path = folder / "project.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    path.chmod(0o640)
    with pytest.raises(KeyFault) as caught:
        open_keyring(folder, environment={})
    assert caught.value.remedy
    assert "chmod 600" in caught.value.remedy.en


def test_keyring_is_never_overwritten(tmp_path):
    """A second creation is refused: it would make every sealed value unreadable."""
    create_project_keyring(tmp_path / "keyring", Unprotected())
    with pytest.raises(KeyFault, match="already"):
        create_project_keyring(tmp_path / "keyring", Unprotected())


def test_keyring_in_environment_needs_no_project_file(tmp_path):
    """The exported secrets, as CRM_MIGRATE_KEYRING, give the same keys on another machine."""
    made = create_project_keyring(tmp_path / "one", Unprotected())
    environment = {"CRM_MIGRATE_KEYRING": export_keyring(made)}
    elsewhere = open_keyring(tmp_path / "two", environment=environment)
    assert elsewhere.field_key("contact", "mobile") == made.field_key("contact", "mobile")
    assert not (tmp_path / "two" / "project.json").exists()


def test_damaged_files_are_named(tmp_path):
    """A damaged key file is a KeyFault that says to restore it, never a traceback."""
    folder = tmp_path / "keyring"
    create_project_keyring(folder, Unprotected())
    for content in ("", "[]", "{}", '{"format":"crm-migrate-keyring/1","protection":{}}'):
        (folder / "project.json").write_text(content)
        with pytest.raises(KeyFault, match="damaged"):
            open_keyring(folder, environment={})


def test_destroyed_run_key_is_gone(tmp_path):
    """A run key is random, stable until destroyed, and cannot be had afterwards (R-5.5)."""
    keyring = create_project_keyring(tmp_path / "keyring", Unprotected())
    key = keyring.run_key("r1", create=True)
    assert keyring.run_key("r1") == key
    assert keyring.run_key("r1", create=True) == key
    assert keyring.run_key("r2", create=True) != key
    keyring.destroy_run_key("r1")
    with pytest.raises(KeyFault):
        keyring.run_key("r1")
    assert keyring.run_key("r1", create=True) != key


def test_wrapped_keys_cannot_be_swapped(tmp_path):
    """A wrapped key that is put under another run's name does not open."""
    keyring = create_project_keyring(tmp_path / "keyring", Unprotected())
    keyring.run_key("r1", create=True)
    path = tmp_path / "keyring" / "wrapped.json"
    path.write_text(path.read_text().replace("run/r1", "run/r2"))
    with pytest.raises(IntegrityFault):
        keyring.run_key("r2")


def test_rotation_keeps_old_versions(tmp_path):
    """After rotation new values get a new key id, and old key ids still find their key."""
    keyring = create_project_keyring(tmp_path / "keyring", Unprotected())
    old_id, old_key = keyring.field_key("contact", "id_number")
    new_id = keyring.rotate_field_key("contact", "id_number")
    assert keyring.field_key("contact", "id_number")[0] == new_id != old_id
    assert keyring.field_key_by_id(old_id, "contact", "id_number") == old_key
    with pytest.raises(KeyFault):
        keyring.field_key_by_id(old_id, "contact", "mobile")
    with pytest.raises(KeyFault):
        keyring.field_key_by_id("nonsense", "contact", "id_number")


def test_sealed_values_are_counted_durably(tmp_path):
    """The count of values per key survives reopening, so that 2^32 is never passed unseen."""
    keyring = create_project_keyring(tmp_path / "keyring", Unprotected())
    assert keyring.count_sealed("1x00000000", 5) == 5
    again = open_keyring(tmp_path / "keyring", environment={})
    assert again.count_sealed("1x00000000", 7) == 12


def test_person_key_opens_with_own_passphrase(tmp_path):
    """A person's key is apart from the project's and signs what the trust file can check."""
    folder = tmp_path / "keyring"
    person, _ = create_person(
        folder, "zhang.san", "张三", Role.APPROVER, "销售一部", Passphrase("my own words")
    )
    environment = {"CRM_MIGRATE_PASSPHRASE_ZHANG_SAN": "my own words"}
    signer = open_person(folder, "zhang.san", environment=environment)
    assert verify(person.public_key, "approval", {"a": 1}, signer.sign("approval", {"a": 1}))
    with pytest.raises(KeyFault):
        open_person(folder, "zhang.san", environment={"CRM_MIGRATE_PASSPHRASE": "my own words"})
    with pytest.raises(NotFound):
        open_person(folder, "li.si", environment={})


@pytest.mark.parametrize("id", ["project", "wrapped", "../x", "", "Zhang", "a b"])
def test_person_id_must_name_a_file(tmp_path, id):
    """An id that would leave the folder or hide a keyring file is refused."""
    with pytest.raises(KeyFault):
        create_person(tmp_path, id, "x", Role.OPERATOR, "", Unprotected())
