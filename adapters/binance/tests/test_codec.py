"""The adapter's codecs: what goes out is what the venue documents, what comes in is what it means."""

from __future__ import annotations

import inspect
import itertools
import json
import re
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from foxtrot.errors import (
    AuthenticationError,
    Banned,
    CancelRejected,
    ClockSkew,
    DuplicateOrder,
    InsufficientFunds,
    OrderNotFound,
    OrderRejected,
    Outcome,
    RateLimited,
    VenueError,
)
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, Event, Quote, Ticker, Trade
from foxtrot.model.order import AmendRequest, Order, OrderStatus, OrderType, Side, TimeInForce
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.messages import (
    Ack,
    BalanceDelta,
    BalancesChanged,
    Channel,
    ChannelKind,
    Message,
    Nack,
    OrderUpdate,
    StreamEnded,
    Unknown,
)
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance import messages as wire
from foxtrot_binance.codec.errors import KNOWN_CODES
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.codec.rpc import BinanceRpcCodec
from foxtrot_binance.codec.stream import BinanceStreamCodec
from foxtrot_binance.codec.user import ListenKeyScheme, SignatureScheme
from foxtrot_binance.servers import BINANCEUS

CONTRACT = Contract(exchange="binanceus", symbol="BTC/USDT", venue_symbol="BTCUSDT", base="BTC", quote="USDT")
ORDER = Order(
    exchange="binanceus",
    symbol="BTC/USDT",
    client_order_id="mine",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=D("0.00001"),
    price=D("1E+5"),
    time_in_force=TimeInForce.IOC,
)


@pytest.fixture
def symbols() -> SymbolTable:
    table = SymbolTable("binanceus")
    table.load([CONTRACT])
    return table


@pytest.fixture
def rest(symbols: SymbolTable) -> BinanceRestCodec:
    return BinanceRestCodec(BINANCEUS, symbols, itertools.count(1).__next__, recv_window_ms=5_000)


@pytest.mark.parametrize(
    "struct",
    [s for _, s in inspect.getmembers(wire, inspect.isclass) if issubclass(s, msgspec.Struct)],
    ids=lambda s: s.__name__,
)
def test_each_wire_struct_decodes_the_payload_in_its_docstring(struct: type[msgspec.Struct]) -> None:
    for payload in payloads(struct.__doc__ or ""):
        decoded = msgspec.json.decode(payload, type=struct, strict=False)
        assert isinstance(decoded, struct)


def payloads(doc: str) -> list[bytes]:
    text = re.sub(r"\s*\n\s*", "", doc.split("\n\n")[0])
    return [
        p.encode()
        for p in re.split(r"\s*\bor\b\s*(?=\{)", text)
        if not {"{}", "[]"} & set(re.findall(r'"(?:k|o)":(\{\})', p))
    ]


def test_orders_go_out_in_plain_decimals_with_our_id(rest: BinanceRestCodec) -> None:
    call = rest.place_order(ORDER, CONTRACT)
    assert (call.endpoint, call.idempotent, call.orders, call.signed) == ("privatePostOrder", False, 1, True)
    assert call.params == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "IOC",
        "quantity": "0.00001",
        "price": "100000",
        "newClientOrderId": "mine",
        "newOrderRespType": "FULL",
        "recvWindow": "5000",
    }


def test_a_market_order_by_quote_and_a_post_only_order_carry_only_what_the_venue_takes(rest: BinanceRestCodec) -> None:
    market = msgspec.structs.replace(
        ORDER, type=OrderType.MARKET, quantity=None, price=None, time_in_force=None, quote_quantity=D("10.50")
    )
    params = rest.place_order(market, CONTRACT).params
    assert params["quoteOrderQty"] == "10.5"
    assert not {"quantity", "price", "timeInForce"} & params.keys()
    maker = rest.place_order(msgspec.structs.replace(ORDER, type=OrderType.LIMIT_MAKER), CONTRACT).params
    assert "timeInForce" not in maker


FULL: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 28, "clientOrderId": "mine", "transactTime": 1507725176595, "price": "0.0",
    "origQty": "10.0", "executedQty": "10.0", "cummulativeQuoteQty": "39999.0", "status": "FILLED",
    "timeInForce": "GTC", "type": "MARKET", "side": "SELL",
    "fills": [{"price": "4000.0", "qty": "10.0", "commission": "4.0", "commissionAsset": "USDT", "tradeId": 56}],
}  # fmt: skip


