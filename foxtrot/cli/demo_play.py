"""What happens in the demo, act by act; every wait is for a condition and bounded."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from foxtrot.cli.demo_stage import Stage
from foxtrot.errors import CancelRejected, FoxtrotError, OrderDenied, VenueError
from foxtrot.model.decimals import plain
from foxtrot.model.events import Event, MarketEvent, OrderEvent, Quote
from foxtrot.model.order import Order, OrderRequest, OrderStatus, Side

if TYPE_CHECKING:
    from foxtrot.exchange import BaseExchange
    from foxtrot.model.account import Balance

_LIVE_S = 2.0
_WAIT_S = 8.0
_TRIES = 10


class Play:
    """Run the demo on one exchange."""

    def __init__(self, exchange: BaseExchange, symbols: tuple[str, ...], stage: Stage) -> None:
        self._exchange = exchange
        self._symbols = symbols
        self._symbol = symbols[0]
        self._stage = stage
        self._counts: Counter[tuple[str, str]] = Counter()
        self._quotes: dict[str, Quote] = {}
        self._changed = asyncio.Event()
        self._good = True
        self._started = 0.0

    async def run(self) -> bool:
        """Play every act; return whether everything held."""
        begun, running = time.perf_counter(), asyncio.all_tasks()
        self._exchange.engine.subscribe(MarketEvent, self._on_market)
        self._exchange.engine.subscribe(OrderEvent, self._on_order)
        await self._exchange.connect()
        try:
            self._connected(time.perf_counter() - begun)
            await self._market()
            before = await self._exchange.fetch_balance()
            await self._orders()
            await self._refusals()
            await self._reconcile(before)
        finally:
            await self._exchange.disconnect()
        left = asyncio.all_tasks() - running
        self._step("shutdown", f"clean, {len(left)} tasks left behind", good=not left)
        seconds = time.perf_counter() - begun
        said = f"{'everything held' if self._good else 'something did not hold'}, {seconds:.1f} s in all"
        self._stage.close(good=self._good, said=said)
        return self._good

    def _connected(self, seconds: float) -> None:
        exchange = self._exchange
        self._stage.act("Connecting")
        channels = ", ".join(f"{name}: {c.reason}" for name, c in exchange.health().channels.items())
        self._step("connected", f"{exchange.name} is {exchange.state.value} after {seconds:.2f} s")
        self._step("channels", channels)
        self._step("contracts", f"{len(exchange.contracts.all())} listed, every rule read from the venue")

    async def _market(self) -> None:
        self._stage.act("Live market data")
        symbols = list(self._symbols)
        self._started = time.perf_counter()
        await self._exchange.subscribe_quotes(symbols)
        await self._exchange.subscribe_trades(symbols)
        await self._exchange.subscribe_order_book(symbols)
        wanted = [(symbol, kind) for symbol in symbols for kind in ("Quote", "Trade", "BookUpdated")]
        listened_until = time.perf_counter() + _LIVE_S
        seen = await self._until(
            lambda: all(self._counts[key] for key in wanted) and time.perf_counter() >= listened_until
        )
        elapsed = time.perf_counter() - self._started
        rows = [
            {
                "symbol": symbol,
                "bid": self._quotes[symbol].bid,
                "ask": self._quotes[symbol].ask,
                "quotes": self._counts[symbol, "Quote"],
                "trades": self._counts[symbol, "Trade"],
                "book updates": self._counts[symbol, "BookUpdated"],
            }
            for symbol in symbols
            if symbol in self._quotes
        ]
        self._stage.table("market", rows)
        total = sum(self._counts.values())
        books = [self._exchange.market_data.order_book(symbol) for symbol in symbols]
        kept = sum(book is not None for book in books)
        self._step("streams", f"{total} events, {total / elapsed:.0f} per second", good=seen, events=total)
        self._step("books", f"{kept} of {len(books)} kept in step with the venue", good=kept == len(books))

    async def _orders(self) -> None:
        self._stage.act(f"Orders in {self._symbol}")
        exchange, symbol = self._exchange, self._symbol
        base = symbol.split("/")[0]
        quote = self._quotes[symbol]
        unit = exchange.contracts.round_quantity(symbol, Decimal(600) / Decimal(repr(quote.ask)))

        low = exchange.contracts.round_price(symbol, quote.bid * 0.97, Side.BUY)
        resting = await exchange.place_order(OrderRequest.limit(symbol, "buy", unit, low, post_only=True))
        await self._show("resting limit", resting, OrderStatus.OPEN)

        partial = await self._partly_filled(unit)
        await self._show("partial fill", partial, OrderStatus.PARTIALLY_FILLED)
        await self._until(lambda: self._is_done(partial))
        full = exchange.orders.get(partial.client_order_id) or partial
        if full.status is OrderStatus.PARTIALLY_FILLED:
            full = await self._finish(full)
        await self._show("then filled", full, OrderStatus.FILLED)

        market = await exchange.place_order(OrderRequest.market(symbol, "sell", unit))
        await self._show("market sell", market, OrderStatus.FILLED)
        spend = OrderRequest.market(symbol, "buy", quote_quantity="250")
        await self._show("market buy for 250", await exchange.place_order(spend), OrderStatus.FILLED)
        canceled = await exchange.cancel_order(symbol, client_order_id=resting.client_order_id)
        await self._show("cancel", canceled, OrderStatus.CANCELED)
        fills = await exchange.fetch_my_trades(symbol)
        self._step("fills", f"{len(fills)} executions, fees in {', '.join(sorted({f.fee_asset for f in fills}))}")
        if not fills:
            self._step("fills", f"nothing was traded in {base}", good=False)

    async def _partly_filled(self, unit: Decimal) -> Order:
        """Ask for more than the best level holds; the living market may fill it wholly meanwhile: then once more."""
        exchange, symbol = self._exchange, self._symbol
        for _ in range(_TRIES):
            price, shown = (await exchange.fetch_order_book(symbol, 5)).asks[0]
            wanted = exchange.contracts.round_quantity(symbol, Decimal(repr(shown)) + 3 * unit)
            order = await exchange.place_order(OrderRequest.limit(symbol, "buy", wanted, price))
            order = await self._once(order, lambda known: known.filled > 0)
            if order.status is OrderStatus.PARTIALLY_FILLED:
                break
        return order

    async def _finish(self, order: Order) -> Order:
        """Take the rest from the market: it did not come to us in time."""
        try:
            ended = await self._exchange.cancel_order(order.symbol, client_order_id=order.client_order_id)
        except CancelRejected:  # it was filled at the last moment
            return await self._exchange.fetch_order_status(order.symbol, client_order_id=order.client_order_id)
        return await self._exchange.place_order(OrderRequest.market(order.symbol, "buy", ended.remaining))

    async def _refusals(self) -> None:
        self._stage.act("Refusals")
        symbol = self._symbol
        price = self._exchange.contracts.round_price(symbol, self._quotes[symbol].bid * 0.99, Side.BUY)
        small = OrderRequest.limit(symbol, "buy", self._exchange.contracts.get(symbol).min_quantity / 2, price)
        large = OrderRequest.limit(
            symbol, "buy", self._exchange.contracts.round_quantity(symbol, 10**6 / float(price)), price
        )
        for name, request, kind in (("denied here", small, OrderDenied), ("refused by venue", large, VenueError)):
            try:
                order = await self._exchange.place_order(request)
            except FoxtrotError as error:
                self._step(name, str(error), good=isinstance(error, kind))
            else:
                self._step(name, f"the order became {order.status.value}", good=False)

    async def _reconcile(self, before: dict[str, Balance]) -> None:
        self._stage.act("Balances")
        expected = {asset: balance.total for asset, balance in before.items()}
        for symbol in self._symbols:
            base, quote = symbol.split("/")
            for fill in await self._exchange.fetch_my_trades(symbol):
                sign = 1 if fill.side is Side.BUY else -1
                expected[base] = expected.get(base, Decimal(0)) + sign * fill.quantity
                expected[quote] = expected.get(quote, Decimal(0)) - sign * fill.quote_quantity
                expected[fill.fee_asset] = expected.get(fill.fee_asset, Decimal(0)) - fill.fee
        after = await self._exchange.fetch_balance()
        totals = {asset: balance.total for asset, balance in after.items()}
        rows = [
            {
                "asset": asset,
                "before": plain(before[asset].total) if asset in before else "0",
                "after": plain(totals.get(asset, Decimal(0))),
                "by fills and fees": plain(value),
            }
            for asset, value in expected.items()
        ]
        self._stage.table("balances", rows)
        exact = all(totals.get(asset, Decimal(0)) == value for asset, value in expected.items())
        held = all(balance.locked == 0 for balance in after.values())
        said = "equal to fills and fees to the last digit, nothing left locked"
        self._step("reconciled", said if exact and held else "balances differ from fills and fees", good=exact and held)

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

    def _is_done(self, order: Order) -> bool:
        known = self._exchange.orders.get(order.client_order_id)
        return known is not None and known.status.done

    async def _once(self, order: Order, holds: Callable[[Order], bool]) -> Order:
        """Return the order once something holds of it: some venues tell only by their stream what became of it."""
        await self._until(lambda: holds(self._exchange.orders.get(order.client_order_id) or order))
        return self._exchange.orders.get(order.client_order_id) or order

    async def _show(self, name: str, order: Order, expected: OrderStatus) -> None:
        if order.status is not expected:
            order = await self._once(order, lambda known: known.status is expected or known.status.done)
        price = "" if order.price is None else f" at {plain(order.price)}"
        paid = "" if order.average_price is None else f", average {order.average_price:.8g}"
        total = f"for {plain(order.quote_quantity or Decimal(0))}" if order.quantity is None else plain(order.quantity)
        said = f"{order.side.value} {total}{price}: {order.status.value}, {plain(order.filled)} filled{paid}"
        self._step(name, said, good=order.status is expected, order=order.client_order_id)

    def _step(self, name: str, said: str, *, good: bool = True, **facts: object) -> None:
        self._good = self._good and good
        self._stage.step(name, said, good=good, **facts)

    def _on_market(self, event: Event) -> None:
        self._counts[event.symbol, type(event).__name__] += 1
        if isinstance(event, Quote):
            self._quotes[event.symbol] = event
        self._changed.set()

    def _on_order(self, _: Event) -> None:
        self._changed.set()
