"""Recorded books and their checksums: equal to the venue's or found out. A made-up one is always there."""

from __future__ import annotations

import itertools
import json
import os
import random
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foxtrot.model.events import BookInvalidated, BookUpdated, Event, ProtocolErrorSeen
from foxtrot.protocol.messages import (
    Channel,
    ChannelKind,
)
from foxtrot.protocol.session import Session
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.stream import KrakenStreamCodec
from foxtrot_kraken.mapping import Names, to_contracts
from foxtrot_kraken.messages.market import PairInfo

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))
CAPTURES = SHARED / "captures" / "kraken"
needs_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the recorded captures are not on this machine")
BOOK = Channel(ChannelKind.BOOK, "BTC/USD")
LEVELS = ("bids", "asks")


def frames(name: str) -> list[str]:
    return [record["data"] for record in map(json.loads, (CAPTURES / name).read_text().splitlines())]


def numbers(data: str) -> Any:
    """Read a frame and keep the digits of its numbers."""
    return json.loads(data, parse_float=D)


def written(frame: Any) -> str:
    """Write a frame with the digits that its numbers have."""
    return msgspec.json.Encoder(decimal_format="number").encode(frame).decode()


class Desk:
    """A session whose venue is a recording: its subscriptions are answered, then the recorded frames come."""

    def __init__(self, depth: int) -> None:
        pair = PairInfo(altname="XBTUSD", base="XXBT", quote="ZUSD", wsname="XBT/USD", pair_decimals=1, lot_decimals=8)
        self.names, self.table, self.seen = Names(), SymbolTable("kraken"), list[Event]()
        self.table.load(to_contracts({"XXBTZUSD": pair}, "kraken", self.names))
        next_seq = itertools.count(1).__next__
        self.codec = KrakenStreamCodec("kraken", self.table, self.names, next_seq, book_depth=depth)
        self.session = Session("kraken", self.codec, self.seen.append, next_seq, lambda *_: None)
        self.now = 0.0
        self.session.subscribe([BOOK])
        self.session.connected(self.now)
        self.asked = 0
        self.answer()

    def answer(self) -> None:
        """Acknowledge what the session asks for now."""
        for frame in self.session.frames_due(self.now):
            asked = json.loads(frame)
            self.asked += asked["method"] == "subscribe"
            result = {"channel": "book", "symbol": "BTC/USD", "depth": asked["params"]["depth"]}
            reply = {"method": asked["method"], "req_id": asked["req_id"], "result": result, "success": True}
            self.hear(json.dumps(reply))

    def later(self) -> None:
        """Let time pass, for the end of a subscription and for the next one."""
        for _ in range(2):
            self.now += 1.0
            self.answer()

    def hear(self, data: str) -> None:
        self.session.receive(data.encode(), 1, self.now)

    @property
    def invalid(self) -> int:
        return sum(isinstance(event, BookInvalidated) for event in self.seen)

    @property
    def updates(self) -> int:
        return sum(isinstance(event, BookUpdated) for event in self.seen)

    @property
    def lost(self) -> bool:
        """Tell whether there is no book, and a new one is wanted."""
        book = self.session.books["BTC/USD"]
        return not book.synced and book.needs_snapshot

    def book(self) -> tuple[Any, Any]:
        return self.session.books["BTC/USD"].levels()


def book_frames(data: list[str]) -> list[str]:
    return [one for one in data if '"channel":"book"' in one and '"data"' in one]


# books


@needs_captures
def test_every_checksum_of_a_recorded_book_verifies() -> None:
    desk = Desk(25)
    recorded = frames("ws-v2-book25-BTC-USD-2026-08-02.ndjson")
    for data in recorded:
        desk.hear(data)
    assert (len(book_frames(recorded)), desk.updates, desk.invalid) == (2_052, 2_052, 0)
    assert [len(side) for side in desk.book()] == [25, 25]


@needs_captures
def test_a_book_is_subscribed_again_and_again_on_one_connection_and_every_checksum_verifies() -> None:
    desk, told = Desk(10), 0
    for data in frames("ws-v2-book10-BTC-USD-resubscribe-2026-08-01.ndjson"):
        if '"unsubscribe"' in data:
            desk.session.unsubscribe([BOOK])
            desk.session.subscribe([BOOK])
            desk.later()
        desk.hear(data)
        told += '"channel":"book"' in data and '"data"' in data
    assert (told, desk.updates, desk.invalid, desk.asked) == (301, 301, 0, 8)
    assert desk.session.books["BTC/USD"].synced


@needs_captures
def test_the_recording_of_2023_verifies_though_its_numbers_lost_their_zeros() -> None:
    recorded = json.loads((CAPTURES / "ws-v2-book10-BTC-USD-2023-07-30-reserialised.json").read_text())
    desk, parts = Desk(10), [part for part in recorded.values() if isinstance(part, dict | list)]
    told = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    told = [one for one in told if isinstance(one, dict) and one.get("channel") == "book"]
    for one in told:
        desk.hear(json.dumps(one))
    assert len(told) > 100
    assert (desk.updates, desk.invalid) == (len(told), 0)


def corruptions(frame: Any) -> Iterator[Callable[[Any], None]]:
    """Yield what can go wrong with each level of a message: price, quantity, a level lost, one too many."""
    for side in LEVELS:
        for place in range(len(frame["data"][0][side])):
            yield lambda data, side=side, place=place: _shift(data[side][place], "price", D("0.1"))
            yield lambda data, side=side, place=place: _shift(data[side][place], "qty", D("0.00000001"))
            yield lambda data, side=side, place=place: data[side].pop(place)
            yield lambda data, side=side, place=place: data[side].insert(
                place, {"price": data[side][place]["price"] + D("0.1"), "qty": D("1.00000000")}
            )


