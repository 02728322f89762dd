"""Blind index: a keyed value by which a sealed field can be found, and nothing else be told.

HMAC-SHA256 under a key of its own per entity, field and version, cut to 64 bits. Two of 1 M
values collide with a probability of 3e-8; equality must still be checked on the opened value.
Not for fields with few distinct values: their frequencies would show through.
"""

import polars as pl

from crm_migrate.trust.keyed_digest import digests

INDEX_CHARACTERS = 16


def blind_index(values: pl.Series, key: bytes) -> pl.Series:
    """16 hex characters for each normalised value; null stays null.

    `key` is `Keyring.index_key(entity, field, version)`; the HMAC takes it as hex text.
    """
    return digests(key.hex(), values).str.head(INDEX_CHARACTERS).alias(values.name)
