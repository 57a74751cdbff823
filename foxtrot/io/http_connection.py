"""One HTTP/1.1 connection: a request at a time, its answer, and why it is of no further use."""

from __future__ import annotations

import asyncio
import zlib

import httptools

from foxtrot.protocol.calls import RawResponse

MAX_ANSWER = 64 * 1024 * 1024
HUNG_UP, CUT_OFF, NO_HTTP = "the server hung up", "the answer was cut off", "the answer was no HTTP"
_TOO_LONG = f"the answer was longer than {MAX_ANSWER} bytes"
_NO_BODY = frozenset({204, 304})
_READ = 65_536


class Broken(Exception):
    """Say in words why no answer came, or none that can be read; never what was sent."""


class HttpConnection(asyncio.BufferedProtocol):
    """Send one request after the other. `usable` ends with anything that leaves the order of answers in question.

    Nothing is ever sent twice, and an answer that comes when none is awaited ends the connection: it could be taken for
    that of the next request.
    """

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(_READ))  # one for all reads: a new one each time costs more than to parse
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[RawResponse] | None = None
        self._lost: asyncio.Future[None] = self.loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self.usable = False
        self.idle_since = 0.0

    async def request(self, data: bytes) -> RawResponse:
        """Send a request and return its answer. Raises Broken: what became of it is not known then.

        Whoever stops waiting ends the connection.
        """
        if self._transport is None or self._answer is not None:
            raise RuntimeError("a connection takes one request at a time")
        self._begin()
        answer: asyncio.Future[RawResponse] = self.loop.create_future()
        self._answer = answer
        self.usable = False
        self._transport.write(data)
        try:
            return await answer
        finally:
            self._answer = None
            if not self.usable:
                self._transport.abort()

    def time_out(self) -> None:
        """Give the answer up: who waits for it gets TimeoutError."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(TimeoutError())

    def abort(self) -> None:
        """End the connection now."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """End the connection and wait until it has ended."""
        self.abort()
        if self._transport is not None:
            await asyncio.wait({self._lost})

    # called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport: requests may begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.usable = True

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Read a part of the answer."""
        if self._answer is None or self._answer.done():
            self.abort()
            return
        self._size += nbytes
        if self._size > MAX_ANSWER:
            self._fail(_TOO_LONG)
            return
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(NO_HTTP)

    def eof_received(self) -> None:
        """Let the transport close: `connection_lost` follows."""
        self.usable = False

    def connection_lost(self, error: Exception | None) -> None:
        """Note the end; an answer that only the end of the connection delimits is complete with it."""
        self.usable = False
        if not self._lost.done():
            self._lost.set_result(None)
        if self._answer is None or self._answer.done():
            return
        if self._headed and self._open_ended and error is None:
            self._finish()
        elif self._size == 0:
            self._fail(HUNG_UP if error is None else str(getattr(error, "strerror", "") or HUNG_UP).lower())
        else:
            self._fail(CUT_OFF)

    # called by the parser

    def on_message_begin(self) -> None:
        """Begin an answer; a second one behind the first is nobody's."""
        if self._answer is None or self._answer.done():
            self.usable = False
            self.abort()
        self._headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; the last of a name counts."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Note how the body will end."""
        status = self._parser.get_status_code()
        self._headed = status >= 200
        framed = "content-length" in self._headers or "transfer-encoding" in self._headers
        self._open_ended = not framed and status not in _NO_BODY

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Hand the answer over; interim ones (1xx) are passed over."""
        if self._headed and self._answer is not None and not self._answer.done():
            self.usable = self._parser.should_keep_alive()
            self._finish()

    # inside

    def _begin(self) -> None:
        self._headers, self._body, self._size = {}, [], 0
        self._headed = self._open_ended = False

    def _finish(self) -> None:
        assert self._answer is not None
        body = b"".join(self._body)
        try:
            body = _unpacked(body, self._headers.get("content-encoding", ""))
        except (zlib.error, ValueError):
            self._fail("the answer cannot be unpacked")
            return
        self._answer.set_result(RawResponse(self._parser.get_status_code(), self._headers, body))

    def _fail(self, why: str) -> None:
        self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken(why))
        self.abort()


def _unpacked(body: bytes, encoding: str) -> bytes:
    if not encoding or encoding == "identity" or not body:
        return body
    if encoding not in ("gzip", "deflate"):
        raise ValueError(encoding)
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
    unpacked = unpack.decompress(body, MAX_ANSWER)
    if not unpack.eof:
        raise ValueError("cut off, or too long")
    return unpacked
