"""The sandbox speaks the venue's public REST protocol: its names, its rows, its errors."""

from __future__ import annotations

import itertools
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import Side
from foxtrot.sandbox.flow import MarketFlow

from .dialect_wire import START_NS, Wire

NOW = START_NS // 10**9


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_time_and_status(wire: Wire) -> None:
    assert wire.result("Time") == {"unixtime": NOW, "rfc1123": "Fri, 15 Jan 27 08:00:00 +0000"}
    assert wire.result("SystemStatus") == {"status": "online", "timestamp": "2027-01-15T08:00:00Z"}


def test_legacy_assets_and_pairs_have_their_three_names() -> None:
    wire = Wire(("BTC/USD", "BTC/USDT", "ETH/EUR", "SOL/USD", "DOGE/USD", "XRP/USD", "HBAR/USDT"))
    pairs = wire.result("AssetPairs")
    names = {key: (pair["altname"], pair["wsname"], pair["base"], pair["quote"]) for key, pair in pairs.items()}
    assert names == {
        "XXBTZUSD": ("XBTUSD", "XBT/USD", "XXBT", "ZUSD"),
        "XBTUSDT": ("XBTUSDT", "XBT/USDT", "XXBT", "USDT"),
        "XETHZEUR": ("ETHEUR", "ETH/EUR", "XETH", "ZEUR"),
        "SOLUSD": ("SOLUSD", "SOL/USD", "SOL", "ZUSD"),
        "XDGUSD": ("XDGUSD", "XDG/USD", "XXDG", "ZUSD"),
        "XXRPZUSD": ("XRPUSD", "XRP/USD", "XXRP", "ZUSD"),
        "HBARUSDT": ("HBARUSDT", "HBAR/USDT", "HBAR", "USDT"),
    }
    assets = wire.result("Assets")
    assert {code: asset["altname"] for code, asset in assets.items()} == {
        "XXBT": "XBT", "ZUSD": "USD", "USDT": "USDT", "XETH": "ETH", "ZEUR": "EUR", "SOL": "SOL", "XXDG": "XDG",
        "XXRP": "XRP", "HBAR": "HBAR",
    }  # fmt: skip
    assert set(wire.result("Assets", asset="XBT,ZUSD")) == {"XXBT", "ZUSD"}


@pytest.mark.parametrize("name", ["XXBTZUSD", "XBTUSD", "XBT/USD"])
@pytest.mark.parametrize("request_", ["AssetPairs", "Ticker", "OHLC", "Depth", "Trades", "Spread"])
def test_a_pair_is_known_by_any_name_and_answered_by_its_key(wire: Wire, request_: str, name: str) -> None:
    assert set(wire.result(request_, pair=name)) - {"last"} == {"XXBTZUSD"}


@pytest.mark.parametrize("request_", ["AssetPairs", "Ticker", "OHLC", "Depth", "Trades", "Spread"])
def test_an_unknown_pair_is_refused(wire: Wire, request_: str) -> None:
    assert wire.get(request_, pair="BTC/USD") == {"error": ["EQuery:Unknown asset pair"]}


def test_unknown_assets_and_missing_pairs_are_refused(wire: Wire) -> None:
    assert wire.get("Assets", asset="XBT,NONE") == {"error": ["EQuery:Unknown asset"]}
    assert wire.get("AssetPairs", pair="XBTUSD,NONE") == {"error": ["EQuery:Unknown asset pair"]}
    assert wire.get("Depth") == {"error": ["EGeneral:Invalid arguments:pair"]}


def test_a_pairs_rules_fees_and_status_are_those_in_force(wire: Wire) -> None:
    pair = wire.result("AssetPairs", pair="XBTUSD")["XXBTZUSD"]
    kept = {"pair_decimals": 1, "lot_decimals": 8, "cost_decimals": 5, "tick_size": "0.1", "ordermin": "0.00005"}
    assert kept.items() <= pair.items()
    assert (pair["costmin"], pair["status"], pair["lot"]) == ("0.5", "online", "unit")
    assert (pair["fees"][0], pair["fees_maker"][0]) == ([0, 0.4], [0, 0.25])
    wire.venue.set_status("BTC/USD", trading=False)
    assert wire.result("AssetPairs", pair="XBTUSD")["XXBTZUSD"]["status"] == "cancel_only"
    assert wire.order() == {"error": ["EService:Market in cancel_only mode"]}


