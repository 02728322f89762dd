"""Keyed digests stand in reports and models where a value would be personal data."""

import hmac


def value_digest(key: bytes, feature: str, value: str) -> str:
    """HMAC-SHA256 over feature and value, cut to 64 bits, as 16 hex characters."""
    return hmac.new(key, f"{feature}\x1f{value}".encode(), "sha256").hexdigest()[:16]
