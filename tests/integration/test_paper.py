"""A dry run: the real market's fills, the venue's own rules, and nothing ever sent to it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foxtrot import OrderRequest, errors, events, get_exchange
from foxtrot.exchange import BaseExchange
from foxtrot.model.order import Order, OrderStatus, Side
from foxtrot.plugins import default_registry
from foxtrot.sandbox.dialect import HttpRequest, HttpResponse
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET
from foxtrot.sandbox.paper import PAPER_MARKET, open_paper
from foxtrot.sandbox.paper.place import PaperPlace
from foxtrot.sandbox.types import MARKET_ACCOUNT
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import families

SYMBOL = "HBAR/USDT"
PREFERRED = default_registry().preferred()


class RealVenue:
    """A sandbox that plays the real venue: its market is moved by hand, and every request to it is counted."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.name = sandbox.options.venue
        self.venue = sandbox.venue
        self.requests: Counter[str] = Counter()
        self.private: list[str] = []
        self.sockets: list[str] = []
        self._skew_ns = 0
        clock = self.venue.clock
        self.venue.clock = lambda: clock() + self._skew_ns
        answer, accept = sandbox.dialect.http, sandbox.dialect.open_socket

        def http(request: HttpRequest) -> HttpResponse:
            self.requests[f"{request.method} {request.path}"] += 1
            if request.method != "GET" or DEFAULT_KEY in request.headers.values():
                self.private.append(f"{request.method} {request.path}")
            return answer(request)

        def open_socket(path: str, *rest: Any) -> Any:
            self.sockets.append(path)
            return accept(path, *rest)

        sandbox.dialect.http = http  # type: ignore[method-assign]
        sandbox.dialect.open_socket = open_socket  # type: ignore[method-assign]

    def level(self, side: Side, price: str, quantity: str) -> None:
        self.venue.place_agent(SYMBOL, side, D(price), D(quantity))

    def trade(self, taker: Side, price: str, quantity: str) -> None:
        """Let agents trade up to a price."""
        order = self.venue.place_agent(SYMBOL, taker, D(price), D(quantity))
        if order.status.open:
            self.venue.cancel(MARKET_ACCOUNT, SYMBOL, order_id=order.order_id)

    @property
    def settings(self) -> dict[str, Any]:
        return {"rest_url": f"http://{self.sandbox.base}"}


@pytest.fixture(params=families(), ids=lambda spec: spec.name)
async def real(request: pytest.FixtureRequest) -> AsyncIterator[RealVenue]:
    spec: AdapterSpec = request.param
    options = make_options({"rate": 0, "symbols": (SYMBOL,), "history_days": 0}, spec.name)
    async with await Sandbox.start(options, spec) as sandbox:
        made = RealVenue(sandbox)
        for order in made.venue.open_orders(MARKET_ACCOUNT):
            made.venue.cancel(MARKET_ACCOUNT, SYMBOL, order_id=order.order_id)
        for side, price, quantity in (
            (Side.BUY, "0.1999", "500"),
            (Side.BUY, "0.1998", "800"),
            (Side.SELL, "0.2001", "400"),
            (Side.SELL, "0.2002", "900"),
        ):
            made.level(side, price, quantity)
        yield made


class Run:
    """One dry run, and what it was told."""

    def __init__(self, exchange: BaseExchange) -> None:
        self.exchange = exchange
        self.heard: list[events.Event] = []
        self.changed = asyncio.Event()
        exchange.engine.subscribe_all(self.hear)

    def hear(self, event: events.Event) -> None:
        self.heard.append(event)
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def now(self, order: Order) -> Order:
        found = self.exchange.orders.get(order.client_order_id)
        assert found is not None
        return found

    async def seen(self, price: float, quantity: float) -> None:
        """Wait until the dry run has published a real trade: whatever came of it has happened."""
        await self.until(lambda: any(_is(e, price, quantity) for e in self.heard))

    async def buy(self, price: str, quantity: str = "100") -> Order:
        return await self.exchange.place_order(OrderRequest.limit(SYMBOL, "buy", quantity, price))


def _is(event: events.Event, price: float, quantity: float) -> bool:
    return isinstance(event, events.Trade) and (event.price, event.quantity) == (price, quantity)


@pytest.fixture
async def run(real: RealVenue) -> AsyncIterator[Run]:
    made = Run(open_paper(real.name, [SYMBOL], balances={"USDT": 1_000.0}, config=real.settings))
    async with made.exchange:
        await made.exchange.subscribe_trades(SYMBOL)
        yield made


