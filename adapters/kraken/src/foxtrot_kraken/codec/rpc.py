"""Commands over the authenticated WebSocket: the REST requests under other names, with numbers for amounts.

Source: https://docs.kraken.com/api/docs/websocket-v2/add_order and the pages beside it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.user import TOKEN_REFUSED, token_call
from foxtrot_kraken.messages.market import Answer
from foxtrot_kraken.messages.streams import Control

_CONTROL = msgspec.json.Decoder(Control)
_METHODS = {
    "privatePostAddOrder": "add_order",
    "privatePostAmendOrder": "amend_order",
    "privatePostCancelOrder": "cancel_order",
    "privatePostCancelAllOrdersAfter": "cancel_all_orders_after",
}
_TRIGGERED = ("stop-loss", "take-profit", "trailing-stop")
Value = Any


class KrakenRpcCodec:
    """Turn calls into trading requests and replies into the shape of their REST twins."""

    max_life_s = 600.0  # a token serves for 900 s unless a private subscription keeps it alive

    def __init__(self, symbols: SymbolTable) -> None:
        self._symbols = symbols

    def url(self, endpoints: Endpoints) -> str:
        """Return the authenticated WebSocket's URL."""
        return endpoints.ws_api

    def open_call(self) -> Call[str] | None:
        """Ask for a token."""
        return token_call()

    def supports(self, call: Call[Any]) -> bool:
        """Tell whether the call has a method here."""
        return call.endpoint in _METHODS

    def encode(self, call: Call[Any], request_id: int, now_ms: int, token: str) -> bytes:
        """Encode a request."""
        method = _METHODS[call.endpoint]
        params = _WRITERS[method](dict(call.params))
        if "symbol" in params:
            params["symbol"] = self._symbols.unified(params["symbol"])
        return msgspec.json.encode({"method": method, "params": params | {"token": token}, "req_id": request_id})

    def decode(self, data: bytes) -> tuple[int | str | None, RawResponse] | None:
        """Return the request's id and the answer as REST would have given it; None for heartbeats and the like.

        A frame that cannot be read comes back without an id and with status 0; never raises.
        """
        try:
            reply = _CONTROL.decode(data)
        except (msgspec.MsgspecError, RecursionError):
            return None, RawResponse(0, {}, data)
        if not reply.method and not reply.refused:
            return None
        if reply.success is None:
            return None, RawResponse(0, {}, data)
        answer = {"error": [], "result": reply.result} if reply.success else {"error": [reply.refusal]}
        return reply.req_id, RawResponse(200, {}, msgspec.json.encode(answer))

    def stale(self, response: RawResponse) -> bool:
        """Tell whether an answer refuses the token."""
        errors = msgspec.json.decode(response.body, type=Answer).error
        return any(text.startswith(TOKEN_REFUSED) for text in errors)


def _add(params: dict[str, str]) -> dict[str, Value]:
    kind, flags = params["ordertype"], params["oflags"].split(",")
    volume = "cash_order_qty" if "viqc" in flags else "order_qty"
    sent: dict[str, Value] = {
        "order_type": kind,
        "side": params["type"],
        "symbol": params["pair"],
        volume: _number(params["volume"]),
        "cl_ord_id": params["cl_ord_id"],
        "fee_preference": "quote",
    }
    price = params.get("price")
    if price is not None and kind.startswith(_TRIGGERED):
        relative = price.startswith("+")
        sent["triggers"] = {
            "reference": "last",
            "price": _number(price.removeprefix("+")),
            "price_type": "quote" if relative else "static",
        }
        price = params.get("price2")
    if price is not None:
        sent["limit_price"] = _number(price)
    if "post" in flags:
        sent["post_only"] = True
    if "displayvol" in params:
        sent["display_qty"] = _number(params["displayvol"])
    if "timeinforce" in params:
        sent["time_in_force"] = params["timeinforce"].lower()
    if "stptype" in params:
        sent["stp_type"] = params["stptype"].replace("-", "_")
    if "validate" in params:
        sent["validate"] = True
    return sent


def _amend(params: dict[str, str]) -> dict[str, Value]:
    sent: dict[str, Value] = {n: _number(params[n]) for n in ("order_qty", "limit_price") if n in params}
    if "post_only" in params:
        sent["post_only"] = True
    return sent | ({"order_id": params["txid"]} if "txid" in params else {"cl_ord_id": params["cl_ord_id"]})


def _cancel(params: dict[str, str]) -> dict[str, Value]:
    return {"order_id": [params["txid"]]} if "txid" in params else {"cl_ord_id": [params["cl_ord_id"]]}


def _after(params: dict[str, str]) -> dict[str, Value]:
    return {"timeout": int(params["timeout"])}


def _number(text: str) -> msgspec.Raw:
    """Return an amount as a JSON number with exactly its digits; texts are refused there."""
    return msgspec.Raw(text.encode())


_WRITERS: dict[str, Callable[[dict[str, str]], dict[str, Value]]] = {
    "add_order": _add,
    "amend_order": _amend,
    "cancel_order": _cancel,
    "cancel_all_orders_after": _after,
}
