"""An order book as it was at one moment, and what can be read from it."""

from __future__ import annotations

import math

import msgspec

from foxtrot.errors import InvalidRequest
from foxtrot.model.decimals import Number, to_decimal
from foxtrot.model.order import Side

Level = tuple[float, float]
_DUST = 1e-12  # a share of a quantity that sums of float64 may be wrong by


class OrderBook(msgspec.Struct, frozen=True):
    """Hold an immutable copy of a book: bids descending, asks ascending, as (price, quantity).

    `ts_recv` is ns UTC, 0 where it was not received by a stream. `update_id` is the venue's.
    """

    exchange: str
    symbol: str
    ts_recv: int
    update_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @property
    def best_bid(self) -> Level | None:
        """Return the highest bid, None when the side is empty."""
        return self.bids[0] if self.bids else None

    @property
    def best_ask(self) -> Level | None:
        """Return the lowest ask, None when the side is empty."""
        return self.asks[0] if self.asks else None

    @property
    def mid(self) -> float | None:
        """Return the middle between the best prices, None when a side is empty."""
        return (self.bids[0][0] + self.asks[0][0]) / 2 if self.bids and self.asks else None

    @property
    def spread(self) -> float | None:
        """Return the best ask less the best bid, None when a side is empty."""
        return self.asks[0][0] - self.bids[0][0] if self.bids and self.asks else None

    def levels(self, count: int) -> OrderBook:
        """Return the book of the best `count` levels a side. Raises InvalidRequest for less than one."""
        _at_least_one(count, "count")
        return msgspec.structs.replace(self, bids=self.bids[:count], asks=self.asks[:count])

    def depth_to(self, side: Side | str, price: Number) -> float:
        """Return the quantity that an order of `side` finds up to its limit `price`, inclusive.

        A buy looks at the asks, a sell at the bids. Raises InvalidRequest for a price that is no positive number.
        """
        limit, buys = _positive(price, "price"), _side(side) is Side.BUY
        return math.fsum(q for p, q in self._against(side) if (p <= limit if buys else p >= limit))

    def vwap(self, side: Side | str, quantity: Number) -> float:
        """Return the average price at which an order of `side` for `quantity` would execute now.

        Raises InvalidRequest when the book does not hold so much, or for a quantity that is no positive number.
        """
        wanted, levels = _positive(quantity, "quantity"), self._against(side)
        held = math.fsum(available for _, available in levels)
        if held < wanted * (1 - _DUST):
            raise InvalidRequest(
                f"The book of {self.symbol} holds {held:.12g} against a {_side(side).value}, not {wanted:.12g}; "
                "ask for a deeper book or a smaller quantity.",
                field="quantity",
            )
        left, paid, bought = wanted, [], []
        for price, available in levels:
            taken = min(left, available)
            paid.append(price * taken)
            bought.append(taken)
            left -= taken
            if left <= 0:
                break
        return math.fsum(paid) / math.fsum(bought)

    def imbalance(self, count: int = 1) -> float:
        """Return (bids - asks) / (bids + asks) of the quantities in the best `count` levels: -1 to 1, 0 when empty."""
        _at_least_one(count, "count")
        bids = math.fsum(quantity for _, quantity in self.bids[:count])
        asks = math.fsum(quantity for _, quantity in self.asks[:count])
        return (bids - asks) / (bids + asks) if bids + asks else 0.0

    def _against(self, side: Side | str) -> tuple[Level, ...]:
        return self.asks if _side(side) is Side.BUY else self.bids


def _side(side: Side | str) -> Side:
    try:
        return Side(side)
    except ValueError:
        raise InvalidRequest(f'side must be "buy" or "sell", not {side!r}.', field="side") from None


def _positive(value: Number, field: str) -> float:
    number = to_decimal(value, field)
    if number <= 0:
        raise InvalidRequest(f"{field} must be a positive number, not {value!r}.", field=field)
    return float(number)


def _at_least_one(count: int, name: str) -> None:
    if not isinstance(count, int) or count < 1:
        raise InvalidRequest(f"{name} must be a whole number of at least 1, not {count!r}.", field=name)
