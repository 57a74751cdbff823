"""One client's WebSocket: requests in, acknowledgements and channel messages out.

Public channels, private ones and trading all live at /v2: on the real venue on two hosts, here on one socket, where a
token is what opens the private part.

Source: https://docs.kraken.com/api/docs/guides/spot-ws-intro
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from foxtrot.model.times import NS_PER_S
from foxtrot.sandbox.dialect import Close, Send
from foxtrot.sandbox.types import VenueEvent
from foxtrot_kraken.dialect.channels import Channel
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.errors import WireError
from foxtrot_kraken.dialect.fields import Fields
from foxtrot_kraken.dialect.numbers import stamp
from foxtrot_kraken.dialect.orders_ws import WsTrading
from foxtrot_kraken.dialect.private import PrivateChannel
from foxtrot_kraken.dialect.subscriptions import Key, Subscriptions

Json = dict[str, Any]
_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode
_HEARTBEAT = '{"channel":"heartbeat"}'


class Socket:
    """Answer one client, and send it what it subscribes to."""

    def __init__(self, desk: Desk, trading: WsTrading, number: int, send: Send, close: Close) -> None:
        self._desk = desk
        self._trading = trading
        self._subscriptions = Subscriptions(desk)
        self._send = send
        self._close = close
        self._channels: dict[Key, Channel] = {}
        self._second = (0, 0)
        self._beats = self._over = False
        self._said_ns = self._heard_ns = self._beat_ns = desk.now_ns()
        self._number = number
        self.tell_system()

    def tell_system(self) -> None:
        """Tell the state of the venue."""
        self._say(_status(self._number, self._desk.system.state))

    def receive(self, text: str) -> None:
        """Answer one request."""
        self._heard_ns = now = self._desk.now_ns()
        if not self._within_rate(now):
            self._say({"Error": "Exceeded msg rate"})
            return
        try:
            message = _DECODE(text)
        except (msgspec.MsgspecError, ArithmeticError):
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            self._acknowledge({}, WireError("Malformed request"))
            return
        head: Json = {"method": message["method"]}
        number = message.get("req_id")
        if number is not None:
            if isinstance(number, bool) or not isinstance(number, int) or not -(2**63) <= number < 2**64:
                self._acknowledge(head, WireError("Req_id field must be an integer"))
                return
            head["req_id"] = number
        try:
            self._answer(head, message)
        except WireError as error:
            self._acknowledge(head, error)

    def closed(self) -> None:
        """End every channel."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def on_event(self, event: VenueEvent) -> None:
        """Give the channels an event of the venue."""
        for channel in list(self._channels.values()):
            channel.on_event(event)

    def tick(self) -> None:
        """Send what has gathered, and a sign of life; close a connection that is of no use."""
        if self._over:
            return
        for channel in list(self._channels.values()):
            channel.tick()
        now, options = self._desk.now_ns(), self._desk.options
        if self._beats:
            since = self._beat_ns if options.heartbeat == "always" else max(self._beat_ns, self._said_ns)
            if not 0 <= now - since < NS_PER_S:  # also when the venue's clock was put back
                self._beat_ns = now
                self._send(_HEARTBEAT)
        elif options.idle_close_s and now - self._heard_ns >= options.idle_close_s * NS_PER_S:
            self._end(1000, "no subscriptions")

    def end_private(self) -> None:
        """End the connection when anything private is on it: the session behind it is gone."""
        if any(isinstance(channel, PrivateChannel) for channel in self._channels.values()):
            self._acknowledge({}, WireError("ESession:Invalid session"))
            self._end(1001, "session ended")

    def _end(self, code: int, reason: str) -> None:
        self._over = True
        self.closed()
        self._close(code, reason)

    def _answer(self, head: Json, message: Json) -> None:
        method, params = message["method"], message.get("params")
        known = {"method", "req_id"} if method == "ping" else {"method", "req_id", "params"}
        strange = [name for name in message if name not in known]
        if strange:
            raise WireError(f"Unsupported field: '{strange[0]}' for the given msg type: {method.replace('_', ' ')}")
        if method == "ping":
            self._acknowledge({**head, "method": "pong"})
            return
        if method not in ("subscribe", "unsubscribe") and method not in self._trading.methods:
            raise WireError("Unsupported event")
        if not isinstance(params, dict):
            raise WireError("Params field must be an object")
        fields = Fields(params)
        if method == "subscribe":
            self._subscribe(head, fields)
        elif method == "unsubscribe":
            self._unsubscribe(head, fields)
        else:
            self._desk.system.check_open()
            for done in self._trading.run(method, fields):
                self._acknowledge(head, done)

    def _subscribe(self, head: Json, fields: Fields) -> None:
        for wanted in self._subscriptions.read(fields, self._say):
            named = {"symbol": wanted.symbol} if wanted.symbol else {}
            if isinstance(wanted.make, WireError):
                self._acknowledge(head | named, wanted.make)
                continue
            if (known := self._channels.get(wanted.key)) is not None:
                if self._desk.options.repeated_subscription == "refuse":
                    self._acknowledge(head | named, WireError("Already subscribed"))
                    continue
                known.close()
            channel = self._channels[wanted.key] = wanted.make()
            self._beats = True
            self._acknowledge(head, {"result": channel.result})
            channel.begin()

    def _unsubscribe(self, head: Json, fields: Fields) -> None:
        for key, symbol in self._subscriptions.keys(fields):
            named = {"symbol": symbol} if symbol else {}
            channel = self._channels.pop(key, None)
            if channel is None:
                self._acknowledge(head | named, WireError("Subscription Not Found"))
                continue
            channel.close()
            shown = {name: value for name, value in channel.result.items() if name not in ("snapshot", "warnings")}
            self._acknowledge(head, {"result": shown})

    def _acknowledge(self, head: Json, done: Json | WireError | None = None) -> None:
        times = {"time_in": stamp(self._heard_ns), "time_out": stamp(self._desk.now_ns())}
        if done is None:
            self._say(head | times)
        elif isinstance(done, WireError):
            self._say(head | {"error": done.text, "success": False} | times)
        else:
            self._say(head | done | {"success": True} | times)

    def _say(self, message: Json) -> None:
        self._said_ns = self._desk.now_ns()
        self._send(msgspec.json.encode(message).decode())

    def _within_rate(self, now_ns: int) -> bool:
        most, second = self._desk.options.messages_per_second, now_ns // NS_PER_S
        self._second = (second, self._second[1] + 1 if self._second[0] == second else 1)
        return not most or self._second[1] <= most


def _status(number: int, system: str) -> Json:
    data = {"version": "2.0.10", "system": system, "api_version": "v2", "connection_id": number}
    return {"channel": "status", "type": "update", "data": [data]}
