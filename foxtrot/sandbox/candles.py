"""Candles: running ones from trades, past ones from a seed, longer ones from shorter ones."""

from __future__ import annotations

import collections
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from foxtrot.model.decimals import ZERO, floor_to
from foxtrot.model.intervals import floor_open
from foxtrot.model.order import Side
from foxtrot.model.times import NS_PER_S
from foxtrot.sandbox.types import Candle, PublicTrade

_SECONDS = 60
MINUTE_NS = _SECONDS * NS_PER_S


class CandleBook:
    """Keep one symbol's 1-minute candles without a missing minute: a minute without trades repeats the last close."""

    def __init__(self, start_ns: int, price: Decimal) -> None:
        self._candles: list[Candle] = [_flat(start_ns // MINUTE_NS * MINUTE_NS, price)]

    @property
    def first_open_ns(self) -> int:
        """Return when the oldest candle opens."""
        return self._candles[0].open_ns

    def prepend(self, history: list[Candle]) -> None:
        """Put older candles in front; they must end right before the first one."""
        self._candles[:0] = history

    def add(self, trade: PublicTrade) -> None:
        """Take a trade into the candle of its minute."""
        self.roll(trade.time_ns)
        _add(self._candles[-1], trade)

    def roll(self, now_ns: int) -> None:
        """Open the candles up to the minute of `now_ns`."""
        while self._candles[-1].open_ns + MINUTE_NS <= now_ns:
            last = self._candles[-1]
            self._candles.append(_flat(last.open_ns + MINUTE_NS, last.close))

    def between(self, start_ns: int, end_ns: int) -> list[Candle]:
        """Return the candles with start_ns <= open_ns <= end_ns."""
        origin = self._candles[0].open_ns
        first = max(0, -((origin - start_ns) // MINUTE_NS))
        last = (end_ns - origin) // MINUTE_NS
        return self._candles[first : last + 1] if last >= 0 else []


def past_candles(
    symbol: str, seed: int, end_ns: int, minutes: int, price: Decimal, tick: Decimal, step: Decimal
) -> list[Candle]:
    """Make up the `minutes` candles before `end_ns`, ending at `price`; the same seed makes the same candles.

    The walk goes back in time from the price, so the history joins the live candles without a jump.
    """
    chance = random.Random(f"{seed}:{symbol}:history")
    tick, step = tick or Decimal("0.01"), step or Decimal("0.00001")
    newest = end_ns // MINUTE_NS * MINUTE_NS
    base = float(price)
    candles, close = [], price
    for back in range(1, minutes + 1):
        drift = chance.gauss(0, 0.0006) + (base - float(close)) / base * 0.002
        opened = max(floor_to(Decimal(repr(float(close) * (1 + drift))), tick), tick)
        wick = Decimal(repr(abs(chance.gauss(0, 0.0003)) * float(close)))
        high = max(opened, close) + floor_to(wick, tick)
        low = max(min(opened, close) - floor_to(wick, tick), tick)
        volume = max(floor_to(Decimal(repr(chance.expovariate(1) * 5_000 / base)), step), step)
        quote = volume * (opened + close) / 2
        share = Decimal(chance.randint(20, 80)) / 100
        candles.append(
            Candle(
                open_ns=newest - back * MINUTE_NS,
                open=opened,
                high=high,
                low=low,
                close=close,
                volume=volume,
                quote_volume=quote,
                trades=chance.randint(1, 60),
                taker_buy_base=floor_to(volume * share, step),
                taker_buy_quote=quote * share,
            )
        )
        close = opened
    candles.reverse()
    return candles


def resample(minutes: Iterable[Candle], interval: str) -> list[Candle]:
    """Join 1-minute candles to those of a longer interval ("5m", "1h", "1w", "1M"), aligned to UTC."""
    joined: list[Candle] = []
    for minute in minutes:
        opened = floor_open(minute.open_ns, interval)
        if not joined or joined[-1].open_ns != opened:
            joined.append(msgspec.structs.replace(minute, open_ns=opened))
        else:
            _extend(joined[-1], minute)
    return joined


def seconds(minutes: Iterable[Candle], trades: Sequence[PublicTrade]) -> list[Candle]:
    """Split ascending 1-minute candles into seconds by the trades kept; a second without repeats the last close.

    A minute whose trades are not all kept was traded in its first second.
    """
    kept: dict[int, list[PublicTrade]] = {}
    for trade in trades:
        kept.setdefault(trade.time_ns // MINUTE_NS * MINUTE_NS, []).append(trade)
    split: list[Candle] = []
    for minute in minutes:
        own = kept.get(minute.open_ns, [])
        close = split[-1].close if split else minute.open
        split += _by_trades(minute.open_ns, own, close) if len(own) == minute.trades else _in_one(minute)
    return split


def _by_trades(open_ns: int, trades: Iterable[PublicTrade], close: Decimal) -> list[Candle]:
    made: list[Candle] = []
    left = collections.deque(trades)
    for number in range(_SECONDS):
        candle = _flat(open_ns + number * NS_PER_S, made[-1].close if made else close)
        while left and left[0].time_ns < candle.open_ns + NS_PER_S:
            _add(candle, left.popleft())
        made.append(candle)
    return made


def _in_one(minute: Candle) -> list[Candle]:
    rest = (_flat(minute.open_ns + number * NS_PER_S, minute.close) for number in range(1, _SECONDS))
    return [msgspec.structs.replace(minute), *rest]


def _add(candle: Candle, trade: PublicTrade) -> None:
    if candle.trades == 0:
        candle.open = candle.high = candle.low = trade.price
        candle.first_trade_id = trade.trade_id
    candle.high, candle.low = max(candle.high, trade.price), min(candle.low, trade.price)
    candle.close = trade.price
    quote = trade.price * trade.quantity
    candle.volume += trade.quantity
    candle.quote_volume += quote
    candle.trades += 1
    candle.last_trade_id = trade.trade_id
    if trade.taker_side is Side.BUY:
        candle.taker_buy_base += trade.quantity
        candle.taker_buy_quote += quote


def _extend(candle: Candle, minute: Candle) -> None:
    if _is_quiet(minute):
        return
    if _is_quiet(candle):  # what was repeated so far is no price of this one
        candle.open, candle.high, candle.low = minute.open, minute.high, minute.low
    candle.high, candle.low, candle.close = max(candle.high, minute.high), min(candle.low, minute.low), minute.close
    candle.volume += minute.volume
    candle.quote_volume += minute.quote_volume
    candle.trades += minute.trades
    candle.taker_buy_base += minute.taker_buy_base
    candle.taker_buy_quote += minute.taker_buy_quote
    candle.last_trade_id = max(candle.last_trade_id, minute.last_trade_id)
    if candle.first_trade_id < 0:
        candle.first_trade_id = minute.first_trade_id


def _is_quiet(candle: Candle) -> bool:
    return candle.trades == 0 and not candle.volume


def _flat(open_ns: int, price: Decimal) -> Candle:
    return Candle(open_ns=open_ns, open=price, high=price, low=price, close=price, volume=ZERO)
