"""The sandbox's market data, by REST and by stream, follow the documents where a client can tell."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.errors import ConfigError
from foxtrot.model.order import Side

from .wire import Wire

MINUTE = 60_000
WINDOW = {"symbol", "priceChange", "priceChangePercent", "weightedAvgPrice", "openPrice", "highPrice", "lowPrice"}
WINDOW |= {"lastPrice", "volume", "quoteVolume", "openTime", "closeTime", "firstId", "lastId", "count"}


def traded(wire: Any, quantity: str = "0.01") -> None:
    wire.offer(Side.SELL, "1", "60001")
    wire.order(type="MARKET", price=None, timeInForce=None, quantity=quantity)


def test_a_range_that_begins_before_the_history_begins_with_it() -> None:
    wire = Wire()
    oldest = wire.get("/api/v3/klines", symbol="BTCUSDT", interval="1m", startTime=0, limit=2)
    assert [row[0] for row in oldest] == [wire.now_ms - 1_440 * MINUTE, wire.now_ms - 1_439 * MINUTE]
    assert wire.get("/api/v3/klines", symbol="BTCUSDT", interval="1h", startTime=0, limit=1)[0][0] <= oldest[0][0]


def test_paging_from_the_beginning_to_now_meets_every_minute_once() -> None:
    wire, opens, start = Wire(), [], 0
    while rows := wire.get("/api/v3/klines", symbol="BTCUSDT", interval="1m", startTime=start, limit=500):
        opens += [row[0] for row in rows]
        start = opens[-1] + 1
    assert opens == list(range(wire.now_ms - 1_440 * MINUTE, wire.now_ms + 1, MINUTE))


def test_a_range_of_months_begins_with_the_next_month() -> None:
    wire = Wire()
    wire.now_ms += 70 * 1_440 * MINUTE  # from 2027-01-15 to 2027-03-26
    january_20 = 1_800_403_200_000
    rows = wire.get("/api/v3/klines", symbol="BTCUSDT", interval="1M", startTime=january_20)
    assert [row[0] for row in rows] == [1_801_440_000_000, 1_803_859_200_000]  # the first of February and of March


def test_a_range_in_the_future_is_empty() -> None:
    wire = Wire()
    for interval in ("1m", "1M"):
        for start in (wire.now_ms + 1, 10**19):
            assert wire.get("/api/v3/klines", symbol="BTCUSDT", interval=interval, startTime=start) == []


def test_the_rolling_window_ticker_covers_the_asked_window() -> None:
    wire = Wire()
    traded(wire)
    wire.later(10 * MINUTE)
    traded(wire, "0.02")
    for size, minutes, volume in (("5m", 5, "0.02"), ("1h", 60, None), ("2d", 2_880, None)):
        full = wire.get("/api/v3/ticker", symbol="BTCUSDT", windowSize=size)
        assert set(full) == WINDOW
        assert full["closeTime"] - full["openTime"] == minutes * MINUTE
        assert volume is None or D(full["volume"]) == D(volume)
    mini = wire.get("/api/v3/ticker", symbols='["BTCUSDT"]', type="MINI")
    assert set(mini[0]) == WINDOW - {"priceChange", "priceChangePercent", "weightedAvgPrice"}


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("ticker", {}, -1102),
        ("ticker", {"symbol": "BTCUSDT", "windowSize": "60m"}, -1100),
        ("ticker", {"symbol": "BTCUSDT", "windowSize": "0m"}, -1100),
        ("ticker", {"symbol": "BTCUSDT", "windowSize": "8d"}, -1100),
        ("ticker", {"symbol": "BTCUSDT", "type": "HUGE"}, -1139),
        ("ticker/24hr", {"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'}, -1128),
        ("ticker/price", {"symbols": '["BTCUSDT","BTCUSDT"]'}, -1151),
        ("ticker/bookTicker", {"symbols": '["NOPE"]'}, -1121),
    ],
)
def test_a_bad_choice_of_tickers_is_refused(path: str, params: dict[str, str], code: int) -> None:
    assert Wire().get(f"/api/v3/{path}", **params)["code"] == code


def test_a_book_ticker_of_an_empty_side_is_zero() -> None:
    wire = Wire()
    wire.offer(Side.SELL, "1", "60001")
    assert wire.get("/api/v3/ticker/bookTicker", symbol="BTCUSDT") == {
        "symbol": "BTCUSDT",
        "bidPrice": "0.00000000",
        "bidQty": "0.00000000",
        "askPrice": "60001.00000000",
        "askQty": "1.00000000",
    }


def test_ticker_streams_say_what_rest_says() -> None:
    wire = Wire()
    names = ["btcusdt@ticker", "btcusdt@miniTicker", "btcusdt@ticker_1h", "btcusdt@ticker_4h", "btcusdt@ticker_1d"]
    names += ["!ticker@arr", "!miniTicker@arr", "!ticker_1h@arr", "ethusdt@ticker", "btcusdt@avgPrice"]
    _, heard = wire.socket("/stream", f"streams={'/'.join(names)}")
    traded(wire)
    wire.later(1_000)
    said = {m["stream"]: m["data"] for m in heard}
    assert set(said) == set(names) - {"ethusdt@ticker", "btcusdt@avgPrice"}
    assert said["!ticker@arr"] == [said["btcusdt@ticker"]]
    assert said["!ticker_1h@arr"] == [said["btcusdt@ticker_1h"]]
    hour = wire.get("/api/v3/ticker", symbol="BTCUSDT", windowSize="1h")
    keys = {"p": "priceChange", "o": "openPrice", "c": "lastPrice", "w": "weightedAvgPrice", "v": "volume"}
    keys |= {"q": "quoteVolume", "F": "firstId", "L": "lastId", "n": "count"}
    event = said["btcusdt@ticker_1h"]
    assert event["C"] - event["O"] == 60 * MINUTE
    assert (event["e"], event["s"]) == ("1hTicker", "BTCUSDT")
    assert {key: event[key] for key in keys} == {key: hour[name] for key, name in keys.items()}
    count = len(heard)
    wire.later(1_000)
    assert len(heard) == count  # nothing changed


def test_only_one_venue_streams_average_prices() -> None:
    wire = Wire("binance")
    _, heard = wire.socket("/ws/btcusdt@avgPrice")
    traded(wire)
    wire.later(1_000)
    (event,) = heard
    assert (event["e"], event["i"], event["w"]) == (
        "avgPrice",
        "5m",
        wire.get("/api/v3/avgPrice", symbol="BTCUSDT")["price"],
    )


def test_a_late_listener_is_not_told_how_a_candle_ended_that_nobody_listened_to() -> None:
    wire = Wire()
    session, heard = wire.socket("/ws")
    wire.ask(session, "LIST_SUBSCRIPTIONS")
    session.receive('{"method":"SUBSCRIBE","params":["btcusdt@kline_1m"],"id":1}')
    wire.later(4_000)
    session.receive('{"method":"UNSUBSCRIBE","params":["btcusdt@kline_1m"],"id":1}')
    wire.later(10 * MINUTE)
    heard.clear()
    session.receive('{"method":"SUBSCRIBE","params":["btcusdt@kline_1m"],"id":1}')
    wire.later(4_000)
    assert {m["k"]["t"] for m in heard if "k" in m} == {wire.now_ms // MINUTE * MINUTE}


@pytest.mark.parametrize(
    ("venue", "profile", "filters"),
    [
        ("binanceus", "legacy", {"PERCENT_PRICE", "MIN_NOTIONAL"}),
        ("binanceus", "current", {"PERCENT_PRICE", "PERCENT_PRICE_BY_SIDE", "MIN_NOTIONAL"}),
        ("binance", "current", {"PERCENT_PRICE_BY_SIDE", "NOTIONAL"}),
    ],
)
def test_each_venue_lists_its_own_filters_with_their_own_fields(venue: str, profile: str, filters: set[str]) -> None:
    info = Wire(venue, profile).get("/api/v3/exchangeInfo", symbol="BTCUSDT")
    found = {f["filterType"]: set(f) - {"filterType"} for f in info["symbols"][0]["filters"]}
    assert {name for name in found if "PERCENT" in name or "NOTIONAL" in name} == filters
    sides = {"bidMultiplierUp", "bidMultiplierDown", "askMultiplierUp", "askMultiplierDown", "avgPriceMins"}
    expected = {"PERCENT_PRICE": {"multiplierUp", "multiplierDown", "avgPriceMins"}, "PERCENT_PRICE_BY_SIDE": sides}
    assert {name: fields for name, fields in found.items() if "PERCENT" in name} == {
        name: fields for name, fields in expected.items() if name in filters
    }


def test_contracts_can_be_asked_for_by_permission() -> None:
    wire = Wire()
    for permission, count in (("SPOT", 2), ("MARGIN", 0)):
        assert len(wire.get("/api/v3/exchangeInfo", permissions=permission)["symbols"]) == count


def test_a_damaged_recording_is_refused_with_its_line() -> None:
    dialect = Wire().dialect
    good = json.dumps(
        {"t": "recv", "ts": 1.0, "data": json.dumps({"e": "trade", "s": "BTCUSDT", "p": "1", "q": "1", "m": True})}
    )
    assert len(dialect.records([good, json.dumps({"t": "note"})])) == 1
    for bad in (
        "{",
        "[]",
        '{"ts":1}',
        '{"t":"recv","ts":1,"data":"{"}',
        good.replace('\\"p\\": \\"1\\"', '\\"p\\": \\"x\\"'),
    ):
        with pytest.raises(ConfigError, match="Line 2 of the recording cannot be read"):
            dialect.records([good, bad])


def test_only_one_venue_has_candles_of_a_second() -> None:
    asked = {"symbol": "BTCUSDT", "interval": "1s", "limit": 5}
    assert Wire("binanceus").get("/api/v3/klines", **asked)["code"] == -1120
    assert len(Wire("binance").get("/api/v3/klines", **asked)) == 5


def test_seconds_add_up_to_their_minutes() -> None:
    wire = Wire("binance")
    for _ in range(20):
        traded(wire)
        wire.later(7_000)
    begin = wire.now_ms - 4 * MINUTE
    minutes = wire.get("/api/v3/klines", symbol="BTCUSDT", interval="1m", startTime=begin, limit=3)
    rows = wire.get("/api/v3/klines", symbol="BTCUSDT", interval="1s", startTime=minutes[0][0], limit=180)
    assert [row[0] for row in rows] == list(range(minutes[0][0], minutes[0][0] + 3 * MINUTE, 1_000))
    assert {row[8] for row in rows} >= {0, 1}  # seconds with a trade, and quiet ones
    for minute in minutes:
        inside = [row for row in rows if minute[0] <= row[0] < minute[0] + MINUTE]
        assert sum(D(row[5]) for row in inside) == D(minute[5])
        assert sum(row[8] for row in inside) == minute[8]
        assert inside[-1][4] == minute[4]
        traded_in = [row for row in inside if row[8]]
        assert max(D(row[2]) for row in traded_in) == D(minute[2])
        assert min(D(row[3]) for row in traded_in) == D(minute[3])
        assert traded_in[0][1] == minute[1]
