"""Private streams that tell changes: what an order is, of partial reports, and whether a frame is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)
_KEPT = 1_000  # that have ended: more may be told of them, as that the last trade was the last


class Completed(Generic[S]):
    """Complete each report of an order by what earlier ones have said of it.

    `whole` tells whether a report says enough to be the first of its order, `ended` whether nothing but an echo can
    follow. Of ended orders the newest thousand are kept.
    """

    def __init__(self, whole: Callable[[S], bool], ended: Callable[[S], bool]) -> None:
        self._is_whole = whole
        self._has_ended = ended
        self._living: dict[str, S] = {}
        self._ended: dict[str, S] = {}

    def take(self, order_id: str, told: S) -> S:
        """Return a report with what it leaves out (None or "") as it was told before. Raises KeyError for a change of
        an order of which nothing is known."""
        known = self._living.get(order_id) or self._ended.get(order_id)
        if known is None and not self._is_whole(told):
            raise KeyError(f"a change of the order {order_id}, of which nothing is known")
        report = told if known is None else _merged(known, told)
        if self._has_ended(report):
            self._living.pop(order_id, None)
            self._ended[order_id] = report
            while len(self._ended) > _KEPT:
                del self._ended[next(iter(self._ended))]
        else:
            self._living[order_id] = report
        return report


class Sequences:
    """Count the frames of channels, each by itself."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def gap(self, channel: str, number: int) -> str:
        """Return what is missing before the frame of that number, "" for nothing; 0 is a frame without a number."""
        last = self._last.get(channel, 0)
        self._last[channel] = number
        return "" if number in (0, last + 1) else f"{channel} went from {last} to {number}"


def _merged(known: S, told: S) -> S:
    named = {name: value for name in told.__struct_fields__ if (value := getattr(told, name)) not in (None, "")}
    return msgspec.structs.replace(known, **named)
