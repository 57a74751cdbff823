"""Data objects and requests with the names and fields that vn.py gives them.

Their numbers are floats, because code written for vn.py computes with floats and a Decimal among them would raise
TypeError. The exact numbers are in `extra`, under the name of the field: `order.extra["traded"]` is a Decimal.
"""

from __future__ import annotations

import datetime as times
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from foxtrot.errors import InvalidRequest
from foxtrot.gateway.constants import Direction, Exchange, Interval, Offset, OrderType, Product, Status
from foxtrot.model.decimals import Number, to_decimal

ACTIVE_STATUSES = frozenset({Status.SUBMITTING, Status.NOTTRADED, Status.PARTTRADED})
DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
Datetime = times.datetime
Extra = dict[str, Any]


@dataclass
class BaseData:
    """Base of all data: `extra` holds the exact Decimals and whatever vn.py has no field for."""

    gateway_name: str
    extra: Extra | None = field(default=None, init=False)


@dataclass
class _OfSymbol(BaseData):
    symbol: str
    exchange: Exchange

    @property
    def vt_symbol(self) -> str:
        """Return "BTCUSDT.DESK"."""
        return f"{self.symbol}.{self.exchange.value}"


@dataclass
class TickData(_OfSymbol):
    """Hold the latest trade, the best five levels and the statistics of the rolling day. Times are UTC."""

    datetime: Datetime
    name: str = ""
    volume: float = 0
    turnover: float = 0
    open_interest: float = 0
    last_price: float = 0
    last_volume: float = 0
    limit_up: float = 0
    limit_down: float = 0
    open_price: float = 0
    high_price: float = 0
    low_price: float = 0
    pre_close: float = 0
    bid_price_1: float = 0
    bid_price_2: float = 0
    bid_price_3: float = 0
    bid_price_4: float = 0
    bid_price_5: float = 0
    ask_price_1: float = 0
    ask_price_2: float = 0
    ask_price_3: float = 0
    ask_price_4: float = 0
    ask_price_5: float = 0
    bid_volume_1: float = 0
    bid_volume_2: float = 0
    bid_volume_3: float = 0
    bid_volume_4: float = 0
    bid_volume_5: float = 0
    ask_volume_1: float = 0
    ask_volume_2: float = 0
    ask_volume_3: float = 0
    ask_volume_4: float = 0
    ask_volume_5: float = 0
    localtime: Datetime | None = None


@dataclass
class BarData(_OfSymbol):
    """Hold one candle; `datetime` is when it opened (UTC)."""

    datetime: Datetime
    interval: Interval | None = None
    volume: float = 0
    turnover: float = 0
    open_interest: float = 0
    open_price: float = 0
    high_price: float = 0
    low_price: float = 0
    close_price: float = 0


@dataclass
class OrderData(_OfSymbol):
    """Hold an order as it is known now; `orderid` is the client order id.

    `extra`: the exact price, volume, traded, stop_price, average_price (Decimal or None), the venue's order_id, the
    state in foxtrot's own word, and the reason where there is one.
    """

    orderid: str
    type: OrderType = OrderType.LIMIT
    direction: Direction | None = None
    offset: Offset = Offset.NONE
    price: float = 0
    volume: float = 0
    traded: float = 0
    status: Status = Status.SUBMITTING
    datetime: Datetime | None = None
    reference: str = ""

    @property
    def vt_orderid(self) -> str:
        """Return "DESK.<orderid>"."""
        return f"{self.gateway_name}.{self.orderid}"

    def is_active(self) -> bool:
        """Tell whether the order can still trade."""
        return self.status in ACTIVE_STATUSES

    def create_cancel_request(self) -> CancelRequest:
        """Return the request that cancels this order."""
        return CancelRequest(orderid=self.orderid, symbol=self.symbol, exchange=self.exchange)


@dataclass
class TradeData(_OfSymbol):
    """Hold one execution of an order; `extra`: exact price and volume, fee, fee_asset, is_maker."""

    orderid: str
    tradeid: str
    direction: Direction | None = None
    offset: Offset = Offset.NONE
    price: float = 0
    volume: float = 0
    datetime: Datetime | None = None

    @property
    def vt_orderid(self) -> str:
        """Return "DESK.<orderid>"."""
        return f"{self.gateway_name}.{self.orderid}"

    @property
    def vt_tradeid(self) -> str:
        """Return "DESK.<tradeid>"."""
        return f"{self.gateway_name}.{self.tradeid}"


