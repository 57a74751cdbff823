"""The HTTP client: each request gets its own answer or none, whatever the server does to the connection."""

from __future__ import annotations

import asyncio
import datetime
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectFailed, ConnectionLost, RequestTimeout, StateError
from foxtrot.io import http, http_connection
from foxtrot.io.http import HttpClient

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Script = Callable[[int, bytes], bytes | None]


class Venue:
    """A server below HTTP: `answer(number, head)` gives the bytes for the n-th request, None to say nothing.

    `hang_up` closes after each answer. What came is in `heads`, how many connections there were in `connections`.
    """

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.connections = 0
        self.hang_up = False
        self.answer: Script = lambda number, head: OK
        self.base = ""
        self.writers: list[asyncio.StreamWriter] = []
        self.came = asyncio.Event()
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.came.set()
                answer = self.answer(len(self.heads), head)
                if answer is not None:
                    writer.write(answer)
                if self.hang_up:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.ended.set()
            writer.close()


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.base = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient(TransportConfig(request_timeout_s=2.0, connect_timeout_s=2.0))
    yield made
    await made.close()


async def get(client: HttpClient, venue: Venue, path: str = "/x") -> bytes:
    return (await client.send("GET", f"http://{venue.base}{path}", {}, b"")).body


async def test_requests_one_after_the_other_share_a_connection(client: HttpClient, venue: Venue) -> None:
    assert [await get(client, venue) for _ in range(5)] == [b"ok"] * 5
    assert venue.connections == 1


async def test_a_request_is_written_with_its_host_its_headers_and_the_length_of_its_body(
    client: HttpClient, venue: Venue
) -> None:
    await client.send("POST", f"http://{venue.base}/order?a=b", {"X-Key": "k"}, b"")
    lines = venue.heads[0].split(b"\r\n")
    assert lines[0] == b"POST /order?a=b HTTP/1.1"
    assert {f"Host: {venue.base}".encode(), b"X-Key: k", b"Content-Length: 0"} <= set(lines)


@pytest.mark.parametrize(
    ("answer", "body", "status"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde", 200),
        (b"HTTP/1.1 103 Early\r\nx: y\r\n\r\nHTTP/1.1 418 Tea\r\ncontent-length: 2\r\n\r\nno", b"no", 418),
        (b"HTTP/1.1 204 None\r\n\r\n", b"", 204),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b"
            % (len(gzip.compress(b"long" * 99)), gzip.compress(b"long" * 99)),
            b"long" * 99,
            200,
        ),
    ],
    ids=["chunked", "interim", "no body", "gzip"],
)
async def test_answers_are_read_whatever_their_framing_and_the_connection_is_kept(
    client: HttpClient, venue: Venue, answer: bytes, body: bytes, status: int
) -> None:
    venue.answer = lambda number, head: answer
    for _ in range(2):
        got = await client.send("GET", f"http://{venue.base}/", {}, b"")
        assert (got.status, got.body) == (status, body)
    assert venue.connections == 1


async def test_an_answer_may_end_with_the_connection(client: HttpClient, venue: Venue) -> None:
    venue.hang_up = True
    venue.answer = lambda number, head: b"HTTP/1.1 200 OK\r\n\r\nall of it"
    assert await get(client, venue) == b"all of it"


async def test_a_connection_that_the_server_wants_closed_is_not_used_again(client: HttpClient, venue: Venue) -> None:
    venue.answer = lambda number, head: b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    await get(client, venue)
    await get(client, venue)
    assert venue.connections == 2


async def test_bytes_behind_an_answer_are_never_taken_for_the_next_one(client: HttpClient, venue: Venue) -> None:
    forged = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"
    venue.answer = lambda number, head: OK + forged if number == 1 else OK
    assert await get(client, venue) == b"ok"
    assert await get(client, venue) == b"ok"
    assert venue.connections == 2


async def test_bytes_that_nobody_asked_for_end_a_kept_connection(client: HttpClient, venue: Venue) -> None:
    await get(client, venue)
    venue.writers[0].write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged")
    await asyncio.wait_for(venue.ended.wait(), 5)
    assert await get(client, venue) == b"ok"
    assert venue.connections == 2


async def test_a_connection_that_ended_while_kept_is_left_and_the_request_goes_out_once(
    client: HttpClient, venue: Venue
) -> None:
    await get(client, venue)
    venue.writers[0].close()
    await asyncio.wait_for(venue.ended.wait(), 5)
    assert await get(client, venue) == b"ok"
    assert (venue.connections, len(venue.heads)) == (2, 2)


