"""The demo of several venues in one process: one event engine, one strategy, the best quote of all."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from foxtrot.cli.demo_stage import Stage
from foxtrot.cli.output import Row
from foxtrot.model.decimals import plain
from foxtrot.model.events import OrderEvent, Quote
from foxtrot.model.order import Fill, Order, OrderRequest, Side

if TYPE_CHECKING:
    from foxtrot.engine.bus import EventEngine
    from foxtrot.exchange import BaseExchange

_LIVE_S = 2.0
_WAIT_S = 8.0
_BUDGET = Decimal(300)


class SideBySide:
    """Run the same few trades on every venue, and compare their quotes. `engine` is shared by all of them."""

    def __init__(
        self, engine: EventEngine, exchanges: Sequence[BaseExchange], symbols: tuple[str, ...], stage: Stage
    ) -> None:
        self._engine = engine
        self._exchanges = exchanges
        self._symbols = symbols
        self._stage = stage
        self._quotes: dict[tuple[str, str], Quote] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._changed = asyncio.Event()
        self._good = True

    async def run(self) -> bool:
        """Play every act; return whether everything held."""
        begun = time.perf_counter()
        self._engine.subscribe(Quote, self._on_quote)
        self._engine.subscribe(OrderEvent, lambda event: self._changed.set())
        await self._engine.start()
        try:
            await asyncio.gather(*(exchange.connect() for exchange in self._exchanges))
            self._connected(time.perf_counter() - begun)
            await self._market()
            await self._trade()
        finally:
            await asyncio.gather(*(exchange.disconnect() for exchange in self._exchanges))
            await self._engine.stop()
        said = "everything held" if self._good else "something did not hold"
        self._stage.close(good=self._good, said=f"{said}, {time.perf_counter() - begun:.1f} s in all")
        return self._good

    def _connected(self, seconds: float) -> None:
        self._stage.act("Connecting")
        for exchange in self._exchanges:
            up = ", ".join(exchange.health().channels)
            self._step(exchange.name, f"{exchange.state.value}, channels {up}; all connected after {seconds:.2f} s")

    async def _market(self) -> None:
        self._stage.act("Quotes side by side")
        await asyncio.gather(*(exchange.subscribe_quotes(list(self._symbols)) for exchange in self._exchanges))
        wanted = [(exchange.name, symbol) for exchange in self._exchanges for symbol in self._symbols]
        until = time.perf_counter() + _LIVE_S
        seen = await self._until(lambda: all(key in self._quotes for key in wanted) and time.perf_counter() >= until)
        self._stage.table("quotes", [self._quoted(*key) for key in wanted if key in self._quotes])
        self._stage.table("best", [row for symbol in self._symbols if (row := self._best(symbol)) is not None])
        self._step("quotes", f"{self._counts.total()} from {len(self._exchanges)} venues in one engine", good=seen)

    def _quoted(self, venue: str, symbol: str) -> Row:
        quote = self._quotes[venue, symbol]
        updates = self._counts[venue, symbol]
        return {"symbol": symbol, "venue": venue, "bid": quote.bid, "ask": quote.ask, "updates": updates}

    def _best(self, symbol: str) -> Row | None:
        """Return the best quote of all venues; a spread below 0 is one that can be traded across them."""
        quotes = [quote for (_, name), quote in self._quotes.items() if name == symbol]
        if not quotes:
            return None
        bid, ask = max(quotes, key=lambda q: q.bid), min(quotes, key=lambda q: q.ask)
        return {
            "best of all": symbol,
            "sell at": bid.exchange,
            "bid": bid.bid,
            "buy at": ask.exchange,
            "ask": ask.ask,
            "spread": f"{(ask.ask - bid.bid) / ask.ask * 10_000:.1f} bp",
        }

    async def _trade(self) -> None:
        self._stage.act(f"The same strategy on each, in {self._symbols[0]}")
        rows = await asyncio.gather(*(self._round_trip(exchange) for exchange in self._exchanges))
        self._stage.table("round trips", rows)

    async def _round_trip(self, exchange: BaseExchange) -> Row:
        """Rest below the market and cancel, buy, sell again: what a strategy does, whatever the venue."""
        symbol = self._symbols[0]
        quote = self._quotes[exchange.name, symbol]
        size = exchange.contracts.round_quantity(symbol, _BUDGET / Decimal(repr(quote.ask)))
        low = exchange.contracts.round_price(symbol, quote.bid * 0.97, Side.BUY)
        resting = await exchange.place_order(OrderRequest.limit(symbol, "buy", size, low, post_only=True))
        await exchange.cancel_order(symbol, client_order_id=resting.client_order_id)
        bought = await self._done(exchange, await exchange.place_order(OrderRequest.market(symbol, "buy", size)))
        sold = await self._done(exchange, await exchange.place_order(OrderRequest.market(symbol, "sell", size)))
        even = bought.filled == sold.filled == size
        self._step(exchange.name, f"bought and sold {plain(size)}, nothing left", good=even)
        return {
            "venue": exchange.name,
            "bought": plain(bought.filled),
            "at": f"{bought.average_price or 0:.8g}",
            "sold": plain(sold.filled),
            "for": f"{sold.average_price or 0:.8g}",
            "fees": _fees([*bought.fills, *sold.fills]),
        }

    async def _done(self, exchange: BaseExchange, order: Order) -> Order:
        """Return an order once it is done and its executions are known."""

        def settled() -> bool:
            known = exchange.orders.get(order.client_order_id) or order
            return known.status.done and not known.fills_missing

        await self._until(settled)
        return exchange.orders.get(order.client_order_id) or order

    async def _until(self, condition: Callable[[], bool]) -> bool:
        """Return whether the condition came true in time; looked at after each event."""
        try:
            async with asyncio.timeout(_WAIT_S):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _step(self, name: str, said: str, *, good: bool = True) -> None:
        self._good = self._good and good
        self._stage.step(name, said, good=good)

    def _on_quote(self, quote: Quote) -> None:
        self._quotes[quote.exchange, quote.symbol] = quote
        self._counts[quote.exchange, quote.symbol] += 1
        self._changed.set()


def _fees(fills: Sequence[Fill]) -> str:
    """Return the fees by asset."""
    paid: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        paid[fill.fee_asset] += fill.fee
    return " + ".join(f"{plain(amount)} {asset}" for asset, amount in sorted(paid.items()))
