"""The embedded venue as one thing to start and stop: truth, dialect, market flow, server."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from foxtrot.errors import ConfigError
from foxtrot.ports import VenueAccess
from foxtrot.sandbox.admin import FaultAdmin
from foxtrot.sandbox.feed import market_lines
from foxtrot.sandbox.mishaps import Mishaps
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.replay import Replay
from foxtrot.sandbox.server import SandboxServer
from foxtrot.sandbox.stage import Stage
from foxtrot.sandbox.switches import FaultSwitches, parse_order
from foxtrot.sandbox.wire import FaultyWire
from foxtrot.spec import AdapterSpec


class Sandbox:
    """Run one embedded venue. Use it as an async context manager, or `await Sandbox.start(...)` and `stop()`.

    `faults` are its switches: what goes wrong on its sockets, by name.
    """

    def __init__(self, options: SandboxOptions, spec: AdapterSpec) -> None:
        self._skew_ns = 0
        stage = Stage(options, spec, lambda: time.time_ns() + self._skew_ns, time.monotonic_ns)
        self.options, self.venue, self.dialect, self.flow = options, stage.venue, stage.dialect, stage.flow
        self._credentials = stage.credentials
        self._replay = (
            None if options.replay is None else Replay(self.venue, self.dialect.records(market_lines(options.replay)))
        )
        self.faults = FaultSwitches([parse_order(text) for text in options.faults], options.seed, time.monotonic)
        chance = random.Random(f"{options.seed}:mishaps")
        mishaps = Mishaps(self.venue, self.dialect, chance, time.monotonic, _later, self._set_clock)
        self._server = SandboxServer(
            self.dialect,
            self._advance,
            FaultyWire(self.faults, mishaps, chance),
            FaultAdmin(self.faults),
            host=options.host,
            port=options.port,
            life_s=options.max_connection_life_s,
            ping_s=options.ping_interval_s,
        )

    @classmethod
    async def start(cls, options: SandboxOptions, spec: AdapterSpec) -> Self:
        """Start a venue and return it. Raises ConfigError, ConnectFailed when the port is in use."""
        sandbox = cls(options, spec)
        if sandbox._replay is None:
            sandbox.flow.seed_book()
        await sandbox._server.start()
        return sandbox

    @property
    def base(self) -> str:
        """Return host:port."""
        return self._server.base

    @property
    def foreign_hosts(self) -> list[str]:
        """Return the hosts of other companies that clients asked for."""
        return self._server.foreign_hosts

    @property
    def access(self) -> VenueAccess:
        """Return the endpoints and the key that the venue accepts."""
        return VenueAccess(self.dialect.endpoints(self.base), self._credentials)

    async def stop(self) -> None:
        """Stop serving; repeating is harmless."""
        await self._server.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _set_clock(self, skew_ns: int) -> None:
        self._skew_ns = skew_ns

    def _advance(self, elapsed_s: float) -> None:
        if self._replay is not None:
            self._replay.catch_up(elapsed_s)
        else:
            self.flow.catch_up(elapsed_s)


def _later(seconds: float, do: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, do)


def make_options(settings: dict[str, object], venue: str) -> SandboxOptions:
    """Validate sandbox settings. Raises ConfigError that names all problems at once."""
    try:
        return SandboxOptions.model_validate({"venue": venue, **settings})
    except ValidationError as error:
        problems = [f"sandbox.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigError("The sandbox's settings are wrong: " + "; ".join(problems) + ".", problems=problems) from None
