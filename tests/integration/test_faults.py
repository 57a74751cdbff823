"""Faults of a served venue: from Python, from the command line, while it runs; and what a client sees of each."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from foxtrot import errors, get_exchange
from foxtrot.exchange import BaseExchange
from foxtrot.model.events import (
    AdapterState,
    BookInvalidated,
    ChannelName,
    ChannelStateChanged,
    OrderEvent,
    StateChanged,
)
from foxtrot.model.order import Order, OrderRequest, OrderStatus, Side
from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.faults import Fault
from foxtrot.sandbox.options import default_credentials
from foxtrot.sandbox.switches import parse_order

BUY = OrderRequest.limit("BTC/USDT", Side.BUY, "0.001", "50000.01")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await Sandbox.start(
        make_options({"rate": 20, "symbols": ("BTC/USDT",)}, "binanceus"), default_registry().load("binanceus")
    ) as made:
        yield made


@pytest.fixture
async def exchange(sandbox: Sandbox) -> AsyncIterator[BaseExchange]:
    made = get_exchange(
        "binanceus",
        {
            "rest_url": f"http://{sandbox.base}",
            "credentials": default_credentials(),
            "transport": {"request_timeout_s": 1.0, "connect_timeout_s": 20.0},
            "retry": {"reconnect_initial_s": 0.05, "reconnect_max_s": 0.5},
            "orders": {"visibility_s": 0.5, "reconcile_interval_s": 0},
        },
    )
    await made.connect()
    order = await made.place_order(BUY)  # what is asked once in a while is asked now: the faults meet the next order
    await made.cancel_order("BTC/USDT", client_order_id=order.client_order_id)
    yield made
    sandbox.faults.clear()
    await made.disconnect()


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


async def placed(exchange: BaseExchange) -> Order:
    try:
        return await exchange.place_order(BUY)
    except errors.OrderInDoubt as error:
        order = error.order
    assert order is not None
    return order


@pytest.mark.parametrize(
    "fault",
    [
        Fault.ANSWER_LOST,
        Fault.ANSWER_SILENT,
        Fault.ANSWER_CUT,
        Fault.ANSWER_EMPTY,
        Fault.BAD_GATEWAY,
        Fault.UNKNOWN_OUTCOME,
        Fault.UNKNOWN_FIELDS,
        Fault.REQUEST_LATE,
    ],
)
async def test_an_order_that_the_venue_has_is_open_in_the_end_whatever_became_of_the_answer(
    sandbox: Sandbox, exchange: BaseExchange, fault: Fault
) -> None:
    sandbox.faults.switch(parse_order(fault.value))
    order = await settled(exchange, await placed(exchange))
    assert sandbox.faults.fired[fault] == 1
    theirs = sandbox.venue.open_orders(sandbox.dialect.account, "BTC/USDT")
    if fault is not Fault.REQUEST_LATE or theirs:
        assert [(order.status, order.order_id)] == [(OrderStatus.OPEN, str(o.order_id)) for o in theirs]


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.REQUEST_LOST, Fault.NOT_FORWARDED])
async def test_an_order_that_never_arrived_is_denied_in_the_end_and_never_rejected(
    sandbox: Sandbox, exchange: BaseExchange, fault: Fault
) -> None:
    sandbox.faults.switch(parse_order(fault.value))
    order = await settled(exchange, await placed(exchange))
    assert sandbox.faults.fired[fault] == 1
    assert order.status is OrderStatus.DENIED
    assert sandbox.venue.open_orders(sandbox.dialect.account, "BTC/USDT") == []


async def test_a_connection_cut_or_refused_is_told_and_healed(sandbox: Sandbox, exchange: BaseExchange) -> None:
    await exchange.subscribe_order_book("BTC/USDT", lambda event: None)
    lost, back = asyncio.Event(), asyncio.Event()

    def on_channel(event: ChannelStateChanged) -> None:
        if event.channel is ChannelName.MARKET:
            (back if event.up and lost.is_set() else lost).set()

    exchange.engine.subscribe(ChannelStateChanged, on_channel)
    sandbox.faults.switch(parse_order("socket_refused"))
    sandbox.faults.switch(parse_order("cut"))
    async with asyncio.timeout(15):
        await lost.wait()
        await back.wait()
    assert (sandbox.faults.fired[Fault.CUT], sandbox.faults.fired[Fault.SOCKET_REFUSED]) == (1, 1)


async def test_a_private_stream_that_the_venue_ends_is_opened_again(sandbox: Sandbox, exchange: BaseExchange) -> None:
    states: list[bool] = []
    back = asyncio.Event()

    def on_channel(event: ChannelStateChanged) -> None:
        if event.channel is ChannelName.USER:
            states.append(event.up)
            if event.up:
                back.set()

    exchange.engine.subscribe(ChannelStateChanged, on_channel)
    sandbox.faults.switch(parse_order("private_ended"))
    await exchange.fetch_trades("BTC/USDT")
    async with asyncio.timeout(15):
        await back.wait()
    assert states == [False, True]


async def test_a_frame_that_never_comes_invalidates_the_book(sandbox: Sandbox, exchange: BaseExchange) -> None:
    wrong: asyncio.Queue[BookInvalidated] = asyncio.Queue()
    await exchange.subscribe_order_book("BTC/USDT", lambda event: None)
    exchange.engine.subscribe(BookInvalidated, wrong.put_nowait)
    sandbox.faults.switch(parse_order("missing=0.3"))
    async with asyncio.timeout(15):
        assert "gap" in (await wrong.get()).reason


async def test_a_word_that_nobody_has_heard_of_is_asked_about(sandbox: Sandbox, exchange: BaseExchange) -> None:
    order = await placed(exchange)
    seen: list[OrderStatus] = []
    ended = asyncio.Event()

    def on_order(event: OrderEvent) -> None:
        seen.append(event.order.status)
        if event.order.status is OrderStatus.CANCELED:
            ended.set()

    exchange.engine.subscribe(OrderEvent, on_order)
    sandbox.faults.switch(parse_order("new_words=1"))
    sandbox.venue.cancel(sandbox.dialect.account, "BTC/USDT", client_order_id=order.client_order_id)
    async with asyncio.timeout(15):
        await ended.wait()
    assert seen == [OrderStatus.IN_DOUBT, OrderStatus.CANCELED]


@pytest.mark.parametrize("fault", [Fault.CONTRACT_CHANGED, Fault.HALTED])
async def test_rules_that_change_while_one_trades_end_in_a_refusal_with_its_reason(
    sandbox: Sandbox, exchange: BaseExchange, fault: Fault
) -> None:
    sandbox.faults.switch(parse_order(fault.value))
    await exchange.fetch_trades("BTC/USDT")
    with pytest.raises(errors.OrderRejected) as refused:
        await exchange.place_order(BUY)
    assert refused.value.order is not None
    assert refused.value.order.status is OrderStatus.REJECTED
    assert refused.value.order.reason


async def test_maintenance_closes_everything_and_the_adapter_comes_back_by_itself(
    sandbox: Sandbox, exchange: BaseExchange
) -> None:
    states: list[AdapterState] = []
    ready = asyncio.Event()

    def on_state(event: StateChanged) -> None:
        states.append(event.new)
        if event.new is AdapterState.READY:
            ready.set()

    exchange.engine.subscribe(StateChanged, on_state)
    sandbox.faults.switch(parse_order("maintenance"))
    with pytest.raises(errors.VenueUnavailable):
        await exchange.fetch_trades("BTC/USDT")
    async with asyncio.timeout(40):
        await ready.wait()
    assert AdapterState.DEGRADED in states
    order = await settled(exchange, await placed(exchange))
    assert order.status is OrderStatus.OPEN


async def test_faults_are_switched_by_http_while_the_venue_runs(sandbox: Sandbox) -> None:
    at = f"http://{sandbox.base}/_sandbox/faults"
    async with aiohttp.ClientSession() as client:

        async def ask(method: str, body: str = "") -> tuple[int, dict[str, Any]]:
            async with client.request(method, at, data=body) as answer:
                return answer.status, await answer.json()

        status, state = await ask("POST", "not_forwarded\nanswer_slow=0.25\n")
        assert (status, state["counts"], state["rates"]) == (200, {"not_forwarded": 1}, {"answer_slow": 0.25})
        async with client.get(f"http://{sandbox.base}/api/v3/ping") as answer:
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
