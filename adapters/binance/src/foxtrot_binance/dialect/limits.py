"""The venue's counters: fixed windows aligned to the clock, by address and by account.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#limits
"""

from __future__ import annotations

from typing import Any

from foxtrot_binance.dialect.errors import WireError
from foxtrot_binance.dialect.profile import Profile

_MINUTE_MS, _FIVE_MINUTES_MS, _TEN_SECONDS_MS, _DAY_MS = 60_000, 300_000, 10_000, 86_400_000
_FIRST_BAN_MS, _LONGEST_BAN_MS = 120_000, 3 * _DAY_MS
_ORDERS_PER_10S, _ORDERS_PER_DAY = 100, 200_000


class _Window:
    def __init__(self, length_ms: int) -> None:
        self.length_ms = length_ms
        self._counts: dict[str, tuple[int, int]] = {}

    def used(self, key: str, now_ms: int) -> int:
        window, count = self._counts.get(key, (-1, 0))
        return count if window == now_ms // self.length_ms else 0

    def add(self, key: str, amount: int, now_ms: int) -> int:
        count = self.used(key, now_ms) + amount
        self._counts[key] = (now_ms // self.length_ms, count)
        return count

    def left_ms(self, now_ms: int) -> int:
        return self.length_ms - now_ms % self.length_ms


class Limits:
    """Count weight and requests per address, orders per account; refuse with 429, then ban with 418."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._weight = _Window(_MINUTE_MS)
        self._raw = _Window(_FIVE_MINUTES_MS)
        self._orders = {"10S": _Window(_TEN_SECONDS_MS), "1D": _Window(_DAY_MS)}
        self._banned_until: dict[str, int] = {}
        self._offences: dict[str, int] = {}
        self._warned: dict[str, int] = {}
        self.refusals = 0

    def spend(self, remote: str, weight: int, now_ms: int) -> None:
        """Count a request. Raises WireError 418 while banned, 429 over a limit."""
        until = self._banned_until.get(remote, 0)
        if now_ms < until:
            self.refusals += 1
            raise self._banned(until, now_ms)
        used = self._weight.add(remote, weight, now_ms)
        raw = self._raw.add(remote, 1, now_ms)
        if used > self._profile.weight_limit:
            self._refuse(remote, self._weight, now_ms, self._profile.weight_limit, "request weight per 1 MINUTE")
        if raw > self._profile.raw_limit:
            self._refuse(remote, self._raw, now_ms, self._profile.raw_limit, "raw requests per 5 MINUTE")

    def refund(self, remote: str, weight: int, now_ms: int) -> None:
        """Give back the weight of a request that turned out to cost nothing."""
        self._weight.add(remote, -weight, now_ms)

    def count_orders(self, account: str, orders: int, now_ms: int) -> None:
        """Count orders of an account. Raises WireError -1015 over a limit."""
        for name, limit, words in (("10S", _ORDERS_PER_10S, "10 SECOND"), ("1D", _ORDERS_PER_DAY, "1 DAY")):
            if self._orders[name].used(account, now_ms) + orders > limit:
                self.refusals += 1
                raise WireError(
                    -1015,
                    f"Too many new orders; current limit is {limit} orders per {words}.",
                    status=429,
                    retry_after_ms=self._orders[name].left_ms(now_ms) if self._profile.order_retry_after else None,
                )
        for window in self._orders.values():
            window.add(account, orders, now_ms)

    def headers(self, remote: str, account: str, now_ms: int, *, orders: bool) -> dict[str, str]:
        """Return the counters as response headers."""
        used = str(self._weight.used(remote, now_ms))
        found = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if orders:
            for name, window in self._orders.items():
                found[f"X-MBX-ORDER-COUNT-{name}"] = str(window.used(account, now_ms))
        return found

    def stated(self) -> list[dict[str, Any]]:
        """Return the limits as exchangeInfo states them."""
        return [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, self._profile.weight_limit),
            _limit("ORDERS", "SECOND", 10, _ORDERS_PER_10S),
            _limit("ORDERS", "DAY", 1, _ORDERS_PER_DAY),
            _limit("RAW_REQUESTS", "MINUTE", 5, self._profile.raw_limit),
        ]

    def order_counts(self, account: str, now_ms: int) -> list[dict[str, Any]]:
        """Return the order limits with their counts."""
        second, day = self.stated()[1:3]
        return [
            second | {"count": self._orders["10S"].used(account, now_ms)},
            day | {"count": self._orders["1D"].used(account, now_ms)},
        ]

    def used(self, remote: str, account: str, now_ms: int, *, orders: bool) -> list[dict[str, Any]]:
        """Return the counters as a WS API reply states them."""
        weight = self.stated()[0] | {"count": self._weight.used(remote, now_ms)}
        return [*self.order_counts(account, now_ms), weight] if orders else [weight]

    def _refuse(self, remote: str, window: _Window, now_ms: int, limit: int, what: str) -> None:
        # The first request over the limit in a window is warned; who goes on is banned, each time for longer.
        self.refusals += 1
        number = now_ms // window.length_ms
        if self._warned.get(remote) != number:
            self._warned[remote] = number
        else:
            offences = self._offences[remote] = self._offences.get(remote, 0) + 1
            until = self._banned_until[remote] = now_ms + min(_FIRST_BAN_MS * 2 ** (offences - 1), _LONGEST_BAN_MS)
            raise self._banned(until, now_ms)
        raise WireError(
            -1003,
            f"Too much request weight used; current limit is {limit} {what}. Please use WebSocket Streams for live "
            "updates to avoid polling the API.",
            status=429,
            retry_after_ms=window.left_ms(now_ms),
        )

    @staticmethod
    def _banned(until: int, now_ms: int) -> WireError:
        return WireError(
            -1003,
            f"Way too much request weight used; IP banned until {until}. Please use WebSocket Streams for live updates "
            "to avoid bans.",
            status=418,
            retry_after_ms=until - now_ms,
        )


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
