"""A client of the sandbox's dialect without sockets: bytes in, bytes out, a clock that stands still."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.dialect import HttpRequest, HttpResponse
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET, SandboxOptions
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder
from foxtrot.sandbox.venue import Venue
from foxtrot_kraken.dialect import KRAKEN_DIALECT

START_NS = 1_800_000_000_123_456_789
SYMBOLS = ("BTC/USD", "BTC/USDT", "ETH/USD", "HBAR/USDT")
PRICES = {"BTC/USD": 60_000, "BTC/USDT": 60_000, "ETH/USD": 3_000, "HBAR/USDT": Decimal("0.2")}


class Wire:
    """One venue over memory; `options` are the dialect's. Replies by REST are whole, numbers exact."""

    def __init__(self, symbols: tuple[str, ...] = SYMBOLS, *, history_days: int = 0, **options: Any) -> None:
        chosen = SandboxOptions(venue="kraken", symbols=symbols, dialect_options={"public_per_second": 0} | options)
        self.now_ns = START_NS
        self.set_ns = 0  # by which the venue's clock was put off
        self.venue = Venue(
            KRAKEN_DIALECT.contracts(chosen),
            lambda: self.now_ns + self.set_ns,
            steady=lambda: self.now_ns,
            maker_fee=Decimal("0.0025"),
            taker_fee=Decimal("0.004"),
            prices={symbol: Decimal(price) for symbol, price in PRICES.items()},
            history_days=history_days,
        )
        self.dialect = KRAKEN_DIALECT.open(self.venue, chosen)
        self.closed: list[int] = []
        self.nonces = itertools.count(1)

    def get(self, name: str, **params: Any) -> Any:
        request = HttpRequest(method="GET", path=f"/0/public/{name}", query=urlencode(params), headers={}, body=b"")
        return read(self.dialect.http(request))

    def result(self, name: str, **params: Any) -> Any:
        answer = self.get(name, **params)
        assert answer["error"] == []
        return answer["result"]

    def post(self, name: str, **params: Any) -> Any:
        """Ask as a form does."""
        nonce = str(next(self.nonces))
        return self.raw(f"/0/private/{name}", urlencode({"nonce": nonce, **params}), nonce)

    def post_json(self, name: str, **params: Any) -> Any:
        nonce = str(next(self.nonces))
        return self.raw(f"/0/private/{name}", json.dumps({"nonce": nonce, **params}), nonce, kind="application/json")

    def raw(
        self,
        path: str,
        body: str,
        nonce: str,
        *,
        key: str = DEFAULT_KEY,
        secret: str = DEFAULT_SECRET,
        kind: str = "application/x-www-form-urlencoded",
    ) -> Any:
        sign = sign_by_the_page(secret, path, nonce, body)
        headers = {"api-key": key, "api-sign": sign, "content-type": kind}
        return read(
            self.dialect.http(HttpRequest(method="POST", path=path, query="", headers=headers, body=body.encode()))
        )

    def ok(self, name: str, **params: Any) -> Any:
        answer = self.post(name, **params)
        assert answer["error"] == [], answer
        return answer["result"]

    def order(self, **params: Any) -> Any:
        """Ask for a limit order far below the market, or what `params` make of it; None leaves one out."""
        limit = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "50000", "volume": "0.01"}
        chosen = {name: value for name, value in (limit | params).items() if value is not None}
        return self.post("AddOrder", **chosen)

    def place(self, **params: Any) -> str:
        answer = self.order(**params)
        assert answer["error"] == [], answer
        return str(answer["result"]["txid"][0])

    def query(self, txid: str) -> Any:
        return self.ok("QueryOrders", txid=txid, trades="true")[txid]

    def offer(self, side: Side, quantity: str, price: str, symbol: str = "BTC/USD") -> None:
        """Let the market's agents quote or take."""
        self.venue.place(
            NewOrder(
                account=MARKET_ACCOUNT,
                symbol=symbol,
                side=side,
                type=OrderType.LIMIT,
                quantity=Decimal(quantity),
                price=Decimal(price),
            )
        )

    def trade(self, price: str, quantity: str = "0.5", symbol: str = "BTC/USD") -> None:
        """Let the market's agents trade at a price."""
        self.offer(Side.SELL, quantity, price, symbol)
        self.offer(Side.BUY, quantity, price, symbol)

    def token(self) -> str:
        return str(self.ok("GetWebSocketsToken")["token"])

    def socket(self, *, keep_status: bool = False) -> tuple[Any, list[Any]]:
        heard: list[Any] = []
        session = self.dialect.open_socket(
            "/v2",
            "",
            "here",
            lambda text: heard.append(json.loads(text, parse_float=Decimal)),
            lambda code, _: self.closed.append(code),
        )
        assert not isinstance(session, HttpResponse)
        if not keep_status:
            heard.clear()
        return session, heard

    def ask(self, session: Any, method: str, number: int | None = 7, /, **params: Any) -> None:
        head = {} if number is None else {"req_id": number}
        session.receive(json.dumps({"method": method, "params": params, **head}))

    def later(self, seconds: float, step: float = 0.1) -> None:
        """Let time pass in steps."""
        for _ in range(max(1, round(seconds / step))):
            self.now_ns += round(min(step, seconds) * 1e9)
            self.dialect.tick()


def read(answer: HttpResponse) -> Any:
    assert answer.status == 200
    return json.loads(answer.body)


def sign_by_the_page(secret: str, path: str, nonce: str, body: str) -> str:
    """Sign as the page says, written apart from the dialect."""
    inner = hashlib.sha256((nonce + body).encode()).digest()
    return base64.b64encode(hmac.digest(base64.b64decode(secret), path.encode() + inner, "sha512")).decode()


def quoted(**options: Any) -> Wire:
    """Return a market that traded at 60,000, with two quotes on each side."""
    made = Wire(**options)
    made.trade("60000")
    for level in (10, 20):
        made.offer(Side.BUY, "1", str(60_000 - level))
        made.offer(Side.SELL, "1", str(60_000 + level))
    return made


def fields(found: Any, *names: str) -> list[Any]:
    """Return some fields of an answer."""
    return [found[name] for name in names]
