"""Eight threads send and cancel: of no order is an event lost or out of place."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from foxtrot.gateway import Direction, Event, Exchange, OrderRequest, OrderType, ThreadedAdapter
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET
from foxtrot.sandbox.types import VenueOrder, VenueStatus

THREADS, ORDERS = 8, 25
RANK = {"SUBMITTING": 0, "NOTTRADED": 1, "PARTTRADED": 2, "ALLTRADED": 3, "CANCELLED": 3, "REJECTED": 3}
TRUTH = {
    VenueStatus.NEW: "NOTTRADED",
    VenueStatus.PARTIALLY_FILLED: "PARTTRADED",
    VenueStatus.FILLED: "ALLTRADED",
    VenueStatus.CANCELED: "CANCELLED",
    VenueStatus.EXPIRED: "CANCELLED",
    VenueStatus.EXPIRED_IN_MATCH: "CANCELLED",
}


class Busy:
    """One thread's work: orders far from the market and through it, some cancelled at once, some later, some never."""

    def __init__(self, desk: Any, number: int) -> None:
        self._desk = desk
        self._chance = random.Random(number)
        self.sent: list[str] = []
        self.rejected: list[str] = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        for _ in range(ORDERS):
            kind = self._chance.choice(["far", "far", "through", "at once", "wrong"])
            if kind == "wrong":
                self.rejected.append(self._desk.buy(price="30000.001"))
                continue
            side = self._chance.choice([Direction.LONG, Direction.SHORT])
            far, near = ("30000", "90000") if side is Direction.LONG else ("90000", "30000")
            price = near if kind == "through" else far
            self.sent.append(self._desk.buy("0.001", price, direction=side, type=OrderType.LIMIT))
            if kind == "at once":
                self._desk.cancel(self.sent[-1])
            elif self._chance.random() < 0.3:
                self._desk.cancel(self._chance.choice(self.sent))


@pytest.fixture
def busy_desk(make_desk: Callable[..., Any]) -> Any:
    desk = make_desk(rate={"headroom": 0.0}, retry={"total_timeout_s": 60.0})
    desk.putters = set()
    put = desk.engine.put

    def watched(event: Event) -> None:
        if event.type.startswith(("eOrder.", "eTrade.")):
            desk.putters.add(threading.get_ident())
        put(event)

    desk.engine.put = watched
    desk.connect()
    return desk


def test_eight_threads_send_and_cancel_and_no_event_is_lost_or_out_of_place(busy_desk: Any, venue: Any) -> None:
    desk = busy_desk
    workers = [Busy(desk, number) for number in range(THREADS)]
    for worker in workers:
        worker.thread.join(60)
    sent = [vt_orderid for worker in workers for vt_orderid in worker.sent]
    wrong = [vt_orderid for worker in workers for vt_orderid in worker.rejected]
    assert len(set(sent + wrong)) == THREADS * ORDERS

    def settled() -> bool:
        truth = venue.orders()
        return all(
            desk.orders.get(one) and matches(desk.orders[one][-1], truth.get(one.partition(".")[2])) for one in sent
        )

    desk.wait(lambda: all(desk.statuses(one)[-1:] == ["REJECTED"] for one in wrong), 60)
    desk.wait(lambda: all(desk.statuses(one)[-1:] not in ([], ["SUBMITTING"]) for one in sent), 90)
    desk.wait(settled, 60)  # what others did to an order comes by the private stream, in its own time
    desk.adapter.close()  # every command under way comes to its end
    desk.engine.stop()  # every event is delivered
    assert settled()
    assert len(desk.putters) == 1  # one thread told everything

    trades: dict[str, list[Any]] = {}
    for trade in desk.trades():
        trades.setdefault(trade.vt_orderid, []).append(trade)
    for one in sent:
        told = desk.orders[one]
        names = desk.statuses(one)
        assert names[0] == "SUBMITTING"
        assert all(RANK[a] <= RANK[b] for a, b in pairwise(names)), names
        assert len({name for name in names if RANK[name] == 3}) <= 1, names
        assert all(a.extra["traded"] <= b.extra["traded"] for a, b in pairwise(told[1:]))
        mine = trades.get(one, [])
        assert len({trade.tradeid for trade in mine}) == len(mine)
        assert sum((trade.extra["volume"] for trade in mine), Decimal(0)) == told[-1].extra["traded"]
    assert set(venue.orders()) == {one.partition(".")[2] for one in sent}
    by_id = [[e.data for e in desk.heard if e.type == f"eOrder.{one}"] for one in sent]
    assert by_id == [desk.orders[one] for one in sent]  # both topics tell the same


