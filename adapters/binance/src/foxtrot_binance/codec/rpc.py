"""Calls over the WebSocket API: the REST requests under other names, signed over sorted parameters.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/web-socket-api.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints
from foxtrot_binance import messages as wire

Sign = Callable[[bytes], str]
_REPLY = msgspec.json.Decoder(wire.RpcReply)
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
_HEADERS = {
    ("REQUEST_WEIGHT", "MINUTE", 1): "x-mbx-used-weight-1m",
    ("ORDERS", "SECOND", 10): "x-mbx-order-count-10s",
    ("ORDERS", "DAY", 1): "x-mbx-order-count-1d",
}


class BinanceRpcCodec:
    """Turn calls into WebSocket API requests and replies into the shape of their REST twins."""

    def __init__(self, api_key: str, sign: Sign) -> None:
        self._api_key = api_key
        self._sign = sign

    def url(self, endpoints: Endpoints) -> str:
        """Return the WebSocket API's URL."""
        return endpoints.ws_api

    def supports(self, call: Call[Any]) -> bool:
        """Tell whether the call has a WebSocket API method."""
        return call.endpoint in _METHODS

    def encode(self, call: Call[Any], request_id: int, now_ms: int) -> bytes:
        """Encode and sign a request."""
        params = signed_params(call.params, self._api_key, now_ms, self._sign)
        return msgspec.json.encode({"id": request_id, "method": _METHODS[call.endpoint], "params": params})

    def decode(self, data: bytes) -> tuple[int | str | None, RawResponse]:
        """Return the request's id and the answer as REST would have given it."""
        reply = _REPLY.decode(data)
        headers = {
            _HEADERS[key]: str(limit.get("count", 0))
            for limit in reply.limits
            if (key := (limit.get("rateLimitType"), limit.get("interval"), limit.get("intervalNum"))) in _HEADERS
        }
        return reply.id, RawResponse(reply.status, headers, bytes(reply.error) or bytes(reply.result))


def signed_params(params: Mapping[str, str], api_key: str, now_ms: int, sign: Sign) -> dict[str, str | int]:
    """Return the parameters with key, time and signature."""
    complete: dict[str, str | int] = {**params, "apiKey": api_key, "timestamp": now_ms}
    payload = "&".join(f"{name}={complete[name]}" for name in sorted(complete))
    return complete | {"signature": sign(payload.encode())}
