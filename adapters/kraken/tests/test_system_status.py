"""The state of the whole venue: what the sandbox says and lets pass, and what our adapter makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from foxtrot.errors import OrderRejected, VenueUnavailable
from foxtrot.model.order import OrderRequest, OrderStatus, Side
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot_kraken.plugin import KRAKEN

from .dialect_wire import START_NS, Wire

STATES = ("online", "maintenance", "cancel_only", "post_only", "limit_only")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(KRAKEN, tmp_path)
    yield made
    await made.close()


@pytest.mark.parametrize("state", STATES)
def test_the_state_is_told_by_rest_and_on_every_connection(state: str) -> None:
    wire = Wire()
    _, early = wire.socket(keep_status=True)
    wire.dialect.set_system(state)  # type: ignore[arg-type]
    _, late = wire.socket(keep_status=True)
    assert wire.result("SystemStatus")["status"] == state
    assert [said["data"][0]["system"] for said in early + late] == ["online", state, state]
    assert Wire(system=state).result("SystemStatus")["status"] == state


PASSING = {
    "online": "limit post market",
    "post_only": "post",
    "limit_only": "limit post",
    "cancel_only": "",
}


@pytest.mark.parametrize(("state", "passing"), PASSING.items())
def test_each_state_lets_pass_what_its_name_says_and_cancels_always(state: str, passing: str) -> None:
    wire = Wire()
    resting = wire.place()
    wire.dialect.set_system(state)  # type: ignore[arg-type]
    orders: dict[str, dict[str, Any]] = {
        "limit": {},
        "post": {"oflags": "post"},
        "market": {"ordertype": "market", "price": None, "volume": "0.001"},
    }
    for name, params in orders.items():
        allowed = name in passing.split()
        refused = [f"EService:Market in {state} mode"]
        assert wire.order(**params, validate="true")["error"] == ([] if allowed else refused), name
        assert wire.order(**params)["error"] == ([] if allowed else refused), name
    assert wire.ok("CancelOrder", txid=resting)["count"] == 1


def test_under_maintenance_only_time_and_status_are_answered() -> None:
    wire = Wire(system="maintenance")
    assert [wire.get(name)["error"] for name in ("Time", "SystemStatus", "AssetPairs")] == [
        [],
        [],
        ["EService:Unavailable"],
    ]
    assert wire.post("Balance")["error"] == ["EService:Unavailable"]


@pytest.mark.parametrize("way", ["rest", "ws"])
@pytest.mark.parametrize("state", ["post_only", "limit_only", "cancel_only"])
async def test_an_order_that_the_state_does_not_let_pass_is_rejected_at_once(
    bench: Bench, way: str, state: str
) -> None:
    desk = await bench.trading(way)
    resting = await desk.rest()
    desk.world.dialect.set_system(state)  # type: ignore[attr-defined]
    with pytest.raises(OrderRejected, match=f"Market in {state} mode"):
        await desk.place(OrderRequest.market(desk.symbol, "buy", desk.quantity(50)))
    assert (await desk.cancel(resting)).status is OrderStatus.CANCELED


async def test_maintenance_ends_the_streams_and_they_come_back_after_it(bench: Bench) -> None:
    desk = await bench.trading("ws")
    await desk.run(desk.exchange.subscribe_quotes(desk.symbol))
    desk.world.dialect.set_system("maintenance")  # type: ignore[attr-defined]
    await desk.clock.advance(5)
    health = desk.exchange.health()
    assert not health.channels["market"].up
    assert "maintenance" in health.channels["market"].reason
    with pytest.raises(VenueUnavailable, match="EService:Unavailable"):
        await desk.run(desk.exchange.fetch_balance())
    desk.world.dialect.set_system("online")  # type: ignore[attr-defined]
    await desk.clock.advance(180)
    assert all(channel.up for channel in desk.exchange.health().channels.values())
    assert (await desk.rest()).status is OrderStatus.OPEN


def test_more_attempts_to_connect_than_the_venue_bears_are_refused_for_a_while() -> None:
    wire = Wire(connections=3)
    opened = [wire.dialect.open_socket("/v2", "", "a", lambda text: None, lambda *_: None) for _ in range(4)]
    assert [getattr(answer, "status", 101) for answer in opened] == [101, 101, 101, 429]
    other = wire.dialect.open_socket("/v2", "", "b", lambda text: None, lambda *_: None)
    assert not hasattr(other, "status")
    wire.now_ns = START_NS + 600 * 10**9
    assert not hasattr(wire.dialect.open_socket("/v2", "", "a", lambda text: None, lambda *_: None), "status")


@pytest.mark.parametrize(("option", "value"), [("calls_decay", 7.0), ("trading_decay", 9.0), ("open_orders", 2)])
def test_what_the_documents_leave_open_of_a_tier_is_an_option(option: str, value: float) -> None:
    wire = Wire(tier="starter", **{"open_orders": 500, option: value})
    if option == "open_orders":
        assert [wire.order()["error"] for _ in range(3)] == [[], [], ["EOrder:Orders limit exceeded"]]
        return
    ask = (lambda: wire.post("Balance")["error"]) if option == "calls_decay" else (lambda: wire.order()["error"])
    count = next(number for number in range(100) if ask())
    assert count == (15 if option == "calls_decay" else 60)
    wire.now_ns += 10**9
    assert [ask() == [] for _ in range(int(value) + 1)] == [True] * int(value) + [False]


def test_the_words_for_a_post_only_order_that_would_take_are_an_option() -> None:
    wire = Wire(post_only="refuse", would_take_text="EOrder:Would take")
    wire.venue.place_agent("BTC/USD", Side.SELL, D(60_010), D(1))
    assert wire.order(price="70000", oflags="post")["error"] == ["EOrder:Would take"]
