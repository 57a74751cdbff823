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
        self.visible = ZERO
        self.refill()

    def refill(self) -> None:
        """Show the next slice."""
        remaining = self.order.remaining
        self.visible = min(remaining, self.order.iceberg_quantity) if self.order.iceberg_quantity else remaining


class BookSide:
    """The bids or the asks. Prices are kept sorted; each price is a queue in order of arrival."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._prices: list[Decimal] = []  # ascending
        self._levels: dict[Decimal, dict[int, Resting]] = {}

    def __bool__(self) -> bool:
        return bool(self._prices)

    def best_price(self) -> Decimal | None:
        """Return the price that is matched first."""
        if not self._prices:
            return None
        return self._prices[-1] if self.side is Side.BUY else self._prices[0]

    def first(self) -> Resting | None:
        """Return the order that is matched first."""
        price = self.best_price()
        return None if price is None else next(iter(self._levels[price].values()))

    def add(self, order: VenueOrder) -> Resting:
        """Put an order at the end of its price's queue."""
        level = self._levels.get(order.price)
        if level is None:
            level = self._levels[order.price] = {}
            insort(self._prices, order.price)
        resting = level[order.order_id] = Resting(order)
        return resting

    def remove(self, order: VenueOrder) -> None:
        """Take an order off the book."""
        level = self._levels[order.price]
        del level[order.order_id]
        if not level:
            del self._levels[order.price]
            self._prices.pop(bisect_left(self._prices, order.price))

    def requeue(self, resting: Resting) -> None:
        """Show an iceberg's next slice at the end of the queue."""
        level = self._levels[resting.order.price]
        level[resting.order.order_id] = level.pop(resting.order.order_id)
        resting.refill()

    def quantity_at(self, price: Decimal) -> Decimal:
        """Return the visible quantity of a price, 0 when there is none."""
        return sum((r.visible for r in self._levels.get(price, {}).values()), ZERO)

    def resting(self, order: VenueOrder) -> Resting | None:
        """Return the book entry of an order, None when it is not on the book."""
        return self._levels.get(order.price, {}).get(order.order_id)

    def prices(self) -> Iterator[Decimal]:
        """Yield prices, best first."""
        return reversed(self._prices) if self.side is Side.BUY else iter(self._prices)

    def levels(self, limit: int) -> list[tuple[Decimal, Decimal]]:
        """Return the best `limit` levels as (price, visible quantity)."""
        found: list[tuple[Decimal, Decimal]] = []
        for price in self.prices():
            if len(found) == limit:
                break
            found.append((price, self.quantity_at(price)))
        return found

    def queue(self, price: Decimal) -> list[Resting]:
        """Return the orders of one price, earliest first."""
        return list(self._levels.get(price, {}).values())

    def reaches(self, price: Decimal | None) -> bool:
        """Tell whether an incoming order with this limit (None: any price) would match the best level."""
        best = self.best_price()
        if best is None:
            return False
        if price is None:
            return True
        return best >= price if self.side is Side.BUY else best <= price

    def fillable(self, price: Decimal | None, wanted: Decimal, account: str) -> Decimal:
        """Return how much of `wanted` could be matched within the limit against orders of other accounts."""
        found = ZERO
        for level_price in self.prices():
            if price is not None and (level_price < price if self.side is Side.BUY else level_price > price):
                break
            found += sum((r.order.remaining for r in self.queue(level_price) if r.order.account != account), ZERO)
            if found >= wanted:
                break
        return found


class Book:
    """Both sides of one symbol, and the counter of its changes."""

    def __init__(self) -> None:
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.update_id = 0

    def side(self, side: Side) -> BookSide:
        """Return the side on which orders of `side` rest."""
        return self.bids if side is Side.BUY else self.asks
