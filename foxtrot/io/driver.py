"""The pump of one public stream connection: connect, feed, flush, reconnect."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from foxtrot.config import RetryConfig
from foxtrot.errors import FoxtrotError, NetworkError
from foxtrot.io.waiting import wait_at_most
from foxtrot.model.events import ChannelName, ChannelStateChanged, Event
from foxtrot.ports import Clock, WsConnection, WsConnector
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.messages import BookSnapshot
from foxtrot.protocol.session import Session

_LOG = logging.getLogger("foxtrot.streams")
_IDLE_S, _SOON_S = 1.0, 0.001
_WINDOW_S = 300.0
FetchSnapshot = Callable[[str], Awaitable[BookSnapshot]]


class StreamDriver:
    """Keep one session connected until `close`. Attempts stay within `connections_per_5_minutes`."""

    def __init__(
        self,
        exchange: str,
        url: str,
        session: Session,
        connector: WsConnector,
        clock: Clock,
        publish: Callable[[Event], None],
        next_seq: Callable[[], int],
        fetch_snapshot: FetchSnapshot,
        retry: RetryConfig,
        *,
        connections_per_5_minutes: int,
    ) -> None:
        self.session = session
        self._exchange = exchange
        self._url = url
        self._connector = connector
        self._clock = clock
        self._publish = publish
        self._next_seq = next_seq
        self._fetch_snapshot = fetch_snapshot
        self._retry = retry
        self._attempt_limit = connections_per_5_minutes
        self._attempts: list[float] = []
        self._connection: WsConnection | None = None
        self._wake = asyncio.Event()
        self._lost = ""
        self._up = False
        self._closed = False
        self._chance = random.Random(random.getrandbits(64))
        self._task: asyncio.Task[None] | None = None
        self._fetches: dict[str, asyncio.Task[None]] = {}
        self.last_error: FoxtrotError | None = None

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.create_task(self._run(), name=f"foxtrot {self._exchange} stream")

    def poke(self) -> None:
        """Look at the session again: something is to be sent."""
        self._wake.set()

    async def close(self) -> None:
        """End the connection and every task."""
        self._closed = True
        tasks = [task for task in (self._task, *self._fetches.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _run(self) -> None:
        failures = 0
        while not self._closed:
            await self._await_turn(failures)
            try:
                await self._open()
            except NetworkError as error:
                failures += 1
                self.last_error = error
                self._report(up=False, reason=error.message)
                continue
            failures = 0
            await self._pump()
            failures = 1  # a connection that is cut at once must not be reopened without a pause

    async def _await_turn(self, failures: int) -> None:
        """Wait as the back-off and the venue's budget of connections demand."""
        now = self._clock.monotonic()
        self._attempts = [at for at in self._attempts if now - at < _WINDOW_S]
        wait = 0.0
        if failures:
            wait = backoff_s(
                failures,
                self._chance.random(),
                initial_s=self._retry.reconnect_initial_s,
                max_s=self._retry.reconnect_max_s,
            )
        if len(self._attempts) >= self._attempt_limit:
            wait = max(wait, self._attempts[0] + _WINDOW_S - now)
        if wait:
            await self._clock.sleep(wait)
        self._attempts.append(self._clock.monotonic())

    async def _open(self) -> None:
        self._lost = ""
        self._connection = await self._connector.connect(self._url, self._on_frame, self._on_close)
        self.session.connected(self._clock.monotonic())
        self.last_error = None
        self._report(up=True, reason="connected")

    async def _pump(self) -> None:
        while not self._lost:
            now = self._clock.monotonic()
            self.session.expire(now)
            for frame in self.session.frames_due(now):
                if self._connection is not None:
                    self._connection.send(frame)
            for symbol in self.session.snapshots_wanted():
                self._begin_fetch(symbol)
            await self._rest(self.session.next_deadline())
        self.session.disconnected(self._lost)
        self._connection = None
        self._report(up=False, reason=self._lost)

    async def _rest(self, deadline: float | None) -> None:
        """Wait until something is due or somebody pokes."""
        now = self._clock.monotonic()
        # Never quite 0: a deadline that is only a rounding error away must not make this loop spin.
        limit = _IDLE_S if deadline is None else min(max(deadline - now, _SOON_S), _IDLE_S)
        await wait_at_most(self._wake, limit, self._clock)
        self._wake.clear()

    def _on_frame(self, data: bytes) -> None:
        self.session.receive(data, self._clock.time_ns(), self._clock.monotonic())
        if any(book.needs_snapshot for book in self.session.books.values()):
            self._wake.set()

    def _on_close(self, reason: str) -> None:
        self._lost = reason or "connection lost"
        self._wake.set()

    def _begin_fetch(self, symbol: str) -> None:
        running = self._fetches.get(symbol)
        if running is None or running.done():
            self._fetches[symbol] = asyncio.create_task(self._fetch(symbol), name=f"foxtrot snapshot {symbol}")

    async def _fetch(self, symbol: str) -> None:
        """Fetch snapshots until the book is in step again; each attempt is further from the last."""
        attempt = 0
        while symbol in self.session.books and not self.session.books[symbol].synced and not self._lost:
            attempt += 1
            try:
                self.session.snapshot(await self._fetch_snapshot(symbol))
            except FoxtrotError as error:
                _LOG.warning("%s %s: no snapshot (attempt %d): %s", self._exchange, symbol, attempt, error)
            else:
                book = self.session.books.get(symbol)
                if book is None or book.synced:
                    return
            await self._clock.sleep(backoff_s(attempt, self._chance.random(), initial_s=0.2, max_s=10.0))

    def _report(self, *, up: bool, reason: str) -> None:
        if up == self._up and up:
            return
        self._up = up
        now = self._clock.time_ns()
        self._publish(ChannelStateChanged(self._exchange, "", 0, now, self._next_seq(), ChannelName.MARKET, up, reason))
