"""The private streams: listen keys, subscriptions, and the events of an account.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/user-data-stream.md
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import msgspec

from foxtrot.sandbox.types import BalanceReport, OrderReport, VenueEvent
from foxtrot_binance.dialect import render
from foxtrot_binance.dialect.desk import Desk
from foxtrot_binance.dialect.errors import WireError
from foxtrot_binance.dialect.request import Operation, Request, Security

Listener = Callable[[dict[str, Any]], None]


class UserStreams:
    """Know the listen keys and who listens to which account."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._life_ms = int(desk.profile.options.listen_key_life_s * 1_000)
        self._keys: dict[str, tuple[str, int]] = {}  # listen key -> account, valid until (ms)
        self._made = 0
        self._listeners: dict[int, tuple[str, Listener]] = {}
        self._numbers = itertools.count(1)
        self._sessions: dict[int, Callable[[], None]] = {}
        self._on_expiry: dict[str, dict[int, Callable[[], None]]] = {}

    def on_event(self, event: VenueEvent) -> None:
        """Take one event of the venue."""
        if isinstance(event, OrderReport):
            rendered = render.execution_report(event, self._desk.wire(event.order.symbol))
            self._tell(event.order.account, rendered)
        elif isinstance(event, BalanceReport):
            at = render.ms(event.time_ns)
            self._tell(event.account, render.account_position(event.balances, at))
            for asset, delta in event.transfers.items():
                self._tell(event.account, render.balance_update(asset, delta, at))

    def tick(self) -> None:
        """End listen keys that were not kept alive."""
        now = self._desk.now_ms()
        for key in [k for k, (_, until) in self._keys.items() if until <= now]:
            self.end_key(key)

    def listen(self, account: str, listener: Listener) -> Callable[[], None]:
        """Send an account's events to `listener` until the returned function is called."""
        number = next(self._numbers)
        self._listeners[number] = (account, listener)

        def stop() -> None:
            self._listeners.pop(number, None)

        return stop

    def end_all(self) -> None:
        """End every private stream, of either kind."""
        for key in list(self._keys):
            self.end_key(key)
        for end in list(self._sessions.values()):
            end()

    def on_end(self, then: Callable[[], None]) -> Callable[[], None]:
        """Call `then` when all private streams are ended, unless the returned function was called before."""
        number = next(self._numbers)
        self._sessions[number] = then

        def forget() -> None:
            self._sessions.pop(number, None)

        return forget

    def account_of_key(self, key: str) -> str | None:
        """Return whose listen key that is, None when it is not valid."""
        found = self._keys.get(key)
        return found[0] if found is not None and found[1] > self._desk.now_ms() else None

    def on_expiry(self, key: str, then: Callable[[], None]) -> Callable[[], None]:
        """Call `then` when the listen key ends, unless the returned function was called before."""
        number = next(self._numbers)
        self._on_expiry.setdefault(key, {})[number] = then

        def forget() -> None:
            self._on_expiry.get(key, {}).pop(number, None)

        return forget

    def open_key(self, account: str) -> str:
        """Return the account's listen key, prolonged, or a new one."""
        until = self._desk.now_ms() + self._life_ms
        known = next((key for key, (owner, _) in self._keys.items() if owner == account), None)
        if known is None:
            self._made += 1
            known = hashlib.sha256(f"{account}:{self._made}".encode()).hexdigest()[:60]
        self._keys[known] = (account, until)
        return known

    def keep_key(self, key: str | None) -> None:
        """Prolong a listen key. Raises WireError -1125."""
        account = self.account_of_key(key or "")
        if key is None or account is None:
            raise WireError(-1125, "This listenKey does not exist.")
        self._keys[key] = (account, self._desk.now_ms() + self._life_ms)

    def end_key(self, key: str | None) -> None:
        """End a listen key and its connections. Raises WireError -1125."""
        if key is None or key not in self._keys:
            raise WireError(-1125, "This listenKey does not exist.")
        del self._keys[key]
        for then in self._on_expiry.pop(key, {}).values():
            then()

    def operations(self) -> tuple[Operation, ...]:
        """Return the listenKey requests, bound to this book of keys."""

        def start(desk: Desk, request: Request) -> Any:
            self._require_listen_keys()
            return {"listenKey": self.open_key(request.account)}

        def keep(desk: Desk, request: Request) -> Any:
            self._require_listen_keys()
            self.keep_key(request.params.text("listenKey"))
            return {}

        def end(desk: Desk, request: Request) -> Any:
            self._require_listen_keys()
            self.end_key(request.params.text("listenKey"))
            return {}

        return tuple(
            Operation(
                method=method,
                path="/api/v3/userDataStream",
                ws=f"userDataStream.{ws}",
                security=Security.KEY,
                handler=handler,
                names=frozenset({"listenKey"}),
                com=2,
            )
            for method, ws, handler in (("POST", "start", start), ("PUT", "ping", keep), ("DELETE", "stop", end))
        )

    def _require_listen_keys(self) -> None:
        if self._desk.profile.options.listen_key == "gone":
            raise WireError(-1016, "This service is no longer available.", status=410)

    def _tell(self, account: str, event: dict[str, Any]) -> None:
        for owner, listener in list(self._listeners.values()):
            if owner == account:
                listener(event)


def text_of(event: dict[str, Any]) -> str:
    """Encode an event."""
    return msgspec.json.encode(event).decode()