def test_a_placements_reply_becomes_the_orders_state_with_its_fills(rest: BinanceRestCodec) -> None:
    update = rest.place_order(ORDER, CONTRACT).decode(json.dumps(FULL).encode())
    assert (update.status, update.order_id, update.filled) == (OrderStatus.FILLED, "28", D("10.0"))
    (fill,) = update.fills
    assert (fill.trade_id, fill.fee, fill.fee_asset, fill.quote_quantity) == ("56", D("4.0"), "USDT", D(40_000))
    assert update.ts_event == 1507725176595 * 10**6


@pytest.mark.parametrize("body", [b"", b"{}", b'{"symbol":"BTCUSDT"}', b'{"symbol":"BTCUSDT","orderId":', b"<html>"])
def test_a_reply_without_an_order_id_is_unreadable_never_an_order(rest: BinanceRestCodec, body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        rest.place_order(ORDER, CONTRACT).decode(body)


def test_a_cancels_reply_names_the_order_not_the_request(rest: BinanceRestCodec) -> None:
    reply = FULL | {"status": "CANCELED", "origClientOrderId": "mine", "clientOrderId": "the-cancel", "fills": []}
    update = rest.cancel_order(CONTRACT, "28", "").decode(json.dumps(reply).encode())
    assert (update.client_order_id, update.status) == ("mine", OrderStatus.CANCELED)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("PENDING_NEW", OrderStatus.OPEN),
        ("LEVITATING", OrderStatus.IN_DOUBT),
    ],
)
def test_every_status_word_has_a_meaning_and_an_unknown_one_is_in_doubt_and_named(
    rest: BinanceRestCodec, word: str, status: OrderStatus
) -> None:
    update = rest.fetch_order(CONTRACT, "28", "").decode(json.dumps(FULL | {"status": word}).encode())
    assert update.status is status
    assert word in update.reason or status is not OrderStatus.IN_DOUBT


def replace_body(cancel: str, new: str) -> dict[str, Any]:
    done = FULL | {"fills": []}
    refusal = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    return {
        "cancelResult": cancel,
        "newOrderResult": new,
        "cancelResponse": done | {"status": "CANCELED"} if cancel == "SUCCESS" else {"code": -2011, "msg": "Unknown"},
        "newOrderResponse": done | {"orderId": 29, "status": "NEW"} if new == "SUCCESS" else refusal,
    }


def test_an_amend_reads_both_halves_of_a_cancel_replace(rest: BinanceRestCodec) -> None:
    call = rest.amend_order(ORDER, AmendRequest(symbol="BTC/USDT", price=D(5)), "new", CONTRACT)
    assert (call.params["cancelReplaceMode"], call.params["cancelOrigClientOrderId"]) == ("STOP_ON_FAILURE", "mine")
    whole = call.decode(json.dumps(replace_body("SUCCESS", "SUCCESS")).encode())
    assert whole.old is not None
    assert whole.new is not None
    assert (whole.old.status, whole.new.order_id) == (OrderStatus.CANCELED, "29")
    halves = replace_body("SUCCESS", "FAILURE")
    partial = {"code": -2021, "msg": "Order cancel-replace partially failed.", "data": halves}
    raw = RawResponse(409, {}, json.dumps(partial).encode())
    assert rest.classify(call, raw) is None
    half = call.decode(raw.body)
    assert half.new is None
    assert "insufficient balance" in half.reason
    failed = RawResponse(400, {}, json.dumps({"code": -2022, "msg": "failed", "data": {}}).encode())
    error = rest.classify(call, failed)
    assert isinstance(error, CancelRejected)
    assert error.outcome is Outcome.REFUSED


