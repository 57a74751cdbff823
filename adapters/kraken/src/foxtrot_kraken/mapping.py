"""The venue's words and foxtrot's: names of assets and pairs, order types, states, rules.

Source: https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs and add-order
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from foxtrot import adapting as fx
from foxtrot_kraken.checksums import BookChecksum
from foxtrot_kraken.messages.market import PairInfo

SIDES = fx.Words({fx.Side.BUY: ("buy",), fx.Side.SELL: ("sell",)})
# What has no type of its own here is a limit order with a flag: post-only (oflags, post_only), iceberg (displayvol).
TYPES = fx.Words(
    {
        fx.OrderType.LIMIT: ("limit", "iceberg"),
        fx.OrderType.MARKET: ("market", "settle-position"),
        fx.OrderType.STOP_LOSS: ("stop-loss",),
        fx.OrderType.STOP_LOSS_LIMIT: ("stop-loss-limit",),
        fx.OrderType.TAKE_PROFIT: ("take-profit",),
        fx.OrderType.TAKE_PROFIT_LIMIT: ("take-profit-limit",),
        fx.OrderType.TRAILING_STOP: ("trailing-stop", "trailing-stop-limit"),
    }
)
WORDS = TYPES.sent | {fx.OrderType.LIMIT_MAKER: "limit"}
TIMES = {kind.value.upper(): kind for kind in fx.TimeInForce}
STATES = fx.States(
    {
        fx.OrderStatus.OPEN: ("open", "new", "pending", "pending_new", "triggered"),
        fx.OrderStatus.PARTIALLY_FILLED: ("partially_filled",),
        fx.OrderStatus.FILLED: ("filled", "closed"),
        fx.OrderStatus.CANCELED: ("canceled",),
        fx.OrderStatus.EXPIRED: ("expired",),
    }
)
STP_MODES = ("CANCEL-NEWEST", "CANCEL-OLDEST", "CANCEL-BOTH")
# minutes; https://docs.kraken.com/api/docs/rest-api/get-ohlc-data. Longer ones exist, on which day they begin is not
# stated.
INTERVALS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1_440}
_CONTRACT_STATUSES = {"online": fx.ContractStatus.TRADING, "cancel_only": fx.ContractStatus.CANCEL_ONLY}
# WebSocket v2 and everybody else call them so; https://docs.kraken.com/api/docs/guides/spot-ws-intro
_COMMON_NAMES = {"XBT": "BTC", "XDG": "DOGE"}
# REST marks its oldest assets by X (coins) or Z (money); https://docs.kraken.com/api/docs/rest-api/get-asset-info
_OLD_COINS, _OLD_MONEY = "XBT ETH ETC LTC XRP XLM XMR ZEC REP MLN XDG", "USD EUR GBP CAD JPY AUD"
_OLD_NAMES = {f"X{name}": name for name in _OLD_COINS.split()} | {f"Z{name}": name for name in _OLD_MONEY.split()}
_ICEBERG_PARTS = 15  # a visible part must be at least 1/15 of the order


class Names:
    """Remember how the listing calls assets, and its books' checksums by symbol; filled by `to_contracts`."""

    def __init__(self) -> None:
        self._assets: dict[str, str] = {}
        self.checksums: dict[str, BookChecksum] = {}

    def learn(self, info: PairInfo) -> str:
        """Take the names of a pair's assets; return it as BASE/QUOTE, as WebSocket v2 calls it."""
        base, _, quote = (info.wsname or f"{self.asset(info.base)}/{self.asset(info.quote)}").partition("/")
        self._assets[info.base], self._assets[info.quote] = common(base), common(quote)
        return f"{common(base)}/{common(quote)}"

    def asset(self, code: str) -> str:
        """Return the common name of an asset code: "XXBT" is BTC, "ZUSD" USD; "XBT.F" keeps its suffix."""
        stem, dot, suffix = code.partition(".")
        return self._assets.get(stem, common(_OLD_NAMES.get(stem, stem))) + dot + suffix

    def checksum(self, symbol: str) -> BookChecksum | None:
        """Return what computes the checksums of a symbol's book, None for an unknown symbol."""
        return self.checksums.get(symbol)


def common(code: str) -> str:
    """Return the common name of the venue's name of an asset."""
    return _COMMON_NAMES.get(code, code)


def to_type(word: str | None, *, post_only: bool) -> fx.OrderType | None:
    """Return what a word for an order's type means, None for an unknown one."""
    kind = TYPES.get(word or "")
    return fx.OrderType.LIMIT_MAKER if kind is fx.OrderType.LIMIT and post_only else kind


def to_contracts(pairs: Mapping[str, PairInfo], exchange: str, names: Names) -> list[fx.Contract]:
    """Return all contracts of an AssetPairs answer; the unified symbol is that of WebSocket v2."""
    called = {key: names.learn(info) for key, info in pairs.items()}
    symbols = fx.distinct((called[key], key, info.status == "online") for key, info in pairs.items())
    for key, info in pairs.items():
        names.checksums[symbols[key]] = BookChecksum(info.pair_decimals, info.lot_decimals)
    return [_contract(key, info, symbols[key], called[key], exchange) for key, info in pairs.items()]


def _contract(key: str, info: PairInfo, symbol: str, called: str, exchange: str) -> fx.Contract:
    base, quote = called.split("/")
    # Orders name their pair by any of these.
    aliases = (info.altname, info.wsname, symbol, called.replace("/", ""))
    return fx.Contract(
        exchange=exchange,
        symbol=symbol,
        venue_symbol=key,
        aliases=tuple(dict.fromkeys(name for name in aliases if name and name != key)),
        base=base,
        quote=quote,
        status=_CONTRACT_STATUSES.get(info.status, fx.ContractStatus.OTHER),
        venue_status=info.status,
        base_precision=info.lot_decimals,
        quote_precision=max(info.cost_decimals, info.pair_decimals),
        order_types=(*WORDS,),
        venue_order_types=tuple(TYPES),
        rules=(
            fx.PriceRule(name="tick_size", tick=info.tick_size or Decimal(1).scaleb(-info.pair_decimals)),
            fx.QuantityRule(name="ordermin", minimum=info.ordermin, step=Decimal(1).scaleb(-info.lot_decimals)),
            fx.NotionalRule(name="costmin", minimum=info.costmin),
            fx.IcebergPartsRule(name="displayvol", limit=_ICEBERG_PARTS),
        ),
        stp_modes=STP_MODES,
        default_stp_mode=STP_MODES[0],
        quote_quantity_allowed=True,
        quote_quantity_buys_only=True,
        iceberg_allowed=True,
        trailing_allowed=True,
        amend_allowed=True,
    )
