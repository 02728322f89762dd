"""Before-images: what a row was before a plan wrote it, sealed as a whole for the way back.

An image is JSON, `{"before": {column: stored text or null}, "written": [column, …]}`, or
`{"absent": true}` for a row that was inserted. It is sealed by AES-256-GCM with a random 96-bit
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
from crm_migrate.plan.change import UNTOUCHED

_CONTEXT = b"crm-migrate/before/1"
_NONCE = 12
ABSENT = json.dumps({"absent": True})


@dataclass(frozen=True, slots=True)
class BeforeImage:
    """An opened image; `before` is None where the row did not exist."""

    before: dict[str, str | None] | None
    written: tuple[str, ...] = ()


def images(before: pl.DataFrame, after: pl.DataFrame) -> pl.Series:
    """The JSON of updated rows: `before` holds stored cells, `after` what is written.

    Both frames have the same columns and rows; what is UNTOUCHED in `after` was not written.
    """
    columns = after.columns
    rows = pl.DataFrame(
        {
            "before": before.select(pl.struct(columns)).to_series(),
            "written": after.select(
                pl.concat_list(
                    pl.when(pl.col(c).ne_missing(UNTOUCHED)).then(pl.lit(c)) for c in columns
                ).list.drop_nulls()
            ).to_series(),
        }
    )
    return rows.select(pl.struct("before", "written").struct.json_encode()).to_series()


def seal_images(
    rollback_key: bytes, plan_id: str, entity: str, golden_ids: Sequence[str], texts: Sequence[str]
) -> pl.Series:
    """The sealed images (Binary) of rows, in order."""
    cipher = AESGCM(_plan_key(rollback_key, plan_id))
    sealed = []
    for golden_id, text in zip(golden_ids, texts, strict=True):
        nonce = os.urandom(_NONCE)
        bound = _bound(plan_id, entity, golden_id)
        sealed.append(nonce + cipher.encrypt(nonce, text.encode(), bound))
    return pl.Series("image", sealed, dtype=pl.Binary)


def open_image(
    rollback_key: bytes, plan_id: str, entity: str, golden_id: str, sealed: bytes
) -> BeforeImage:
    """The image of one row.

    Raises:
        IntegrityFault: another key, another row's image, or changed since.
    """
    cipher = AESGCM(_plan_key(rollback_key, plan_id))
    try:
        text = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(plan_id, entity, golden_id))
    except (InvalidTag, ValueError):
        raise IntegrityFault(
            Text("a before-image does not open", "变更前镜像无法打开"),
            where=f"{entity} {golden_id}",
            remedy=Text("use the keyring that applied the plan", "请使用执行该计划时的密钥环"),
        ) from None
    image = json.loads(text)
    if image.get("absent"):
        return BeforeImage(before=None)
    return BeforeImage(before=image["before"], written=tuple(image["written"]))


def _plan_key(rollback_key: bytes, plan_id: str) -> bytes:
    info = _CONTEXT + b"\0" + plan_id.encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(rollback_key)


def _bound(*parts: str) -> bytes:
    data = [p.encode() for p in parts]
    return _CONTEXT + b"".join(len(d).to_bytes(4, "big") + d for d in data)
