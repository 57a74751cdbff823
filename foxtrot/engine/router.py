"""Who gets which event: a table per exact type, exchange and symbol, built when first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet

from foxtrot.engine.lane import Lane, Route
from foxtrot.errors import InvalidRequest, StateError
from foxtrot.model.events import Event

if TYPE_CHECKING:
    from foxtrot.engine.subscription import Subscription

_MOST_LANES = 65_536  # symbols come from outside; the cache must not grow with whatever arrives


Table = dict[type[Event], dict[str, dict[str, Lane]]]


class Router:
    """Keep the subscriptions and derive from them who gets what.

    Two caches a publisher reads by itself. `only[type]` is the one subscription that gets all events of a type, where
    it is direct and the only one that gets any, else None; after a KeyError `find_only` is asked. Then
    `table[type][exchange][symbol]` is the lane of an event; after a KeyError `lane` is asked. The dicts stay the same
    objects for the router's life; every change of the subscriptions empties them, and the lanes that were given away
    for good find their receivers anew.
    """

    def __init__(self, make_lane: Callable[[], Lane]) -> None:
        self.table: Table = {}
        self.only: dict[type[Event], Subscription | None] = {}
        self._make_lane = make_lane
        self._given: WeakSet[Lane] = WeakSet()
        self._lanes = 0
        self._closed = False
        self._listeners: dict[tuple[type, str | None, str | None], list[Subscription]] = {}

    def add(self, subscription: Subscription) -> None:
        """Take in a subscription; it gets the events published from now on."""
        self._listeners.setdefault(_key(subscription), []).append(subscription)
        self._forget()

    def remove(self, subscription: Subscription) -> None:
        """Take a subscription out."""
        listeners = self._listeners[_key(subscription)]
        listeners.remove(subscription)
        if not listeners:
            del self._listeners[_key(subscription)]
        self._forget()

    def close(self) -> None:
        """Route nothing more until `open`."""
        self._closed = True
        self._forget()

    def open(self) -> None:
        """Route again."""
        self._closed = False

    def find_only(self, event: Event) -> Subscription | None:
        """Return who alone gets all events of an event's type, and remember it. Raises InvalidRequest as `lane`."""
        _require_event(event)
        if self._closed:
            return None
        listening = [
            subscription
            for (event_type, _, _), listeners in self._listeners.items()
            if isinstance(event, event_type)
            for subscription in listeners
        ]
        whole = [one for one in listening if one.consumer is None and one.exchange is None and one.symbol is None]
        self.only[type(event)] = found = whole[0] if len(whole) == len(listening) == 1 else None
        return found

    def lane(self, event: Event) -> Lane:
        """Return the lane of an event and remember it for its kind. Raises InvalidRequest for anything but an Event."""
        _require_event(event)
        if self._lanes >= _MOST_LANES:
            self._forget()
        by_symbol = self.table.setdefault(type(event), {}).setdefault(event.exchange, {})
        if event.symbol not in by_symbol:
            by_symbol[event.symbol] = self._make_lane()
            self._lanes += 1
        return by_symbol[event.symbol]

    def give_lane(self) -> Lane:
        """Return a lane that is good for as long as anybody holds it."""
        lane = self._make_lane()
        self._given.add(lane)
        return lane

    def route(self, event: Event) -> Route:
        """Return who gets `event`, in the order in which they subscribed. Raises StateError while closed."""
        if self._closed:
            raise StateError("The engine is stopped and delivers no events; start() it again first.")
        found = [
            subscription
            for base in type(event).__mro__
            for exchange in (event.exchange, None)
            for symbol in (event.symbol, None)
            for subscription in self._listeners.get((base, exchange, symbol), ())
        ]
        found.sort(key=lambda subscription: subscription.number)
        direct = tuple(subscription for subscription in found if subscription.consumer is None)
        queued = tuple(subscription.consumer for subscription in found if subscription.consumer is not None)
        return direct, queued

    def _forget(self) -> None:
        self.table.clear()
        self.only.clear()
        self._lanes = 0
        for lane in self._given:
            lane.forget()


def _key(subscription: Subscription) -> tuple[type, str | None, str | None]:
    return subscription.event_type, subscription.exchange, subscription.symbol


def _require_event(event: object) -> None:
    if not isinstance(event, Event):
        raise InvalidRequest(f"Only events can be published, not {type(event).__name__}.", field="event")
