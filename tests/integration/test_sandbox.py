"""The embedded venue as a server: foreign hosts, the 24-hour cut, replayed recordings, a taken port."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from foxtrot import errors, get_exchange
from foxtrot.model.events import (
    AdapterState,
    BookInvalidated,
    BookUpdated,
    ChannelStateChanged,
    Event,
    Quote,
    StateChanged,
)
from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.options import default_credentials

SPEC = default_registry().load("binanceus")
SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[2].parent / "shared")) / "captures"


async def start(**settings: Any) -> Sandbox:
    return await Sandbox.start(make_options(settings, "binanceus"), SPEC)


async def test_the_venues_own_host_is_accepted_in_the_path_and_any_other_is_found_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with await start(rate=0) as sandbox, aiohttp.ClientSession() as client:
        for path in ("/api/v3/ping", "/api.binance.us/api/v3/ping"):
            async with client.get(f"http://{sandbox.base}{path}") as answer:
                assert (answer.status, await answer.json()) == (200, {})
        async with client.get(f"http://{sandbox.base}/api.binance.com/api/v3/ping") as answer:
            assert answer.status == 404
        assert sandbox.foreign_hosts == ["api.binance.com"]
    assert "which is not this venue" in caplog.text


async def test_connections_are_cut_at_the_end_of_their_life_and_the_adapter_comes_back() -> None:
    async with await start(rate=100, max_connection_life_s=1.5) as sandbox:
        exchange = get_exchange(
            "binanceus", {"rest_url": f"http://{sandbox.base}", "credentials": default_credentials()}
        )
        changes: list[tuple[str, bool]] = []
        quotes: list[Quote] = []
        again, ready = asyncio.Event(), asyncio.Event()

        def on_state(event: StateChanged) -> None:
            if event.new is AdapterState.READY and again.is_set():
                ready.set()

        def on_change(event: ChannelStateChanged) -> None:
            changes.append((event.channel.value, event.up))

        def on_quote(event: Quote) -> None:
            quotes.append(event)
            if changes.count(("market", True)) >= 2 and ("user", True) in changes[changes.index(("user", False)) :]:
                again.set()

        async with exchange:
            exchange.engine.subscribe(ChannelStateChanged, on_change)
            exchange.engine.subscribe(StateChanged, on_state)
            await exchange.subscribe_quotes("BTC/USDT", on_quote)
            await asyncio.wait_for(again.wait(), 20)
            # READY follows the user stream, once the account is compared; every cut brings it anew.
            await asyncio.wait_for(ready.wait(), 20)


async def test_two_venues_cannot_share_a_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(errors.ConnectFailed, match=f"cannot listen on 127.0.0.1:{port}: .*Choose another port"):
            await start(port=port)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"colour": 1}, "sandbox.colour"),
        ({"rate": -1}, "sandbox.rate"),
        ({"profile": "future"}, "legacy or current"),
        ({"symbols": ["BTCUSDT"]}, "is no symbol; write BASE/QUOTE"),
        ({"dialect_options": {"weights": "mars"}}, "sandbox.dialect_options.weights"),
        ({"replay": "/nowhere/at/all.ndjson"}, "cannot be read"),
    ],
)
async def test_bad_settings_are_named(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(errors.ConfigError, match=problem.replace(".", r"\.")):
        await start(**settings)


async def replayed(file: Path, updates: int) -> list[Event]:
    """Feed a recording through the venue, the wire and the adapter; return what a subscriber saw."""
    heard: list[Event] = []
    enough = asyncio.Event()

    def hear(event: Event) -> None:
        heard.append(event)
        if sum(isinstance(e, BookUpdated) for e in heard) >= updates:
            enough.set()

    async with await start(replay=str(file), symbols=["BTC/USDT"]) as sandbox:
        exchange = get_exchange("binanceus", {"rest_url": f"http://{sandbox.base}"})
        async with exchange:
            await exchange.subscribe_order_book("BTC/USDT", hear)
            await asyncio.wait_for(enough.wait(), 30)
            book = exchange.market_data.order_book("BTC/USDT", 50)
            assert book is not None
            assert book.bids[0][0] < book.asks[0][0]
    return heard


async def test_a_made_up_recording_becomes_the_venues_market(tmp_path: Path) -> None:
    lines = [{"t": "http", "ts": 0.0, "data": {"lastUpdateId": 1, "bids": [["100", "1"]], "asks": [["110", "1"]]}}]
    for i in range(1, 200):
        event = {"e": "depthUpdate", "E": i, "s": "BTCUSDT", "U": i, "u": i, "b": [["100", str(i)]], "a": []}
        lines.append({"t": "recv", "ts": i / 20, "data": {"stream": "btcusdt@depth", "data": event}})
    file = tmp_path / "recording.ndjson"
    file.write_text("\n".join(json.dumps({**line, "data": json.dumps(line["data"])}) for line in lines))
    heard = await replayed(file, 5)
    last = next(e for e in reversed(heard) if isinstance(e, BookUpdated))
    assert (last.best_bid, last.best_ask) == (100.0, 110.0)
    assert last.best_bid_quantity > 1
    assert not [e for e in heard if isinstance(e, BookInvalidated)]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
async def test_a_real_recording_becomes_the_venues_market() -> None:
    heard = await replayed(SHARED / "binance/btcusdt-2024-08-08-100s.ndjson.gz", 15)
    books = [e for e in heard if isinstance(e, BookUpdated)]
    assert all(61_000 < b.best_bid < b.best_ask < 62_500 for b in books)
    assert not [e for e in heard if isinstance(e, BookInvalidated)]
