"""The sandbox speaks the venue's WebSocket protocols, over memory."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.dialect import HttpRequest, HttpResponse
from foxtrot.sandbox.flow import MarketFlow
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET, SandboxOptions
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder
from foxtrot.sandbox.venue import Venue
from foxtrot_binance.dialect import BINANCEUS_DIALECT

START_MS = 1_800_000_000_000


class Place:
    """A venue with sockets that are plain lists."""

    def __init__(self, profile: str = "current", **options: Any) -> None:
        chosen = SandboxOptions(venue="binanceus", profile=profile, symbols=("BTC/USDT",), dialect_options=options)
        self.now_ms = START_MS
        self.venue = Venue(
            BINANCEUS_DIALECT.contracts(chosen),
            lambda: self.now_ms * 1_000_000,
            maker_fee=D("0.001"),
            taker_fee=D("0.001"),
            prices={"BTC/USDT": D(60_000)},
        )
        self.dialect = BINANCEUS_DIALECT.open(self.venue, chosen)
        self.flow = MarketFlow(self.venue, ["BTC/USDT"], 7, 100)
        self.closed: list[int] = []

    def socket(self, path: str, query: str = "") -> tuple[Any, list[Any]]:
        heard: list[Any] = []
        session = self.dialect.open_socket(
            path, query, "here", lambda text: heard.append(json.loads(text)), lambda code, _: self.closed.append(code)
        )
        assert not isinstance(session, HttpResponse)
        return session, heard

    def later(self, ms: int) -> None:
        for _ in range(max(1, ms // 100)):
            self.now_ms += min(ms, 100)
            self.dialect.tick()

    def listen_key(self, method: str = "POST", query: str = "") -> HttpResponse:
        headers = {"x-mbx-apikey": DEFAULT_KEY}
        return self.dialect.http(
            HttpRequest(method=method, path="/api/v3/userDataStream", query=query, headers=headers, body=b"")
        )

    def signed(self, **params: Any) -> dict[str, Any]:
        complete = {**params, "apiKey": DEFAULT_KEY, "timestamp": self.now_ms}
        payload = "&".join(f"{k}={complete[k]}" for k in sorted(complete))
        return complete | {"signature": hmac.new(DEFAULT_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()}

    def ask(self, session: Any, method: str, number: int = 1, **params: Any) -> None:
        session.receive(json.dumps({"id": number, "method": method, "params": params}))


@pytest.fixture
def place() -> Place:
    return Place()


def test_subscribe_list_unsubscribe_and_a_repeated_subscribe_are_answered_as_documented(place: Place) -> None:
    session, heard = place.socket("/ws")
    session.receive('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}')
    session.receive('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":2}')
    session.receive('{"method":"LIST_SUBSCRIPTIONS","id":3}')
    session.receive('{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":4}')
    session.receive('{"method":"LIST_SUBSCRIPTIONS","id":5}')
    assert heard == [
        {"result": None, "id": 1},
        {"result": None, "id": 2},
        {"result": ["btcusdt@trade"], "id": 3},
        {"result": None, "id": 4},
        {"result": [], "id": 5},
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 3),
        ("{}", 2),
        ('{"method":"DANCE","id":1}', 2),
        ('{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}', 1),
        ('{"method":"GET_PROPERTY","params":["colour"],"id":1}', 0),
    ],
)
def test_bad_control_messages_get_the_documented_codes_in_each_generations_shape(text: str, code: int) -> None:
    for profile in ("legacy", "current"):
        session, heard = Place(profile).socket("/ws")
        session.receive(text)
        answer = heard[0] if profile == "legacy" else heard[0]["error"]
        assert answer["code"] == code


def test_combined_streams_are_wrapped_and_raw_ones_are_not(place: Place) -> None:
    _, wrapped = place.socket("/stream", "streams=btcusdt@trade/btcusdt@bookTicker")
    _, raw = place.socket("/ws/btcusdt@trade")
    place.flow.seed_book()
    for _ in range(50):
        place.flow.step()
    assert {m["stream"] for m in wrapped} == {"btcusdt@trade", "btcusdt@bookTicker"}
    assert [m["data"] for m in wrapped if m["stream"] == "btcusdt@trade"] == raw != []


def test_depth_chains_and_equals_the_book_and_its_top_equals_the_book_ticker(place: Place) -> None:
    _, heard = place.socket("/stream", "streams=btcusdt@depth@100ms/btcusdt@bookTicker")
    place.flow.seed_book()
    book: dict[str, dict[D, D]] = {"b": {}, "a": {}}
    tops: dict[int, tuple[str, ...]] = {}
    checked = last = 0
    for _ in range(60):
        for _ in range(5):
            place.flow.step()
        place.later(100)
    for message in heard:
        data = message["data"]
        if "e" not in data:
            tops[data["u"]] = (data["b"], data["B"], data["a"], data["A"])
            continue
        assert data["U"] == last + 1
        last = data["u"]
        for side in ("b", "a"):
            book[side].update({D(p): D(q) for p, q in data[side]})
        bid, ask = (max(p for p, q in book["b"].items() if q), min(p for p, q in book["a"].items() if q))
        if last in tops:
            checked += 1
            assert tuple(map(D, tops[last])) == (bid, book["b"][bid], ask, book["a"][ask])
    assert checked > 5
    update, bids, asks = place.venue.depth("BTC/USDT", 1_000)
    assert (update, len(bids)) == (last, sum(1 for q in book["b"].values() if q))
    assert dict(asks) == {p: q for p, q in book["a"].items() if q}


def test_a_candle_is_closed_once_and_then_the_next_begins(place: Place) -> None:
    _, heard = place.socket("/ws/btcusdt@kline_1m")
    place.flow.seed_book()
    for _ in range(70):
        place.flow.step()
        place.later(1_000)
    closed = [m["k"] for m in heard if m["k"]["x"]]
    assert len(closed) == 1
    after = [m["k"] for m in heard if m["k"]["t"] > closed[0]["t"]]
    assert after[0]["t"] == closed[0]["T"] + 1


def test_a_client_that_talks_too_much_is_cut_off(place: Place) -> None:
    session, _ = place.socket("/ws")
    for number in range(6):
        session.receive(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
    assert place.closed == [1008]


def buy_something(place: Place) -> None:
    place.venue.place(
        NewOrder(
            account=MARKET_ACCOUNT,
            symbol="BTC/USDT",
            side=Side.SELL,
            type=OrderType.LIMIT,
            quantity=D(1),
            price=D(60_001),
        )
    )
    place.venue.place(
        NewOrder(account="client", symbol="BTC/USDT", side=Side.BUY, type=OrderType.MARKET, quantity=D("0.5"))
    )


def test_a_listen_key_stream_tells_orders_and_balances_and_ends_with_its_key(place: Place) -> None:
    key = json.loads(place.listen_key().body)["listenKey"]
    _, heard = place.socket(f"/ws/{key}")
    buy_something(place)
    kinds = [(m["e"], m.get("x")) for m in heard]
    position = ("outboundAccountPosition", None)
    assert kinds == [("executionReport", "NEW"), position, ("executionReport", "TRADE"), position]
    fill = heard[2]
    assert (fill["X"], fill["l"], fill["n"], fill["N"], fill["m"]) == (
        "FILLED",
        "0.50000000",
        "0.00050000",
        "BTC",
        False,
    )
    place.now_ms += 3_000_000
    assert place.listen_key("PUT", f"listenKey={key}").status == 200
    place.now_ms += 3_599_000
    place.dialect.tick()
    assert place.closed == []
    place.now_ms += 2_000
    place.dialect.tick()
    assert place.closed == [1000]
    assert heard[-1]["e"] == "listenKeyExpired"
    assert json.loads(place.listen_key("PUT", f"listenKey={key}").body)["code"] == -1125


def test_a_signed_subscription_on_the_ws_api_tells_the_same(place: Place) -> None:
    session, heard = place.socket("/ws-api/v3")
    place.ask(session, "userDataStream.subscribe.signature", 7, **place.signed())
    assert heard[0]["result"] == {"subscriptionId": 0}
    buy_something(place)
    assert [m["event"]["e"] for m in heard[1:]] == [
        "executionReport",
        "outboundAccountPosition",
        "executionReport",
        "outboundAccountPosition",
    ]
    place.ask(session, "userDataStream.unsubscribe", 8)
    before = len(heard)
    buy_something(place)
    assert len(heard) == before


def test_the_legacy_profile_does_not_know_signed_subscriptions() -> None:
    place = Place("legacy")
    session, heard = place.socket("/ws-api/v3")
    place.ask(session, "userDataStream.subscribe.signature", 7, **place.signed())
    assert heard[0]["error"]["code"] == -1020


def test_orders_over_the_ws_api_get_rests_results_with_rate_limits(place: Place) -> None:
    session, heard = place.socket("/ws-api/v3")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    place.ask(session, "order.place", 1, **place.signed(**order, quantity="0.01", price="50000"))
    place.ask(session, "order.place", 2, **place.signed(**order, quantity="5", price="50000"))
    place.ask(session, "order.status", 3, **place.signed(symbol="BTCUSDT", orderId=heard[0]["result"]["orderId"]))
    assert (heard[0]["status"], heard[0]["result"]["status"]) == (200, "NEW")
    assert {limit["rateLimitType"] for limit in heard[0]["rateLimits"]} == {"ORDERS", "REQUEST_WEIGHT"}
    assert (heard[1]["status"], heard[1]["error"]["code"]) == (400, -2010)
    assert heard[2]["result"]["status"] == "NEW"


def test_a_wrong_signature_and_broken_json_are_refused_on_the_ws_api(place: Place) -> None:
    session, heard = place.socket("/ws-api/v3")
    place.ask(session, "account.status", 1, **(place.signed() | {"signature": "0" * 64}))
    session.receive("{")
    assert heard[0]["error"]["code"] == -1022
    assert (heard[1]["id"], heard[1]["error"]["code"]) == (None, -1135)
