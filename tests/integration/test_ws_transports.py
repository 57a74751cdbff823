"""Both WebSocket transports keep the same promises over real sockets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import hashlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectFailed, UnsupportedError
from foxtrot.io import frames
from foxtrot.io.ws import make_connector
from foxtrot.ports import WsConnector


def accept_of(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


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
        if request.path == "/elsewhere":
            return web.Response(status=302, headers={"Location": self.base})
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
def config(request: pytest.FixtureRequest) -> TransportConfig:
    return TransportConfig(websocket=request.param, connect_timeout_s=0.5)


@pytest.fixture
def connector(config: TransportConfig) -> WsConnector:
    return make_connector(config)


class RawVenue:
    """A venue below the library: it shakes hands, then sends exactly the bytes a test wants, and answers nothing."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.base = ""
        self.left = asyncio.Event()
        self.end = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        accept = accept_of(key.split(b":", 1)[1].strip().decode())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
        )
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                pass  # answers neither pings nor closes
        self.left.set()
        await self.end.wait()
        writer.transport.abort()

    def say(self, kind: int, data: bytes, *, last: bool = True) -> None:
        size = len(data)
        wide = b"\x7e" + struct.pack("!H", size) if size < 65_536 else b"\x7f" + struct.pack("!Q", size)
        length = bytes([size]) if size < 126 else wide
        self.writers[-1].write(bytes([kind | (0x80 if last else 0)]) + length + data)


@pytest.fixture
async def raw() -> AsyncIterator[RawVenue]:
    made = RawVenue()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.base = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    async with asyncio.timeout(5):
        await made.left.wait()  # the client has ended the connection: no socket is left
    made.end.set()
    server.close()
    await server.wait_closed()


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


async def test_a_message_in_pieces_arrives_whole_with_a_ping_in_its_middle(
    raw: RawVenue, connector: WsConnector
) -> None:
    ear = Ear()
    connection = await connector.connect(raw.base, ear.on_frame, ear.on_close)
    raw.say(1, b"one ", last=False)
    raw.say(9, b"ping")
    raw.say(0, b"whole ", last=False)
    raw.say(0, b"message")
    raw.say(1, b"next")
    await ear.until(frames=2)
    assert ear.frames == [b"one whole message", b"next"]
    raw.writers[-1].transport.abort()
    await ear.until(closed=1)
    await connection.close()


