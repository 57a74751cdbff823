"""A process that is killed at any moment loses, doubles and invents nothing, whatever happens while it is down."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal as D
from typing import Any

from foxtrot import events, get_exchange
from foxtrot.capabilities import Capability
from foxtrot.config import ExchangeConfig, OrdersConfig
from foxtrot.errors import RateLimited
from foxtrot.exchange import BaseExchange
from foxtrot.model.order import OrderStatus, OrderType, Side
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.options import default_credentials
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder, VenueOrder
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.invariants import NAMES, findings
from foxtrot.testkit.restart_child import options_of
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.scenarios.shares import among_family


class Gate:
    """Pass requests on to the sandbox; on demand cut an answer off, and keep back all that follow."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.partition(":")
        self._port = int(port)
        self.cut_next = False
        self.holding = False
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        head = await reader.readuntil(b"\r\n\r\n")
        up_writer.write(head)
        socket = b"upgrade: websocket" in head.lower()
        tasks = [
            asyncio.create_task(self._copy(reader, up_writer)),
            asyncio.create_task(self._answers(up_reader, writer, socket=socket)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, up_writer):
            end.close()
        for task in tasks:
            task.cancel()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, socket: bool) -> None:
        while data := await reader.read(65_536):
            if self.cut_next and not socket:
                self.cut_next, self.holding = False, True
                return
            if self.cut_next or self.holding:
                await asyncio.Event().wait()
            writer.write(data)


def _in(child: asyncio.subprocess.Process) -> asyncio.StreamWriter:
    if child.stdin is None:
        raise AssertionError("the child has no input")
    return child.stdin


