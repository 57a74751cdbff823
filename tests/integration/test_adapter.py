"""The adapter against the embedded venue, over real HTTP and WebSocket: every operation, both user-stream schemes."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Callable
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foxtrot import errors, get_exchange
from foxtrot.config import ExchangeConfig
from foxtrot.exchange import BaseExchange
from foxtrot.factory import ExchangeFactory
from foxtrot.keys import KeyManager
from foxtrot.model import events
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order, OrderRequest, OrderStatus, OrderType, Side
from foxtrot.protocol.order_rules import first_violation
from foxtrot.sandbox.embedded import Sandbox
from foxtrot.sandbox.options import default_credentials
from foxtrot.sandbox.rules import check_form, check_values
from foxtrot.sandbox.types import NewOrder, Refused
from foxtrot_binance.dialect.contracts import make_contract
from foxtrot_binance.dialect.profile import make_profile
from foxtrot_binance.servers import BINANCEUS

SYMBOL = "BTC/USDT"


def settings_for(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    endpoints = sandbox.access.endpoints
    return {"rest_url": endpoints.rest, "credentials": default_credentials(), "options": options}


class Bench:
    def __init__(self, exchange: BaseExchange) -> None:
        self.exchange = exchange
        self.heard: list[Any] = []
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

    def count(self, kind: type) -> int:
        return sum(isinstance(e, kind) for e in self.heard)


@pytest.fixture
async def bench(sandbox: Sandbox) -> AsyncIterator[Bench]:
    made = Bench(get_exchange("binanceus", settings_for(sandbox)))
    async with made.exchange:
        yield made
    assert [t for t in asyncio.all_tasks() if t.get_name().startswith("foxtrot binanceus")] == []
    assert sandbox.foreign_hosts == []


async def test_the_whole_of_the_public_interface_works(bench: Bench) -> None:
    exchange = bench.exchange
    ticker, other = await exchange.fetch_tickers([SYMBOL, "ETH/USDT"])
    assert (ticker.symbol, other.symbol) == (SYMBOL, "ETH/USDT")
    assert ticker.low <= ticker.last <= ticker.high
    book = await exchange.fetch_order_book(SYMBOL, 5)
    assert len(book.bids) == 5
    assert book.bids[0][0] < book.asks[0][0]
    await bench.exchange.subscribe_trades(SYMBOL)
    await bench.until(lambda: bench.count(events.Trade) >= 3)
    trades = await exchange.fetch_trades(SYMBOL, limit=3)
    assert [t.trade_id for t in trades] == sorted(t.trade_id for t in trades)
    later = await exchange.history.fetch_trades(SYMBOL, from_id=str(trades[0].trade_id), limit=3)
    assert later[0].trade_id == trades[0].trade_id
    (fee,) = await exchange.fetch_fees(SYMBOL)
    assert (fee.maker, fee.taker) == (D("0.001"), D("0.001"))
    bars = await exchange.fetch_ohlcv(SYMBOL, "5m", limit=300)
    assert len(bars) == 300
    assert {b.open_time - a.open_time for a, b in itertools.pairwise(bars)} == {5 * 60 * 10**9}


async def test_a_limit_order_rests_is_amended_and_canceled(bench: Bench) -> None:
    exchange = bench.exchange
    order = await exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "0.01", "50000", client_order_id="mine-1"))
    assert (order.status, order.client_order_id) == (OrderStatus.OPEN, "mine-1")
    by_id = await exchange.fetch_order_status(SYMBOL, order_id=order.order_id)
    assert by_id.client_order_id == "mine-1"
    assert [o.client_order_id for o in await exchange.fetch_open_orders()] == ["mine-1"]
    changed = await exchange.amend_order(AmendRequest(symbol=SYMBOL, client_order_id="mine-1", price=D(51_000)))
    assert (changed.status, changed.price) == (OrderStatus.OPEN, D(51_000))
    old = exchange.orders.get("mine-1")
    assert old is not None
    assert old.status is OrderStatus.CANCELED
    ended = await exchange.cancel_order(SYMBOL, order_id=changed.order_id)
    assert ended.status is OrderStatus.CANCELED
    with pytest.raises(errors.CancelRejected):
        await exchange.cancel_order(SYMBOL, order_id=changed.order_id)
    with pytest.raises(errors.OrderNotFound):
        await exchange.fetch_order_status(SYMBOL, order_id="999999")
    assert await exchange.cancel_all_orders(SYMBOL) == []
    history = await exchange.fetch_orders(SYMBOL)
    assert [o.status for o in history] == [OrderStatus.CANCELED, OrderStatus.CANCELED]


async def test_every_fill_is_told_once_and_balances_follow_to_the_last_digit(bench: Bench) -> None:
    exchange = bench.exchange
    before = exchange.account.balances
    bought = await exchange.place_order(OrderRequest.market(SYMBOL, "buy", "0.05"))
    sold = await exchange.place_order(OrderRequest.market(SYMBOL, "sell", "0.02"))
    spent = await exchange.place_order(OrderRequest.market(SYMBOL, "buy", quote_quantity="100"))
    assert {bought.status, sold.status, spent.status} == {OrderStatus.FILLED}
    fills = await exchange.fetch_my_trades(SYMBOL)
    await bench.until(lambda: bench.count(events.OrderFilled) >= len(fills))
    told = [e.fill.trade_id for e in bench.heard if isinstance(e, events.OrderFilled)]
    assert sorted(told) == sorted(f.trade_id for f in fills)
    assert {f.client_order_id for f in fills} == {o.client_order_id for o in (bought, sold, spent)}
    after = await exchange.fetch_balance()
    base = sum((f.quantity if f.side is Side.BUY else -f.quantity for f in fills), D(0))
    quote = sum((-f.quote_quantity if f.side is Side.BUY else f.quote_quantity for f in fills), D(0))
    fees = {a: sum((f.fee for f in fills if f.fee_asset == a), D(0)) for a in ("BTC", "USDT")}
    assert after["BTC"].total == before["BTC"].total + base - fees["BTC"]
    assert after["USDT"].total == before["USDT"].total + quote - fees["USDT"]
    assert exchange.account.balances == before | after


async def test_the_venue_checks_an_order_without_placing_it(bench: Bench) -> None:
    request = OrderRequest.limit(SYMBOL, "buy", "0.01", "50000", validate_only=True)
    assert (await bench.exchange.place_order(request)).status is OrderStatus.CREATED
    assert await bench.exchange.fetch_open_orders() == []


async def test_a_stop_waits_and_is_found_among_the_open_orders(bench: Bench) -> None:
    stop = OrderRequest.stop(SYMBOL, "sell", "0.01", "41000", price="40000")
    order = await bench.exchange.place_order(stop)
    (found,) = await bench.exchange.fetch_open_orders(SYMBOL)
    assert (order.status, found.type, found.stop_price) == (OrderStatus.OPEN, OrderType.STOP_LOSS_LIMIT, D(41_000))


async def test_refusals_are_typed_and_say_the_venues_words(bench: Bench) -> None:
    with pytest.raises(errors.InsufficientFunds, match="insufficient balance"):
        await bench.exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "5", "50000"))
    with pytest.raises(errors.OrderRejected, match="immediately match"):
        await bench.exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "0.01", "61000", post_only=True))


async def test_kept_books_equal_the_venues_book(bench: Bench, sandbox: Sandbox) -> None:
    exchange = bench.exchange
    await exchange.subscribe_order_book([SYMBOL, "ETH/USDT"])
    await bench.until(lambda: bench.count(events.BookUpdated) >= 20)
    sandbox.flow.rate = 0
    venue_id = sandbox.venue.depth(SYMBOL, 1)[0]

    def caught_up() -> bool:
        book = exchange.market_data.order_book(SYMBOL)
        return book is not None and book.update_id >= venue_id

    await bench.until(caught_up)
    book = exchange.market_data.order_book(SYMBOL)
    assert book is not None
    _, bids, asks = sandbox.venue.depth(SYMBOL, 5_000)
    assert book.bids == tuple((float(p), float(q)) for p, q in bids)
    assert book.asks == tuple((float(p), float(q)) for p, q in asks)
    assert bench.count(events.BookInvalidated) == 0


async def test_all_streams_flow_and_an_ended_subscription_is_silent(bench: Bench) -> None:
    exchange = bench.exchange
    mine: list[Any] = []
    others: list[Any] = []
    first = await exchange.subscribe_quotes([SYMBOL, "HBAR/USDT"], mine.append)
    await exchange.subscribe_quotes(SYMBOL, others.append)
    await exchange.subscribe_ticker(SYMBOL, mine.append)
    await exchange.subscribe_ohlcv(SYMBOL, "1m", mine.append)
    wanted = {events.Quote, events.Ticker, events.Bar}
    await bench.until(lambda: {type(e) for e in mine} == wanted)
    assert {e.symbol for e in mine} <= {SYMBOL, "HBAR/USDT"}
    await exchange.unsubscribe(first)
    mine.clear()
    others.clear()
    await bench.until(lambda: len(others) > 3)
    assert not [e for e in mine if isinstance(e, events.Quote)]
    with pytest.raises(errors.StateError, match="ended already"):
        await exchange.unsubscribe(first)


async def test_a_callback_may_be_an_async_function_for_each_kind_of_stream(bench: Bench) -> None:
    exchange, heard = bench.exchange, set[type[events.Event]]()

    async def take(event: events.Event) -> None:
        heard.add(type(event))

    await exchange.subscribe_quotes(SYMBOL, take)
    await exchange.subscribe_trades(SYMBOL, take)
    await exchange.subscribe_ticker(SYMBOL, take)
    await exchange.subscribe_order_book(SYMBOL, take)
    await exchange.subscribe_ohlcv(SYMBOL, "1m", take)
    wanted = {events.Quote, events.Trade, events.Ticker, events.BookUpdated, events.Bar}
    await bench.until(lambda: wanted <= heard)
    assert bench.count(events.HandlerFailed) == 0


async def test_orders_can_go_over_the_websocket_api(sandbox: Sandbox) -> None:
    async with get_exchange("binanceus", settings_for(sandbox, orders_over="ws")) as exchange:
        order = await exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "0.01", "50000"))
        assert order.status is OrderStatus.OPEN
        with pytest.raises(errors.InsufficientFunds):
            await exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "5", "50000"))
        ended = await exchange.cancel_order(SYMBOL, client_order_id=order.client_order_id)
        assert ended.status is OrderStatus.CANCELED


async def test_the_user_stream_opens_by_whichever_scheme_the_venue_knows(sandbox: Sandbox) -> None:
    expected = "signature" if sandbox.options.profile == "current" else "listen_key"
    async with get_exchange("binanceus", settings_for(sandbox)) as exchange:
        assert expected in exchange.health().channels["user"].reason
    async with get_exchange("binanceus", settings_for(sandbox, user_stream="listen_key")) as exchange:
        assert "listen_key" in exchange.health().channels["user"].reason


async def test_the_stream_alone_tells_what_another_client_does_with_the_account(bench: Bench, sandbox: Sandbox) -> None:
    async with get_exchange("binanceus", settings_for(sandbox)) as other:
        order = await other.place_order(OrderRequest.limit(SYMBOL, "buy", "0.01", "50000"))
        await bench.until(lambda: bench.exchange.orders.get(order.client_order_id) is not None)
        await other.cancel_order(SYMBOL, order_id=order.order_id)
        await bench.until(lambda: bench.count(events.OrderCanceled) == 1)


async def test_wrong_keys_are_refused_and_nothing_stays_open(sandbox: Sandbox) -> None:
    wrong = {"api_key": "somebody", "api_secret": "else"}
    exchange = get_exchange("binanceus", settings_for(sandbox) | {"credentials": wrong})
    with pytest.raises(errors.AuthenticationError):
        await exchange.connect()
    assert exchange.state is events.AdapterState.DISCONNECTED


async def test_an_unreachable_host_is_named_in_bounded_time() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        exchange = get_exchange("binanceus", ExchangeConfig(rest_url=url))
        with pytest.raises(errors.ConnectFailed, match="cannot be reached"):
            await exchange.connect()


async def test_the_sandbox_never_reads_the_keys_of_the_real_venue() -> None:
    keys = KeyManager({"FOXTROT_BINANCEUS_MAIN_API_KEY": "real", "FOXTROT_BINANCEUS_MAIN_API_SECRET": "real-secret"})
    async with ExchangeFactory(keys=keys).get_exchange("binanceus") as exchange:
        assert exchange.state is events.AdapterState.READY  # the sandbox would have refused the real venue's key


async def test_futures_are_unsupported_before_any_io() -> None:
    with pytest.raises(errors.UnsupportedError, match="fetch_positions"):
        await get_exchange("binanceus").fetch_positions()
    with pytest.raises(errors.UnsupportedError, match="no testnet"):
        get_exchange("binanceus", {"environment": "testnet"})


async def test_the_embedded_venue_lives_as_long_as_the_connection() -> None:
    exchange = get_exchange("binance", {"sandbox": {"symbols": ["SOL/USDT"], "rate": 0}})
    async with exchange:
        assert [c.symbol for c in exchange.contracts.all()] == ["SOL/USDT"]
    assert [t for t in asyncio.all_tasks() if "foxtrot" in t.get_name()] == []


CONTRACT: Contract = make_contract(SYMBOL, make_profile(BINANCEUS, "current", {}))


@given(
    st.sampled_from(Side),
    st.sampled_from([OrderType.LIMIT, OrderType.MARKET]),
    st.decimals(min_value=D("0.000001"), max_value=D(20_000), places=6),
    st.decimals(min_value=D("0.001"), max_value=D(2_000_000), places=3),
)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_denied_here_the_venue_would_have_refused_and_what_passes_here_it_takes(
    side: Side, kind: OrderType, quantity: D, price: D
) -> None:
    average = D(60_000)
    limit = price if kind is OrderType.LIMIT else None
    order = Order(
        exchange="x", symbol=SYMBOL, client_order_id="c", side=side, type=kind, quantity=quantity, price=limit
    )
    new = NewOrder(account="a", symbol=SYMBOL, side=side, type=kind, quantity=quantity, price=limit)
    denied = first_violation(order, CONTRACT, average)
    refused = refusal(new, average)
    # Rules relative to the venue's average price are judged with a margin here: near their border the venue decides.
    near_the_border = refused is not None and refused.detail in ("PERCENT_PRICE", "MIN_NOTIONAL")
    assert (denied is None) == (refused is None) or (denied is None and near_the_border)


def refusal(new: NewOrder, average: D) -> Refused | None:
    try:
        check_form(new, CONTRACT)
        check_values(new, CONTRACT, lambda _: average)
    except Refused as refused:
        return refused
    return None
