"""Every installed adapter against its venue in the sandbox, over real HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foxtrot import errors, get_exchange
from foxtrot.capabilities import Capability
from foxtrot.config import ExchangeConfig
from foxtrot.exchange import BaseExchange
from foxtrot.factory import ExchangeFactory
from foxtrot.keys import KeyManager
from foxtrot.model import events
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order, OrderRequest, OrderStatus, OrderType, Side
from foxtrot.plugins import import_string
from foxtrot.protocol.order_rules import first_violation
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.rules import check_form, check_values
from foxtrot.sandbox.stage import traits_of
from foxtrot.sandbox.types import NewOrder, Refused
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import installed
from foxtrot.testkit.served import Ear, Served
from foxtrot.testkit.twins import needs
from foxtrot.testkit.ways import by_way, ways

TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.FETCH_ORDER_STATUS)
PLAYED = [(spec, profile) for spec in installed() for profile in traits_of(spec).profiles]
BY_WAY = [(spec, way) for spec in installed() for way in ways(spec)]
STREAMS = {
    Capability.SUBSCRIBE_QUOTES: events.Quote,
    Capability.SUBSCRIBE_TRADES: events.Trade,
    Capability.SUBSCRIBE_TICKER: events.Ticker,
    Capability.SUBSCRIBE_ORDER_BOOK: events.BookUpdated,
    Capability.SUBSCRIBE_OHLCV: events.Bar,
}


@pytest.fixture(params=PLAYED, ids=lambda played: f"{played[0].name}-{played[1]}")
def played(request: pytest.FixtureRequest) -> tuple[AdapterSpec, str]:
    """Give every venue in every generation of its protocol."""
    chosen: tuple[AdapterSpec, str] = request.param
    return chosen


@pytest.fixture
def spec(played: tuple[AdapterSpec, str]) -> AdapterSpec:
    return played[0]


@pytest.fixture
async def served(played: tuple[AdapterSpec, str]) -> AsyncIterator[Served]:
    async with await Served.start(played[0], profile=played[1], rate=100) as made:
        yield made


class Bench(Ear):
    """A connected client of a served venue, and all that it was told."""

    def __init__(self, served: Served, exchange: BaseExchange) -> None:
        super().__init__(exchange.engine)
        self.served, self.exchange = served, exchange

    def known(self, order: Order) -> Order:
        found = self.exchange.orders.get(order.client_order_id)
        assert found is not None
        return found


@pytest.fixture
async def bench(served: Served) -> AsyncIterator[Bench]:
    made = Bench(served, served.exchange())
    async with made.exchange:
        yield made
    name = f"foxtrot {served.spec.name}"
    assert [t for t in asyncio.all_tasks() if t.get_name().startswith(name)] == []
    assert served.sandbox.foreign_hosts == []


@needs(Capability.FETCH_TICKER, Capability.FETCH_ORDER_BOOK, Capability.FETCH_FEES, Capability.FETCH_OHLCV)
async def test_the_market_can_be_asked_for(bench: Bench) -> None:
    exchange, symbols = bench.exchange, bench.served.symbols
    tickers = await exchange.fetch_tickers(list(symbols))
    assert tuple(ticker.symbol for ticker in tickers) == symbols
    assert all(ticker.low <= ticker.last <= ticker.high for ticker in tickers)
    book = await exchange.fetch_order_book(symbols[0], 5)
    assert len(book.bids) == 5
    assert book.bids[0][0] < book.asks[0][0]
    (fee,) = await exchange.fetch_fees(symbols[0])
    assert (fee.maker, fee.taker) == (D("0.001"), D("0.001"))
    bars = await exchange.fetch_ohlcv(symbols[0], "5m", limit=300)
    assert len(bars) == 300
    assert {b.open_time - a.open_time for a, b in itertools.pairwise(bars)} == {5 * 60 * 10**9}


@needs(Capability.SUBSCRIBE_TRADES, Capability.FETCH_TRADES)
async def test_past_trades_are_those_of_the_stream(bench: Bench) -> None:
    exchange, symbol = bench.exchange, bench.served.symbol
    await exchange.subscribe_trades(symbol)
    await bench.until(lambda: len(bench.all(events.Trade)) >= 3)
    first = bench.all(events.Trade)[0]
    past = {trade.trade_id: trade for trade in await exchange.fetch_trades(symbol, limit=500)}
    again = past[first.trade_id]
    assert (again.price, again.quantity, again.side) == (first.price, first.quantity, first.side)
    if traits_of(bench.served.spec).numbered_trades:
        later = await exchange.history.fetch_trades(symbol, from_id=str(first.trade_id), limit=3)
        assert [int(trade.trade_id) - int(first.trade_id) for trade in later] == [0, 1, 2]


@needs(*TRADING, Capability.FETCH_OPEN_ORDERS, Capability.FETCH_ORDERS)
async def test_a_limit_order_rests_is_found_and_canceled(bench: Bench) -> None:
    exchange, symbol = bench.exchange, bench.served.symbol
    request = bench.served.buy("0.8", client_order_id="mine-1")
    order = await exchange.place_order(request)
    assert (order.status, order.client_order_id) == (OrderStatus.OPEN, "mine-1")
    by_id = await exchange.fetch_order_status(symbol, order_id=order.order_id)
    assert (by_id.client_order_id, by_id.price, by_id.quantity) == ("mine-1", request.price, request.quantity)
    assert [o.client_order_id for o in await exchange.fetch_open_orders()] == ["mine-1"]
    assert bench.served.at_venue() == [("mine-1", request.price)]
    ended = await exchange.cancel_order(symbol, order_id=order.order_id)
    assert ended.status is OrderStatus.CANCELED
    with pytest.raises(errors.CancelRejected):
        await exchange.cancel_order(symbol, order_id=order.order_id)
    with pytest.raises(errors.OrderNotFound):
        await exchange.fetch_order_status(symbol, order_id=bench.served.sandbox.dialect.order_id(999_999))
    assert [o.status for o in await exchange.fetch_orders(symbol)] == [OrderStatus.CANCELED]


@needs(*TRADING, Capability.AMEND_ORDER, Capability.CANCEL_ALL_ORDERS)
async def test_an_amended_order_is_one_order_with_its_new_terms(bench: Bench) -> None:
    exchange, symbol, price = bench.exchange, bench.served.symbol, bench.served.price("0.81")
    await exchange.place_order(bench.served.buy("0.8", client_order_id="mine-1"))
    changed = await exchange.amend_order(AmendRequest(symbol=symbol, client_order_id="mine-1", price=price))
    assert (changed.status, changed.price) == (OrderStatus.OPEN, price)
    assert bench.served.at_venue() == [(changed.client_order_id, price)]
    assert [o.order_id for o in exchange.orders.open()] == [changed.order_id]
    assert [o.order_id for o in await exchange.cancel_all_orders(symbol)] == [changed.order_id]
    assert await exchange.cancel_all_orders(symbol) == []
    assert bench.served.at_venue() == []


@needs(*TRADING, Capability.FETCH_MY_TRADES, Capability.FETCH_BALANCE)
async def test_every_fill_is_told_once_and_balances_follow_to_the_last_digit(bench: Bench) -> None:
    exchange, symbol = bench.exchange, bench.served.symbol
    contract, quantity = exchange.contracts.get(symbol), bench.served.quantity
    before = exchange.account.balances
    wanted = [OrderRequest.market(symbol, side, quantity(value)) for side, value in (("buy", 3_000), ("sell", 1_200))]
    if contract.quote_quantity_allowed:
        wanted.append(OrderRequest.market(symbol, "buy", quote_quantity="100"))
    orders = [await exchange.place_order(request) for request in wanted]
    await bench.until(lambda: all(bench.known(order).status.done for order in orders))
    fills = await exchange.fetch_my_trades(symbol)
    await bench.until(lambda: len(bench.all(events.OrderFilled)) >= len(fills))
    told = [event.fill.trade_id for event in bench.all(events.OrderFilled)]
    assert sorted(told) == sorted(f.trade_id for f in fills)
    assert {f.client_order_id for f in fills} == {o.client_order_id for o in orders}
    after = await exchange.fetch_balance()
    base = sum((f.quantity if f.side is Side.BUY else -f.quantity for f in fills), D(0))
    quote = sum((-f.quote_quantity if f.side is Side.BUY else f.quote_quantity for f in fills), D(0))
    fees = {a: sum((f.fee for f in fills if f.fee_asset == a), D(0)) for a in (contract.base, contract.quote)}
    assert any(fees.values())
    for asset, change in ((contract.base, base), (contract.quote, quote)):
        assert after[asset].total == before[asset].total + change - fees[asset]
    assert exchange.account.balances == before | after


@needs(Capability.SUBSCRIBE_ORDER_BOOK)
async def test_kept_books_equal_the_venues_book(bench: Bench) -> None:
    exchange, served = bench.exchange, bench.served
    await exchange.subscribe_order_book(list(served.symbols))
    await bench.until(lambda: len(bench.all(events.BookUpdated)) >= 20)

    def equal(symbol: str) -> bool:
        book = exchange.market_data.order_book(symbol)
        sides = served.sandbox.venue.depth(symbol, 5_000)[1:]
        mine = [] if book is None else [list(book.bids), list(book.asks)]
        return mine == [[(float(p), float(q)) for p, q in side] for side in sides]

    served.sandbox.flow.rate = 0
    await bench.until(lambda: all(map(equal, served.symbols)))
    assert bench.all(events.BookInvalidated) == []


@needs(*STREAMS)
async def test_all_streams_flow_to_functions_of_both_kinds_and_an_ended_subscription_is_silent(bench: Bench) -> None:
    exchange, symbols = bench.exchange, bench.served.symbols
    mine: list[Any] = []
    others: list[Any] = []

    async def take(event: events.Event) -> None:
        mine.append(event)

    first = await exchange.subscribe_quotes(list(symbols), take)
    await exchange.subscribe_quotes(symbols[0], others.append)
    await exchange.subscribe_trades(symbols[0], mine.append)
    await exchange.subscribe_ticker(symbols[0], take)
    await exchange.subscribe_order_book(symbols[0], take)
    await exchange.subscribe_ohlcv(symbols[0], "1m", take)
    await bench.until(lambda: {type(e) for e in mine} >= set(STREAMS.values()))
    assert {e.symbol for e in mine} <= set(symbols)
    await exchange.unsubscribe(first)
    mine.clear()
    others.clear()
    await bench.until(lambda: len(others) > 3)
    assert not [e for e in mine if isinstance(e, events.Quote)]
    assert bench.all(events.HandlerFailed) == []
    with pytest.raises(errors.StateError, match="ended already"):
        await exchange.unsubscribe(first)


@needs(*TRADING, Capability.USER_STREAM)
async def test_the_stream_alone_tells_what_another_client_does_with_the_account(bench: Bench) -> None:
    served = bench.served
    async with served.exchange() as other:
        order = await other.place_order(served.buy("0.8"))
        await bench.until(lambda: bench.exchange.orders.get(order.client_order_id) is not None)
        await other.cancel_order(served.symbol, order_id=order.order_id)
        await bench.until(lambda: len(bench.all(events.OrderCanceled)) == 1)


@pytest.mark.parametrize(("spec", "way"), BY_WAY, ids=[f"{spec.name}-{way or 'default'}" for spec, way in BY_WAY])
@needs(*TRADING)
async def test_orders_go_by_every_way_there_is_and_come_back_typed(spec: AdapterSpec, way: str) -> None:
    async with await Served.start(spec, rate=0) as served, served.exchange(by_way(way)) as exchange:
        order = await exchange.place_order(served.buy("0.8"))
        assert order.status is OrderStatus.OPEN
        with pytest.raises(errors.InsufficientFunds) as refused:
            await exchange.place_order(served.buy("0.8", 250_000))
        assert refused.value.order is not None
        assert (refused.value.order.status, bool(refused.value.order.reason)) == (OrderStatus.REJECTED, True)
        ended = await exchange.cancel_order(served.symbol, client_order_id=order.client_order_id)
        assert ended.status is OrderStatus.CANCELED
        assert served.at_venue() == []


@needs(Capability.FETCH_BALANCE)
async def test_wrong_keys_are_refused_and_nothing_stays_open(served: Served) -> None:
    wrong = {"api_key": "somebody", "api_secret": "c29tZWJvZHktZWxzZQ=="}
    exchange = served.exchange(credentials=wrong)
    with pytest.raises(errors.AuthenticationError):
        await exchange.connect()
    assert exchange.state is events.AdapterState.DISCONNECTED


EACH = pytest.mark.parametrize("spec", installed(), ids=lambda spec: spec.name)


@EACH
async def test_an_unreachable_host_is_named_in_bounded_time(spec: AdapterSpec) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        exchange = get_exchange(spec.name, ExchangeConfig(rest_url=url))
        with pytest.raises(errors.ConnectFailed, match="cannot be reached"):
            await exchange.connect()


@EACH
@needs(Capability.FETCH_BALANCE)
async def test_the_sandbox_never_reads_the_keys_of_the_real_venue(spec: AdapterSpec) -> None:
    prefix = f"FOXTROT_{spec.name.upper()}_MAIN_API"
    keys = KeyManager({f"{prefix}_KEY": "real", f"{prefix}_SECRET": "cmVhbC1zZWNyZXQ="})
    async with ExchangeFactory(keys=keys).get_exchange(spec.name) as exchange:
        assert exchange.state is events.AdapterState.READY  # the sandbox would have refused the real venue's key


@EACH
async def test_the_embedded_venue_lives_as_long_as_the_connection(spec: AdapterSpec) -> None:
    exchange = get_exchange(spec.name, {"sandbox": {"symbols": ["SOL/USDT"], "rate": 0}})
    async with exchange:
        assert [c.symbol for c in exchange.contracts.all()] == ["SOL/USDT"]
    assert [t for t in asyncio.all_tasks() if "foxtrot" in t.get_name()] == []


def contract_of(spec: AdapterSpec) -> Contract:
    (made,) = import_string(spec.dialect).contracts(SandboxOptions(venue=spec.name, symbols=("BTC/USDT",)))
    contract: Contract = made
    return contract


@EACH
@given(
    side=st.sampled_from(Side),
    kind=st.sampled_from([OrderType.LIMIT, OrderType.MARKET]),
    quantity=st.decimals(min_value=D("0.000001"), max_value=D(20_000), places=6),
    price=st.decimals(min_value=D("0.001"), max_value=D(2_000_000), places=3),
)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_denied_here_the_venue_would_have_refused_and_what_passes_here_it_takes(
    spec: AdapterSpec, side: Side, kind: OrderType, quantity: D, price: D
) -> None:
    average, contract = D(60_000), contract_of(spec)
    limit = price if kind is OrderType.LIMIT else None
    order = Order(
        exchange="x",
        symbol=contract.symbol,
        client_order_id="c",
        side=side,
        type=kind,
        quantity=quantity,
        price=limit,
    )
    new = NewOrder(account="a", symbol=contract.symbol, side=side, type=kind, quantity=quantity, price=limit)
    denied = first_violation(order, contract, average)
    refused = refusal(new, contract, average)
    # Rules relative to the venue's average price are judged with a margin here: near their border the venue decides.
    relative = {rule.name for rule in contract.rules if getattr(rule, "average_minutes", None)}
    near_the_border = refused is not None and refused.detail in relative
    assert (denied is None) == (refused is None) or (denied is None and near_the_border)


def refusal(new: NewOrder, contract: Contract, average: D) -> Refused | None:
    try:
        check_form(new, contract)
        check_values(new, contract, lambda _: average)
    except Refused as refused:
        return refused
    return None
