"""What the dialect writes the codec reads back exactly: two implementations of one document."""

from __future__ import annotations

import itertools
from decimal import Decimal as D

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.model.events import Bar, Quote
from foxtrot.model.order import OrderStatus, OrderType, Side, TimeInForce
from foxtrot.protocol.messages import Message, OrderUpdate
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.types import (
    Candle,
    Execution,
    OrderReport,
    PublicTrade,
    ReportKind,
    Stp,
    VenueOrder,
    VenueStatus,
)
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.codec.stream import BinanceStreamCodec
from foxtrot_binance.codec.user import ListenKeyScheme
from foxtrot_binance.dialect import BINANCEUS_DIALECT, listing, render
from foxtrot_binance.dialect.contracts import make_contract
from foxtrot_binance.dialect.profile import make_profile
from foxtrot_binance.mapping import to_contracts
from foxtrot_binance.messages.market import ExchangeInfo
from foxtrot_binance.servers import BINANCE, BINANCEUS

CONTRACTS = BINANCEUS_DIALECT.contracts(SandboxOptions(venue="binanceus"))
SYMBOLS = SymbolTable("binanceus")
SYMBOLS.load(CONTRACTS)
CONTRACT = SYMBOLS.contract("BTC/USDT")
REST = BinanceRestCodec(BINANCEUS, SYMBOLS, itertools.count(1).__next__, recv_window_ms=5_000)
amounts = st.decimals(min_value=D("0.00000001"), max_value=D(10_000_000), places=8)
times = st.integers(1_600_000_000_000, 1_900_000_000_000).map(lambda ms: ms * 1_000_000)
STATUSES = {
    VenueStatus.NEW: OrderStatus.OPEN,
    VenueStatus.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    VenueStatus.FILLED: OrderStatus.FILLED,
    VenueStatus.CANCELED: OrderStatus.CANCELED,
    VenueStatus.EXPIRED: OrderStatus.EXPIRED,
    VenueStatus.EXPIRED_IN_MATCH: OrderStatus.EXPIRED,
    VenueStatus.REJECTED: OrderStatus.REJECTED,
}
executions = st.builds(
    Execution,
    trade_id=st.integers(1, 10**9),
    order_id=st.just(7),
    account=st.just("client"),
    symbol=st.just("BTC/USDT"),
    side=st.just(Side.BUY),
    price=amounts,
    quantity=amounts,
    quote_quantity=amounts,
    fee=amounts,
    fee_asset=st.sampled_from(["BTC", "USDT"]),
    is_maker=st.booleans(),
    time_ns=times,
)
orders = st.builds(
    VenueOrder,
    order_id=st.just(7),
    account=st.just("client"),
    client_order_id=st.from_regex(r"[A-Za-z0-9_-]{1,36}", fullmatch=True),
    symbol=st.just("BTC/USDT"),
    side=st.just(Side.BUY),
    type=st.sampled_from(OrderType),
    quantity=amounts,
    price=amounts,
    stop_price=amounts,
    iceberg_quantity=amounts,
    time_in_force=st.sampled_from(TimeInForce),
    stp=st.sampled_from(Stp),
    status=st.sampled_from(VenueStatus),
    filled=amounts,
    filled_quote=amounts,
    created_ns=times,
    updated_ns=times,
    executions=st.lists(executions, max_size=3, unique_by=lambda e: e.trade_id),
)


def check(update: OrderUpdate, order: VenueOrder) -> None:
    assert (update.order_id, update.client_order_id) == (str(order.order_id), order.client_order_id)
    assert (update.side, update.type, update.time_in_force) == (order.side, order.type, order.time_in_force)
    assert (update.quantity, update.price, update.stop_price) == (order.quantity, order.price, order.stop_price)
    assert (update.filled, update.filled_quote) == (order.filled, order.filled_quote)
    assert (update.status, update.stp_mode) == (STATUSES[order.status], order.stp.name)


@given(orders)
def test_an_order_of_a_query_and_of_a_placement(order: VenueOrder) -> None:
    asked = REST.fetch_order(CONTRACT, "7", "").decode(msgspec.json.encode(render.order(order, "BTCUSDT")))
    check(asked, order)
    assert asked.ts_created == order.created_ns
    placed = REST.fetch_order(CONTRACT, "7", "").decode(msgspec.json.encode(render.placed(order, "BTCUSDT", "FULL")))
    check(placed, order)
    assert [(f.trade_id, f.price, f.quantity, f.fee, f.fee_asset) for f in placed.fills] == [
        (str(e.trade_id), e.price, e.quantity, e.fee, e.fee_asset) for e in order.executions
    ]


