"""What the private streams and the WebSocket API say.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/user-data-stream.md and web-socket-api.md
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot.protocol.amounts import Money
from foxtrot_binance.messages.orders import ErrorInfo


class ListenKey(msgspec.Struct, frozen=True):
    """{"listenKey":"pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"}"""

    key: str = msgspec.field(name="listenKey")


class UserFrame(msgspec.Struct, frozen=True):
    """{"subscriptionId":0,"event":{}} or {"stream":"<listenKey>","data":{}} or {"id":1,"status":200,"result":{}}"""

    event: msgspec.Raw = msgspec.Raw(b"")
    data: msgspec.Raw = msgspec.Raw(b"")
    id: int | str | None = None
    status: int | None = None
    error: ErrorInfo | None = None


class EventHead(msgspec.Struct, frozen=True):
    """{"e":"executionReport","E":1499405658658}"""

    kind: str = msgspec.field(name="e", default="")


class ExecutionReport(Money, frozen=True, kw_only=True):
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
    expiry_reason: str = msgspec.field(name="eR", default="")
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


class PositionBalance(Money, frozen=True):
    """{"a":"ETH","f":"10000.000000","l":"0.000000"}"""

    asset: str = msgspec.field(name="a")
    free: Decimal = msgspec.field(name="f")
    locked: Decimal = msgspec.field(name="l")


class AccountPosition(msgspec.Struct, frozen=True):
    """{"e":"outboundAccountPosition","E":1564034571105,"u":1564034571073,"B":[{"a":"ETH","f":"10000.0","l":"0.0"}]}"""

    time: int = msgspec.field(name="E")
    balances: list[PositionBalance] = msgspec.field(name="B")


class BalanceChange(Money, frozen=True):
    """{"e":"balanceUpdate","E":1573200697110,"a":"BTC","d":"100.00000000","T":1573200697068}"""

    time: int = msgspec.field(name="E")
    asset: str = msgspec.field(name="a")
    delta: Decimal = msgspec.field(name="d")


class ExternalLock(Money, frozen=True):
    """{"e":"externalLockUpdate","E":1581557507324,"a":"NEO","d":"10.00000000","T":1581557507268}"""

    time: int = msgspec.field(name="E")
    asset: str = msgspec.field(name="a")


class RpcLimit(msgspec.Struct, frozen=True):
    """{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1200,"count":11}"""

    kind: str = msgspec.field(name="rateLimitType")
    interval: str
    number: int = msgspec.field(name="intervalNum")
    count: int = 0


class RetryInfo(msgspec.Struct, frozen=True):
    """{"serverTime":1660801715431,"retryAfter":1660801715441}"""

    server_time: int = msgspec.field(name="serverTime")
    retry_after: int = msgspec.field(name="retryAfter")


class RpcReply(msgspec.Struct, frozen=True):
    """{"id":"51e2affb","status":200,"result":{},"rateLimits":[]} or
    {"id":1,"status":400,"error":{"code":-2010,"msg":"…"}}"""

    status: int
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"")
    limits: list[RpcLimit] = msgspec.field(name="rateLimits", default_factory=list)
