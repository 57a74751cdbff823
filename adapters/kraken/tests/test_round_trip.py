"""What the dialect writes the codecs read back exactly: two implementations of one document."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal as D

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.model.events import Bar, Quote, Ticker, Trade
from foxtrot.model.order import Fill, OrderStatus, OrderType, Side
from foxtrot.model.times import NS_PER_S, moment_ns
from foxtrot.protocol.messages import BookSnapshot, Channel, ChannelKind, Message, OrderUpdate
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.sandbox.dialect import HttpResponse
from foxtrot_kraken.checksums import BookChecksum
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.codec.stream import KrakenStreamCodec
from foxtrot_kraken.codec.user import UserReader
from foxtrot_kraken.dialect import numbers
from foxtrot_kraken.mapping import Names
from foxtrot_kraken.messages.streams import LevelInfo, StreamTrade

from .dialect_wire import Wire

SYMBOL = "BTC/USD"
amounts = st.decimals(min_value=D("0.00000001"), max_value=D(10_000_000), places=8)
prices = st.decimals(min_value=D("0.1"), max_value=D(10_000_000), places=1)
levels = st.lists(st.tuples(prices, amounts), max_size=12)


class Both:
    """The client's codecs and the dialect, joined by bytes alone."""

    def __init__(self) -> None:
        self.wire, self.names, self.symbols = Wire(history_days=1), Names(), SymbolTable("kraken")
        next_seq = itertools.count(1).__next__
        venue_ms = lambda: self.wire.now_ns // 1_000_000  # noqa: E731
        self.rest = KrakenRestCodec("kraken", self.symbols, self.names, next_seq, venue_ms, tier="pro")
        self.symbols.load(self.rest.fetch_markets().decode(self.raw("AssetPairs")).contracts)
        self.contract = self.symbols.contract(SYMBOL)
        self.stream = KrakenStreamCodec("kraken", self.symbols, self.names, next_seq, book_depth=10)
        self.told: list[Message] = []

    def raw(self, name: str, *, post: bool = False, **params: object) -> bytes:
        return json.dumps((self.wire.post if post else self.wire.get)(name, **params)).encode()

    def listen(self, *channels: Channel) -> None:
        session = self.wire.dialect.open_socket("/v2", "", "here", self.hear, lambda code, reason: None)
        assert not isinstance(session, HttpResponse)
        for number, channel in enumerate(channels):
            session.receive(self.stream.subscribe([channel], number + 1).decode())

    def hear(self, text: str) -> None:
        self.stream.decode(text.encode(), 1, self.told.append)

    def log_in(self) -> None:
        reader = UserReader(self.symbols)

        def hear(text: str) -> None:
            reader.read(text.encode(), 1, self.told.append)

        session = self.wire.dialect.open_socket("/v2", "", "here", hear, lambda code, reason: None)
        assert not isinstance(session, HttpResponse)
        params = {"channel": "executions", "token": self.wire.token()}
        session.receive(json.dumps({"method": "subscribe", "params": params, "req_id": 1}))

    def of(self, txid: str) -> OrderUpdate:
        call = self.rest.fetch_order(self.contract, txid, "")
        assert call is not None
        return call.decode(self.raw("QueryOrders", post=True, txid=txid))


def test_the_listing_of_the_dialect_is_read_to_the_contracts_that_it_has() -> None:
    both = Both()
    for symbol, contract in both.wire.venue.contracts.items():
        read = both.symbols.contract(symbol)
        assert (read.base, read.quote, read.price_tick, read.quantity_step, read.min_quantity, read.min_notional) == (
            contract.base, contract.quote, contract.price_tick, contract.quantity_step, contract.min_quantity,
            contract.min_notional,
        )  # fmt: skip


def test_an_orders_life_is_the_same_by_rest_and_by_stream() -> None:
    both = Both()
    both.log_in()
    txid = both.wire.place(price="60000", volume="0.01", cl_ord_id="mine")
    both.wire.offer(Side.SELL, "0.004", "60000")
    both.wire.later(0.2)
    asked = both.of(txid)
    told = [m for m in both.told if isinstance(m, OrderUpdate)]
    assert {m.order_id for m in told} == {txid}
    last = told[-1]
    for update in (asked, last):
        assert (update.client_order_id, update.side, update.type) == ("mine", Side.BUY, OrderType.LIMIT)
        assert (update.status, update.filled) == (OrderStatus.PARTIALLY_FILLED, D("0.004"))
        assert (update.quantity, update.price) == (D("0.01"), D(60_000))
        assert update.filled_quote == D(240)
    call = both.rest.fetch_my_trades(None, None, None, "", 10)
    (read,) = call.decode(both.raw("TradesHistory", post=True)).items
    (fill,) = [fill for m in told for fill in m.fills]
    assert isinstance(fill, Fill)
    assert msgspec.structs.replace(fill, client_order_id="", ts_event=0) == msgspec.structs.replace(read, ts_event=0)
    assert abs(fill.ts_event - read.ts_event) < 1_000_000
    both.wire.ok("CancelOrder", txid=txid)
    both.wire.later(0.2)
    ended = [m for m in both.told if isinstance(m, OrderUpdate)][-1]
    assert [u.status for u in (both.of(txid), ended)] == [OrderStatus.CANCELED] * 2


