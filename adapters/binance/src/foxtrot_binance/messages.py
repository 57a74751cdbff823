"""The venue's JSON as typed structs; each shows a payload as the venue sends it. Unknown fields are tolerated
everywhere.

Money is Decimal, market data float64, both straight from the wire's text.
Source: https://github.com/binance-us/binance-us-api-docs (rest-api.md, web-socket-streams.md, user-data-stream.md)
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

Row = tuple[float, float]


class RateLimitInfo(msgspec.Struct, frozen=True):
    """{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1200}"""

    kind: str = msgspec.field(name="rateLimitType")
    interval: str
    number: int = msgspec.field(name="intervalNum")
    limit: int


class SymbolInfo(msgspec.Struct, frozen=True, kw_only=True):
    """{"symbol":"LTCBTC","status":"TRADING","baseAsset":"LTC","quoteAsset":"BTC","orderTypes":["LIMIT"],"filters":[]}"""

    symbol: str
    status: str
    base: str = msgspec.field(name="baseAsset")
    quote: str = msgspec.field(name="quoteAsset")
    base_precision: int = msgspec.field(name="baseAssetPrecision", default=8)
    quote_precision: int = msgspec.field(name="quotePrecision", default=8)
    base_fee_precision: int = msgspec.field(name="baseCommissionPrecision", default=8)
    quote_fee_precision: int = msgspec.field(name="quoteCommissionPrecision", default=8)
    order_types: list[str] = msgspec.field(name="orderTypes", default_factory=list)
    filters: list[dict[str, Any]] = msgspec.field(default_factory=list)
    permissions: list[str] = msgspec.field(default_factory=list)
    permission_sets: list[list[str]] = msgspec.field(name="permissionSets", default_factory=list)
    stp_modes: list[str] = msgspec.field(name="allowedSelfTradePreventionModes", default_factory=list)
    default_stp_mode: str = msgspec.field(name="defaultSelfTradePreventionMode", default="")
    quote_quantity_allowed: bool = msgspec.field(name="quoteOrderQtyMarketAllowed", default=False)
    iceberg_allowed: bool = msgspec.field(name="icebergAllowed", default=False)
    trailing_allowed: bool = msgspec.field(name="allowTrailingStop", default=False)
    replace_allowed: bool = msgspec.field(name="cancelReplaceAllowed", default=False)
    amend_allowed: bool = msgspec.field(name="amendAllowed", default=False)


class ExchangeInfo(msgspec.Struct, frozen=True):
    """{"timezone":"UTC","serverTime":1565246363776,"rateLimits":[],"exchangeFilters":[],"symbols":[]}"""

    symbols: list[SymbolInfo]
    limits: list[RateLimitInfo] = msgspec.field(name="rateLimits", default_factory=list)


class ServerTime(msgspec.Struct, frozen=True):
    """{"serverTime":1499827319559}"""

    at: int = msgspec.field(name="serverTime")


class BalanceInfo(msgspec.Struct, frozen=True):
    """{"asset":"BTC","free":"4723846.89208129","locked":"0.00000000"}"""

    asset: str
    free: Decimal
    locked: Decimal


class AccountInfo(msgspec.Struct, frozen=True):
    """{"makerCommission":15,"balances":[{"asset":"BTC","free":"4723846.89208129","locked":"0.00000000"}]}"""

    balances: list[BalanceInfo]


class FeeInfo(msgspec.Struct, frozen=True):
    """{"symbol":"1INCHUSD","makerCommission":"0.004","takerCommission":"0.006"}"""

    symbol: str
    maker: Decimal = msgspec.field(name="makerCommission")
    taker: Decimal = msgspec.field(name="takerCommission")


class FillInfo(msgspec.Struct, frozen=True):
    """{"price":"4000.00000000","qty":"1.00000000","commission":"4.00000000","commissionAsset":"USDT","tradeId":56}"""

    price: Decimal
    quantity: Decimal = msgspec.field(name="qty")
    fee: Decimal = msgspec.field(name="commission")
    fee_asset: str = msgspec.field(name="commissionAsset")
    trade_id: int = msgspec.field(name="tradeId")


class OrderInfo(msgspec.Struct, frozen=True, kw_only=True):
    """{"symbol":"LTCBTC","orderId":1,"clientOrderId":"myOrder1","price":"0.1","origQty":"1.0","executedQty":"0.0",
    "cummulativeQuoteQty":"0.0","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","time":1499827319559}

    Also the replies to place and cancel; a cancel names the order in `origClientOrderId`. `orderId` is mandatory: an
    answer without one is unreadable, never an order.
    """

    symbol: str
    order_id: int = msgspec.field(name="orderId")
    client_order_id: str = msgspec.field(name="clientOrderId", default="")
    original_client_order_id: str = msgspec.field(name="origClientOrderId", default="")
    price: Decimal | None = None
    quantity: Decimal | None = msgspec.field(name="origQty", default=None)
    quote_quantity: Decimal | None = msgspec.field(name="origQuoteOrderQty", default=None)
    filled: Decimal | None = msgspec.field(name="executedQty", default=None)
    filled_quote: Decimal | None = msgspec.field(name="cummulativeQuoteQty", default=None)
    status: str = "NEW"
    time_in_force: str = msgspec.field(name="timeInForce", default="")
    type: str = ""
    side: str = ""
    stop_price: Decimal | None = msgspec.field(name="stopPrice", default=None)
    iceberg_quantity: Decimal | None = msgspec.field(name="icebergQty", default=None)
    stp_mode: str = msgspec.field(name="selfTradePreventionMode", default="")
    created: int = msgspec.field(name="time", default=0)
    updated: int = msgspec.field(name="updateTime", default=0)
    transacted: int = msgspec.field(name="transactTime", default=0)
    fills: list[FillInfo] = msgspec.field(default_factory=list)


class ErrorInfo(msgspec.Struct, frozen=True):
    """{"code":-1121,"msg":"Invalid symbol."}"""

    code: int
    text: str = msgspec.field(name="msg", default="")
    data: msgspec.Raw = msgspec.Raw(b"null")


class ReplaceInfo(msgspec.Struct, frozen=True):
    """{"cancelResult":"SUCCESS","newOrderResult":"SUCCESS","cancelResponse":{},"newOrderResponse":{}}"""

    cancel_result: str = msgspec.field(name="cancelResult")
    new_result: str = msgspec.field(name="newOrderResult")
    cancel: msgspec.Raw = msgspec.field(name="cancelResponse", default=msgspec.Raw(b"null"))
    new: msgspec.Raw = msgspec.field(name="newOrderResponse", default=msgspec.Raw(b"null"))


class MyTradeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """{"symbol":"BNBBTC","id":28457,"orderId":100234,"orderListId":-1,"price":"4.00000100","qty":"12.00000000",
    "quoteQty":"48.000012","commission":"10.10000000","commissionAsset":"BNB","time":1499865549590,"isBuyer":true,
    "isMaker":false,"isBestMatch":true}"""

    symbol: str
    trade_id: int = msgspec.field(name="id")
    order_id: int = msgspec.field(name="orderId")
    price: Decimal
    quantity: Decimal = msgspec.field(name="qty")
    quote_quantity: Decimal = msgspec.field(name="quoteQty")
    fee: Decimal = msgspec.field(name="commission")
    fee_asset: str = msgspec.field(name="commissionAsset")
    time: int
    is_buyer: bool = msgspec.field(name="isBuyer")
    is_maker: bool = msgspec.field(name="isMaker")


class DepthInfo(msgspec.Struct, frozen=True):
    """{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}"""

    last_id: int = msgspec.field(name="lastUpdateId")
    bids: list[Row]
    asks: list[Row]


class TradeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.0","time":1499865549590,"isBuyerMaker":true}"""

    trade_id: int = msgspec.field(name="id")
    price: float
    quantity: float = msgspec.field(name="qty")
    time: int
    buyer_is_maker: bool = msgspec.field(name="isBuyerMaker")


class TickerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """{"symbol":"BNBBTC","priceChangePercent":"-95.960","lastPrice":"4.00000200","lastQty":"200.00000000","bidPrice":"4.0",
    "bidQty":"100.0","askPrice":"4.00000200","askQty":"100.0","openPrice":"99.0","highPrice":"100.0","lowPrice":"0.1",
    "volume":"8913.3","quoteVolume":"15.3","closeTime":1499869899040,"count":76}"""

    symbol: str
    change_percent: float = msgspec.field(name="priceChangePercent", default=0.0)
    last: float = msgspec.field(name="lastPrice")
    last_quantity: float = msgspec.field(name="lastQty", default=0.0)
    bid: float = msgspec.field(name="bidPrice", default=0.0)
    bid_quantity: float = msgspec.field(name="bidQty", default=0.0)
    ask: float = msgspec.field(name="askPrice", default=0.0)
    ask_quantity: float = msgspec.field(name="askQty", default=0.0)
    open: float = msgspec.field(name="openPrice")
    high: float = msgspec.field(name="highPrice")
    low: float = msgspec.field(name="lowPrice")
    volume: float
    quote_volume: float = msgspec.field(name="quoteVolume")
    close_time: int = msgspec.field(name="closeTime")
    trades: int = msgspec.field(name="count", default=0)


