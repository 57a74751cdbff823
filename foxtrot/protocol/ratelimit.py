"""The venue's budgets, kept here, and corrected by what the venue counts itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from foxtrot.protocol.budget import Budget, LimitKind, RateLimit, Ticket, Usage
from foxtrot.protocol.calls import Call, Lane

# The part of the headroom that each lane must leave to more urgent ones.
_LEAVES = {Lane.CANCEL: 0.0, Lane.PLACE: 0.3, Lane.RECONCILE: 0.6, Lane.HISTORY: 1.0}
_OF_ACCOUNT = frozenset({LimitKind.ORDERS, LimitKind.CALLS, LimitKind.TRADING})


class Limiter:
    """Tell how long a call must wait. Times are seconds of a clock that never jumps, always given; `align` tells how
    far the venue's clock is ahead of it.

    Weights and requests count for the address, orders for the account. Waiting calls go in the order of their lanes:
    what stands before a call is reserved, so a cancel overtakes history that came earlier. A cancel counts in the
    trading counter, but never waits for it: to be refused costs nothing, to be late may cost money.
    """

    def __init__(self, headroom: float) -> None:
        self._shares = {lane: 1.0 - headroom * left for lane, left in _LEAVES.items()}
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
            budget.configure(one for one in stated if self._budget(one.kind) is budget)

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
        share = self._shares[call.lane]
        budgets = self._drawn(call) if ticket is None else ticket.drawn
        return max([budget.wait(call, ticket, share, now_s) for budget in budgets])

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

    def paused(self, call: Call[object], now_s: float) -> float:
        """Return for how many seconds the venue has told a call like this one to wait, 0 for not at all."""
        return max(0.0, *(budget.paused_until - now_s for budget in self._drawn(call)))

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
