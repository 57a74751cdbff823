"""The venue's budgets, kept here: windows aligned to the clock, and counters that decay; corrected by what the venue
counts itself."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterable
from operator import attrgetter

import msgspec

from foxtrot.protocol.calls import Call, Lane

_SLACK = 1.0  # of a counter: calls arrive in another order, and a little later, than they left
_UNUSED = (-1, 0.0)  # window number and count of what was never drawn on
# The part of the headroom that each lane must leave to more urgent ones.
_LEAVES = {Lane.CANCEL: 0.0, Lane.PLACE: 0.3, Lane.RECONCILE: 0.6, Lane.HISTORY: 1.0}


class LimitKind(enum.Enum):
    """Name what a limit counts."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

    WEIGHT = "weight"
    REQUESTS = "requests"
    ORDERS = "orders"
    CALLS = "calls"
    TRADING = "trading"  # one counter for each market


_OF_ACCOUNT = frozenset({LimitKind.ORDERS, LimitKind.CALLS, LimitKind.TRADING})


class RateLimit(msgspec.Struct, frozen=True):
    """State one limit: so many of a kind in each window of `interval_s` seconds, aligned to the clock.

    With `decay_per_s` it is a counter without windows (`interval_s` 0) that falls by so much a second and must not rise
    above the limit.
    """

    kind: LimitKind
    interval_s: int
    limit: float
    decay_per_s: float = 0.0


class Usage(msgspec.Struct, frozen=True):
    """State what the venue says has been used of a limit in the running window."""

    kind: LimitKind
    interval_s: int
    used: int


class Ticket:
    """The place of one call in the queue, and later its place among the calls under way; `drawn` are its budgets."""

    __slots__ = ("call", "drawn", "place", "taken_s")

    def __init__(self, call: Call[object], place: tuple[int, int], drawn: tuple[Budget, ...]) -> None:
        self.call = call
        self.place = place
        self.drawn = drawn
        self.taken_s: float | None = None


