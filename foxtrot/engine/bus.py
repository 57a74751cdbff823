"""The EventEngine: events in, subscribers' handlers called, nothing lost that the subscriber did not agree to lose.

    engine = EventEngine(clock)
    handle = engine.subscribe(Quote, on_quote, symbol="BTC/USDT")
    async with engine:
        ...
    handle.stats()

Order: every direct handler sees events in the order in which they were published. An event published inside a handler
is delivered when the present one has reached all its receivers, so nobody sees an answer before its question.
"""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from foxtrot.clock import SystemClock
from foxtrot.engine.consumer import Consumer
from foxtrot.engine.crew import Crew, StopReport
from foxtrot.engine.inbox import Inbox
from foxtrot.engine.isolation import is_async, name_of, passes
from foxtrot.engine.lane import Lane, Route, refuse_coroutine
from foxtrot.engine.policy import Overflow, QueuePolicy, default_policy, to_policy
from foxtrot.engine.queues import make_queue
from foxtrot.engine.reporter import Reporter
from foxtrot.engine.router import Router
from foxtrot.engine.subscription import Handler, Subscription, SubscriptionStats
from foxtrot.engine.timers import Timer, TimerHandler
from foxtrot.errors import InvalidRequest, StateError
from foxtrot.model.events import Event, HandlerFailed, HandlerSlow

if TYPE_CHECKING:
    from foxtrot.ports import Clock

__all__ = [
    "MOST_ANSWERS",
    "EventEngine",
    "Overflow",
    "QueuePolicy",
    "StopReport",
    "Subscription",
    "SubscriptionStats",
    "Timer",
]

E = TypeVar("E", bound=Event)

MOST_ANSWERS = 100_000  # events that handlers may publish in answer to one, before it is taken for an endless loop


class _State(enum.Enum):
    NEW = "new"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


