"""Recorded depth sessions with messages lost, doubled and swapped: the right book or none, never a wrong one."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from foxtrot.model.contract import Contract
from foxtrot.model.events import BookInvalidated, BookUpdated, Event
from foxtrot.model.orderbook import Level
from foxtrot.protocol.book import BookBuilder
from foxtrot.protocol.messages import BookDelta, BookSnapshot, Channel, ChannelKind
from foxtrot.protocol.session import Session
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.stream import BinanceStreamCodec

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared")) / "captures"
needs_captures = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
SPOT = [
    "binanceus/session-2021-04-17.ndjson",
    "binanceus/session-2021-10-12.ndjson",
    "binance/session-2021-10-12.ndjson",
    "binance/btcusdt-2024-08-08-100s.ndjson.gz",
]
FUTURES = ["binance-futures/session-2021-07-22.ndjson", "binance-futures/btcusdt-2024-08-08-60s.ndjson.gz"]
SEEDS = 200  # for each session
MOST = 250  # messages of a symbol: enough for a damage anywhere
WINDOW = 60  # messages around a damage
SYMBOL = "BTC/USDT"
Levels = list[Level]
Book = tuple[dict[float, float], dict[float, float]]


class Told(NamedTuple):
    """One recorded change of a book: its frame, and what it says."""

    frame: str
    first: int
    last: int
    previous: int
    bids: Levels
    asks: Levels


class Tape(NamedTuple):
    """The changes of one symbol from a snapshot on, and the true book after each, by update id."""

    wire: str
    told: list[Told]
    truth: dict[int, Book]
    tops: dict[int, tuple[float, ...]]


def levels(rows: list[list[str]]) -> Levels:
    return [(float(price), float(quantity)) for price, quantity in rows]


def change(frame: str, data: dict[str, Any]) -> Told:
    previous = data["pu"] if "pu" in data else data["U"] - 1
    return Told(frame, data["U"], data["u"], previous, levels(data["b"]), levels(data["a"]))


def applied(book: Book, told: Told) -> Book:
    """Return a new book, built as plainly as can be."""
    sides = dict(book[0]), dict(book[1])
    for side, changes in zip(sides, (told.bids, told.asks), strict=True):
        for price, quantity in changes:
            side[price] = quantity
            if not quantity:
                del side[price]  # also of a level that was never there
    return sides


def lines_of(name: str) -> list[dict[str, Any]]:
    raw = (SHARED / name).read_bytes()
    return [json.loads(line) for line in (gzip.decompress(raw) if name.endswith(".gz") else raw).splitlines()]


@cache
def tapes(name: str) -> list[Tape]:
    """Return the tape of each symbol of a session."""
    told: dict[str, list[Told]] = {}
    tops: dict[str, dict[int, tuple[float, ...]]] = {}
    snapshots: dict[str, dict[str, Any]] = {}
    for line in lines_of(name):
        content = json.loads(line["data"]) if line["t"] in ("recv", "http") else None
        if line["t"] == "http" and "lastUpdateId" in content:
            # A recording of one symbol does not say whose snapshot it is.
            wire = line["url"].split("symbol=")[1].split("&")[0] if "url" in line else "BTCUSDT"
            snapshots[wire] = content
        elif line["t"] == "recv" and "@depth" in content.get("stream", ""):
            told.setdefault(content["data"]["s"], []).append(change(line["data"], content["data"]))
        elif line["t"] == "recv" and "@bookTicker" in content.get("stream", ""):
            data = content["data"]
            tops.setdefault(data["s"], {})[data["u"]] = tuple(float(data[key]) for key in "bBaA")
    return [tape(wire, told[wire], snapshots[wire], tops.get(wire, {})) for wire in sorted(told) if wire in snapshots]


def tape(wire: str, told: list[Told], snapshot: dict[str, Any], tops: dict[int, tuple[float, ...]]) -> Tape:
    at, book = snapshot["lastUpdateId"], (dict(levels(snapshot["bids"])), dict(levels(snapshot["asks"])))
    later = [one for one in told if one.last > at][:MOST]
    truth = {at: book}
    for one in later:
        book = truth[one.last] = applied(book, one)
    return Tape(wire, later, truth, tops)


class Desk:
    """Keep a book of what comes, as a venue's rules say; `heard` are its events."""

    def __init__(self, tape: Tape) -> None:
        self.heard: list[Event] = []
        self.tape = tape
        self.next_seq = itertools.count(1).__next__

    book: BookBuilder

    def hear(self, told: Told) -> None:
        raise NotImplementedError

    def give(self, snapshot: BookSnapshot) -> None:
        raise NotImplementedError

    @property
    def asks(self) -> bool:
        """Tell whether a snapshot is wanted."""
        return self.book.needs_snapshot


class SpotDesk(Desk):
    """Read frames by the codec of the installed adapter, in a session."""

    def __init__(self, tape: Tape) -> None:
        super().__init__(tape)
        table = SymbolTable("binanceus")
        table.load([Contract(exchange="binanceus", symbol=SYMBOL, venue_symbol=tape.wire, base="BTC", quote="USDT")])
        codec = BinanceStreamCodec("binanceus", table, self.next_seq)
        self.session = Session("binanceus", codec, self.heard.append, self.next_seq, lambda *_: None)
        self.session.subscribe([Channel(ChannelKind.BOOK, SYMBOL)])
        self.session.connected(0.0)
        self.book = self.session.books[SYMBOL]

    def hear(self, told: Told) -> None:
        self.session.receive(told.frame.encode(), 1, 0.0)

    def give(self, snapshot: BookSnapshot) -> None:
        self.session.snapshots_wanted()
        self.session.snapshot(snapshot)


