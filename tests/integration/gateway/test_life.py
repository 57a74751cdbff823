"""Connecting, closing, using too early and too late, on the wrong thread, and again after a restart."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foxtrot.errors import ConfigError, InvalidRequest, StateError
from foxtrot.gateway import CancelRequest, Event, Exchange, HistoryRequest, Interval, SubscribeRequest, ThreadedAdapter
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET

KEYS = {"API Key": DEFAULT_KEY, "Secret": DEFAULT_SECRET, "Sandbox": True}
Make = Callable[..., Any]
SUBSCRIBE = SubscribeRequest("BTCUSDT", Exchange.BINANCE)
HISTORY = HistoryRequest("BTCUSDT", Exchange.BINANCE, None, None, Interval.MINUTE)  # type: ignore[arg-type]


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_connect_tells_contracts_balances_and_open_orders(make_desk: Make) -> None:
    first = make_desk()
    first.connect()
    vt_orderid = first.buy()
    first.wait_status(vt_orderid, "NOTTRADED")
    second = make_desk()  # another program, which has never heard of that order
    second.connect()
    assert second.wait_status(vt_orderid, "NOTTRADED").extra["state"] == "open"
    second.wait(lambda: {"eContract.", "eAccount.", "eOrder."} <= {event.type for event in second.heard})
    contract = next(event.data for event in second.heard if event.type == "eContract.")
    assert (contract.vt_symbol, contract.pricetick, contract.product.name) == ("BTCUSDT.BINANCE", 0.01, "SPOT")
    second.cancel(vt_orderid)
    second.wait_status(vt_orderid, "CANCELLED")


def test_close_ends_the_thread_and_may_be_repeated(make_desk: Make) -> None:
    desk = make_desk()
    assert "foxtrot BINANCE" not in threads()
    desk.connect()
    assert "foxtrot BINANCE" in threads()
    desk.adapter.close()
    desk.adapter.close()
    assert "foxtrot BINANCE" not in threads()


def test_connecting_twice_is_refused_and_the_first_connection_goes_on(desk: Any) -> None:
    with pytest.raises(StateError, match="connected already"):
        desk.connect()
    desk.wait_status(desk.buy(), "NOTTRADED")


@pytest.mark.parametrize("before", [True, False], ids=["before connect", "after close"])
def test_use_while_not_connected_is_told_and_does_nothing(make_desk: Make, venue: Any, before: bool) -> None:
    desk = make_desk()
    if not before:
        desk.connect()
        desk.adapter.close()
    calls: dict[str, Callable[[], object]] = {
        "send_order": desk.buy,
        "cancel_order": lambda: desk.cancel("BINANCE.1"),
        "subscribe": lambda: desk.adapter.subscribe(SUBSCRIBE),
        "query_account": desk.adapter.query_account,
        "query_position": desk.adapter.query_position,
    }
    for name, call in calls.items():
        assert call() in ("", None)
        assert desk.wait_log(f"{name}: BINANCE is not connected").level == 40
    with pytest.raises(StateError, match="not connected"):
        desk.adapter.query_history(HISTORY)
    assert venue.orders() == {}
    assert desk.orders == {}


def test_a_failed_connect_says_so_leaves_nothing_behind_and_a_later_one_succeeds(make_desk: Make, venue: Any) -> None:
    desk = make_desk(transport={"connect_timeout_s": 2.0, "request_timeout_s": 0.5})
    venue.fault("socket_refused=1", "not_forwarded=1")
    assert desk.adapter.connect(KEYS) is False
    assert desk.wait_log("Not connected: ").level == 40
    assert "foxtrot BINANCE" not in threads()
    venue.look(lambda s: s.faults.clear())
    assert desk.adapter.connect(KEYS) is True


def test_a_venue_that_accepts_and_says_nothing_holds_connect_up_no_longer_than_configured(make_desk: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        desk = make_desk(
            rest_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            transport={"connect_timeout_s": 1.0, "request_timeout_s": 30.0},
        )
        begin = time.monotonic()
        assert desk.adapter.connect(KEYS) is False
        assert time.monotonic() - begin < 10
    assert "within 1 s" in desk.wait_log("Not connected").msg


def test_a_wrong_key_is_a_failed_connect(make_desk: Make) -> None:
    desk = make_desk()
    assert desk.adapter.connect({**KEYS, "API Key": "somebody-elses"}) is False
    assert "Invalid API-key" in desk.wait_log("Not connected").msg


def test_after_close_it_connects_again_and_knows_what_became_of_its_orders(make_desk: Make, venue: Any) -> None:
    desk = make_desk()
    desk.connect()
    vt_orderid = desk.buy(reference="mine")
    desk.wait_status(vt_orderid, "NOTTRADED")
    desk.adapter.close()
    venue.look(lambda s: s.venue.cancel_all(s.dialect.account, "BTC/USDT"))
    desk.connect()
    assert desk.wait_status(vt_orderid, "CANCELLED").reference == "mine"


def test_with_a_journal_a_restart_tells_the_end_of_an_order_that_ended_meanwhile(
    make_desk: Make, venue: Any, tmp_path: Path
) -> None:
    journal = str(tmp_path / "orders.db")
    first = make_desk()
    first.connect(Journal=journal)
    vt_orderid = first.buy()
    first.wait_status(vt_orderid, "NOTTRADED")
    first.stop()
    venue.look(lambda s: s.venue.cancel_all(s.dialect.account, "BTC/USDT"))
    second = make_desk()
    second.connect(Journal=journal)
    second.wait_status(vt_orderid, "CANCELLED")


class Direct:
    """An engine of somebody's that calls the handler inside `put`, hence on the adapter's own thread."""

    def __init__(self) -> None:
        self.handler: Callable[[Event], None] = lambda event: None
        self.seen: list[Event] = []
        self.changed = threading.Condition()

    def put(self, event: Event) -> None:
        with self.changed:
            self.seen.append(event)
            self.changed.notify_all()
        self.handler(event)


def test_calls_from_the_adapters_own_thread_are_scheduled_or_refused_and_never_hang(venue: Any) -> None:
    engine, refused = Direct(), list[str]()
    adapter = ThreadedAdapter(
        engine, "BINANCE", exchange="binanceus", config={"rest_url": f"http://{venue.sandbox.base}"}
    )
    done = threading.Event()

    def on_event(event: Event) -> None:
        if event.type != "eAccount.BINANCE.BTC" or done.is_set():
            return
        done.set()
        for call in (adapter.close, lambda: adapter.connect(KEYS), lambda: adapter.query_history(HISTORY)):
            try:
                call()
            except StateError as error:
                refused.append(error.message)
        adapter.subscribe(SUBSCRIBE)
        adapter.query_position()
        adapter.cancel_order(CancelRequest("nobodys", "BTCUSDT", Exchange.BINANCE))

    assert adapter.connect(KEYS)
    engine.handler = on_event
    adapter.query_account()
    assert done.is_set()
    assert len(refused) == 3
    assert all("own thread" in text for text in refused)
    with engine.changed:
        topics = lambda: {event.type for event in engine.seen}  # noqa: E731
        assert engine.changed.wait_for(lambda: "eTick.BTCUSDT.BINANCE" in topics(), 20)
    engine.handler = lambda event: None
    adapter.close()


def test_a_handler_on_the_own_thread_that_closes_during_connect_is_refused_and_connect_goes_on(venue: Any) -> None:
    engine, refused = Direct(), list[str]()
    adapter = ThreadedAdapter(
        engine, "BINANCE", exchange="binanceus", config={"rest_url": f"http://{venue.sandbox.base}"}
    )

    def on_event(event: Event) -> None:
        if event.type == "eContract.":
            try:
                adapter.close()
            except StateError as error:
                refused.append(error.message)

    engine.handler = on_event
    assert adapter.connect(KEYS)
    assert refused
    adapter.close()


@pytest.mark.parametrize("name", ["subscribe", "send_order", "cancel_order", "query_history"])
def test_what_is_no_request_is_refused_by_a_typed_error(desk: Any, name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"Give a foxtrot\.gateway\.\w+Request, not a builtins\.str"):
        getattr(desk.adapter, name)("BTCUSDT")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": "BTCUSTD"}, "Did you mean BTCUSDT"),
        ({"exchange": Exchange.KRX}, "exchange must be"),
        ({"interval": Interval.TICK}, "interval must be the length of a candle"),
        ({"interval": None}, "interval must be the length of a candle"),
        ({"interval": Interval("7 minutes")}, "is no interval"),
        ({"start": "yesterday"}, "start must be a datetime"),
    ],
)
def test_a_wrong_question_for_history_raises_a_typed_error(desk: Any, changes: dict[str, Any], reason: str) -> None:
    fields = {"symbol": "BTCUSDT", "exchange": Exchange.BINANCE, "start": None, "interval": Interval.MINUTE, **changes}
    with pytest.raises(InvalidRequest, match=reason):
        desk.adapter.query_history(HistoryRequest(**fields))


def test_history_comes_oldest_first_in_the_asked_interval(desk: Any) -> None:
    bars = desk.adapter.query_history(HISTORY)
    assert len(bars) == 500
    assert bars == sorted(bars, key=lambda bar: bar.datetime)
    assert {bar.interval for bar in bars} == {Interval.MINUTE}
    assert all(bar.low_price <= bar.close_price <= bar.high_price for bar in bars)
    hours = desk.adapter.query_history(
        HistoryRequest("BTCUSDT", Exchange.BINANCE, bars[0].datetime, None, Interval.HOUR)
    )
    assert {bar.datetime.minute for bar in hours} == {0}


def test_an_unknown_symbol_cannot_be_subscribed_and_the_log_says_so(desk: Any) -> None:
    desk.adapter.subscribe(SubscribeRequest("BTCUSTD", Exchange.BINANCE))
    assert "Did you mean BTCUSDT" in desk.wait_log("subscribe: ").msg


def test_query_account_has_told_every_balance_when_it_returns(desk: Any) -> None:
    desk.engine.stop()  # what was told until now is heard
    before = len(desk.heard)
    desk.adapter.query_account()
    desk.engine.start()
    desk.wait(lambda: len(desk.heard) > before)
    desk.engine.stop()
    told = {e.data.accountid: e.data for e in desk.heard[before:] if e.type == "eAccount."}
    assert {"BTC", "USDT"} <= set(told)
    assert told["USDT"].available == float(told["USDT"].extra["available"])


def test_spot_has_no_positions_and_says_so(desk: Any) -> None:
    desk.adapter.query_position()
    desk.wait_log("There are no positions to query")


def test_wrong_settings_raise_and_are_told(make_desk: Make) -> None:
    desk = make_desk()
    with pytest.raises(ConfigError, match="Sandbx: unknown key, perhaps Sandbox was meant; known are API Key, Secret"):
        desk.adapter.connect({"Sandbx": True})
    desk.connect()
