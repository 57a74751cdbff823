"""What becomes of events that wait for a slow subscriber: every queue is bounded and names its overflow policy."""

from __future__ import annotations

import enum

import msgspec

from foxtrot.errors import InvalidRequest
from foxtrot.model.events import Event, MarketEvent, Quote, Ticker


class Overflow(enum.Enum):
    """Name what a queue does when its subscriber falls behind.

    CONFLATE keeps the latest event per (type, exchange, symbol), of candles also interval and opening, of streams and
    channels which one: for events that replace their predecessors.
    DROP_OLDEST and DROP_NEWEST lose events and count them. BLOCK loses none: whoever can wait
    (`EventEngine.put`, `publish_blocking`, `ready`) waits for room.
    """

    CONFLATE = "conflate"
    DROP_OLDEST = "drop_oldest"
    DROP_NEWEST = "drop_newest"
    BLOCK = "block"


class QueuePolicy(msgspec.Struct, frozen=True):
    """Bound a subscriber's queue to `capacity` events (CONFLATE: keys).

    `hard_limit` is for BLOCK only, by default ten times the capacity. The synchronous `publish` cannot wait, so there
    a BLOCK queue grows past its capacity up to this limit; beyond it the event is refused, counted in `dropped`,
    logged as an error and reported as HandlerFailed. Raises InvalidRequest for sizes that make no sense.
    """

    overflow: Overflow
    capacity: int = 10_000
    hard_limit: int | None = None

    def __post_init__(self) -> None:
        if self.capacity < 1:
            raise InvalidRequest(f"A queue needs a capacity of at least 1, not {self.capacity}.", field="capacity")
        if self.hard_limit is None:
            return
        if self.overflow is not Overflow.BLOCK:
            raise InvalidRequest(
                f"hard_limit is for BLOCK queues; a {self.overflow.name} queue ends at its capacity.",
                field="hard_limit",
            )
        if self.hard_limit < self.capacity:
            raise InvalidRequest(
                f"hard_limit {self.hard_limit} is below the capacity {self.capacity}; raise it.", field="hard_limit"
            )

    @property
    def most(self) -> int:
        """Return the most events that may ever wait."""
        if self.overflow is not Overflow.BLOCK:
            return self.capacity
        return self.capacity * 10 if self.hard_limit is None else self.hard_limit


def default_policy(event_type: type[Event]) -> QueuePolicy:
    """Return the policy of an async handler that names none.

    CONFLATE for quotes and tickers, DROP_OLDEST for other market data, BLOCK for everything else, orders above all.
    """
    if issubclass(event_type, (Quote, Ticker)):
        return QueuePolicy(Overflow.CONFLATE)
    if issubclass(event_type, MarketEvent):
        return QueuePolicy(Overflow.DROP_OLDEST)
    return QueuePolicy(Overflow.BLOCK)


def to_policy(queue: QueuePolicy | Overflow) -> QueuePolicy:
    """Return a policy given as such or by its overflow alone. Raises InvalidRequest for anything else."""
    if isinstance(queue, Overflow):
        return QueuePolicy(queue)
    if isinstance(queue, QueuePolicy):
        return queue
    raise InvalidRequest(f"queue must be a QueuePolicy, an Overflow or None, not {queue!r}.", field="queue")