def test_cancelling_all_of_nothing_is_an_empty_list(rest: BinanceRestCodec) -> None:
    call = rest.cancel_all_orders(CONTRACT)
    raw = RawResponse(400, {}, b'{"code":-2011,"msg":"Unknown order sent."}')
    assert rest.classify(call, raw) is None
    assert call.decode(raw.body) == []


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "outcome", "retryable"),
    [
        (
            400,
            -2010,
            "Account has insufficient balance for requested action.",
            InsufficientFunds,
            Outcome.REFUSED,
            False,
        ),
        (400, -2010, "Duplicate order sent.", DuplicateOrder, Outcome.REFUSED, False),
        (400, -2010, "Market is closed.", OrderRejected, Outcome.REFUSED, False),
        (400, -1013, "Filter failure: LOT_SIZE", OrderRejected, Outcome.REFUSED, False),
        (400, -2011, "Unknown order sent.", CancelRejected, Outcome.REFUSED, False),
        (400, -2013, "Order does not exist.", OrderNotFound, Outcome.REFUSED, False),
        (401, -2015, "Invalid API-key, IP, or permissions for action.", AuthenticationError, Outcome.REFUSED, False),
        (400, -1022, "Signature for this request is not valid.", AuthenticationError, Outcome.REFUSED, False),
        (400, -1021, "Timestamp for this request is outside", ClockSkew, Outcome.REFUSED, True),
        (429, -1003, "Too much request weight used", RateLimited, Outcome.REFUSED, True),
        (429, -1015, "Too many new orders", RateLimited, Outcome.REFUSED, True),
        (418, -1003, "Way too much; IP banned until 5", Banned, Outcome.REFUSED, True),
        (503, -1008, "Server is currently overloaded", VenueError, Outcome.REFUSED, True),
        (500, -1000, "An unknown error occurred", VenueError, Outcome.UNKNOWN, True),
        (504, -1007, "Timeout waiting for response", VenueError, Outcome.UNKNOWN, True),
        (400, -1006, "An unexpected response was received", VenueError, Outcome.UNKNOWN, True),
        (400, -9999, "Something new", VenueError, Outcome.UNKNOWN, False),
    ],
)
def test_each_error_says_whether_the_venue_acted_and_whether_to_try_again(
    rest: BinanceRestCodec,
    status: int,
    code: int,
    text: str,
    kind: type[VenueError],
    outcome: Outcome,
    retryable: bool,
) -> None:
    raw = RawResponse(status, {"retry-after": "17"}, json.dumps({"code": code, "msg": text}).encode())
    error = rest.classify(rest.place_order(ORDER, CONTRACT), raw)
    assert isinstance(error, kind)
    assert (error.outcome, error.retryable, error.code) == (outcome, retryable, str(code))
    if isinstance(error, RateLimited):
        assert error.retry_after_s == 17


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(502, Outcome.UNKNOWN), (500, Outcome.UNKNOWN), (403, Outcome.REFUSED), (404, Outcome.REFUSED)],
)
def test_an_answer_without_a_code_is_judged_by_its_status(
    rest: BinanceRestCodec, status: int, outcome: Outcome
) -> None:
    error = rest.classify(rest.place_order(ORDER, CONTRACT), RawResponse(status, {}, b"<html>Bad Gateway</html>"))
    assert error is not None
    assert error.outcome is outcome


def test_every_documented_code_is_in_the_tables() -> None:
    documented = (
        "-1000 -1001 -1002 -1003 -1006 -1007 -1008 -1013 -1014 -1015 -1016 -1020 -1021 -1022 -1100 -1101 -1102 -1103 "
        "-1104 -1105 -1106 -1108 -1111 -1112 -1114 -1115 -1116 -1117 -1118 -1119 -1120 -1121 -1125 -1127 -1128 -1130 "
        "-1135 -1145 -2010 -2011 -2013 -2014 -2015 -2016 -2021 -2022 -2026 -1034 -1122 -1134 -1139 -1151 -1158 -1168 "
        "-1196 -1199 -1194 -1210 -1211 -1220 -1222 -1225 -2035 -2036 -2038 -2039 -2042 -2043 -1010"
    )
    assert {int(code) for code in documented.split()} - KNOWN_CODES == set()


def test_usage_is_read_from_the_headers(rest: BinanceRestCodec) -> None:
    raw = RawResponse(200, {"x-mbx-used-weight-1m": "37", "x-mbx-order-count-10s": "2"}, b"{}")
    assert [(u.interval_s, u.used) for u in rest.usage(raw)] == [(60, 37), (10, 2)]


