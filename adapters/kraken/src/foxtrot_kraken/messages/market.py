"""Public answers.

Source: https://docs.kraken.com/api/docs/category/rest-api/market-data
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot.protocol.amounts import Figure, Money


class Answer(msgspec.Struct, frozen=True):
    """{"error":[],"result":{"unixtime":1762820224,"rfc1123":"Tue, 11 Nov 25 00:17:04 +0000"}}"""

    error: list[str] = []
    result: msgspec.Raw = msgspec.Raw(b"null")


class ServerTime(msgspec.Struct, frozen=True):
    """{"unixtime":1762820224,"rfc1123":"Tue, 11 Nov 25 00:17:04 +0000"}"""

    unixtime: int


class PairInfo(Money, frozen=True):
    """{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","cost_decimals":5,"pair_decimals":1,
    "lot_decimals":8,"ordermin":"0.00005","costmin":"0.5","tick_size":"0.1","status":"online"}"""

    altname: str
    base: str
    quote: str
    wsname: str | None = None
    cost_decimals: int = 8
    pair_decimals: int = 8
    lot_decimals: int = 8
    ordermin: Decimal = Decimal(0)
    costmin: Decimal = Decimal(0)
    tick_size: Decimal = Decimal(0)
    status: str = ""


class TickerInfo(msgspec.Struct, frozen=True, gc=False):
    """{"a":["105944.30000","1","1.000"],"b":["105944.20000","1","1.000"],"c":["105899.40000","0.00009443"],
    "v":["0.78648221","163.28908096"],"p":["105960.64756","105904.39279"],"t":[35,3276],"l":["105853.5","104711.0"],
    "h":["106112.00000","106613.10000"],"o":"106021.60000"}"""

    a: list[Figure]
    b: list[Figure]
    c: list[Figure]
    v: list[Figure]
    p: list[Figure]
    t: list[int]
    l: list[Figure]  # noqa: E741 - the venue's name
    h: list[Figure]
    o: Figure


class Candle(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """[1762777140,"106038.3","106038.3","106038.3","106038.3","106038.3","0.00032101",1]"""

    time: int
    open: Figure
    high: Figure
    low: Figure
    close: Figure
    vwap: Figure
    volume: Figure
    count: int


class DepthInfo(msgspec.Struct, frozen=True, gc=False):
    """{"asks":[["105944.30000","3.177",1762820224]],"bids":[["105944.20000","0.001",1762820224]]}"""

    asks: list[tuple[Figure, Figure, Figure]]
    bids: list[tuple[Figure, Figure, Figure]]


class TradeRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """["105433.60000","0.00027625",1762795433.9717445,"b","l","",10218208]"""

    price: Figure
    volume: Figure
    time: Decimal
    side: str
    kind: str = ""
    misc: str = ""
    trade_id: int = 0  # not told of old trades
