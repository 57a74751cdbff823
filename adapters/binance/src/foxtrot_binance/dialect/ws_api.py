"""The WS API: the REST operations, and private events, over one socket.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/web-socket-api.md
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec

from foxtrot.sandbox.dialect import Send
from foxtrot_binance.dialect.desk import Desk, ws_payload
from foxtrot_binance.dialect.errors import WireError, illegal
from foxtrot_binance.dialect.gate import Gate
from foxtrot_binance.dialect.params import Params
from foxtrot_binance.dialect.request import Operation, Request, Security
from foxtrot_binance.dialect.users import UserStreams, text_of

_LONGEST_ID = 36


class _Message(msgspec.Struct):
    """{"id": "56374a46", "method": "order.place", "params": {"symbol": "BTCUSDT"}}"""

    method: str
    id: Any = None
    params: dict[str, Any] | None = None


class WsApiSocket:
    """One client of /ws-api/v3."""

    def __init__(
        self,
        desk: Desk,
        gate: Gate,
        users: UserStreams,
        operations: dict[str, Operation],
        remote: str,
        send: Send,
        *,
        rate_limits: bool,
    ) -> None:
        self._desk = desk
        self._gate = gate
        self._users = users
        self._operations = dict(operations)
        if desk.profile.signature_streams:
            self._operations |= self._subscriptions()
        self._remote = remote
        self._send = send
        self._rate_limits = rate_limits
        self._stops: dict[int, ExitStack] = {}
        self._next = 0
        self._after: Callable[[], None] | None = None  # what is sent right behind the reply

    def receive(self, text: str) -> None:
        """Answer a request."""
        try:
            message = msgspec.json.decode(text, type=_Message)
        except msgspec.MsgspecError:
            self._refuse(None, WireError(-1135, "Invalid JSON Request"))
            return
        number = message.id
        if not _is_id(number):
            self._refuse(None, illegal("id", "^[a-zA-Z0-9-_]{1,36}$"))
            return
        params = Params({name: _as_text(v) for name, v in (message.params or {}).items() if v is not None})
        shown = self._rate_limits and params.values.get("returnRateLimits") != "false"
        operation = self._operations.get(message.method)
        orders = operation is not None and operation.orders > 0
        try:
            if operation is None:
                raise WireError(-1020, "This operation is not supported.")
            result, account = self._run(operation, params)
        except WireError as error:
            self._refuse(number, error, self._limits("", orders=False) if shown else None)
            return
        reply: dict[str, Any] = {"id": number, "status": 200, "result": result}
        self._send(text_of(reply | (self._limits(account, orders=orders) if shown else {})))
        if self._after is not None:
            self._after()
            self._after = None

    def closed(self) -> None:
        """End this client's subscriptions."""
        for stop in self._stops.values():
            stop.close()
        self._stops.clear()

    def _run(self, operation: Operation, params: Params) -> tuple[Any, str]:
        key = params.values.get("apiKey")
        return self._gate.pass_through(operation, params, key, ws_payload(params.values), self._remote)

    def _limits(self, account: str, *, orders: bool) -> dict[str, Any]:
        return {"rateLimits": self._desk.limits.used(self._remote, account, self._desk.now_ms(), orders=orders)}

    def _refuse(self, number: Any, error: WireError, limits: dict[str, Any] | None = None) -> None:
        body = error.body()
        if error.retry_after_ms is not None:
            now = self._desk.now_ms()
            body["data"] = {"serverTime": now, "retryAfter": now + error.retry_after_ms}
        self._send(text_of({"id": number, "status": error.status, "error": body} | (limits or {})))

    def _tell_end(self, numbers: list[int]) -> None:
        for number in numbers:
            event = {"e": "eventStreamTerminated", "E": self._desk.now_ms()}
            self._send(text_of({"subscriptionId": number, "event": event}))

    def _ended(self, number: int) -> None:
        self._stops.pop(number).close()
        self._tell_end([number])

    def _subscriptions(self) -> dict[str, Operation]:
        def subscribe(desk: Desk, request: Request) -> Any:
            number = self._next
            self._next += 1
            stop = self._stops[number] = ExitStack()
            stop.callback(
                self._users.listen(
                    request.account, lambda event: self._send(text_of({"subscriptionId": number, "event": event}))
                )
            )
            stop.callback(self._users.on_end(lambda: self._ended(number)))
            return {"subscriptionId": number}

        def unsubscribe(desk: Desk, request: Request) -> Any:
            chosen = request.params.integer("subscriptionId")
            ended = [n for n in self._stops if chosen is None or n == chosen]
            if not ended:
                raise WireError(-2036, "User Data Stream subscription not active.")
            for number in ended:
                self._stops.pop(number).close()
            self._after = lambda: self._tell_end(ended)
            return {}

        def listed(desk: Desk, request: Request) -> Any:
            return [{"subscriptionId": number} for number in self._stops]

        def operation(ws: str, handler: Any, security: Security, *names: str) -> Operation:
            return Operation(
                method="",
                path="",
                ws=ws,
                handler=handler,
                security=security,
                names=frozenset(names),
                us=2,
                com=2,
            )

        made = (
            operation("userDataStream.subscribe.signature", subscribe, Security.SIGNED),
            operation("userDataStream.unsubscribe", unsubscribe, Security.NONE, "subscriptionId"),
            operation("session.subscriptions", listed, Security.NONE),
        )
        return {o.ws: o for o in made}


def _is_id(number: Any) -> bool:
    return number is None or type(number) is int or (isinstance(number, str) and len(number) <= _LONGEST_ID)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
