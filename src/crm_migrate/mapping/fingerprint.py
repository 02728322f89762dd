"""A header's fingerprint: by it a mapping is recognised again, whatever the sheet is called."""

import hashlib
import unicodedata
from collections.abc import Iterable


def plain_label(label: str) -> str:
    """A column label without what people vary: width, case, blanks, marks of required columns.

    >>> plain_label("* 客户　名称：")
    '客户名称'
    """
    text = unicodedata.normalize("NFKC", label).casefold()
    return "".join(c for c in text if c.isalnum() or c in "/()%#")


def header_fingerprint(columns: Iterable[str]) -> str:
    """16 hex digits over the labels, whatever their order."""
    text = "\n".join(sorted(plain_label(c) for c in columns))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
