"""An exchange on a venue in memory, both under a virtual clock; the test says which fault meets what."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from foxtrot.config import ExchangeConfig, OrdersConfig, RetryConfig, TransportConfig
from foxtrot.engine.bus import EventEngine
from foxtrot.exchange import BaseExchange
from foxtrot.factory import ExchangeFactory
from foxtrot.model.events import Event
from foxtrot.model.order import Order, OrderRequest
from foxtrot.plugins import PluginRegistry, default_registry
from foxtrot.sandbox.faults import Fault, Schedule
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.clock import DEFAULT_START_NS, VirtualClock
from foxtrot.testkit.hand import VenueHand
from foxtrot.testkit.world import World

T = TypeVar("T")
TIMEOUT_S = 5.0


class Scripted(Schedule):
    """Let a test say which fault meets the next request, handshake, frame or command over a socket."""

    def __init__(self) -> None:
        super().__init__(0, {})
        self.next: dict[str, list[Fault | None]] = {"http": [], "handshake": [], "frame": [], "command": []}

    def draw(self, channel: str, among: Any) -> Fault | None:
        queue = self.next[channel]
        return queue.pop(0) if queue else None

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        for queue in self.next.values():
            queue.clear()


class Desk(VenueHand):
    """Hold an exchange, its world and all events heard; `run` lets time pass until something is done.

    `rate` and `history_days` are the sandbox's, `options` the adapter's, `dialect` the dialect's; `orders` are fields
    of `OrdersConfig`. `symbol` is the first of the venue's, unless `symbols` are given. Several desks may share `clock`
    and `engine`.
    """

    def __init__(
        self,
        exchange: str | AdapterSpec,
        journal: Path | None = None,
        *,
        symbols: tuple[str, ...] = (),
        rate: float = 0,
        history_days: int = 0,
        start_ns: int = DEFAULT_START_NS,
        options: Mapping[str, Any] | None = None,
        dialect: Mapping[str, Any] | None = None,
        clock: VirtualClock | None = None,
        engine: EventEngine | None = None,
        **orders: Any,
    ) -> None:
        self.spec = spec = default_registry().load(exchange) if isinstance(exchange, str) else exchange
        self.symbols = symbols or traits_of(spec).symbols[:1]
        self.clock = clock or VirtualClock(start_ns)
        self.faults = Scripted()
        sandbox = SandboxOptions(
            venue=spec.name,
            symbols=self.symbols,
            rate=rate,
            history_days=history_days,
            dialect_options=dialect or {},
        )
        self.world = World(spec, sandbox, self.clock, self.faults, timeout_s=TIMEOUT_S)
        super().__init__(self.world.venue, self.world.dialect, self.symbols[0])
        self.heard: list[Event] = []
        self.engine = engine or EventEngine(self.clock)
        self.engine.subscribe(Event, self.heard.append, exchange=spec.name)
        config = ExchangeConfig(
            transport=TransportConfig(request_timeout_s=TIMEOUT_S, connect_timeout_s=60.0),
            retry=RetryConfig(attempts=2, total_timeout_s=30.0),
            orders=OrdersConfig(journal=journal, **orders),
            options={**traits_of(spec).options, **(options or {})},
        )
        self.exchange: BaseExchange = factory_for(spec).get_exchange(
            spec.name, config, engine=self.engine, clock=self.clock, environment=self.world
        )

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Let time pass until something is done."""
        task = asyncio.ensure_future(work)
        for _ in range(4_000):
            await self.clock.advance(0)
            if task.done():
                break
            await self.clock.advance(0.05)
        return await task

    async def close(self) -> None:
        """Disconnect, and end the world."""
        await self.run(self.exchange.disconnect())
        await self.world.end()

    def kinds(self, of: type[Event] = Event) -> list[str]:
        """Return the names of the events heard."""
        return [type(event).__name__ for event in self.heard if isinstance(event, of)]

    # orders

    async def place(self, request: OrderRequest) -> Order:
        """Place an order."""
        return await self.run(self.exchange.place_order(request))

    async def rest(self, price: Decimal | str = "0.8", **more: Any) -> Order:
        """Place an order that will rest."""
        return await self.place(self.buy(price, **more))

    async def cancel(self, order: Order) -> Order:
        """Cancel an order of ours."""
        return await self.run(self.exchange.cancel_order(order.symbol, client_order_id=order.client_order_id))

    def known(self, order: Order) -> Order:
        """Return what is known of an order now."""
        found = self.exchange.orders.get(order.client_order_id)
        if found is None:
            raise AssertionError(f"the order {order.client_order_id} is not known any more")
        return found

    def cut(self, refused: int = 0) -> None:
        """Let the venue end every socket, and refuse so many of the next ones."""
        for socket in list(self.world.sockets):
            socket.end_by_venue(1001, "going away")
        self.faults.next["handshake"] = [Fault.SOCKET_REFUSED] * refused


def factory_for(spec: AdapterSpec) -> ExchangeFactory:
    """Return a factory that makes what a manifest says, installed or not."""
    registry = PluginRegistry(lambda group: [], blocked=[])
    registry.register(spec)
    return ExchangeFactory(registry)
