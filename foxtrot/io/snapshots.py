"""Fetch the snapshots that kept books ask for: one at a time per book, ever more seldom while a book stays broken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from foxtrot.errors import FoxtrotError
from foxtrot.io.waiting import at_most
from foxtrot.ports import Clock
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.book import BookBuilder
from foxtrot.protocol.messages import BookSnapshot
from foxtrot.protocol.session import Session

_LOG = logging.getLogger("foxtrot.streams")
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 10.0
_CALM_S = 30.0  # a book that needed no snapshot for so long gets the next one at once again
_FETCH_S = 60.0
FetchSnapshot = Callable[[str], Awaitable[BookSnapshot]]


class _Tries(msgspec.Struct):
    count: int = 0
    last: float = 0.0


class SnapshotFetcher:
    """Serve the books of one session. What fails is published as BookInvalidated, logged and tried again.

    A snapshot is handed only to the very book that asked, and `end_all` drops those under way when the connection is
    lost: one that was taken before the stream began would miss what happened in between.
    """

    def __init__(
        self, name: str, session: Session, clock: Clock, fetch: FetchSnapshot, chance: Callable[[], float]
    ) -> None:
        self._name = name
        self._session = session
        self._clock = clock
        self._fetch = fetch
        self._chance = chance
        self._running: dict[BookBuilder, asyncio.Task[None]] = {}
        self._tries: dict[str, _Tries] = {}

    def begin(self, symbol: str) -> None:
        """Start to fetch a symbol's snapshot unless that is under way already."""
        book = self._session.books[symbol]
        running = self._running.get(book)
        if running is None or running.done():
            task = asyncio.create_task(self._bring(symbol, book), name=f"foxtrot {self._name} snapshot {symbol}")
            self._running[book] = task

    async def end_all(self) -> None:
        """Drop all that is under way; the next connection begins without waiting."""
        tasks = list(self._running.values())
        self._running.clear()
        self._tries.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring(self, symbol: str, book: BookBuilder) -> None:
        try:
            while self._wanted(symbol, book):
                await self._clock.sleep(self._next_wait(symbol))
                if self._wanted(symbol, book):
                    await self._try(symbol, book)
        finally:
            if self._running.get(book) is asyncio.current_task():
                del self._running[book]

    def _wanted(self, symbol: str, book: BookBuilder) -> bool:
        return self._session.books.get(symbol) is book and not book.synced

    def _next_wait(self, symbol: str) -> float:
        """Count a try; return how long it must wait. The count outlives a success, or a flapping book floods."""
        now = self._clock.monotonic()
        tries = self._tries.setdefault(symbol, _Tries())
        if now - tries.last >= _CALM_S:
            tries.count = 0
        tries.count, tries.last = tries.count + 1, now
        if tries.count == 1:
            return 0.0
        return backoff_s(tries.count - 1, self._chance(), initial_s=_FIRST_WAIT_S, max_s=_LONGEST_WAIT_S)

    async def _try(self, symbol: str, book: BookBuilder) -> None:
        try:
            snapshot = await at_most(self._fetch(symbol), _FETCH_S, self._clock)
        except FoxtrotError as error:
            _LOG.warning("%s %s: no snapshot: %s", self._name, symbol, error)
            reason = error.message
        except TimeoutError:
            reason = f"not fetched within {_FETCH_S:g} s"
        except Exception as error:  # noqa: BLE001 - it must outlive any mistake, or the book is dead for ever
            _LOG.exception("%s %s: the snapshot could not be fetched", self._name, symbol)
            reason = f"{type(error).__name__}: {error}"
        else:
            if self._wanted(symbol, book):
                self._session.snapshot(snapshot)
            return
        if self._wanted(symbol, book):
            book.complain(f"no snapshot: {reason}")
