"""Both WebSocket transports keep the same promises over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, web

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectFailed
from foxtrot.io.ws import make_connector
from foxtrot.ports import WsConnector


class Venue:
    def __init__(self) -> None:
        self.base = ""
        self.sockets: list[web.WebSocketResponse] = []
        self.received: list[str] = []
        self.pongs = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/forbidden":
            return web.Response(status=403)
        if request.path == "/silent":
            await asyncio.Event().wait()
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        self.sockets.append(ws)
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                self.received.append(message.data)
                await ws.send_str(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs += 1
        return ws


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.base = f"ws://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture(params=["picows", "websockets"])
def connector(request: pytest.FixtureRequest) -> WsConnector:
    return make_connector(TransportConfig(websocket=request.param, connect_timeout_s=0.5))


class Ear:
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: list[str] = []
        self.changed = asyncio.Event()

    def on_frame(self, data: bytes) -> None:
        self.frames.append(data)
        self.changed.set()
        if data == b"explode":
            raise RuntimeError("a handler's mistake")

    def on_close(self, reason: str) -> None:
        self.closed.append(reason)
        self.changed.set()

    async def until(self, frames: int = 0, closed: int = 0) -> None:
        async with asyncio.timeout(5):
            while len(self.frames) < frames or len(self.closed) < closed:
                self.changed.clear()
                await self.changed.wait()


async def test_whole_messages_arrive_in_order_whatever_their_size(venue: Venue, connector: WsConnector) -> None:
    ear = Ear()
    connection = await connector.connect(venue.base, ear.on_frame, ear.on_close)
    texts = [b"a", "ü€".encode(), b"x" * 300_000, b"{}"]
    for text in texts:
        connection.send(text)
    await ear.until(frames=4)
    await connection.close()
    assert ear.frames == texts
    assert len(ear.closed) == 1


async def test_a_handlers_mistake_does_not_end_the_connection(venue: Venue, connector: WsConnector) -> None:
    ear = Ear()
    connection = await connector.connect(venue.base, ear.on_frame, ear.on_close)
    connection.send(b"explode")
    connection.send(b"and on")
    await ear.until(frames=2)
    await connection.close()
    assert ear.frames == [b"explode", b"and on"]


async def test_a_ping_of_the_venue_is_answered(venue: Venue, connector: WsConnector) -> None:
    ear = Ear()
    connection = await connector.connect(venue.base, ear.on_frame, ear.on_close)
    connection.send(b"hello")
    await ear.until(frames=1)
    await venue.sockets[0].ping(b"are you there")
    connection.send(b"again")
    await ear.until(frames=2)
    await connection.close()
    assert venue.pongs == 1


async def test_a_close_by_the_venue_is_told_once(venue: Venue, connector: WsConnector) -> None:
    ear = Ear()
    connection = await connector.connect(venue.base, ear.on_frame, ear.on_close)
    connection.send(b"hello")
    await ear.until(frames=1)
    await venue.sockets[0].close(code=1001, message=b"maintenance")
    await ear.until(closed=1)
    await connection.close()
    assert len(ear.closed) == 1


async def test_who_cannot_be_reached_is_named_in_one_sentence(venue: Venue, connector: WsConnector) -> None:
    ear = Ear()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConnectFailed, match=dead):
            await connector.connect(f"ws://{dead}", ear.on_frame, ear.on_close)
    for path in ("forbidden", "silent"):
        with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1"):
            await connector.connect(f"{venue.base}/{path}", ear.on_frame, ear.on_close)
    assert ear.frames == []


async def test_nothing_is_left_behind(venue: Venue, connector: WsConnector) -> None:
    before = len(asyncio.all_tasks())
    ear = Ear()
    connection = await connector.connect(venue.base, ear.on_frame, ear.on_close)
    await connection.close()
    await ear.until(closed=1)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) <= before
