"""Faults of a served venue: from Python, from the command line, while it runs; and what a client sees of each."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.exchange import BaseExchange
from foxtrot.model.decimals import floor_to
from foxtrot.model.events import (
    AdapterState,
    BookInvalidated,
    ChannelName,
    ChannelStateChanged,
    OrderEvent,
    StateChanged,
)
from foxtrot.model.order import Order, OrderRequest, OrderStatus
from foxtrot.sandbox.faults import Fault
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import among_family, installed
from foxtrot.testkit.served import Ear, Served
from foxtrot.testkit.twins import needs
from foxtrot.testkit.ways import by_way, ways

TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.FETCH_ORDER_STATUS)
ARRIVED = (
    Fault.ANSWER_LOST,
    Fault.ANSWER_SILENT,
    Fault.ANSWER_CUT,
    Fault.ANSWER_EMPTY,
    Fault.BAD_GATEWAY,
    Fault.UNKNOWN_OUTCOME,
    Fault.UNKNOWN_FIELDS,
    Fault.REQUEST_LATE,
)
NEVER_ARRIVED = (Fault.REFUSED, Fault.REQUEST_LOST, Fault.NOT_FORWARDED)


def shared(faults: tuple[Fault, ...]) -> pytest.MarkDecorator:
    """Let the venues of each package meet all of the faults between them: what they do takes real time."""
    cases = [(spec, fault) for spec in installed() for fault in among_family(spec, faults)]
    return pytest.mark.parametrize(("spec", "fault"), cases, ids=[f"{spec.name}-{one.value}" for spec, one in cases])


@pytest.fixture(params=installed(), ids=lambda spec: spec.name)
def spec(request: pytest.FixtureRequest) -> AdapterSpec:
    chosen: AdapterSpec = request.param
    return chosen


@pytest.fixture
async def served(spec: AdapterSpec) -> AsyncIterator[Served]:
    async with await Served.start(spec, rate=20, symbols=traits_of(spec).symbols[:1]) as made:
        yield made


@pytest.fixture
async def exchange(served: Served) -> AsyncIterator[BaseExchange]:
    """Give a client whose orders go by requests: those are what these faults meet."""
    made = served.exchange(
        by_way("rest") if len(ways(served.spec)) > 1 else {},
        transport={"request_timeout_s": 1.0, "connect_timeout_s": 20.0},
        retry={"reconnect_initial_s": 0.05, "reconnect_max_s": 0.5},
        orders={"visibility_s": 0.5, "reconcile_interval_s": 0},
    )
    await made.connect()
    order = await made.place_order(to_buy(served))  # what is asked once in a while is asked now: faults meet the next
    await made.cancel_order(served.symbol, client_order_id=order.client_order_id)
    yield made
    served.sandbox.faults.clear()
    await made.disconnect()


def to_buy(served: Served) -> OrderRequest:
    """Return an order that rests, at a price that is legal on the finest grid only."""
    tick = served.sandbox.venue.contracts[served.symbol].price_tick
    return served.buy(floor_to(served.price("0.8"), tick * 10) + tick)


async def settled(exchange: BaseExchange, order: Order) -> Order:
    """Return the order once it is in doubt no more."""
    known = asyncio.Event()

    def on_order(event: OrderEvent) -> None:
        if event.order.client_order_id == order.client_order_id and event.order.status is not OrderStatus.IN_DOUBT:
            known.set()

    listening = exchange.engine.subscribe(OrderEvent, on_order)
    if order.status is OrderStatus.IN_DOUBT:
        async with asyncio.timeout(15):
            await known.wait()
    listening.unsubscribe()
    found = exchange.orders.get(order.client_order_id)
    assert found is not None
    return found


async def placed(served: Served, exchange: BaseExchange) -> Order:
    try:
        return await exchange.place_order(to_buy(served))
    except errors.OrderInDoubt as error:
        order = error.order
    assert order is not None
    return order


@shared(ARRIVED)
@needs(*TRADING)
async def test_an_order_that_the_venue_has_is_open_in_the_end_whatever_became_of_the_answer(
    served: Served, exchange: BaseExchange, fault: Fault
) -> None:
    served.befall(fault.value)
    order = await settled(exchange, await placed(served, exchange))
    assert served.sandbox.faults.fired[fault] == 1
    theirs = served.at_venue()
    if fault is not Fault.REQUEST_LATE or theirs:
        assert theirs == [(order.client_order_id, order.price)]
        assert (order.status, served.truth_of(order).status.open) == (OrderStatus.OPEN, True)


@shared(NEVER_ARRIVED)
@needs(*TRADING)
async def test_an_order_that_never_arrived_is_denied_in_the_end_and_never_rejected(
    served: Served, exchange: BaseExchange, fault: Fault
) -> None:
    served.befall(fault.value)
    order = await settled(exchange, await placed(served, exchange))
    assert served.sandbox.faults.fired[fault] == 1
    assert order.status is OrderStatus.DENIED
    assert served.at_venue() == []


@needs(Capability.SUBSCRIBE_ORDER_BOOK)
async def test_a_connection_cut_or_refused_is_told_and_healed(served: Served, exchange: BaseExchange) -> None:
    await exchange.subscribe_order_book(served.symbol, lambda event: None)
    lost, back = asyncio.Event(), asyncio.Event()

    def on_channel(event: ChannelStateChanged) -> None:
        if event.channel is ChannelName.MARKET:
            (back if event.up and lost.is_set() else lost).set()

    exchange.engine.subscribe(ChannelStateChanged, on_channel)
    fired = served.sandbox.faults.fired
    async with asyncio.timeout(20):
        served.befall("socket_refused")
        while not lost.is_set():  # each frame of any connection may be the one that is met
            served.befall("cut")
            await exchange.fetch_order_book(served.symbol)
        await back.wait()
    assert fired[Fault.CUT] >= 1
    assert fired[Fault.SOCKET_REFUSED] == 1


@needs(Capability.USER_STREAM, Capability.FETCH_TRADES)
async def test_a_private_stream_that_the_venue_ends_is_opened_again(served: Served, exchange: BaseExchange) -> None:
    ear = Ear(exchange.engine)

    def states() -> list[bool]:
        return [event.up for event in ear.all(ChannelStateChanged) if event.channel is ChannelName.USER]

    served.befall("private_ended")
    await exchange.fetch_trades(served.symbol)
    await ear.until(lambda: states() == [False, True])


@needs(Capability.SUBSCRIBE_ORDER_BOOK)
async def test_a_frame_that_never_comes_invalidates_the_book_and_the_next_one_is_right(
    served: Served, exchange: BaseExchange
) -> None:
    ear = Ear(exchange.engine)
    await exchange.subscribe_order_book(served.symbol, lambda event: None)
    served.befall("missing=0.3")
    await ear.until(lambda: ear.all(BookInvalidated))
    assert ear.all(BookInvalidated)[0].reason
    served.sandbox.faults.clear()
    await ear.until(lambda: exchange.market_data.order_book(served.symbol) is not None)


@shared((Fault.CONTRACT_CHANGED, Fault.HALTED))
@needs(*TRADING, Capability.FETCH_TRADES)
async def test_rules_that_change_while_one_trades_end_in_a_refusal_with_its_reason(
    served: Served, exchange: BaseExchange, fault: Fault
) -> None:
    request = to_buy(served)
    served.befall(fault.value)
    await exchange.fetch_trades(served.symbol)
    with pytest.raises(errors.OrderRejected) as refused:
        await exchange.place_order(request)
    assert refused.value.order is not None
    assert refused.value.order.status is OrderStatus.REJECTED
    assert refused.value.order.reason


@needs(*TRADING, Capability.FETCH_TRADES)
async def test_maintenance_closes_everything_and_the_adapter_comes_back_by_itself(
    served: Served, exchange: BaseExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foxtrot.sandbox.mishaps.MAINTENANCE_S", 1.0)
    ear = Ear(exchange.engine, longest_s=40.0)
    served.befall("maintenance")
    with pytest.raises(errors.VenueUnavailable):
        await exchange.fetch_trades(served.symbol)

    def states() -> list[AdapterState]:
        return [event.new for event in ear.all(StateChanged)]

    await ear.until(lambda: AdapterState.READY in states())
    assert AdapterState.DEGRADED in states()
    order = await settled(exchange, await placed(served, exchange))
    assert order.status is OrderStatus.OPEN


async def test_faults_are_switched_by_http_while_the_venue_runs(served: Served) -> None:
    at = f"http://{served.sandbox.base}/_sandbox/faults"
    async with aiohttp.ClientSession() as client:

        async def ask(method: str, body: str = "") -> tuple[int, dict[str, Any]]:
            async with client.request(method, at, data=body) as answer:
                return answer.status, await answer.json()

        status, state = await ask("POST", "not_forwarded\nanswer_slow=0.25\n")
        assert (status, state["counts"], state["rates"]) == (200, {"not_forwarded": 1}, {"answer_slow": 0.25})
        async with client.get(f"http://{served.sandbox.base}/") as answer:
            assert answer.status == 503
        status, state = await ask("POST", "cut\nnonsense=1")
        assert (status, "nonsense" in state["error"]) == (400, True)
        assert (await ask("GET"))[1]["counts"] == {}
        assert (await ask("DELETE"))[1] == {"rates": {}, "counts": {}, "due_in_s": {}, "fired": {"not_forwarded": 1}}


async def test_serve_takes_faults_and_refuses_what_it_does_not_know() -> None:
    async def foxtrot(*words: str) -> tuple[int | None, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "foxtrot.cli.main",
            "sandbox",
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out, err

    code, _, err = await foxtrot("serve", "--fault", "answer_lots=0.1")
    assert (code, b"perhaps answer_lost" in err) == (3, True)
    code, out, _ = await foxtrot("faults", "--json")
    assert (code, {entry["name"] for entry in json.loads(out)}) == (0, {fault.value for fault in Fault})
