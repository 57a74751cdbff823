"""An installed venue on a real port, in real time, and clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from foxtrot.engine.bus import EventEngine
from foxtrot.exchange import BaseExchange
from foxtrot.model.events import BookInvalidated, BookUpdated, Event
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.options import default_credentials
from foxtrot.sandbox.stage import traits_of
from foxtrot.sandbox.switches import parse_order
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import factory_for
from foxtrot.testkit.hand import VenueHand

E = TypeVar("E", bound=Event)


class Served(VenueHand):
    """Serve a venue: `await Served.start(spec, rate=0)`, as an async context manager or until `stop`.

    The settings are the sandbox's; its symbols are those that the venue's traits name unless told otherwise.
    """

    def __init__(self, spec: AdapterSpec, sandbox: Sandbox) -> None:
        super().__init__(sandbox.venue, sandbox.dialect, sandbox.options.symbols[0])
        self.spec, self.sandbox = spec, sandbox
        self.symbols = sandbox.options.symbols

    @classmethod
    async def start(cls, spec: AdapterSpec, **settings: Any) -> Self:
        """Listen on a free port."""
        chosen = {"symbols": traits_of(spec).symbols, **settings}
        return cls(spec, await Sandbox.start(make_options(chosen, spec.name), spec))

    def settings(self, options: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Return what a client is to be configured with: `options` are the adapter's, `more` any others."""
        return {
            "rest_url": f"http://{self.sandbox.base}",
            "credentials": default_credentials(),
            "options": {**traits_of(self.spec).options, **(options or {})},
            **more,
        }

    def exchange(self, options: Mapping[str, Any] | None = None, **more: Any) -> BaseExchange:
        """Return a client that is not connected."""
        return factory_for(self.spec).get_exchange(self.spec.name, self.settings(options, **more))

    def befall(self, fault: str) -> None:
        """Switch a fault on, written as `foxtrot.sandbox.switches.parse_order` reads it."""
        self.sandbox.faults.switch(parse_order(fault))

    async def stop(self) -> None:
        """Stop serving."""
        await self.sandbox.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class Ear:
    """Keep every event of an engine, and wait for what is to come of them."""

    def __init__(self, engine: EventEngine, longest_s: float = 20.0) -> None:
        self.heard: list[Event] = []
        self._longest_s = longest_s
        self._changed = asyncio.Event()
        engine.subscribe_all(self._hear)

    def _hear(self, event: Event) -> None:
        self.heard.append(event)
        self._changed.set()

    def all(self, kind: type[E]) -> list[E]:
        """Return the events of a kind."""
        return [event for event in self.heard if isinstance(event, kind)]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds, looking after every event. Raises TimeoutError."""
        async with asyncio.timeout(self._longest_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


async def replayed_books(spec: AdapterSpec, symbol: str, file: Path, updates: int) -> list[BookUpdated]:
    """Feed a recording through the venue, the wire and the adapter; return the books that a subscriber was told.

    Raises AssertionError for a book that is missing, crossed or was invalid in between.
    """
    async with await Served.start(spec, replay=str(file), symbols=[symbol]) as served:
        exchange = served.exchange()
        ear = Ear(exchange.engine, longest_s=30.0)
        async with exchange:
            await exchange.subscribe_order_book(symbol)
            await ear.until(lambda: len(ear.all(BookUpdated)) >= updates)
            book = exchange.market_data.order_book(symbol, 50)
            if book is None or book.bids[0][0] >= book.asks[0][0] or ear.all(BookInvalidated):
                raise AssertionError(f"the book is {book}, and was invalid {len(ear.all(BookInvalidated))} times")
    return ear.all(BookUpdated)