# streams


def heard(symbols: SymbolTable, *frames: object) -> list[Message]:
    codec = BinanceStreamCodec("binanceus", symbols, itertools.count(1).__next__)
    told: list[Message] = []
    for frame in frames:
        codec.decode(frame if isinstance(frame, bytes) else json.dumps(frame).encode(), 99, told.append)
    return told


def test_subscriptions_are_asked_for_by_the_venues_stream_names(symbols: SymbolTable) -> None:
    codec = BinanceStreamCodec("binanceus", symbols, itertools.count(1).__next__)
    channels = [
        Channel(ChannelKind.TRADES, "BTC/USDT"),
        Channel(ChannelKind.BOOK, "BTC/USDT"),
        Channel(ChannelKind.OHLCV, "BTC/USDT", "5m"),
    ]
    assert json.loads(codec.subscribe(channels, 3)) == {
        "method": "SUBSCRIBE",
        "params": ["btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@kline_5m"],
        "id": 3,
    }


def test_payloads_become_events_with_venue_time_our_time_and_growing_numbers(symbols: SymbolTable) -> None:
    trade = {"e": "trade", "E": 2, "s": "BTCUSDT", "t": 12, "p": "61837.63", "q": "0.02", "T": 1, "m": True, "M": True}
    quote = {"u": 4, "s": "BTCUSDT", "b": "1.5", "B": "2", "a": "1.6", "A": "3"}
    kline = {
        "t": 60_000, "T": 119_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2, "o": "1", "c": "2", "h": "3", "l": "0.5",
        "v": "9", "n": 4, "x": True, "q": "10", "V": "1", "Q": "1", "B": "0",
    }  # fmt: skip
    ticker = dict.fromkeys("pPwxcQbBaAohlvq", "1.0") | {"e": "24hrTicker", "E": 7, "s": "BTCUSDT", "n": 3}
    events = heard(
        symbols,
        {"stream": "btcusdt@trade", "data": trade},
        {"stream": "btcusdt@bookTicker", "data": quote},
        {"stream": "btcusdt@kline_1m", "data": {"e": "kline", "E": 5, "s": "BTCUSDT", "k": kline}},
        {"stream": "btcusdt@ticker", "data": ticker},
    )
    assert [type(e) for e in events] == [Trade, Quote, Bar, Ticker]
    assert [(e.symbol, e.ts_recv, e.seq) for e in events if isinstance(e, Event)] == [
        ("BTC/USDT", 99, n) for n in (1, 2, 3, 4)
    ]
    first = events[0]
    assert isinstance(first, Trade)
    assert (first.ts_event, first.trade_id, first.price, first.side) == (1_000_000, 12, 61837.63, Side.SELL)
    bar = events[2]
    assert isinstance(bar, Bar)
    assert (bar.open_time, bar.closed, bar.high) == (60_000 * 10**6, True, 3.0)


def test_answers_to_control_messages_are_told_from_payloads(symbols: SymbolTable) -> None:
    told = heard(
        symbols,
        {"result": None, "id": 1},
        {"error": {"code": 2, "msg": "Invalid request"}, "id": 2},
        {"code": 3, "msg": "Invalid JSON"},
    )
    assert told == [Ack(1), Nack(2, "2", "Invalid request"), Nack(None, "3", "Invalid JSON")]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        {"stream": "btcusdt@trade", "data": {"p": "x"}},
        {"stream": "nopeusdt@trade", "data": {}},
        {"stream": "btcusdt@hologram", "data": {}},
        {"surprise": True},
    ],
)
def test_a_frame_that_cannot_be_read_is_kept_and_kills_nothing(symbols: SymbolTable, frame: object) -> None:
    good = {"stream": "btcusdt@bookTicker", "data": {"u": 4, "s": "BTCUSDT", "b": "1", "B": "2", "a": "3", "A": "3"}}
    told = heard(symbols, frame, good)
    assert [type(m) for m in told] == [Unknown, Quote]


# the private stream

