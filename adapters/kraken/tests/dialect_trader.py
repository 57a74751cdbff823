"""A client of the sandbox's dialect with a token and one socket."""

from __future__ import annotations

from typing import Any

from .dialect_wire import Wire

Frames = list[dict[str, Any]]


class Trader:
    """A client with a token and one socket; `heard` are its frames."""

    def __init__(self, wire: Wire, *channels: str, **wishes: Any) -> None:
        self.wire = wire
        self.token = wire.token()
        self.session, self.heard = wire.socket()
        for channel in channels:
            self.ask("subscribe", channel=channel, **wishes)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.wire.ask(self.session, method, 7, **params, token=self.token)
        return next(frame for frame in reversed(self.heard) if "method" in frame)

    def order(self, **params: Any) -> dict[str, Any]:
        limit = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD", "order_qty": 0.01, "limit_price": 50_000}
        return self.ask("add_order", **{n: v for n, v in (limit | params).items() if v is not None})

    def place(self, **params: Any) -> str:
        answer = self.order(**params)
        assert answer["success"], answer
        return str(answer["result"]["order_id"])

    def rows(self, channel: str = "executions", kind: str = "update") -> Frames:
        return [
            row
            for frame in self.heard
            if (frame.get("channel"), frame.get("type")) == (channel, kind)
            for row in frame["data"]
        ]

    def types(self) -> list[tuple[str, str]]:
        return [(row["exec_type"], row["order_status"]) for row in self.rows()]