@dataclass
class PositionData(_OfSymbol):
    """Hold a derivatives position; spot venues have none."""

    direction: Direction
    volume: float = 0
    frozen: float = 0
    price: float = 0
    pnl: float = 0
    yd_volume: float = 0

    @property
    def vt_positionid(self) -> str:
        """Return "DESK.BTCUSDT.DESK.LONG"."""
        return f"{self.gateway_name}.{self.vt_symbol}.{self.direction.value}"


@dataclass
class AccountData(BaseData):
    """Hold the balance of one asset, which is the `accountid`."""

    accountid: str
    balance: float = 0
    frozen: float = 0

    def __post_init__(self) -> None:
        self.available = self.balance - self.frozen

    @property
    def vt_accountid(self) -> str:
        """Return "DESK.USDT"."""
        return f"{self.gateway_name}.{self.accountid}"


@dataclass
class LogData(BaseData):
    """Hold one line for the log; `level` as in the standard library's logging."""

    msg: str
    level: int = INFO
    time: Datetime = field(default_factory=lambda: Datetime.now(times.UTC), init=False)


@dataclass
class ContractData(_OfSymbol):
    """Hold a contract: `pricetick` is the grid of prices, `min_volume` that of volumes, as vn.py rounds to it."""

    name: str
    product: Product
    size: float
    pricetick: float
    min_volume: float = 1
    max_volume: float | None = None
    stop_supported: bool = False
    net_position: bool = False
    history_data: bool = False


class _Named:
    """What names a contract."""

    symbol: str
    exchange: Exchange

    def __post_init__(self) -> None:
        # "BTCUSDT.DESK" beside Exchange.DESK says the same thing twice.
        if isinstance(self.symbol, str):
            self.symbol = self.symbol.removesuffix(f".{name_of(self.exchange)}")

    @property
    def vt_symbol(self) -> str:
        """Return "BTCUSDT.DESK"."""
        return f"{self.symbol}.{name_of(self.exchange)}"


@dataclass
class SubscribeRequest(_Named):
    """Ask for the ticks of a symbol, written "BTCUSDT", "BTC/USDT" or "BTCUSDT.DESK"."""

    symbol: str
    exchange: Exchange


@dataclass
class OrderRequest(_Named):
    """Ask for an order. Numbers may be Decimal, text, int or float; a float means its shortest repr (0.1 is 0.1).

    `price` is the limit; of a STOP order it is the price that triggers it, of a MARKET order it is not looked at.
    """

    symbol: str
    exchange: Exchange
    direction: Direction
    type: OrderType
    volume: Number
    price: Number = 0
    offset: Offset = Offset.NONE
    reference: str = ""

    def create_order_data(self, orderid: str, gateway_name: str) -> OrderData:
        """Return the order as it is before anybody has looked at it; what is no number shows as 0."""
        return OrderData(
            gateway_name,
            str(self.symbol),
            self.exchange,
            orderid,
            type=self.type,
            direction=self.direction,
            offset=self.offset,
            price=shown(self.price),
            volume=shown(self.volume),
            reference=self.reference,
        )


@dataclass
class CancelRequest(_Named):
    """Ask for the end of an order."""

    orderid: str
    symbol: str
    exchange: Exchange


@dataclass
class HistoryRequest(_Named):
    """Ask for candles that open in start..end (inclusive; None: until now). A time without zone is UTC."""

    symbol: str
    exchange: Exchange
    start: Datetime
    end: Datetime | None = None
    interval: Interval | None = None


def generate_vt_symbol(symbol: str, exchange: Exchange) -> str:
    """Return "BTCUSDT.DESK" of "BTCUSDT" and Exchange.DESK."""
    return f"{symbol}.{exchange.value}"


def extract_vt_symbol(vt_symbol: str) -> tuple[str, Exchange]:
    """Return "BTCUSDT" and Exchange.DESK of "BTCUSDT.DESK". Raises InvalidRequest for text of another form."""
    symbol, dot, exchange = vt_symbol.rpartition(".") if isinstance(vt_symbol, str) else ("", "", "")
    if not (symbol and dot and exchange):
        raise InvalidRequest(f"A vt_symbol is written as BTCUSDT.DESK, not {vt_symbol!r}.", field="vt_symbol")
    return symbol, Exchange(exchange)


def name_of(word: object) -> str:
    """Return the text of an exchange, given as `Exchange` or as text."""
    return str(getattr(word, "value", word))


def exact(number: object) -> Decimal | None:
    """Return a caller's number exactly, None for what is none."""
    try:
        return to_decimal(number, "number")  # type: ignore[arg-type]  # that is what is found out
    except InvalidRequest:
        return None


def shown(number: object) -> float:
    """Return a caller's number as a float for display, 0 for what is none."""
    return float(exact(number) or 0)
