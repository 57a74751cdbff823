"""Orders that wait for the last trade price to reach their stop price."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from decimal import Decimal

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import VenueOrder

_WAITS_FOR_RISE = frozenset(
    {
        (OrderType.STOP_LOSS, Side.BUY),
        (OrderType.STOP_LOSS_LIMIT, Side.BUY),
        (OrderType.TAKE_PROFIT, Side.SELL),
        (OrderType.TAKE_PROFIT_LIMIT, Side.SELL),
    }
)
# Sorts the nearest stop price first, at one price the earliest order; prices of those that wait for a fall are negated.
_Key = tuple[Decimal, int]


def would_trigger(kind: OrderType, side: Side, stop_price: Decimal, last_price: Decimal) -> bool:
    """Tell whether the last price has already reached a stop price."""
    return last_price >= stop_price if (kind, side) in _WAITS_FOR_RISE else last_price <= stop_price


class Triggers:
    """Keep waiting orders sorted, so that a trade looks only at those that it triggers."""

    def __init__(self) -> None:
        self._rising: list[_Key] = []
        self._falling: list[_Key] = []
        self._orders: dict[int, VenueOrder] = {}

    def add(self, order: VenueOrder) -> None:
        """Let an order wait."""
        self._orders[order.order_id] = order
        insort(self._keys(order), self._key(order))

    def remove(self, order: VenueOrder) -> None:
        """Let an order wait no longer; one that does not wait is passed over."""
        if self._orders.pop(order.order_id, None) is not None:
            keys = self._keys(order)
            keys.pop(bisect_left(keys, self._key(order)))

    def reached(self, last_price: Decimal) -> list[VenueOrder]:
        """Take out the orders whose stop price is reached, the nearest first."""
        due = _cut(self._rising, last_price) + _cut(self._falling, last_price.copy_negate())
        return [self._orders.pop(number) for _, number in due]

    def _keys(self, order: VenueOrder) -> list[_Key]:
        return self._rising if (order.type, order.side) in _WAITS_FOR_RISE else self._falling

    def _key(self, order: VenueOrder) -> _Key:
        rises = (order.type, order.side) in _WAITS_FOR_RISE
        return (order.stop_price if rises else order.stop_price.copy_negate(), order.order_id)


def _cut(keys: list[_Key], bound: Decimal) -> list[_Key]:
    reached = bisect_right(keys, bound, key=lambda key: key[0])
    due = keys[:reached]
    del keys[:reached]
    return due
