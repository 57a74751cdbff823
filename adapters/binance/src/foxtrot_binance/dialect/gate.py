"""The one way through which every request goes, by REST and by the WS API: counters, keys, signature, handler."""

from __future__ import annotations

from typing import Any

from foxtrot.sandbox.types import Refused
from foxtrot_binance.dialect.desk import Desk
from foxtrot_binance.dialect.errors import WireError, from_refusal
from foxtrot_binance.dialect.params import Params
from foxtrot_binance.dialect.request import Operation, Request, Security

_AUTH = frozenset({"timestamp", "recvWindow", "signature", "apiKey", "returnRateLimits"})
_STREAMS = "userDataStream."


class Gate:
    """Check a request in the venue's order, then handle it. Raises WireError."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pass_through(
        self, operation: Operation, params: Params, key: str | None, payload: str, remote: str
    ) -> tuple[Any, str]:
        """Return the result and whose request it was ("" for a public one)."""
        desk = self._desk
        now = desk.now_ms()
        weight = operation.weight(params, us=desk.profile.us_weights)
        desk.limits.spend(remote, weight, now)
        account, streams = "", operation.ws.startswith(_STREAMS)
        if operation.security is not Security.NONE:
            account = desk.account_of(key, streams=streams)
        unknown = [name for name in params.values if name not in operation.names and name not in _AUTH]
        if unknown:
            sent = len(params.values)
            raise WireError(
                -1104,
                f"Not all sent parameters were read; read '{sent - len(unknown)}' parameter(s) but was sent '{sent}'.",
            )
        if operation.security is Security.SIGNED:
            desk.check_signature(key or "", payload, params, now, streams=streams)
        if operation.orders:
            desk.limits.count_orders(account, operation.orders, now)
        try:
            result = operation.handler(desk, Request(params, account, now))
        except Refused as refused:
            raise from_refusal(refused, desk.profile) from refused
        if operation.refunded and not desk.profile.us_weights:
            desk.limits.refund(remote, weight, now)
        return result, account
