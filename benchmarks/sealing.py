"""Sealing to text with bound AAD against bare AES-256-GCM calls on the same values."""

import os
import tempfile
from pathlib import Path

import polars as pl
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.timing import best_of, line
from crm_migrate.protection.sealing import seal_column
from crm_migrate.trust.keyring import create_project_keyring
from crm_migrate.trust.wrapping import Unprotected

VALUES = 200_000


def run() -> list[dict[str, str]]:
    """Values of 18 characters; the peer makes no text and binds nothing."""
    values = pl.Series([f"{n:018d}" for n in range(VALUES)])
    golden = pl.Series([f"g{n:032x}" for n in range(VALUES)])
    plain = [v.encode() for v in values]
    cipher = AESGCM(os.urandom(32))
    nonce = os.urandom(12)
    with tempfile.TemporaryDirectory() as folder:
        keys = create_project_keyring(Path(folder) / "keyring", Unprotected())

        def ours() -> None:
            seal_column(values, golden, "contact", "id_number", keys)

        def peer() -> None:
            for value in plain:
                cipher.encrypt(nonce, value, None)

        seconds = best_of(3, ours, peer)
    return [
        line("sealing to bound text / bare AES-256-GCM per message", *seconds, VALUES, "values")
    ]