def matches(told: Any, truth: VenueOrder | None) -> bool:
    return truth is not None and (told.status.name, told.extra["traded"]) == (TRUTH[truth.status], truth.filled)


def test_closing_under_way_loses_no_order(make_desk: Callable[..., Any], venue: Any) -> None:
    desk = make_desk()
    desk.connect()
    sent: list[list[str]] = [[] for _ in range(4)]

    def work(mine: list[str]) -> None:
        while vt_orderid := desk.buy():
            mine.append(vt_orderid)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in sent]
    for thread in threads:
        thread.start()
    desk.wait(lambda: len(desk.orders) > 20)
    desk.adapter.close()
    for thread in threads:
        thread.join(20)
    desk.engine.stop()
    truth = venue.orders()
    everything = [vt_orderid for mine in sent for vt_orderid in mine]
    assert set(desk.orders) == set(everything)
    for one in everything:
        last = desk.orders[one][-1]
        if one.partition(".")[2] in truth:
            assert last.status.name in ("NOTTRADED", "SUBMITTING")  # SUBMITTING: nobody waited for the answer
        else:
            assert last.status.name in ("REJECTED", "SUBMITTING")
            assert last.extra["state"] in ("denied", "in_doubt")


def test_vnpys_own_engine_hears_the_same(venue: Any) -> None:
    vnpy = pytest.importorskip("vnpy.event", reason="the package vnpy is not installed")
    engine, heard = vnpy.EventEngine(), queue.Queue[Any]()
    engine.register("eOrder.", lambda event: heard.put(event.data.status.name))
    engine.start()
    keys = {"API Key": DEFAULT_KEY, "Secret": DEFAULT_SECRET}
    config = {"rest_url": f"http://{venue.sandbox.base}"}
    with ThreadedAdapter(engine, "DESK", exchange="binanceus", config=config) as adapter:
        assert adapter.connect(keys)
        adapter.send_order(OrderRequest("BTCUSDT", Exchange.DESK, Direction.LONG, OrderType.LIMIT, 0.001, 30000))
        assert [heard.get(timeout=20), heard.get(timeout=20)] == ["SUBMITTING", "NOTTRADED"]
    engine.stop()


def test_an_engine_that_fails_to_take_an_event_does_not_stop_trading(
    venue: Any, caplog: pytest.LogCaptureFixture
) -> None:
    heard = queue.Queue[Any]()

    class Failing:
        def put(self, event: Event) -> None:
            if event.type == "eOrder." and event.data.status.name == "SUBMITTING":
                raise ValueError("no room")
            if event.type == "eOrder.":
                heard.put(event.data.status.name)

    keys = {"API Key": DEFAULT_KEY, "Secret": DEFAULT_SECRET}
    config = {"rest_url": f"http://{venue.sandbox.base}"}
    with ThreadedAdapter(Failing(), "DESK", exchange="binanceus", config=config) as adapter:
        assert adapter.connect(keys)
        adapter.send_order(OrderRequest("BTCUSDT", Exchange.DESK, Direction.LONG, OrderType.LIMIT, 0.001, 30000))
        assert heard.get(timeout=20) == "NOTTRADED"
    assert "the event engine did not take eOrder." in caplog.text
    assert "no room" in caplog.text