class Budget:
    """Count what one metered scope, an address or an account, has used. All who draw on the scope share the object.

    A call under way counts in the window in which it left and in every later one until it is answered: nobody knows
    in which of them the venue will count it.
    """

    def __init__(self) -> None:
        self.limits: dict[tuple[LimitKind, int], float] = {}
        self.counters: dict[LimitKind, RateLimit] = {}
        self.offset_s = 0.0  # the venue's time less ours: windows go by its clock, pauses by ours
        self.paused_until = 0.0
        self.banned = False  # by the pause that is in force
        self._used: dict[tuple[LimitKind, int], tuple[int, float]] = {}  # window number, count
        self._levels: dict[tuple[LimitKind, str], tuple[float, float]] = {}  # of counters: level, as of when
        self._tickets: dict[Ticket, None] = {}

    def enter(self, ticket: Ticket) -> None:
        """Queue up."""
        self._tickets[ticket] = None

    def leave(self, ticket: Ticket, now_s: float, *, answered: bool) -> None:
        """Give up one's place, or report that the answer came: only now is it sure that the venue has counted.

        What was not answered may be counted even later: it is charged twice more, the second time for what the counter
        falls until then.
        """
        self._tickets.pop(ticket, None)
        if ticket.taken_s is not None:
            for counter in self.counters.values():
                cost = _cost(ticket.call, counter.kind)
                decayed = (now_s - ticket.taken_s) * counter.decay_per_s
                self._raise(counter, ticket.call, min(cost, decayed) if answered else 2 * cost, now_s)

    def wait(self, call: Call[object], ticket: Ticket | None, share: float, now_s: float) -> float:
        """Return the seconds until the call may go after all that stand before it."""
        wait = max(0.0, self.paused_until - now_s)
        alone = len(self._tickets) == 1 and ticket in self._tickets
        first = [] if alone else [t for t in self._tickets if _goes_before(t, ticket)]
        for counter in self.counters.values():
            wait = max(wait, self._counter_wait(counter, call, first, share, now_s))
        venue_s = now_s + self.offset_s
        for scope, limit in self.limits.items():
            kind, interval = scope
            cost = _COSTS[kind](call)
            if not cost:
                continue
            if alone:
                window, needed = self._used.get(scope, _UNUSED)
                needed = cost if window != venue_s // interval else needed + cost
            else:
                ahead = sum([_cost(t.call, kind) for t in first])
                needed = self.used(kind, interval, now_s) + ahead + cost
            # A lane's share never shuts out a single call that the venue itself would take in an empty window.
            if needed > limit * share and needed > cost:
                wait = max(wait, interval - venue_s % interval)
        return wait

    def take(self, call: Call[object], now_s: float) -> None:
        """Count a call that goes now."""
        venue_s = now_s + self.offset_s
        for limit in self.limits:
            kind, interval = limit
            if cost := _COSTS[kind](call):
                running = int(venue_s // interval)
                window, count = self._used.get(limit, (running, 0))
                self._used[limit] = (running, cost + (count if window == running else 0))
        for counter in self.counters.values():
            self._raise(counter, call, _cost(call, counter.kind), now_s)

    def level(self, kind: LimitKind, market: str, now_s: float) -> float:
        """Return how high a counter stands."""
        counter = self.counters.get(kind)
        level, at_s = self._levels.get((kind, market), (0.0, now_s))
        return level if counter is None else max(0.0, level - (now_s - at_s) * counter.decay_per_s)

    def observe(self, usage: Usage, now_s: float) -> None:
        """Take the venue's own count where it is higher: others share the budget, and weights may be off."""
        running = int((now_s + self.offset_s) // usage.interval_s)
        window, count = self._used.get((usage.kind, usage.interval_s), (running, 0.0))
        if window != running or usage.used > count:
            self._used[usage.kind, usage.interval_s] = (running, usage.used)

    def pause(self, seconds: float, now_s: float, *, banned: bool = False) -> None:
        """Let nothing go for so long; a shorter pause never shortens a longer one."""
        if now_s + seconds > self.paused_until:
            self.paused_until, self.banned = now_s + seconds, banned

    def _raise(self, counter: RateLimit, call: Call[object], amount: float, now_s: float) -> None:
        if amount:
            market = _market(call, counter.kind)
            self._levels[counter.kind, market] = self.level(counter.kind, market, now_s) + amount, now_s

    def _counter_wait(
        self, counter: RateLimit, call: Call[object], first: list[Ticket], share: float, now_s: float
    ) -> float:
        kind = counter.kind
        cost, market = _cost(call, kind), _market(call, kind)
        if not cost or (kind is LimitKind.TRADING and call.lane is Lane.CANCEL):
            return 0.0
        ahead = sum(_cost(t.call, kind) for t in first if _market(t.call, kind) == market)
        above = self.level(kind, market, now_s) + ahead + cost - max((counter.limit - _SLACK) * share, cost)
        return max(0.0, above / counter.decay_per_s)

    def used(self, kind: LimitKind, interval_s: int, now_s: float) -> float:
        """Return what has been used in the running window, calls under way from earlier ones included."""
        window = int((now_s + self.offset_s) // interval_s)
        counted, count = self._used.get((kind, interval_s), (window, 0.0))
        if counted != window:
            count = 0.0
        for t in self._tickets:
            if t.taken_s is not None and int((t.taken_s + self.offset_s) // interval_s) < window:
                count += _cost(t.call, kind)
        return count


class Limiter:
    """Tell how long a call must wait. Times are seconds of a clock that never jumps, always given; `align` tells how
    far the venue's clock is ahead of it.

    Weights and requests count for the address, orders for the account. Waiting calls go in the order of their lanes:
    what stands before a call is reserved, so a cancel overtakes history that came earlier. A cancel counts in the
    trading counter, but never waits for it: to be refused costs nothing, to be late may cost money.
    """

    def __init__(self, headroom: float) -> None:
        self._headroom = headroom
        self._numbers = itertools.count()
        self._address, self._account = Budget(), Budget()

    def share(self, address: Budget, account: Budget) -> None:
        """Draw on budgets that others draw on, too."""
        self._address, self._account = address, account

    def align(self, offset_s: float) -> None:
        """Take the difference between the venue's time and the clock whose times are given."""
        self._address.offset_s = self._account.offset_s = offset_s

    def configure(self, limits: Iterable[RateLimit]) -> None:
        """Take the venue's stated limits; counts go on."""
        stated = list(limits)
        for budget in (self._address, self._account):
            mine = [one for one in stated if self._budget(one.kind) is budget]
            budget.limits = {(one.kind, one.interval_s): one.limit for one in mine if not one.decay_per_s}
            budget.counters = {one.kind: one for one in mine if one.decay_per_s}

    def enter(self, call: Call[object]) -> Ticket:
        """Queue up; `leave` must follow whatever happens."""
        ticket = Ticket(call, (call.lane, next(self._numbers)), self._drawn(call))
        for budget in ticket.drawn:
            budget.enter(ticket)
        return ticket

    def leave(self, ticket: Ticket, now_s: float, *, answered: bool = True) -> None:
        """Give up the place in the queue, or report that the answer came (or, not `answered`, that it did not)."""
        for budget in ticket.drawn:
            budget.leave(ticket, now_s, answered=answered)

    def delay(self, call: Call[object], now_s: float, ticket: Ticket | None = None) -> float:
        """Return the seconds until the call may go, 0 when it may go now."""
        share = 1.0 - self._headroom * _LEAVES[call.lane]
        wait = 0.0
        for budget in self._drawn(call) if ticket is None else ticket.drawn:
            wait = max(wait, budget.wait(call, ticket, share, now_s))
        return wait

    def take(self, call: Call[object], now_s: float, ticket: Ticket | None = None) -> None:
        """Count a call that goes now."""
        for budget in self._drawn(call) if ticket is None else ticket.drawn:
            budget.take(call, now_s)
        if ticket is not None:
            ticket.taken_s = now_s

    def observe(self, usages: Iterable[Usage], now_s: float) -> None:
        """Take the venue's own counts where they are higher."""
        for usage in usages:
            self._budget(usage.kind).observe(usage, now_s)

    def pause(self, seconds: float, now_s: float, *, orders_only: bool = False, banned: bool = False) -> None:
        """Let nothing go for so long (Retry-After, ban), or no new orders."""
        (self._account if orders_only else self._address).pause(seconds, now_s, banned=banned)

    def banned(self, now_s: float) -> bool:
        """Tell whether the venue has banned this address for now."""
        return self._address.banned and now_s < self._address.paused_until

    def used(self, kind: LimitKind, interval_s: int, now_s: float) -> float:
        """Return what has been used in the running window."""
        return self._budget(kind).used(kind, interval_s, now_s)

    def _budget(self, kind: LimitKind) -> Budget:
        return self._account if kind in _OF_ACCOUNT else self._address

    def _drawn(self, call: Call[object]) -> tuple[Budget, ...]:
        of_account = call.orders or call.calls or call.trading
        return (self._address, self._account) if of_account else (self._address,)


def _goes_before(other: Ticket, ticket: Ticket | None) -> bool:
    return other.taken_s is None and other is not ticket and (ticket is None or other.place < ticket.place)


def _market(call: Call[object], kind: LimitKind) -> str:
    return call.market if kind is LimitKind.TRADING else ""


_COSTS: dict[LimitKind, Callable[[Call[object]], float]] = {
    LimitKind.WEIGHT: attrgetter("weight"),
    LimitKind.ORDERS: attrgetter("orders"),
    LimitKind.CALLS: attrgetter("calls"),
    LimitKind.TRADING: attrgetter("trading"),
    LimitKind.REQUESTS: lambda call: 1,
}


def _cost(call: Call[object], kind: LimitKind) -> float:
    return _COSTS[kind](call)
