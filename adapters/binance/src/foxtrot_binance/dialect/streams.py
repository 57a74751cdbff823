"""The public streams: what each stream name sends, and when.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/web-socket-streams.md
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from foxtrot.model.intervals import floor_open, next_open
from foxtrot.model.order import Side
from foxtrot.model.times import NS_PER_MS
from foxtrot.sandbox.types import BookChange, Candle, PublicTrade, VenueEvent
from foxtrot_binance.dialect import render
from foxtrot_binance.dialect.desk import Desk
from foxtrot_binance.dialect.market_data import candles
from foxtrot_binance.dialect.render import Json

Deliver = Callable[[str, str], None]  # stream name, payload text
_PARTIAL = ("5", "10", "20")
_WINDOWS = {"1h": 60, "4h": 240, "1d": 1_440}


class _Window:
    """Collect a symbol's book changes between two depth events."""

    def __init__(self) -> None:
        self.first = 0
        self.last = 0
        self.sides: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}

    def add(self, change: BookChange) -> None:
        self.first = self.first or change.update_id
        self.last = change.update_id
        self.sides[change.side][change.price] = change.quantity


class MarketStreams:
    """Turn venue events into stream payloads; only streams that somebody listens to are made.

    `u` of bookTicker and depth is the venue's one update counter per symbol: where two are equal, the book's top equals
    the ticker.
    """

    def __init__(self, desk: Desk, deliver: Deliver, wanted: Callable[[str], bool]) -> None:
        self._desk = desk
        self._deliver = deliver
        self._wanted = wanted
        self._tops: dict[str, tuple[object, object]] = {}
        self._windows: dict[tuple[str, int], _Window] = {}
        self._due: dict[int, int] = {}
        self._klines: dict[tuple[str, str], int] = {}
        self._touched: dict[int, set[str]] = {100: set(), 1_000: set()}
        self._tickers = self._ticker_kinds()
        self._traded: set[str] = set()
        self._intervals = desk.profile.server.intervals

    def on_event(self, event: VenueEvent) -> None:
        """Take one event of the venue."""
        if isinstance(event, BookChange):
            self._on_book(event)
        elif isinstance(event, PublicTrade):
            self._on_trade(event)

    def tick(self) -> None:
        """Send what is due by the venue's clock: books, partial books, candles, tickers."""
        now = self._desk.now_ms()
        for speed in (100, 1_000):
            if self._is_due(speed, now):
                self._flush_books(speed, now)
                if speed == 1_000:
                    self._flush_tickers(now)
                    self._flush_klines([i for i in self._intervals if i.endswith("s")], now)
        if self._is_due(2_000, now):
            self._flush_klines([i for i in self._intervals if not i.endswith("s")], now)

    def _on_book(self, change: BookChange) -> None:
        symbol = change.symbol
        for speed in (100, 1_000):
            self._windows.setdefault((symbol, speed), _Window()).add(change)
            self._touched[speed].add(symbol)
        venue, name = self._desk.venue, self._name(symbol)
        top = (venue.best(symbol, Side.BUY), venue.best(symbol, Side.SELL))
        if self._tops.get(symbol) == top:
            return
        self._tops[symbol] = top
        bid, ask = top
        if bid is not None and ask is not None:
            self._send(
                f"{name}@bookTicker",
                lambda: {
                    "u": change.update_id,
                    "s": self._desk.wire(symbol),
                    "b": render.number(bid[0]),
                    "B": render.number(bid[1]),
                    "a": render.number(ask[0]),
                    "A": render.number(ask[1]),
                },
            )

    def _on_trade(self, trade: PublicTrade) -> None:
        name, wire = self._name(trade.symbol), self._desk.wire(trade.symbol)
        self._traded.add(trade.symbol)
        head = {"E": render.ms(trade.time_ns), "s": wire}
        self._send(f"{name}@aggTrade", lambda: {"e": "aggTrade"} | head | render.aggregate_trade(trade))
        self._send(
            f"{name}@trade",
            lambda: (
                {"e": "trade"}
                | head
                | {
                    "t": trade.trade_id,
                    "p": render.number(trade.price),
                    "q": render.number(trade.quantity),
                    "b": trade.buyer_order_id,
                    "a": trade.seller_order_id,
                    "T": render.ms(trade.time_ns),
                    "m": trade.taker_side is Side.SELL,
                    "M": True,
                }
            ),
        )

    def _flush_books(self, speed: int, now: int) -> None:
        suffixes = ("@100ms",) if speed == 100 else ("", "@1000ms")
        for symbol in sorted(self._touched[speed]):
            window = self._windows.pop((symbol, speed))
            for suffix in suffixes:
                self._flush_book(symbol, window, suffix, now)
        self._touched[speed].clear()

    def _flush_book(self, symbol: str, window: _Window, suffix: str, now: int) -> None:
        name = self._name(symbol)
        self._send(f"{name}@depth{suffix}", lambda: self._depth_event(symbol, window, now))
        for size in _PARTIAL:
            partial = functools.partial(self._partial_book, symbol, int(size))
            self._send(f"{name}@depth{size}{suffix}", partial)

    def _partial_book(self, symbol: str, size: int) -> dict[str, Any]:
        return render.depth(*self._desk.venue.depth(symbol, size))

    def _depth_event(self, symbol: str, window: _Window, now: int) -> dict[str, Any]:
        bids = sorted(window.sides[Side.BUY].items(), reverse=True)
        asks = sorted(window.sides[Side.SELL].items())
        return {
            "e": "depthUpdate",
            "E": now,
            "s": self._desk.wire(symbol),
            "U": window.first,
            "u": window.last,
            "b": render.levels(bids),
            "a": render.levels(asks),
        }

    def _ticker_kinds(self) -> dict[str, Callable[[str, int], Json]]:
        kinds: dict[str, Callable[[str, int], Json]] = {"ticker": self._day_event, "miniTicker": self._mini_event}
        for size, minutes in _WINDOWS.items():
            kinds[f"ticker_{size}"] = functools.partial(self._window_event, size, minutes)
        if self._desk.profile.server.average_price_stream:
            kinds["avgPrice"] = self._average_event
        return kinds

    def _day_event(self, symbol: str, now: int) -> Json:
        venue = self._desk.venue
        bid, ask = venue.best(symbol, Side.BUY), venue.best(symbol, Side.SELL)
        return render.ticker_event(self._desk.wire(symbol), venue.day_statistics(symbol), bid, ask, now)

    def _mini_event(self, symbol: str, now: int) -> Json:
        return render.mini_ticker_event(self._desk.wire(symbol), self._desk.venue.day_statistics(symbol), now)

    def _window_event(self, size: str, minutes: int, symbol: str, now: int) -> Json:
        window = self._desk.venue.statistics(symbol, minutes)
        return render.window_event(self._desk.wire(symbol), window, size, now)

    def _average_event(self, symbol: str, now: int) -> Json:
        price, last = self._desk.venue.average_price(symbol, 5), self._desk.venue.trades(symbol)[-1]
        return render.average_event(self._desk.wire(symbol), price, render.ms(last.time_ns), now)

    def _flush_tickers(self, now: int) -> None:
        changed = sorted(self._traded)
        self._traded.clear()
        for kind, make in self._tickers.items():
            everybody = f"!{kind}@arr"
            all_wanted = self._wanted(everybody)
            names = {symbol: f"{self._name(symbol)}@{kind}" for symbol in changed}
            events = {s: make(s, now) for s, name in names.items() if all_wanted or self._wanted(name)}
            for symbol, event in events.items():
                self._emit(names[symbol], event)
            if events:
                self._emit(everybody, list(events.values()))

    def _flush_klines(self, intervals: Sequence[str], now: int) -> None:
        for symbol in self._desk.venue.contracts:
            for interval in intervals:
                name = f"{self._name(symbol)}@kline_{interval}"
                if self._wanted(name):
                    self._send_kline(symbol, interval, name, now)
                else:  # who comes later is not told how a candle ended that nobody listened to
                    self._klines.pop((symbol, interval), None)

    def _send_kline(self, symbol: str, interval: str, name: str, now: int) -> None:
        """Send the running candle, and before it the final form of those that ended since the last time."""
        wire = self._desk.wire(symbol)
        last_sent = self._klines.get((symbol, interval))
        newest = render.ms(self._candles(symbol, interval, now * NS_PER_MS)[-1].open_ns)
        while last_sent is not None and last_sent < newest:
            ended = self._candles(symbol, interval, last_sent * NS_PER_MS)[0]
            self._send(name, functools.partial(render.kline_event, wire, ended, interval, now))
            last_sent = render.ms(next_open(ended.open_ns, interval))
        self._klines[symbol, interval] = newest
        running = self._candles(symbol, interval, newest * NS_PER_MS)[0]
        self._send(name, lambda: render.kline_event(wire, running, interval, now))

    def _candles(self, symbol: str, interval: str, at_ns: int) -> list[Candle]:
        opened = floor_open(at_ns, interval)
        after = next_open(opened, interval)
        made = candles(self._desk, symbol, interval, opened, after - 1)
        return [candle for candle in made if opened <= candle.open_ns < after]

    def _is_due(self, speed: int, now: int) -> bool:
        slot = now // speed
        if self._due.get(speed) == slot:
            return False
        self._due[speed] = slot
        return True

    def _send(self, name: str, make: Callable[[], Any]) -> None:
        if self._wanted(name):
            self._emit(name, make())

    def _emit(self, name: str, payload: Any) -> None:
        if self._wanted(name):
            self._deliver(name, msgspec.json.encode(payload).decode())

    def _name(self, symbol: str) -> str:
        return self._desk.wire(symbol).lower()
