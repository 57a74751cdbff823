"""The clients' sockets: market streams with their control messages, and listenKey streams."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec

from foxtrot.sandbox.dialect import Send
from foxtrot_binance.dialect.desk import Desk
from foxtrot_binance.dialect.users import UserStreams, text_of

Close = Callable[[int, str], None]
_MAX_STREAMS = 1_024
_METHODS = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
_LONGEST_ID = 36


class Hub:
    """Know which socket listens to which stream."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[StreamSocket, None]] = {}

    def wanted(self, name: str) -> bool:
        """Tell whether anybody listens."""
        return name in self._listeners

    def deliver(self, name: str, payload: str) -> None:
        """Send a payload to everybody who listens, wrapped for those who asked for it."""
        wrapped = f'{{"stream":"{name}","data":{payload}}}'
        for socket in list(self._listeners.get(name, ())):
            socket.send(wrapped if socket.combined else payload)

    def add(self, name: str, socket: StreamSocket) -> None:
        """Begin to listen; again is harmless."""
        self._listeners.setdefault(name, {})[socket] = None

    def remove(self, name: str, socket: StreamSocket) -> None:
        """Stop listening."""
        listeners = self._listeners.get(name)
        if listeners is not None:
            listeners.pop(socket, None)
            if not listeners:
                del self._listeners[name]


class StreamSocket:
    """One client of /ws or /stream."""

    def __init__(
        self, desk: Desk, hub: Hub, users: UserStreams, names: list[str], send: Send, close: Close, *, combined: bool
    ) -> None:
        self._desk = desk
        self._hub = hub
        self._users = users
        self._close = close
        self._streams: dict[str, Callable[[], None]] = {}
        self._window: tuple[int, int] = (0, 0)
        self.send = send
        self.combined = combined
        for name in names:
            self._subscribe(name)

    def receive(self, text: str) -> None:
        """Answer a control message."""
        if not self._within_rate():
            self._close(1008, "Too many requests")
            return
        try:
            message = msgspec.json.decode(text)
        except msgspec.MsgspecError:
            self._error(3, "Invalid JSON: expected value at line 1 column 1", None)
            return
        if not isinstance(message, dict) or "method" not in message:
            self._error(2, f"Invalid request: missing field `method` at line 1 column {len(text)}", None)
            return
        number = message.get("id")
        if not self._is_id(number):
            self._error(2, f"Invalid request: request ID must be {self._id_form}", None)
            return
        params = message.get("params")
        if params is not None and not isinstance(params, list):
            self._error(2, "Invalid request: params must be an array", number)
            return
        self._answer(message["method"], params or [], number)

    def closed(self) -> None:
        """Forget this client."""
        for stop in self._streams.values():
            stop()
        self._streams.clear()

    def _answer(self, method: Any, params: list[Any], number: Any) -> None:
        if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            self._change(self._subscribe if method == "SUBSCRIBE" else self._unsubscribe, params, number)
        elif method == "LIST_SUBSCRIPTIONS":
            self._reply(list(self._streams), number)
        elif method in ("SET_PROPERTY", "GET_PROPERTY"):
            self._property(params, number, write=method == "SET_PROPERTY")
        else:
            self._error(2, f"Invalid request: unknown variant `{method}`, expected one of {_METHODS}", number)

    def _change(self, change: Callable[[str], None], names: list[Any], number: Any) -> None:
        if not all(isinstance(name, str) for name in names):
            self._error(2, "Invalid request: stream names must be strings", number)
            return
        for name in names:
            change(name)
        self._reply(None, number)

    def _property(self, params: list[Any], number: Any, *, write: bool) -> None:
        if not params or not isinstance(params[0], str):
            self._error(2, "Invalid request: property name must be a string", number)
        elif len(params) > 1 + write:
            self._error(2, "Invalid request: too many parameters", number)
        elif params[0] != "combined":
            self._error(0, "Unknown property", number)
        elif not write:
            self._reply(self.combined, number)
        elif not isinstance(params[-1], bool):
            self._error(1, "Invalid value type: expected Boolean", number)
        else:
            self.combined = params[1]
            self._reply(None, number)

    def _subscribe(self, name: str) -> None:
        if name in self._streams:
            return
        if len(self._streams) >= _MAX_STREAMS:
            self._close(1008, "Too many streams")
            return
        account = self._users.account_of_key(name)
        if account is None:
            self._hub.add(name, self)
            self._streams[name] = lambda: self._hub.remove(name, self)
            return
        stop = ExitStack()
        stop.callback(self._users.on_expiry(name, lambda: self._expired(name)))
        stop.callback(self._users.listen(account, lambda event: self._send_private(name, event)))
        self._streams[name] = stop.close

    def _unsubscribe(self, name: str) -> None:
        stop = self._streams.pop(name, None)
        if stop is not None:
            stop()

    def _expired(self, key: str) -> None:
        if key in self._streams:
            self._send_private(key, {"e": "listenKeyExpired", "E": self._desk.now_ms(), "listenKey": key})
            self._unsubscribe(key)
            self._close(1000, "listen key expired")

    def _send_private(self, key: str, event: dict[str, Any]) -> None:
        payload = text_of(event)
        self.send(f'{{"stream":"{key}","data":{payload}}}' if self.combined else payload)

    @property
    def _id_form(self) -> str:
        return "an integer, a string or null" if self._desk.profile.current else "an unsigned integer"

    def _is_id(self, number: Any) -> bool:
        """Tell whether an id is of a form that this generation takes; none at all is taken by both."""
        if isinstance(number, str):
            return self._desk.profile.current and len(number) <= _LONGEST_ID
        return number is None or (type(number) is int and (number >= 0 or self._desk.profile.current))

    def _within_rate(self) -> bool:
        second = self._desk.now_ms() // 1_000
        count = self._window[1] + 1 if self._window[0] == second else 1
        self._window = (second, count)
        return count <= self._desk.profile.options.inbound_per_second

    def _reply(self, result: Any, number: Any) -> None:
        self.send(text_of({"result": result, "id": number}))

    def _error(self, code: int, text: str, number: Any) -> None:
        body: dict[str, Any] = {"code": code, "msg": text}
        if self._desk.profile.current:
            self.send(text_of({"error": body, "id": number}))
        else:
            self.send(text_of(body | ({} if number is None else {"id": number})))
