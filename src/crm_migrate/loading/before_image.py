"""Before-images: what a row was before a plan wrote it, sealed as a whole for the way back.

An image is JSON, `{"before": {column: stored text or null}, "written": [column, …], "base":
{"commitments", "raw_digest", "plan_id"} or null}`: the row, which of its cells were written, and
the base row that stood beside it. A row that a plan creates needs none: its ledger entry says
that nothing stood there before. An image is sealed by AES-256-GCM with a random 96-bit
nonce under a key of the plan's own, HKDF-SHA256(rollback key, plan), and bound (as additional
data) to plan, entity and golden id, so that an image moved to another row does not open.
Stored form: nonce ‖ ciphertext ‖ tag.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm_migrate.errors import IntegrityFault
from crm_migrate.language import Text

_CONTEXT = b"crm-migrate/before/1"
_NONCE = 12


@dataclass(frozen=True, slots=True)
class BeforeImage:
    """An opened image: stored cells by column, columns that were written, the base row before."""

    before: dict[str, str | None]
    written: tuple[str, ...]
    base: dict[str, str] | None
    """commitments, raw_digest and plan_id; None where no plan of ours had applied the row."""


def images(before: pl.DataFrame, written: pl.DataFrame, base: pl.DataFrame) -> pl.Series:
    """The JSON of rows to be changed; all frames have the same rows in the same order.

    `before`: stored cells. `written`: Boolean columns of the same names. `base`: BASE_BEFORE of
    the base rows, null where there is none.
    """
    columns = before.columns
    named = written.select(
        pl.concat_list(pl.when(c).then(pl.lit(c)) for c in columns).list.drop_nulls()
    )
    stands = pl.col("commitments").is_not_null()
    rows = pl.DataFrame(
        {
            "before": before.to_struct(),
            "written": named.to_series(),
            "base": base.select(pl.when(stands).then(pl.struct(base.columns))).to_series(),
        }
    )
    return rows.select(pl.struct(pl.all()).struct.json_encode()).to_series()


def seal_images(
    rollback_key: bytes, plan_id: str, entity: str, golden_ids: Sequence[str], texts: Sequence[str]
) -> pl.Series:
    """The sealed images (Binary) of rows, in order."""
    cipher = AESGCM(_plan_key(rollback_key, plan_id))
    encrypt, place = cipher.encrypt, _place(plan_id, entity)
    nonces = os.urandom(_NONCE * len(texts))
    sealed = []
    for number, (golden_id, text) in enumerate(zip(golden_ids, texts, strict=True)):
        nonce = nonces[number * _NONCE : number * _NONCE + _NONCE]
        sealed.append(nonce + encrypt(nonce, text.encode(), place + _framed(golden_id)))
    return pl.Series("image", sealed, dtype=pl.Binary)


def open_images(
    rollback_key: bytes,
    plan_id: str,
    entity: str,
    golden_ids: Sequence[str],
    sealed: Sequence[bytes],
) -> list[str]:
    """The JSON of the images of rows, in order.

    Raises:
        IntegrityFault: another key, another row's image, or changed since.
    """
    cipher = AESGCM(_plan_key(rollback_key, plan_id))
    place = _place(plan_id, entity)
    texts = []
    for golden_id, image in zip(golden_ids, sealed, strict=True):
        bound = place + _framed(golden_id)
        try:
            texts.append(cipher.decrypt(image[:_NONCE], image[_NONCE:], bound).decode())
        except (InvalidTag, ValueError):
            raise IntegrityFault(
                Text("a before-image does not open", "变更前镜像无法打开"),
                where=f"{entity} {golden_id}",
                remedy=Text("use the keyring that applied the plan", "请使用执行该计划时的密钥环"),
            ) from None
    return texts


def open_image(
    rollback_key: bytes, plan_id: str, entity: str, golden_id: str, sealed: bytes
) -> BeforeImage:
    """The image of one row.

    Raises:
        IntegrityFault: another key, another row's image, or changed since.
    """
    (text,) = open_images(rollback_key, plan_id, entity, [golden_id], [sealed])
    image = json.loads(text)
    return BeforeImage(image["before"], tuple(image["written"]), image["base"])


def _plan_key(rollback_key: bytes, plan_id: str) -> bytes:
    info = _CONTEXT + b"\0" + plan_id.encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(rollback_key)


def _place(plan_id: str, entity: str) -> bytes:
    return _CONTEXT + _framed(plan_id) + _framed(entity)


def _framed(part: str) -> bytes:
    data = part.encode()
    return len(data).to_bytes(4, "big") + data