def test_the_ticker_sums_up_today_and_the_last_day(wire: Wire) -> None:
    wire.trade("60010", "0.5")
    wire.trade("60030", "1.5")
    wire.offer(Side.BUY, "2.25", "59990")
    wire.offer(Side.SELL, "0.7", "60040")
    shown = wire.result("Ticker", pair="XBTUSD")["XXBTZUSD"]
    assert (shown["a"], shown["b"]) == (["60040.00000", "0", "0.700"], ["59990.00000", "2", "2.250"])
    assert shown["c"] == ["60030.00000", "1.50000000"]
    assert shown["v"] == ["2.00000000"] * 2
    assert shown["p"] == ["60025.00000"] * 2
    assert (shown["t"], shown["l"], shown["h"]) == ([2, 2], ["60010.00000"] * 2, ["60030.00000"] * 2)
    # a day later nothing of it is left in either window
    wire.now_ns += 25 * 3_600 * 10**9
    later = wire.result("Ticker", pair="XBTUSD")["XXBTZUSD"]
    assert (later["v"], later["t"], later["o"]) == (["0.00000000"] * 2, [0, 0], "60030.00000")


def test_yesterdays_trades_count_in_the_last_day_only(wire: Wire) -> None:
    wire.trade("60010", "0.5")  # at 08:00
    wire.now_ns += 20 * 3_600 * 10**9  # at 04:00
    wire.trade("60020", "1")
    assert wire.result("Ticker", pair="XBTUSD")["XXBTZUSD"]["v"] == ["1.00000000", "1.50000000"]


@pytest.mark.parametrize("after_ns", [0, 1, 30 * 10**9, 60 * 10**9 - 1, 60 * 10**9, 90 * 10**9])
def test_a_day_begins_with_its_first_minute_whole(wire: Wire, after_ns: int) -> None:
    wire.trade("60010", "4")
    midnight = (NOW // 86_400 + 1) * 86_400 * 10**9
    wire.now_ns = midnight - 1
    wire.trade("60020", "2")
    wire.now_ns = midnight
    wire.trade("60030", "1")
    wire.now_ns = midnight + after_ns
    shown = wire.result("Ticker", pair="XBTUSD")["XXBTZUSD"]
    assert (shown["v"], shown["o"]) == (["1.00000000", "7.00000000"], "60030.00000")


def test_candles_end_with_the_running_one_and_quiet_minutes_repeat_the_close(wire: Wire) -> None:
    wire.trade("60010", "0.5")
    wire.trade("60020", "1.5")
    wire.now_ns += 2 * 60 * 10**9
    reply = wire.result("OHLC", pair="XBTUSD")
    first, quiet, running = reply["XXBTZUSD"]
    opened = NOW // 60 * 60
    assert first == [opened, "60010.0", "60020.0", "60010.0", "60020.0", "60017.5", "2.00000000", 2]
    assert quiet == [opened + 60, *["60020.0"] * 4, "0.0", "0.00000000", 0]
    assert (running[0], reply["last"]) == (opened + 120, opened + 60)
    after = wire.result("OHLC", pair="XBTUSD", since=reply["last"])
    assert [row[0] for row in after["XXBTZUSD"]] == [opened + 120]


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600])
def test_at_most_720_candles_of_each_interval(minutes: int) -> None:
    wire = Wire(("BTC/USD",), history_days=3)
    rows = wire.result("OHLC", pair="XBTUSD", interval=minutes, since=0)["XXBTZUSD"]
    assert 1 <= len(rows) <= 720
    assert all(later[0] - row[0] == minutes * 60 for row, later in itertools.pairwise(rows))
    assert rows[-1][0] <= NOW < rows[-1][0] + minutes * 60
    assert minutes > 1 or len(rows) == 720


