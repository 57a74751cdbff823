"""A book is replayed with the depth that it was subscribed with, or it is said that nobody knows it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from foxtrot import get_exchange
from foxtrot.clock import SystemClock
from foxtrot.data.captures import Capture, contracts_of
from foxtrot.data.player import replay_frames
from foxtrot.data.tap import FrameTap
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import ConfigError, InvalidRequest
from foxtrot.model.contract import Contract
from foxtrot.model.events import BookInvalidated, BookUpdated, Event

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared")) / "captures"
needs_captures = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
SYMBOL = "BTC/USDT"
Books = list[BookUpdated | BookInvalidated]


def listen(engine: EventEngine) -> Books:
    heard: Books = []
    engine.subscribe(BookUpdated, heard.append)
    engine.subscribe(BookInvalidated, heard.append)
    return heard


async def play(recording: Any, depth: int | None = None) -> Books:
    engine = EventEngine(SystemClock())
    heard = listen(engine)
    async with engine:
        await replay_frames(recording, engine, depth=depth)
    return heard


def untold(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    return [(e.update_id, e.bids, e.asks, e.best_bid, e.best_ask) for e in events if isinstance(e, BookUpdated)]


async def record(folder: Path, depths: Sequence[int | None], options: dict[str, Any]) -> Books:
    """Record books of several depths, one after the other; return what was heard live."""
    settings = {"sandbox": {"rate": 400, "symbols": [SYMBOL]}, "options": options}
    with FrameTap(folder, symbols=[SYMBOL]) as tap:
        async with get_exchange("kraken", settings, tap=tap) as exchange, asyncio.timeout(30):
            heard = listen(exchange.engine)
            for depth in depths:
                enough = asyncio.Event()
                most = len(heard) + 60

                def count(_: BookUpdated, most: int = most, enough: asyncio.Event = enough) -> None:
                    if len(heard) >= most:
                        enough.set()

                subscription = await exchange.subscribe_order_book(SYMBOL, count, depth=depth)
                await enough.wait()
                await exchange.unsubscribe(subscription)
    return heard


@pytest.mark.parametrize(
    ("depths", "options"),
    [([None], {}), ([10], {}), ([25], {}), ([None], {"book_depth": 10}), ([10, 25, 10], {})],
)
async def test_a_replayed_book_is_the_live_one_whatever_its_depth(
    depths: list[int | None], options: dict[str, Any], tmp_path: Path
) -> None:
    live = untold(await record(tmp_path, depths, options))
    again = await play(tmp_path)
    assert len(live) >= 60 * len(depths)
    assert untold(again)[: len(live)] == live
    reasons = {event.reason for event in again if isinstance(event, BookInvalidated)}
    assert not [reason for reason in reasons if "crossed" in reason or "checksum" in reason]


# captures


def btc_usd() -> list[Contract]:
    return [c for c in contracts_of(SHARED / "kraken" / "AssetPairs-part.json", "kraken") if c.symbol == "BTC/USD"]


def kraken_capture(name: str) -> Capture:
    return Capture(SHARED / "kraken" / name, "kraken", btc_usd())


def without_answers(folder: Path, name: str) -> Capture:
    lines = (SHARED / "kraken" / name).read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if "method" not in json.loads(json.loads(line)["data"])]
    assert len(kept) < len(lines)
    path = folder / "capture.ndjson"
    path.write_text("".join(kept), "utf-8")
    return Capture(path, "kraken", btc_usd())


BOOK_25, BOOK_10 = "ws-v2-book25-BTC-USD-2026-08-02.ndjson", "ws-v2-book10-BTC-USD-resubscribe-2026-08-01.ndjson"


@needs_captures
@pytest.mark.parametrize(("name", "updates"), [(BOOK_25, 2_052), (BOOK_10, 301)])
async def test_a_real_capture_replays_to_its_end_with_valid_books(name: str, updates: int) -> None:
    events = await play([kraken_capture(name)])
    assert [type(event) for event in events] == [BookUpdated] * updates


@needs_captures
async def test_a_capture_that_does_not_say_the_depth_is_refused_unless_it_is_given(tmp_path: Path) -> None:
    capture = without_answers(tmp_path, BOOK_25)
    with pytest.raises(ConfigError, match=r"with how many levels the book of BTC/USD .* give depth .*10, 25, 100"):
        await play([capture])
    assert [type(event) for event in await play([capture], 25)] == [BookUpdated] * 2_052


@needs_captures
async def test_what_the_capture_says_itself_counts_more_than_what_is_given() -> None:
    assert [type(event) for event in await play([kraken_capture(BOOK_25)], 10)] == [BookUpdated] * 2_052


@needs_captures
async def test_a_depth_that_the_venue_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="kraken has no books of 30 levels; it has 10, 25, 100, 500, 1000"):
        await play([kraken_capture(BOOK_25)], 30)