async def test_a_connection_that_was_idle_for_long_is_not_trusted(
    client: HttpClient, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_KEEP_S", 0.0)
    await get(client, venue)
    await get(client, venue)
    assert venue.connections == 2


async def test_an_answer_that_comes_too_late_is_not_that_of_the_next_request(venue: Venue) -> None:
    client = HttpClient(TransportConfig(request_timeout_s=0.05, connect_timeout_s=2.0))
    venue.answer = lambda number, head: None if number == 1 else OK
    with pytest.raises(RequestTimeout):
        await get(client, venue)
    assert await get(client, venue) == b"ok"
    assert venue.connections == 2
    await client.close()


async def test_each_request_has_its_own_time_whatever_was_asked_before_it(venue: Venue) -> None:
    patient, hasty = (HttpClient(TransportConfig(request_timeout_s=s, connect_timeout_s=2.0)) for s in (0.2, 0.05))
    loop = asyncio.get_running_loop()
    waited: list[float] = []

    async def ask_in_vain(client: HttpClient) -> None:
        asked = loop.time()
        with pytest.raises(RequestTimeout):
            await get(client, venue)
        if client is patient:
            waited.append(loop.time() - asked)

    assert await get(patient, venue) == b"ok"  # answered in time: nothing is left of it
    venue.answer = lambda number, head: None
    asking = []
    for _ in range(3):
        asking.append(asyncio.create_task(ask_in_vain(patient)))
        await ask_in_vain(hasty)  # so that the next one is asked later, and falls due later
    await asyncio.gather(*asking)
    await ask_in_vain(patient)  # nothing was asked for a while
    assert len(waited) == 4
    assert all(0.19 < took < 1.0 for took in waited), waited
    await patient.close()
    await hasty.close()


async def test_whoever_stops_waiting_leaves_no_connection_with_an_answer_under_way(
    client: HttpClient, venue: Venue
) -> None:
    venue.answer = lambda number, head: None if number == 1 else OK
    asking = asyncio.create_task(get(client, venue))
    await venue.came.wait()
    asking.cancel()
    await asyncio.wait({asking})
    await asyncio.wait_for(venue.ended.wait(), 5)
    assert await get(client, venue) == b"ok"
    assert venue.connections == 2


async def test_whoever_waits_when_the_client_is_closed_does_not_know_the_outcome(
    client: HttpClient, venue: Venue
) -> None:
    venue.answer = lambda number, head: None
    asking = asyncio.create_task(get(client, venue))
    await venue.came.wait()
    await client.close()
    with pytest.raises(ConnectionLost):
        await asking
    with pytest.raises(StateError, match="Nothing was sent"):
        await get(client, venue)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n" + b"x" * 9_999, "longer than"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc", "cannot be unpacked"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 3\r\n\r\nabc", "cannot be unpacked"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b"
            % (len(gzip.compress(b"x" * 9_999)), gzip.compress(b"x" * 9_999)),
            "cannot be unpacked",
        ),
        (b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", "no HTTP"),
    ],
    ids=["too long", "no gzip", "unknown packing", "bomb", "upgrade"],
)
async def test_an_answer_that_cannot_be_used_leaves_the_outcome_unknown(
    client: HttpClient, venue: Venue, monkeypatch: pytest.MonkeyPatch, answer: bytes, why: str
) -> None:
    monkeypatch.setattr(http_connection, "MAX_ANSWER", 5_000)
    venue.answer = lambda number, head: answer
    with pytest.raises(ConnectionLost, match=why):
        await get(client, venue)


@pytest.mark.parametrize("url", ["ftp://x/", "http://:99/", "http://host:port/", "nonsense"])
async def test_an_address_that_is_none_is_not_sent_to(client: HttpClient, url: str) -> None:
    with pytest.raises(ConnectFailed, match="malformed"):
        await client.send("GET", url, {}, b"")


async def test_a_plain_request_goes_to_the_proxy_with_its_whole_address_and_the_proxys_password(venue: Venue) -> None:
    client = HttpClient(TransportConfig(proxy=f"http://me:se%20cret@{venue.base}"))
    await client.send("GET", "http://venue.invalid/time", {}, b"")
    await client.close()
    lines = venue.heads[0].split(b"\r\n")
    assert lines[0] == b"GET http://venue.invalid/time HTTP/1.1"
    assert b"Proxy-Authorization: Basic bWU6c2UgY3JldA==" in lines
    assert b"Host: venue.invalid" in lines


class Tunnel:
    """A proxy that connects whoever asks to one server."""

    def __init__(self, host: str, port: int) -> None:
        self._where = host, port
        self.heads: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        back, on = await asyncio.open_connection(*self._where)
        writer.write(b"HTTP/1.1 200 Connection established\r\nx: y\r\n\r\n")
        await asyncio.gather(self._pass(reader, on), self._pass(back, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Return the files of a certificate for 127.0.0.1 and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a venue")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
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
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@pytest.mark.parametrize("proxied", [False, True])
async def test_tls_is_spoken_with_the_venue_itself_also_through_a_proxy(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, proxied: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    venue, tls = Venue(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    server = await asyncio.start_server(venue.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    tunnel = Tunnel("127.0.0.1", port)
    between = await asyncio.start_server(tunnel.serve, "127.0.0.1", 0)
    proxy = f"http://me:secret@127.0.0.1:{between.sockets[0].getsockname()[1]}" if proxied else None
    client = HttpClient(TransportConfig(proxy=proxy))
    for _ in range(2):
        got = await client.send("GET", f"https://127.0.0.1:{port}/time", {"X-Key": "k"}, b"")
        assert got.body == b"ok"
    assert venue.connections == 1
    assert [b"secret" in head or b"Proxy" in head for head in venue.heads] == [False, False]
    if proxied:
        (head,) = tunnel.heads
        assert head.startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n".encode())
        assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in head
        assert b"X-Key" not in head
    await client.close()
    for one in (server, between):
        one.close()


async def test_a_venue_with_a_certificate_that_nobody_vouches_for_is_sent_nothing(
    certificate: tuple[Path, Path], client: HttpClient
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    venue: Any = Venue()
    server = await asyncio.start_server(venue.serve, "127.0.0.1", 0, ssl=tls)
    with pytest.raises(ConnectFailed, match="its TLS certificate is not trusted"):
        await client.send("GET", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", {}, b"")
    server.close()
    assert venue.heads == []


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_does_not_answer_is_named_as_the_cause(scheme: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = HttpClient(TransportConfig(proxy=f"http://127.0.0.1:{taken.getsockname()[1]}"))
        with pytest.raises(ConnectFailed, match="the proxy does not answer"):
            await client.send("GET", f"{scheme}://venue.invalid/", {}, b"")
        await client.close()
