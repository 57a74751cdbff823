"""WebSockets by the `websockets` library: compression, and wherever picows has no wheel."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidProxy, InvalidURI, WebSocketException

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectFailed, UnsupportedError
from foxtrot.io.frames import CLOSE_TIMEOUT_S, MAX_MESSAGE, FrameSink
from foxtrot.io.ws_address import check_proxy, checked_host
from foxtrot.ports import OnClose, OnFrame


class WebsocketsConnector:
    """Implement the WsConnector port. Raises UnsupportedError for a proxy that cannot be used."""

    def __init__(self, config: TransportConfig) -> None:
        check_proxy(config.proxy)
        self._config = config

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> WebsocketsConnection:
        """Open a connection. Raises ConnectFailed within the configured time."""
        limit = self._config.connect_timeout_s
        host = checked_host(url)
        try:
            socket = await self._open(url, limit)
        except TimeoutError as error:
            raise ConnectFailed(f"{host} did not open a WebSocket within {limit:g} s.") from error
        except (InvalidURI, InvalidProxy):
            # Their texts would show the whole address, a proxy's password included.
            raise UnsupportedError(f"websockets cannot use the address of {host} or of the proxy.") from None
        except WebSocketException as error:
            raise ConnectFailed(f"{host} refused the WebSocket: {error}.") from error
        except OSError as error:
            raise ConnectFailed(f"{host} cannot be reached: {error.strerror or error}.") from error
        except ImportError as error:
            raise UnsupportedError("A SOCKS proxy needs python-socks; pip install python-socks.") from error
        return WebsocketsConnection(socket, FrameSink(on_frame, on_close))

    async def _open(self, url: str, limit: float) -> ClientConnection:
        return await _Direct(
            url,
            open_timeout=limit,
            ping_interval=self._config.ping_interval_s,
            ping_timeout=self._config.ping_timeout_s,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_MESSAGE,
            proxy=self._config.proxy,
            create_connection=_Bounded,
        )


class WebsocketsConnection:
    """One open WebSocket with a task that reads and one that writes."""

    def __init__(self, socket: ClientConnection, sink: FrameSink) -> None:
        self._socket = socket
        self._sink = sink
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(), name="foxtrot ws reader")
        self._writer = asyncio.create_task(self._write(), name="foxtrot ws writer")

    @property
    def failures(self) -> int:
        """Return how many frames the handler could not take."""
        return self._sink.failures

    def send(self, data: bytes) -> None:
        """Send a text message; it is buffered, never waited for, and dropped when the connection has ended."""
        if not self._reader.done():
            self._outbox.put_nowait(data.decode())

    async def close(self) -> None:
        """Close with a handshake where the other side answers in time, hard otherwise."""
        await self._socket.close()
        await asyncio.wait({self._writer})
        await self._reader

    async def _read(self) -> None:
        reason = "connection lost"
        try:
            while True:
                self._sink.deliver(await self._socket.recv(decode=False))
        except ConnectionClosed as error:
            reason = _reason(error)
        finally:
            self._writer.cancel()
            self._sink.end(reason)

    async def _write(self) -> None:
        while True:
            text = await self._outbox.get()
            try:
                await self._socket.send(text)
            except ConnectionClosed:
                return  # the reader reports why


class _Bounded(ClientConnection):
    """End the socket in bounded time once a close has begun; while only receiving, the library would wait for ever."""

    _end: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._end is None and self.protocol.close_expected():
            self._end = self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)


class _Direct(connect):
    """Refuse redirects: who redirects an order stream decides where orders go."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Raise the refusal as it is."""
        return exc


def _reason(error: ConnectionClosed) -> str:
    if error.rcvd is not None and (error.rcvd_then_sent or error.sent is None):
        return f"closed by the venue: {error.rcvd.code} {error.rcvd.reason}".rstrip()
    if error.sent is not None:
        return f"closed here: {error.sent.code} {error.sent.reason}".rstrip()
    return "connection lost"
