"""The venue's counters: calls of a key, actions on a pair's orders, messages of a connection.

Source: https://docs.kraken.com/api/docs/guides/spot-ratelimits
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from foxtrot.model.times import NS_PER_S
from foxtrot_kraken.dialect.errors import WireError
from foxtrot_kraken.dialect.profile import DialectOptions

# What an action counts by the age of its order in seconds: the first row whose age it is below.
_ROLLING_NS = 600 * NS_PER_S
Penalties = tuple[tuple[float, int], ...]
AMEND: Penalties = ((5, 3), (10, 2), (15, 1))
EDIT: Penalties = ((5, 6), (10, 5), (15, 4), (45, 2), (90, 1))
CANCEL: Penalties = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))


def penalty(table: Penalties, age_ns: int) -> int:
    """Return what the age of an order adds to the counter."""
    return next((more for below, more in table if age_ns < below * NS_PER_S), 0)


class _Counter(msgspec.Struct):
    level: float = 0.0
    at_ns: int = 0

    def now(self, now_ns: int, decay: float) -> float:
        self.level = max(0.0, self.level - (now_ns - self.at_ns) / NS_PER_S * decay)
        self.at_ns = now_ns
        return self.level

    def spend(self, cost: float, most: float, now_ns: int, decay: float) -> bool:
        """Count, unless that goes beyond the most; what is refused does not count."""
        if self.now(now_ns, decay) + cost > most:
            return False
        self.level += cost
        return True


class Limits:
    """Count for every key, account and pair, and address and pair, by a clock that nobody sets."""

    def __init__(self, options: DialectOptions, steady: Callable[[], int]) -> None:
        self._steady = steady
        self._options = options
        self._tier = options.limits
        self._calls: dict[str, _Counter] = {}
        self._trading: dict[tuple[str, str], _Counter] = {}
        self._public: dict[tuple[str, str], _Counter] = {}
        self._attempts: dict[str, deque[int]] = {}
        self.refusals = 0

    @property
    def most_trading(self) -> int:
        """Return the threshold of the trading counter."""
        return self._tier.trading

    def call(self, key: str, cost: float) -> None:
        """Count a private call. Raises WireError."""
        counter = self._calls.setdefault(key, _Counter())
        if cost and not counter.spend(cost, self._tier.calls, self._steady(), self._tier.calls_decay):
            raise self._refusal("EAPI:Rate limit exceeded")

    def public(self, remote: str, about: str) -> None:
        """Count a public call about a pair, or else of an operation. Raises WireError."""
        rate, most = self._options.public_per_second, self._options.public_at_once
        counter = self._public.setdefault((remote, about), _Counter())
        if rate and not counter.spend(1, most, self._steady(), rate):
            raise self._refusal(self._options.public_text)

    def connect(self, remote: str) -> bool:
        """Count an attempt to connect, and tell whether it may succeed."""
        most, now = self._options.connections, self._steady()
        attempts = self._attempts.setdefault(remote, deque())
        attempts.append(now)
        while attempts[0] <= now - _ROLLING_NS:
            attempts.popleft()
        refused = bool(most) and len(attempts) > most
        self.refusals += refused
        return not refused

    def trade(self, account: str, symbol: str, cost: float) -> None:
        """Count an action on a pair. Raises WireError."""
        counter = self._trading.setdefault((account, symbol), _Counter())
        if not counter.spend(cost, self._tier.trading, self._steady(), self._tier.trading_decay):
            raise self._refusal("EOrder:Rate limit exceeded")

    def cancel(self, account: str, symbol: str, age_ns: int) -> None:
        """Count a cancel, which is refused beyond the rate only where the options have it so. Raises WireError."""
        cost = penalty(CANCEL, age_ns)
        if self._options.cancels_limited:
            self.trade(account, symbol, cost)
            return
        counter = self._trading.setdefault((account, symbol), _Counter())
        counter.level = counter.now(self._steady(), self._tier.trading_decay) + cost

    def trading(self, account: str, symbol: str) -> float:
        """Return where the trading counter of a pair stands."""
        return self._trading.setdefault((account, symbol), _Counter()).now(self._steady(), self._tier.trading_decay)

    def _refusal(self, text: str) -> WireError:
        self.refusals += 1
        return WireError(text)
