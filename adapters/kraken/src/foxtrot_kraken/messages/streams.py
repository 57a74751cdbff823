"""The frames of WebSocket v2. Numbers are bare JSON numbers whose trailing zeros the book's checksum counts.

Source: https://docs.kraken.com/api/docs/websocket-v2/ticker and the pages beside it
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

import msgspec

from foxtrot.protocol.amounts import Figure, Money

T = TypeVar("T")
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Frame(msgspec.Struct, frozen=True):
    """{"method":"subscribe","req_id":11,"result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"},
    "success":true,"time_in":"2024-05-19T16:27:13.694962Z","time_out":"2024-05-19T16:27:13.695006Z"} or
    {"channel":"balances","type":"update","data":[],"sequence":4}

    Either an answer or what a channel sends.
    """

    method: str = ""
    req_id: int | None = None
    success: bool | None = None
    error: str | None = None
    symbol: str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    refused: str = msgspec.field(name="Error", default="")
    channel: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")
    sequence: int = 0

    @property
    def refusal(self) -> str:
        """Return why the venue refuses, "" where it does not."""
        return self.error or self.refused


class PublicFrame(msgspec.Struct, frozen=True, gc=False, tag_field="channel"):
    """Base of the frames that a channel sends."""


class DataFrame(PublicFrame, Generic[T], frozen=True, gc=False):
    """Base of those that carry entries: {"type":"update","data":[]}"""

    type: str
    data: list[T]
    timestamp: Moment | None = None


class Idle(PublicFrame, frozen=True, gc=False, tag="heartbeat"):
    """{"channel":"heartbeat"}"""


class StreamTicker(msgspec.Struct, frozen=True, gc=False):
    """{"symbol":"BTC/USD","bid":65972.8,"bid_qty":0.10000000,"ask":65972.9,"ask_qty":39.67506683,"last":65972.9,
    "volume":4216.61829370,"vwap":64275.2,"low":61325.4,"high":66450.0,"change":4412.1,"change_pct":7.17}"""

    symbol: str
    bid: Figure
    bid_qty: Figure
    ask: Figure
    ask_qty: Figure
    last: Figure
    volume: Figure
    vwap: Figure
    low: Figure
    high: Figure
    change: float
    change_pct: float
    timestamp: Moment | None = None


class TickerFrame(DataFrame[StreamTicker], frozen=True, gc=False, tag="ticker"):
    """{"channel":"ticker","type":"update","data":[]}"""


class StreamTrade(msgspec.Struct, frozen=True, gc=False):
    """{"symbol":"BTC/USD","side":"sell","price":68466.9,"qty":0.01919415,"ord_type":"market","trade_id":70635251,
    "timestamp":"2024-05-27T12:33:10.826003Z"}"""

    symbol: str
    side: str
    price: Figure
    qty: Figure
    trade_id: int
    timestamp: Moment


class TradeFrame(DataFrame[StreamTrade], frozen=True, gc=False, tag="trade"):
    """{"channel":"trade","type":"update","data":[]}"""


class CandleInfo(msgspec.Struct, frozen=True, gc=False):
    """{"symbol":"ETH/USD","open":3027.80,"high":3027.80,"low":3026.13,"close":3026.13,"trades":9,"volume":13.31603062,
    "vwap":3027.01,"interval_begin":"2024-05-17T11:12:00.000000000Z","interval":1,"timestamp":"2024-05-17T11:13:00Z"}"""

    symbol: str
    open: Figure
    high: Figure
    low: Figure
    close: Figure
    trades: int
    volume: Figure
    vwap: Figure
    interval_begin: Moment
    interval: int


class CandleFrame(DataFrame[CandleInfo], frozen=True, gc=False, tag="ohlc"):
    """{"channel":"ohlc","type":"snapshot","timestamp":"2024-05-17T11:21:16.318303322Z","data":[]}"""


class LevelInfo(msgspec.Struct, frozen=True, gc=False):
    """{"price":66788.0,"qty":3.21926649}"""

    price: Figure
    qty: Decimal


class BookInfo(msgspec.Struct, frozen=True, gc=False):
    """{"symbol":"BTC/USD","bids":[{"price":66786.5,"qty":0.00000000}],"asks":[],"checksum":902440905,"timestamp":
    "2024-05-19T16:45:24.204654Z"}"""

    symbol: str
    bids: list[LevelInfo]
    asks: list[LevelInfo]
    checksum: int
    timestamp: Moment | None = None


class BookFrame(DataFrame[BookInfo], frozen=True, gc=False, tag="book"):
    """{"channel":"book","type":"update","data":[]}"""


class InstrumentFrame(PublicFrame, frozen=True, gc=False, tag="instrument"):
    """{"channel":"instrument","type":"update","data":{"assets":[],"pairs":[{"symbol":"EUR/USD","base":"EUR","quote":"USD",
    "status":"cancel_only","qty_precision":8,"price_precision":5,"cost_min":0.50}]}}"""

    type: str


class Trigger(Money, frozen=True):
    """{"price":0.2,"price_type":"static","reference":"index","status":"untriggered"}"""

    price: Decimal | None = None
    price_type: str | None = None
    actual_price: Decimal | None = None


class FeeAmount(Money, frozen=True):
    """{"asset":"USD","qty":0.04051}"""

    asset: str
    qty: Decimal


class Execution(Money, frozen=True):
    """{"timestamp":"2024-05-18T12:58:40.165132Z","order_status":"canceled","exec_type":"canceled","cum_qty":0.00000000,
    "cum_cost":0.000000,"fee_usd_equiv":0.000000,"avg_price":0.00000,"order_userref":0,"cancel_reason":"User requested",
    "reason":"User requested","order_id":"KIUEL4-G3PWU-HOJTYU"}"""

    order_id: str
    order_status: str | None = None
    exec_type: str | None = None
    timestamp: Moment | None = None
    cl_ord_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    order_type: str | None = None
    time_in_force: str | None = None
    post_only: bool | None = None
    order_qty: Decimal | None = None
    cash_order_qty: Decimal | None = None
    display_qty: Decimal | None = None
    limit_price: Decimal | None = None
    limit_price_type: str | None = None
    triggers: Trigger | None = None
    cum_qty: Decimal | None = None
    cum_cost: Decimal | None = None
    exec_id: str | None = None
    last_qty: Decimal | None = None
    last_price: Decimal | None = None
    cost: Decimal | None = None
    liquidity_ind: str | None = None
    fees: tuple[FeeAmount, ...] | None = None
    reason: str | None = None


class LedgerEntry(Money, frozen=True):
    """{"ledger_id":"DATKX6-PEHL1-HZKND8","ref_id":"LKAKN2-N0N12-VKQNLN","timestamp":"2024-05-24T14:01:53.526524Z","type":
    "trade","asset":"USD","amount":-19.9743,"fee":0.0499,"balance":118.0677}"""

    asset: str
    amount: Decimal = Decimal(0)
    timestamp: Moment | None = None
