"""What anyone may read by REST: the listing and market data.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#market-data-endpoints
"""

from __future__ import annotations

import msgspec

from foxtrot.protocol.amounts import Figure, Row


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
    filters: list[msgspec.Raw] = msgspec.field(default_factory=list)
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
    """{"timezone":"UTC","serverTime":1565246363776,"rateLimits":[],"symbols":[],
    "exchangeFilters":[{"filterType":"EXCHANGE_MAX_NUM_ORDERS","maxNumOrders":1000}]}"""

    symbols: list[SymbolInfo]
    filters: list[msgspec.Raw] = msgspec.field(name="exchangeFilters", default_factory=list)
    limits: list[RateLimitInfo] = msgspec.field(name="rateLimits", default_factory=list)


class ServerTime(msgspec.Struct, frozen=True):
    """{"serverTime":1499827319559}"""

    at: int = msgspec.field(name="serverTime")


class DepthInfo(msgspec.Struct, frozen=True):
    """{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}"""

    last_id: int = msgspec.field(name="lastUpdateId")
    bids: list[Row]
    asks: list[Row]


class TradeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.0","time":1499865549590,"isBuyerMaker":true}"""

    trade_id: int = msgspec.field(name="id")
    price: Figure
    quantity: Figure = msgspec.field(name="qty")
    time: int
    buyer_is_maker: bool = msgspec.field(name="isBuyerMaker")


class KlineRow(msgspec.Struct, frozen=True, array_like=True):
    """[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,
    "2434.19055334",308,"1756.87402397","28.46694368","0"]"""

    open_time: int
    open: Figure
    high: Figure
    low: Figure
    close: Figure
    volume: Figure
    close_time: int
    quote_volume: Figure
    trades: int


class TickerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """{"symbol":"BNBBTC","priceChangePercent":"-95.960","lastPrice":"4.00000200","lastQty":"200.00000000","bidPrice":"4.0",
    "bidQty":"100.0","askPrice":"4.00000200","askQty":"100.0","openPrice":"99.0","highPrice":"100.0","lowPrice":"0.1",
    "volume":"8913.3","quoteVolume":"15.3","closeTime":1499869899040,"count":76}"""

    symbol: str
    change_percent: float = msgspec.field(name="priceChangePercent", default=0.0)
    last: Figure = msgspec.field(name="lastPrice")
    last_quantity: Figure = msgspec.field(name="lastQty", default=0.0)
    bid: Figure = msgspec.field(name="bidPrice", default=0.0)
    bid_quantity: Figure = msgspec.field(name="bidQty", default=0.0)
    ask: Figure = msgspec.field(name="askPrice", default=0.0)
    ask_quantity: Figure = msgspec.field(name="askQty", default=0.0)
    open: Figure = msgspec.field(name="openPrice")
    high: Figure = msgspec.field(name="highPrice")
    low: Figure = msgspec.field(name="lowPrice")
    volume: Figure
    quote_volume: Figure = msgspec.field(name="quoteVolume")
    close_time: int = msgspec.field(name="closeTime")
    trades: int = msgspec.field(name="count", default=0)


class AveragePrice(msgspec.Struct, frozen=True):
    """{"mins":5,"price":"9.35751834"}"""

    price: str
