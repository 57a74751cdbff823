"""The one book builder holds for other venues' recorded streams too: no false gap, tops as the venue says."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from foxtrot.model.events import BookInvalidated, BookUpdated, Event
from foxtrot.model.orderbook import Level
from foxtrot.protocol.book import BookBuilder, Checksum
from foxtrot.protocol.messages import BookDelta, BookSnapshot

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared")) / "captures"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
Top = tuple[float, float, float, float]


def lines(name: str) -> list[dict[str, Any]]:
    data = (SHARED / name).read_bytes()
    return [json.loads(line) for line in (gzip.decompress(data) if name.endswith(".gz") else data).splitlines()]


def rows(raw: list[list[str]]) -> list[Level]:
    return [(float(price), float(quantity)) for price, quantity, *_ in raw]


class Books:
    """Keep a book for each symbol and note what they publish."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._next_seq = itertools.count(1).__next__
        self._books: dict[str, BookBuilder] = {}

    def of(self, symbol: str) -> BookBuilder:
        if symbol not in self._books:
            self._books[symbol] = BookBuilder("recorded", symbol, self.events.append, self._next_seq)
        return self._books[symbol]

    def tops(self) -> dict[tuple[str, int], Top]:
        return {
            (e.symbol, e.update_id): (e.best_bid, e.best_bid_quantity, e.best_ask, e.best_ask_quantity)
            for e in self.events
            if isinstance(e, BookUpdated)
        }

    def invalid(self) -> list[str]:
        return [e.reason for e in self.events if isinstance(e, BookInvalidated)]


@pytest.mark.parametrize("name", ["btcusdt-2024-08-08-60s.ndjson.gz", "session-2021-07-22.ndjson"])
def test_books_chained_by_the_previous_id_have_no_false_gap_and_the_venues_tops(name: str) -> None:
    books, quotes = Books(), dict[tuple[str, int], Top]()
    for line in lines(f"binance-futures/{name}"):
        if line["t"] == "http" and "lastUpdateId" in line["data"]:
            found = json.loads(line["data"])
            symbol = line["url"].split("symbol=")[1].split("&")[0] if "url" in line else "BTCUSDT"
            bids, asks = rows(found["bids"]), rows(found["asks"])
            books.of(symbol).snapshot(BookSnapshot(symbol, 1, found["lastUpdateId"], bids, asks))
        elif line["t"] == "recv":
            d = json.loads(line["data"])["data"]
            if d.get("e") == "depthUpdate":
                delta = BookDelta(d["s"], 1, 1, d["U"], d["u"], d["pu"], rows(d["b"]), rows(d["a"]))
                books.of(d["s"]).delta(delta)
            elif d.get("e") == "bookTicker":
                quotes[d["s"], d["u"]] = (float(d["b"]), float(d["B"]), float(d["a"]), float(d["A"]))
    assert books.invalid() == []
    tops = books.tops()
    assert len(tops) > 500
    same = tops.keys() & quotes.keys()
    assert {key: tops[key] for key in same} == {key: quotes[key] for key in same}
    assert len(same) > 20


def test_books_of_a_venue_that_numbers_its_connection_are_whole_and_never_crossed() -> None:
    books, numbers = Books(), list[int]()
    for line in lines("coinbase/session-2026-08-09-12s.ndjson.gz"):
        if line["t"] != "recv":
            continue
        message = json.loads(line["data"])
        numbers.append(message["sequence_num"])
        for event in message["events"] if message["channel"] == "l2_data" else ():
            book, number = books.of(event["product_id"]), message["sequence_num"] + 1
            sides: dict[str, list[Level]] = {"bid": [], "offer": []}
            for update in event["updates"]:
                sides[update["side"]].append((float(update["price_level"]), float(update["new_quantity"])))
            if event["type"] == "snapshot":
                book.snapshot(BookSnapshot(event["product_id"], 1, number, sides["bid"], sides["offer"]))
            else:
                book.delta(
                    BookDelta(event["product_id"], 1, 1, number, number, book.update_id, sides["bid"], sides["offer"])
                )
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert books.invalid() == []
    assert len(books.tops()) > 50
    assert all(bid < ask for bid, _, ask, _ in books.tops().values())


def checksum(bids: Sequence[Level], asks: Sequence[Level]) -> int:
    """Compute a checksum over the ten best levels a side, of a pair with 1 and 8 decimals."""
    text = "".join(
        f"{price:.1f}".replace(".", "").lstrip("0") + f"{quantity:.8f}".replace(".", "").lstrip("0")
        for side in (asks, bids)
        for price, quantity in side[:10]
    )
    return zlib.crc32(text.encode())


def fed(messages: Iterable[dict[str, Any]], depth: int, check: Checksum | None = checksum) -> tuple[BookBuilder, Books]:
    """Feed messages of one pair; the builder compares the checksum of each."""
    books, next_seq = Books(), itertools.count(1).__next__
    book = BookBuilder("recorded", "BTC/USD", books.events.append, next_seq, depth=depth, checksum=check)
    for number, message in enumerate(messages, 1):
        (data,) = message["data"]
        bids, asks = ([(float(row["price"]), float(row["qty"])) for row in data[side]] for side in ("bids", "asks"))
        if message["type"] == "snapshot":
            book.invalidate("subscribed anew")
            book.snapshot(BookSnapshot("BTC/USD", 1, number, bids, asks, data["checksum"]))
        else:
            book.delta(BookDelta("BTC/USD", 1, 1, number, number, book.update_id, bids, asks, data["checksum"]))
    return book, books


def book_messages(name: str) -> list[dict[str, Any]]:
    received = (json.loads(line["data"]) for line in lines(f"kraken/{name}") if line["t"] == "recv")
    return [message for message in received if message.get("channel") == "book"]


@pytest.mark.parametrize(
    ("name", "depth", "count"),
    [
        ("ws-v2-book10-BTC-USD-resubscribe-2026-08-01.ndjson", 10, 301),
        ("ws-v2-book25-BTC-USD-2026-08-02.ndjson", 25, 2_052),
    ],
)
def test_every_recorded_checksum_verifies_and_a_level_changed_in_any_message_is_caught(
    name: str, depth: int, count: int
) -> None:
    messages = book_messages(name)
    _, books = fed(messages, depth)
    assert [reason for reason in books.invalid() if "checksum" in reason] == []
    assert len(books.tops()) == count
    chance = random.Random(name)
    for number in chance.sample(range(len(messages)), 25):
        damaged = json.loads(json.dumps(messages[: number + 1]))
        (data,) = damaged[-1]["data"]
        row = chance.choice(data["bids"][:10] + data["asks"][:10])
        row["qty"] = row["qty"] + 1 if row["qty"] else 0.5
        caught = any("checksum" in reason for reason in fed(damaged, depth)[1].invalid())
        assert caught or _beyond_ten(messages[: number + 1], depth, row["price"]), (number, row)


def _beyond_ten(messages: list[dict[str, Any]], depth: int, price: float) -> bool:
    """Tell whether a price is not among the ten levels a side that the last message's checksum covers."""
    book, _ = fed(messages, depth, None)
    bids, asks = book.levels(10)
    return not bids[-1][0] <= price <= asks[-1][0]
