"""The venue's words and foxtrot's: names of assets and pairs, order types, states, rules.

Source: https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs and add-order
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from foxtrot.model.contract import (
    Contract,
    ContractStatus,
    IcebergPartsRule,
    NotionalRule,
    PriceRule,
    QuantityRule,
)
from foxtrot.model.order import OrderStatus, OrderType, Side, TimeInForce
from foxtrot.model.orderbook import Level
from foxtrot.model.times import NS_PER_S
from foxtrot.protocol.book import Checksum
from foxtrot.protocol.symbols import distinct
from foxtrot_kraken.messages.market import PairInfo

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
# What has no type of its own here is a limit order with a flag: post-only (oflags, post_only), iceberg (displayvol).
TYPES = {
    "limit": OrderType.LIMIT,
    "iceberg": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "stop-loss": OrderType.STOP_LOSS,
    "stop-loss-limit": OrderType.STOP_LOSS_LIMIT,
    "take-profit": OrderType.TAKE_PROFIT,
    "take-profit-limit": OrderType.TAKE_PROFIT_LIMIT,
    "trailing-stop": OrderType.TRAILING_STOP,
    "trailing-stop-limit": OrderType.TRAILING_STOP,
    "settle-position": OrderType.MARKET,
}
_ONLY_READ = ("iceberg", "trailing-stop-limit", "settle-position")  # placed elsewhere
WORDS = {kind: word for word, kind in TYPES.items() if word not in _ONLY_READ} | {OrderType.LIMIT_MAKER: "limit"}
TIMES = {kind.value.upper(): kind for kind in TimeInForce}
STATUSES = {
    "pending": OrderStatus.OPEN,
    "pending_new": OrderStatus.OPEN,
    "open": OrderStatus.OPEN,
    "new": OrderStatus.OPEN,
    "triggered": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "closed": OrderStatus.FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
}
STP_MODES = ("CANCEL-NEWEST", "CANCEL-OLDEST", "CANCEL-BOTH")
# minutes; https://docs.kraken.com/api/docs/rest-api/get-ohlc-data. Longer ones exist, on which day they begin is not
# stated.
INTERVALS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1_440}
INTERVAL_NAMES = {minutes: name for name, minutes in INTERVALS.items()}
_CONTRACT_STATUSES = {"online": ContractStatus.TRADING, "cancel_only": ContractStatus.CANCEL_ONLY}
# WebSocket v2 and everybody else call them so; https://docs.kraken.com/api/docs/guides/spot-ws-intro
_COMMON_NAMES = {"XBT": "BTC", "XDG": "DOGE"}
# REST marks its oldest assets by X (coins) or Z (money); https://docs.kraken.com/api/docs/rest-api/get-asset-info
_OLD_COINS, _OLD_MONEY = "XBT ETH ETC LTC XRP XLM XMR ZEC REP MLN XDG", "USD EUR GBP CAD JPY AUD"
_OLD_NAMES = {f"X{name}": name for name in _OLD_COINS.split()} | {f"Z{name}": name for name in _OLD_MONEY.split()}
_ICEBERG_PARTS = 15  # a visible part must be at least 1/15 of the order
_EPOCH, _SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
_CHECKED = 10  # levels a side that a checksum is made of


class Names:
    """Remember how the listing calls assets, and the decimals of its pairs; filled by `to_contracts`."""

    def __init__(self) -> None:
        self._assets: dict[str, str] = {}
        self._decimals: dict[str, tuple[int, int]] = {}  # of price and quantity, by unified symbol

    def learn(self, info: PairInfo) -> str:
        """Take the names of a pair's assets; return it as BASE/QUOTE, as WebSocket v2 calls it."""
        base, _, quote = (info.wsname or f"{self.asset(info.base)}/{self.asset(info.quote)}").partition("/")
        self._assets[info.base], self._assets[info.quote] = common(base), common(quote)
        return f"{common(base)}/{common(quote)}"

    def learn_decimals(self, symbol: str, info: PairInfo) -> None:
        """Take the decimals of a symbol's prices and quantities."""
        self._decimals[symbol] = info.pair_decimals, info.lot_decimals

    def asset(self, code: str) -> str:
        """Return the common name of an asset code: "XXBT" is BTC, "ZUSD" USD; "XBT.F" keeps its suffix."""
        stem, dot, suffix = code.partition(".")
        return self._assets.get(stem, common(_OLD_NAMES.get(stem, stem))) + dot + suffix

    def checksum(self, symbol: str) -> Checksum | None:
        """Return what computes the checksums of a symbol's book, None for an unknown symbol."""
        decimals = self._decimals.get(symbol)
        return None if decimals is None else make_checksum(*decimals)


