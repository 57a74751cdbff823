"""Time the stream codec alone against the bare typed decode of the same payloads, in interleaved rounds.

    python bench/bench_codec.py [frames]

Floor: one msgspec decode of the payload. Codec: the combined frame as it comes from the socket, to the event handed
over. Only the ratio within one run means anything.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec
from children import frames_wanted

from foxtrot.model.contract import Contract
from foxtrot.protocol.messages import Channel, ChannelKind
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.stream import BinanceStreamCodec
from foxtrot_binance.messages.streams import StreamDepth, StreamQuote, StreamTrade

FRAMES = frames_wanted(__doc__)
ROUNDS = 9
CHANNELS = (ChannelKind.TRADES, ChannelKind.QUOTES, ChannelKind.BOOK)
LEVELS = [[f"{60_000 + k}.10000000", f"{k}.50000000"] for k in range(8)]
KINDS: dict[str, tuple[type, dict[str, object]]] = {
    "btcusdt@trade": (
        StreamTrade,
        {"e": "trade", "E": 2, "s": "BTCUSDT", "t": 7, "p": "61837.63000000", "q": "0.02000000", "T": 1, "m": True},
    ),
    "btcusdt@bookTicker": (
        StreamQuote,
        {"u": 4, "s": "BTCUSDT", "b": "61837.63000000", "B": "3.78826000", "a": "61837.64000000", "A": "1.54698000"},
    ),
    "btcusdt@depth@100ms": (
        StreamDepth,
        {"e": "depthUpdate", "E": 3, "s": "BTCUSDT", "U": 1, "u": 2, "b": LEVELS, "a": LEVELS},
    ),
}


def seconds(work: Callable[[bytes], object], data: bytes) -> float:
    """Return the time of one round."""
    started = time.perf_counter()
    for _ in range(FRAMES):
        work(data)
    return time.perf_counter() - started


def codec() -> Callable[[bytes], object]:
    """Return the decoding of one frame, events thrown away."""
    symbols = SymbolTable("bench")
    symbols.load([Contract(exchange="bench", symbol="BTC/USDT", venue_symbol="BTCUSDT", base="BTC", quote="USDT")])
    stream = BinanceStreamCodec("bench", symbols, itertools.count(1).__next__)
    stream.subscribe([Channel(kind, "BTC/USDT") for kind in CHANNELS], 1)

    def drop(_: object) -> None:
        return None

    read = stream.link(drop, lambda kind, symbol: drop)
    return lambda frame: read(iter((frame,)), 1)


def main() -> None:
    """Print medians per frame and their ratio."""
    print(f"{'':22}{'floor us':>10}{'codec us':>10}{'share':>8}")
    whole = codec()
    for stream, (struct, payload) in KINDS.items():
        bare: Callable[[bytes], Any] = msgspec.json.Decoder(struct, strict=False).decode
        data = msgspec.json.encode(payload)
        frame = b'{"stream":"' + stream.encode() + b'","data":' + data + b"}"
        rounds = [(seconds(bare, data), seconds(whole, frame)) for _ in range(ROUNDS)]
        floor_us, codec_us = (statistics.median(times) / FRAMES * 1e6 for times in zip(*rounds, strict=True))
        print(f"{stream:22}{floor_us:>10.2f}{codec_us:>10.2f}{floor_us / codec_us:>8.2f}")


if __name__ == "__main__":
    main()