@pytest.mark.parametrize("pieces", [1, 20])
async def test_a_message_beyond_all_measure_ends_the_connection_with_a_reason(
    raw: RawVenue, connector: WsConnector, pieces: int
) -> None:
    ear = Ear()
    connection = await connector.connect(raw.base, ear.on_frame, ear.on_close)
    part = b"x" * (frames.MAX_MESSAGE // pieces + 1)
    for number in range(pieces):
        raw.say(0 if number else 1, part, last=number == pieces - 1)
    await ear.until(closed=1)
    await connection.close()
    assert not ear.frames  # not compared with []: the difference of 16 MB would take minutes to print
    assert len(ear.closed) == 1
    assert "1009" in ear.closed[0]


async def test_a_connection_that_just_breaks_is_told_once(raw: RawVenue, connector: WsConnector) -> None:
    ear = Ear()
    connection = await connector.connect(raw.base, ear.on_frame, ear.on_close)
    raw.writers[-1].transport.abort()
    await ear.until(closed=1)
    connection.send(b"into the void")
    await connection.close()
    await connection.close()
    assert ear.closed == ["connection lost"]


async def test_a_venue_that_answers_no_ping_is_given_up(raw: RawVenue, config: TransportConfig) -> None:
    impatient = config.model_copy(update={"ping_interval_s": 0.1, "ping_timeout_s": 0.1})
    ear = Ear()
    connection = await make_connector(impatient).connect(raw.base, ear.on_frame, ear.on_close)
    await ear.until(closed=1)
    await connection.close()
    assert len(ear.closed) == 1


async def test_a_close_that_the_venue_never_answers_is_bounded(raw: RawVenue, connector: WsConnector) -> None:
    ear = Ear()
    connection = await connector.connect(raw.base, ear.on_frame, ear.on_close)
    async with asyncio.timeout(5):
        await connection.close()
    assert len(ear.closed) == 1


async def test_the_reason_of_a_close_is_the_venues_own(venue: Venue, connector: WsConnector) -> None:
    ear = Ear()
    connection = await connector.connect(venue.base, ear.on_frame, ear.on_close)
    connection.send(b"hello")
    await ear.until(frames=1)
    await venue.sockets[0].close(code=1001, message=b"maintenance")
    await ear.until(closed=1)
    await connection.close()
    assert ear.closed == ["closed by the venue: 1001 maintenance"]


async def test_a_redirect_is_refused_so_that_nothing_reaches_another_host(venue: Venue, connector: WsConnector) -> None:
    ear = Ear()
    with pytest.raises(ConnectFailed, match="302"):
        await connector.connect(f"{venue.base}/elsewhere", ear.on_frame, ear.on_close)
    assert venue.sockets == []


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1/", "ws://127.0.0.1:port/", "ws:///path", "ws://u:geheim@h:x/"])
async def test_what_is_no_websocket_address_is_refused_alike(connector: WsConnector, url: str) -> None:
    ear = Ear()
    with pytest.raises(ConnectFailed, match="is no WebSocket address; write ws://") as caught:
        await connector.connect(url, ear.on_frame, ear.on_close)
    assert "geheim" not in str(caught.value)


async def test_a_certificate_that_nobody_vouches_for_is_refused(connector: WsConnector, tmp_path: Path) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0, ssl=own_certificate(tmp_path))
    ear = Ear()
    with pytest.raises(ConnectFailed, match=r"(?i)certificate"):
        await connector.connect(f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/", ear.on_frame, ear.on_close)
    server.close()
    await server.wait_closed()


def own_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    (folder / "key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return context


class TestProxies:
    """A proxy carries the connection; its password appears nowhere."""

    async def through(self, venue: Venue, config: TransportConfig, status: str) -> tuple[list[str], Ear]:
        asked: list[str] = []

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request, *_ = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            asked.append(request)
            writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
            if status.startswith("200"):
                host, _, port = venue.base.removeprefix("ws://").partition(":")
                far_reader, far_writer = await asyncio.open_connection(host, int(port))
                await asyncio.gather(pour(reader, far_writer), pour(far_reader, writer))
            writer.close()

        server = await asyncio.start_server(relay, "127.0.0.1", 0)
        proxy = f"http://me:geheim@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ear = Ear()
        try:
            made = make_connector(config.model_copy(update={"proxy": proxy, "connect_timeout_s": 5.0}))
            connection = await made.connect(venue.base, ear.on_frame, ear.on_close)
            connection.send(b"by proxy")
            await ear.until(frames=1)
            await connection.close()
        finally:
            server.close()
            await server.wait_closed()
        return asked, ear

    async def test_a_proxy_is_asked_for_the_venue_and_carries_the_messages(
        self, venue: Venue, config: TransportConfig
    ) -> None:
        asked, ear = await self.through(venue, config, "200 OK")
        assert asked == [f"CONNECT {venue.base.removeprefix('ws://')} HTTP/1.1"]
        assert ear.frames == [b"by proxy"]

    async def test_a_proxy_that_refuses_is_named_without_its_password(
        self, venue: Venue, config: TransportConfig
    ) -> None:
        with pytest.raises(ConnectFailed, match="407") as caught:
            await self.through(venue, config, "407 Proxy Authentication Required")
        assert_hidden(caught.value)

    @pytest.mark.parametrize("proxy", ["ftp://me:geheim@127.0.0.1:1", "geheim", "http://me:geheim@127.0.0.1:port"])
    def test_a_proxy_that_no_transport_can_use_is_refused_before_anything_is_sent(
        self, config: TransportConfig, proxy: str
    ) -> None:
        with pytest.raises(UnsupportedError, match=r"transport\.proxy is no usable address") as caught:
            make_connector(config.model_copy(update={"proxy": proxy}))
        assert_hidden(caught.value)


async def pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        target.write(data)
    target.close()


def assert_hidden(error: BaseException | None) -> None:
    while error is not None:
        assert "geheim" not in str(error)
        error = error.__cause__ or error.__context__


async def test_a_handlers_mistakes_are_counted_and_the_log_shows_no_payload(
    venue: Venue, connector: WsConnector, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()
    connection = await connector.connect(venue.base, ear.on_frame, ear.on_close)
    connection.send(b"explode")
    connection.send(b"explode")
    await ear.until(frames=2)
    await connection.close()
    assert connection.failures == 2  # type: ignore[attr-defined]  # of both transports, not of the port
    assert "a frame of 7 bytes could not be handled" in caplog.text
    assert all("explode" not in record.getMessage() for record in caplog.records)


class WideEar(Ear):
    """One that takes what came together."""

    def __init__(self) -> None:
        super().__init__()
        self.together: list[int] = []

    def __call__(self, data: bytes) -> None:
        self.many((data,))

    def many(self, frames: Sequence[bytes]) -> None:
        self.together.append(len(frames))
        for data in frames:
            self.on_frame(data)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("size", [8, 125, 126, 1_000])
async def test_messages_of_one_read_arrive_at_once_and_in_order_whatever_stands_between_and_behind_them(
    raw: RawVenue, connector: WsConnector, wide: bool, size: int
) -> None:
    ear = WideEar() if wide else Ear()
    connection = await connector.connect(raw.base, ear if isinstance(ear, WideEar) else ear.on_frame, ear.on_close)
    for kind, data, last in [
        (1, b"one".ljust(size), True),
        (1, b"two".ljust(size), True),
        (9, b"a ping", True),
        (1, b"fo", False),
        (10, b"a pong for nobody".ljust(125), True),
        (0, b"ur".ljust(size), True),
        (2, b"five".ljust(size), True),
        (1, b"", False),
        (0, b"six".ljust(size), True),
        (10, b"a pong for nobody".ljust(125), True),
        (1, b"seven".ljust(size), True),
        (9, b"a ping at the end", True),
    ]:
        raw.say(kind, data, last=last)
    await ear.until(frames=6)
    assert [data.rstrip() for data in ear.frames] == [b"one", b"two", b"four", b"five", b"six", b"seven"]
    await connection.close()


async def test_messages_that_came_with_the_end_of_a_connection_arrive_before_it_is_told(
    raw: RawVenue, connector: WsConnector
) -> None:
    ear = WideEar()
    frames_at_end: list[int] = []
    connection = await connector.connect(raw.base, ear, lambda reason: frames_at_end.append(len(ear.frames)))
    raw.say(1, b"one")
    raw.say(1, b"two")
    raw.say(8, b"\x03\xe8bye")
    async with asyncio.timeout(5):
        while not frames_at_end:
            ear.changed.clear()
            await ear.changed.wait()
            await connection.close()
    assert (ear.frames, frames_at_end) == ([b"one", b"two"], [2])
