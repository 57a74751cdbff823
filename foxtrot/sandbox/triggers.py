"""Orders that wait for the last trade price to reach their stop price, and stops that follow that price."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from decimal import Decimal

from foxtrot.model.decimals import floor_to
from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import VenueOrder

_WAITS_FOR_RISE = frozenset(
    {
        (OrderType.STOP_LOSS, Side.BUY),
        (OrderType.STOP_LOSS_LIMIT, Side.BUY),
        (OrderType.TAKE_PROFIT, Side.SELL),
        (OrderType.TAKE_PROFIT_LIMIT, Side.SELL),
        (OrderType.TRAILING_STOP, Side.BUY),
    }
)
# Sorts the nearest stop price first, at one price the earliest order; prices of those that wait for a fall are negated.
_Key = tuple[Decimal, int]


def would_trigger(kind: OrderType, side: Side, stop_price: Decimal, last_price: Decimal) -> bool:
    """Tell whether the last price has already reached a stop price."""
    return last_price >= stop_price if (kind, side) in _WAITS_FOR_RISE else last_price <= stop_price


def trailing_stop(order: VenueOrder, tick: Decimal) -> Decimal:
    """Return the stop price of a trailing stop by its best price so far, cut to the price grid; at least one tick."""
    distance = order.trailing_offset or order.peak_price * order.trailing_percent / 100
    stop = order.peak_price + distance if order.side is Side.BUY else order.peak_price - distance
    return max(floor_to(stop, tick), tick)


class Triggers:
    """Keep waiting orders sorted, so that a trade looks only at those that it triggers."""

    def __init__(self) -> None:
        self._rising: list[_Key] = []
        self._falling: list[_Key] = []
        self._orders: dict[int, VenueOrder] = {}
        self._trailing: dict[int, VenueOrder] = {}

    def add(self, order: VenueOrder) -> None:
        """Let an order wait."""
        self._orders[order.order_id] = order
        if order.type is OrderType.TRAILING_STOP:
            self._trailing[order.order_id] = order
        insort(self._keys(order), self._key(order))

    def remove(self, order: VenueOrder) -> None:
        """Let an order wait no longer; one that does not wait is passed over."""
        if self._orders.pop(order.order_id, None) is not None:
            self._trailing.pop(order.order_id, None)
            keys = self._keys(order)
            keys.pop(bisect_left(keys, self._key(order)))

    def follow(self, last_price: Decimal, tick: Decimal) -> list[VenueOrder]:
        """Let trailing stops follow a better price; return those that moved."""
        better = [o for o in self._trailing.values() if _is_better(o.side, last_price, o.peak_price)]
        for order in better:
            self.remove(order)
            order.peak_price = last_price
            order.stop_price = trailing_stop(order, tick)
            self.add(order)
        return better

    def reached(self, last_price: Decimal) -> list[VenueOrder]:
        """Take out the orders whose stop price is reached, the nearest first."""
        due = _cut(self._rising, last_price) + _cut(self._falling, last_price.copy_negate())
        for _, number in due:
            self._trailing.pop(number, None)
        return [self._orders.pop(number) for _, number in due]

    def _keys(self, order: VenueOrder) -> list[_Key]:
        return self._rising if (order.type, order.side) in _WAITS_FOR_RISE else self._falling

    def _key(self, order: VenueOrder) -> _Key:
        rises = (order.type, order.side) in _WAITS_FOR_RISE
        return (order.stop_price if rises else order.stop_price.copy_negate(), order.order_id)


def _is_better(side: Side, price: Decimal, peak: Decimal) -> bool:
    return price < peak if side is Side.BUY else price > peak


def _cut(keys: list[_Key], bound: Decimal) -> list[_Key]:
    reached = bisect_right(keys, bound, key=lambda key: key[0])
    due = keys[:reached]
    del keys[:reached]
    return due
