"""An exchange on a venue in memory, both under a virtual clock; the test says which fault meets what."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from foxtrot.config import ExchangeConfig, OrdersConfig, RetryConfig, TransportConfig
from foxtrot.engine.bus import EventEngine
from foxtrot.exchange import BaseExchange
from foxtrot.factory import ExchangeFactory
from foxtrot.model.events import Event
from foxtrot.model.order import Order, OrderRequest
from foxtrot.plugins import default_registry
from foxtrot.sandbox.faults import Fault, Schedule
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.testkit.clock import DEFAULT_START_NS, VirtualClock
from foxtrot.testkit.world import World

T = TypeVar("T")
SYMBOL = "BTC/USDT"


class Scripted(Schedule):
    """Let a test say which fault meets the next request, handshake or frame."""

    def __init__(self) -> None:
        super().__init__(0, {})
        self.next: dict[str, list[Fault | None]] = {"http": [], "handshake": [], "frame": []}

    def draw(self, channel: str, among: Any) -> Fault | None:
        queue = self.next[channel]
        return queue.pop(0) if queue else None


class Desk:
    """Hold an exchange, its world and all events heard; `run` lets time pass until something is done.

    `rate` and `history_days` are the sandbox's; `orders` are fields of `OrdersConfig`.
    """

    def __init__(
        self,
        exchange: str,
        journal: Path | None = None,
        *,
        rate: float = 0,
        history_days: int = 0,
        start_ns: int = DEFAULT_START_NS,
        **orders: Any,
    ) -> None:
        spec = default_registry().load(exchange)
        self.clock = VirtualClock(start_ns)
        self.faults = Scripted()
        options = SandboxOptions(venue=spec.name, symbols=(SYMBOL,), rate=rate, history_days=history_days)
        self.world = World(spec, options, self.clock, self.faults, timeout_s=5.0)
        self.heard: list[Event] = []
        engine = EventEngine(self.clock)
        engine.subscribe_all(self.heard.append)
        config = ExchangeConfig(
            transport=TransportConfig(request_timeout_s=5.0, connect_timeout_s=60.0),
            retry=RetryConfig(attempts=2, total_timeout_s=30.0),
            orders=OrdersConfig(journal=journal, **orders),
        )
        self.exchange: BaseExchange = ExchangeFactory().get_exchange(
            spec.name, config, engine=engine, clock=self.clock, environment=self.world
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

    async def rest(self, price: str = "50000", **more: Any) -> Order:
        """Place an order that will rest."""
        return await self.run(self.exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "0.01", price, **more)))

    def at_venue(self) -> list[tuple[str, Decimal]]:
        """Return (client order id, price) of the open orders at the venue."""
        orders = self.world.venue.open_orders(self.world.dialect.account)
        return [(order.client_order_id, order.price) for order in orders]
