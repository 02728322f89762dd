"""Before-images: what rows were before a plan wrote them, sealed as a whole for the way back.

Rows that are updated or deleted go in *packets*: up to a thousand rows of an entity as one Arrow
table (IPC stream, zstd), `golden_id`, `written` (the columns that were written), `was:<column>`
(the stored text of each cell) and the base row that stood beside it (`commitments`, `raw_digest`,
`plan_id`; null where there was none). A row that a plan creates needs none: its ledger entry says
that nothing stood there before. Merges keep one image per row, as JSON (`merging/books.py`).

Both are sealed by AES-256-GCM with a random 96-bit nonce under a key of the plan's own,
HKDF-SHA256(rollback key, plan), and bound (as additional data) to plan, entity and the golden ids
they begin and end with, or the row: moved to another place they do not open. Stored form: nonce ‖
ciphertext ‖ tag.
"""

import io
import os
from collections.abc import Iterator, Sequence

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm_migrate.errors import IntegrityFault
from crm_migrate.language import Text

PACKET = {
    "first_id": pl.String(),
    "last_id": pl.String(),
    "held": pl.Int64(),
    "image": pl.Binary(),
}
"""A packet: the least and the greatest golden id in it, its number of rows, the sealed table."""

_CONTEXT = b"crm-migrate/before/1"
_NONCE = 12
_ROWS, _BYTES = 1_000, 1 << 20
"""Of one packet, before it is compressed; a larger row is a packet of its own."""


def seal_packets(
    rollback_key: bytes, plan_id: str, entity: str, rows: pl.DataFrame
) -> pl.DataFrame:
    """PACKETs of rows (`golden_id`, each once, and any columns)."""
    in_order = rows if rows["golden_id"].is_sorted() else rows.sort("golden_id")
    sealed = []
    for packet in _cut(in_order):
        stream = io.BytesIO()
        packet.write_ipc_stream(stream, compression="zstd", compat_level=pl.CompatLevel.oldest())
        first, last = packet["golden_id"][0], packet["golden_id"][-1]
        bound = [_bound(first, last)]
        (image,) = _sealed(rollback_key, plan_id, entity, bound, [stream.getvalue()])
        sealed.append((first, last, packet.height, image))
    return pl.DataFrame(sealed, schema=PACKET, orient="row")


def open_packets(
    rollback_key: bytes, plan_id: str, entity: str, packets: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """The rows of each of the packets (PACKET).

    Raises:
        IntegrityFault: another key, another place, or changed since.
    """
    for first, last, image in packets.select("first_id", "last_id", "image").iter_rows():
        bound = [_bound(first, last)]
        (stream,) = _opened(rollback_key, plan_id, entity, bound, [image])
        yield pl.read_ipc_stream(stream)


def _cut(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows in order, in portions of at most _ROWS rows and about _BYTES bytes."""
    total = pl.sum_horizontal(pl.col(pl.String).str.len_bytes().cast(pl.Int64)).cum_sum()
    for some in rows.iter_slices(_ROWS):
        size = some.select(total).to_series()
        if size[-1] <= _BYTES:
            yield some
            continue
        yield from some.with_columns((size // _BYTES).alias("_part")).partition_by(
            "_part", maintain_order=True, include_key=False
        )


def seal_images(
    rollback_key: bytes, plan_id: str, entity: str, rows: Sequence[str], texts: Sequence[str]
) -> pl.Series:
    """The sealed images (Binary) of rows, in order."""
    data = [text.encode() for text in texts]
    return pl.Series("image", _sealed(rollback_key, plan_id, entity, rows, data), dtype=pl.Binary)


def open_images(
    rollback_key: bytes, plan_id: str, entity: str, rows: Sequence[str], sealed: Sequence[bytes]
) -> list[str]:
    """The JSON of the images of rows, in order.

    Raises:
        IntegrityFault: another key, another row's image, or changed since.
    """
    return [data.decode() for data in _opened(rollback_key, plan_id, entity, rows, sealed)]


def _sealed(
    rollback_key: bytes, plan_id: str, entity: str, bound: Sequence[str], data: Sequence[bytes]
) -> list[bytes]:
    cipher, place = AESGCM(_plan_key(rollback_key, plan_id)), _place(plan_id, entity)
    sealed = []
    for name, content in zip(bound, data, strict=True):
        nonce = os.urandom(_NONCE)
        sealed.append(nonce + cipher.encrypt(nonce, content, place + _framed(name)))
    return sealed


def _opened(
    rollback_key: bytes, plan_id: str, entity: str, bound: Sequence[str], sealed: Sequence[bytes]
) -> list[bytes]:
    cipher, place = AESGCM(_plan_key(rollback_key, plan_id)), _place(plan_id, entity)
    opened = []
    for name, image in zip(bound, sealed, strict=True):
        try:
            opened.append(cipher.decrypt(image[:_NONCE], image[_NONCE:], place + _framed(name)))
        except (InvalidTag, ValueError):
            raise IntegrityFault(
                Text("a before-image does not open", "变更前镜像无法打开"),
                where=f"{entity} {name}",
                remedy=Text(
                    "use the keyring that applied the plan; if it is that one, this row of"
                    " crm_migrate_before was altered in the CRM: restore it from a backup",
                    "请使用执行该计划时的密钥环；若密钥环无误，则 CRM 中 crm_migrate_before 的该行"
                    "可能已被改动，请从备份恢复",
                ),
            ) from None
    return opened


def _bound(first: str, last: str) -> str:
    return f"{first} … {last}"


def _plan_key(rollback_key: bytes, plan_id: str) -> bytes:
    info = _CONTEXT + b"\0" + plan_id.encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(rollback_key)


def _place(plan_id: str, entity: str) -> bytes:
    return _CONTEXT + _framed(plan_id) + _framed(entity)


def _framed(part: str) -> bytes:
    data = part.encode()
    return len(data).to_bytes(4, "big") + data