class FuturesDesk(Desk):
    """Chain by the venue's own field: no adapter reads futures yet, but the book's rule is the same."""

    def __init__(self, tape: Tape) -> None:
        super().__init__(tape)
        self.book = BookBuilder("futures", SYMBOL, self.heard.append, self.next_seq)

    def hear(self, told: Told) -> None:
        self.book.delta(BookDelta(SYMBOL, 0, 1, told.first, told.last, told.previous, told.bids, told.asks))

    def give(self, snapshot: BookSnapshot) -> None:
        self.book.snapshot(snapshot)


def snapshot_at(tape: Tape, at: int) -> BookSnapshot:
    bids, asks = tape.truth[at]
    return BookSnapshot(SYMBOL, 1, at, list(bids.items()), list(asks.items()))


def is_true(desk: Desk) -> bool:
    """Tell whether the shown book is the venue's as of its update id."""
    book = desk.book
    bids, asks = (dict(side) for side in book.levels())
    right = desk.tape.truth.get(book.update_id)
    return right == (bids, asks) and (book.best_bid, book.best_ask) == (max(bids, default=0.0), min(asks, default=1e99))


def damage(told: list[Told], chance: random.Random) -> list[Told]:
    """Lose, double (at once or later) and swap one to six messages."""
    left = list(told)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(left) - 1)
        kind = chance.choice(("lose", "double", "swap"))
        if kind == "lose" and len(left) > 3:
            del left[at]
        elif kind == "double":
            left.insert(min(len(left), at + chance.randint(0, 5)), left[at])
        else:
            left[at], left[at + 1] = left[at + 1], left[at]
    return left


class Outcome(NamedTuple):
    checked: int
    invalid: int


def play(desk: Desk, begin: int, chance: random.Random) -> Outcome:
    """Play a damaged stretch; snapshots come late, and as of some moments before."""
    tape = desk.tape
    ids, told = list(tape.truth), tape.told[begin : begin + WINDOW]
    desk.hear(told[0])
    desk.give(snapshot_at(tape, told[0].last))
    assert is_true(desk)
    checked, reached = 0, told[0].last
    for one in damage(told[1:], chance):
        desk.hear(one)
        reached = max(reached, one.last)
        if chance.random() < (0.5 if desk.asks else 0.05):  # also one that nobody asked for
            desk.give(snapshot_at(tape, ids[max(0, ids.index(reached) - chance.randint(0, 3))]))
        if desk.book.synced:
            assert is_true(desk), (tape.wire, begin, desk.book.update_id)
            checked += 1
    for _ in range(3):  # once the venue is quiet
        if desk.asks:
            desk.give(snapshot_at(tape, reached))
    assert desk.book.synced
    assert desk.book.update_id == reached
    assert is_true(desk)
    return Outcome(checked, sum(isinstance(event, BookInvalidated) for event in desk.heard))


SESSIONS = [*((name, SpotDesk) for name in SPOT), *((name, FuturesDesk) for name in FUTURES)]
EACH_SESSION = pytest.mark.parametrize(("name", "desk_for"), SESSIONS, ids=[name for name, _ in SESSIONS])


@needs_captures
@EACH_SESSION
def test_every_depth_session_gives_no_false_gap_and_the_tops_that_were_told(
    name: str, desk_for: Callable[[Tape], Desk]
) -> None:
    equal = 0
    for tape in tapes(name):
        desk, at = desk_for(tape), next(iter(tape.truth))
        desk.hear(tape.told[0])
        desk.give(snapshot_at(tape, at))
        for told in tape.told[1:]:
            desk.hear(told)
            assert is_true(desk)
        updates = [event for event in desk.heard if isinstance(event, BookUpdated)]
        assert len(updates) == len(desk.heard) == len(tape.told)
        for event in updates:
            told_top = tape.tops.get(event.update_id)
            top = event.best_bid, event.best_bid_quantity, event.best_ask, event.best_ask_quantity
            assert told_top in (None, top)
            equal += told_top is not None
    assert len(tapes(name)) >= 1
    assert equal > 3


@needs_captures
@EACH_SESSION
def test_whatever_is_lost_doubled_or_swapped_the_book_is_right_or_none(
    name: str, desk_for: Callable[[Tape], Desk]
) -> None:
    long = [tape for tape in tapes(name) if len(tape.told) > 10]
    outcomes = []
    for seed in range(SEEDS):
        chance = random.Random(f"{name}:{seed}")
        tape = chance.choice(long)
        begin = chance.randrange(max(1, len(tape.told) - WINDOW))
        outcomes.append(play(desk_for(tape), begin, chance))
    assert sum(outcome.checked for outcome in outcomes) > 10 * SEEDS
    assert sum(outcome.invalid > 0 for outcome in outcomes) > SEEDS / 2


def test_there_are_enough_damages() -> None:
    assert SEEDS * len(SESSIONS) >= 1_000
