"""What one metered scope, an address or an account, has used: windows aligned to the venue's clock, and counters that
decay."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from operator import attrgetter

import msgspec

from foxtrot.protocol.calls import Call, Lane

_SLACK = 1.0  # of a counter: calls arrive in another order, and a little later, than they left


class LimitKind(enum.Enum):
    """Name what a limit counts."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

    WEIGHT = "weight"
    REQUESTS = "requests"
    ORDERS = "orders"
    CALLS = "calls"
    TRADING = "trading"  # one counter for each market


class RateLimit(msgspec.Struct, frozen=True):
    """State one limit: so many of a kind in each window of `interval_s` seconds, aligned to the clock.

    With `decay_per_s` it is a counter without windows (`interval_s` 0) that falls by so much a second and must not rise
    above the limit; with `per_market` there is one for each `Call.market`, as for TRADING always.
    """

    kind: LimitKind
    interval_s: int
    limit: float
    decay_per_s: float = 0.0
    per_market: bool = False


class Usage(msgspec.Struct, frozen=True):
    """State what the venue says has been used of a limit in the running window."""

    kind: LimitKind
    interval_s: int
    used: int


class _Window:
    """One limit, and what was counted in the window of that number."""

    __slots__ = ("cost", "count", "interval_s", "limit", "number")

    def __init__(self, kind: LimitKind, interval_s: int) -> None:
        self.cost = _COSTS[kind]
        self.interval_s = interval_s
        self.limit = 0.0
        self.number = -1.0
        self.count = 0.0


class Ticket:
    """The place of one call in the queue, and later its place among the calls under way; `drawn` are its budgets."""

    __slots__ = ("call", "drawn", "place", "taken_s")

    def __init__(self, call: Call[object], place: tuple[int, int], drawn: tuple[Budget, ...]) -> None:
        self.call = call
        self.place = place
        self.drawn = drawn
        self.taken_s: float | None = None


