"""The pump of one public stream connection: connect, feed, flush, reconnect."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

from foxtrot.config import RetryConfig
from foxtrot.errors import FoxtrotError, NetworkError
from foxtrot.io.snapshots import FetchSnapshot, SnapshotFetcher
from foxtrot.io.waiting import wait_at_most
from foxtrot.ports import Clock, WsConnection, WsConnector
from foxtrot.protocol.backoff import AttemptBudget, backoff_s
from foxtrot.protocol.session import Session

_LOG = logging.getLogger("foxtrot.streams")
_IDLE_S, _SOON_S = 1.0, 0.001
_YOUNG, _SPREAD = 0.9, 0.06  # parts of its greatest age after which a connection is replaced
STEADY_S = 10.0  # a connection that lived so long ends a series of failures


class DriverEars(Protocol):
    """Hear what becomes of a driver's connection."""

    def on_state(self, driver: StreamDriver, up: bool, reason: str) -> None:
        """Hear of each success, loss and failed attempt, with the reason."""

    def on_aged(self, driver: StreamDriver) -> None:
        """Hear, once for each connection, that the venue will soon cut it for its age."""


class StreamDriver:
    """Keep one session connected from `start` to `close`.

    Attempts are spread by jittered back-off and stay within `budget`, which all connections to the venue share; a
    connection that is lost at once counts as a failed attempt. A connection is called aged some time before
    `max_life_s`, each at another moment, so that not all of them are replaced at once.
    """

    def __init__(
        self,
        name: str,
        url: str,
        session: Session,
        connector: WsConnector,
        clock: Clock,
        ears: DriverEars,
        fetch_snapshot: FetchSnapshot,
        retry: RetryConfig,
        budget: AttemptBudget,
        *,
        silence_s: float | None,
        max_life_s: float,
    ) -> None:
        self.session = session
        self._name = name
        self._url = url
        self._connector = connector
        self._clock = clock
        self._ears = ears
        self._retry = retry
        self._budget = budget
        self._silence_s = silence_s
        self._max_life_s = max_life_s
        self._wake = asyncio.Event()
        self._lost = ""
        self._closing = False
        self._failures = 0
        self._chance = random.Random(random.getrandbits(64))
        self._snapshots = SnapshotFetcher(name, session, clock, fetch_snapshot, self._chance.random)
        self._task: asyncio.Task[None] | None = None
        self.up = False
        self.last_error: FoxtrotError | None = None

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.create_task(self._run(), name=f"foxtrot {self._name} stream")

    def poke(self) -> None:
        """Look at the session again: something is to be sent."""
        self._wake.set()

    async def close(self) -> None:
        """End the connection and every task; who closes needs no event that says so."""
        self._closing = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._await_turn()
            try:
                await self._live()
            except FoxtrotError as error:
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - whatever broke, the stream must be tried again, not die unseen
                _LOG.exception("the %s stream broke", self._name)
                self._failed(NetworkError(f"The stream broke: {type(error).__name__}: {error}"))

    async def _await_turn(self) -> None:
        """Wait as the back-off and the venue's budget of connections demand."""
        if self._failures:
            initial_s, max_s = self._retry.reconnect_initial_s, self._retry.reconnect_max_s
            wait = backoff_s(self._failures, self._chance.random(), initial_s=initial_s, max_s=max_s)
            await self._clock.sleep(wait)
        while (wait := self._budget.delay(self._clock.monotonic())) > 0:
            await self._clock.sleep(max(wait, _SOON_S))
        self._budget.take(self._clock.monotonic())

    async def _live(self) -> None:
        """Open the connection and serve it until it is lost. Raises FoxtrotError when it cannot be opened."""
        self._lost = ""
        connection = await self._connector.connect(
            self._url, _Taker(self.session, self._clock, self._wake.set), self._on_close
        )
        opened = self._clock.monotonic()
        try:
            self.session.connected(opened)
            self.last_error = None
            self._tell(up=True, reason="connected")
            await self._pump(connection, opened + self._max_life_s * (_YOUNG + _SPREAD * self._chance.random()))
        finally:
            if not self._closing:
                self.session.disconnected(self._lost or "the stream broke")
            await self._snapshots.end_all()
            await connection.close()
        lived = self._clock.monotonic() - opened
        self._failures = 1 if lived >= STEADY_S else self._failures + 1
        self._tell(up=False, reason=self._lost)

    async def _pump(self, connection: WsConnection, aged_at: float) -> None:
        while not self._lost:
            now = self._clock.monotonic()
            self.session.expire(now)
            for frame in self.session.frames_due(now):
                connection.send(frame)
            for symbol in self.session.snapshots_wanted():
                self._snapshots.begin(symbol)
            if now >= aged_at:
                aged_at = inf
                self._ears.on_aged(self)
            self._lost = self._lost or self._end_of_stream(now)
            if not self._lost:
                await self._rest(self.session.next_deadline())

    def _end_of_stream(self, now: float) -> str:
        """Return why an open connection is of no use any more, "" while it is."""
        if self.session.ended:
            return self.session.ended
        if self._silence_s is not None and self.session.silent_for(now) >= self._silence_s:
            return f"nothing came for {self._silence_s:g} s"
        return ""

    async def _rest(self, deadline: float | None) -> None:
        """Wait until something is due or somebody pokes."""
        now = self._clock.monotonic()
        # Never quite 0: a deadline that is only a rounding error away must not make this loop spin.
        limit = _IDLE_S if deadline is None else min(max(deadline - now, _SOON_S), _IDLE_S)
        await wait_at_most(self._wake, limit, self._clock)
        self._wake.clear()

    def _on_close(self, reason: str) -> None:
        if self._closing:
            return
        self._lost = self._lost or reason or "connection lost"
        self.session.disconnected(self._lost)  # at once: nobody may read a book of a connection that is gone
        self._wake.set()

    def _failed(self, error: FoxtrotError) -> None:
        self._failures += 1
        self.last_error = error
        self._tell(up=False, reason=error.message)

    def _tell(self, *, up: bool, reason: str) -> None:
        self.up = up
        self._ears.on_state(self, up, reason)


class _Taker:
    """Take frames: with one pair of times for all that came together, for it is the hottest path there is."""

    def __init__(self, session: Session, clock: Clock, wake: Callable[[], None]) -> None:
        self._session = session
        self._clock = clock
        self._wake = wake

    def __call__(self, data: bytes) -> None:
        self.many((data,))

    def many(self, frames: Sequence[bytes]) -> None:
        """Take all frames of one read of the socket."""
        session, clock = self._session, self._clock
        session.receive_many(frames, clock.time_ns(), clock.monotonic())
        if session.attention:
            self._wake()
