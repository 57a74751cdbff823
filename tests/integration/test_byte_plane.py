"""Order truth over real sockets whose bytes are cut, delayed, sliced, swallowed and forged on their way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from decimal import Decimal
from typing import Any, cast

import pytest

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.exchange import BaseExchange
from foxtrot.model.events import AdapterState, OrderSubmitted
from foxtrot.model.order import Order, OrderRequest, OrderStatus, Side
from foxtrot.sandbox.proxy import ByteFault, HostileProxy
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.invariants import findings
from foxtrot.testkit.scenarios.shares import installed
from foxtrot.testkit.served import Ear, Served
from foxtrot.testkit.twins import needs
from foxtrot.testkit.ways import by_way, ways

ORDERS = 100
# Some venues' counters make the cancel of a young order dear.
CANCELED = 0.2
# Over one WebSocket all orders share their fate; over REST each has a connection of its own for a while.
AT_ONCE = {"rest": 25, "ws": 10}
RATES = {"rest": dict.fromkeys(ByteFault, 0.015), "ws": dict.fromkeys(ByteFault, 0.01)}


def connected_through(proxy: HostileProxy, served: Served, way: str) -> BaseExchange:
    return served.exchange(
        by_way(way),
        rest_url=f"http://{proxy.base}",
        transport={
            "request_timeout_s": 1.0,
            "connect_timeout_s": 10.0,
            "ping_interval_s": 1.0,
            "ping_timeout_s": 1.0,
        },
        retry={"reconnect_initial_s": 0.1, "reconnect_max_s": 1.0, "attempts": 4},
        orders={"visibility_s": 1.0, "reconcile_interval_s": 30.0, "sync_wait_s": 10.0},
    )


class Trader:
    """Trade at random through the proxy, and count what came of it; cancels apart."""

    def __init__(self, exchange: BaseExchange, served: Served, seed: int) -> None:
        self.exchange = exchange
        self.served = served
        self.chance = random.Random(seed)
        self.outcomes: Counter[str] = Counter()
        self.cancels: Counter[str] = Counter()

    async def trade(self, at_once: int) -> None:
        for _ in range(0, ORDERS, at_once):
            await asyncio.gather(*(self.one() for _ in range(at_once)))

    async def one(self) -> None:
        order = await self.counted(self.exchange.place_order(self.request()), self.outcomes)
        if order is not None and order.status is OrderStatus.OPEN and self.chance.random() < CANCELED:
            cancel = self.exchange.cancel_order(order.symbol, client_order_id=order.client_order_id)
            await self.counted(cancel, self.cancels)

    async def counted(self, work: Coroutine[Any, Any, Order], counts: Counter[str]) -> Order | None:
        try:
            order = await work
        except errors.FoxtrotError as error:
            counts[type(error).__name__] += 1
            return None
        counts[order.status.value] += 1
        return order

    def request(self) -> OrderRequest:
        side, passive = self.chance.choice(list(Side)), self.chance.random() < 0.7
        times = Decimal("0.999") if (side is Side.BUY) == passive else Decimal("1.001")
        served = self.served
        return OrderRequest.limit(served.symbol, side, served.quantity(50), served.price(times, side))


async def calm(exchange: BaseExchange) -> None:
    """Wait until a comparison succeeded before and after which all is connected and nothing in doubt."""

    def is_calm() -> bool:
        health = exchange.health()
        return health.state is AdapterState.READY and not health.in_doubt

    async with asyncio.timeout(200):
        while True:
            if is_calm():
                with suppress(errors.FoxtrotError):
                    await exchange.orders.reconcile("the end of the test")
                    if is_calm():
                        return
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("spec", installed(), ids=lambda spec: spec.name)
@needs(Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.USER_STREAM, Capability.FETCH_MY_TRADES)
async def test_no_order_is_lost_doubled_or_falsely_rejected_whatever_happens_to_the_bytes(spec: AdapterSpec) -> None:
    """Each way in which orders go is tried, at a venue of its own; all at once, for most of it is waiting for rates."""
    random.seed(5)
    async with asyncio.TaskGroup() as group:
        for way in ways(spec):
            group.create_task(traded_through_a_hostile_proxy(spec, way))
    assert [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("foxtrot")] == []


async def traded_through_a_hostile_proxy(spec: AdapterSpec, way: str) -> None:
    async with await Served.start(spec, rate=10, symbols=traits_of(spec).symbols[:1]) as served:
        host, _, port = served.sandbox.base.partition(":")
        proxy = HostileProxy(host, int(port), 5, RATES[way or "rest"])
        await proxy.start()
        exchange = connected_through(proxy, served, way)
        ear = Ear(exchange.engine)
        try:
            await exchange.connect()
            trader = Trader(exchange, served, 5)
            proxy.active = True
            await trader.trade(AT_ONCE[way or "rest"])
            proxy.active = False
            served.sandbox.flow.rate = 0
            await calm(exchange)
            ours = {event.order.client_order_id for event in ear.all(OrderSubmitted)}
            venue, dialect = served.sandbox.venue, served.sandbox.dialect
            assert list(findings(exchange, venue, dialect, ear.heard, ours, dialect.throttled)) == []
        finally:
            await exchange.disconnect()
            await proxy.stop()
    # Nothing vacuous: orders went through, and much happened to them.
    assert trader.outcomes.total() == ORDERS
    assert len(ours) > ORDERS / 2
    assert trader.outcomes["open"] + trader.outcomes["filled"] > ORDERS / 3
    assert trader.cancels.total() > 0
    assert proxy.fired.total() >= 5
    assert len(proxy.fired) >= 3


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


@pytest.mark.parametrize("fault", list(ByteFault))
async def test_each_thing_that_may_happen_to_bytes_happens(fault: ByteFault) -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    proxy = HostileProxy("127.0.0.1", server.sockets[0].getsockname()[1], 1, {fault: 1.0})
    await proxy.start()
    proxy.active = True
    sent, got, ended = b"0123456789" * 50, b"", ""
    try:
        host, _, port = proxy.base.partition(":")
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            while len(got) < len(sent) and (piece := await reader.read(1024)):
                got += piece
        ended = "" if len(got) >= len(sent) else "closed"
    except ConnectionError:
        ended = "reset"
    except TimeoutError:
        ended = "silence"
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        await proxy.stop()
        server.close()
    assert proxy.fired[fault] >= 1
    wanted = {
        ByteFault.HALF_OPEN: "silence",
        ByteFault.TRUNCATE: "closed",
        ByteFault.GATEWAY: "closed",
        ByteFault.EMPTY: "closed",
        ByteFault.GARBAGE: "silence",
        ByteFault.SLICE: "",
        ByteFault.DUPLICATE: "",
        ByteFault.DELAY: "",
        ByteFault.SLOW: "",
    }.get(fault, "reset")
    assert ended == wanted
    assert got.removeprefix(sent) == (sent if fault is ByteFault.DUPLICATE else b"") if wanted == "" else got != sent