def _out(child: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if child.stdout is None:
        raise AssertionError("the child has no output")
    return child.stdout


_STATUSES = {
    "partial": "partially_filled",
    "open": "open",
    "doubtful": "in_doubt",
    "canceling": "pending_cancel",
    "amending": "pending_amend",
    "pending": "pending",
}


class Story:
    """One life: a child that is killed, what happens while it is down, and a second process."""

    def __init__(self, bench: Bench) -> None:
        self.spec = bench.spec
        self.symbol = bench.traits.symbols[0]
        self.journal = bench.folder / "journal.db"
        self.told: list[dict[str, Any]] = []
        self.sandbox: Sandbox
        self.heard: list[events.Event] = []

    async def first_life(self) -> None:
        """Start the venue and a process that trades there, and kill it at its worst moment."""
        options = make_options({"rate": 0, "symbols": (self.symbol,), "history_days": 0}, self.spec.name)
        self.sandbox = await Sandbox.start(options, self.spec)
        for order in self.sandbox.venue.open_orders(MARKET_ACCOUNT):
            self.sandbox.venue.cancel(MARKET_ACCOUNT, self.symbol, order_id=order.order_id)
        self.sandbox.venue.place_agent(self.symbol, Side.SELL, D(70_000), D(5))
        gate = Gate(self.sandbox.base)
        base = await gate.start()
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "foxtrot.testkit.restart_child",
            self.spec.name,
            self.symbol,
            base,
            str(self.journal),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(20):
                await self._play(child, gate)
        finally:
            child.kill()  # SIGKILL
            await child.wait()
            await gate.stop()

    async def _play(self, child: asyncio.subprocess.Process, gate: Gate) -> None:

        await self._until(child, "resting")
        self.sandbox.venue.place_agent(self.symbol, Side.SELL, D(50_010), D("0.01"))
        self.sandbox.venue.place_agent(self.symbol, Side.SELL, D(50_005), D("0.004"))
        _in(child).write(b"filled\n")
        await self._until(child, "cut the next answer")
        gate.cut_next = True
        _in(child).write(b"cutting\n")
        equal((await self._until(child, "doubt"))["status"], "in_doubt", "the order whose answer was cut off")
        await self._until(child, "commands are out")
        await self._carried_out()
        _in(child).write(b"arrived\n")
        told = await self._until(child, "statuses")
        # Where an amend is another order in its stead, that one has an id of our making.
        replacements = dict.fromkeys((name for name in told["statuses"] if name.startswith("ft")), "pending")
        equal(told["statuses"], _STATUSES | replacements, "the orders of the process that is killed")
        await self._until(child, "hanging")

    async def _carried_out(self) -> None:
        """Wait until the venue has done what the child will never be told."""
        changed = asyncio.Event()
        self.sandbox.venue.listeners.append(lambda event: changed.set())
        while {o.price for o in self.living()} != {D(50_005), D(50_000), D(49_000), D(48_000), D(47_000)}:
            changed.clear()
            await changed.wait()

    async def _until(self, child: asyncio.subprocess.Process, what: str) -> dict[str, Any]:

        while line := await _out(child).readline():
            self.told.append(json.loads(line))
            if self.told[-1]["what"] == what:
                return self.told[-1]
        raise AssertionError(f"the child ended before {what!r}; it told {self.told}")

    @property
    def account(self) -> str:
        return self.sandbox.dialect.account

    def living(self) -> list[VenueOrder]:
        return self.sandbox.venue.open_orders(self.account, self.symbol)

    async def second_life(self, *, warm: bool) -> BaseExchange:
        journal = self.journal if warm else self.journal.with_name("other.db")
        config = ExchangeConfig(
            rest_url=f"http://{self.sandbox.base}",
            credentials=default_credentials(),
            orders=OrdersConfig(journal=journal, visibility_s=1.0),
            options=options_of(self.spec.name),
        )
        exchange = get_exchange(self.spec.name, config)
        changed = asyncio.Event()

        def hear(event: events.Event) -> None:
            self.heard.append(event)
            changed.set()

        exchange.engine.subscribe_all(hear)
        async with asyncio.timeout(60):
            await _connected(exchange)
        async with asyncio.timeout(30):
            while exchange.orders.in_doubt or any(o.fills_missing for o in exchange.orders.open()):
                changed.clear()
                await changed.wait()
        await exchange.orders.reconcile("the test")
        return exchange


async def _connected(exchange: BaseExchange) -> None:
    """Connect, again where the venue still counts what the killed process has asked."""
    while True:
        try:
            return await exchange.connect()
        except RateLimited as error:
            await exchange.clock.sleep(error.retry_after_s or 2.0)


def nothing(story: Story) -> None: ...


def fill(story: Story) -> None:
    story.sandbox.venue.place_agent(story.symbol, Side.SELL, D(46_500), D(5))


def partial(story: Story) -> None:
    """End the one that was filled in part, and fill half of the next."""
    story.sandbox.venue.place_agent(story.symbol, Side.SELL, D(46_500), D("0.006") + D("0.005"))


def cancel_by_the_venue(story: Story) -> None:
    for order in story.living():
        story.sandbox.venue.cancel(story.account, story.symbol, order_id=order.order_id)


def external_order(story: Story) -> None:
    for number, price in enumerate((45_000, 71_000)):
        story.sandbox.venue.place(
            NewOrder(
                account=story.account,
                symbol=story.symbol,
                side=Side.BUY,
                type=OrderType.LIMIT,
                quantity=D("0.02"),
                price=D(price),
                client_order_id=f"elsewhere{number}",
            )
        )


def expiry(story: Story) -> None:
    for order in story.living():
        story.sandbox.venue.expire(story.account, story.symbol, order.order_id)


_MEANWHILE = (nothing, fill, partial, cancel_by_the_venue, external_order, expiry)
Case = tuple[Callable[[Story], None], str]


def _cases(spec: AdapterSpec) -> Sequence[Case]:
    return among_family(spec, [(meanwhile, journal) for journal in ("warm", "lost") for meanwhile in _MEANWHILE])


@scenario(
    Capability.PLACE_ORDER,
    Capability.CANCEL_ORDER,
    Capability.AMEND_ORDER,
    Capability.USER_STREAM,
    Capability.FETCH_MY_TRADES,
    cases=_cases,
    longest_s=180.0,
)
async def after_a_kill_the_next_process_knows_what_the_venue_knows(bench: Bench, case: Case) -> None:
    """A process that is killed at any moment loses, doubles and invents nothing, whatever happens while it is down,
    with its journal or without it."""
    meanwhile, journal = case
    story = Story(bench)
    await story.first_life()
    try:
        meanwhile(story)
        exchange = await story.second_life(warm=journal == "warm")
        try:
            _claim(story, exchange, warm=journal == "warm")
        finally:
            await exchange.disconnect()
    finally:
        await story.sandbox.stop()


def _claim(story: Story, exchange: BaseExchange, *, warm: bool) -> None:
    venue, dialect = story.sandbox.venue, story.sandbox.dialect
    submitted = {told["id"] for told in story.told if told["what"] == "submitted"}
    broken = dict(findings(exchange, venue, dialect, story.heard, submitted if warm else set()))
    broken.pop(NAMES[2], None)  # compared below, over both lives
    equal(broken, {}, "what is broken")
    before = [told["trade_id"] for told in story.told if told["what"] == "fill"]
    after = [e.fill.trade_id for e in story.heard if isinstance(e, events.OrderFilled)]
    at_venue = {dialect.trade_id(e) for e in venue.executions(story.account, story.symbol)}
    equal(len(set(after)), len(after), "the number of different fills told")
    equal({*before, *after} - at_venue, set(), "the fills made up")
    if warm:
        equal({*before, *after}, at_venue, "the fills told in both lives")
        equal(set(before) & set(after), set(), "the fills told twice")
        never_sent = exchange.orders.get("intended")
        sure(never_sent is not None and never_sent.status is OrderStatus.DENIED, f"it is {never_sent}")
        sure(never_sent is not None and "never arrived" in never_sent.reason, "it does not say that it never arrived")
    names = [o.client_order_id for o in venue.orders(story.account, story.symbol)]
    equal(len(set(names)), len(names), "the number of different orders at the venue")
    sure("intended" not in names, "the order that was never sent is at the venue")
