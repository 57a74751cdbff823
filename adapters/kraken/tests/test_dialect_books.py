"""The book channel: what a client keeps who follows the venue's page is the venue's book, and every checksum fits."""

from __future__ import annotations

import json
import random
import zlib
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foxtrot.model.order import Side
from foxtrot.sandbox.flow import MarketFlow

from .dialect_wire import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


class Follower:
    """Follow a book as the venue's page says, on the text of the numbers, and check every checksum."""

    def __init__(self, wire: Wire, depth: int, symbol: str = "BTC/USD") -> None:
        self.depth = depth
        self.sides: dict[str, dict[str, str]] = {}
        self.messages = 0
        self.wire = wire
        self.symbol = symbol
        session = wire.dialect.open_socket("/v2", "", "here", self.hear, lambda code, reason: None)
        session.receive(  # type: ignore[union-attr]
            json.dumps({"method": "subscribe", "params": {"channel": "book", "symbol": [symbol], "depth": depth}})
        )

    def hear(self, text: str) -> None:
        frame = json.loads(text, parse_float=str)
        if frame.get("channel") != "book":
            return
        self.messages += 1
        (data,) = frame["data"]
        if frame["type"] == "snapshot":
            self.sides = {"bids": {}, "asks": {}}
        else:
            assert data["bids"] or data["asks"]
        for name in ("bids", "asks"):
            for row in data[name]:
                self.sides[name][row["price"]] = row["qty"]
                if not float(row["qty"]):
                    del self.sides[name][row["price"]]
            kept = sorted(self.sides[name], key=float, reverse=name == "bids")[: self.depth]
            self.sides[name] = {price: self.sides[name][price] for price in kept}
        assert self.checksum() == data["checksum"]

    def checksum(self) -> int:
        digits = ""
        for name in ("asks", "bids"):
            for price, quantity in list(self.sides[name].items())[:10]:
                digits += price.replace(".", "").lstrip("0") + quantity.replace(".", "").lstrip("0")
        return zlib.crc32(digits.encode()) & 0xFFFFFFFF

    def agrees(self) -> bool:
        _, bids, asks = self.wire.venue.depth(self.symbol, self.depth)
        mine = [[(D(price), D(size)) for price, size in self.sides[name].items()] for name in ("bids", "asks")]
        return mine == [bids, asks]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["BTC/USD", "HBAR/USDT"]))
def test_books_of_every_depth_equal_the_venues_and_every_checksum_verifies(seed: int, symbol: str) -> None:
    wire = Wire((symbol,))
    chance = random.Random(seed)
    flow = MarketFlow(wire.venue, [symbol], seed, 100)
    if chance.random() < 0.8:
        flow.seed_book()
    followers = [Follower(wire, depth, symbol) for depth in (10, 25, 100)]
    for _ in range(40):
        for _ in range(chance.randint(0, 12)):
            flow.step()
        if chance.random() < 0.1:  # sweep the book down to a few levels
            price = wire.venue.last_price(symbol) / 2
            wire.offer(Side.SELL, str(chance.randint(1, 30)), str(round(price, 1)), symbol)
        wire.later(0.1)
        assert all(follower.agrees() for follower in followers)
    assert all(follower.messages > 5 for follower in followers)


def test_a_level_that_falls_off_is_not_deleted_and_comes_back_into_view(wire: Wire) -> None:
    for level in range(12):
        wire.offer(Side.BUY, "1", str(59_000 - level))
    session, heard = wire.socket()
    wire.ask(session, "subscribe", channel="book", symbol=["BTC/USD"], depth=10)
    assert [row["price"] for row in heard[1]["data"][0]["bids"]] == [D(59_000 - n) for n in range(10)]
    wire.offer(Side.BUY, "1", "59500")
    wire.later(0.1)
    assert heard[-1]["data"][0]["bids"] == [{"price": D(59_500), "qty": D(1)}]
    wire.offer(Side.SELL, "1", "59500")
    wire.later(0.1)
    changes = [(row["price"], row["qty"]) for row in heard[-1]["data"][0]["bids"]]
    assert changes == [(D(59_500), 0), (D(58_991), 1)]


def test_numbers_are_bare_and_keep_their_zeros(wire: Wire) -> None:
    wire.offer(Side.BUY, "0.5", "60000")
    texts: list[str] = []
    session = wire.dialect.open_socket("/v2", "", "here", texts.append, lambda code, reason: None)
    session.receive(  # type: ignore[union-attr]
        '{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}'
    )
    assert '"bids":[{"price":60000.0,"qty":0.50000000}],"asks":[],"checksum":' in texts[-1]
    wire.offer(Side.SELL, "0.5", "60000")
    wire.later(0.1)
    assert '"bids":[{"price":60000.0,"qty":0.00000000}]' in texts[-1]
