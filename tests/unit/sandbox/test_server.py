"""The server on real sockets around a made-up dialect: whatever a client does, the venue lives and ends cleanly."""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from foxtrot.sandbox import server as server_module
from foxtrot.sandbox.admin import FaultAdmin
from foxtrot.sandbox.dialect import Close, HttpRequest, HttpResponse, Send, Trouble, WireSession
from foxtrot.sandbox.mishaps import Mishaps
from foxtrot.sandbox.server import SandboxServer
from foxtrot.sandbox.switches import FaultSwitches
from foxtrot.sandbox.venue import Venue
from foxtrot.sandbox.wire import FaultyWire

WAIT_S = 10


class Conversation:
    """One client, seen from the dialect: it echoes."""

    def __init__(self, send: Send, close: Close) -> None:
        self.send, self.close = send, close
        self.over = asyncio.Event()

    def receive(self, text: str) -> None:
        self.send(f"you said {text}")

    def closed(self) -> None:
        self.over.set()


class Parrot:
    """A dialect of a venue at venue.example."""

    words: frozenset[str] = frozenset()
    hosts = frozenset({"venue.example"})

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.arrivals: asyncio.Queue[Conversation] = asyncio.Queue()
        self.ticked = asyncio.Event()
        self.failure: Exception | None = None

    async def arrival(self) -> Conversation:
        return await asyncio.wait_for(self.arrivals.get(), WAIT_S)

    def http(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return HttpResponse(status=418, body=b"{}", headers={"Retry-After": "7"})

    def open_socket(self, path: str, query: str, remote: str, send: Send, close: Close) -> WireSession | HttpResponse:
        if path != "/ws":
            return HttpResponse(status=404, body=b"nothing here")
        client = Conversation(send, close)
        self.arrivals.put_nowait(client)
        return client

    def tick(self) -> None:
        self.ticked.set()
        if self.failure is not None:
            raise self.failure

    def trouble(self, kind: Trouble) -> HttpResponse:
        raise NotImplementedError

    def end_private_streams(self) -> None:
        raise NotImplementedError

    def endpoints(self, base: str) -> Any:
        raise NotImplementedError

    def records(self, lines: list[str]) -> Any:
        raise NotImplementedError


@asynccontextmanager
async def serving(dialect: Parrot, **options: Any) -> AsyncIterator[SandboxServer]:
    settings = {"host": "127.0.0.1", "port": 0, "life_s": 60.0, "ping_s": 60.0, **options}
    switches, chance = FaultSwitches([], 0, time.monotonic), random.Random(0)
    loop = asyncio.get_running_loop()
    venue = Venue([], time.time_ns, maker_fee=Decimal(0), taker_fee=Decimal(0))
    mishaps = Mishaps(venue, dialect, chance, time.monotonic, loop.call_later, lambda ns: None)
    wire, admin = FaultyWire(switches, mishaps, chance), FaultAdmin(switches)
    server = SandboxServer(dialect, lambda elapsed_s: None, wire, admin, **settings)
    await server.start()
    try:
        yield server
    finally:
        async with asyncio.timeout(WAIT_S):
            await server.stop()


async def deaf_client(base: str) -> asyncio.StreamWriter:
    """Open a WebSocket and never read from it again."""
    host, port = base.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1_024)
    key = base64.b64encode(b"0123456789abcdef").decode()
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {base}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return writer


async def test_a_request_reaches_the_dialect_whole_and_its_answer_the_client() -> None:
    dialect = Parrot()
    async with serving(dialect) as server, aiohttp.ClientSession() as client:
        url = f"http://{server.base}/api/order?b=%2B1&a=2"
        async with client.post(aiohttp.client.URL(url, encoded=True), data=b"x=y", headers={"X-Key": "k"}) as answer:
            assert (answer.status, answer.headers["Retry-After"], await answer.read()) == (418, "7", b"{}")
    (request,) = dialect.requests
    assert (request.method, request.path, request.query, request.body) == ("POST", "/api/order", "b=%2B1&a=2", b"x=y")
    assert (request.headers["x-key"], request.remote) == ("k", "127.0.0.1")


