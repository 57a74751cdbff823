"""A live market is recorded, told again and traded on again: over real sockets and as a user types it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foxtrot import OrderRequest, get_exchange
from foxtrot.capabilities import Capability
from foxtrot.clock import SystemClock
from foxtrot.data.event_player import replay_events
from foxtrot.data.parquet import EventRecorder
from foxtrot.data.player import replay_frames
from foxtrot.data.tap import FrameTap
from foxtrot.engine.bus import EventEngine
from foxtrot.exchange import BaseExchange
from foxtrot.model.events import BookInvalidated, BookUpdated, Event, MarketEvent
from foxtrot.model.orderbook import Level
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import families
from foxtrot.testkit.served import Served
from foxtrot.testkit.twins import needs

SYMBOLS = ["BTC/USDT", "ETH/USDT"]
EACH_FAMILY = pytest.mark.parametrize("spec", families(), ids=lambda spec: spec.name)
RECORDED = (
    Capability.SUBSCRIBE_ORDER_BOOK,
    Capability.SUBSCRIBE_TRADES,
    Capability.SUBSCRIBE_QUOTES,
    Capability.SUBSCRIBE_TICKER,
    Capability.SUBSCRIBE_OHLCV,
)
# What private messages hold, of whichever venue.
PRIVATE = (
    "executionReport",
    "outboundAccountPosition",
    "listenKey",
    "signature",
    "executions",
    "balances",
    "cl_ord_id",
)


class Live:
    """Record a sandbox in both formats until enough was heard; keep what was heard live."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[MarketEvent] = []
        self.enough = asyncio.Event()

    async def run(self, exchange: BaseExchange, most: int = 150) -> None:
        kinds: set[type[MarketEvent]] = set()

        def hear(event: MarketEvent) -> None:
            self.events.append(event)
            kinds.add(type(event))
            if len(self.events) >= most and len(kinds) == 5:  # one of each stream
                self.enough.set()

        with EventRecorder(exchange.engine, self.folder, rows=40):
            heard = exchange.engine.subscribe(MarketEvent, hear)
            await exchange.subscribe_order_book(SYMBOLS)
            await exchange.subscribe_trades(SYMBOLS)
            await exchange.subscribe_quotes(SYMBOLS)
            await exchange.subscribe_ticker(SYMBOLS)
            await exchange.subscribe_ohlcv(SYMBOLS, "1m")
            async with asyncio.timeout(30):
                await self.enough.wait()
            heard.unsubscribe()


async def recorded(spec: AdapterSpec, folder: Path, *, client_order_id: str = "") -> Live:
    live = Live(folder)
    with FrameTap(folder, symbols=SYMBOLS) as tap:
        settings = {"sandbox": {"rate": 100, "symbols": SYMBOLS}, "options": traits_of(spec).options}
        async with get_exchange(spec.name, settings, tap=tap) as exchange:
            if client_order_id:
                request = OrderRequest.limit("BTC/USDT", "buy", "0.001", "50000", client_order_id=client_order_id)
                order = await exchange.place_order(request)
                await exchange.cancel_order("BTC/USDT", order_id=order.order_id)
            await live.run(exchange)
    assert tap.recorder.dropped == 0
    return live


async def played(play: Any, path: Path) -> list[Event]:
    found: list[Event] = []
    engine = EventEngine(SystemClock())
    engine.subscribe(MarketEvent, found.append)
    async with engine:
        await play(path, engine)
    return found


def untimed(events: list[Any]) -> list[Event]:
    """Leave out what counts and clocks say: in the player another clock reading stamps the frame."""
    return [msgspec.structs.replace(event, ts_recv=0, seq=0) for event in events]


def books(events: list[Any], symbol: str) -> list[BookUpdated]:
    return [e for e in untimed(events) if isinstance(e, BookUpdated) and e.symbol == symbol]


