"""Sealing and the blind index."""

import hmac
import string

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_migrate.errors import IntegrityFault, KeyFault
from crm_migrate.protection.blind_index import blind_index
from crm_migrate.protection.sealing import is_sealed, seal_column, unseal_column
from crm_migrate.trust.keyring import RECOMMENDED_SEALS, create_project_keyring
from crm_migrate.trust.wrapping import Unprotected

VALUES = pl.Series("id_number", ["11010519491231002X", None, "", "护照 E1", "11010519491231002X"])
GOLDEN = pl.Series([f"{n:032x}" for n in range(5)])


@pytest.fixture(scope="module")
def keyring(tmp_path_factory):
    return create_project_keyring(tmp_path_factory.mktemp("k") / "keyring", Unprotected())


def seal(keyring, values=VALUES, golden=GOLDEN, entity="contact", field="id_number"):
    return seal_column(values, golden, entity, field, keyring).values


def unseal(keyring, values, golden=GOLDEN, entity="contact", field="id_number"):
    return unseal_column(values, golden, entity, field, keyring)


def test_sealed_column_opens_again(keyring):
    """Values of any text come back; null stays null; the name stays."""
    sealed = seal(keyring)
    assert sealed.name == "id_number"
    assert is_sealed(sealed).to_list() == [True, False, True, True, True]
    assert unseal(keyring, sealed).equals(VALUES)


def test_equal_values_look_different(keyring):
    """The same number twice, or sealed again, gives another text: frequencies do not show."""
    sealed = seal(keyring)
    assert sealed[0] != sealed[4]
    assert seal(keyring)[0] != sealed[0]


def test_form_fits_the_column(keyring):
    """`cm1.<key id>.<base64url>`, at most 160 characters for any id of a document (R-5.2)."""
    long = pl.Series(["9" * 64])
    (text,) = seal(keyring, long, GOLDEN.head(1))
    tag, key_id, payload = text.split(".")
    assert tag == "cm1"
    assert key_id == keyring.field_key("contact", "id_number")[0]
    assert set(payload) <= set(string.ascii_letters + string.digits + "-_")
    assert len(text) <= 160


def test_moved_value_does_not_open(keyring):
    """A ciphertext in another row, field or entity is refused."""
    sealed = seal(keyring)
    with pytest.raises(IntegrityFault):
        unseal(keyring, sealed, GOLDEN.reverse())
    for place in ({"entity": "lead"}, {"field": "mobile"}):
        with pytest.raises((IntegrityFault, KeyFault)):
            unseal(keyring, sealed, **place)


def test_changed_value_does_not_open(keyring):
    """A flipped character, a clear value and rubbish are refused without showing the value."""
    sealed = seal(keyring).to_list()
    flipped = sealed[0][:-5] + ("A" if sealed[0][-5] != "A" else "B") + sealed[0][-4:]
    for bad in (flipped, "11010519491231002X", "cm1.x.y", ""):
        with pytest.raises(IntegrityFault) as caught:
            unseal(keyring, pl.Series([bad, *sealed[1:]]))
        assert "1949" not in str(caught.value)


def test_values_of_two_key_versions_open_side_by_side(keyring):
    """Rotation needs no re-encryption at once: each value names its key."""
    old = seal(keyring, field="rotated")
    keyring.rotate_field_key("contact", "rotated")
    new = seal(keyring, field="rotated")
    mixed = pl.concat([old.head(2), new.tail(3)])
    assert mixed[0].split(".")[1] != mixed[4].split(".")[1]
    assert unseal(keyring, mixed, field="rotated").equals(VALUES)


def test_another_project_is_named_as_such(keyring, tmp_path):
    """A value sealed by another project is a KeyFault, not a damaged value."""
    other = create_project_keyring(tmp_path / "keyring", Unprotected())
    with pytest.raises(KeyFault):
        unseal(other, seal(keyring))


def test_missing_golden_id_is_refused(keyring):
    """Without a golden id nothing would bind the value to its row."""
    with pytest.raises(ValueError):
        seal(keyring, golden=pl.Series([None, *GOLDEN.to_list()[1:]]))


def test_rotation_is_due_at_half_the_bound(keyring):
    """SP 800-38D: the count is kept per key, and at 2^31 values rotation is asked for."""
    values, golden = pl.Series(["x"]), GOLDEN.head(1)
    assert not seal_column(values, golden, "contact", "counted", keyring).rotate
    key_id, _ = keyring.field_key("contact", "counted")
    keyring.count_sealed(key_id, RECOMMENDED_SEALS)
    assert seal_column(values, golden, "contact", "counted", keyring).rotate


def test_many_chunks(keyring):
    """More values than one chunk keep their order."""
    values = pl.Series([str(n) if n % 7 else None for n in range(40_000)])
    golden = pl.Series([f"g{n}" for n in range(40_000)])
    assert unseal(keyring, seal(keyring, values, golden), golden).equals(values)


@pytest.mark.parametrize("values", [[], [None, None]])
def test_nothing_to_seal(keyring, values):
    """Empty and wholly missing columns pass."""
    column = pl.Series("x", values, dtype=pl.String)
    assert seal(keyring, column, GOLDEN.head(len(values))).equals(column)
    assert unseal(keyring, column, GOLDEN.head(len(values))).equals(column)


@given(st.lists(st.tuples(st.none() | st.text(), st.text()), max_size=8))
def test_any_text_comes_back(keyring, rows):
    """Every Unicode value under every golden id is opened as it was sealed."""
    values = pl.Series([v for v, _ in rows], dtype=pl.String)
    golden = pl.Series([g for _, g in rows], dtype=pl.String)
    assert unseal(keyring, seal(keyring, values, golden), golden).equals(values)


def test_blind_index_finds_equal_values_only(keyring):
    """Equal values meet, others do not, and another field or version gives other values."""
    values = pl.Series("mobile", ["13800138000", "13800138000", "13900139000", None])
    index = blind_index(values, keyring.index_key("contact", "mobile"))
    assert index[0] == index[1] != index[2]
    assert index[3] is None
    assert index.str.len_chars()[0] == 16
    for key in (
        keyring.index_key("lead", "mobile"),
        keyring.index_key("contact", "mobile", version=2),
    ):
        assert blind_index(values, key)[0] != index[0]


def test_blind_index_is_hmac_sha256():
    """HMAC-SHA256 under the hex text of the key, cut to 64 bits."""
    index = blind_index(pl.Series(["13800138000"]), b"Jefe")
    whole = hmac.new(b"4a656665", b"13800138000", "sha256").hexdigest()
    assert index.to_list() == [whole[:16]]
