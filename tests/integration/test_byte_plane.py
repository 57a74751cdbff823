"""Order truth over real sockets whose bytes are cut, delayed, sliced, swallowed and forged on their way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from typing import cast

import pytest

from foxtrot import errors, get_exchange
from foxtrot.exchange import BaseExchange
from foxtrot.model.events import AdapterState, Event, OrderSubmitted
from foxtrot.model.order import OrderRequest, OrderStatus, Side
from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.options import default_credentials
from foxtrot.sandbox.proxy import ByteFault, HostileProxy
from foxtrot.testkit.invariants import findings

SYMBOL, ORDERS, AT_ONCE = "BTC/USDT", 100, 10
# Over one WebSocket all orders share their fate; over REST each has a connection of its own for a while.
RATES = {"rest": dict.fromkeys(ByteFault, 0.015), "ws": dict.fromkeys(ByteFault, 0.01)}


def connected_through(proxy: HostileProxy, orders_over: str) -> BaseExchange:
    return get_exchange(
        "binanceus",
        {
            "rest_url": f"http://{proxy.base}",
            "credentials": default_credentials(),
            "transport": {
                "request_timeout_s": 1.0,
                "connect_timeout_s": 30.0,
                "ping_interval_s": 1.0,
                "ping_timeout_s": 1.0,
            },
            "retry": {"reconnect_initial_s": 0.1, "reconnect_max_s": 1.0, "attempts": 4},
            "orders": {"visibility_s": 1.0, "reconcile_interval_s": 30.0, "sync_wait_s": 10.0},
            "options": {"orders_over": orders_over},
        },
    )


class Trader:
    def __init__(self, exchange: BaseExchange, sandbox: Sandbox, seed: int) -> None:
        self.exchange = exchange
        self.sandbox = sandbox
        self.chance = random.Random(seed)
        self.outcomes: Counter[str] = Counter()

    async def trade(self) -> None:
        for _ in range(0, ORDERS, AT_ONCE):
            await asyncio.gather(*(self.one() for _ in range(AT_ONCE)))

    async def one(self) -> None:
        try:
            order = await self.exchange.place_order(self.request())
            self.outcomes[order.status.value] += 1
        except errors.FoxtrotError as error:
            self.outcomes[type(error).__name__] += 1
            return
        if order.status is OrderStatus.OPEN and self.chance.random() < 0.6:
            try:
                await self.exchange.cancel_order(SYMBOL, client_order_id=order.client_order_id)
            except errors.FoxtrotError as error:
                self.outcomes[f"cancel: {type(error).__name__}"] += 1

    def request(self) -> OrderRequest:
        last, side = self.sandbox.venue.last_price(SYMBOL), self.chance.choice(list(Side))
        passive = self.chance.random() < 0.7
        offset = Decimal("0.999") if (side is Side.BUY) == passive else Decimal("1.001")
        contracts = self.exchange.contracts
        return OrderRequest.limit(
            SYMBOL,
            side,
            contracts.round_quantity(SYMBOL, Decimal(50) / last),
            contracts.round_price(SYMBOL, last * offset, side),
        )


async def calm(exchange: BaseExchange) -> None:
    """Wait until nothing is in doubt, all is connected and a comparison succeeded."""
    async with asyncio.timeout(100):
        while True:
            health = exchange.health()
            if health.state is AdapterState.READY and not health.in_doubt:
                with suppress(errors.FoxtrotError):
                    await exchange.orders.reconcile("the end of the test")
                    return
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("orders_over", ["rest", "ws"])
async def test_no_order_is_lost_doubled_or_falsely_rejected_whatever_happens_to_the_bytes(orders_over: str) -> None:
    random.seed(5)
    options = make_options({"rate": 10, "symbols": (SYMBOL,)}, "binanceus")
    async with await Sandbox.start(options, default_registry().load("binanceus")) as sandbox:
        host, _, port = sandbox.base.partition(":")
        proxy = HostileProxy(host, int(port), 5, RATES[orders_over])
        await proxy.start()
        exchange = connected_through(proxy, orders_over)
        heard: list[Event] = []
        exchange.engine.subscribe_all(heard.append)
        try:
            await exchange.connect()
            trader = Trader(exchange, sandbox, 5)
            proxy.active = True
            await trader.trade()
            proxy.active = False
            sandbox.flow.rate = 0
            await calm(exchange)
            ours = {event.order.client_order_id for event in heard if isinstance(event, OrderSubmitted)}
            assert list(findings(exchange, sandbox.venue, sandbox.dialect, heard, ours)) == []
        finally:
            await exchange.disconnect()
            await proxy.stop()
    # Nothing vacuous: orders went through, and much happened to them.
    assert sum(count for what, count in trader.outcomes.items() if not what.startswith("cancel")) == ORDERS
    assert len(ours) > ORDERS / 2
    assert trader.outcomes["open"] + trader.outcomes["filled"] > ORDERS / 3
    assert sum(proxy.fired.values()) >= 5
    assert len(proxy.fired) >= 3
    assert [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("foxtrot")] == []


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
