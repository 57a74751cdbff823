"""All public streams of one exchange over as few connections as the venue's limits allow."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from foxtrot.config import RetryConfig
from foxtrot.errors import FoxtrotError, RequestTimeout, StateError
from foxtrot.io.driver import StreamDriver
from foxtrot.io.rotation import Rotation
from foxtrot.io.snapshots import FetchSnapshot
from foxtrot.io.waiting import at_most
from foxtrot.model.events import ChannelName, ChannelStateChanged, Event
from foxtrot.ports import Clock, WsConnector
from foxtrot.protocol.backoff import AttemptBudget
from foxtrot.protocol.book import BookBuilder
from foxtrot.protocol.codec import Endpoints, StreamCodec
from foxtrot.protocol.messages import Channel, ChannelKind
from foxtrot.protocol.session import Session
from foxtrot.protocol.subscriptions import SubscriptionState

_LOG = logging.getLogger("foxtrot.streams")
_BUDGET_WINDOW_S = 300.0


class StreamPool:
    """Share channels among subscribers (each is asked of the venue once) and spread them over connections.

    ChannelStateChanged(MARKET) is up when all connections are; each loss and failed attempt is told with its reason.
    A connection is replaced, unheard by its subscribers, before the venue cuts it for its age.
    """

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
        publisher: Callable[[], Callable[[Event], None]] | None = None,
        on_listing: Callable[[], None] = lambda: None,
    ) -> None:
        self._exchange = exchange
        self._codec = codec
        self._url = codec.url(endpoints)
        self._connector = connector
        self._clock = clock
        self._publish = publish
        self._publisher = publisher
        self._on_listing = on_listing
        self._next_seq = next_seq
        self._fetch_snapshot = fetch_snapshot
        self._retry = retry
        self._timeout_s = connect_timeout_s + 2 * codec.limits.ack_timeout_s
        self._budget = AttemptBudget(codec.limits.connections_per_5_minutes, _BUDGET_WINDOW_S)
        self._drivers: list[StreamDriver] = []
        self._users: Counter[Channel] = Counter()
        self._homes: dict[Channel, StreamDriver] = {}
        self._waiting: dict[Channel, asyncio.Future[None]] = {}
        self._rotations: dict[StreamDriver, Rotation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._up = False
        self._closed = False

    async def subscribe(self, channels: Iterable[Channel]) -> None:
        """Return once the venue has confirmed every channel; on failure none of them stays subscribed by this call.

        Raises RequestTimeout, VenueError, StateError after `close`.
        """
        if self._closed:
            raise self._closed_error()
        wanted = self._carried(channels)
        self._users.update(wanted)
        try:
            await self._confirmed(wanted)
        except BaseException:
            self._release(wanted)
            raise

    async def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """Give channels up; the venue is told when nobody else here wants them."""
        self._release(self._carried(channels))

    def book(self, symbol: str) -> BookBuilder | None:
        """Return the kept book of a subscribed symbol."""
        return next((d.session.books[symbol] for d in self._drivers if symbol in d.session.books), None)

    def _carried(self, channels: Iterable[Channel]) -> list[Channel]:
        """Return the channels that bring what is wanted, each once for each wish."""
        carriers = self._codec.limits.carriers
        return [
            msgspec.structs.replace(channel, kind=carriers.get(channel.kind, channel.kind))
            for channel in dict.fromkeys(channels)
        ]

    @property
    def book_depths(self) -> tuple[int, ...]:
        """Return the depths in which partial books can be had."""
        return self._codec.limits.book_depths

    @property
    def carriers(self) -> Mapping[ChannelKind, ChannelKind]:
        """Return the kinds of channels whose events come with another kind's."""
        return self._codec.limits.carriers

    @property
    def intervals(self) -> tuple[str, ...]:
        """Return the intervals of which candles can be had; empty where the adapter does not say."""
        return self._codec.limits.intervals

    @property
    def announces_listing(self) -> bool:
        """Tell whether the venue says when contracts change."""
        return self._codec.limits.announces_listing

    def channels(self) -> list[Channel]:
        """Return all channels of markets that somebody wants."""
        return [channel for channel in self._homes if channel.kind is not ChannelKind.LISTING]

    def confirmed(self, channel: Channel) -> bool:
        """Tell whether the venue has confirmed a channel on the connection of now."""
        home = self._homes.get(channel)
        return home is not None and home.session.state(channel) is SubscriptionState.CONFIRMED

    def last_seen(self, channel: Channel) -> int:
        """Return when a channel brought anything (ns UTC) on the connection that carries it, 0 for never."""
        home = self._homes.get(channel)
        return 0 if home is None else home.session.last_seen(channel)

    def renew(self, channel: Channel) -> None:
        """Replace the connection that carries a channel, unless that is under way or it is down anyway."""
        home = self._homes.get(channel)
        if home is not None and home.up:
            self.on_aged(home)

    def session(self, channel: Channel) -> Session | None:
        """Return the session that carries a subscribed channel."""
        home = self._homes.get(channel)
        return None if home is None else home.session

    async def close(self) -> None:
        """End all connections and tasks; who still waits for a confirmation gets StateError."""
        self._closed = True
        for channel in list(self._waiting):
            self._on_settled(channel, self._closed_error())
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(driver.close() for driver in self._drivers))
        self._drivers.clear()
        self._homes.clear()
        self._users.clear()

    async def _confirmed(self, channels: list[Channel]) -> None:
        """Wait until the venue has confirmed the channels on the connections of now."""
        waits = [self._future(channel) for channel in channels if not self.confirmed(channel)]
        if not waits:
            return
        for driver in {self._homes[channel] for channel in channels}:
            driver.poke()
        try:
            done, _ = await at_most(
                asyncio.wait(waits, return_when=asyncio.FIRST_EXCEPTION), self._timeout_s, self._clock
            )
        except TimeoutError as late:
            causes = [self._homes[channel].last_error for channel in channels if channel in self._homes]
            cause = next((error for error in causes if error is not None), None)
            raise RequestTimeout(
                f"{self._exchange} did not confirm the subscription within {self._timeout_s:g} s"
                f"{f': {cause.message}' if cause else '.'}",
                exchange=self._exchange,
            ) from (cause or late)
        for future in done:
            future.result()

    def _future(self, channel: Channel) -> asyncio.Future[None]:
        """Return what tells of a channel's confirmation; ask for the channel where nobody did."""
        if channel not in self._homes:
            self._homes[channel] = driver = self._driver_with_room()
            driver.session.subscribe([channel])
        if channel not in self._waiting:
            self._waiting[channel] = asyncio.get_running_loop().create_future()
        return self._waiting[channel]

    def _release(self, channels: list[Channel]) -> None:
        for channel in channels:
            self._users[channel] -= 1
            if self._users[channel] > 0:
                continue
            del self._users[channel]
            self._waiting.pop(channel, None)
            driver = self._homes.pop(channel, None)
            if driver is not None:
                for carrier in self._carriers(driver):
                    carrier.session.unsubscribe([channel])
                    carrier.poke()

    def _carriers(self, driver: StreamDriver) -> list[StreamDriver]:
        """Return a driver and the one that is about to replace it."""
        rotation = self._rotations.get(driver)
        return [driver] if rotation is None else [driver, rotation.new]

    def _driver_with_room(self) -> StreamDriver:
        limits = self._codec.limits
        for driver in self._drivers:
            if len(driver.session.channels) < limits.streams_per_connection and driver not in self._rotations:
                return driver
        driver = self._make_driver()
        self._drivers.append(driver)
        driver.start()
        return driver

    def _make_driver(self) -> StreamDriver:
        limits = self._codec.limits
        return StreamDriver(
            self._exchange,
            self._url,
            Session(
                self._exchange,
                self._codec,
                self._publish,
                self._next_seq,
                self._on_settled,
                self._publisher,
                self._on_listing,
            ),
            self._connector,
            self._clock,
            self,
            self._fetch_snapshot,
            self._retry,
            self._budget,
            silence_s=limits.silence_s,
            max_life_s=limits.max_life_s,
        )

    async def _rotate(self, rotation: Rotation) -> None:
        """Replace a connection; when that does not succeed the old one serves until it is cut, and then reconnects."""
        old, new, done = rotation.old, rotation.new, False
        try:
            done = await rotation.run()
            if done:
                self._drivers[self._drivers.index(old)] = new
                self._homes.update(dict.fromkeys(new.session.channels, new))
                new.session.follow(old.session)
        finally:
            del self._rotations[old]
            await (old if done else new).close()
        if done:
            await rotation.settle()

    def _on_settled(self, channel: Channel, error: FoxtrotError | None) -> None:
        future = self._waiting.pop(channel, None)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
            future.exception()  # seen: its subscribers may be gone by now

    def on_aged(self, driver: StreamDriver) -> None:
        """Begin to replace a connection, unless that is under way: two of its streams may be stale at once."""
        if driver in self._rotations:
            return
        rotation = Rotation(driver, self._make_driver(), self._clock, self._publish, self._next_seq)
        self._rotations[driver] = rotation
        task = asyncio.create_task(self._rotate(rotation), name=f"foxtrot {self._exchange} rotation")
        self._tasks.add(task)
        task.add_done_callback(self._rotated)

    def _rotated(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("%s: a connection could not be replaced", self._exchange, exc_info=error)

    def on_state(self, driver: StreamDriver, up: bool, reason: str) -> None:
        """Tell when all are connected, and of everything that goes wrong; a replacement counts once it took over."""
        if driver not in self._drivers or (driver in self._rotations and self._rotations[driver].new.up):
            return
        all_up = up and all(driver.up for driver in self._drivers)
        if up and (self._up or not all_up):
            return
        self._up = all_up
        now = self._clock.time_ns()
        self._publish(
            ChannelStateChanged(self._exchange, "", 0, now, self._next_seq(), ChannelName.MARKET, all_up, reason)
        )

    def _closed_error(self) -> StateError:
        return StateError(f"The streams of {self._exchange} are closed.", exchange=self._exchange)
