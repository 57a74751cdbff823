"""What requests cost, and how the venue's counters fall.

Source: https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits and spot-ratelimits. How fast they fall in each
tier is from memory of those pages, not re-read.
"""

from __future__ import annotations

from foxtrot.protocol.budget import LimitKind, RateLimit

# tier: (calls, their decay a second, trading, its decay a second)
_TIERS = {"starter": (15, 0.33, 60, 1.0), "intermediate": (20, 0.5, 125, 2.34), "pro": (20, 1.0, 180, 3.75)}
# Public requests: about one a second for each pair; how many at once is not stated.
_PUBLIC = RateLimit(LimitKind.WEIGHT, 0, 5, decay_per_s=1.0, per_market=True)
_LEDGERS = frozenset({"ClosedOrders", "TradesHistory"})  # these cost two
_FREE = frozenset({"AddOrder", "AmendOrder", "CancelOrder", "CancelOrderBatch"})  # these count in the trading counter
# (age of the order in seconds, points)
_AMEND = ((5.0, 3), (10.0, 2), (15.0, 1))
_CANCEL = ((5.0, 8), (10.0, 6), (15.0, 5), (45.0, 4), (90.0, 2), (300.0, 1))
ADD = 1.0
_MARGIN_S = 2.0  # the venue counts an order's age from when it took it, and on its own clock


def limits_of(tier: str) -> list[RateLimit]:
    """Return the counters of an account's tier."""
    calls, calls_decay, trading, trading_decay = _TIERS[tier]
    return [
        _PUBLIC,
        RateLimit(LimitKind.CALLS, 0, calls, decay_per_s=calls_decay),
        RateLimit(LimitKind.TRADING, 0, trading, decay_per_s=trading_decay),
    ]


def calls_of(operation: str) -> float:
    """Return what a private request adds to the counter of calls."""
    return 0.0 if operation in _FREE else 2.0 if operation in _LEDGERS else 1.0


def amend_cost(age_s: float) -> float:
    """Return what the amend of an order of that age adds to the trading counter."""
    return 1.0 + _penalty(_AMEND, age_s)


def cancel_cost(age_s: float) -> float:
    """Return what the cancel of an order of that age adds to the trading counter."""
    return _penalty(_CANCEL, age_s)


def _penalty(table: tuple[tuple[float, int], ...], age_s: float) -> float:
    return next((float(points) for below, points in table if age_s - _MARGIN_S < below), 0.0)
