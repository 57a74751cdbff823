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
    """Deliver events of one type, exchange and symbol; `direct` is None when the receivers must be found anew."""

    __slots__ = ("__weakref__", "_host", "direct", "queued")

    def __init__(self, host: LaneHost) -> None:
        self._host = host
        self.direct: tuple[Subscription, ...] | None = None
        self.queued: tuple[Consumer, ...] = ()

    def publish(self, event: Event) -> None:
        """Do what `EventEngine.publish` promises; the event must be of this lane's type, exchange and symbol."""
        host = self._host
        if host.dispatching:
            host.defer(event)
            return
        host.dispatching = True
        try:
            direct = self.direct
            if direct is None:
                direct, self.queued = host.find_route(event)
                self.direct = direct
            for subscription in direct:
                subscription.last = last = subscription.last + 1
                try:
                    if last & subscription.mask:
                        result = subscription.handler(event)
                    else:
                        result = subscription.call_watched(event)
                    if result is not None:
                        _refuse_coroutine(result)
                except BaseException as error:  # noqa: BLE001 - isolation seam: told by the reporter
                    host.isolate(subscription, event, error)
            if self.queued:
                for consumer in self.queued:
                    consumer.offer(event)
        finally:
            host.dispatching = False
        if host.unusual:
            host.wind_up()


def _refuse_coroutine(result: object) -> None:
    # A plain function that returns a coroutine (a lambda around an async one): nobody would ever await it.
    if inspect.iscoroutine(result):
        result.close()
        raise InvalidRequest("It returned a coroutine; make it an async function, or subscribe it with a queue.")
