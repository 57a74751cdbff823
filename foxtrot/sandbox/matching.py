"""One symbol's book of resting orders: best price first, at one price the earliest first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Side
from foxtrot.sandbox.types import VenueOrder


class Resting:
    """An order on the book: `visible` is what is shown of it (a slice of an iceberg, all of it otherwise)."""

    __slots__ = ("order", "visible")

    def __init__(self, order: VenueOrder) -> None:
        self.order = order
        self.visible = self.next_slice()

    def next_slice(self) -> Decimal:
        """Return what is shown when a new slice begins."""
        remaining = self.order.remaining
        return min(remaining, self.order.iceberg_quantity) if self.order.iceberg_quantity else remaining


class Level:
    """One price: its orders in order of arrival (a dict, so that leaving costs the same anywhere), and their sum."""

    __slots__ = ("queue", "visible")

    def __init__(self) -> None:
        self.queue: dict[int, Resting] = {}
        self.visible = ZERO


class BookSide:
    """The bids or the asks, with the prices kept sorted."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._prices: list[Decimal] = []  # ascending
        self._levels: dict[Decimal, Level] = {}

    def best_price(self) -> Decimal | None:
        """Return the price that is matched first."""
        if not self._prices:
            return None
        return self._prices[-1] if self.side is Side.BUY else self._prices[0]

    def first_within(self, limit: Decimal | None) -> Resting | None:
        """Return the order that an incoming one with this limit (None: any price) meets first."""
        best = self.best_price()
        if best is None or not self._is_within(best, limit):
            return None
        return next(iter(self._levels[best].queue.values()))

    def add(self, order: VenueOrder) -> None:
        """Put an order at the end of its price's queue."""
        level = self._levels.get(order.price)
        if level is None:
            level = self._levels[order.price] = Level()
            insort(self._prices, order.price)
        resting = level.queue[order.order_id] = Resting(order)
        level.visible += resting.visible

    def remove(self, order: VenueOrder) -> None:
        """Take an order off the book."""
        level = self._levels[order.price]
        level.visible -= level.queue.pop(order.order_id).visible
        if not level.queue:
            del self._levels[order.price]
            self._prices.pop(bisect_left(self._prices, order.price))

    def take(self, resting: Resting, quantity: Decimal) -> None:
        """Take away what was just filled or prevented of an order: all that remains, or of what it shows.

        An iceberg's next slice starts at the back.
        """
        order = resting.order
        if order.remaining == 0:
            self.remove(order)
            return
        level = self._levels[order.price]
        resting.visible -= quantity
        level.visible -= quantity
        if resting.visible == 0:
            level.queue[order.order_id] = level.queue.pop(order.order_id)
            resting.visible = resting.next_slice()
            level.visible += resting.visible

    def shrink(self, resting: Resting) -> None:
        """Show no more of an order than remains of it; it keeps its place."""
        level = self._levels[resting.order.price]
        hidden = resting.visible - min(resting.visible, resting.order.remaining)
        resting.visible -= hidden
        level.visible -= hidden

    def quantity_at(self, price: Decimal) -> Decimal:
        """Return the visible quantity of a price, 0 when there is none."""
        level = self._levels.get(price)
        return ZERO if level is None else level.visible

    def resting(self, order: VenueOrder) -> Resting | None:
        """Return the book entry of an order, None when it is not on the book."""
        level = self._levels.get(order.price)
        return None if level is None else level.queue.get(order.order_id)

    def prices(self, limit: Decimal | None = None) -> Iterator[Decimal]:
        """Yield the prices that an incoming order with this limit (None: any price) could match, best first."""
        for price in reversed(self._prices) if self.side is Side.BUY else self._prices:
            if not self._is_within(price, limit):
                return
            yield price

    def levels(self, count: int) -> list[tuple[Decimal, Decimal]]:
        """Return the best `count` levels as (price, visible quantity)."""
        if count <= 0:
            return []
        prices = self._prices[: -count - 1 : -1] if self.side is Side.BUY else self._prices[:count]
        return [(price, self._levels[price].visible) for price in prices]

    def queue(self, price: Decimal) -> list[Resting]:
        """Return the orders of one price, earliest first."""
        level = self._levels.get(price)
        return [] if level is None else list(level.queue.values())

    def _is_within(self, price: Decimal, limit: Decimal | None) -> bool:
        if limit is None:
            return True
        return price >= limit if self.side is Side.BUY else price <= limit


class Book:
    """Both sides of one symbol, and the counter of its changes."""

    def __init__(self) -> None:
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.update_id = 0

    def side(self, side: Side) -> BookSide:
        """Return the side on which orders of `side` rest."""
        return self.bids if side is Side.BUY else self.asks
