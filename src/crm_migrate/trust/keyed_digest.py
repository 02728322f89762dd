"""Keyed digests of texts, a whole column at a time: HMAC-SHA256 in Rust (polars-hash).

The key of the HMAC is the lower-case hex text of a 32-byte key, because the bulk function takes
text. A key serves one purpose: `purpose_key` derives it from a project key and the purpose's
parts, so that no digest of one purpose says anything about another.

Messages of several parts are *framed*: every part with its length in bytes in front, `~` where it
is null. The parts can be read back from the message, so no two lists of parts share one.
"""

import hashlib
import hmac

import polars as pl
import polars_hash as plh

NULL = "~"


def purpose_key(key: bytes, *purpose: str) -> str:
    """The key text for a purpose: hex of HMAC-SHA256(key, framed purpose)."""
    return hmac.new(key, framed_text(*purpose).encode(), hashlib.sha256).hexdigest()


def digest_text(key: str, message: str) -> str:
    """HMAC-SHA256 of one message as 64 hex characters."""
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def digests(key: str, messages: pl.Series) -> pl.Series:
    """`digest_text` of every message; null stays null."""
    return messages.alias("m").to_frame().select(digest_expr(key, "m")).to_series()


def digest_expr(key: str, column: str) -> pl.Expr:
    """`digest_text` of a String column; expressions of several columns run side by side."""
    return plh.col(column).chash.hmac_sha256(key=key)


def framed_text(*parts: str | None) -> str:
    """The parts as one message.

    >>> framed_text("客户", None, "")
    '6:客户~0:'
    """
    return "".join(NULL if p is None else f"{len(p.encode())}:{p}" for p in parts)


def framed(column: str) -> pl.Expr:
    """One framed part of a message; `pl.concat_str` puts parts together."""
    return pl.format("{}:{}", pl.col(column).str.len_bytes(), pl.col(column)).fill_null(NULL)


def framed_lit(*parts: str | None) -> pl.Expr:
    """Framed parts that are the same in every row."""
    return pl.lit(framed_text(*parts))
