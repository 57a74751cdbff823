"""How many rows the buffers of a `DataManager` hold, and how many candles may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foxtrot.data.buffers import DEPTH, BufferKind
from foxtrot.errors import InvalidRequest

LIMITS = {
    BufferKind.KLINES_1M: 60,
    BufferKind.KLINES_1H: 72,
    BufferKind.KLINES_1D: 60,
    BufferKind.ORDER_BOOK: 1_000,
    BufferKind.TICKER: 1_000,
}
_UPDATE = 2 * DEPTH  # rows of one whole book update


def row_limits(limits: Mapping[BufferKind | str, int] | None) -> dict[BufferKind, int]:
    """Return all limits, the usual ones where none is given. Raises InvalidRequest for what is no limit."""
    if not isinstance(limits, Mapping | None):
        raise InvalidRequest(
            f"limits must be a table such as {{'1m': 1440}}, not {limits!r}.",
            field="limits",
        )
    return LIMITS | {BufferKind.of(kind): _limit(BufferKind.of(kind), limit) for kind, limit in (limits or {}).items()}


def candle_count(kind: BufferKind, wanted: int | None, limit: int) -> int:
    """Return how many candles to fetch: those wanted, else the usual number as far as the buffer holds it.

    Raises InvalidRequest for what is no number, and for more than the buffer holds.
    """
    if wanted is None:
        return min(LIMITS[kind], limit)
    if not _whole(wanted):
        raise InvalidRequest(f"{kind.value}: it must be a whole number of candles, not {wanted!r}.", field="count")
    if wanted < 1:
        raise InvalidRequest(f"{kind.value}: at least 1 candle, not {wanted!r}.", field="count")
    if wanted > limit:
        raise InvalidRequest(
            f"The buffer of {kind.value} holds {limit} rows, not {wanted}; make it larger: "
            f"DataManager(..., limits={{{kind.value!r}: {wanted}}}).",
            field="count",
        )
    return wanted


def _limit(kind: BufferKind, limit: int) -> int:
    if not _whole(limit):
        raise InvalidRequest(f"limits: {kind.value} must be a whole number of rows, not {limit!r}.", field="limits")
    if limit < 1:
        raise InvalidRequest(f"limits: {kind.value} must be at least 1 row, not {limit!r}.", field="limits")
    if kind is BufferKind.ORDER_BOOK and limit < _UPDATE:
        raise InvalidRequest(
            f"limits: {kind.value} must be at least {_UPDATE} rows, one whole update, not {limit!r}.", field="limits"
        )
    return limit


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