class EventEngine:
    """Deliver events to subscribers.

    All methods belong to the loop's thread except `put` and `run_on_loop`, which any thread may call. Direct handlers
    (sync, no queue) work before `start` too; queued ones, timers and `put` deliver once started. `latency_every` (a
    power of two) says which calls of a direct handler are timed: the first and each n-th after it; 1 times all, for
    about 100 ns each.
    """

    def __init__(self, clock: Clock | None = None, *, inbox_capacity: int = 65_536, latency_every: int = 64) -> None:
        if latency_every < 1 or latency_every & (latency_every - 1):
            raise InvalidRequest(f"latency_every must be a power of two, not {latency_every}.", field="latency_every")
        if inbox_capacity < 1:
            raise InvalidRequest(f"inbox_capacity must be at least 1, not {inbox_capacity}.", field="inbox_capacity")
        self._clock = clock = clock or SystemClock()
        self._latency_every = latency_every
        self.dispatching = self.unusual = False  # for the lanes, which set and read them
        self._router = Router(lambda: Lane(self))
        self._table, self._only = self._router.table, self._router.only
        self._winding_up = False
        self._deferred: deque[Event] = deque()
        self._answers = 0
        self._interrupt: BaseException | None = None
        self._subscribed = 0
        self._subscriptions: dict[int, Subscription] = {}
        self._inbox = Inbox(inbox_capacity, self.publish_blocking)
        self._reporter = Reporter(clock, self._publish_report)
        self._crew = Crew()
        self._crew.employ(self._inbox)
        self._state = _State.NEW
        self._stopping = asyncio.Lock()
        self._report = StopReport()

    # -- subscribing --------------------------------------------------------------------------------------------------

    def subscribe(
        self,
        event_type: type[E],
        handler: Callable[[E], Awaitable[None] | None],
        *,
        exchange: str | None = None,
        symbol: str | None = None,
        queue: QueuePolicy | Overflow | None = None,
        name: str | None = None,
    ) -> Subscription:
        """Call `handler` with every event of `event_type` (subclasses included) published from now on.

        `exchange` and `symbol` narrow it down. A sync handler without `queue` is direct: called inside `publish`. With
        `queue`, and always for an async handler (`default_policy` where none is named), the subscriber has a bounded
        queue and one task of its own, which handles one event after the other. Raises InvalidRequest for a type that
        is no Event or a handler that is not callable, StateError from a foreign thread.
        """
        self._crew.require_own_thread("subscribe")
        if not (isinstance(event_type, type) and issubclass(event_type, Event)):
            raise InvalidRequest(f"Subscribe to Event or a subclass of it, not {event_type!r}.", field="event_type")
        if is_async(handler) and queue is None:
            queue = default_policy(event_type)
        self._subscribed += 1
        subscription = Subscription(
            self._subscribed,
            name or name_of(handler),
            event_type,
            handler,
            exchange,
            symbol,
            self._latency_every,
            self.unsubscribe,
        )
        if queue is None:
            subscription.on_slow = self._reporter.handler_slow
        else:
            subscription.consumer = Consumer(
                subscription, make_queue(to_policy(queue)), self._reporter.handler_failed, self._reporter.event_lost
            )
            self._crew.employ(subscription.consumer)
        self._subscriptions[subscription.number] = subscription
        self._router.add(subscription)
        return subscription

    def subscribe_all(
        self, handler: Handler, *, queue: QueuePolicy | Overflow | None = None, name: str | None = None
    ) -> Subscription:
        """Call `handler` with every event there is; see `subscribe`."""
        return self.subscribe(Event, handler, queue=queue, name=name)

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription: its handler is not called again, even by a dispatch under way. Repeating is harmless.

        Events in its queue are forgotten; an async handler at work is not cut off.
        """
        if not subscription.active:
            return
        if self._subscriptions.get(subscription.number) is not subscription:
            raise InvalidRequest(f"{subscription!r} belongs to another engine.", field="subscription")
        self._crew.require_own_thread("unsubscribe")
        del self._subscriptions[subscription.number]
        self._router.remove(subscription)
        subscription.deactivate()
        if subscription.consumer is not None:
            self._crew.dismiss(subscription.consumer)

    # -- publishing ---------------------------------------------------------------------------------------------------

    def publish(self, event: Event) -> None:
        """Deliver an event: call the direct handlers, hand it to the queues, return when that is done.

        Inside a handler it returns at once and the event follows the present one. A handler's exception does not come
        out here (it is logged, counted and published as HandlerFailed); interrupts do, after all receivers were
        served. Raises InvalidRequest for anything but an Event, StateError while stopped and when handlers answer one
        event with more than MOST_ANSWERS others.
        """
        try:
            only = self._only[event.__class__]
        except KeyError:
            only = self._router.find_only(event)
        if only is None:
            try:
                lane = self._table[event.__class__][event.exchange][event.symbol]
            except KeyError:
                lane = self._router.lane(event)
            only = lane.only
            if only is None:
                lane.publish_to_any(event)
                return
        if self.dispatching:
            self.defer(event)
            return
        # What `Lane.publish` does, which is not called: that would cost a fifth more.
        self.dispatching = True
        try:
            only.last = last = only.last + 1
            handler = only.handler if last < only.watch else only.call_watched
            result = handler(event)
            if result is not None:
                refuse_coroutine(result)
        except BaseException as error:  # noqa: BLE001 - isolation seam: told by the reporter
            self.isolate(only, event, error)
        finally:
            self.dispatching = False
        if self.unusual:
            self.wind_up()

    def publisher(self) -> Callable[[Event], None]:
        """Return a `publish` for events that are all of one type, exchange and symbol: faster, the promises the same.

        The first event says which; another kind of event would reach the receivers of that one.
        """
        return self._router.give_lane().publish

    async def publish_blocking(self, event: Event) -> None:
        """Wait until every BLOCK queue that `event` goes to has room, then publish it.

        A handler does not wait for its own queue. Raises what `publish` raises.
        """
        while (consumer := self._blocking(self.find_route(event)[1])) is not None:
            await consumer.wait_for_room()
        self.publish(event)

    async def ready(self) -> None:
        """Return once no BLOCK queue is at its capacity: for whoever can pause its source instead of piling up."""
        while (consumer := self._blocking(self._crew.consumers())) is not None:
            await consumer.wait_for_room()

    @property
    def congested(self) -> bool:
        """Tell whether a BLOCK queue is at its capacity."""
        return any(consumer.queue.full for consumer in self._crew.consumers())

    def put(self, event: Event, *, timeout_s: float | None = None) -> None:
        """Hand in an event from any thread; it is published on the loop, in the order of the puts.

        Returns at once while the inbox has room. Once it is full, a foreign thread waits up to `timeout_s` (None: as
        long as it takes). Raises StateError when the event was not taken: no room in time, no room on the loop's own
        thread or before `start`, the engine stopping; InvalidRequest for anything but an Event.
        """
        if not isinstance(event, Event):
            raise InvalidRequest(f"Only events can be put, not {type(event).__name__}.", field="event")
        self._inbox.put(event, timeout_s)

    def run_on_loop(self, function: Callable[[], None]) -> None:
        """Have `function` called on the loop's thread, from any thread: to subscribe there, say.

        It is called at once on that thread and while the engine does not run, else soon. Raises StateError when the
        loop is closed.
        """
        self._crew.run_on_loop(function)

    # -- timers -------------------------------------------------------------------------------------------------------

    def every(self, interval_s: float, handler: TimerHandler, *, name: str | None = None) -> Timer:
        """Call `handler()` each `interval_s` seconds from now, or from `start` on. Raises InvalidRequest unless > 0."""
        if not interval_s > 0:
            raise InvalidRequest(f"A timer's interval must be above 0 s, not {interval_s}.", field="interval_s")
        return self._time(interval_s, handler, name, once=False)

    def after(self, delay_s: float, handler: TimerHandler, *, name: str | None = None) -> Timer:
        """Call `handler()` once, `delay_s` seconds from now, or from `start`. Raises InvalidRequest when negative."""
        if not delay_s >= 0:
            raise InvalidRequest(f"A timer's delay must be 0 s or more, not {delay_s}.", field="delay_s")
        return self._time(delay_s, handler, name, once=True)

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bind to the running loop and begin to work off queues, timers and puts.

        A stopped engine may be started again, on any loop: its subscriptions go on, its timers were cancelled, and what
        the last `stop` reported as undelivered is not delivered late. Raises StateError unless new or stopped.
        """
        if self._state not in (_State.NEW, _State.STOPPED):
            raise StateError(f"The engine is {self._state.value} already.")
        self._stopping = asyncio.Lock()
        self._start()

    async def drain(self) -> None:
        """Return once every event published or put so far, and what came of it, is handled and no handler is at work.

        Sleeping timers are not waited for. Raises StateError inside a queued handler or a timer's (it would wait for
        itself), when something waits before `start`, and when events wait whose task somebody else cancelled.
        """
        self._crew.forbid_inside_handler("drain")
        await self._crew.drain()

    async def stop(self, timeout_s: float = 5.0) -> StopReport:
        """End: refuse puts, cancel timers, drain for up to `timeout_s` seconds, then end all tasks.

        The report names what was not delivered in time; it is also logged. Publishing raises StateError from then on.
        Repeating returns the same report. Raises StateError inside a queued handler or a timer's.
        """
        self._crew.forbid_inside_handler("stop")
        async with self._stopping:
            if self._state is not _State.STOPPED:
                await self._stop(timeout_s)
            return self._report

    def stats(self) -> list[SubscriptionStats]:
        """Return the figures of all present subscriptions, in the order in which they were made."""
        return [subscription.stats() for subscription in self._subscriptions.values()]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __repr__(self) -> str:
        return f"<EventEngine {self._state.value}: {len(self._subscriptions)} subscriptions>"

    # -- inside -------------------------------------------------------------------------------------------------------

    def defer(self, event: Event) -> None:
        """Keep an event until the present one has reached all its receivers."""
        if not isinstance(event, Event):
            raise InvalidRequest(f"Only events can be published, not {type(event).__name__}.", field="event")
        self._answers += 1
        if self._answers > MOST_ANSWERS:
            raise StateError(f"Handlers answered one event with more than {MOST_ANSWERS} others; they go in a circle.")
        self.unusual = True
        self._deferred.append(event)

    def isolate(self, subscription: Subscription, event: Event, error: BaseException) -> None:
        """Tell of a handler's exception, or keep an interrupt until all receivers were served."""
        self.unusual = True
        if passes(error):
            self._interrupt = error
        else:
            self._reporter.handler_failed(subscription, event, error)

    def find_route(self, event: Event) -> Route:
        """Return who gets an event."""
        return self._router.route(event)

    def wind_up(self) -> None:
        """Publish what was deferred, what that leads to included; then let an interrupt go on up."""
        if self._winding_up:
            return
        self._winding_up = True
        try:
            while self._deferred:
                self.publish(self._deferred.popleft())
        finally:
            self._winding_up = False
            self.unusual = bool(self._deferred)
        self._answers = 0
        interrupt, self._interrupt = self._interrupt, None
        if interrupt is not None:
            raise interrupt

    def _publish_report(self, event: HandlerFailed | HandlerSlow) -> None:
        if self._state is _State.STOPPED:  # nobody listens any more; the log has it
            return
        if self.dispatching:
            self.unusual = True
            self._deferred.append(event)  # not counted as an answer: the engine's own, and never more than one each
        else:
            self.publish(event)

    def _time(self, interval_s: float, handler: TimerHandler, name: str | None, *, once: bool) -> Timer:
        self._crew.require_own_thread("set a timer")
        is_async(handler)
        timer = Timer(
            name or name_of(handler), interval_s, handler, self._clock, self._reporter.timer_failed, once=once
        )
        self._crew.employ(timer)
        return timer

    @staticmethod
    def _blocking(consumers: tuple[Consumer, ...]) -> Consumer | None:
        return next((consumer for consumer in consumers if consumer.blocks), None)

    def _start(self) -> None:
        again = self._state is _State.STOPPED
        consumers = [one.consumer for one in self._subscriptions.values() if one.consumer is not None]
        self._crew.start(reopen=[self._inbox, *consumers] if again else ())
        self._router.open()
        self._state = _State.RUNNING

    async def _stop(self, timeout_s: float) -> None:
        if self._state is _State.NEW:
            self._start()  # what was queued before has a right to be delivered
        self._state = _State.STOPPING
        self._inbox.refuse()
        self._crew.cancel_timers()
        try:
            await self._crew.drain_within(timeout_s, self._clock)
        finally:
            self._report = await self._crew.finish()
            self._router.close()
            self._state = _State.STOPPED
