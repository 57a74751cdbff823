"""A client of the sandbox's dialect without sockets: bytes in, bytes out, a clock that stands still."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.dialect import HttpRequest, HttpResponse
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET, SandboxOptions
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder
from foxtrot.sandbox.venue import Venue
from foxtrot_binance.dialect import BINANCE_DIALECT, BINANCEUS_DIALECT


class Wire:
    """One venue over memory; `options` are the dialect's."""

    def __init__(self, venue: str = "binanceus", profile: str = "current", **options: Any) -> None:
        symbols = ("BTC/USDT", "ETH/USDT")
        chosen = SandboxOptions(venue=venue, profile=profile, symbols=symbols, dialect_options=options)
        factory = {"binanceus": BINANCEUS_DIALECT, "binance": BINANCE_DIALECT}[venue]
        self.now_ms = 1_800_000_000_000
        self.venue = Venue(
            factory.contracts(chosen),
            lambda: self.now_ms * 1_000_000,
            maker_fee=Decimal("0.001"),
            taker_fee=Decimal("0.002"),
            prices={"BTC/USDT": Decimal(60_000), "ETH/USDT": Decimal(3_000)},
            history_days=1,
        )
        self.dialect = factory.open(self.venue, chosen)
        self.closed: list[int] = []

    def http(self, method: str, path: str, query: str = "", key: str = DEFAULT_KEY) -> HttpResponse:
        return self.dialect.http(
            HttpRequest(method=method, path=path, query=query, headers={"x-mbx-apikey": key}, body=b"")
        )

    def get(self, path: str, **params: Any) -> Any:
        return json.loads(self.http("GET", path, urlencode(params)).body)

    def signed(self, method: str, path: str, **params: Any) -> HttpResponse:
        query = urlencode({**params, "timestamp": self.now_ms})
        signature = hmac.new(DEFAULT_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        return self.http(method, path, f"{query}&signature={signature}")

    def order(self, **params: Any) -> HttpResponse:
        limit = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
        chosen = {**limit, "price": "50000", **params}
        return self.signed("POST", "/api/v3/order", **{k: v for k, v in chosen.items() if v is not None})

    def offer(self, side: Side, quantity: str, price: str) -> None:
        """Let the market's agents quote."""
        self.venue.place(
            NewOrder(
                account=MARKET_ACCOUNT,
                symbol="BTC/USDT",
                side=side,
                type=OrderType.LIMIT,
                quantity=Decimal(quantity),
                price=Decimal(price),
            )
        )

    def socket(self, path: str, query: str = "") -> tuple[Any, list[Any]]:
        heard: list[Any] = []
        session = self.dialect.open_socket(
            path, query, "here", lambda text: heard.append(json.loads(text)), lambda code, _: self.closed.append(code)
        )
        assert not isinstance(session, HttpResponse)
        return session, heard

    def ask(self, session: Any, method: str, /, **params: Any) -> None:
        session.receive(json.dumps({"id": 1, "method": method, "params": params}))

    def ask_signed(self, session: Any, method: str, /, **params: Any) -> None:
        complete = {**params, "apiKey": DEFAULT_KEY, "timestamp": self.now_ms}
        payload = "&".join(f"{name}={complete[name]}" for name in sorted(complete))
        signature = hmac.new(DEFAULT_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
        self.ask(session, method, **complete, signature=signature)

    def later(self, ms: int) -> None:
        """Let time pass in steps of 100 ms."""
        for _ in range(ms // 100):
            self.now_ms += 100
            self.dialect.tick()
