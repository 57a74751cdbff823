"""The one way through which every REST request goes: counters, key, signature, nonce, handler."""

from __future__ import annotations

from typing import Any

from foxtrot.sandbox.dialect import HttpRequest
from foxtrot_kraken.dialect.desk import ACCOUNT, Desk
from foxtrot_kraken.dialect.errors import WireError
from foxtrot_kraken.dialect.params import Params, parse_body, parse_form
from foxtrot_kraken.dialect.request import Operation, Request

_ALWAYS = ("/Time", "/SystemStatus")  # are answered whatever the state of the venue


class Gate:
    """Check a request in the venue's order, then handle it. Raises WireError."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pass_through(self, operation: Operation, request: HttpRequest) -> Any:
        """Return the result."""
        if not operation.path.endswith(_ALWAYS):
            self._desk.system.check_open()
        return self._private(operation, request) if operation.private else self._public(operation, request)

    def _public(self, operation: Operation, request: HttpRequest) -> Any:
        values = parse_form(request.query)
        if request.body:
            values |= parse_body(request.headers.get("content-type", ""), request.body)
        params = Params(values)
        pair = self._desk.pairs.by_name(params.text("pair") or "")
        self._desk.limits.public(request.remote, operation.path if pair is None else pair.key)
        return operation.handler(self._desk, Request(params))

    def _private(self, operation: Operation, request: HttpRequest) -> Any:
        desk, now, headers = self._desk, self._desk.now_ns(), request.headers
        if request.method != "POST":
            raise WireError("EGeneral:Unknown method")
        key, sign = headers.get("api-key", ""), headers.get("api-sign", "")
        if not key:
            raise WireError("EAPI:Invalid key")
        params = Params(parse_body(headers.get("content-type", ""), request.body))
        desk.keys.check(key, sign, request.path, params.text("nonce") or "", request.body, now)
        try:
            desk.limits.call(key, operation.cost)
        except WireError:
            desk.keys.failed(key, now)
            raise
        desk.keys.succeeded(key)
        return operation.handler(desk, Request(params, ACCOUNT))
