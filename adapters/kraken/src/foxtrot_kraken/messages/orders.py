"""Orders as REST tells them, and what commands answer.

Source: https://docs.kraken.com/api/docs/rest-api/get-open-orders and add-order, amend-order, cancel-order
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot.protocol.amounts import Money


class OrderDescription(msgspec.Struct, frozen=True):
    """{"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"37500.0","price2":"0","leverage":"none","order":
    "buy 1.25 XBTUSD @ limit 37500.0","close":""}"""

    pair: str = ""
    type: str = ""
    ordertype: str = ""
    price: str = ""
    price2: str = ""


class OrderInfo(Money, frozen=True):
    """{"refid":null,"userref":0,"cl_ord_id":"mine","status":"open","opentm":1688666559.8974,"expiretm":0,"descr":{"pair":
    "XBTUSD","type":"buy","ordertype":"limit","price":"30010.0","price2":"0"},"vol":"1.25","vol_exec":"0.375","cost":
    "11253.7","fee":"0.0","price":"30010.0","stopprice":"0.0","limitprice":"0.0","misc":"","oflags":"fciq","reason":
    null}"""

    status: str
    descr: OrderDescription
    vol: Decimal
    vol_exec: Decimal
    cost: Decimal = Decimal(0)
    opentm: Decimal = Decimal(0)
    cl_ord_id: str | None = None
    displayvol: Decimal | None = None
    stopprice: Decimal | None = None
    oflags: str | None = None
    timeinforce: str | None = None
    stptype: str | None = None
    reason: str | None = None


class OpenOrders(msgspec.Struct, frozen=True):
    """{"open":{}}"""

    open: dict[str, OrderInfo]


class ClosedOrders(msgspec.Struct, frozen=True):
    """{"closed":{},"count":0}"""

    closed: dict[str, OrderInfo]


class Placed(msgspec.Struct, frozen=True):
    """{"descr":{"order":"buy 1.25 XBTUSD @ limit 37500.0"},"txid":["OUF4EM-FRGI2-MQMWZD"]} by REST, by WebSocket
    {"order_id":"OPS23M-VS41G-DDE5Z2","cl_ord_id":"client-zero"}"""

    txid: list[str] = []
    order_id: str = ""


class Canceled(msgspec.Struct, frozen=True):
    """{"count":1,"pending":false} by REST, by WebSocket {"order_id":"1V7PZA-L5RIM-RX2G6B"}"""

    count: int = 0
    pending: bool = False
    order_id: str = ""
    cl_ord_id: str = ""


class Amended(msgspec.Struct, frozen=True):
    """{"amend_id":"1M2JV8-OEJZD-G5GSBF"}"""

    amend_id: str
