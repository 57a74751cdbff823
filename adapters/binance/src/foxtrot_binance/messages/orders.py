"""What an account reads by REST, and what goes wrong.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#account-endpoints and errors.md
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot.protocol.amounts import Money


class BalanceInfo(Money, frozen=True):
    """{"asset":"BTC","free":"4723846.89208129","locked":"0.00000000"}"""

    asset: str
    free: Decimal
    locked: Decimal


class AccountInfo(msgspec.Struct, frozen=True):
    """{"makerCommission":15,"balances":[{"asset":"BTC","free":"4723846.89208129","locked":"0.00000000"}]}"""

    balances: list[BalanceInfo]


class FeeInfo(Money, frozen=True):
    """{"symbol":"1INCHUSD","makerCommission":"0.004","takerCommission":"0.006"}"""

    symbol: str
    maker: Decimal = msgspec.field(name="makerCommission")
    taker: Decimal = msgspec.field(name="takerCommission")


class FillInfo(Money, frozen=True):
    """{"price":"4000.00000000","qty":"1.00000000","commission":"4.00000000","commissionAsset":"USDT","tradeId":56}"""

    price: Decimal
    quantity: Decimal = msgspec.field(name="qty")
    fee: Decimal = msgspec.field(name="commission")
    fee_asset: str = msgspec.field(name="commissionAsset")
    trade_id: int = msgspec.field(name="tradeId")


class OrderInfo(Money, frozen=True, kw_only=True):
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
    status: str = ""
    time_in_force: str = msgspec.field(name="timeInForce", default="")
    type: str = ""
    side: str = ""
    stop_price: Decimal | None = msgspec.field(name="stopPrice", default=None)
    iceberg_quantity: Decimal | None = msgspec.field(name="icebergQty", default=None)
    stp_mode: str = msgspec.field(name="selfTradePreventionMode", default="")
    created: int = msgspec.field(name="time", default=0)
    updated: int = msgspec.field(name="updateTime", default=0)
    transacted: int = msgspec.field(name="transactTime", default=0)
    expiry_reason: str = msgspec.field(name="expiryReason", default="")
    fills: list[FillInfo] = msgspec.field(default_factory=list)


class OrderListInfo(msgspec.Struct, frozen=True):
    """{"orderListId":1929,"contingencyType":"OCO","listOrderStatus":"ALL_DONE","symbol":"LTCBTC",
    "orderReports":[{"symbol":"LTCBTC","origClientOrderId":"leg1","orderId":20,"status":"CANCELED","type":"LIMIT_MAKER"}]}

    Stands among the canceled orders of a symbol for all legs of a list; a single order has no reports.
    """

    reports: list[OrderInfo] = msgspec.field(name="orderReports", default_factory=list)


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


class PartialReplace(msgspec.Struct, frozen=True):
    """{"code":-2022,"msg":"Order cancel-replace failed.",
    "data":{"cancelResult":"FAILURE","newOrderResult":"NOT_ATTEMPTED",
    "cancelResponse":{"code":-2011,"msg":"Unknown order sent."},"newOrderResponse":null}}"""

    data: ReplaceInfo | None = None


class MyTradeInfo(Money, frozen=True, kw_only=True):
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
