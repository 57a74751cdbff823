"""An event engine with a thread, as vn.py has it: events with a type and data, handlers by type."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from foxtrot.engine.isolation import describe_error, log_failure, name_of
from foxtrot.errors import InvalidRequest, StateError
from foxtrot.gateway.objects import ERROR, LogData

EVENT_TIMER = "eTimer"
EVENT_TICK = "eTick."
EVENT_TRADE = "eTrade."
EVENT_ORDER = "eOrder."
EVENT_POSITION = "ePosition."
EVENT_ACCOUNT = "eAccount."
EVENT_CONTRACT = "eContract."
EVENT_LOG = "eLog"

_LOG = logging.getLogger("foxtrot.gateway")


class Event:
    """Carry `data` under a `type`."""

    __slots__ = ("data", "type")

    def __init__(self, type: str, data: Any = None) -> None:  # noqa: A002 - vn.py's name
        self.type = type
        self.data = data

    def __repr__(self) -> str:
        return f"Event({self.type!r}, {self.data!r})"


Handler = Callable[[Event], object]


class EventEngine:
    """Call handlers in one thread, event after event, in the order of the puts; every method is thread-safe.

    A handler that raises harms nobody: it is logged and told as an "eLog" event. `stop` delivers what was put before.
    An "eTimer" event comes every `interval` seconds, unless the last one still waits. Of ticks at most `tick_capacity`
    wait, then the oldest is dropped and counted in `dropped`; no other event is ever dropped.
    """

    def __init__(self, interval: float = 1.0, *, tick_capacity: int = 65_536) -> None:
        if not interval > 0:
            raise InvalidRequest(f"interval must be above 0 s, not {interval!r}.", field="interval")
        if tick_capacity < 1:
            raise InvalidRequest(f"tick_capacity must be at least 1, not {tick_capacity!r}.", field="tick_capacity")
        self._interval = interval
        self._tick_capacity = tick_capacity
        self._changed = threading.Condition()
        self._waiting: deque[list[Event]] = deque()  # each in a slot of its own; the slot of a dropped one is empty
        self._ticks: deque[list[Event]] = deque()
        self._timer_waits = False
        self._running = False
        self._threads: list[threading.Thread] = []
        self._handlers: dict[str, tuple[Handler, ...]] = {}
        self._general: tuple[Handler, ...] = ()
        self._ended = threading.Event()
        self.dropped = 0
        self.failed = 0

    # handlers

    def register(self, type: str, handler: Handler) -> None:  # noqa: A002 - vn.py's name
        """Call `handler` with every event of a type, once however often it is registered."""
        with self._changed:
            known = self._handlers.get(type, ())
            if handler not in known:
                self._handlers[type] = (*known, _callable(handler))

    def unregister(self, type: str, handler: Handler) -> None:  # noqa: A002 - vn.py's name
        """Take a handler back; does nothing when it is not registered."""
        with self._changed:
            self._handlers[type] = tuple(h for h in self._handlers.get(type, ()) if h != handler)

    def register_general(self, handler: Handler) -> None:
        """Call `handler` with every event there is."""
        with self._changed:
            if handler not in self._general:
                self._general = (*self._general, _callable(handler))

    def unregister_general(self, handler: Handler) -> None:
        """Take a general handler back; does nothing when it is not registered."""
        with self._changed:
            self._general = tuple(h for h in self._general if h != handler)

    # events

    def put(self, event: Event) -> None:
        """Hand in an event; what is put while the engine does not run waits for `start`. Raises InvalidRequest."""
        if not isinstance(getattr(event, "type", None), str):
            raise InvalidRequest(f"Only events can be put, not {type(event).__name__}.", field="event")
        slot = [event]
        with self._changed:
            if event.type.startswith(EVENT_TICK):
                self._ticks.append(slot)
                if len(self._ticks) > self._tick_capacity:
                    self._drop_oldest_tick()
            self._waiting.append(slot)
            self._changed.notify()

    # life

    def start(self) -> None:
        """Begin to call handlers. Raises StateError when the engine runs already; a stopped one may start again."""
        with self._changed:
            if self._running or any(thread.is_alive() for thread in self._threads):
                raise StateError("The event engine runs already.")
            self._running = True
            self._ended.clear()
            self._threads = [
                threading.Thread(target=self._run, name="foxtrot events", daemon=True),
                threading.Thread(target=self._run_timer, name="foxtrot timer", daemon=True),
            ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Deliver what was put so far, then end the threads and wait for them; repeating is harmless.

        Inside a handler it does not wait: the threads end when what was put is delivered.
        """
        with self._changed:
            self._running = False
            self._changed.notify_all()
        self._ended.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    # inside

    def _drop_oldest_tick(self) -> None:
        self._ticks.popleft().clear()
        self.dropped += 1
        if self.dropped & (self.dropped - 1) == 0:
            _LOG.warning("Handlers are too slow: %d ticks dropped, the oldest first.", self.dropped)

    def _run(self) -> None:
        while (slot := self._next()) is not None:
            if slot:
                self._process(slot[0])

    def _next(self) -> list[Event] | None:
        """Return the next slot, None when the engine was stopped and nothing waits any more."""
        with self._changed:
            while not self._waiting and self._running:
                self._changed.wait()
            if not self._waiting:
                return None
            slot = self._waiting.popleft()
            if self._ticks and self._ticks[0] is slot:
                self._ticks.popleft()
            return slot

    def _process(self, event: Event) -> None:
        if event.type == EVENT_TIMER:
            self._timer_waits = False
        for handler in (*self._handlers.get(event.type, ()), *self._general):
            try:
                handler(event)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - isolation seam: told, and nobody else suffers
                self._tell(handler, event, error)

    def _tell(self, handler: Handler, event: Event, error: BaseException) -> None:
        self.failed += 1
        name = name_of(handler)
        log_failure(name, self.failed, f"event {event.type}", error)
        if event.type != EVENT_LOG:  # else it would report itself for ever
            text = f"Handler {name} failed on {event.type}: {describe_error(error)}"
            self.put(Event(EVENT_LOG, LogData("EventEngine", text, ERROR)))

    def _run_timer(self) -> None:
        while not self._ended.wait(self._interval):
            if not self._timer_waits:
                self._timer_waits = True
                self.put(Event(EVENT_TIMER))


def _callable(handler: Handler) -> Handler:
    if not callable(handler):
        raise InvalidRequest(f"A handler must be callable, not {handler!r}.", field="handler")
    return handler
