"""The handle of one subscription: who listens to what, and how it goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import msgspec

from foxtrot.model.events import Event

if TYPE_CHECKING:
    from foxtrot.engine.consumer import Consumer

SLOW_NS = 20_000_000  # a direct handler that takes longer is reported
Handler = Callable[[Any], Awaitable[None] | None]


class SubscriptionStats(msgspec.Struct, frozen=True, kw_only=True):
    """Report one subscription at one moment.

    `delivered` events reached the handler (`failed` of them raised), `pending` wait, `dropped` were lost by the
    overflow policy, `conflated` were superseded by newer ones. `timed` handler runs took `total_ns` together and
    `max_ns` at most, waiting included for async handlers. `overflow` is None for a direct handler.
    """

    name: str
    event_type: str
    exchange: str | None
    symbol: str | None
    overflow: str | None
    delivered: int
    failed: int
    dropped: int
    conflated: int
    pending: int
    timed: int
    total_ns: int
    max_ns: int

    @property
    def mean_ns(self) -> float:
        """Return the mean time of a timed handler run, 0 when none was timed."""
        return self.total_ns / self.timed if self.timed else 0.0


class Subscription:
    """Stand for one handler subscribed to one type of event; `unsubscribe` ends it at once.

    Handler times: a direct handler is timed at its first event and at every `latency_every`-th after that (so that
    publishing stays fast), a queued one always.
    """

    __slots__ = (
        "_detach",
        "_latency_every",
        "active",
        "consumer",
        "event_type",
        "exchange",
        "failed",
        "handler",
        "last",
        "max_ns",
        "name",
        "number",
        "on_slow",
        "slow",
        "symbol",
        "timed",
        "total_ns",
        "watch",
    )

    def __init__(
        self,
        number: int,
        name: str,
        event_type: type[Event],
        handler: Handler,
        exchange: str | None,
        symbol: str | None,
        latency_every: int,
        detach: Callable[[Subscription], None],
    ) -> None:
        self.number = number
        self.name = name
        self.event_type = event_type
        self.handler = handler
        self.exchange = exchange
        self.symbol = symbol
        self.active = True
        self.consumer: Consumer | None = None
        self.last = -1  # index of the last delivered event
        self.watch = 0  # from which index on the next call of a direct handler is watched; always, once inactive
        self._latency_every = latency_every
        self.failed = 0
        self.timed = 0
        self.total_ns = 0
        self.max_ns = 0
        self.slow = 0
        self.on_slow: Callable[[Subscription, int], None] = lambda subscription, duration_ns: None
        self._detach = detach

    @property
    def delivered(self) -> int:
        """Return how many events the handler was called with."""
        return self.last + 1

    @property
    def dropped(self) -> int:
        """Return how many events were lost by the overflow policy; always 0 for a direct handler."""
        return self.consumer.queue.dropped if self.consumer else 0

    @property
    def pending(self) -> int:
        """Return how many events wait in the queue."""
        return len(self.consumer.queue) if self.consumer else 0

    def unsubscribe(self) -> None:
        """End the subscription: the handler is not called again, waiting events are forgotten. Repeating is harmless.

        An async handler at work is not cut off.
        """
        self._detach(self)

    def deactivate(self) -> None:
        """Make sure that a dispatch under way skips this handler."""
        self.active = False
        self.watch = -1

    def call_watched(self, event: Event) -> Awaitable[None] | None:
        """Call the handler and time it; do nothing once unsubscribed."""
        if not self.active:
            self.last -= 1  # the dispatcher had counted it
            return None
        self.watch = self.last + self._latency_every
        started = perf_counter_ns()
        try:
            return self.handler(event)
        finally:
            duration_ns = perf_counter_ns() - started
            self.add_time(duration_ns)
            if duration_ns >= SLOW_NS:
                self.slow += 1
                self.on_slow(self, duration_ns)

    def add_time(self, duration_ns: int) -> None:
        """Count one timed run of the handler."""
        self.timed += 1
        self.total_ns += duration_ns
        self.max_ns = max(self.max_ns, duration_ns)

    def stats(self) -> SubscriptionStats:
        """Return the figures of this moment."""
        queue = self.consumer.queue if self.consumer else None
        return SubscriptionStats(
            name=self.name,
            event_type=self.event_type.__name__,
            exchange=self.exchange,
            symbol=self.symbol,
            overflow=queue.policy.overflow.value if queue is not None else None,
            delivered=self.delivered,
            failed=self.failed,
            dropped=self.dropped,
            conflated=queue.conflated if queue is not None else 0,
            pending=self.pending,
            timed=self.timed,
            total_ns=self.total_ns,
            max_ns=self.max_ns,
        )

    def __repr__(self) -> str:
        what = ", ".join(part for part in (self.event_type.__name__, self.exchange, self.symbol) if part is not None)
        state = "active" if self.active else "ended"
        return f"<Subscription {self.name} to {what}: {state}, {self.delivered} delivered, {self.failed} failed>"
