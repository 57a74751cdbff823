"""Recorded books with messages lost, doubled and swapped: what the checksum covers is right, or there is no book."""

from __future__ import annotations

import itertools
import json
import os
import random
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from foxtrot.model.events import BookInvalidated, Event
from foxtrot.protocol.messages import Channel, ChannelKind
from foxtrot.protocol.session import Session
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.stream import KrakenStreamCodec
from foxtrot_kraken.mapping import Names, to_contracts
from foxtrot_kraken.messages.market import PairInfo

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))
CAPTURES = SHARED / "captures" / "kraken"
needs_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the recorded captures are not on this machine")
SESSIONS = [
    ("ws-v2-book25-BTC-USD-2026-08-02.ndjson", 25),
    ("ws-v2-book10-BTC-USD-resubscribe-2026-08-01.ndjson", 10),
]
SEEDS = 300  # for each session
WINDOW = 40  # messages around a damage
COVERED = 10  # levels a side that the venue's checksum covers
SYMBOL = "BTC/USD"
Side = dict[float, float]


class Told(NamedTuple):
    """One message, and the true book after it."""

    frame: str
    checksum: int
    at: str
    bids: Side
    asks: Side

    @property
    def top(self) -> tuple[Any, Any]:
        return sorted(self.bids.items(), reverse=True)[:COVERED], sorted(self.asks.items())[:COVERED]

    def snapshot(self) -> str:
        """Return the book as the venue would send it anew."""
        sides = (("bids", sorted(self.bids.items(), reverse=True)), ("asks", sorted(self.asks.items())))
        rows = {
            name: ",".join(f'{{"price":{price:.1f},"qty":{quantity:.8f}}}' for price, quantity in side)
            for name, side in sides
        }
        return (
            f'{{"channel":"book","type":"snapshot","data":[{{"symbol":"{SYMBOL}","bids":[{rows["bids"]}],'
            f'"asks":[{rows["asks"]}],"checksum":{self.checksum},"timestamp":"{self.at}"}}]}}'
        )


@cache
def tape(name: str, depth: int) -> list[Told]:
    """Return the longest subscription of a recording, its book built as plainly as can be."""
    runs: list[list[Told]] = []
    for line in (CAPTURES / name).read_text("utf-8").splitlines():
        frame = json.loads(line)["data"]
        message = json.loads(frame)
        if message.get("channel") != "book":
            continue
        (data,) = message["data"]
        if message["type"] == "snapshot":
            runs.append([])
        before = runs[-1][-1] if runs[-1] else Told("", 0, "", {}, {})
        bids, asks = dict(before.bids), dict(before.asks)
        for side, changes in ((bids, data["bids"]), (asks, data["asks"])):
            for level in changes:
                side[level["price"]] = level["qty"]
                if not level["qty"]:
                    del side[level["price"]]
        bids = dict(sorted(bids.items(), reverse=True)[:depth])
        asks = dict(sorted(asks.items())[:depth])
        runs[-1].append(Told(frame, data["checksum"], data.get("timestamp", "2026-08-01T00:00:00Z"), bids, asks))
    return max(runs, key=len)


class Desk:
    """A session that hears what a test says."""

    def __init__(self, depth: int) -> None:
        pair = PairInfo(altname="XBTUSD", base="XXBT", quote="ZUSD", wsname="XBT/USD", pair_decimals=1, lot_decimals=8)
        names, table, self.heard = Names(), SymbolTable("kraken"), list[Event]()
        table.load(to_contracts({"XXBTZUSD": pair}, "kraken", names))
        next_seq = itertools.count(1).__next__
        codec = KrakenStreamCodec("kraken", table, names, next_seq, book_depth=depth)
        self.session = Session("kraken", codec, self.heard.append, next_seq, lambda *_: None)
        self.session.subscribe([Channel(ChannelKind.BOOK, SYMBOL)])
        self.session.connected(0.0)
        self.book = self.session.books[SYMBOL]

    def hear(self, frame: str) -> None:
        self.session.receive(frame.encode(), 1, 0.0)

    @property
    def top(self) -> tuple[Any, Any]:
        bids, asks = self.book.levels(COVERED)
        return bids, asks


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


def play(desk: Desk, told: list[Told], chance: random.Random) -> bool:
    """Play a damaged stretch; return whether the damage was found out."""
    desk.hear(told[0].snapshot())
    assert desk.book.synced
    latest = told[0]
    for one in damage(told[1:], chance):
        desk.hear(one.frame)
        latest = max(latest, one, key=told.index)
        if desk.book.synced:
            assert desk.top == one.top
        elif chance.random() < 0.5:
            desk.hear(latest.snapshot())
            assert desk.top == latest.top
    if not desk.book.synced:
        desk.hear(latest.snapshot())
    assert desk.book.synced
    return any(isinstance(event, BookInvalidated) for event in desk.heard)


@needs_captures
@pytest.mark.parametrize(("name", "depth"), SESSIONS)
def test_whatever_is_lost_doubled_or_swapped_the_top_is_right_or_there_is_no_book(name: str, depth: int) -> None:
    recorded, found = tape(name, depth), 0
    assert len(recorded) > WINDOW
    for seed in range(SEEDS):
        chance = random.Random(f"{name}:{seed}")
        begin = chance.randrange(len(recorded) - WINDOW)
        found += play(Desk(depth), recorded[begin : begin + WINDOW], chance)
    assert found > SEEDS / 2
