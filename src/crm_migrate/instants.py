"""Points in time as text: RFC 3339 in UTC, so that text sorts as time does."""

from datetime import UTC, datetime


def rfc3339(time: datetime) -> str:
    """UTC to the second.

    >>> rfc3339(datetime(2025, 1, 31, 8, tzinfo=UTC))
    '2025-01-31T08:00:00Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_the_millisecond(time: datetime) -> str:
    """UTC to the millisecond, which tells what a person says after what they took back.

    >>> to_the_millisecond(datetime(2025, 1, 31, 8, tzinfo=UTC))
    '2025-01-31T08:00:00.000Z'
    """
    return f"{time.astimezone(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
