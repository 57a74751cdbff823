"""Commands over the authenticated WebSocket: the REST requests under other names, with numbers for amounts.

Source: https://docs.kraken.com/api/docs/websocket-v2/add_order and the pages beside it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from foxtrot import adapting as fx
from foxtrot_kraken.codec.user import TOKEN_REFUSED, token_call
from foxtrot_kraken.messages.market import Answer
from foxtrot_kraken.messages.streams import Frame

_FRAME = msgspec.json.Decoder(Frame)
_METHODS = {
    "privatePostAddOrder": "add_order",
    "privatePostAmendOrder": "amend_order",
    "privatePostCancelOrder": "cancel_order",
    "privatePostCancelAllOrdersAfter": "cancel_all_orders_after",
}
_TRIGGERED = ("stop-loss", "take-profit", "trailing-stop")


def _number(text: str) -> msgspec.Raw:
    """Return an amount as a JSON number with exactly its digits; texts are refused there."""
    return msgspec.Raw(text.encode())


# Parameter by REST: its name here, and what its text becomes.
_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "pair": ("symbol", str),
    "type": ("side", str),
    "ordertype": ("order_type", str),
    "cl_ord_id": ("cl_ord_id", str),
    "txid": ("order_id", str),
    "volume": ("order_qty", _number),
    "order_qty": ("order_qty", _number),
    "price": ("limit_price", _number),
    "limit_price": ("limit_price", _number),
    "displayvol": ("display_qty", _number),
    "timeinforce": ("time_in_force", str.lower),
    "stptype": ("stp_type", lambda word: word.replace("-", "_")),
    "post_only": ("post_only", bool),
    "validate": ("validate", bool),
    "timeout": ("timeout", int),
}


class KrakenRpcCodec(fx.RpcCodec):
    """Turn calls into trading requests and replies into the shape of their REST twins."""

    max_life_s = 600.0  # a token serves for 900 s unless a private subscription keeps it alive

    def __init__(self, symbols: fx.SymbolTable) -> None:
        self._symbols = symbols

    def open_call(self) -> fx.Call[str] | None:
        """Ask for a token."""
        return token_call()

    def supports(self, call: fx.Call[Any]) -> bool:
        """Tell whether the call has a method here."""
        return call.endpoint in _METHODS

    def encode(self, call: fx.Call[Any], request_id: int, now_ms: int, token: str) -> bytes:
        """Encode a request."""
        method, params = _METHODS[call.endpoint], _translated(call.params)
        if "symbol" in params:
            params["symbol"] = self._symbols.unified(params["symbol"])
        if method == "cancel_order":
            params = {name: [value] for name, value in params.items()}
        return msgspec.json.encode({"method": method, "params": params | {"token": token}, "req_id": request_id})

    def decode(self, data: bytes) -> tuple[int | str | None, fx.RawResponse] | None:
        """Return the request's id and the answer as REST would have given it; None for heartbeats and the like.

        A refusal for rate has no id. A frame that cannot be read has none either, and status 0; never raises.
        """
        try:
            reply = _FRAME.decode(data)
        except (msgspec.MsgspecError, RecursionError):
            return None, fx.RawResponse(0, {}, data)
        if not reply.method and not reply.refused:
            return None
        if reply.success is None and not reply.refused:
            return None, fx.RawResponse(0, {}, data)
        answer = {"error": [], "result": reply.result} if reply.success else {"error": [reply.refusal]}
        return reply.req_id, fx.RawResponse(200, {}, msgspec.json.encode(answer))

    def stale(self, response: fx.RawResponse) -> bool:
        """Tell whether an answer refuses the token."""
        errors = msgspec.json.decode(response.body, type=Answer).error
        return any(text.startswith(TOKEN_REFUSED) for text in errors)


def _translated(params: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters under their names here; flags become fields, and a trigger stands apart from the limit."""
    given, flags = dict(params), params.get("oflags", "").split(",")
    added: dict[str, Any] = {"fee_preference": "quote"} if "fciq" in flags else {}
    if "post" in flags:
        added["post_only"] = True
    if "viqc" in flags:
        added["cash_order_qty"] = _number(given.pop("volume"))
    if "price" in given and given["ordertype"].startswith(_TRIGGERED):
        price, kind = given.pop("price"), "quote" if params["price"].startswith("+") else "static"
        added["triggers"] = {"reference": "last", "price": _number(price.removeprefix("+")), "price_type": kind}
        given |= {"price": given["price2"]} if "price2" in given else {}
    return {name: write(given[field]) for field, (name, write) in _FIELDS.items() if field in given} | added