async def test_a_dry_run_has_the_contracts_and_prices_of_the_real_venue(real: RealVenue, run: Run) -> None:
    (paper,) = run.exchange.contracts.all()
    async with get_exchange(real.name, real.settings) as exchange:
        assert paper.rules == exchange.contracts.get(SYMBOL).rules
    assert (paper.base, paper.quote, paper.symbol) == ("HBAR", "USDT", SYMBOL)
    ticker = await run.exchange.fetch_ticker(SYMBOL)
    assert (ticker.bid, ticker.ask) == (0.1999, 0.2001)
    book = await run.exchange.fetch_order_book(SYMBOL)
    assert book.bids == ((0.1999, 500.0), (0.1998, 800.0))
    assert (await run.exchange.fetch_balance())["USDT"].free == D(1_000)


async def test_nothing_private_reaches_the_real_venue(real: RealVenue, run: Run) -> None:
    resting = await run.buy("0.1990")
    await run.exchange.cancel_order(SYMBOL, client_order_id=resting.client_order_id)
    await run.exchange.place_order(OrderRequest.market(SYMBOL, "buy", "100"))
    await run.exchange.place_order(OrderRequest.market(SYMBOL, "sell", "50"))
    await run.exchange.fetch_orders(SYMBOL)
    await run.exchange.orders.reconcile("the test")
    assert real.private == []
    assert {path for path in real.sockets if "ws-api" in path} == set()
    assert real.venue.orders(real.sandbox.dialect.account, SYMBOL) == []
    assert sum(real.requests.values()) > 0, "the counting counts"


async def test_keys_that_come_with_a_name_are_not_used(real: RealVenue, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"api_key": DEFAULT_KEY, "api_secret": DEFAULT_SECRET}
    for variable in ("API_KEY", "API_SECRET"):
        monkeypatch.setenv(f"FOXTROT_{real.name.upper()}_MAIN_{variable}", keys[variable.lower()])
    settings = real.settings | {"credentials": keys, "stream_credentials": keys}
    async with open_paper(real.name, [SYMBOL], config=settings) as exchange:
        await exchange.place_order(OrderRequest.market(SYMBOL, "buy", "100"))
    assert real.private == []
    assert real.requests.total() > 0


async def test_the_counting_would_see_a_private_request(real: RealVenue) -> None:
    keys = {"credentials": {"api_key": "sandbox-key", "api_secret": DEFAULT_SECRET}}
    async with get_exchange(real.name, real.settings | keys) as exchange:
        await exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "100", "0.1990"))
    assert real.private


async def test_a_crossing_order_takes_the_visible_quantities_and_leaves_the_real_book(run: Run) -> None:
    order = await run.exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "700", "0.2002"))
    assert order.status is OrderStatus.FILLED
    assert [(fill.price, fill.quantity) for fill in order.fills] == [(D("0.2001"), D(400)), (D("0.2002"), D(300))]
    received = {"HBAR": [f.quantity for f in order.fills], "USDT": [f.quote_quantity for f in order.fills]}
    fee_asset = order.fills[0].fee_asset
    fees = [fill.fee for fill in order.fills]
    assert fees == [(amount * D("0.001")).quantize(fees[0]) for amount in received[fee_asset]]
    book = await run.exchange.fetch_order_book(SYMBOL)
    assert book.asks == ((0.2001, 400.0), (0.2002, 900.0))
    balances = await run.exchange.fetch_balance()
    paid = {"HBAR": D(0), "USDT": D(0), fee_asset: sum(fees)}
    assert balances["HBAR"].free == 700 - paid["HBAR"]
    assert balances["USDT"].total == 1_000 - 400 * D("0.2001") - 300 * D("0.2002") - paid["USDT"]


async def test_a_resting_order_waits_for_what_stood_before_it(real: RealVenue, run: Run) -> None:
    order = await run.buy("0.1999")
    real.trade(Side.SELL, "0.1999", "499")
    await run.seen(0.1999, 499)
    assert run.now(order).filled == 0
    real.trade(Side.SELL, "0.1999", "1")
    await run.seen(0.1999, 1)
    assert run.now(order).filled == 0, "500 stood before it"
    real.level(Side.BUY, "0.1999", "70")
    real.trade(Side.SELL, "0.1999", "70")
    await run.until(lambda: run.now(order).filled == 70)
    assert run.now(order).status is OrderStatus.PARTIALLY_FILLED


async def test_cancels_before_it_do_not_move_an_order_up(real: RealVenue, run: Run) -> None:
    order = await run.buy("0.1999")
    (ahead,) = [o for o in real.venue.open_orders(MARKET_ACCOUNT) if o.price == D("0.1999")]
    real.venue.cancel(MARKET_ACCOUNT, SYMBOL, order_id=ahead.order_id)
    real.level(Side.BUY, "0.1999", "300")
    real.trade(Side.SELL, "0.1999", "300")
    await run.seen(0.1999, 300)
    assert run.now(order).filled == 0


