"""What a client can subscribe to: reading the request, one channel for each symbol.

Source: https://docs.kraken.com/api/docs/websocket-v2/ticker and the pages beside it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foxtrot_kraken.dialect.books import DEPTHS, BookChannel
from foxtrot_kraken.dialect.channels import (
    CandleChannel,
    Channel,
    InstrumentChannel,
    Say,
    TickerChannel,
    TradeChannel,
)
from foxtrot_kraken.dialect.desk import INTERVALS, Desk
from foxtrot_kraken.dialect.errors import WireError
from foxtrot_kraken.dialect.fields import Fields
from foxtrot_kraken.dialect.names import Pair
from foxtrot_kraken.dialect.private import BalancesChannel, ExecutionsChannel, Wishes

Key = tuple[str, str, int]  # channel, symbol, interval
Make = Callable[[], Channel]
_PAIRED = frozenset({"ticker", "trade", "ohlc", "book"})
_PRIVATE = frozenset({"executions", "balances"})
_TRIGGERS = {"trades": "trades", "bbo": "bbo"}
_NAMES = frozenset({"channel", "symbol", "snapshot", "token"})
_FIELDS = {
    "ticker": _NAMES | {"event_trigger"},
    "trade": _NAMES,
    "ohlc": _NAMES | {"interval"},
    "book": _NAMES | {"depth"},
    "instrument": _NAMES | {"include_tokenized_assets"},
    "executions": _NAMES | {"snap_orders", "snap_trades", "order_status", "ratecounter", "users"},
    "balances": _NAMES | {"users"},
}


class Wanted:
    """Hold one channel of a subscription: by which key it is known, what to answer, how to make it."""

    def __init__(self, key: Key, symbol: str, make: Make | WireError) -> None:
        self.key = key
        self.symbol = symbol
        self.make = make


class Subscriptions:
    """Read what a client asks for. Raises WireError for what concerns the whole request."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def read(self, fields: Fields, say: Say) -> list[Wanted]:
        """Return the channels of a request; what is wrong with one symbol is that one's error."""
        name = fields.text("channel")
        if name not in _FIELDS:
            raise WireError("Unsupported event")
        fields.check_names(_FIELDS[name], "subscribe")
        if name in _PRIVATE:
            return [Wanted((name, "", 0), "", self._private(name, fields, say))]
        snapshot = fields.flag("snapshot", True)
        if name == "instrument":
            return [Wanted((name, "", 0), "", lambda: InstrumentChannel(self._desk, say, snapshot=snapshot))]
        return [self._paired(name, symbol, fields, say, snapshot=snapshot) for symbol in _symbols(fields)]

    def keys(self, fields: Fields) -> list[tuple[Key, str]]:
        """Return the keys and symbols of a request to end channels."""
        name = fields.text("channel")
        if name not in _FIELDS:
            raise WireError("Unsupported event")
        fields.check_names(_FIELDS[name], "unsubscribe")
        if name not in _PAIRED:
            return [((name, "", 0), "")]
        number = _interval(fields) if name == "ohlc" else 0
        return [((name, symbol, number), symbol) for symbol in _symbols(fields)]

    def _paired(self, name: str, symbol: str, fields: Fields, say: Say, *, snapshot: bool) -> Wanted:
        key = (name, symbol, _interval(fields) if name == "ohlc" else 0)
        make = self._maker(name, fields, say, snapshot=snapshot)
        pair = self._desk.pairs.by_symbol(symbol)
        if pair is None:
            return Wanted(key, symbol, WireError(f"Currency pair not supported {symbol}"))
        return Wanted(key, symbol, lambda: make(pair))

    def _maker(self, name: str, fields: Fields, say: Say, *, snapshot: bool) -> Callable[[Pair], Channel]:
        desk = self._desk
        if name == "ticker":
            trigger = fields.choice("event_trigger", _TRIGGERS, WireError("Event_trigger not supported")) or "trades"
            return lambda pair: TickerChannel(desk, pair, say, trigger, snapshot=snapshot)
        if name == "trade":
            # Without a word about it, trades come without a snapshot.
            wanted = fields.flag("snapshot", False)
            return lambda pair: TradeChannel(desk, pair, say, snapshot=wanted)
        if name == "ohlc":
            return lambda pair: CandleChannel(desk, pair, say, _interval(fields), snapshot=snapshot)
        depth = fields.integer("depth", DEPTHS[0], 0, 2**31)
        if depth not in DEPTHS:
            raise WireError("Subscription depth not supported")
        return lambda pair: BookChannel(desk, pair, say, depth, snapshot=snapshot)

    def _private(self, name: str, fields: Fields, say: Say) -> Make:
        desk, token = self._desk, fields.text("token")
        if not token:
            raise WireError("Token(s) not found")
        account = desk.tokens.account(token)
        if account is None:
            raise WireError(desk.options.bad_token_text)
        if name == "balances":
            snapshot = fields.flag("snapshot", True)
            return lambda: BalancesChannel(desk, account, token, say, snapshot=snapshot)
        # `snapshot` is the older word for `snap_orders`.
        wishes = Wishes(
            snap_orders=fields.flag("snap_orders", fields.flag("snapshot", True)),
            snap_trades=fields.flag("snap_trades"),
            order_status=fields.flag("order_status", True),
            ratecounter=fields.flag("ratecounter"),
        )
        return lambda: ExecutionsChannel(desk, account, token, say, wishes)


def _interval(fields: Fields) -> int:
    minutes = fields.integer("interval", 1, 0, 2**31)
    if minutes not in INTERVALS:
        raise WireError("Subscription ohlc interval not supported")
    return minutes


def _symbols(fields: Fields) -> list[str]:
    def read(item: Any) -> str:
        if not isinstance(item, str):
            raise WireError("Symbol field must be an array of strings")
        return item

    symbols = fields.list("symbol", read, 1, 1_000)
    if symbols is None:
        raise WireError("Symbol(s) not found")
    return symbols
