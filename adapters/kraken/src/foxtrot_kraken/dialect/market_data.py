"""The public requests.

Source: https://docs.kraken.com/api/docs/rest-api/get-server-time and the pages beside it
"""

from __future__ import annotations

import bisect
import itertools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from foxtrot.model.decimals import ZERO
from foxtrot.model.intervals import floor_open, interval_ns, next_open
from foxtrot.model.order import Side
from foxtrot.model.times import NS_PER_S
from foxtrot.sandbox.candles import MINUTE_NS, resample
from foxtrot.sandbox.types import Candle, PublicTrade
from foxtrot_kraken.dialect.desk import INTERVALS, Desk
from foxtrot_kraken.dialect.errors import WireError, invalid
from foxtrot_kraken.dialect.listing import ASSET_DECIMALS, pair_entry
from foxtrot_kraken.dialect.names import Pair, alternative, asset_code
from foxtrot_kraken.dialect.request import Request, public
from foxtrot_kraken.dialect.words import fixed

_ROWS, _MOST_LEVELS, _MOST_TRADES = 720, 500, 1_000
_SHOWN_DECIMALS = 5  # of prices in tickers, books and trades


def server_time(desk: Desk, request: Request) -> Any:
    now = desk.now_ns() // NS_PER_S
    return {"unixtime": now, "rfc1123": f"{datetime.fromtimestamp(now, UTC):%a, %d %b %y %H:%M:%S +0000}"}


