"""What the public streams say; whose trade or quote it is, the stream's name says.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/web-socket-streams.md
"""

from __future__ import annotations

import msgspec

from foxtrot.protocol.amounts import Figure, Row
from foxtrot_binance.messages.orders import ErrorInfo


class Frame(msgspec.Struct, frozen=True, gc=False):
    """{"stream":"btcusdt@depth@100ms","data":{}} or {"result":null,"id":1} or {"error":{"code":2,"msg":"…"},"id":1}"""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    id: int | str | None = None
    error: ErrorInfo | None = None
    code: int | None = None
    text: str = msgspec.field(name="msg", default="")


class StreamTrade(msgspec.Struct, frozen=True, gc=False):
    """{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true}"""

    trade_id: int = msgspec.field(name="t")
    price: Figure = msgspec.field(name="p")
    quantity: Figure = msgspec.field(name="q")
    time: int = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class StreamQuote(msgspec.Struct, frozen=True, gc=False):
    """{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"""

    update_id: int = msgspec.field(name="u")
    bid: Figure = msgspec.field(name="b")
    bid_quantity: Figure = msgspec.field(name="B")
    ask: Figure = msgspec.field(name="a")
    ask_quantity: Figure = msgspec.field(name="A")


class StreamPartial(msgspec.Struct, frozen=True, gc=False):
    """{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}"""

    last_id: int = msgspec.field(name="lastUpdateId")
    bids: list[Row]
    asks: list[Row]


class StreamDepth(msgspec.Struct, frozen=True, gc=False):
    """{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}"""

    time: int = msgspec.field(name="E")
    symbol: str = msgspec.field(name="s")
    first_id: int = msgspec.field(name="U")
    last_id: int = msgspec.field(name="u")
    bids: list[Row] = msgspec.field(name="b")
    asks: list[Row] = msgspec.field(name="a")


class Kline(msgspec.Struct, frozen=True, gc=False):
    """{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025",
    "l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}"""

    open_time: int = msgspec.field(name="t")
    symbol: str = msgspec.field(name="s")
    interval: str = msgspec.field(name="i")
    open: Figure = msgspec.field(name="o")
    close: Figure = msgspec.field(name="c")
    high: Figure = msgspec.field(name="h")
    low: Figure = msgspec.field(name="l")
    volume: Figure = msgspec.field(name="v")
    trades: int = msgspec.field(name="n")
    closed: bool = msgspec.field(name="x")
    quote_volume: Figure = msgspec.field(name="q")


class StreamKline(msgspec.Struct, frozen=True, gc=False):
    """{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,
    "L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0","B":"0"}}"""

    time: int = msgspec.field(name="E")
    kline: Kline = msgspec.field(name="k")


class StreamTicker(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """{"e":"24hrTicker","E":1672515782136,"s":"BNBBTC","P":"250.00","c":"0.0025","Q":"10","b":"0.0024","B":"10",
    "a":"0.0026","A":"100","o":"0.0010","h":"0.0025","l":"0.0010","v":"10000","q":"18","n":18151}"""

    time: int = msgspec.field(name="E")
    symbol: str = msgspec.field(name="s")
    change_percent: float = msgspec.field(name="P")
    last: Figure = msgspec.field(name="c")
    last_quantity: Figure = msgspec.field(name="Q")
    bid: Figure = msgspec.field(name="b")
    bid_quantity: Figure = msgspec.field(name="B")
    ask: Figure = msgspec.field(name="a")
    ask_quantity: Figure = msgspec.field(name="A")
    open: Figure = msgspec.field(name="o")
    high: Figure = msgspec.field(name="h")
    low: Figure = msgspec.field(name="l")
    volume: Figure = msgspec.field(name="v")
    quote_volume: Figure = msgspec.field(name="q")
    trades: int = msgspec.field(name="n")
