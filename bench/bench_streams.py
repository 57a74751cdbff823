"""Time the product's path from frame to handler against a bare typed decode, in interleaved rounds.

    python bench/bench_streams.py [frames]

Floor: one typed msgspec decode of the payload alone and a call out of a dict. Product: combined-stream decode, session,
event with sequence number, engine, the user's callback; for books the kept and gap-checked book as well.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec
from children import frames_wanted
from wire_floor import StreamQuote, StreamTrade

from foxtrot.clock import SystemClock
from foxtrot.engine.bus import EventEngine
from foxtrot.model.contract import Contract
from foxtrot.model.events import BookUpdated, Quote, Trade
from foxtrot.protocol.messages import BookSnapshot, Channel, ChannelKind
from foxtrot.protocol.session import Session
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.stream import BinanceStreamCodec
from foxtrot_binance.messages.streams import StreamDepth

FRAMES = frames_wanted(__doc__)
ROUNDS = 7


def payloads(kind: str) -> list[bytes]:
    """Make up payloads like the venue's."""
    if kind == "trade":
        made: Any = [
            {"e": "trade", "E": i, "s": "BTCUSDT", "t": i, "p": "61837.63000000", "q": "0.02000000", "T": i, "m": True}
            for i in range(FRAMES)
        ]
    elif kind == "quote":
        quote = {"s": "BTCUSDT", "b": "61837.63000000", "B": "3.78826000", "a": "61837.64000000", "A": "1.54698000"}
        made = [{"u": i} | quote for i in range(FRAMES)]
    else:
        made = [
            {
                "e": "depthUpdate", "E": i, "s": "BTCUSDT", "U": i + 1, "u": i + 1,
                "b": [[f"{60_000 - (i * 7 + k) % 900}.10000000", f"{(i + k) % 9}.50000000"] for k in range(8)],
                "a": [[f"{62_000 + (i * 5 + k) % 900}.10000000", f"{(i + k) % 9}.50000000"] for k in range(8)],
            }
            for i in range(FRAMES)
        ]  # fmt: skip
    return [msgspec.json.encode(one) for one in made]


def product(kind: str, event: type, frames: list[bytes]) -> Callable[[], float]:
    """Return a run of the whole path."""
    streams = {"trade": "btcusdt@trade", "quote": "btcusdt@bookTicker", "depth": "btcusdt@depth@100ms"}
    wrapped = [b'{"stream":"' + streams[kind].encode() + b'","data":' + frame + b"}" for frame in frames]
    batches = [wrapped[start : start + 100] for start in range(0, len(wrapped), 100)]

    def run() -> float:
        engine, seen = EventEngine(SystemClock()), [0]
        symbols = SymbolTable("bench")
        contract = Contract(exchange="bench", symbol="BTC/USDT", venue_symbol="BTCUSDT", base="BTC", quote="USDT")
        symbols.load([contract])
        next_seq = itertools.count(1).__next__
        session = Session(
            "bench", BinanceStreamCodec("bench", symbols, next_seq), engine.publish, next_seq, lambda *_: None
        )
        kinds = (ChannelKind.TRADES, ChannelKind.QUOTES, ChannelKind.BOOK)
        session.subscribe([Channel(kind, "BTC/USDT") for kind in kinds])
        session.connected(0.0)
        session.frames_due(1.0)
        session.snapshot(BookSnapshot("BTC/USDT", 0, 0, [(59_000.0, 1.0)], [(63_000.0, 1.0)]))

        def handler(_: object) -> None:
            seen[0] += 1

        engine.subscribe(event, handler, exchange="bench", symbol="BTC/USDT")
        started = time.perf_counter()
        for batch in batches:
            session.receive_many(batch, 1, 1.0)
        elapsed = time.perf_counter() - started
        assert seen[0] == len(wrapped), (seen, len(wrapped))
        return elapsed

    return run


def floor(struct: type, frames: list[bytes]) -> Callable[[], float]:
    """Return a run of the bare decode and one call out of a table."""
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(struct, strict=False).decode

    def run() -> float:
        seen = [0]

        def handler(_: object) -> None:
            seen[0] += 1

        table = {"BTCUSDT": handler}
        started = time.perf_counter()
        for frame in frames:
            decoded = decode(frame)
            table[decoded.symbol](decoded)
        return time.perf_counter() - started

    return run


def main() -> None:
    """Print medians per frame and their ratio."""
    print(f"{'':8}{'floor us':>10}{'product us':>12}{'share':>8}")
    for kind, struct, event in (
        ("trade", StreamTrade, Trade),
        ("quote", StreamQuote, Quote),
        ("depth", StreamDepth, BookUpdated),
    ):
        frames = payloads(kind)
        runs = floor(struct, frames), product(kind, event, frames)
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for run, found in zip(runs, times, strict=True):
                found.append(run() / FRAMES * 1e6)
        bare, whole = map(statistics.median, times)
        print(f"{kind:8}{bare:>10.2f}{whole:>12.2f}{bare / whole:>8.2f}")


if __name__ == "__main__":
    main()
