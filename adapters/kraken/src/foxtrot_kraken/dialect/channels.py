"""The public channels but the book: what a subscription is answered, its snapshot, its updates.

Source: https://docs.kraken.com/api/docs/websocket-v2/ticker and the pages beside it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO
from foxtrot.model.intervals import floor_open, next_open
from foxtrot.model.order import Side
from foxtrot.sandbox.candles import resample
from foxtrot.sandbox.types import Candle, PublicTrade, VenueEvent
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.listing import instrument_asset, instrument_pair, status
from foxtrot_kraken.dialect.market_data import candles, vwap
from foxtrot_kraken.dialect.names import LOT_DECIMALS, Pair
from foxtrot_kraken.dialect.numbers import number, rounded, stamp

Say = Callable[[dict[str, Any]], None]
Json = dict[str, Any]
_SNAPSHOT_TRADES, _SNAPSHOT_CANDLES = 50, 50


class Channel(Protocol):
    """One subscription of one client. `result` is what its acknowledgement says."""

    result: Json

    def begin(self) -> None:
        """Send the snapshot."""
        ...

    def on_event(self, event: VenueEvent) -> None:
        """Take one event of the venue."""
        ...

    def tick(self) -> None:
        """Send what has gathered."""
        ...

    def close(self) -> None:
        """End."""
        ...


class PublicChannel:
    """Share what the channels of one pair have in common."""

    def __init__(self, desk: Desk, pair: Pair, say: Say, name: str, options: Json, *, snapshot: bool) -> None:
        self._desk = desk
        self._pair = pair
        self._say = say
        self._name = name
        self._snapshot = snapshot
        self.result: Json = {"channel": name, **options, "snapshot": snapshot, "symbol": pair.symbol}

    def begin(self) -> None:
        """Send the snapshot, where one was asked for."""

    def on_event(self, event: VenueEvent) -> None:
        """Take one event of the venue."""

    def tick(self) -> None:
        """Send what has gathered."""

    def close(self) -> None:
        """End; a public channel leaves nothing behind."""

    def _send(self, kind: str, data: Any, **more: Any) -> None:
        self._say({"channel": self._name, "type": kind, **more, "data": data})


class TickerChannel(PublicChannel):
    """Send the ticker at each trade, or at each change of the best prices ("bbo")."""

    def __init__(self, desk: Desk, pair: Pair, say: Say, trigger: str, *, snapshot: bool) -> None:
        super().__init__(desk, pair, say, "ticker", {"event_trigger": trigger}, snapshot=snapshot)
        self._by_best = trigger == "bbo"
        self._due = False
        self._best = self._best_now()

    def begin(self) -> None:
        """Send the ticker as it is."""
        if self._snapshot:
            self._send("snapshot", [self._ticker()])

    def on_event(self, event: VenueEvent) -> None:
        """Note a trade."""
        if isinstance(event, PublicTrade) and event.symbol == self._pair.symbol and not self._by_best:
            self._due = True

    def tick(self) -> None:
        """Send the ticker when something happened that it is sent for."""
        if self._by_best and self._best != (best := self._best_now()):
            self._best, self._due = best, True
        if self._due:
            self._due = False
            self._send("update", [self._ticker()])

    def _best_now(self) -> tuple[Any, Any]:
        venue, symbol = self._desk.venue, self._pair.symbol
        return venue.best(symbol, Side.BUY), venue.best(symbol, Side.SELL)

    def _ticker(self) -> Json:
        day, decimals = self._desk.venue.day_statistics(self._pair.symbol), self._pair.decimals
        bid, ask = (level or (ZERO, ZERO) for level in self._best_now())
        change = day.last - day.open
        return {
            "symbol": self._pair.symbol,
            "bid": number(bid[0], decimals),
            "bid_qty": number(bid[1], LOT_DECIMALS),
            "ask": number(ask[0], decimals),
            "ask_qty": number(ask[1], LOT_DECIMALS),
            "last": number(day.last, decimals),
            "volume": number(day.volume, LOT_DECIMALS),
            "vwap": rounded(day.weighted_average, decimals),
            "low": number(day.low, decimals),
            "high": number(day.high, decimals),
            "change": number(change, decimals),
            "change_pct": rounded(change / day.open * 100, 2),
            "timestamp": stamp(self._desk.now_ns()),
        }


class TradeChannel(PublicChannel):
    """Send each trade as it happens."""

    def __init__(self, desk: Desk, pair: Pair, say: Say, *, snapshot: bool) -> None:
        super().__init__(desk, pair, say, "trade", {}, snapshot=snapshot)

    def begin(self) -> None:
        """Send the last trades."""
        if self._snapshot:
            last = list(self._desk.venue.trades(self._pair.symbol))[-_SNAPSHOT_TRADES:]
            self._send("snapshot", [self._trade(trade) for trade in last])

    def on_event(self, event: VenueEvent) -> None:
        """Send a trade."""
        if isinstance(event, PublicTrade) and event.symbol == self._pair.symbol:
            self._send("update", [self._trade(event)])

    def _trade(self, trade: PublicTrade) -> Json:
        return {
            "symbol": self._pair.symbol,
            "side": trade.taker_side.value,
            "price": number(trade.price, self._pair.decimals),
            "qty": number(trade.quantity, LOT_DECIMALS),
            "ord_type": self._desk.taker_kind(trade),
            "trade_id": trade.trade_id,
            "timestamp": stamp(trade.time_ns),
        }


class CandleChannel(PublicChannel):
    """Send the running candle when something traded; nothing says that a candle is closed but the next one."""

    def __init__(self, desk: Desk, pair: Pair, say: Say, minutes: int, *, snapshot: bool) -> None:
        super().__init__(desk, pair, say, "ohlc", {"interval": minutes}, snapshot=snapshot)
        self.result["warnings"] = ["timestamp is deprecated, use interval_begin"]
        self._minutes = minutes
        self._interval = desk.interval(minutes)
        self._touched: dict[int, None] = {}

    def begin(self) -> None:
        """Send the last candles in which something traded."""
        if self._snapshot:
            made = candles(self._desk, self._pair.symbol, self._minutes, _SNAPSHOT_CANDLES)
            self._tell("snapshot", [c for c in made if c.trades])

    def on_event(self, event: VenueEvent) -> None:
        """Note in which candle a trade was."""
        if isinstance(event, PublicTrade) and event.symbol == self._pair.symbol:
            self._touched[floor_open(event.time_ns, self._interval)] = None

    def tick(self) -> None:
        """Send the candles in which something traded, each as it is now."""
        touched, self._touched = self._touched, {}
        for opened in touched:
            minutes = self._desk.venue.minutes(self._pair.symbol, opened, next_open(opened, self._interval) - 1)
            self._tell("update", resample(minutes, self._interval))

    def _tell(self, kind: str, shown: list[Candle]) -> None:
        self._send(kind, [self._candle(c) for c in shown], timestamp=stamp(self._desk.now_ns(), 9))

    def _candle(self, candle: Candle) -> Json:
        decimals = self._pair.decimals
        prices = {"open": candle.open, "high": candle.high, "low": candle.low, "close": candle.close}
        return {
            "symbol": self._pair.symbol,
            **{name: number(price, decimals) for name, price in prices.items()},
            "trades": candle.trades,
            "volume": number(candle.volume, LOT_DECIMALS),
            "vwap": rounded(vwap(candle), decimals),
            "interval_begin": stamp(candle.open_ns, 9),
            "interval": self._minutes,
            "timestamp": stamp(next_open(candle.open_ns, self._interval)),
        }


class InstrumentChannel:
    """Send what is listed, and each pair that changes."""

    def __init__(self, desk: Desk, say: Say, *, snapshot: bool) -> None:
        self._desk = desk
        self._say = say
        self._snapshot = snapshot
        self._shown = self._states()
        warnings = ["tick_size is deprecated, use price_increment"]
        self.result: Json = {"channel": "instrument", "snapshot": snapshot, "warnings": warnings}

    def begin(self) -> None:
        """Send everything that is listed."""
        if self._snapshot:
            self._send("snapshot", self._desk.pairs.assets, list(self._desk.pairs))

    def on_event(self, event: VenueEvent) -> None:
        """Take no notice: pairs change without an event."""

    def tick(self) -> None:
        """Send the pairs that have changed."""
        before, self._shown = self._shown, self._states()
        changed = [pair for pair in self._desk.pairs if self._shown[pair.symbol] != before[pair.symbol]]
        if changed:
            self._send("update", [], changed)

    def close(self) -> None:
        """End."""

    def _states(self) -> dict[str, tuple[Contract, str]]:
        contracts = self._desk.venue.contracts
        return {pair.symbol: (contracts[pair.symbol], status(self._desk, pair)) for pair in self._desk.pairs}

    def _send(self, kind: str, assets: list[str], pairs: list[Pair]) -> None:
        data = {
            "assets": [instrument_asset(asset) for asset in assets],
            "pairs": [instrument_pair(self._desk, pair) for pair in pairs],
        }
        self._say({"channel": "instrument", "type": kind, "data": data})
