"""What the six managers of one exchange share."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import TypeVar

import pluggy

from foxtrot.capabilities import Capability
from foxtrot.config import ExchangeConfig
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import CredentialsError, StateError, UnsupportedError
from foxtrot.io.gateway import RequestGateway
from foxtrot.io.pool import StreamPool
from foxtrot.model.contract import Contract
from foxtrot.model.events import Event
from foxtrot.ports import Clock
from foxtrot.protocol.calls import Call
from foxtrot.protocol.codec import RestCodec
from foxtrot.protocol.ratelimit import Limiter
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.spec import AdapterSpec

T = TypeVar("T")


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
    ) -> None:
        self.rest = rest
        self.gateway = gateway
        self.commands = commands
        self.streams = streams
        self.signed_in = signed_in


class Wiring:
    """Share identity, settings, symbol table and transports among the managers of one exchange."""

    def __init__(
        self,
        spec: AdapterSpec,
        config: ExchangeConfig,
        engine: EventEngine,
        clock: Clock,
        hooks: pluggy.PluginManager | None,
    ) -> None:
        self.spec = spec
        self.exchange = spec.name
        self.capabilities = spec.capabilities
        self.config = config
        self.engine = engine
        self.clock = clock
        self.hooks = hooks
        self.symbols = SymbolTable(spec.name)
        self.next_seq: Callable[[], int] = itertools.count(1).__next__
        self.limiter = Limiter(config.rate.headroom)
        self.transports: Transports | None = None
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

    async def call(self, call: Call[T], *, command: bool = False) -> T:
        """Send a call through the gateway; `command` picks the order-entry transport where one is configured.

        Raises CredentialsError for a signed call without keys, StateError before connect, and the gateway's errors.
        """
        transports = self.open()
        if call.signed and not transports.signed_in:
            raise CredentialsError(
                f"{self.exchange} needs an API key for this; set FOXTROT_{self.exchange.upper()}_"
                f"{self.config.account.upper()}_API_KEY and _API_SECRET or pass credentials.",
                exchange=self.exchange,
            )
        return await (transports.commands if command else transports.gateway).call(call)

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        """Run something in the background until it is done or the connection closes."""
        task = asyncio.create_task(work, name=f"foxtrot {self.exchange} background")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end_tasks(self) -> None:
        """End everything that runs in the background."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def publish(self, event: Event) -> None:
        """Publish an event of this exchange."""
        self.engine.publish(event)