@pytest.mark.parametrize(
    ("path", "status", "seen"),
    [
        ("/api/ping", 418, "/api/ping"),
        ("/venue.example/api/ping", 418, "/api/ping"),
        ("/venue.example:9443/api/ping", 418, "/api/ping"),
        ("/venue.example.evil.example/api/ping", 404, None),
        ("/other.example:443/api/ping", 404, None),
    ],
)
async def test_the_venues_host_with_or_without_port_is_its_own_and_all_others_are_reported(
    path: str, status: int, seen: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    dialect = Parrot()
    async with serving(dialect) as server, aiohttp.ClientSession() as client:
        async with client.get(f"http://{server.base}{path}") as answer:
            assert answer.status == status
        assert server.foreign_hosts == ([] if seen else [path.split("/")[1]])
    assert [r.path for r in dialect.requests] == ([seen] if seen else [])
    assert [r.levelno for r in caplog.records if r.name == "foxtrot.sandbox"] == ([] if seen else [logging.ERROR])


async def test_frames_go_both_ways_and_the_dialect_may_refuse_or_end_a_socket() -> None:
    dialect = Parrot()
    async with serving(dialect) as server, aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(f"ws://{server.base}/elsewhere")
        assert refused.value.status == 404
        async with client.ws_connect(f"ws://{server.base}/ws") as socket:
            mine = await dialect.arrival()
            await socket.send_str("hello")
            await socket.send_bytes(b"bytes \xff")
            assert [await socket.receive_str(timeout=WAIT_S) for _ in range(2)] == [
                "you said hello",
                "you said bytes \N{REPLACEMENT CHARACTER}",
            ]
            mine.send("last words")
            mine.close(1008, "enough")
            assert await socket.receive_str(timeout=WAIT_S) == "last words"
            end = await socket.receive(timeout=WAIT_S)
            assert (end.type, end.data, end.extra) == (aiohttp.WSMsgType.CLOSE, 1008, "enough")
        await asyncio.wait_for(mine.over.wait(), WAIT_S)


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "_OUTBOX", 50)
    dialect = Parrot()
    async with serving(dialect) as server, aiohttp.ClientSession() as client:
        deaf = await deaf_client(server.base)
        slow = await dialect.arrival()
        async with client.ws_connect(f"ws://{server.base}/ws") as socket:
            fast = await dialect.arrival()
            async with asyncio.timeout(WAIT_S):
                while not slow.over.is_set():
                    slow.send("x" * 500_000)
                    await asyncio.sleep(0)
            fast.send("still here")
            assert await socket.receive_str(timeout=WAIT_S) == "still here"
        deaf.transport.abort()
    assert "left 50 frames unread and is cut off" in caplog.text


async def test_a_client_that_does_not_read_cannot_keep_the_server_from_stopping() -> None:
    dialect = Parrot()
    before = asyncio.all_tasks()
    async with serving(dialect) as server:
        deaf = await deaf_client(server.base)
        slow = await dialect.arrival()
        for _ in range(100):
            slow.send("x" * 500_000)
            await asyncio.sleep(0)
    assert slow.over.is_set()
    assert asyncio.all_tasks() == before
    deaf.transport.abort()


async def test_stopping_tells_each_client_why_and_leaves_no_task_and_no_port() -> None:
    dialect = Parrot()
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as client:
        async with serving(dialect) as server:
            socket = await client.ws_connect(f"ws://{server.base}/ws")
            base = server.base
            ended = asyncio.create_task(socket.receive(timeout=WAIT_S))
            await dialect.arrival()
        end = await ended
        assert (end.type, end.data, end.extra) == (aiohttp.WSMsgType.CLOSE, 1001, "sandbox stops")
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(f"http://{base}/")
        await server.stop()
    assert asyncio.all_tasks() == before


async def test_a_connection_ends_with_its_life() -> None:
    dialect = Parrot()
    async with (
        serving(dialect, life_s=0.05) as server,
        aiohttp.ClientSession() as client,
        client.ws_connect(f"ws://{server.base}/ws") as socket,
    ):
        end = await socket.receive(timeout=WAIT_S)
        assert (end.type, end.extra) == (aiohttp.WSMsgType.CLOSE, "connection life is over")


async def test_the_server_pings_on_the_wire() -> None:
    async with (
        serving(Parrot(), ping_s=0.05) as server,
        aiohttp.ClientSession() as client,
        client.ws_connect(f"ws://{server.base}/ws", autoping=False) as socket,
    ):
        assert (await socket.receive(timeout=WAIT_S)).type is aiohttp.WSMsgType.PING


async def test_a_market_that_fails_is_reported_and_the_server_still_stops(caplog: pytest.LogCaptureFixture) -> None:
    dialect = Parrot()
    async with serving(dialect):
        dialect.failure = ValueError("no such price")
        await asyncio.wait_for(dialect.ticked.wait(), WAIT_S)
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "The sandbox's market has stopped: no such price",
    )
