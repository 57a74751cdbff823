"""All public streams of one exchange over as few connections as the venue's limits allow."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

from foxtrot.config import RetryConfig
from foxtrot.errors import FoxtrotError, RequestTimeout, StateError
from foxtrot.io.driver import FetchSnapshot, StreamDriver
from foxtrot.model.events import Event
from foxtrot.ports import Clock, WsConnector
from foxtrot.protocol.book import BookBuilder
from foxtrot.protocol.codec import Endpoints, StreamCodec
from foxtrot.protocol.messages import Channel
from foxtrot.protocol.session import Session


class StreamPool:
    """Share channels among subscribers (each is asked of the venue once) and spread them over connections."""

    def __init__(
        self,
        exchange: str,
        codec: StreamCodec,
        endpoints: Endpoints,
        connector: WsConnector,
        clock: Clock,
        publish: Callable[[Event], None],
        next_seq: Callable[[], int],
        fetch_snapshot: FetchSnapshot,
        retry: RetryConfig,
        connect_timeout_s: float,
    ) -> None:
        self._exchange = exchange
        self._codec = codec
        self._url = codec.url(endpoints)
        self._connector = connector
        self._clock = clock
        self._publish = publish
        self._next_seq = next_seq
        self._fetch_snapshot = fetch_snapshot
        self._retry = retry
        self._timeout_s = connect_timeout_s + 2 * codec.limits.ack_timeout_s
        self._drivers: list[StreamDriver] = []
        self._users: Counter[Channel] = Counter()
        self._homes: dict[Channel, StreamDriver] = {}
        self._waiting: dict[Channel, asyncio.Future[None]] = {}
        self._closed = False

    async def subscribe(self, channels: Iterable[Channel]) -> None:
        """Return once the venue has confirmed every channel; on failure none of them stays subscribed by this call.

        Raises RequestTimeout, VenueError, StateError after `close`.
        """
        if self._closed:
            raise StateError(f"The streams of {self._exchange} are closed.", exchange=self._exchange)
        wanted = list(channels)
        self._users.update(wanted)
        try:
            await self._confirmed([channel for channel in wanted if channel not in self._homes])
            await self._settled(wanted)
        except BaseException:
            self._release(wanted)
            raise

    async def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """Give channels up; the venue is told when nobody else here wants them."""
        self._release(list(channels))

    def book(self, symbol: str) -> BookBuilder | None:
        """Return the kept book of a subscribed symbol."""
        return next((d.session.books[symbol] for d in self._drivers if symbol in d.session.books), None)

    async def close(self) -> None:
        """End all connections and tasks."""
        self._closed = True
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()
        await asyncio.gather(*(driver.close() for driver in self._drivers))
        self._drivers.clear()
        self._homes.clear()

    async def _confirmed(self, fresh: list[Channel]) -> None:
        for channel in fresh:
            driver = self._driver_with_room()
            self._homes[channel] = driver
            self._waiting[channel] = asyncio.get_running_loop().create_future()
            driver.session.subscribe([channel])
        for driver in {self._homes[channel] for channel in fresh}:
            driver.poke()

    async def _settled(self, channels: list[Channel]) -> None:
        futures = [self._waiting[channel] for channel in channels if channel in self._waiting]
        if not futures:
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.gather(*(asyncio.shield(future) for future in futures))
        except TimeoutError as late:
            causes = [self._homes[c].last_error for c in channels if c in self._homes]
            cause = next((error for error in causes if error is not None), None)
            raise RequestTimeout(
                f"{self._exchange} did not confirm the subscription within {self._timeout_s:g} s"
                f"{f': {cause.message}' if cause else '.'}",
                exchange=self._exchange,
            ) from (cause or late)

    def _release(self, channels: list[Channel]) -> None:
        for channel in channels:
            self._users[channel] -= 1
            if self._users[channel] > 0:
                continue
            del self._users[channel]
            waiting = self._waiting.pop(channel, None)
            if waiting is not None:
                waiting.cancel()
            driver = self._homes.pop(channel, None)
            if driver is not None:
                driver.session.unsubscribe([channel])
                driver.poke()

    def _driver_with_room(self) -> StreamDriver:
        limits = self._codec.limits
        for driver in self._drivers:
            if len(driver.session.channels) < limits.streams_per_connection:
                return driver
        session = Session(self._exchange, self._codec, self._publish, self._next_seq, self._on_settled)
        driver = StreamDriver(
            self._exchange,
            self._url,
            session,
            self._connector,
            self._clock,
            self._publish,
            self._next_seq,
            self._fetch_snapshot,
            self._retry,
            connections_per_5_minutes=limits.connections_per_5_minutes,
        )
        driver.start()
        self._drivers.append(driver)
        return driver

    def _on_settled(self, channel: Channel, error: FoxtrotError | None) -> None:
        future = self._waiting.pop(channel, None)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