REPORT: dict[str, Any] = {
    "e": "executionReport", "E": 5, "s": "BTCUSDT", "c": "mine", "S": "BUY", "o": "LIMIT", "f": "GTC", "q": "1.0",
    "p": "100.0", "P": "0.0", "F": "0.0", "g": -1, "C": "", "x": "TRADE", "X": "PARTIALLY_FILLED", "r": "NONE", "i": 7,
    "l": "0.4", "z": "0.4", "L": "100.0", "n": "0.0004", "N": "BTC", "T": 4, "t": 11, "I": 9, "w": True, "m": True,
    "M": True, "O": 3, "Z": "40.0", "Y": "40.0", "Q": "0.0", "W": 3, "V": "EXPIRE_MAKER", "fromTheFuture": 1,
}  # fmt: skip


def private(symbols: SymbolTable, *frames: object) -> list[Message]:
    told: list[Message] = []
    for frame in frames:
        ListenKeyScheme(symbols).decode(json.dumps(frame).encode(), 99, told.append)
    return told


def test_an_execution_report_is_the_same_in_all_three_wrappings(symbols: SymbolTable) -> None:
    raw, combined, subscribed = private(
        symbols, REPORT, {"stream": "key", "data": REPORT}, {"subscriptionId": 0, "event": REPORT}
    )
    assert raw == combined == subscribed
    assert isinstance(raw, OrderUpdate)
    (fill,) = raw.fills
    assert (raw.status, raw.filled, fill.quantity, fill.fee, fill.is_maker) == (
        OrderStatus.PARTIALLY_FILLED,
        D("0.4"),
        D("0.4"),
        D("0.0004"),
        True,
    )


def test_a_cancel_report_names_the_order_by_its_original_id(symbols: SymbolTable) -> None:
    (update,) = private(symbols, REPORT | {"x": "CANCELED", "X": "CANCELED", "c": "the-cancel", "C": "mine", "t": -1})
    assert isinstance(update, OrderUpdate)
    assert (update.client_order_id, update.status, update.fills) == ("mine", OrderStatus.CANCELED, ())


def test_balances_endings_and_unknown_kinds_are_told_apart(symbols: SymbolTable) -> None:
    told = private(
        symbols,
        {"e": "outboundAccountPosition", "E": 5, "u": 5, "B": [{"a": "BTC", "f": "1.5", "l": "0.5"}]},
        {"e": "balanceUpdate", "E": 5, "a": "BTC", "d": "2", "T": 5},
        {"e": "listenKeyExpired", "E": 5},
        {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 5}},
        {"e": "somethingNew", "E": 5},
    )
    assert [type(m) for m in told] == [BalancesChanged, BalanceDelta, StreamEnded, StreamEnded, Unknown]


def test_the_signed_login_carries_the_documented_signature(symbols: SymbolTable) -> None:
    signed: list[bytes] = []

    def sign(payload: bytes) -> str:
        signed.append(payload)
        return "SIG"

    scheme = SignatureScheme(symbols, "KEY", sign)
    frame = json.loads(scheme.login(1_747_385_641_636, 7) or b"")
    assert frame["method"] == "userDataStream.subscribe.signature"
    assert frame["params"] == {"apiKey": "KEY", "timestamp": 1_747_385_641_636, "signature": "SIG"}
    assert signed == [b"apiKey=KEY&timestamp=1747385641636"]


def test_a_call_over_the_ws_api_has_rests_meaning_both_ways(rest: BinanceRestCodec) -> None:
    codec = BinanceRpcCodec("KEY", lambda payload: payload.decode())
    call: Call[Any] = rest.place_order(ORDER, CONTRACT)
    request = json.loads(codec.encode(call, 3, 1_000))
    assert (request["id"], request["method"]) == (3, "order.place")
    payload = request["params"].pop("signature")
    assert payload == "&".join(f"{k}={request['params'][k]}" for k in sorted(request["params"]))
    limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000, "count": 5}]
    number, good = codec.decode(json.dumps({"id": 3, "status": 200, "result": FULL, "rateLimits": limits}).encode())
    assert (number, good.status, good.headers) == (3, 200, {"x-mbx-used-weight-1m": "5"})
    assert call.decode(good.body).order_id == "28"
    refusal = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    _, bad = codec.decode(json.dumps({"id": 4, "status": 400, "error": refusal}).encode())
    assert isinstance(rest.classify(call, bad), InsufficientFunds)