async def test_a_trade_beyond_its_price_fills_an_order_but_not_by_more_than_was_traded(
    real: RealVenue, run: Run
) -> None:
    order = await run.buy("0.1999", "1000")
    real.trade(Side.SELL, "0.1998", "1100")  # 500 at 0.1999, then 600 at 0.1998
    await run.until(lambda: run.now(order).filled == 600)
    (fill,) = run.now(order).fills
    assert (fill.price, fill.is_maker) == (D("0.1999"), True)


async def test_a_book_that_moves_past_an_order_does_not_fill_it(real: RealVenue, run: Run) -> None:
    order = await run.buy("0.2000")
    real.trade(Side.BUY, "0.2001", "1")
    await run.seen(0.2001, 1)
    for resting in real.venue.open_orders(MARKET_ACCOUNT):
        real.venue.cancel(MARKET_ACCOUNT, SYMBOL, order_id=resting.order_id)
    real.level(Side.SELL, "0.1995", "10")
    subscription = await run.exchange.subscribe_order_book(SYMBOL)
    await run.until(lambda: any(getattr(e, "best_ask", 0) == 0.1995 for e in run.heard))
    assert run.now(order).filled == 0
    real.level(Side.BUY, "0.1995", "4")
    await run.until(lambda: run.now(order).filled == 4)
    await run.exchange.unsubscribe(subscription)


async def test_a_trade_from_before_an_order_that_comes_late_does_not_fill_it(real: RealVenue, run: Run) -> None:
    order = await run.buy("0.1999")
    real.trade(Side.SELL, "0.1998", "1")
    real._skew_ns -= 60_000_000_000
    real.trade(Side.SELL, "0.1998", "1299")
    await run.seen(0.1998, 800)
    assert run.now(order).filled == 0


async def test_a_stop_is_triggered_by_a_real_trade(real: RealVenue, run: Run) -> None:
    await run.exchange.place_order(OrderRequest.market(SYMBOL, "buy", "200"))
    stop = await run.exchange.place_order(OrderRequest.stop(SYMBOL, "sell", "100", "0.1999", price="0.1990"))
    real.trade(Side.SELL, "0.1999", "10")
    await run.until(lambda: run.now(stop).status is OrderStatus.FILLED)
    assert run.now(stop).average_price == D("0.1999")


async def test_filters_minimums_and_funds_are_the_real_ones(run: Run) -> None:
    with pytest.raises(errors.OrderDenied, match=r"tick|decimals"):
        await run.buy("0.19990001")
    with pytest.raises(errors.InsufficientFunds):
        await run.buy("0.1900", "100000")
    with pytest.raises(errors.OrderDenied, match="minimum"):
        await run.buy("0.1900", "1")
    assert (await run.exchange.fetch_balance())["USDT"].free == 1_000


async def test_no_order_is_taken_while_the_real_book_is_not_known(real: RealVenue, run: Run) -> None:
    before = await run.buy("0.1990")
    await real.sandbox.stop()
    denied = await _denied(run)
    assert denied.rule == PAPER_MARKET
    assert "its live book is not valid" in denied.message
    canceled = await run.exchange.cancel_order(SYMBOL, client_order_id=before.client_order_id)
    assert canceled.status is OrderStatus.CANCELED
    book = await run.exchange.fetch_order_book(SYMBOL)
    assert book.bids == ()


@pytest.mark.parametrize("spec", families(), ids=lambda spec: spec.name)
async def test_stale_streams_are_trouble_until_they_speak_again(spec: AdapterSpec) -> None:
    options = make_options({"rate": 100, "symbols": (SYMBOL,), "history_days": 0}, spec.name)
    async with await Sandbox.start(options, spec) as sandbox:
        settings = {"rest_url": f"http://{sandbox.base}", "streams": {"stale_after_s": {"book": 2, "trades": 2}}}
        async with get_exchange(spec.name, settings) as live:
            run = Run(open_paper(live, [SYMBOL]))
            troubles: list[tuple[str, str]] = []

            def look(event: events.StreamStale | events.StreamRestored) -> None:
                assert isinstance(run.exchange.environment, PaperPlace)
                troubles.append((event.stream, run.exchange.environment.trouble(SYMBOL)))
                run.changed.set()

            async with run.exchange:
                live.engine.subscribe(events.StreamStale, look)
                for frames in list(sandbox._server._wire._frames):
                    frames.silent = True  # open, but nothing comes, while the market moves
                await run.until(lambda: bool(troubles))
                assert "stale" in troubles[0][1]
                live.engine.subscribe(events.StreamRestored, look)
                live.engine.subscribe(events.BookUpdated, lambda event: run.changed.set())
                await run.until(lambda: run.exchange.environment.trouble(SYMBOL) == "")  # type: ignore[attr-defined]
                ticker = await run.exchange.fetch_ticker(SYMBOL)
                price = run.exchange.contracts.round_price(SYMBOL, ticker.bid * 0.9, "buy")
                await run.buy(str(price))


