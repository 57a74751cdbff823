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
from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ceil_to, floor_to
from foxtrot.model.events import Event
from foxtrot.model.order import Order, OrderRequest, OrderType, Side, TimeInForce
from foxtrot.plugins import PluginRegistry, default_registry
from foxtrot.sandbox.faults import Fault, Schedule
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.stage import traits_of
from foxtrot.sandbox.types import NewOrder, VenueOrder
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.clock import DEFAULT_START_NS, VirtualClock
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


class Desk:
    """Hold an exchange, its world and all events heard; `run` lets time pass until something is done.

    `rate` and `history_days` are the sandbox's, `options` the adapter's; `orders` are fields of
    `OrdersConfig`. `symbol` is the first of the venue's, unless `symbols` are given. Several desks may share `clock`
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
        clock: VirtualClock | None = None,
        engine: EventEngine | None = None,
        **orders: Any,
    ) -> None:
        self.spec = spec = default_registry().load(exchange) if isinstance(exchange, str) else exchange
        self.symbols = symbols or traits_of(spec).symbols[:1]
        self.symbol = self.symbols[0]
        self.clock = clock or VirtualClock(start_ns)
        self.faults = Scripted()
        sandbox = SandboxOptions(venue=spec.name, symbols=self.symbols, rate=rate, history_days=history_days)
        self.world = World(spec, sandbox, self.clock, self.faults, timeout_s=TIMEOUT_S)
        self._contracts = dict(self.world.venue.contracts)  # as they were in the beginning
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

    @property
    def account(self) -> str:
        """Return whose the exchange's key is, at the venue."""
        return self.world.dialect.account

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

    # prices and orders

    @property
    def _contract(self) -> Contract:
        return self._contracts[self.symbol]

    def price(self, times: str | Decimal, side: Side = Side.BUY) -> Decimal:
        """Return a legal price: the last one, times a factor."""
        tick = self._contract.price_tick
        price = self.world.venue.last_price(self.symbol) * Decimal(times)
        return floor_to(price, tick) if side is Side.BUY else ceil_to(price, tick)

    def quantity(self, value: int | Decimal) -> Decimal:
        """Return a legal quantity that is worth so much in the quote asset."""
        return floor_to(value / self.world.venue.last_price(self.symbol), self._contract.quantity_step)

    def buy(self, price: Decimal | str = "0.8", value: int = 600, **more: Any) -> OrderRequest:
        """Return a limit order to buy; a price given as text is a factor of the last one."""
        chosen = self.price(price) if isinstance(price, str) else price
        return OrderRequest.limit(self.symbol, Side.BUY, self.quantity(value), chosen, **more)

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

    # the venue's own hand

    def truth_of(self, order: Order) -> VenueOrder:
        """Return what the venue has of an order."""
        named = self.world.dialect.order_id
        for theirs in self.world.venue.orders(self.account, order.symbol):
            if named(theirs.order_id) == order.order_id:
                return theirs
        raise AssertionError(f"the venue has no order {order.order_id} ({order.client_order_id})")

    def at_venue(self) -> list[tuple[str, Decimal]]:
        """Return (client order id, price) of the open orders at the venue."""
        orders = self.world.venue.open_orders(self.account)
        return [(order.client_order_id, order.price) for order in orders]

    def elsewhere(self, price: Decimal | str, name: str, value: int = 1_200) -> VenueOrder:
        """Let another client of the account place an order to buy."""
        chosen = self.price(price) if isinstance(price, str) else price
        return self.world.venue.place(
            NewOrder(
                account=self.account,
                symbol=self.symbol,
                side=Side.BUY,
                type=OrderType.LIMIT,
                quantity=self.quantity(value),
                price=chosen,
                time_in_force=TimeInForce.GTC,
                client_order_id=name,
            )
        )

    def sell_to_us(self, price: Decimal | str, quantity: Decimal) -> None:
        """Let the market sell at a price."""
        chosen = self.price(price, Side.SELL) if isinstance(price, str) else price
        self.world.venue.place_agent(self.symbol, Side.SELL, chosen, quantity)

    def end_by_venue(self, order: Order) -> None:
        """Let the account cancel an order by another client."""
        self.world.venue.cancel(self.account, order.symbol, order_id=self.truth_of(order).order_id)

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
