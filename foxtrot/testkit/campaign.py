"""One seeded run of concurrent trading under faults, then quiet, then every invariant."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Coroutine, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from foxtrot import errors
from foxtrot.config import ExchangeConfig, OrdersConfig, RetryConfig, TransportConfig
from foxtrot.engine.bus import EventEngine
from foxtrot.engine.journal import Journal
from foxtrot.exchange import BaseExchange
from foxtrot.factory import ExchangeFactory
from foxtrot.model import events
from foxtrot.model.order import AmendRequest, Order, OrderRequest, OrderStatus, Side, TimeInForce
from foxtrot.plugins import default_registry
from foxtrot.sandbox.faults import Fault, Place, Schedule
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.stage import traits_of
from foxtrot.sandbox.types import NewOrder, Refused
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.invariants import NAMES, findings
from foxtrot.testkit.process import Process
from foxtrot.testkit.world import World

T = TypeVar("T")
REQUEST_TIMEOUT_S = 5.0
_QUIET_S = 400.0
_STEP_S = 0.25
_TRADERS, _ACTIONS = 4, 9
# Chances per request, handshake or frame.
RATES: Mapping[Fault, float] = {
    Fault.REFUSED: 0.02,
    Fault.REQUEST_LOST: 0.02,
    Fault.REQUEST_LATE: 0.03,
    Fault.ANSWER_LOST: 0.03,
    Fault.ANSWER_SILENT: 0.02,
    Fault.ANSWER_SLOW: 0.02,
    Fault.ANSWER_CUT: 0.02,
    Fault.ANSWER_EMPTY: 0.02,
    Fault.BAD_GATEWAY: 0.02,
    Fault.NOT_FORWARDED: 0.02,
    Fault.UNKNOWN_OUTCOME: 0.02,
    Fault.OVERLOADED: 0.02,
    Fault.RATE_LIMITED: 0.015,
    Fault.BANNED: 0.01,
    Fault.CLOCK_JUMP: 0.015,
    Fault.HIDDEN: 0.02,
    Fault.SOCKET_REFUSED: 0.3,
    Fault.CUT: 0.03,
    Fault.STALL: 0.03,
    Fault.DUPLICATE: 0.06,
    Fault.DELAY: 0.05,
    Fault.GARBAGE: 0.04,
    Fault.MAINTENANCE: 0.004,
    Fault.UNKNOWN_FIELDS: 0.02,
    Fault.MISSING: 0.02,
    Fault.REORDERED: 0.03,
    Fault.NEW_FIELDS: 0.03,
    Fault.NEW_WORDS: 0.01,
    Fault.MUTED: 0.005,
    Fault.CONTRACT_CHANGED: 0.004,
    Fault.HALTED: 0.01,
    Fault.PRIVATE_ENDED: 0.01,
}


class Result(msgspec.Struct, kw_only=True):
    """Report one run: what fired, what the client noticed, which states and events there were, what broke."""

    seed: int
    fired: dict[Place, Fault]
    errors: Counter[str]
    states: Counter[str]
    events: Counter[str]
    intents: int
    broken: dict[str, str] = {}  # invariant -> what is wrong


def run(seed: int, *, exchange: str, only: Collection[Place] | None = None) -> Result:
    """Run one seed in a loop of its own; a broken invariant is in the result, never raised."""
    random.seed(seed)  # back-off and retries draw on it
    with tempfile.TemporaryDirectory(prefix="foxtrot-campaign-") as folder:
        campaign = Campaign(seed, exchange, Path(folder), only)
        return asyncio.run(campaign.play())


class Campaign:
    """Trade at random through the faults of one seed."""

    def __init__(self, seed: int, exchange: str, folder: Path, only: Collection[Place] | None) -> None:
        self.seed = seed
        self._spec = default_registry().load(exchange)
        self._symbols = traits_of(self._spec).symbols
        self._chance = random.Random(f"{seed}:trading")
        self.clock = VirtualClock()
        self.schedule = Schedule(seed, RATES, only)
        options = SandboxOptions(venue=exchange, symbols=self._symbols, rate=6, history_days=0, seed=seed)
        self.world = World(self._spec, options, self.clock, self.schedule, REQUEST_TIMEOUT_S)
        self._folder = folder
        self._life = 0
        self._left: list[Journal] = []  # of processes that were killed
        self.heard: list[events.Event] = []
        self.ours: set[str] = set()
        self.noticed: Counter[str] = Counter()
        self._process, self.journal, self.exchange = self._born()

    def _born(self) -> tuple[Process, Journal, BaseExchange]:
        """Return a process that goes on with the journal there is."""
        self._life += 1
        process, path = Process(self.world), self._folder / f"journal-{self._life}.db"
        # The journal's thread has no place in virtual time; who opens it first says how it writes.
        return process, Journal.open(path, threaded=False, durable=False), self._make(process, path, self._life)

    def _make(self, process: Process, path: Path, life: int) -> BaseExchange:
        engine = EventEngine(self.clock)
        engine.subscribe_all(lambda event: self._hear(event, life))
        config = ExchangeConfig(
            transport=TransportConfig(request_timeout_s=REQUEST_TIMEOUT_S, connect_timeout_s=60.0),
            retry=RetryConfig(attempts=3, total_timeout_s=40.0, reconnect_max_s=8.0),
            orders=OrdersConfig(journal=path, reconcile_interval_s=60.0, sync_wait_s=20.0),
            options=traits_of(self._spec).options,
        )
        return ExchangeFactory().get_exchange(
            self._spec.name, config, engine=engine, clock=self.clock, environment=process
        )

    async def play(self) -> Result:
        """Connect, trade under faults, let it calm down, compare, close."""
        broken: dict[str, str] = {}
        try:
            await self._drive(self.exchange.connect())
            self.schedule.active = True
            await self._drive(self._trade())
            self.schedule.active = False
            await self._calm_down()
            world = self.world
            broken.update(findings(self.exchange, world.venue, world.dialect, self.heard, self.ours, world.throttled))
            await self._drive(self.exchange.disconnect())
            broken.update(await self._left_open())
            broken.update([("the journal agrees with itself", found.text) for found in self.journal.check()])
        except (errors.FoxtrotError, AssertionError) as error:
            broken["the run comes to its end"] = f"{type(error).__name__}: {error}"
        finally:
            await self._drive(self.exchange.disconnect())
            await self.world.end()
            for journal in (*self._left, self.journal):
                await journal.close()
        return self._result(broken)

    def _result(self, broken: dict[str, str]) -> Result:
        order_events = [e for e in self.heard if isinstance(e, events.OrderEvent)]
        return Result(
            seed=self.seed,
            fired=self.schedule.fired,
            errors=self.noticed,
            states=Counter(e.order.status.value for e in order_events),
            events=Counter(type(e).__name__ for e in self.heard),
            intents=len(self.ours),
            broken=broken,
        )

    async def _drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Let time pass until something is done."""
        task = asyncio.ensure_future(work)
        for _ in range(40_000):
            await self.clock.advance(0)
            if task.done():
                return await task
            await self.clock.advance(_STEP_S)
        task.cancel()
        raise AssertionError(f"{task.get_name()} did not end within {40_000 * _STEP_S:g} s of virtual time")

    async def _calm_down(self) -> None:
        """Wait until nothing is in doubt and all is connected, for a bounded time; then once more, for laggards."""
        self.world.set_clock(0)
        waited = 0.0
        while waited < _QUIET_S and not self._quiet():
            await self.clock.advance(5)
            waited += 5
        await self.clock.advance(70)  # one periodic comparison at least
        self.world.stage.flow.rate = 0
        await self.clock.advance(5)
        await self._drive(self.exchange.orders.reconcile("the end of the campaign"))

    def _quiet(self) -> bool:
        health = self.exchange.health()
        return health.state is events.AdapterState.READY and not health.in_doubt

    async def _left_open(self) -> dict[str, str]:
        await self.clock.settle()
        left = [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("foxtrot")]
        if self.world.sockets or left:
            return {NAMES[9]: f"{len(self.world.sockets)} sockets, the tasks {left}"}
        return {}

    def _hear(self, event: events.Event, life: int) -> None:
        if life != self._life:
            return
        self.heard.append(event)
        if isinstance(event, events.OrderSubmitted):
            self.ours.add(event.order.client_order_id)

    # trading

    async def _trade(self) -> None:
        await asyncio.gather(
            *(self._trader(random.Random(f"{self.seed}:{n}")) for n in range(_TRADERS)), self._others(), self._fate()
        )

    async def _fate(self) -> None:
        """Kill the process at some moment, in every other run, and start it again."""
        chance = random.Random(f"{self.seed}:fate")
        if chance.random() < 0.5:
            return
        await self.clock.sleep(chance.uniform(1.0, 25.0))
        killed, journal = self.exchange, self.journal
        await self._process.kill()
        self.noticed["killed"] += 1
        for kept in self._folder.glob(f"journal-{self._life}.db*"):
            shutil.copy(kept, self._folder / kept.name.replace(f"-{self._life}.", f"-{self._life + 1}."))
        self._process, self.journal, reborn = self._born()
        await killed.disconnect()
        self._left.append(journal)
        await self._connected(reborn)
        self.exchange = reborn

    async def _connected(self, exchange: BaseExchange) -> None:
        while True:
            try:
                return await exchange.connect()
            except errors.FoxtrotError as error:
                self.noticed[f"connect: {type(error).__name__}"] += 1
            await self.clock.sleep(1.0)

    async def _trader(self, chance: random.Random) -> None:
        for _ in range(_ACTIONS):
            await self.clock.sleep(chance.uniform(0.05, 3.0))
            try:
                await self._act(chance)
            except errors.FoxtrotError as error:
                self.noticed[type(error).__name__] += 1
            except TimeoutError:
                self.noticed["impatience"] += 1

    async def _act(self, chance: random.Random) -> None:
        what = chance.random()
        mine = self.exchange.orders.open()
        if what < 0.55 or not mine:
            order = await self.exchange.place_order(self._request(chance))
            self.noticed[order.status.value] += 1
        elif what < 0.8:
            order = chance.choice(mine)
            await self._cancel(order)
        elif what < 0.93:
            await self._amend(chance.choice(mine), chance)
        elif what < 0.97:
            await self.exchange.cancel_all_orders(chance.choice(self._symbols))
        else:
            await self._impatient(self.exchange.place_order(self._request(chance)), chance)

    async def _impatient(self, work: Coroutine[Any, Any, Order], chance: random.Random) -> None:
        """Give up on a command before its answer."""
        task = asyncio.ensure_future(work)
        await self.clock.sleep(chance.uniform(0.0, 0.1))
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            raise TimeoutError from None

    async def _cancel(self, order: Order) -> None:
        named = {"client_order_id": order.client_order_id} if order.client_order_id else {"order_id": order.order_id}
        await self.exchange.cancel_order(order.symbol, **named)

    async def _amend(self, order: Order, chance: random.Random) -> None:
        if order.price is None or order.status is OrderStatus.IN_DOUBT:
            return
        price = order.price * Decimal(chance.choice(["0.999", "1.001"]))
        rounded = self.exchange.contracts.round_price(order.symbol, price, order.side)
        await self.exchange.amend_order(
            AmendRequest(symbol=order.symbol, client_order_id=order.client_order_id, price=rounded)
        )

    def _request(self, chance: random.Random) -> OrderRequest:
        symbol, side = chance.choice(self._symbols), chance.choice(list(Side))
        last = self.world.venue.last_price(symbol)
        value = chance.randint(15, 400) if chance.random() < 0.8 else chance.randint(2_000, 9_000)
        quantity = self.exchange.contracts.round_quantity(symbol, Decimal(value) / last)
        kind = chance.random()
        if kind < 0.2:
            return OrderRequest.market(symbol, side, quantity)
        offset = Decimal(repr(round(chance.uniform(-0.0015, 0.004), 6)))
        price = self.exchange.contracts.round_price(symbol, _off(last, side, offset), side)
        if kind < 0.3:
            return _stop(symbol, side, quantity, price, self.exchange)
        force = chance.choice([TimeInForce.GTC] * 4 + [TimeInForce.IOC, TimeInForce.FOK])
        return OrderRequest.limit(symbol, side, quantity, price, time_in_force=force)

    async def _others(self) -> None:
        """Act on the account from elsewhere: orders placed, and ours canceled, by the venue's own hand."""
        chance = random.Random(f"{self.seed}:others")
        account, venue = self.world.dialect.account, self.world.venue
        for _ in range(4):
            await self.clock.sleep(chance.uniform(1.0, 8.0))
            symbol = chance.choice(self._symbols)
            living = venue.open_orders(account, symbol)
            try:
                if living and chance.random() < 0.5:
                    venue.cancel(account, symbol, order_id=chance.choice(living).order_id)
                else:
                    venue.place(self._elsewhere(chance, symbol))
            except Refused as refused:
                self.noticed[f"elsewhere {refused.reason.name.lower()}"] += 1

    def _elsewhere(self, chance: random.Random, symbol: str) -> NewOrder:
        request = self._request(chance)
        return NewOrder(
            account=self.world.dialect.account,
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            quantity=request.quantity,
            price=request.price,
            stop_price=request.stop_price,
            time_in_force=request.time_in_force or TimeInForce.GTC,
            client_order_id=f"else-{chance.randrange(10**9)}",
        )


def _off(price: Decimal, side: Side, offset: Decimal) -> Decimal:
    """Return a price that is so far (as a share) behind the market; negative: through it."""
    return price * (1 - offset) if side is Side.BUY else price * (1 + offset)


def _stop(symbol: str, side: Side, quantity: Decimal, price: Decimal, exchange: BaseExchange) -> OrderRequest:
    trigger = exchange.contracts.round_price(symbol, _off(price, side.opposite, Decimal("0.004")), side)
    return OrderRequest.stop(symbol, side, quantity, trigger, price=trigger)