class AveragePrice(msgspec.Struct, frozen=True):
    """{"mins":5,"price":"9.35751834"}"""

    price: str


class ListenKey(msgspec.Struct, frozen=True):
    """{"listenKey":"pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"}"""

    key: str = msgspec.field(name="listenKey")


# streams


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

    symbol: str = msgspec.field(name="s")
    trade_id: int = msgspec.field(name="t")
    price: float = msgspec.field(name="p")
    quantity: float = msgspec.field(name="q")
    time: int = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class StreamQuote(msgspec.Struct, frozen=True, gc=False):
    """{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"""

    update_id: int = msgspec.field(name="u")
    symbol: str = msgspec.field(name="s")
    bid: float = msgspec.field(name="b")
    bid_quantity: float = msgspec.field(name="B")
    ask: float = msgspec.field(name="a")
    ask_quantity: float = msgspec.field(name="A")


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
    open: float = msgspec.field(name="o")
    close: float = msgspec.field(name="c")
    high: float = msgspec.field(name="h")
    low: float = msgspec.field(name="l")
    volume: float = msgspec.field(name="v")
    trades: int = msgspec.field(name="n")
    closed: bool = msgspec.field(name="x")
    quote_volume: float = msgspec.field(name="q")


class StreamKline(msgspec.Struct, frozen=True, gc=False):
    """{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{}}"""

    time: int = msgspec.field(name="E")
    kline: Kline = msgspec.field(name="k")


