"""The private stream in both schemes: the same events whatever they come wrapped in."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.account import Balance
from foxtrot.model.order import OrderStatus, OrderType, Side, TimeInForce
from foxtrot.protocol.calls import RawResponse
from foxtrot.protocol.messages import (
    Ack,
    BalanceDelta,
    BalancesChanged,
    Message,
    Nack,
    OrderUpdate,
    StreamEnded,
    Unknown,
)
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.codec.user import ListenKeyScheme, SignatureScheme
from foxtrot_binance.servers import BINANCEUS

REPORT: dict[str, Any] = {
    "e": "executionReport", "E": 5, "s": "BTCUSDT", "c": "mine", "S": "BUY", "o": "LIMIT", "f": "GTC", "q": "1.0",
    "p": "100.0", "P": "0.0", "F": "0.0", "g": -1, "C": "", "x": "TRADE", "X": "PARTIALLY_FILLED", "r": "NONE", "i": 7,
    "l": "0.4", "z": "0.4", "L": "100.0", "n": "0.0004", "N": "BTC", "T": 4, "t": 11, "I": 9, "w": True, "m": True,
    "M": True, "O": 3, "Z": "40.0", "Y": "40.0", "Q": "0.0", "W": 3, "V": "EXPIRE_MAKER", "fromTheFuture": 1,
}  # fmt: skip


def private(symbols: SymbolTable, *frames: object) -> list[Message]:
    told: list[Message] = []
    for frame in frames:
        data = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        ListenKeyScheme(symbols).read(data, 99, told.append)
    return told


def order_of(symbols: SymbolTable, **changes: Any) -> OrderUpdate:
    (update,) = private(symbols, REPORT | changes)
    assert isinstance(update, OrderUpdate)
    return update


def test_an_execution_report_is_the_same_in_all_three_wrappings(symbols: SymbolTable) -> None:
    raw, combined, subscribed = private(
        symbols, REPORT, {"stream": "key", "data": REPORT}, {"subscriptionId": 0, "event": REPORT}
    )
    assert raw == combined == subscribed
    assert isinstance(raw, OrderUpdate)
    assert (raw.symbol, raw.client_order_id, raw.order_id, raw.side) == ("BTC/USDT", "mine", "7", Side.BUY)
    assert (raw.type, raw.time_in_force, raw.stp_mode) == (OrderType.LIMIT, TimeInForce.GTC, "EXPIRE_MAKER")
    assert (raw.quantity, raw.price, raw.stop_price, raw.quote_quantity) == (D("1.0"), D("100.0"), None, None)
    assert (raw.status, raw.filled, raw.filled_quote) == (OrderStatus.PARTIALLY_FILLED, D("0.4"), D("40.0"))
    assert (raw.ts_created, raw.ts_event, raw.ts_recv) == (3_000_000, 4_000_000, 99)
    (fill,) = raw.fills
    assert (fill.trade_id, fill.quantity, fill.price, fill.quote_quantity) == ("11", D("0.4"), D("100.0"), D("40.0"))
    assert (fill.fee, fill.fee_asset, fill.is_maker, fill.client_order_id) == (D("0.0004"), "BTC", True, "mine")


def test_a_cancel_report_names_the_order_by_its_original_id(symbols: SymbolTable) -> None:
    update = order_of(symbols, x="CANCELED", X="CANCELED", c="the-cancel", C="mine", t=-1)
    assert (update.client_order_id, update.status, update.fills) == ("mine", OrderStatus.CANCELED, ())


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        ({"x": "NEW", "X": "NEW"}, OrderStatus.OPEN, ""),
        ({"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"}, OrderStatus.REJECTED, "INSUFFICIENT_BALANC"),
        ({"x": "EXPIRED", "X": "EXPIRED"}, OrderStatus.EXPIRED, ""),
        ({"x": "EXPIRED", "X": "EXPIRED", "eR": "OCO_TRIGGER"}, OrderStatus.EXPIRED, "OCO_TRIGGER"),
        ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, OrderStatus.EXPIRED, "self-trade prevention"),
        ({"x": "CALCULATED", "X": "SUBLIMATED"}, OrderStatus.IN_DOUBT, "SUBLIMATED"),
    ],
)
def test_only_a_trade_carries_a_fill_and_every_ending_its_reason(
    symbols: SymbolTable, words: dict[str, str], status: OrderStatus, reason: str
) -> None:
    update = order_of(symbols, **words)
    assert (update.status, update.fills) == (status, ())
    assert reason in update.reason
    assert bool(reason) == bool(update.reason)


def test_words_that_nobody_knows_do_not_hide_a_fill(symbols: SymbolTable) -> None:
    update = order_of(symbols, o="PEGGED", f="GTX", V="SHRUG")
    assert (update.type, update.time_in_force, update.stp_mode, len(update.fills)) == (None, None, "SHRUG", 1)


def test_balances_and_endings_are_told_apart(symbols: SymbolTable) -> None:
    told = private(
        symbols,
        {"e": "outboundAccountPosition", "E": 5, "u": 5, "B": [{"a": "BTC", "f": "1.5", "l": "0.5"}]},
        {"e": "balanceUpdate", "E": 5, "a": "BTC", "d": "-2.50", "T": 5},
        {"e": "listenKeyExpired", "E": 5},
        {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 5}},
        {"e": "serverShutdown", "E": 5},
    )
    assert told == [
        BalancesChanged((Balance("BTC", D("1.5"), D("0.5")),), 5_000_000, 99),
        BalanceDelta("BTC", D("-2.50"), 5_000_000, 99),
        StreamEnded("listenKeyExpired"),
        StreamEnded("eventStreamTerminated"),
        StreamEnded("serverShutdown"),
    ]


def test_an_external_lock_asks_for_the_balance_and_a_list_report_says_nothing_new(symbols: SymbolTable) -> None:
    told = private(
        symbols,
        {"e": "externalLockUpdate", "E": 5, "a": "NEO", "d": "10", "T": 5},
        {"e": "listStatus", "E": 5, "s": "BTCUSDT", "g": 2, "c": "OCO", "O": []},
    )
    assert told == [BalanceDelta("NEO", D(0), 5_000_000, 99)]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"event":' + b"[" * 100_000,
        {"e": "somethingNew", "E": 5},
        {"e": "executionReport"},
        REPORT | {"S": "SHORT"},
        REPORT | {"s": "NOPEUSDT"},
        REPORT | {"l": "NaN"},
        {"subscriptionId": 0, "event": None},
        {"id": None, "status": 400, "error": {"code": -1135, "msg": "Invalid JSON Request"}},
    ],
    ids=lambda f: str(f)[:40],
)
def test_a_frame_that_cannot_be_read_is_kept_and_kills_nothing(symbols: SymbolTable, frame: object) -> None:
    told = private(symbols, frame, REPORT)
    assert [type(m) for m in told] == [Unknown, OrderUpdate]


def test_a_login_is_confirmed_or_refused_and_an_unknown_scheme_is_told_apart(symbols: SymbolTable) -> None:
    told = private(
        symbols,
        {"id": 1, "status": 200, "result": {"subscriptionId": 0}, "rateLimits": []},
        {"id": 2, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key"}},
        {"id": 3, "status": 400, "error": {"code": -1020, "msg": "This operation is not supported."}},
    )
    assert told == [
        Ack(1),
        Nack(2, "-2015", "Invalid API-key"),
        Nack(3, "unsupported", "This operation is not supported."),
    ]


def test_the_signed_login_signs_key_and_time(symbols: SymbolTable) -> None:
    signed: list[bytes] = []

    def sign(payload: bytes) -> str:
        signed.append(payload)
        return "SIG"

    scheme = SignatureScheme(symbols, "KEY", sign)
    frame = json.loads(scheme.logins(1_747_385_641_636, 7, "")[0])
    assert frame == {
        "id": 7,
        "method": "userDataStream.subscribe.signature",
        "params": {"apiKey": "KEY", "timestamp": 1_747_385_641_636, "signature": "SIG"},
    }
    assert signed == [b"apiKey=KEY&timestamp=1747385641636"]
    assert scheme.url(BINANCEUS.live, "") == "wss://ws-api.binance.us:443/ws-api/v3"
    assert (scheme.open_call(), scheme.keepalive_call(""), scheme.close_call("")) == (None, None, None)


def test_a_listen_key_is_asked_for_used_kept_alive_and_given_back(symbols: SymbolTable) -> None:
    scheme = ListenKeyScheme(symbols)
    opening, keeping, closing = scheme.open_call(), scheme.keepalive_call("KEY"), scheme.close_call("KEY")
    assert opening is not None
    assert opening.decode(b'{"listenKey":"KEY"}') == "KEY"
    assert scheme.url(BINANCEUS.live, "KEY") == "wss://stream.binance.us:9443/ws/KEY"
    assert keeping is not None
    assert closing is not None
    assert [c.endpoint for c in (opening, keeping, closing)] == [
        "publicPostUserDataStream",
        "publicPutUserDataStream",
        "publicDeleteUserDataStream",
    ]
    assert keeping.params == closing.params == {"listenKey": "KEY"}
    assert (scheme.keepalive_interval_s, scheme.max_life_s, scheme.logins(1, 1, "KEY")) == (1_800.0, 86_400.0, [])


def test_a_venue_that_has_no_listen_keys_any_more_says_so_for_good(
    rest: BinanceRestCodec, symbols: SymbolTable
) -> None:
    opening = ListenKeyScheme(symbols).open_call()
    assert opening is not None
    error = rest.classify(opening, RawResponse(410, {}, b""))
    assert error is not None
    assert not error.retryable