async def test_an_exchange_that_is_disconnected_denies_orders(real: RealVenue) -> None:
    live = get_exchange(real.name, real.settings)
    await live.connect()
    run = Run(open_paper(live, [SYMBOL]))
    async with run.exchange:
        assert not await _is_denied(run)
        await live.disconnect()
        assert "disconnected" in (await _denied(run)).message


async def _is_denied(run: Run) -> bool:
    try:
        await run.buy("0.1990")
    except errors.OrderDenied:
        return True
    return False


async def _denied(run: Run) -> errors.OrderDenied:
    async with asyncio.timeout(15):
        while True:
            try:
                order = await run.buy("0.1990")
            except errors.OrderDenied as denied:
                return denied
            await run.exchange.cancel_order(SYMBOL, client_order_id=order.client_order_id)


async def test_the_look_back_is_the_real_one(real: RealVenue, run: Run) -> None:
    paper = await run.exchange.fetch_ohlcv(SYMBOL, "1m", limit=5)
    async with get_exchange(real.name, real.settings) as exchange:
        assert [bar.close for bar in paper] == [bar.close for bar in await exchange.fetch_ohlcv(SYMBOL, "1m", limit=5)]


async def test_a_dry_run_goes_on_after_a_restart(real: RealVenue, tmp_path: Path) -> None:
    def again() -> BaseExchange:
        return open_paper(real.name, [SYMBOL], journal=tmp_path / "bot.db", config=real.settings)

    async with again() as exchange:
        bought = await exchange.place_order(OrderRequest.market(SYMBOL, "buy", "300"))
        resting = await exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "200", "0.1990"))
        before = await exchange.fetch_balance()
    run = Run(again())
    async with run.exchange as exchange:
        assert await exchange.fetch_balance() == before
        (found,) = await exchange.fetch_open_orders(SYMBOL)
        assert (found.client_order_id, found.order_id) == (resting.client_order_id, resting.order_id)
        real.trade(Side.SELL, "0.1998", "1300")
        real.level(Side.BUY, "0.1980", "50")
        real.trade(Side.SELL, "0.1980", "50")
        await run.until(lambda: run.now(found).filled == 50)
        ids = [fill.trade_id for fill in await exchange.fetch_my_trades(SYMBOL)]
        assert len(ids) == len(set(ids)) == len(bought.fills) + 1
        newer = await exchange.place_order(OrderRequest.market(SYMBOL, "buy", "100"))
        assert newer.order_id not in (bought.order_id, resting.order_id)
        assert (newer.filled, len(newer.fills)) == (100, 1)
        assert run.now(bought).filled == 300
        await exchange.cancel_order(SYMBOL, client_order_id=found.client_order_id)
        assert (await exchange.fetch_balance())["USDT"].locked == 0


async def test_a_damaged_state_is_named_and_a_torn_last_line_is_passed_over(real: RealVenue, tmp_path: Path) -> None:
    def again() -> BaseExchange:
        return open_paper(real.name, [SYMBOL], journal=tmp_path / "bot.db", config=real.settings)

    async with again() as exchange:
        order = await exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "200", "0.1990"))
    state = tmp_path / "bot.db.paper"
    whole = state.read_bytes()
    state.write_bytes(whole + b'{"orders":[')
    async with again() as exchange:
        assert [o.order_id for o in await exchange.fetch_open_orders(SYMBOL)] == [order.order_id]
    state.write_bytes(b"nonsense\n" + whole)
    with pytest.raises(errors.JournalCorrupt, match="line 1"):
        await again().connect()
    assert state.read_bytes() == b"nonsense\n" + whole


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"symbols": SYMBOL}, "symbols"),
        ({"symbols": []}, "symbols"),
        ({"balances": {"USDT": float("nan")}}, "balances[USDT]"),
        ({"balances": {"USDT": -1}}, "balances"),
        ({"maker_fee": "much"}, "maker_fee"),
        ({"exchange": 7}, "exchange"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.InvalidRequest) as raised:
        open_paper(**{"exchange": PREFERRED.name, "symbols": [SYMBOL]} | arguments)
    assert raised.value.field == field


async def test_an_exchange_that_is_not_connected_is_refused(real: RealVenue) -> None:
    live = get_exchange(real.name, real.settings)
    with pytest.raises(errors.StateError, match="connect it first"):
        await open_paper(live, [SYMBOL]).connect()
    assert real.requests.total() == 0


async def test_a_venue_without_a_dialect_has_no_dry_run() -> None:
    exchange = get_exchange(PREFERRED.name)
    exchange.spec = _without_dialect(exchange.spec)
    with pytest.raises(errors.UnsupportedError, match="brings no sandbox dialect"):
        open_paper(exchange, [SYMBOL])


def _without_dialect(spec: Any) -> Any:
    return msgspec.structs.replace(spec, dialect="")