def book_of(events: list[BookUpdated]) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Build the book that events end with as whoever gets them would: bids and asks, the best first."""
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    for event in events:
        for side, changes in ((bids, event.bids), (asks, event.asks)):
            if event.snapshot:
                side.clear()
            side.update(changes)
            for price in [price for price, quantity in side.items() if not quantity]:
                del side[price]
    return tuple(sorted(bids.items(), reverse=True)), tuple(sorted(asks.items()))


@EACH_FAMILY
@needs(*RECORDED)
async def test_frames_tell_again_what_was_heard_live(spec: AdapterSpec, tmp_path: Path) -> None:
    live = await recorded(spec, tmp_path)
    frames = await played(replay_frames, tmp_path)
    assert msgspec.msgpack.encode(frames) == msgspec.msgpack.encode(await played(replay_frames, tmp_path))
    heard, told = ([e for e in events if not isinstance(e, BookUpdated)] for events in (live.events, frames))
    assert untimed(told)[: len(heard)] == untimed(heard)
    late = [was.ts_recv - again.ts_recv for was, again in zip(heard, told, strict=False)]
    assert 0 <= min(late) <= max(late) < 1_000_000_000
    for symbol in SYMBOLS:
        # A change that came within the moment of a snapshot's answer may be in the one and behind the other.
        first, *later = books(live.events, symbol)
        told_books = books(frames, symbol)
        at = told_books.index(later[0])
        assert told_books[at : at + len(later)] == later
        assert len(later) > 3
        assert book_of(told_books[:at]) == (tuple(first.bids), tuple(first.asks))


@EACH_FAMILY
@needs(*RECORDED)
async def test_recorded_events_are_the_very_ones_that_were_heard_live(spec: AdapterSpec, tmp_path: Path) -> None:
    live = await recorded(spec, tmp_path)
    assert (await played(replay_events, tmp_path))[: len(live.events)] == live.events
    kinds = Counter(type(event).__name__ for event in live.events)
    assert set(kinds) == {"Quote", "Trade", "Ticker", "Bar", "BookUpdated"}


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@EACH_FAMILY
@needs(*RECORDED)
async def test_no_private_message_no_key_and_no_signature_is_ever_recorded(spec: AdapterSpec, tmp_path: Path) -> None:
    await recorded(spec, tmp_path, client_order_id="an-order-of-mine")
    text = everything_in(tmp_path)
    assert len(text) > 10_000
    for word in (DEFAULT_KEY, DEFAULT_SECRET, "an-order-of-mine", *PRIVATE):
        assert word.encode() not in text, word


@EACH_FAMILY
@needs(*RECORDED)
async def test_a_recording_is_a_market_of_the_sandbox(spec: AdapterSpec, tmp_path: Path) -> None:
    await recorded(spec, tmp_path)
    expected = book_of(books(await played(replay_frames, tmp_path), "BTC/USDT"))
    assert len(expected[0]) > 10
    async with (
        await Served.start(spec, replay=tmp_path, symbols=["BTC/USDT"]) as served,
        served.exchange() as exchange,
        asyncio.timeout(30),
    ):
        changed = asyncio.Event()
        await exchange.subscribe_order_book("BTC/USDT", lambda _: changed.set())
        book = None
        while book is None or (book.bids, book.asks) != expected:
            await changed.wait()
            changed.clear()
            book = exchange.market_data.order_book("BTC/USDT")


# the command line


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "foxtrot.cli.main", *arguments]


def foxtrot(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recording")
    kinds = "trades,quotes,book,ticker,bars"
    done = foxtrot(
        "record", *SYMBOLS, "--kinds", kinds, "--for", "3", "--into", str(folder), "--format", "both", "--json"
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["frames"] > 20
    assert (facts["snapshots"], facts["frame_files"]) == (2, 1)
    assert facts["events"] > 20
    return folder


def test_a_recording_is_printed_as_watch_prints_live_data_and_twice_alike(recording: Path) -> None:
    first, second = (foxtrot("replay", str(recording), "--speed", "0", "--json") for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    events = [json.loads(line) for line in first.stdout.splitlines()]
    assert {e["kind"] for e in events} >= {"quote", "trade", "bookupdated", "ticker", "bar"}
    plain = foxtrot("replay", str(recording), "--speed", "0").stdout.splitlines()
    assert len(plain) == len(events)


def test_both_formats_of_one_recording_tell_the_same(recording: Path) -> None:
    told = {}
    for form in ("frames", "parquet"):
        done = foxtrot("replay", str(recording), "--speed", "0", "--json", "--format", form)
        assert done.returncode == 0, done.stderr
        told[form] = [json.loads(line) | {"ts_recv": 0} for line in done.stdout.splitlines()]
    invalid = [event for event in told["frames"] if event["kind"] == "bookinvalidated"]
    assert [event["reason"] for event in invalid] == ["closed by us"] * 2
    frames, events = ([e for e in told[form] if not e["kind"].startswith("book")] for form in ("frames", "parquet"))
    assert frames == events
    frames, events = ([e for e in told[form] if e["kind"] == "bookupdated"] for form in ("frames", "parquet"))
    assert frames[-10:] == events[-10:]


def test_at_a_speed_it_takes_as_long_as_it_took(recording: Path) -> None:
    began = time.monotonic()
    done = foxtrot("replay", str(recording), "--speed", "2", "--json")
    elapsed = time.monotonic() - began
    times = [e["ts_recv"] for e in map(json.loads, done.stdout.splitlines()) if e["ts_recv"]]
    assert elapsed >= (max(times) - min(times)) / 2e9 > 0.5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_recording_in_order(tmp_path: Path, number: signal.Signals) -> None:
    arguments = command("record", "BTC/USDT", "--into", str(tmp_path), "--format", "both")
    # A shell's background job ignores SIGINT, and so would what is started from there.
    default = (
        "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", default, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Recording")
    deadline = time.monotonic() + 20
    while not any(b'"d"' in path.read_bytes() for path in tmp_path.glob("frames-*")):
        assert time.monotonic() < deadline
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    facts = dict(line.split("\t") for line in out.splitlines())
    replayed = foxtrot("replay", str(tmp_path), "--speed", "0", "--format", "parquet")
    assert len(replayed.stdout.splitlines()) == int(facts["events"])
    (frames,) = tmp_path.glob("frames-*")
    lines = frames.read_text("utf-8").splitlines()[1:]
    assert sum('"d"' in line and '"e"' not in line and '"s"' not in line for line in lines) == int(facts["frames"])
    assert '"closed by us"' in lines[-1]


def test_a_reader_that_goes_away_ends_it_quietly(recording: Path) -> None:
    process = subprocess.Popen(
        command("replay", str(recording), "--speed", "0.5"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("record", "BTC/USDT", "--into", "x", "--kinds", "gossip"), 2, "gossip cannot be watched"),
        (("record", "BTC/USDT", "--into", "x", "--kinds", ""), 2, "from quotes, trades, ticker, book, bars"),
        (("record", "BTC/USDT", "--into", "x", "--kinds", " , "), 2, "from quotes, trades, ticker, book, bars"),
        (("watch", "BTC/USDT", "--kinds", ""), 2, "from quotes, trades, ticker, book, bars"),
        (("record", "BTC/USDT", "--into", "x", "--format", "tape"), 2, "'tape' is no format"),
        (("record", "BTC/USTD", "--into", "x"), 2, "Did you mean BTC/USDT"),
        (("replay", "nowhere"), 3, "nowhere cannot be read"),
        (("replay", "pyproject.toml"), 2, "give --listing FILE"),
        (("replay", "docs"), 3, "holds no recorded events"),
        (("replay", "docs", "--format", "frames"), 3, "holds no recorded frames"),
        (("replay", "docs", "--format", "tape"), 2, "'tape' is no format"),
    ],
)
def test_every_mistake_gets_one_sentence_and_its_exit_code(
    tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    words = [str(tmp_path / "x") if word == "x" else word for word in arguments]
    done = foxtrot(*words)
    assert done.returncode == code, done.stderr
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("form", ["frames", "parquet", "both"])
@pytest.mark.parametrize("place", ["file", "file/folder/in/it"])
def test_a_disk_that_cannot_be_written_ends_the_recording_with_one_sentence(
    tmp_path: Path, place: str, form: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    done = foxtrot("record", "BTC/USDT", "--into", str(tmp_path / place), "--for", "300", "--format", form)
    assert done.returncode == 3
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(" ".join(done.stderr.split()).split("foxtrot: ")) == 2
    assert done.stdout == ""


def test_books_never_stay_valid_behind_the_end_of_a_connection(recording: Path) -> None:
    events = asyncio.run(played(replay_frames, recording))
    last = {e.symbol: type(e) for e in events if isinstance(e, BookUpdated | BookInvalidated)}
    assert last == dict.fromkeys(SYMBOLS, BookInvalidated)
