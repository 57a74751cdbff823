"""Seeded agents that keep a living two-sided market: the same seed makes the same events."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO, floor_to
from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder, VenueOrder
from foxtrot.sandbox.venue import Venue

_PRICES = {"BTC": 60_000, "ETH": 3_000, "SOL": 150, "LTC": 80, "HBAR": 0.2, "ADA": 0.5, "XRP": 0.6, "DOGE": 0.15}
_LEVELS = 25
_ORDER_VALUE = 2_000  # in the quote asset


def starting_price(base: str, quote: str) -> Decimal:
    """Return a plausible first price of a pair: from a small table, 10 for assets that are not in it."""
    price = _PRICES.get(base, 10) / _PRICES.get(quote, 1)
    return Decimal(f"{price:.6g}")


class MarketFlow:
    """Act as the market's agents: quote around a slowly wandering fair price, cancel, take."""

    def __init__(self, venue: Venue, symbols: Sequence[str], seed: int, rate: float) -> None:
        self.rate = rate
        self._agents = [_Agent(venue, venue.contracts[s], random.Random(f"{seed}:{s}:flow")) for s in symbols]
        self._done = 0

    def seed_book(self) -> None:
        """Fill every book."""
        for agent in self._agents:
            agent.fill_book()

    def step(self) -> None:
        """Do one action on the next symbol in turn."""
        self._agents[self._done % len(self._agents)].act()
        self._done += 1

    def catch_up(self, elapsed_s: float, at_most: int = 1_000) -> None:
        """Do the actions due `elapsed_s` after the start, at most so many at once."""
        for _ in range(min(self.due(elapsed_s), at_most)):
            self.step()

    def due(self, elapsed_s: float) -> int:
        """Return how many actions are still to be done `elapsed_s` after the start."""
        return max(int(elapsed_s * self.rate) - self._done, 0)


class _Agent:
    """Make the market of one symbol."""

    def __init__(self, venue: Venue, contract: Contract, chance: random.Random) -> None:
        self._venue = venue
        self._contract = contract
        self._chance = chance
        self._tick = contract.price_tick or Decimal("0.01")
        self._step = contract.quantity_step or Decimal("0.00001")
        self._start = venue.last_price(contract.symbol)
        self._fair = float(self._start)
        self._quotes: dict[int, VenueOrder] = {}

    def fill_book(self) -> None:
        """Quote a whole ladder on both sides, none while the symbol is halted."""
        if not self._venue.trading(self._contract.symbol):
            return
        for level in range(1, _LEVELS + 1):
            for side in Side:
                self._quote(side, level + self._chance.randint(0, 1))

    def act(self) -> None:
        """Move the fair price a little, then quote, cancel or take; do nothing while the symbol is halted."""
        if not self._venue.trading(self._contract.symbol):
            return
        pull = (float(self._start) - self._fair) / float(self._start) * 0.001
        self._fair *= 1 + pull + self._chance.gauss(0, 0.00008)
        what = self._chance.random()
        if what < 0.3:
            self._take()
        elif what < 0.65 or len(self._quotes) < _LEVELS:
            self._quote(self._chance.choice(list(Side)), 1 + int(self._chance.expovariate(0.2)))
        self._tidy()

    def _quote(self, side: Side, distance: int) -> None:
        width = max(self._tick, floor_to(Decimal(repr(self._fair * 0.0001)), self._tick))
        offset = width * distance
        fair = floor_to(Decimal(repr(self._fair)), self._tick)
        price = fair - offset if side is Side.BUY else fair + offset
        against = self._venue.best(self._contract.symbol, side.opposite)
        if against is not None:
            # Quotes never cross: only `_take` trades.
            limit = against[0]
            price = min(price, limit - self._tick) if side is Side.BUY else max(price, limit + self._tick)
        if price <= 0:
            return
        order = self._venue.place(
            NewOrder(
                account=MARKET_ACCOUNT,
                symbol=self._contract.symbol,
                side=side,
                type=OrderType.LIMIT,
                quantity=self._size(price),
                price=price,
            )
        )
        self._quotes[order.order_id] = order

    def _take(self) -> None:
        best_bid = self._venue.best(self._contract.symbol, Side.BUY)
        best_ask = self._venue.best(self._contract.symbol, Side.SELL)
        if best_bid is None or best_ask is None:
            return
        middle = float(best_bid[0] + best_ask[0]) / 2
        side = Side.BUY if self._chance.random() < (0.7 if self._fair > middle else 0.3) else Side.SELL
        price = best_ask[0] if side is Side.BUY else best_bid[0]
        self._venue.place(
            NewOrder(
                account=MARKET_ACCOUNT,
                symbol=self._contract.symbol,
                side=side,
                type=OrderType.LIMIT,
                quantity=self._size(price),
                price=price,
                time_in_force=TimeInForce.IOC,
            )
        )

    def _tidy(self) -> None:
        """Forget filled quotes; cancel the oldest when there are too many, and those that the fair price has passed."""
        open_ids = self._venue.open_ids(MARKET_ACCOUNT)
        self._quotes = {number: order for number, order in self._quotes.items() if number in open_ids}
        stale = [o for o in self._quotes.values() if self._passed(o)][:2]
        surplus = list(self._quotes.values())[: max(0, len(self._quotes) - 3 * _LEVELS)]
        for order in {o.order_id: o for o in (*stale, *surplus)}.values():
            self._venue.cancel(MARKET_ACCOUNT, order.symbol, order_id=order.order_id)
            del self._quotes[order.order_id]

    def _passed(self, order: VenueOrder) -> bool:
        return float(order.price) > self._fair if order.side is Side.BUY else float(order.price) < self._fair

    def _size(self, price: Decimal) -> Decimal:
        value = self._chance.lognormvariate(0, 0.8) * _ORDER_VALUE
        return max(floor_to(Decimal(repr(value)) / price, self._step), self._step, self._contract.min_quantity, ZERO)