class StreamTicker(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """{"e":"24hrTicker","E":1672515782136,"s":"BNBBTC","P":"250.00","c":"0.0025","Q":"10","b":"0.0024","B":"10",
    "a":"0.0026","A":"100","o":"0.0010","h":"0.0025","l":"0.0010","v":"10000","q":"18","n":18151}"""

    time: int = msgspec.field(name="E")
    symbol: str = msgspec.field(name="s")
    change_percent: float = msgspec.field(name="P")
    last: float = msgspec.field(name="c")
    last_quantity: float = msgspec.field(name="Q")
    bid: float = msgspec.field(name="b")
    bid_quantity: float = msgspec.field(name="B")
    ask: float = msgspec.field(name="a")
    ask_quantity: float = msgspec.field(name="A")
    open: float = msgspec.field(name="o")
    high: float = msgspec.field(name="h")
    low: float = msgspec.field(name="l")
    volume: float = msgspec.field(name="v")
    quote_volume: float = msgspec.field(name="q")
    trades: int = msgspec.field(name="n")


# the private stream


class UserFrame(msgspec.Struct, frozen=True):
    """{"subscriptionId":0,"event":{}} or {"stream":"<listenKey>","data":{}} or {"id":1,"status":200,"result":{}}"""

    event: msgspec.Raw = msgspec.Raw(b"")
    data: msgspec.Raw = msgspec.Raw(b"")
    id: int | str | None = None
    status: int | None = None
    error: ErrorInfo | None = None
    kind: str = msgspec.field(name="e", default="")


class EventHead(msgspec.Struct, frozen=True):
    """{"e":"executionReport","E":1499405658658}"""

    kind: str = msgspec.field(name="e", default="")
    time: int = msgspec.field(name="E", default=0)


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True):
    """{"e":"executionReport","E":1499405658658,"s":"ETHBTC","c":"mUvoqJxFIILMdfAW5iGSOW","S":"BUY","o":"LIMIT","f":"GTC",
    "q":"1.00000000","p":"0.10264410","P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"NEW","X":"NEW","r":"NONE",
    "i":4293153,"l":"0.00000000","z":"0.00000000","L":"0.00000000","n":"0","N":null,"T":1499405658657,"t":-1,
    "I":8641984,"w":true,"m":false,"M":false,"O":1499405658657,"Z":"0.00000000","Y":"0.00000000","Q":"0.00000000",
    "W":1499405658657,"V":"EXPIRE_MAKER"}"""

    symbol: str = msgspec.field(name="s")
    client_order_id: str = msgspec.field(name="c")
    original_client_order_id: str = msgspec.field(name="C", default="")
    side: str = msgspec.field(name="S")
    type: str = msgspec.field(name="o")
    time_in_force: str = msgspec.field(name="f", default="")
    quantity: Decimal = msgspec.field(name="q")
    price: Decimal = msgspec.field(name="p")
    stop_price: Decimal = msgspec.field(name="P")
    iceberg_quantity: Decimal = msgspec.field(name="F")
    execution: str = msgspec.field(name="x")
    status: str = msgspec.field(name="X")
    reject_reason: str = msgspec.field(name="r", default="NONE")
    order_id: int = msgspec.field(name="i")
    last_quantity: Decimal = msgspec.field(name="l")
    filled: Decimal = msgspec.field(name="z")
    last_price: Decimal = msgspec.field(name="L")
    fee: Decimal = msgspec.field(name="n")
    fee_asset: str | None = msgspec.field(name="N", default=None)
    time: int = msgspec.field(name="T")
    trade_id: int = msgspec.field(name="t", default=-1)
    is_maker: bool = msgspec.field(name="m", default=False)
    created: int = msgspec.field(name="O", default=0)
    filled_quote: Decimal = msgspec.field(name="Z")
    last_quote: Decimal = msgspec.field(name="Y")
    quote_quantity: Decimal = msgspec.field(name="Q", default=Decimal(0))
    stp_mode: str = msgspec.field(name="V", default="")


class PositionBalance(msgspec.Struct, frozen=True):
    """{"a":"ETH","f":"10000.000000","l":"0.000000"}"""

    asset: str = msgspec.field(name="a")
    free: Decimal = msgspec.field(name="f")
    locked: Decimal = msgspec.field(name="l")


class AccountPosition(msgspec.Struct, frozen=True):
    """{"e":"outboundAccountPosition","E":1564034571105,"u":1564034571073,"B":[{"a":"ETH","f":"10000.0","l":"0.0"}]}"""

    time: int = msgspec.field(name="E")
    balances: list[PositionBalance] = msgspec.field(name="B")


class BalanceChange(msgspec.Struct, frozen=True):
    """{"e":"balanceUpdate","E":1573200697110,"a":"BTC","d":"100.00000000","T":1573200697068}"""

    time: int = msgspec.field(name="E")
    asset: str = msgspec.field(name="a")
    delta: Decimal = msgspec.field(name="d")


class RpcReply(msgspec.Struct, frozen=True):
    """{"id":"51e2affb","status":200,"result":{},"rateLimits":[]} or
    {"id":1,"status":400,"error":{"code":-2010,"msg":"…"}}"""

    status: int
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"")
    limits: list[dict[str, Any]] = msgspec.field(name="rateLimits", default_factory=list)
