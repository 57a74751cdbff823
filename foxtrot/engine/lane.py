"""The way of one kind of event to its receivers: the innermost loop of the engine."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Protocol

from foxtrot.errors import InvalidRequest
from foxtrot.model.events import Event

if TYPE_CHECKING:
    from foxtrot.engine.consumer import Consumer
    from foxtrot.engine.subscription import Subscription

# Subscriptions to call at once, consumers to hand an event to.
Route = tuple[tuple["Subscription", ...], tuple["Consumer", ...]]


class LaneHost(Protocol):
    """What the lanes of one engine share: `dispatching` while an event is on its way, `unusual` when more is to do."""

    dispatching: bool
    unusual: bool

    def defer(self, event: Event) -> None: ...
    def isolate(self, subscription: Subscription, event: Event, error: BaseException) -> None: ...
    def wind_up(self) -> None: ...
    def find_route(self, event: Event) -> Route: ...


class Lane:
    """Deliver events of one type, exchange and symbol; the receivers are found when the first one comes.

    `only` is the one receiver, where there is one and it is direct.
    """

    __slots__ = ("__weakref__", "_direct", "_host", "_queued", "only")

    def __init__(self, host: LaneHost) -> None:
        self._host = host
        self.only: Subscription | None = None
        self._direct: tuple[Subscription, ...] | None = None  # None when the receivers must be found anew
        self._queued: tuple[Consumer, ...] = ()

    def publish(self, event: Event) -> None:
        """Do what `EventEngine.publish` promises; the event must be of this lane's type, exchange and symbol."""
        only = self.only
        if only is None:
            self.publish_to_any(event)
            return
        host = self._host
        if host.dispatching:
            host.defer(event)
            return
        # The same as below without the loops: nearly every event has one receiver.
        host.dispatching = True
        try:
            only.last = last = only.last + 1
            handler = only.handler if last < only.watch else only.call_watched
            result = handler(event)
            if result is not None:
                refuse_coroutine(result)
        except BaseException as error:  # noqa: BLE001 - isolation seam: told by the reporter
            host.isolate(only, event, error)
        finally:
            host.dispatching = False
        if host.unusual:
            host.wind_up()

    def forget(self) -> None:
        """Find the receivers anew."""
        self.only = self._direct = None

    def publish_to_any(self, event: Event) -> None:
        """Do the same, however many receivers there are."""
        host = self._host
        if host.dispatching:
            host.defer(event)
            return
        host.dispatching = True
        try:
            direct = self._direct
            if direct is None:
                direct = self._find_receivers(event)
            for subscription in direct:
                subscription.last = last = subscription.last + 1
                try:
                    handler = subscription.handler if last < subscription.watch else subscription.call_watched
                    result = handler(event)
                    if result is not None:
                        refuse_coroutine(result)
                except BaseException as error:  # noqa: BLE001 - as above
                    host.isolate(subscription, event, error)
            if self._queued:
                for consumer in self._queued:
                    consumer.offer(event)
        finally:
            host.dispatching = False
        if host.unusual:
            host.wind_up()

    def _find_receivers(self, event: Event) -> tuple[Subscription, ...]:
        direct, self._queued = self._host.find_route(event)
        self._direct = direct
        self.only = direct[0] if len(direct) == 1 and not self._queued else None
        return direct


def refuse_coroutine(result: object) -> None:
    """Raise InvalidRequest for a coroutine, close it; pass over anything else."""
    # A plain function that returns a coroutine (a lambda around an async one): nobody would ever await it.
    if inspect.iscoroutine(result):
        result.close()
        raise InvalidRequest("It returned a coroutine; make it an async function, or subscribe it with a queue.")
