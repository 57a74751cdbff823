"""Calls over the WebSocket API: the REST requests under other names, signed over sorted parameters.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/web-socket-api.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from foxtrot import adapting as fx
from foxtrot_binance.mapping import to_header
from foxtrot_binance.messages import orders, private

Sign = Callable[[bytes], str]
_REPLY = msgspec.json.Decoder(private.RpcReply)
_METHODS = {
    "privatePostOrder": "order.place",
    "privatePostOrderTest": "order.test",
    "privatePostOrderCancelReplace": "order.cancelReplace",
    "privateGetOrder": "order.status",
    "privateDeleteOrder": "order.cancel",
    "privateDeleteOpenOrders": "openOrders.cancelAll",
    "privateGetOpenOrders": "openOrders.status",
    "privateGetAllOrders": "allOrders",
    "privateGetMyTrades": "myTrades",
    "privateGetAccount": "account.status",
}
# JSON numbers in the documented requests; amounts are strings.
_INTEGERS = frozenset({"orderId", "cancelOrderId", "fromId", "limit", "startTime", "endTime", "recvWindow"})


class BinanceRpcCodec(fx.RpcCodec):
    """Turn calls into WebSocket API requests and replies into the shape of their REST twins."""

    def __init__(self, api_key: str, sign: Sign) -> None:
        self._api_key = api_key
        self._sign = sign

    def supports(self, call: fx.Call[Any]) -> bool:
        """Tell whether the call has a WebSocket API method."""
        return call.endpoint in _METHODS

    def encode(self, call: fx.Call[Any], request_id: int, now_ms: int, token: str) -> bytes:
        """Encode and sign a request."""
        params = signed_params(call.params, self._api_key, now_ms, self._sign)
        return msgspec.json.encode({"id": request_id, "method": _METHODS[call.endpoint], "params": params})

    def decode(self, data: bytes) -> tuple[int | str | None, fx.RawResponse]:
        """Return the request's id and the answer as REST would have given it.

        A frame that answers nothing or cannot be read comes back without an id and with status 0; never raises.
        """
        try:
            reply = _REPLY.decode(data)
        except (msgspec.MsgspecError, RecursionError):
            return None, fx.RawResponse(0, {}, data)
        headers = {
            name: str(limit.count)
            for limit in reply.limits
            if (name := to_header(limit.kind, limit.interval, limit.number)) is not None
        }
        if reply.status in (418, 429):
            headers |= _retry_after(bytes(reply.error))
        return reply.id, fx.RawResponse(reply.status, headers, bytes(reply.error) or bytes(reply.result))


def signed_params(params: Mapping[str, str], api_key: str, now_ms: int, sign: Sign) -> dict[str, str | int]:
    """Return the parameters with key, time and signature."""
    complete: dict[str, str | int] = {**params, "apiKey": api_key, "timestamp": now_ms}
    for name in _INTEGERS & params.keys():
        complete[name] = int(params[name])
    payload = "&".join(map("%s=%s".__mod__, sorted(complete.items())))
    return complete | {"signature": sign(payload.encode())}


def _retry_after(error: bytes) -> dict[str, str]:
    """Return the header that REST sends, out of {"code":-1003,"data":{"serverTime":1,"retryAfter":2}} (ms)."""
    try:
        times = msgspec.json.decode(msgspec.json.decode(error, type=orders.ErrorInfo).data, type=private.RetryInfo)
    except msgspec.MsgspecError:
        return {}  # the answer does not say how long
    return {"retry-after": str(max(0, -((times.server_time - times.retry_after) // 1_000)))}
