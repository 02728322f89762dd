"""A stage table's file: Parquet, encrypted so that only a key of the run opens it.

Parquet Modular Encryption, uniform. The file key is HKDF(run key, place), place being run ‖ stage ‖
name ‖ attempt, and the same place is the AAD prefix that is not stored, so a file moved to another
place, run or attempt does not open. The digest of the ciphertext is checked first, because a reader
that is handed a plaintext file in its place would accept it.
"""

import hashlib
import os
from pathlib import Path

import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from crm_migrate.trust.private_files import create_private
from crm_migrate.workspace.faults import changed

_ENCRYPTED_MAGIC = b"PARE"  # a plaintext Parquet file begins with PAR1


def write_encrypted(path: Path, frame: pl.DataFrame, key: bytes, place: bytes) -> str:
    """Write a table durably to a new file, encrypted for its place under the run key.

    Returns the SHA-256 (hex) of the ciphertext.

    Raises:
        OSError, PolarsError: the file cannot be written.
    """
    # The file exists with mode 0600 before Polars opens it by name.
    os.close(create_private(path))
    frame.write_parquet(
        path,
        compression="zstd",
        compression_level=1,
        statistics=False,  # whole tables are read, or rows by ids that stand anywhere
        encryption=pl.ParquetEncryptionProperties(
            footer_key=file_key(key, place), aad_prefix=place, store_aad_prefix=False
        ),
    )
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return digest


def verified(path: Path, sha256: str, key: bytes, place: bytes) -> pl.ParquetDecryptionProperties:
    """What opens the file of the run with that key, once it is found to be as written.

    Raises:
        IntegrityFault: the file is gone, or was changed, swapped or replaced.
    """
    return opened(path, sha256, file_key(key, place), place)


def opened(path: Path, sha256: str, key: bytes, place: bytes) -> pl.ParquetDecryptionProperties:
    """What opens a file by its own key, once its ciphertext has the digest it was written with.

    Raises:
        IntegrityFault: the file is gone, or was changed, swapped or replaced.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise changed(path) from None
    if digest != sha256 or magic != _ENCRYPTED_MAGIC:
        raise changed(path)
    return pl.ParquetDecryptionProperties(footer_key=key, aad_prefix=place)


def file_key(key: bytes, place: bytes) -> bytes:
    """The 32-byte key of the file in that place, derived from the run key (RFC 5869)."""
    info = b"crm-migrate/1 stage table " + place
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(key)


def wrap(key: bytes, place: bytes, held: bytes) -> bytes:
    """The key of another run's file, wrapped under the run key for that place (RFC 3394)."""
    return aes_key_wrap(_wrapping_key(key, place), held)


def unwrap(key: bytes, place: bytes, wrapped: bytes) -> bytes:
    """The file key that was wrapped so.

    Raises:
        InvalidUnwrap: it was wrapped under another key or for another place.
    """
    return aes_key_unwrap(_wrapping_key(key, place), wrapped)


def _wrapping_key(key: bytes, place: bytes) -> bytes:
    info = b"crm-migrate/1 key of a base table " + place
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(key)
