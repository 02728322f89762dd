"""The parts of a plan file: their names, keys and bytes.

Each part but the header is Parquet Modular Encryption, uniform, under HKDF(plan key, plan id ‖
part name), with the same text as AAD prefix that is not stored: a part opens under its own name
and in its own plan only. Nothing is ever written in clear, not even for a moment.
"""

import hmac
import io
import zipfile
from typing import IO

import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUFFIX = ".crmplan"
HEADER = "header.json"
OPERATIONS, LINEAGE, MOVES = "operations/", "lineage/", "moves"
MAC_LENGTH = 64
"""Hex characters of the file's MAC."""

_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED_MAGIC = b"PARE"  # a plaintext Parquet file begins with PAR1


def slice_name(entity: str, number: int) -> str:
    """The part that holds slice `number` of an entity's operations."""
    return f"{OPERATIONS}{entity}/{number:04}"


def entity_of(name: str) -> str:
    """The entity that a part is about; empty where it is about none."""
    return name.split("/")[1] if "/" in name else ""


def encrypt(frame: pl.DataFrame, plan_key: bytes, plan_id: str, name: str) -> bytes:
    """The part's bytes."""
    place = _place(plan_id, name)
    buffer = io.BytesIO()
    frame.write_parquet(
        buffer,
        compression="zstd",
        compression_level=1,
        encryption=pl.ParquetEncryptionProperties(
            footer_key=_part_key(plan_key, place), aad_prefix=place, store_aad_prefix=False
        ),
    )
    return buffer.getvalue()


def decrypt(cipher: bytes, plan_key: bytes, plan_id: str, name: str) -> pl.LazyFrame:
    """The part's table, to be queried.

    Raises:
        ValueError: it is not encrypted, or not under this key, plan and name.
    """
    place = _place(plan_id, name)
    if not cipher.startswith(_ENCRYPTED_MAGIC):
        raise ValueError("not encrypted")
    try:
        frame = pl.scan_parquet(
            io.BytesIO(cipher),
            decryption=pl.ParquetDecryptionProperties(
                footer_key=_part_key(plan_key, place), aad_prefix=place
            ),
        )
        frame.collect_schema()  # a wrong key shows here
        return frame
    except pl.exceptions.PolarsError:
        raise ValueError("another key") from None


def file_mac(file: IO[bytes], size: int, plan_key: bytes) -> str:
    """HMAC-SHA256 (hex) of the first `size` bytes; leaves the file right behind them."""
    info = b"crm-migrate/1 plan file"
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(plan_key)
    mac = hmac.new(key, digestmod="sha256")
    file.seek(0)
    while size > 0 and (chunk := file.read(min(_CHUNK, size))):
        mac.update(chunk)
        size -= len(chunk)
    return mac.hexdigest()


def _place(plan_id: str, name: str) -> bytes:
    return f"{len(plan_id.encode())}:{plan_id},{name}".encode()


def _part_key(plan_key: bytes, place: bytes) -> bytes:
    info = b"crm-migrate/1 plan part " + place
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(plan_key)


def entry(name: str) -> zipfile.ZipInfo:
    """The archive's entry for a part; the same at any time, so that equal plans are equal files."""
    made = zipfile.ZipInfo(name, _EPOCH)
    made.external_attr = 0o600 << 16
    return made
