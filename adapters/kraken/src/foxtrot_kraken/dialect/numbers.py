"""Numbers and times of WebSocket messages: bare JSON numbers whose trailing zeros matter, and RFC 3339.

Source: https://docs.kraken.com/api/docs/guides/spot-ws-book-v2
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from foxtrot.model.times import NS_PER_S
from foxtrot_kraken.dialect.words import fixed

_CHECKED = 10
Levels = list[tuple[Decimal, Decimal]]


def number(value: Decimal, decimals: int) -> msgspec.Raw:
    """Return a JSON number with at least so many decimals."""
    return msgspec.Raw(fixed(value, decimals).encode())


def rounded(value: Decimal, decimals: int) -> msgspec.Raw:
    """Return a JSON number with so many decimals."""
    return msgspec.Raw(f"{value:.{decimals}f}".encode())


def stamp(time_ns: int, digits: int = 6) -> str:
    """Return a time as 2024-05-19T16:27:13.694962Z."""
    seconds, rest = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{f'{rest:09d}'[:digits]}Z"


def checksum(bids: Levels, asks: Levels, price_decimals: int, quantity_decimals: int) -> int:
    """Return the CRC-32 of the best ten levels: asks first, digits only, without leading zeros."""
    levels = [*asks[:_CHECKED], *bids[:_CHECKED]]
    text = "".join(_digits(p, price_decimals) + _digits(q, quantity_decimals) for p, q in levels)
    return zlib.crc32(text.encode())


def _digits(value: Decimal, decimals: int) -> str:
    return fixed(value, decimals).replace(".", "").lstrip("0")
