"""Rolling market data of any symbols and exchanges, as data frames."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from foxtrot.data.buffers import DEPTH, Buffer, BufferKind
from foxtrot.data.holes import HoleFiller
from foxtrot.data.limits import candle_count, row_limits
from foxtrot.data.persistence import BufferStore
from foxtrot.data.places import place_of
from foxtrot.errors import FoxtrotError, InvalidRequest, StateError
from foxtrot.exchange import BaseExchange
from foxtrot.managers.market_data import StreamSubscription
from foxtrot.model.events import AdapterState, Bar, BookInvalidated, BookUpdated, Ticker
from foxtrot.model.intervals import interval_ns
from foxtrot.model.orderbook import OrderBook

if TYPE_CHECKING:
    import pandas as pd

_LOG = logging.getLogger("foxtrot.data")
_MINUTE, _HOUR, _DAY = BufferKind.KLINES_1M, BufferKind.KLINES_1H, BufferKind.KLINES_1D
_SOON_S = 1.0


class DataManager:
    """Keep the newest candles, books and tickers of symbols, and give copies of them as pandas DataFrames.

    `exchanges` must be connected when they are used; where there is only one, the methods need not name it. `limits`
    are the greatest numbers of rows by kind, 60/72/60/1000/1000 where not given. With a `folder`, buffers are loaded
    from it when first used, and written by `save` and `close_websockets`: a preload then asks for what is missing only.
    Files of different environments, and of different sandboxes, are kept apart.
    """

    def __init__(
        self,
        exchanges: BaseExchange | Sequence[BaseExchange],
        *,
        limits: Mapping[BufferKind | str, int] | None = None,
        folder: Path | str | None = None,
    ) -> None:
        given = [exchanges] if isinstance(exchanges, BaseExchange) else list(exchanges)
        self._exchanges = {exchange.name: exchange for exchange in given}
        if not given or len(self._exchanges) < len(given):
            raise InvalidRequest("Give one exchange or several of different names.", field="exchanges")
        self._limits = row_limits(limits)
        if not isinstance(folder, Path | str | None):
            raise InvalidRequest(f"folder must be a path, not {folder!r}.", field="folder")
        self._store = None if folder is None else BufferStore(Path(folder))
        self._buffers: dict[tuple[str, str, BufferKind], Buffer] = {}
        self._places: dict[str, str] = {}
        self._fillers: dict[tuple[str, str, BufferKind], HoleFiller] = {}
        self._subscriptions: list[tuple[BaseExchange, StreamSubscription]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._era = object()  # until the next close

    # candles

    async def preload_1m_klines(
        self, symbol: str, exchange: BaseExchange | str | None = None, minutes: int | None = None
    ) -> None:
        """Fetch the last finished 1-minute candles, as many as `minutes`: 60, or what a smaller buffer holds.

        Raises InvalidRequest for more than the buffer holds, FoxtrotError.
        """
        await self._preload(_MINUTE, symbol, exchange, minutes)

    async def preload_1h_klines(
        self, symbol: str, exchange: BaseExchange | str | None = None, hours: int | None = None
    ) -> None:
        """Fetch the last finished 1-hour candles, as many as `hours`: 72, or what a smaller buffer holds.

        Raises InvalidRequest for more than the buffer holds, FoxtrotError.
        """
        await self._preload(_HOUR, symbol, exchange, hours)

    async def preload_1d_klines(
        self, symbol: str, exchange: BaseExchange | str | None = None, days: int | None = None
    ) -> None:
        """Fetch the last finished 1-day candles, as many as `days`: 60, or what a smaller buffer holds.

        Raises InvalidRequest for more than the buffer holds, FoxtrotError.
        """
        await self._preload(_DAY, symbol, exchange, days)

    async def check_new_1h_kline(self, interval: float = 60) -> None:
        """Look every `interval` seconds for finished 1-hour candles of what was preloaded, until closed.

        Run it as a task. What fails is logged and tried again.
        """
        await self._keep_checking(_HOUR, interval)

    async def check_new_1d_kline(self, interval: float = 3_600) -> None:
        """Look every `interval` seconds for finished 1-day candles of what was preloaded, until closed.

        Run it as a task. What fails is logged and tried again.
        """
        await self._keep_checking(_DAY, interval)

    async def subscribe_1m_klines(self, symbol: str, exchange: BaseExchange | str | None = None) -> None:
        """Receive 1-minute candles; only finished ones come into the buffer, and what was missed is fetched."""
        venue = self._venue(exchange)
        buffer = self._filled(_MINUTE, symbol, venue)
        filler = self._filler(_MINUTE, symbol, venue)

        def on_bar(bar: Bar) -> None:
            if bar.closed:
                buffer.add_bars([bar])
                if filler.due():
                    self._spawn(filler.try_again())

        await self._subscribed(venue, venue.subscribe_ohlcv(symbol, "1m", on_bar))

    # books and tickers

    async def subscribe_order_book(self, symbol: str, exchange: BaseExchange | str | None = None) -> None:
        """Receive books; each update adds a row per level, 20 a side, best first."""
        venue = self._venue(exchange)
        buffer = self._filled(BufferKind.ORDER_BOOK, symbol, venue)

        def on_book(event: BookUpdated | BookInvalidated) -> None:
            if isinstance(event, BookInvalidated):
                buffer.begin_anew()
            elif (book := _book(event, venue)) is not None:
                time_ns = event.ts_event or event.ts_recv or venue.clock.time_ns()
                buffer.add_book(book, time_ns, seq=event.seq, anew=event.snapshot)

        buffer.begin_anew()
        await self._subscribed(venue, venue.subscribe_order_book(symbol, on_book))

    async def subscribe_ticker(self, symbol: str, exchange: BaseExchange | str | None = None) -> None:
        """Receive 24-hour tickers; each adds a row."""
        venue = self._venue(exchange)
        buffer = self._filled(BufferKind.TICKER, symbol, venue)

        def on_ticker(ticker: Ticker) -> None:
            buffer.add_ticker(ticker, venue.clock.time_ns())

        await self._subscribed(venue, venue.subscribe_ticker(symbol, on_ticker))

    # reading and ending

    def get_buffer(
        self, kind: BufferKind | str, symbol: str, exchange: BaseExchange | str | None = None
    ) -> pd.DataFrame:
        """Return a copy of a buffer, oldest row first: "1m", "1h", "1d", "order_book" or "ticker".

        Empty, with its columns, when nothing came yet. Raises InvalidRequest, ConfigError where pandas is missing.
        """
        return self._buffer(BufferKind.of(kind), symbol, self._venue(exchange)).frame()

    def holes(
        self, kind: BufferKind | str, symbol: str, exchange: BaseExchange | str | None = None
    ) -> list[tuple[int, int]]:
        """Return the opening times (first, last; ns UTC) of the candles that are missing in a buffer.

        Raises InvalidRequest for a buffer of anything else.
        """
        chosen = BufferKind.of(kind)
        if chosen not in (_MINUTE, _HOUR, _DAY):
            raise InvalidRequest(f"{chosen.value} has no holes; they are of 1m, 1h, 1d.", field="kind")
        return self._buffer(chosen, symbol, self._venue(exchange)).holes(interval_ns(chosen.value))

    def save(self) -> None:
        """Write all buffers into the folder, if there is one. Raises ConfigError."""
        if self._store is not None:
            for (exchange, symbol, _), buffer in self._buffers.items():
                self._store.save(exchange, self._places[exchange], symbol, buffer)

    async def close_websockets(self) -> None:
        """End all subscriptions and checks of this manager, and save; the exchanges stay connected.

        Those of an exchange that has disconnected meanwhile have ended with it. An error at one of them is raised when
        all have ended.
        """
        self._era = object()
        for task in self._tasks:
            task.cancel()
        failure: FoxtrotError | None = None
        try:
            while self._subscriptions:
                venue, subscription = self._subscriptions.pop()
                try:
                    if subscription.active:
                        await venue.unsubscribe(subscription)
                except FoxtrotError as error:
                    if venue.state is not AdapterState.DISCONNECTED:
                        failure = failure or error
        finally:
            self.save()
        if failure is not None:
            raise failure

    # inside

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work, name="foxtrot data")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.warning("missing candles could not be fetched: %s", error)

    async def _subscribed(self, venue: BaseExchange, subscribing: Awaitable[StreamSubscription]) -> None:
        self._subscriptions.append((venue, await subscribing))

    async def _preload(
        self, kind: BufferKind, symbol: str, exchange: BaseExchange | str | None, wanted: int | None
    ) -> None:
        count = candle_count(kind, wanted, self._limits[kind])
        venue = self._venue(exchange)
        buffer, length = self._filled(kind, symbol, venue), interval_ns(kind.value)
        first = venue.clock.time_ns() - (count + 1) * length
        if buffer.newest is not None and buffer.rows()["timestamp"][0] <= first + 2 * length:
            first = max(first, buffer.newest)
        buffer.add_bars(await venue.fetch_ohlcv(symbol, kind.value, start=first))
        await self._filler(kind, symbol, venue).fill()

    async def _keep_checking(self, kind: BufferKind, interval: float) -> None:
        if not (isinstance(interval, int | float) and 0 < interval < math.inf):
            raise InvalidRequest(f"interval must be above 0 s, not {interval!r}.", field="interval")
        clock, era = next(iter(self._exchanges.values())).clock, self._era
        while era is self._era:
            await self._check(kind)
            waited = 0.0
            while waited < interval and era is self._era:
                await clock.sleep(min(_SOON_S, interval - waited))
                waited += _SOON_S

    async def _check(self, kind: BufferKind) -> None:
        for (exchange, symbol, of), buffer in list(self._buffers.items()):
            if of is kind and buffer.newest is not None:
                try:
                    start = buffer.newest + interval_ns(kind.value)
                    venue = self._exchanges[exchange]
                    if start <= venue.clock.time_ns():
                        buffer.add_bars(await venue.fetch_ohlcv(symbol, kind.value, start=start))
                except FoxtrotError as error:
                    _LOG.warning("%s %s: no new candles of %s: %s", exchange, symbol, kind.value, error)

    def _buffer(self, kind: BufferKind, symbol: str, venue: BaseExchange) -> Buffer:
        key = (venue.name, symbol, kind)
        if key not in self._buffers:
            venue.contracts.get(symbol)  # a symbol that does not exist is refused with close names
            buffer = Buffer(kind, self._limits[kind])
            place = self._places.setdefault(venue.name, place_of(venue))
            if self._store is not None:
                self._store.load(venue.name, place, symbol, buffer)
            # Only now: what could not be read is never written over.
            self._buffers[key] = buffer
        return self._buffers[key]

    def _filler(self, kind: BufferKind, symbol: str, venue: BaseExchange) -> HoleFiller:
        key = (venue.name, symbol, kind)
        if key not in self._fillers:
            self._fillers[key] = HoleFiller(venue, symbol, self._buffer(kind, symbol, venue))
        return self._fillers[key]

    def _filled(self, kind: BufferKind, symbol: str, venue: BaseExchange) -> Buffer:
        """Return a buffer that new rows may go into: those of one place only."""
        known, place = self._places.get(venue.name), place_of(venue)
        if known not in (None, place):
            raise StateError(
                f"{venue.name} is another venue since it was connected again ({place}, not {known}); make another "
                "DataManager for it.",
                exchange=venue.name,
            )
        return self._buffer(kind, symbol, venue)

    def _venue(self, exchange: BaseExchange | str | None) -> BaseExchange:
        if exchange is None and len(self._exchanges) == 1:
            return next(iter(self._exchanges.values()))
        name = exchange.name if isinstance(exchange, BaseExchange) else exchange
        if name is None or name not in self._exchanges:
            names = ", ".join(self._exchanges)
            raise InvalidRequest(f"Name one of this manager's exchanges ({names}), not {name!r}.", field="exchange")
        return self._exchanges[name]


def _book(event: BookUpdated, venue: BaseExchange) -> OrderBook | None:
    """Return the book as of an event: a snapshot holds it all, and may come from a connection not yet in use."""
    if event.snapshot:
        bids, asks = tuple(event.bids), tuple(event.asks)
        return OrderBook(event.exchange, event.symbol, event.ts_recv, event.update_id, bids, asks)
    return venue.market_data.order_book(event.symbol, DEPTH)