def test_each_kind_of_order_is_read_by_rest_and_by_stream_as_it_was_placed() -> None:
    both = Both()
    both.log_in()
    kinds: dict[OrderType, dict[str, object]] = {
        OrderType.LIMIT_MAKER: {"price": "50000", "oflags": "post"},
        OrderType.STOP_LOSS: {"ordertype": "stop-loss", "type": "sell", "price": "40000"},
        OrderType.STOP_LOSS_LIMIT: {
            "ordertype": "stop-loss-limit",
            "type": "sell",
            "price": "40000",
            "price2": "39000",
        },
        OrderType.TAKE_PROFIT: {"ordertype": "take-profit", "type": "sell", "price": "90000"},
        OrderType.TRAILING_STOP: {"ordertype": "trailing-stop", "type": "sell", "price": "+500"},
    }
    for kind, params in kinds.items():
        txid = both.wire.place(**params)
        both.wire.later(0.1)
        asked = both.of(txid)
        told = [m for m in both.told if isinstance(m, OrderUpdate) and m.order_id == txid]
        assert asked.type is told[-1].type is kind
        assert (asked.price, asked.stop_price) == (told[-1].price, told[-1].stop_price)
        if kind.has_trigger:
            assert asked.stop_price == (D(59_500) if kind is OrderType.TRAILING_STOP else D(str(params["price"])))


@given(levels, levels)
def test_both_sides_compute_the_same_checksum(bids: list[tuple[D, D]], asks: list[tuple[D, D]]) -> None:
    read = [
        [(level.price, level.qty) for level in msgspec.json.decode(_rows(side), type=list[LevelInfo])]
        for side in (bids, asks)
    ]
    assert BookChecksum(1, 8)(*read) == numbers.checksum(bids, asks, 1, 8)


def _rows(side: list[tuple[D, D]]) -> bytes:
    return msgspec.json.encode([{"price": numbers.number(p, 1), "qty": numbers.number(q, 8)} for p, q in side])


@given(prices, amounts, st.sampled_from(Side), st.integers(1_600_000_000 * 10**6, 1_900_000_000 * 10**6))
def test_a_public_trade_is_read_to_the_digit(price: D, quantity: D, side: Side, at_us: int) -> None:
    raw = {
        "symbol": SYMBOL, "side": side.value, "price": numbers.number(price, 1), "qty": numbers.number(quantity, 8),
        "trade_id": 5, "timestamp": numbers.stamp(at_us * 1_000),
    }  # fmt: skip
    trade = msgspec.json.decode(msgspec.json.encode(raw), type=StreamTrade)
    assert (trade.price, trade.qty, moment_ns(trade.timestamp)) == (float(price), float(quantity), at_us * 1_000)


def test_books_tickers_trades_and_candles_are_the_same_by_rest_and_by_stream() -> None:
    both = Both()
    both.listen(
        Channel(ChannelKind.QUOTES, SYMBOL),
        Channel(ChannelKind.TRADES, SYMBOL),
        Channel(ChannelKind.BOOK, SYMBOL),
        Channel(ChannelKind.OHLCV, SYMBOL, "1m"),
    )
    both.wire.trade("60100", "0.25")
    both.wire.offer(Side.BUY, "0.5", "59000")
    both.wire.offer(Side.SELL, "0.5", "61000")
    both.wire.later(0.2)
    rest, contract, told = both.rest, both.contract, both.told
    kinds = {type(message) for message in told}
    assert {Quote, Ticker, Trade, BookSnapshot, Bar} <= kinds
    quote = [m for m in told if isinstance(m, Quote)][-1]
    (asked,) = rest.fetch_tickers([contract]).decode(both.raw("Ticker", pair="XXBTZUSD"))
    streamed = [m for m in told if isinstance(m, Ticker)][-1]
    assert (asked.last, asked.high, asked.low, asked.volume) == (
        streamed.last, streamed.high, streamed.low, streamed.volume,
    )  # fmt: skip
    assert (asked.bid, asked.ask) == (quote.bid, quote.ask)
    trade = [m for m in told if isinstance(m, Trade)][-1]
    read = rest.fetch_trades(contract, 10, "").decode(both.raw("Trades", pair="XXBTZUSD", count=10))[-1]
    assert (trade.trade_id, trade.price, trade.quantity, trade.side) == (
        read.trade_id, read.price, read.quantity, read.side,
    )  # fmt: skip
    bar = [m for m in told if isinstance(m, Bar)][-1]
    row = rest.fetch_bars(contract, "1m", None, None, 1).decode(both.raw("OHLC", pair="XXBTZUSD", interval=1))[-1]
    assert (bar.open_time, bar.close, bar.high, bar.volume, bar.trades) == (
        row.open_time, row.close, row.high, row.volume, row.trades,
    )  # fmt: skip
    book = rest.fetch_order_book(contract, 10).decode(both.raw("Depth", pair="XXBTZUSD", count=10))
    assert (quote.bid, quote.bid_quantity) == book.bids[0]


def test_the_balance_of_the_dialect_is_read() -> None:
    both = Both()
    both.wire.place(price="50000", volume="0.01")
    held = {b.asset: b for b in both.rest.fetch_balances().decode(both.raw("BalanceEx", post=True))}
    assert held["USD"].locked >= D(500)
    assert {"BTC", "USD"} <= held.keys()


def test_the_time_of_the_dialect_is_read_to_the_second() -> None:
    both = Both()
    at = both.rest.fetch_server_time().decode(both.raw("Time"))
    assert abs(at - both.wire.now_ns) <= NS_PER_S // 2
