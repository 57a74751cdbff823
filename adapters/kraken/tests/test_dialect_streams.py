"""The public channels on WebSocket v2: acknowledgements, snapshots, updates."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import Side

from .dialect_wire import Wire

AT = "2027-01-15T08:00:00.123456Z"
TIMES = {"time_in": AT, "time_out": AT}


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_a_connection_begins_with_the_status(wire: Wire) -> None:
    texts: list[str] = []
    wire.dialect.open_socket("/v2", "", "here", texts.append, lambda code, reason: None)
    status = json.loads(texts[0])
    (data,) = status.pop("data")
    assert status == {"channel": "status", "type": "update"}
    assert (data["system"], data["api_version"], data["connection_id"] > 0) == ("online", "v2", True)


def test_there_is_nothing_beside_v2(wire: Wire) -> None:
    refused = wire.dialect.open_socket("/", "", "here", lambda text: None, lambda code, reason: None)
    assert getattr(refused, "status", 0) == 404


def test_each_symbol_has_an_acknowledgement_of_its_own(wire: Wire) -> None:
    session, heard = wire.socket()
    wire.ask(session, "subscribe", 11, channel="trade", symbol=["BTC/USD", "XBT/USD", "HBAR/USDT"])
    assert heard == [
        {
            "method": "subscribe",
            "req_id": 11,
            "result": {"channel": "trade", "snapshot": False, "symbol": "BTC/USD"},
            "success": True,
            **TIMES,
        },
        {
            "method": "subscribe",
            "req_id": 11,
            "symbol": "XBT/USD",
            "error": "Currency pair not supported XBT/USD",
            "success": False,
            **TIMES,
        },
        {
            "method": "subscribe",
            "req_id": 11,
            "result": {"channel": "trade", "snapshot": False, "symbol": "HBAR/USDT"},
            "success": True,
            **TIMES,
        },
    ]
    heard.clear()
    wire.ask(session, "unsubscribe", None, channel="trade", symbol=["BTC/USD", "ETH/USD"])
    assert [(said.get("success"), said.get("error")) for said in heard] == [
        (True, None),
        (False, "Subscription Not Found"),
    ]
    assert "req_id" not in heard[0]
    heard.clear()
    wire.trade("60000")
    wire.trade("0.2", symbol="HBAR/USDT")
    assert [frame["data"][0]["symbol"] for frame in heard] == ["HBAR/USDT"]


def test_ping_is_answered_with_pong(wire: Wire) -> None:
    session, heard = wire.socket()
    session.receive('{"method":"ping","req_id":1}')
    session.receive('{"method":"ping"}')
    session.receive('{"method":"ping","params":{},"req_id":0}')
    assert heard == [
        {"method": "pong", "req_id": 1, **TIMES},
        {"method": "pong", **TIMES},
        {
            "method": "ping",
            "req_id": 0,
            "error": "Unsupported field: 'params' for the given msg type: ping",
            "success": False,
            **TIMES,
        },
    ]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"channel": "books"}, "Unsupported event"),
        ({"channel": "book", "symbol": ["BTC/USD"], "depth": 11}, "Subscription depth not supported"),
        ({"channel": "book", "symbol": ["BTC/USD"], "depth": "10"}, "Depth field must be an integer"),
        ({"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 2}, "Subscription ohlc interval not supported"),
        ({"channel": "ticker"}, "Symbol(s) not found"),
        ({"channel": "ticker", "symbol": "BTC/USD"}, "Symbol field must be an array"),
        ({"channel": "ticker", "symbol": [5]}, "Symbol field must be an array of strings"),
        ({"channel": "ticker", "symbol": ["BTC/USD"], "event_trigger": "all"}, "Event_trigger not supported"),
        ({"channel": "ticker", "symbol": ["BTC/USD"], "snapshot": 1}, "Snapshot field must be a boolean"),
        (
            {"channel": "trade", "symbol": ["BTC/USD"], "depth": 5},
            "Unsupported field: 'depth' for the given msg type: subscribe",
        ),
        ({"channel": "executions"}, "Token(s) not found"),
        ({"channel": "balances", "token": "none"}, "ESession:Invalid session"),
    ],
)
def test_a_subscription_that_is_none_is_refused_as_a_whole(wire: Wire, params: dict[str, Any], text: str) -> None:
    session, heard = wire.socket()
    wire.ask(session, "subscribe", 3, **params)
    assert heard == [{"method": "subscribe", "req_id": 3, "error": text, "success": False, **TIMES}]


def test_a_second_subscription_of_the_same_is_refused(wire: Wire) -> None:
    session, heard = wire.socket()
    for depth in (10, 25):
        wire.ask(session, "subscribe", channel="book", symbol=["BTC/USD"], depth=depth)
    assert (heard[-1]["error"], heard[-1]["symbol"]) == ("Already subscribed", "BTC/USD")
    for interval in (1, 5):
        wire.ask(session, "subscribe", channel="ohlc", symbol=["BTC/USD"], interval=interval)
    assert heard[-2]["success"]


def test_whether_a_repeated_subscription_begins_anew_is_an_option() -> None:
    wire = Wire(repeated_subscription="renew")
    session, heard = wire.socket()
    for depth in (10, 25):
        wire.offer(Side.BUY, "1", str(50_000 + depth))
        wire.ask(session, "subscribe", channel="book", symbol=["BTC/USD"], depth=depth)
    wire.offer(Side.BUY, "1", "50003")
    wire.later(0.1)
    books = [frame for frame in heard if frame.get("channel") == "book"]
    assert [(frame["type"], len(frame["data"][0]["bids"])) for frame in books] == [
        ("snapshot", 1), ("snapshot", 2), ("update", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ("nonsense", "Malformed request"),
        ("[]", "Malformed request"),
        ('{"method":5}', "Malformed request"),
        ('{"method":"dance"}', "Unsupported event"),
        ('{"method":"subscribe"}', "Params field must be an object"),
        ('{"method":"subscribe","params":{},"req_id":"a"}', "Req_id field must be an integer"),
        ('{"method":"ping","req_id":1.5}', "Req_id field must be an integer"),
        ('{"method":"subscribe","params":{},"id":1}', "Unsupported field: 'id' for the given msg type: subscribe"),
    ],
)
def test_a_frame_that_is_no_request_is_told_what_is_wrong(wire: Wire, frame: str, text: str) -> None:
    session, heard = wire.socket()
    session.receive(frame)
    assert [(said["error"], said["success"]) for said in heard] == [(text, False)]


def test_tickers_come_with_trades_or_with_every_change_of_the_best_prices(wire: Wire) -> None:
    wire.offer(Side.BUY, "2", "59990")
    by_trades, on_trades = wire.socket()
    by_best, on_best = wire.socket()
    wire.ask(by_trades, "subscribe", channel="ticker", symbol=["BTC/USD"])
    wire.ask(by_best, "subscribe", channel="ticker", symbol=["BTC/USD"], event_trigger="bbo", snapshot=False)
    assert on_trades[0]["result"] == {
        "channel": "ticker",
        "event_trigger": "trades",
        "snapshot": True,
        "symbol": "BTC/USD",
    }
    assert (on_trades[1]["type"], len(on_best)) == ("snapshot", 1)
    wire.offer(Side.SELL, "1", "60010")
    wire.later(0.1)
    assert (len(on_trades), len(on_best)) == (2, 2)
    assert (on_best[1]["data"][0]["ask"], on_best[1]["data"][0]["ask_qty"]) == (60_010, 1)
    wire.offer(Side.BUY, "0.4", "60010")
    wire.later(0.1)
    (data,) = on_trades[2]["data"]
    shown = {name: data[name] for name in ("last", "volume", "vwap", "low", "high", "change", "change_pct")}
    assert shown == {
        "last": 60_010,
        "volume": D("0.4"),
        "vwap": 60_010,
        "low": 60_010,
        "high": 60_010,
        "change": 0,
        "change_pct": 0,
    }


def test_trades_come_one_by_one_and_on_request_with_those_before(wire: Wire) -> None:
    for n in range(60):
        wire.trade(str(60_000 + n))
    session, heard = wire.socket()
    wire.ask(session, "subscribe", channel="trade", symbol=["BTC/USD"], snapshot=True)
    assert [row["trade_id"] for row in heard[1]["data"]] == list(range(11, 61))
    wire.offer(Side.SELL, "1", "60100")
    wire.ask(session, "add_order")  # anything in between
    token = wire.token()
    wire.ask(session, "add_order", order_type="market", side="buy", symbol="BTC/USD", order_qty=0.25, token=token)
    updates = [frame for frame in heard if frame.get("type") == "update"]
    assert updates == [
        {
            "channel": "trade",
            "type": "update",
            "data": [
                {
                    "symbol": "BTC/USD",
                    "side": "buy",
                    "price": D("60100.0"),
                    "qty": D("0.25"),
                    "ord_type": "market",
                    "trade_id": 61,
                    "timestamp": AT,
                }
            ],
        }
    ]


def test_candles_come_when_something_traded_and_the_next_one_tells_that_one_is_over(wire: Wire) -> None:
    wire.trade("60000")
    session, heard = wire.socket()
    wire.ask(session, "subscribe", channel="ohlc", symbol=["BTC/USD"], interval=1)
    assert heard[0]["result"]["warnings"] == ["timestamp is deprecated, use interval_begin"]
    (first,) = heard[1]["data"]
    assert (first["interval_begin"], first["timestamp"]) == (
        "2027-01-15T08:00:00.000000000Z",
        "2027-01-15T08:01:00.000000Z",
    )
    wire.later(2)
    assert [frame for frame in heard[2:] if frame["channel"] == "ohlc"] == []
    wire.now_ns += 57 * 10**9
    wire.trade("60010", "0.25")  # at 59 s
    wire.now_ns += 2 * 10**9
    wire.trade("60020", "1")  # in the next minute, before anything was sent
    wire.later(0.1)
    candles = [row for frame in heard[2:] if frame["channel"] == "ohlc" for row in frame["data"]]
    shown = [[row[n] for n in ("interval_begin", "open", "close", "volume", "trades")] for row in candles]
    assert shown == [
        ["2027-01-15T08:00:00.000000000Z", 60_000, 60_010, D("0.75"), 2],
        ["2027-01-15T08:01:00.000000000Z", 60_020, 60_020, 1, 1],
    ]


def test_instruments_are_listed_and_a_halt_is_told(wire: Wire) -> None:
    session, heard = wire.socket()
    wire.ask(session, "subscribe", channel="instrument")
    data = heard[1]["data"]
    assert [asset["id"] for asset in data["assets"]] == ["BTC", "USD", "USDT", "ETH", "HBAR"]
    btc = next(pair for pair in data["pairs"] if pair["symbol"] == "BTC/USD")
    assert (btc["price_increment"], btc["qty_min"], btc["cost_min"]) == (D("0.1"), D("0.00005"), D("0.5"))
    assert (btc["base"], btc["status"], btc["qty_precision"]) == ("BTC", "online", 8)
    wire.venue.set_status("ETH/USD", trading=False)
    wire.later(0.1)
    assert (heard[-1]["type"], heard[-1]["data"]["assets"]) == ("update", [])
    assert [(pair["symbol"], pair["status"]) for pair in heard[-1]["data"]["pairs"]] == [("ETH/USD", "cancel_only")]


@pytest.mark.parametrize(("mode", "busy"), [("always", 5), ("idle", 0)])
def test_heartbeats_begin_with_the_first_subscription(mode: str, busy: int) -> None:
    wire = Wire(heartbeat=mode)
    session, heard = wire.socket()
    wire.later(5)
    assert heard == []
    wire.ask(session, "subscribe", channel="trade", symbol=["BTC/USD"])
    heard.clear()
    wire.later(5.05)
    assert heard == [{"channel": "heartbeat"}] * 5
    for _ in range(10):
        wire.trade("60000")
        wire.later(0.5)
    assert sum(frame["channel"] == "heartbeat" for frame in heard[5:]) == busy


def test_a_clock_that_was_put_back_does_not_silence_the_heartbeats(wire: Wire) -> None:
    session, heard = wire.socket()
    wire.ask(session, "subscribe", channel="trade", symbol=["BTC/USD"])
    heard.clear()
    wire.now_ns -= 20 * 10**9
    wire.later(3.05)
    assert heard == [{"channel": "heartbeat"}] * 3


def test_a_connection_that_is_of_no_use_is_closed_unless_it_pings(wire: Wire) -> None:
    _, _ = wire.socket()
    wire.later(59, step=1)
    assert wire.closed == []
    wire.later(2, step=1)
    assert wire.closed == [1000]
    session, _ = wire.socket()
    for _ in range(5):
        wire.later(30, step=1)
        session.receive('{"method":"ping"}')
    assert wire.closed == [1000]
    patient = Wire(idle_close_s=0)
    patient.socket()
    patient.later(300, step=1)
    assert patient.closed == []


def test_too_many_messages_are_told() -> None:
    wire = Wire(messages_per_second=2)
    session, heard = wire.socket()
    for _ in range(3):
        session.receive('{"method":"ping"}')
    assert [frame.get("method", frame) for frame in heard] == ["pong", "pong", {"Error": "Exceeded msg rate"}]
    wire.now_ns += 10**9
    session.receive('{"method":"ping"}')
    assert heard[-1]["method"] == "pong"


def test_a_closed_socket_hears_nothing_more(wire: Wire) -> None:
    session, heard = wire.socket()
    wire.ask(session, "subscribe", channel="trade", symbol=["BTC/USD"])
    session.closed()
    heard.clear()
    wire.trade("60000")
    wire.later(5)
    assert heard == []
