"""Times are int ns UTC inside foxtrot; callers may write them in three ways."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from foxtrot.errors import InvalidRequest

TimeLike = datetime | int | str
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ns(value: TimeLike, field: str) -> int:
    """Convert a datetime, an ISO 8601 text or an int of ns to ns UTC; a time without zone is UTC.

    Raises InvalidRequest, naming `field`, for anything else.
    """
    if type(value) is int:
        return value
    try:
        if isinstance(value, int):
            raise TypeError(value)  # a bool
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment_ns(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, AttributeError, TypeError):
        raise InvalidRequest(
            f"{field} must be a datetime, an ISO 8601 text such as 2026-01-31T12:00, or ns since 1970, not {value!r}.",
            field=field,
        ) from None


def moment_ns(moment: datetime | None) -> int:
    """Return a time with a zone, as wire structs read it, in ns UTC; 0 for none."""
    if moment is None:
        return 0
    since_epoch = moment - _EPOCH
    return (since_epoch.days * 86_400 + since_epoch.seconds) * NS_PER_S + since_epoch.microseconds * 1_000


def seconds_ns(seconds: Decimal) -> int:
    """Return seconds with decimals in ns, exactly."""
    return int(seconds * NS_PER_S)


def to_iso(time_ns: int) -> str:
    """Write ns UTC as ISO 8601 with milliseconds: 2026-01-31T12:00:00.000Z."""
    moment = datetime.fromtimestamp(time_ns // NS_PER_S, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns // NS_PER_MS % 1000:03d}Z"