class Budget:
    """Count what one metered scope has used. All who draw on the scope share the object.

    A call under way counts in the window in which it left and in every later one until it is answered: nobody knows
    in which of them the venue will count it.
    """

    def __init__(self) -> None:
        self.offset_s = 0.0  # the venue's time less ours: windows go by its clock, pauses by ours
        self.paused_until = 0.0
        self.banned = False  # by the pause that is in force
        self._limits: list[_Window] = []
        self._counters: dict[LimitKind, RateLimit] = {}
        self._windows: dict[tuple[LimitKind, int], _Window] = {}
        self._levels: dict[tuple[LimitKind, str], tuple[float, float]] = {}  # of counters: level, as of when
        self._tickets: dict[Ticket, None] = {}

    def configure(self, limits: Iterable[RateLimit]) -> None:
        """Take the limits in force; counts go on."""
        stated = list(limits)
        self._counters = {one.kind: one for one in stated if one.decay_per_s}
        windowed = {(one.kind, one.interval_s): one.limit for one in stated if not one.decay_per_s}
        self._limits = [self._window(*scope) for scope in windowed]
        for window, limit in zip(self._limits, windowed.values(), strict=True):
            window.limit = limit

    def enter(self, ticket: Ticket) -> None:
        """Queue up."""
        self._tickets[ticket] = None

    def leave(self, ticket: Ticket, now_s: float, *, answered: bool) -> None:
        """Give up one's place, or report that the answer came: only now is it sure that the venue has counted.

        What was not answered may be counted even later: it is charged twice more, the second time for what the counter
        falls until then.
        """
        self._tickets.pop(ticket, None)
        if ticket.taken_s is not None and self._counters:
            for counter in self._counters.values():
                cost = _cost(ticket.call, counter.kind)
                decayed = (now_s - ticket.taken_s) * counter.decay_per_s
                self._raise(counter, ticket.call, min(cost, decayed) if answered else 2 * cost, now_s)

    def wait(self, call: Call[object], ticket: Ticket | None, share: float, now_s: float) -> float:
        """Return the seconds until the call may go after all that stand before it."""
        alone = len(self._tickets) == 1 and ticket in self._tickets
        if alone and self.paused_until <= now_s and not self._counters and self._fits(call, share, now_s):
            return 0.0
        wait = max(0.0, self.paused_until - now_s)
        first = [t for t in self._tickets if _goes_before(t, ticket)]
        for counter in self._counters.values():
            wait = max(wait, self._counter_wait(counter, call, first, share, now_s))
        venue_s = now_s + self.offset_s
        for window in self._limits:
            cost = window.cost(call)
            if cost:
                needed = self._in_window(window, venue_s) + sum([window.cost(t.call) for t in first]) + cost
                # A lane's share never shuts out a single call that the venue itself would take in an empty window.
                if needed > window.limit * share and needed > cost:
                    wait = max(wait, window.interval_s - venue_s % window.interval_s)
        return wait

    def take(self, call: Call[object], now_s: float) -> None:
        """Count a call that goes now."""
        venue_s = now_s + self.offset_s
        for window in self._limits:
            cost = window.cost(call)
            if cost:
                number = venue_s // window.interval_s
                window.count = cost + (window.count if window.number == number else 0.0)
                window.number = number
        if self._counters:
            for counter in self._counters.values():
                self._raise(counter, call, _cost(call, counter.kind), now_s)

    def level(self, kind: LimitKind, market: str, now_s: float) -> float:
        """Return how high a counter stands."""
        counter = self._counters.get(kind)
        level, at_s = self._levels.get((kind, market), (0.0, now_s))
        return level if counter is None else max(0.0, level - (now_s - at_s) * counter.decay_per_s)

    def observe(self, usage: Usage, now_s: float) -> None:
        """Take the venue's own count where it is higher: others share the budget, and weights may be off."""
        window, venue_s = self._window(usage.kind, usage.interval_s), now_s + self.offset_s
        number = venue_s // window.interval_s
        if window.number != number or usage.used > window.count:
            window.number, window.count = number, usage.used

    def pause(self, seconds: float, now_s: float, *, banned: bool = False) -> None:
        """Let nothing go for so long; a shorter pause never shortens a longer one."""
        if now_s + seconds > self.paused_until:
            self.paused_until, self.banned = now_s + seconds, banned

    def used(self, kind: LimitKind, interval_s: int, now_s: float) -> float:
        """Return what has been used in the running window, calls under way from earlier ones included."""
        return self._in_window(self._window(kind, interval_s), now_s + self.offset_s)

    def _window(self, kind: LimitKind, interval_s: int) -> _Window:
        window = self._windows.get((kind, interval_s))
        if window is None:
            window = self._windows[kind, interval_s] = _Window(kind, interval_s)
        return window

    def _in_window(self, window: _Window, venue_s: float) -> float:
        number = venue_s // window.interval_s
        count = window.count if window.number == number else 0.0
        for t in self._tickets:
            if t.taken_s is not None and (t.taken_s + self.offset_s) // window.interval_s < number:
                count += window.cost(t.call)
        return count

    def _fits(self, call: Call[object], share: float, now_s: float) -> bool:
        """Tell whether a call fits into all windows while no other waits or is under way."""
        venue_s = now_s + self.offset_s
        for window in self._limits:
            cost = window.cost(call)
            if cost:
                count = window.count if window.number == venue_s // window.interval_s else 0.0
                if count and count + cost > window.limit * share:
                    return False
        return True

    def _raise(self, counter: RateLimit, call: Call[object], amount: float, now_s: float) -> None:
        if amount:
            market = _market(call, counter)
            self._levels[counter.kind, market] = self.level(counter.kind, market, now_s) + amount, now_s

    def _counter_wait(
        self, counter: RateLimit, call: Call[object], first: list[Ticket], share: float, now_s: float
    ) -> float:
        kind = counter.kind
        cost, market = _cost(call, kind), _market(call, counter)
        if not cost or (kind is LimitKind.TRADING and call.lane is Lane.CANCEL):
            return 0.0
        ahead = sum(_cost(t.call, kind) for t in first if _market(t.call, counter) == market)
        above = self.level(kind, market, now_s) + ahead + cost - max((counter.limit - _SLACK) * share, cost)
        return max(0.0, above / counter.decay_per_s)


def _goes_before(other: Ticket, ticket: Ticket | None) -> bool:
    return other.taken_s is None and other is not ticket and (ticket is None or other.place < ticket.place)


def _market(call: Call[object], counter: RateLimit) -> str:
    return call.market if counter.per_market or counter.kind is LimitKind.TRADING else ""


_COSTS: dict[LimitKind, Callable[[Call[object]], float]] = {
    LimitKind.WEIGHT: attrgetter("weight"),
    LimitKind.ORDERS: attrgetter("orders"),
    LimitKind.CALLS: attrgetter("calls"),
    LimitKind.TRADING: attrgetter("trading"),
    LimitKind.REQUESTS: lambda call: 1,
}


def _cost(call: Call[object], kind: LimitKind) -> float:
    return _COSTS[kind](call)
