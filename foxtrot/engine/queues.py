"""The bounded queues behind queued subscriptions, one class per way of overflowing. No tasks, no time: plain data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import Any

from foxtrot.engine.policy import Overflow, QueuePolicy
from foxtrot.model.events import Bar, ChannelStateChanged, Event, StreamRestored, StreamStale


class EventQueue(ABC):
    """Hold events between publishing and handling. `dropped` counts lost events, `conflated` superseded ones."""

    __slots__ = ("conflated", "dropped", "policy")

    def __init__(self, policy: QueuePolicy) -> None:
        self.policy = policy
        self.dropped = 0
        self.conflated = 0

    @property
    def full(self) -> bool:
        """Tell whether publishers that can wait should; only ever true of BLOCK queues."""
        return False

    @abstractmethod
    def push(self, event: Event) -> bool:
        """Take an event in. Return False when it, or an older one in its place, was lost."""

    @abstractmethod
    def pop(self) -> Event | None:
        """Take the next event out, None when empty."""

    @abstractmethod
    def clear(self) -> None:
        """Forget all events."""

    @abstractmethod
    def __len__(self) -> int: ...


class _Fifo(EventQueue):
    # refuses newcomers once it holds as many as it may
    __slots__ = ("_events", "_most")

    def __init__(self, policy: QueuePolicy) -> None:
        super().__init__(policy)
        self._events: deque[Event] = deque()
        self._most = policy.most

    def push(self, event: Event) -> bool:
        if len(self._events) < self._most:
            self._events.append(event)
            return True
        self.dropped += 1
        return False

    def pop(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def clear(self) -> None:
        self._events.clear()

    def __len__(self) -> int:
        return len(self._events)


class DropNewestQueue(_Fifo):
    """Refuse newcomers while full."""

    __slots__ = ()


class DropOldestQueue(_Fifo):
    """Make room for a newcomer by losing the oldest event."""

    __slots__ = ()

    def push(self, event: Event) -> bool:
        """Take an event in. Return False when the oldest was lost for it."""
        self._events.append(event)
        if len(self._events) <= self._most:
            return True
        self._events.popleft()
        self.dropped += 1
        return False


class BlockQueue(_Fifo):
    """Ask publishers to wait from `capacity` on, refuse newcomers at the hard limit."""

    __slots__ = ()

    @property
    def full(self) -> bool:
        return len(self._events) >= self.policy.capacity


_PARTS: dict[type[Event], Callable[[Any], Hashable]] = {
    Bar: attrgetter("interval", "open_time"),
    StreamStale: attrgetter("stream", "param"),
    StreamRestored: attrgetter("stream", "param"),
    ChannelStateChanged: attrgetter("channel"),
}


def stream_key(event: Event) -> Hashable:
    """Return what the events have in common of which the latest tells all: type, exchange, symbol, and of candles
    interval and opening, of streams and channels which one."""
    kind = type(event)
    part = _PARTS.get(kind)
    return kind, event.exchange, event.symbol, None if part is None else part(event)


class ConflatingQueue(EventQueue):
    """Keep the latest event per `stream_key`, in the order in which the keys began to wait."""

    __slots__ = ("_latest",)

    def __init__(self, policy: QueuePolicy) -> None:
        super().__init__(policy)
        self._latest: OrderedDict[Hashable, Event] = OrderedDict()

    def push(self, event: Event) -> bool:
        key = stream_key(event)
        if key in self._latest:
            self.conflated += 1
            self._latest[key] = event
            return True
        self._latest[key] = event
        if len(self._latest) <= self.policy.capacity:
            return True
        self._latest.popitem(last=False)
        self.dropped += 1
        return False

    def pop(self) -> Event | None:
        return self._latest.popitem(last=False)[1] if self._latest else None

    def clear(self) -> None:
        self._latest.clear()

    def __len__(self) -> int:
        return len(self._latest)


_QUEUES: dict[Overflow, type[EventQueue]] = {
    Overflow.CONFLATE: ConflatingQueue,
    Overflow.DROP_OLDEST: DropOldestQueue,
    Overflow.DROP_NEWEST: DropNewestQueue,
    Overflow.BLOCK: BlockQueue,
}


def make_queue(policy: QueuePolicy) -> EventQueue:
    """Return an empty queue that obeys `policy`."""
    return _QUEUES[policy.overflow](policy)
