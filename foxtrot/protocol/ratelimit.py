"""The venue's budget, kept here: windows aligned to the clock, corrected by what the venue counts itself."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from foxtrot.protocol.calls import Call, Lane

# The part of the headroom that each lane must leave to more urgent ones.
_LEAVES = {Lane.CANCEL: 0.0, Lane.PLACE: 0.3, Lane.RECONCILE: 0.6, Lane.HISTORY: 1.0}


class LimitKind(enum.Enum):
    """Name what a limit counts."""

    WEIGHT = "weight"
    REQUESTS = "requests"
    ORDERS = "orders"


class RateLimit(msgspec.Struct, frozen=True):
    """State one limit: so many of a kind in each window of `interval_s` seconds, aligned to the clock."""

    kind: LimitKind
    interval_s: int
    limit: int


class Usage(msgspec.Struct, frozen=True):
    """State what the venue says has been used of a limit in the running window."""

    kind: LimitKind
    interval_s: int
    used: int


class Limiter:
    """Tell how long a call must wait. Times are venue seconds (float), always given; it never reads a clock."""

    def __init__(self, headroom: float) -> None:
        self._headroom = headroom
        self._limits: dict[tuple[LimitKind, int], int] = {}
        self._used: dict[tuple[LimitKind, int], tuple[int, int]] = {}  # window number, count
        self._paused_until = 0.0

    def configure(self, limits: Iterable[RateLimit]) -> None:
        """Take the venue's stated limits; counts go on."""
        self._limits = {(limit.kind, limit.interval_s): limit.limit for limit in limits}

    def delay(self, call: Call[object], now_s: float) -> float:
        """Return the seconds until the call may go, 0 when it may go now."""
        wait = max(0.0, self._paused_until - now_s)
        share = 1.0 - self._headroom * _LEAVES[call.lane]
        for (kind, interval), limit in self._limits.items():
            cost = _cost(call, kind)
            # A lane's share never shuts out a single call that the venue itself would take in an empty window.
            if cost and self.used(kind, interval, now_s) + cost > max(limit * share, cost):
                wait = max(wait, interval - now_s % interval)
        return wait

    def take(self, call: Call[object], now_s: float) -> None:
        """Count a call that goes now."""
        for kind, interval in self._limits:
            self._count(kind, interval, self.used(kind, interval, now_s) + _cost(call, kind), now_s)

    def observe(self, usages: Iterable[Usage], now_s: float) -> None:
        """Take the venue's own counts where they are higher: others share the budget, and weights may be off."""
        for usage in usages:
            if usage.used > self.used(usage.kind, usage.interval_s, now_s):
                self._count(usage.kind, usage.interval_s, usage.used, now_s)

    def pause(self, seconds: float, now_s: float) -> None:
        """Let nothing go for so long (Retry-After, ban)."""
        self._paused_until = max(self._paused_until, now_s + seconds)

    def used(self, kind: LimitKind, interval_s: int, now_s: float) -> int:
        """Return what has been used in the running window."""
        window, count = self._used.get((kind, interval_s), (-1, 0))
        return count if window == int(now_s // interval_s) else 0

    def _count(self, kind: LimitKind, interval_s: int, count: int, now_s: float) -> None:
        self._used[kind, interval_s] = (int(now_s // interval_s), count)


def _cost(call: Call[object], kind: LimitKind) -> int:
    return {LimitKind.WEIGHT: call.weight, LimitKind.REQUESTS: 1, LimitKind.ORDERS: call.orders}[kind]
