"""The product's public streams without their sockets, for simulations in one process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

from foxtrot.config import RetryConfig
from foxtrot.io.pool import StreamPool
from foxtrot.io.snapshots import FetchSnapshot
from foxtrot.model.contract import Contract
from foxtrot.model.events import Event
from foxtrot.ports import Clock
from foxtrot.protocol.codec import Endpoints
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.testkit.net import MemoryConnector
from foxtrot_binance.codec.stream import BinanceStreamCodec


def make_pool(
    symbols: Iterable[str],
    connector: MemoryConnector,
    clock: Clock,
    publish: Callable[[Event], None],
    fetch_snapshot: FetchSnapshot,
) -> StreamPool:
    """Return a pool that speaks to in-memory sockets."""
    table, next_seq = SymbolTable("bench"), itertools.count(1).__next__
    table.load(map(_contract, symbols))
    return StreamPool(
        "bench",
        BinanceStreamCodec("bench", table, next_seq),
        Endpoints(rest="https://bench.invalid", stream="wss://bench.invalid"),
        connector,
        clock,
        publish,
        next_seq,
        fetch_snapshot,
        RetryConfig(),
        10.0,
    )


def _contract(symbol: str) -> Contract:
    base, quote = symbol.split("/")
    return Contract(exchange="bench", symbol=symbol, venue_symbol=base + quote, base=base, quote=quote)