@given(orders, executions, times)
def test_a_private_report(order: VenueOrder, execution: Execution, at: int) -> None:
    report = OrderReport(kind=ReportKind.TRADE, order=order, execution=execution, time_ns=at)
    told: list[Message] = []
    ListenKeyScheme(SYMBOLS).read(msgspec.json.encode(render.execution_report(report, "BTCUSDT")), 1, told.append)
    (update,) = told
    assert isinstance(update, OrderUpdate)
    check(update, order)
    (fill,) = update.fills
    assert (fill.price, fill.quantity, fill.fee, fill.is_maker) == (
        execution.price,
        execution.quantity,
        execution.fee,
        execution.is_maker,
    )
    assert (update.ts_event, fill.quote_quantity) == (at, execution.quote_quantity)


@given(executions)
def test_an_execution_of_the_history(execution: Execution) -> None:
    raw = msgspec.json.encode([render.my_trade(execution, "BTCUSDT")])
    (fill,) = REST.fetch_my_trades(CONTRACT, None, None, "", 1).decode(raw).items
    assert (fill.trade_id, fill.price, fill.quantity, fill.fee, fill.ts_event) == (
        str(execution.trade_id),
        execution.price,
        execution.quantity,
        execution.fee,
        execution.time_ns,
    )


@given(st.lists(st.tuples(amounts, amounts), max_size=5), st.integers(1, 10**12))
def test_a_book(levels: list[tuple[D, D]], update_id: int) -> None:
    raw = msgspec.json.encode(render.depth(update_id, levels, levels))
    book = REST.fetch_order_book(CONTRACT, 5).decode(raw)
    assert (book.update_id, book.bids) == (update_id, tuple((float(p), float(q)) for p, q in levels))


@given(amounts, amounts, st.sampled_from(Side), times)
def test_a_public_trade(price: D, quantity: D, side: Side, at: int) -> None:
    trade = PublicTrade(
        symbol="BTC/USDT",
        trade_id=5,
        price=price,
        quantity=quantity,
        taker_side=side,
        buyer_order_id=1,
        seller_order_id=2,
        time_ns=at,
    )
    (read,) = REST.fetch_trades(CONTRACT, 1, "").decode(msgspec.json.encode([render.public_trade(trade)]))
    assert (read.trade_id, read.price, read.quantity, read.side, read.ts_event) == (
        5,
        float(price),
        float(quantity),
        side,
        at,
    )


@given(amounts, amounts, st.sampled_from(["1m", "1h", "1d", "1w", "1M"]))
def test_a_candle_by_rest_and_by_stream(price: D, volume: D, interval: str) -> None:
    candle = Candle(open_ns=1_793_577_600 * 10**9, open=price, high=price, low=price, close=price, volume=volume)
    (row,) = REST.fetch_bars(CONTRACT, interval, None, None, 1).decode(
        msgspec.json.encode([render.kline(candle, interval)])
    )
    told: list[Message] = []
    event = {
        "stream": f"btcusdt@kline_{interval}",
        "data": render.kline_event("BTCUSDT", candle, interval, 1_793_577_600_001),
    }
    codec = BinanceStreamCodec("binanceus", SYMBOLS, itertools.count(1).__next__)
    codec.decode(msgspec.json.encode(event), 1, told.append)
    (bar,) = told
    assert isinstance(bar, Bar)
    for read in (row, bar):
        assert (read.open_time, read.close, read.volume, read.interval) == (
            candle.open_ns,
            float(price),
            float(volume),
            interval,
        )
    assert not bar.closed


def test_every_contract_of_both_venues_and_generations() -> None:
    for server, name in itertools.product((BINANCE, BINANCEUS), ("legacy", "current")):
        profile = make_profile(server, name, {})
        for symbol in ("BTC/USDT", "HBAR/USDT", "BTC/USD", "ETH/BTC"):
            contract = make_contract(symbol, profile)
            rendered = {"symbols": [listing.contract(contract, "TRADING", profile)], "rateLimits": []}
            info = msgspec.json.decode(msgspec.json.encode(rendered), type=ExchangeInfo)
            (read,) = to_contracts(info, server.name)
            assert read == msgspec.structs.replace(contract, venue_order_types=read.venue_order_types)


def test_a_quote_keeps_the_update_counter() -> None:
    told: list[Message] = []
    frame = b'{"stream":"btcusdt@bookTicker","data":{"u":400,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}}'
    BinanceStreamCodec("binanceus", SYMBOLS, itertools.count(1).__next__).decode(frame, 1, told.append)
    (quote,) = told
    assert isinstance(quote, Quote)
    assert quote.update_id == 400
