"""What the six managers of one exchange share."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

import msgspec
import pluggy

from foxtrot.capabilities import Capability
from foxtrot.config import ExchangeConfig
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import CredentialsError, StateError, UnsupportedError
from foxtrot.io.gateway import RequestGateway
from foxtrot.io.pool import StreamPool
from foxtrot.io.tap import NoTap
from foxtrot.io.waiting import wait_at_most
from foxtrot.keys.sources import variable
from foxtrot.model.contract import Contract
from foxtrot.model.events import AdapterState, Event
from foxtrot.model.intervals import require_listed
from foxtrot.ports import Clock, MarketTap
from foxtrot.protocol.calls import Call
from foxtrot.protocol.codec import BatchCancel, BatchQuery, RestCodec
from foxtrot.protocol.messages import BookSnapshot
from foxtrot.protocol.ratelimit import Limiter
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.spec import AdapterSpec

T = TypeVar("T")
_LOG = logging.getLogger("foxtrot.connection")


class Transports:
    """Hold what exists between connect and disconnect only."""

    def __init__(
        self,
        rest: RestCodec,
        gateway: RequestGateway,
        commands: RequestGateway,
        streams: StreamPool,
        *,
        signed_in: bool,
        visibility_s: float,
        cancel_after: Callable[[float], Call[None]] | None,
        batch_cancel: BatchCancel | None,
        batch_query: BatchQuery | None,
    ) -> None:
        self.rest = rest
        self.gateway = gateway
        self.commands = commands
        self.streams = streams
        self.signed_in = signed_in
        self.visibility_s = visibility_s
        self.cancel_after = cancel_after
        self.batch_cancel = batch_cancel
        self.batch_query = batch_query


class Wiring:
    """Share identity, settings, symbol table and transports among the managers of one exchange."""

    def __init__(
        self,
        spec: AdapterSpec,
        config: ExchangeConfig,
        engine: EventEngine,
        clock: Clock,
        hooks: pluggy.PluginManager | None,
        tap: MarketTap | None,
    ) -> None:
        self.spec = spec
        self.exchange = spec.name
        self.capabilities = spec.capabilities
        self.config = config
        self.engine = engine
        self.publish: Callable[[Event], None] = engine.publish
        self.clock = clock
        self.hooks = hooks
        self.symbols = SymbolTable(spec.name)
        self.next_seq: Callable[[], int] = itertools.count(1).__next__
        self.limiter = Limiter(config.rate.headroom)
        self.tap: MarketTap = tap or NoTap()
        self.transports: Transports | None = None
        self.state = AdapterState.DISCONNECTED
        self.synchronised = asyncio.Event()  # set unless a comparison with the venue is under way
        self._tasks: set[asyncio.Task[object]] = set()

    def open(self) -> Transports:
        """Return the transports. Raises StateError while the exchange is not connected."""
        if self.transports is None:
            raise StateError(f"{self.exchange} is not connected; await connect() first.", exchange=self.exchange)
        return self.transports

    def contract(self, symbol: str) -> Contract:
        """Return one contract. Raises StateError before connect, UnknownSymbol with close names."""
        if not self.symbols:
            self.open()
        return self.symbols.contract(symbol)

    def require(self, capability: Capability) -> None:
        """Raise UnsupportedError, before any I/O, when the venue cannot do that."""
        feature = self.capabilities[capability]
        if not feature.support.usable:
            note = f": {feature.note}" if feature.note else ""
            raise UnsupportedError(
                f"{self.exchange} does not offer {capability.value} ({feature.support.value}{note}).",
                exchange=self.exchange,
            )

    def require_interval(self, interval: str) -> None:
        """Raise UnsupportedError, before any I/O, for candles that the venue does not have."""
        require_listed(interval, self.open().streams.intervals, self.exchange)

    def call(self, call: Call[T], *, command: bool = False) -> Coroutine[Any, Any, T]:
        """Return what sends a call through the gateway; `command` picks the order-entry transport where there is one.

        Raises CredentialsError for a signed call without keys, StateError before connect, and the gateway's errors.
        """
        transports = self.open()
        if call.signed and not transports.signed_in:
            key, secret = (variable(self.exchange, self.config.account, part) for part in ("API_KEY", "API_SECRET"))
            raise CredentialsError(
                f"{self.exchange} needs an API key for this; set {key} and {secret} or pass credentials.",
                exchange=self.exchange,
            )
        return (transports.commands if command else transports.gateway).call(call)

    async def fetch_snapshot(self, symbol: str) -> BookSnapshot:
        """Ask for what a kept book begins with, stamped with the time of its arrival."""
        contract = self.contract(symbol)
        call = self.tap.snapshot(contract, self.open().rest.fetch_book_snapshot(contract))
        snapshot = await self.call(call)
        return msgspec.structs.replace(snapshot, ts_recv=self.clock.time_ns())

    async def admit(self) -> None:
        """Let a new order pass once the account is compared, as `config.orders.while_syncing` says.

        Raises StateError while closing, and when the comparison takes longer than `sync_wait_s`.
        """
        policy = self.config.orders
        if self.state is AdapterState.SYNCING and policy.while_syncing == "wait":
            await wait_at_most(self.synchronised, policy.sync_wait_s, self.clock)
        if self.state in (AdapterState.SYNCING, AdapterState.CLOSING, AdapterState.DISCONNECTED):
            raise StateError(
                f"{self.exchange} takes no new orders while it is {self.state.value}; nothing was sent.",
                exchange=self.exchange,
            )

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        """Run something in the background until it is done or the connection closes."""
        task = asyncio.create_task(work, name=f"foxtrot {self.exchange} background")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("%s: a background task failed", self.exchange, exc_info=error)

    async def end_tasks(self) -> None:
        """End everything that runs in the background, and let each clean up.

        A task that is cancelled before its first step never gets to its `finally`, so that comes first.
        """
        while not all(map(_has_begun, self._tasks)):  # noqa: ASYNC110 - each needs but a step, no event tells of it
            await asyncio.sleep(0)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _has_begun(task: asyncio.Task[object]) -> bool:
    work = cast("Coroutine[Any, Any, object]", task.get_coro())
    return inspect.getcoroutinestate(work) != inspect.CORO_CREATED
