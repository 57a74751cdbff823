"""A dialect over memory: requests and frames without sockets, on the real clock and without faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from foxtrot.errors import ConnectFailed
from foxtrot.ports import OnClose, OnFrame
from foxtrot.protocol.calls import RawResponse
from foxtrot.sandbox.dialect import Dialect, HttpRequest, HttpResponse, WireSession
from foxtrot.sandbox.stage import local_path

_REMOTE = "127.0.0.1"


class MemoryWire:
    """Carry requests (`HttpSender`) and streams (`WsConnector`) to a dialect in the same process."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._sockets: set[MemorySocket] = set()

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawResponse:
        """Return the venue's answer. Raises ConnectFailed for a host that is not the venue's."""
        await asyncio.sleep(0)  # never within the caller's step: over a network it could not be
        parts = urlsplit(url)
        answer = self._dialect.http(
            HttpRequest(
                method=method,
                path=self._local(parts.path),
                query=parts.query,
                headers={name.lower(): str(value) for name, value in headers.items()},
                body=body,
                remote=_REMOTE,
            )
        )
        return RawResponse(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body)

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> MemorySocket:
        """Open a stream. Raises ConnectFailed."""
        await asyncio.sleep(0)
        parts = urlsplit(url)
        socket = MemorySocket(on_frame, on_close, self._sockets.discard)
        session = self._dialect.open_socket(self._local(parts.path), parts.query, _REMOTE, socket.say, socket.end)
        if isinstance(session, HttpResponse):
            raise ConnectFailed(f"The venue refused the connection: {session.body.decode()}")
        socket.session = session
        self._sockets.add(socket)
        return socket

    def close(self) -> None:
        """End every stream."""
        for socket in list(self._sockets):
            socket.end(1001, "the dry run ends")

    def _local(self, path: str) -> str:
        local = local_path(path, self._dialect.hosts)
        if local is None:
            raise ConnectFailed(f"{path} is not an address of this venue.")
        return local


class MemorySocket:
    """One stream; frames go in order, each in a step of its own."""

    def __init__(self, on_frame: OnFrame, on_close: OnClose, forget: Callable[[MemorySocket], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_frame = on_frame
        self._on_close = on_close
        self._forget = forget
        self._over = False
        self.session: WireSession | None = None

    def send(self, data: bytes) -> None:
        """Carry a client's frame to the venue."""
        self._loop.call_soon(self._up, data.decode())

    async def close(self) -> None:
        """End the stream from the client's side."""
        self._end("closed here")

    def say(self, text: str) -> None:
        """Carry a venue's frame to the client."""
        self._loop.call_soon(self._down, text.encode())

    def end(self, code: int, reason: str) -> None:
        """End the stream from the venue's side."""
        self._loop.call_soon(self._end, f"{code} {reason}")

    def _up(self, text: str) -> None:
        if not self._over and self.session is not None:
            self.session.receive(text)

    def _down(self, data: bytes) -> None:
        if not self._over:
            self._on_frame(data)

    def _end(self, reason: str) -> None:
        if self._over:
            return
        self._over = True
        if self.session is not None:
            self.session.closed()
        self._forget(self)
        self._on_close(reason)