def _shift(level: Any, name: str, by: D) -> None:
    level[name] = level[name] + by


def is_told(desk: Desk, truth: list[Any], later: list[str], corrupt: str) -> bool:
    """Play a corrupt message and what follows it; return False if ever a wrong book passes for the venue's."""
    desk.hear(corrupt)
    for data, right in zip(later, truth, strict=False):
        if desk.lost:
            assert desk.invalid or not desk.updates  # who had a book is told that it is none any more
            return True
        if _top(desk.book()) != _top(right):
            return False
        desk.hear(data)
    return True


def _top(book: Any) -> Any:
    return [side[:10] for side in book]


def played(depth: int, told: list[str]) -> list[Any]:
    """Return the book after each message."""
    desk, books = Desk(depth), []
    for data in told:
        desk.hear(data)
        books.append(desk.book())
    return books


def snapshot_of(book: Any, frame: Any) -> str:
    """Return the book after a frame as a snapshot, with the frame's checksum."""
    entry = frame["data"][0]
    rows = [[{"price": D(f"{p:.1f}"), "qty": D(f"{q:.8f}")} for p, q in side] for side in book]
    told = entry | dict(zip(LEVELS, rows, strict=True))
    return written(frame | {"type": "snapshot", "data": [told]})


@needs_captures
def test_whatever_goes_wrong_with_a_level_is_found_out_and_the_book_is_asked_for_anew() -> None:
    told = book_frames(frames("ws-v2-book10-BTC-USD-resubscribe-2026-08-01.ndjson"))
    starts = [i for i, data in enumerate(told) if '"snapshot"' in data]
    told = max((told[a:b] for a, b in itertools.pairwise([*starts, len(told)])), key=len)  # one subscription
    books, chance, tried = played(10, told), random.Random(7), 0
    cases = [(i, change) for i, data in enumerate(told) for change in corruptions(numbers(data))]
    for i, change in chance.sample(cases, min(1_000, len(cases))):
        frame = numbers(told[i])
        change(frame["data"][0])
        if not any(frame["data"][0][side] for side in LEVELS):
            continue  # an empty message changes nothing: the next checksum tells, as of any message that is lost
        desk = Desk(10)
        if i:
            desk.hear(snapshot_of(books[i - 1], numbers(told[i - 1])))
        assert is_told(desk, books[i:], told[i + 1 : i + 4], written(frame)), (i, frame)
        tried += 1
        if desk.lost:
            desk.session.snapshots_wanted()
            desk.later()
            assert desk.asked == 2
    assert tried > 500


def made_up(levels: int = 12) -> list[str]:
    """Make up a short stream of a book to a depth of ten: each message with its checksum."""
    bids = {D(f"{100 - i}.0"): D("1.00000000") + i for i in range(levels)}
    asks = {D(f"{101 + i}.0"): D("0.05000000") * (i + 1) for i in range(levels)}
    told = []
    for number in range(6):
        changes: dict[str, list[Any]] = {"bids": [], "asks": []}
        if number:
            changes["bids"] = [{"price": D(f"{100 - number}.0"), "qty": D(0) if number == 3 else D("7.10000000")}]
            changes["asks"] = [{"price": D(f"101.{number}"), "qty": D("0.00000010")}]
        for name, side in (("bids", bids), ("asks", asks)):
            for change in changes[name]:
                side.pop(change["price"], None)
                if change["qty"]:
                    side[change["price"]] = change["qty"]
        best = {"bids": sorted(bids.items(), reverse=True)[:10], "asks": sorted(asks.items())[:10]}
        bids, asks = dict(best["bids"]), dict(best["asks"])
        rows = {name: [{"price": p, "qty": q} for p, q in side] for name, side in best.items()}
        text = "".join(
            f"{value:.{digits}f}".replace(".", "").lstrip("0")
            for name in ("asks", "bids")
            for level in best[name]
            for value, digits in zip(level, (1, 8), strict=True)
        )
        entry = {"symbol": "BTC/USD", **(changes if number else rows), "checksum": zlib.crc32(text.encode())}
        entry["timestamp"] = f"2026-01-01T00:00:0{number}.000000Z"
        told.append(written({"channel": "book", "type": "update" if number else "snapshot", "data": [entry]}))
    return told


def test_a_made_up_book_verifies() -> None:
    desk = Desk(10)
    for data in made_up():
        desk.hear(data)
    assert (desk.updates, desk.invalid) == (6, 0)


def test_each_corruption_of_a_made_up_book_is_found_out() -> None:
    told = made_up()
    books, caught = played(10, told), 0
    for i, data in enumerate(told):
        for change in corruptions(numbers(data)):
            frame = numbers(data)
            change(frame["data"][0])
            desk = Desk(10)
            for earlier in told[:i]:
                desk.hear(earlier)
            assert is_told(desk, books[i:], told[i + 1 :], written(frame)), frame
            caught += desk.lost
    assert caught > 80


def test_a_lost_message_is_found_out_by_the_next_checksum() -> None:
    told = made_up()
    desk = Desk(10)
    for data in [*told[:2], told[3]]:
        desk.hear(data)
    assert desk.invalid == 1


@needs_captures
def test_nothing_of_a_recorded_session_is_a_bad_frame() -> None:
    desk = Desk(25)
    for data in frames("ws-v2-book25-BTC-USD-2026-08-02.ndjson"):
        if '"method"' not in data:  # answers to another client's requests
            desk.hear(data)
    assert [event for event in desk.seen if isinstance(event, ProtocolErrorSeen)] == []