@pytest.mark.parametrize(("weeks", "weekday"), [("monday", 4), ("thursday", 0)])
def test_weeks_open_on_the_chosen_day(weeks: str, weekday: int) -> None:
    row = Wire(weeks=weeks).result("OHLC", pair="XBTUSD", interval=10_080)["XXBTZUSD"][-1]
    assert row[0] // 86_400 % 7 == weekday  # 1970-01-01 was a Thursday


def test_an_interval_that_does_not_exist_is_refused(wire: Wire) -> None:
    for bad in ("2", "x", "-1", "1.0"):
        assert wire.get("OHLC", pair="XBTUSD", interval=bad) == {"error": ["EGeneral:Invalid arguments:interval"]}


def test_the_book_shows_so_many_levels_best_first(wire: Wire) -> None:
    for level in range(5):
        wire.offer(Side.BUY, "1", str(59_990 - level))
        wire.offer(Side.SELL, "2", str(60_010 + level))
    book = wire.result("Depth", pair="XBTUSD", count=2)["XXBTZUSD"]
    assert book["bids"] == [["59990.00000", "1.00000000", NOW], ["59989.00000", "1.00000000", NOW]]
    assert [row[0] for row in book["asks"]] == ["60010.00000", "60011.00000"]
    for bad in ("0", "501", "many"):
        assert wire.get("Depth", pair="XBTUSD", count=bad) == {"error": ["EGeneral:Invalid arguments:count"]}


def test_trades_go_on_from_last(wire: Wire) -> None:
    for n in range(5):
        wire.now_ns += 10**9
        wire.trade(str(60_000 + n))
    reply = wire.result("Trades", pair="XBTUSD", count=2)
    assert [row[6] for row in reply["XXBTZUSD"]] == [4, 5]
    price, volume, at, side, kind, misc, number = reply["XXBTZUSD"][-1]
    assert (price, volume, side, kind, misc, number) == ("60004.00000", "0.50000000", "b", "l", "", 5)
    assert at == pytest.approx(wire.now_ns / 1e9)
    assert reply["last"] == str(wire.now_ns)
    first = wire.result("Trades", pair="XBTUSD", since=0, count=3)
    assert [row[6] for row in first["XXBTZUSD"]] == [1, 2, 3]
    rest = wire.result("Trades", pair="XBTUSD", since=first["last"])
    assert [row[6] for row in rest["XXBTZUSD"]] == [4, 5]
    assert wire.result("Trades", pair="XBTUSD", since=rest["last"]) == {"XXBTZUSD": [], "last": rest["last"]}


def test_a_client_who_takes_at_market_shows_in_the_trades(wire: Wire) -> None:
    wire.offer(Side.SELL, "1", "60010")
    wire.place(ordertype="market", price=None)
    assert [row[4] for row in wire.result("Trades", pair="XBTUSD")["XXBTZUSD"]] == ["m"]


def test_spreads_are_kept_as_they_change(wire: Wire) -> None:
    wire.offer(Side.BUY, "1", "59990")
    wire.offer(Side.SELL, "1", "60010")
    wire.later(1)
    wire.offer(Side.SELL, "1", "60009.9")
    wire.later(2)
    rows = wire.result("Spread", pair="XBTUSD")["XXBTZUSD"]
    assert [row[1:] for row in rows] == [["59990.00000", "60010.00000"], ["59990.00000", "60009.90000"]]
    assert wire.result("Spread", pair="XBTUSD", since=rows[0][0])["XXBTZUSD"] == rows[1:]


def test_a_living_market_keeps_to_the_pairs_decimals() -> None:
    wire = Wire(("BTC/USD", "HBAR/USDT"))
    flow = MarketFlow(wire.venue, ["BTC/USD", "HBAR/USDT"], 7, 100)
    flow.seed_book()
    for _ in range(300):
        flow.step()

    def decimals(number: Any) -> int:
        return max(0, -int(D(number).normalize().as_tuple().exponent))

    for pair, most in (("XXBTZUSD", 1), ("HBARUSDT", 6)):
        book = wire.result("Depth", pair=pair)[pair]
        assert len(book["bids"]) >= 10
        assert all(decimals(price) <= most and decimals(size) <= 8 for price, size, _ in book["bids"] + book["asks"])