def system_status(desk: Desk, request: Request) -> Any:
    return {
        "status": desk.system.state,
        "timestamp": f"{datetime.fromtimestamp(desk.now_ns() // NS_PER_S, UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def assets(desk: Desk, request: Request) -> Any:
    asked = request.params.text("asset")
    names = desk.pairs.assets if asked is None else [_asset(desk, name) for name in asked.split(",")]
    return {
        asset_code(asset): {
            "aclass": "currency",
            "altname": alternative(asset),
            "decimals": ASSET_DECIMALS,
            "display_decimals": 5,
            "status": "enabled",
        }
        for asset in names
    }


def asset_pairs(desk: Desk, request: Request) -> Any:
    return {pair.key: pair_entry(desk, pair) for pair in _pairs(desk, request)}


def ticker(desk: Desk, request: Request) -> Any:
    return {pair.key: _ticker(desk, pair) for pair in _pairs(desk, request)}


def ohlc(desk: Desk, request: Request) -> Any:
    pair, params = desk.pair(request.params), request.params
    minutes = params.integer("interval", 1)
    if minutes not in INTERVALS:
        raise invalid("interval")
    since = params.integer("since", 0)
    rows = [c for c in candles(desk, pair.symbol, minutes, _ROWS) if c.open_ns > since * NS_PER_S]
    closed = rows[-2].open_ns if len(rows) > 1 else rows[-1].open_ns if rows else since * NS_PER_S
    return {pair.key: [_row(c, pair) for c in rows], "last": closed // NS_PER_S}


def depth(desk: Desk, request: Request) -> Any:
    pair = desk.pair(request.params)
    count = request.params.integer("count", 100, 1, _MOST_LEVELS)
    _, bids, asks = desk.venue.depth(pair.symbol, count)
    now = desk.now_ns() // NS_PER_S
    shown = {"asks": asks, "bids": bids}
    return {pair.key: {name: [[_price(p), _volume(q), now] for p, q in side] for name, side in shown.items()}}


def trades(desk: Desk, request: Request) -> Any:
    pair, params = desk.pair(request.params), request.params
    since, count = params.text("since"), params.integer("count", _MOST_TRADES, 1, _MOST_TRADES)
    kept = list(desk.venue.trades(pair.symbol))
    # No two trades have the same: who asks for what came after one misses none of the same moment.
    marks = list(itertools.accumulate((t.time_ns for t in kept), lambda before, time_ns: max(before + 1, time_ns)))
    first = max(0, len(kept) - count) if since is None else bisect.bisect_right(marks, params.integer("since", 0))
    chosen = kept[first : first + count]
    last = marks[first + len(chosen) - 1] if chosen else params.integer("since", 0)
    return {pair.key: [_trade(desk, trade) for trade in chosen], "last": str(last)}


def spread(desk: Desk, request: Request) -> Any:
    pair = desk.pair(request.params)
    since = request.params.integer("since", 0)
    seen = [row for row in desk.spreads.rows(pair.symbol) if row.time_ns // NS_PER_S > since]
    rows = [[row.time_ns // NS_PER_S, _price(row.bid), _price(row.ask)] for row in seen]
    return {pair.key: rows, "last": rows[-1][0] if rows else since}


def candles(desk: Desk, symbol: str, minutes: int, count: int) -> list[Candle]:
    """Return the newest candles of an interval, the running one last."""
    interval = desk.interval(minutes)
    now = desk.now_ns()
    oldest = floor_open(desk.venue.first_minute_ns(symbol), interval)
    first = max(oldest, floor_open(now, interval) - (count - 1) * interval_ns(interval))
    return resample(desk.venue.minutes(symbol, first, next_open(floor_open(now, interval), interval) - 1), interval)[
        -count:
    ]


def vwap(candle: Candle) -> Decimal:
    """Return the volume-weighted price of a candle, 0 when nothing traded."""
    return candle.quote_volume / candle.volume if candle.volume else ZERO


def _asset(desk: Desk, name: str) -> str:
    found = desk.pairs.asset(name)
    if found is None:
        raise WireError("EQuery:Unknown asset")
    return found


def _pairs(desk: Desk, request: Request) -> list[Pair]:
    asked = request.params.text("pair")
    if asked is None:
        return list(desk.pairs)
    found = [desk.pairs.by_name(name) for name in asked.split(",")]
    known = [pair for pair in found if pair is not None]
    if len(known) < len(found):
        raise WireError("EQuery:Unknown asset pair")
    return known


def _ticker(desk: Desk, pair: Pair) -> Any:
    venue, symbol, now = desk.venue, pair.symbol, desk.now_ns()
    day = venue.day_statistics(symbol)
    # Rounded up: the day's first minute belongs to it, however little of the running one is over.
    today = venue.statistics(symbol, -((floor_open(now, "1d") - now) // MINUTE_NS))
    bid, ask = venue.best(symbol, Side.BUY), venue.best(symbol, Side.SELL)
    both = (today, day)
    last: PublicTrade | None = venue.trades(symbol)[-1] if venue.trades(symbol) else None
    return {
        "a": _level(ask),
        "b": _level(bid),
        "c": [_price(venue.last_price(symbol)), _volume(last.quantity if last else ZERO)],
        "v": [_volume(s.volume) for s in both],
        "p": [f"{s.weighted_average:.5f}" for s in both],
        "t": [s.count for s in both],
        "l": [_price(s.low) for s in both],
        "h": [_price(s.high) for s in both],
        "o": _price(today.open),
    }


def _level(level: tuple[Decimal, Decimal] | None) -> list[str]:
    price, quantity = level or (ZERO, ZERO)
    return [_price(price), str(int(quantity)), fixed(quantity, 3)]


def _row(candle: Candle, pair: Pair) -> list[Any]:
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [
        candle.open_ns // NS_PER_S,
        *(fixed(price, pair.decimals) for price in prices),
        f"{vwap(candle):.{pair.decimals}f}",
        _volume(candle.volume),
        candle.trades,
    ]


def _trade(desk: Desk, trade: PublicTrade) -> list[Any]:
    return [
        _price(trade.price),
        _volume(trade.quantity),
        trade.time_ns / NS_PER_S,
        "b" if trade.taker_side is Side.BUY else "s",
        "m" if desk.taker_kind(trade) == "market" else "l",
        "",
        trade.trade_id,
    ]


def _price(price: Decimal) -> str:
    return fixed(price, _SHOWN_DECIMALS)


def _volume(quantity: Decimal) -> str:
    return fixed(quantity, 8)


OPERATIONS = (
    public("Time", server_time),
    public("SystemStatus", system_status),
    public("Assets", assets),
    public("AssetPairs", asset_pairs),
    public("Ticker", ticker),
    public("OHLC", ohlc),
    public("Depth", depth),
    public("Trades", trades),
    public("Spread", spread),
)
