"""The public requests."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from foxtrot.model.contract import Contract
from foxtrot.model.intervals import floor_open, interval_ns, next_open
from foxtrot.model.order import Side
from foxtrot.model.times import NS_PER_MS
from foxtrot.sandbox.candles import MINUTE_NS, resample, seconds
from foxtrot.sandbox.types import Candle, PublicTrade
from foxtrot_binance.dialect import listing, render
from foxtrot_binance.dialect.desk import Desk
from foxtrot_binance.dialect.errors import WireError, bad_combination, illegal, missing
from foxtrot_binance.dialect.params import Params
from foxtrot_binance.dialect.request import Operation, Request, Security

_MANY_SYMBOLS = 100


def ping(desk: Desk, request: Request) -> Any:
    return {}


def server_time(desk: Desk, request: Request) -> Any:
    return {"serverTime": request.now_ms}


def exchange_info(desk: Desk, request: Request) -> Any:
    contracts = _chosen(desk, request.params, all_when_none=True)
    if "SPOT" not in (request.params.text("permissions") or "SPOT"):
        contracts = []
    return {
        "timezone": "UTC",
        "serverTime": request.now_ms,
        "rateLimits": desk.limits.stated(),
        "exchangeFilters": [],
        "symbols": [
            listing.contract(c, "TRADING" if desk.venue.trading(c.symbol) else "BREAK", desk.profile) for c in contracts
        ],
    }


def depth(desk: Desk, request: Request) -> Any:
    limit = request.params.integer("limit", 100, most=5_000) or 100
    return render.depth(*desk.venue.depth(desk.contract(request.params).symbol, limit))


def trades(desk: Desk, request: Request) -> Any:
    kept = desk.venue.trades(desk.contract(request.params).symbol)
    return [render.public_trade(t) for t in list(kept)[-_limit(request.params) :]]


def historical_trades(desk: Desk, request: Request) -> Any:
    kept, limit = list(desk.venue.trades(desk.contract(request.params).symbol)), _limit(request.params)
    first = request.params.integer("fromId")
    chosen = kept[-limit:] if first is None else [t for t in kept if t.trade_id >= first][:limit]
    return [render.public_trade(t) for t in chosen]


def aggregate_trades(desk: Desk, request: Request) -> Any:
    params = request.params
    first, start, end = params.integer("fromId"), params.integer("startTime"), params.integer("endTime")
    limit = _limit(params)

    def wanted(trade: PublicTrade) -> bool:
        at = render.ms(trade.time_ns)
        return (
            (first is None or trade.trade_id >= first) and (start is None or at >= start) and (end is None or at <= end)
        )

    chosen = [t for t in desk.venue.trades(desk.contract(params).symbol) if wanted(t)]
    oldest_first = first is not None or start is not None
    return [render.aggregate_trade(t) for t in (chosen[:limit] if oldest_first else chosen[-limit:])]


def klines(desk: Desk, request: Request) -> Any:
    params = request.params
    symbol = desk.contract(params).symbol
    interval = params.need("interval")
    if interval not in desk.profile.server.intervals:
        raise WireError(-1120, "Invalid interval.")
    limit = _limit(params)
    now = request.now_ms * NS_PER_MS
    start, end = params.integer("startTime"), params.integer("endTime")
    last = min(now, end * NS_PER_MS) if end is not None else now
    oldest = floor_open(desk.venue.first_minute_ns(symbol), interval)
    if start is None:
        first = max(oldest, floor_open(last, interval) - (limit - 1) * interval_ns(interval))
    elif start > request.now_ms:
        return []
    else:
        # A range that begins before the venue's history begins with the history, not with nothing.
        first = max(oldest, next_open(floor_open(start * NS_PER_MS - 1, interval), interval))
        last = min(last, first + limit * interval_ns(interval))
    whole = next_open(floor_open(last, interval), interval) - NS_PER_MS
    chosen = [c for c in candles(desk, symbol, interval, first, whole) if first <= c.open_ns <= last]
    chosen = chosen[-limit:] if start is None else chosen[:limit]
    return [render.kline(c, interval) for c in chosen]


def candles(desk: Desk, symbol: str, interval: str, first_ns: int, last_ns: int) -> list[Candle]:
    """Return the candles of an interval that hold first..last, as far as minutes and seconds have begun.

    Those of seconds begin a minute or two before: with whose close a quiet second goes on.
    """
    if not interval.endswith("s"):
        return resample(desk.venue.minutes(symbol, floor_open(first_ns, interval), last_ns), interval)
    minutes = desk.venue.minutes(symbol, floor_open(first_ns, "1m") - MINUTE_NS, last_ns)
    begun = seconds(minutes, desk.venue.trades(symbol))
    return resample([c for c in begun if c.open_ns <= desk.now_ms() * NS_PER_MS], interval)


def average_price(desk: Desk, request: Request) -> Any:
    price = desk.venue.average_price(desk.contract(request.params).symbol, 5)
    return {"mins": 5, "price": f"{price:.8f}"} | ({"closeTime": request.now_ms} if desk.profile.current else {})


def day_tickers(desk: Desk, request: Request) -> Any:
    mini = _is_mini(request.params)

    def rendered(contract: Contract) -> Any:
        venue, symbol = desk.venue, contract.symbol
        bid, ask = venue.best(symbol, Side.BUY), venue.best(symbol, Side.SELL)
        return render.day_ticker(contract.venue_symbol, venue.day_statistics(symbol), bid, ask, mini=mini)

    return _one_or_all(desk, request.params, rendered)


def window_tickers(desk: Desk, request: Request) -> Any:
    if not _SYMBOLS & request.params.values.keys():
        raise WireError(-1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!")
    asked = request.params.text("windowSize") or "1d"
    size = re.fullmatch(r"([1-5]?\d)m|(1?\d|2[0-3])h|([1-7])d", asked)
    if size is None or asked[:-1] == "0":
        raise illegal("windowSize", "^([1-9]|[1-5][0-9])m$|^([1-9]|1[0-9]|2[0-3])h$|^[1-7]d$")
    minutes = int(asked[:-1]) * {"m": 1, "h": 60, "d": 1_440}[asked[-1]]
    mini = _is_mini(request.params)

    def rendered(contract: Contract) -> Any:
        return render.window_ticker(contract.venue_symbol, desk.venue.statistics(contract.symbol, minutes), mini=mini)

    return _one_or_all(desk, request.params, rendered)


def prices(desk: Desk, request: Request) -> Any:
    return _one_or_all(
        desk,
        request.params,
        lambda c: {"symbol": c.venue_symbol, "price": render.number(desk.venue.last_price(c.symbol))},
    )


def book_tickers(desk: Desk, request: Request) -> Any:
    def rendered(contract: Contract) -> Any:
        bid, ask = desk.venue.best(contract.symbol, Side.BUY), desk.venue.best(contract.symbol, Side.SELL)
        return render.book_ticker(contract.venue_symbol, bid, ask)

    return _one_or_all(desk, request.params, rendered)


def system_status(desk: Desk, request: Request) -> Any:
    return {"status": 0, "msg": "normal"}


def _limit(params: Params) -> int:
    return params.integer("limit", 500, most=1_000) or 500


def _is_mini(params: Params) -> bool:
    return params.choice("type", {"FULL": False, "MINI": True}, WireError(-1139, "Invalid ticker type.")) or False


def _one_or_all(desk: Desk, params: Params, rendered: Any) -> Any:
    if "symbol" in params and "symbols" not in params:
        return rendered(desk.contract(params))
    return [rendered(contract) for contract in _chosen(desk, params, all_when_none=True)]


def _chosen(desk: Desk, params: Params, *, all_when_none: bool) -> list[Contract]:
    if "symbol" in params:
        if "symbols" in params:
            raise bad_combination()
        return [desk.contract(params)]
    listed = params.text("symbols")
    if listed is None:
        if not all_when_none:
            raise missing("symbol")
        return list(desk.venue.contracts.values())
    try:
        names = msgspec.json.decode(listed, type=list[str])
    except msgspec.MsgspecError:
        raise illegal("symbols", '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$') from None
    if len(set(names)) != len(names):
        raise WireError(-1151, "Symbol is present multiple times in the list.")
    return [desk.named(name) for name in names]


def _by_limit(*steps: tuple[int, int]) -> Any:
    def weigh(params: Params) -> int:
        limit = params.integer("limit", 100, most=5_000) or 100
        return next((weight for most, weight in steps if limit <= most), steps[-1][1])

    return weigh


def _named(params: Params) -> int:
    """Count the symbols that a request names, without judging them: 0 for all."""
    return 1 if "symbol" in params else params.values["symbols"].count(",") + 1 if "symbols" in params else 0


def _by_symbols(one: int, several: int) -> Any:
    return lambda params: one if "symbol" in params else several


def _by_count(one: int, many: int, every: int) -> Any:
    """Weigh 1-20, 21-100 and more or all symbols."""

    def weigh(params: Params) -> int:
        count = _named(params)
        return every if not count or count > _MANY_SYMBOLS else many if count > 20 else one

    return weigh


def _per_symbol(each: int, most: int) -> Any:
    def weigh(params: Params) -> int:
        return each if "symbol" in params else min(most, each * (params.values.get("symbols", "").count(",") + 1))

    return weigh


_SYMBOLS = frozenset({"symbol", "symbols"})
_PAGE = frozenset({"symbol", "limit"})


def _public(path: str, ws: str, handler: Any, names: frozenset[str], us: Any = 1, com: Any = 1) -> Operation:
    return Operation(method="GET", path=path, ws=ws, handler=handler, names=names, us=us, com=com)


OPERATIONS = (
    _public("/api/v3/ping", "ping", ping, frozenset()),
    _public("/api/v3/time", "time", server_time, frozenset()),
    _public(
        "/api/v3/exchangeInfo",
        "exchangeInfo",
        exchange_info,
        _SYMBOLS | {"permissions", "showPermissionSets", "symbolStatus"},
        10,
        20,
    ),
    _public(
        "/api/v3/depth",
        "depth",
        depth,
        _PAGE,
        _by_limit((100, 1), (500, 5), (1_000, 10), (5_000, 50)),
        _by_limit((100, 5), (500, 25), (1_000, 50), (5_000, 250)),
    ),
    _public("/api/v3/trades", "trades.recent", trades, _PAGE, 1, 25),
    Operation(
        method="GET",
        path="/api/v3/historicalTrades",
        ws="trades.historical",
        security=Security.KEY,
        handler=historical_trades,
        names=_PAGE | {"fromId"},
        us=5,
        com=25,
    ),
    _public(
        "/api/v3/aggTrades", "trades.aggregate", aggregate_trades, _PAGE | {"fromId", "startTime", "endTime"}, 1, 4
    ),
    _public("/api/v3/klines", "klines", klines, _PAGE | {"interval", "startTime", "endTime", "timeZone"}, 1, 2),
    _public("/api/v3/avgPrice", "avgPrice", average_price, frozenset({"symbol"}), 1, 2),
    _public(
        "/api/v3/ticker/24hr",
        "ticker.24hr",
        day_tickers,
        _SYMBOLS | {"type"},
        _by_count(1, 20, 40),
        _by_count(2, 40, 80),
    ),
    _public("/api/v3/ticker/price", "ticker.price", prices, _SYMBOLS, _by_symbols(1, 2), _by_symbols(2, 4)),
    _public("/api/v3/ticker/bookTicker", "ticker.book", book_tickers, _SYMBOLS, _by_symbols(1, 2), _by_symbols(2, 4)),
    _public(
        "/api/v3/ticker",
        "ticker",
        window_tickers,
        _SYMBOLS | {"windowSize", "type"},
        _per_symbol(2, 100),
        _per_symbol(4, 200),
    ),
    _public("/sapi/v1/system/status", "", system_status, frozenset()),
)