def common(code: str) -> str:
    """Return the common name of the venue's name of an asset."""
    return _COMMON_NAMES.get(code, code)


def to_type(word: str | None, *, post_only: bool) -> OrderType | None:
    """Return what a word for an order's type means, None for an unknown one."""
    kind = TYPES.get(word or "")
    return OrderType.LIMIT_MAKER if kind is OrderType.LIMIT and post_only else kind


def to_status(word: str) -> tuple[OrderStatus, str]:
    """Return the state that a status word means; an unknown word is in doubt and named."""
    status = STATUSES.get(word)
    if status is None:
        return OrderStatus.IN_DOUBT, f"the venue reports the unknown status {word!r}"
    return status, ""


def to_contracts(pairs: Mapping[str, PairInfo], exchange: str, names: Names) -> list[Contract]:
    """Return all contracts of an AssetPairs answer; the unified symbol is that of WebSocket v2."""
    called = {key: names.learn(info) for key, info in pairs.items()}
    symbols = distinct((called[key], key, info.status == "online") for key, info in pairs.items())
    for key, info in pairs.items():
        names.learn_decimals(symbols[key], info)
    return [_contract(key, info, symbols[key], called[key], exchange) for key, info in pairs.items()]


def _contract(key: str, info: PairInfo, symbol: str, called: str, exchange: str) -> Contract:
    base, quote = called.split("/")
    # Orders name their pair by any of these.
    aliases = (info.altname, info.wsname, symbol, called.replace("/", ""))
    return Contract(
        exchange=exchange,
        symbol=symbol,
        venue_symbol=key,
        aliases=tuple(dict.fromkeys(name for name in aliases if name and name != key)),
        base=base,
        quote=quote,
        status=_CONTRACT_STATUSES.get(info.status, ContractStatus.OTHER),
        venue_status=info.status,
        base_precision=info.lot_decimals,
        quote_precision=max(info.cost_decimals, info.pair_decimals),
        order_types=(*WORDS,),
        venue_order_types=tuple(TYPES),
        rules=(
            PriceRule(name="tick_size", tick=info.tick_size or Decimal(1).scaleb(-info.pair_decimals)),
            QuantityRule(name="ordermin", minimum=info.ordermin, step=Decimal(1).scaleb(-info.lot_decimals)),
            NotionalRule(name="costmin", minimum=info.costmin),
            IcebergPartsRule(name="displayvol", limit=_ICEBERG_PARTS),
        ),
        stp_modes=STP_MODES,
        default_stp_mode=STP_MODES[0],
        quote_quantity_allowed=True,
        iceberg_allowed=True,
        trailing_allowed=True,
        amend_allowed=True,
    )


def make_checksum(price_decimals: int, quantity_decimals: int) -> Checksum:
    """Return the venue's checksum over the ten best levels a side, of a pair with so many decimals.

    Source: https://docs.kraken.com/api/docs/guides/spot-ws-book-v2
    """

    def digits(level: Level) -> str:
        price = f"{level[0]:.{price_decimals}f}".replace(".", "").lstrip("0")
        return price + f"{level[1]:.{quantity_decimals}f}".replace(".", "").lstrip("0")

    def checksum(bids: Sequence[Level], asks: Sequence[Level]) -> int:
        return zlib.crc32("".join(map(digits, [*asks[:_CHECKED], *bids[:_CHECKED]])).encode())

    return checksum


def to_ns(moment: datetime | None) -> int:
    """Return a time of WebSocket v2 in ns, 0 for none; the venue's ns are cut to us."""
    if moment is None:
        return 0
    since = moment - _EPOCH
    return (since // _SECOND) * NS_PER_S + since.microseconds * 1_000


def seconds_to_ns(seconds: Decimal) -> int:
    """Return a REST time (seconds with decimals) in ns."""
    return int(seconds * NS_PER_S)
