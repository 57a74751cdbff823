"""WebSockets by the `websockets` library: compression, proxies, and wherever picows has no wheel."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectFailed
from foxtrot.io.frames import CLOSE_TIMEOUT_S, MAX_MESSAGE, deliver
from foxtrot.ports import OnClose, OnFrame


class WebsocketsConnector:
    """Implement the WsConnector port."""

    def __init__(self, config: TransportConfig) -> None:
        self._config = config

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> WebsocketsConnection:
        """Open a connection. Raises ConnectFailed within the configured time."""
        limit = self._config.connect_timeout_s
        host = urlsplit(url).netloc
        try:
            socket = await connect(
                url,
                open_timeout=limit,
                close_timeout=CLOSE_TIMEOUT_S,
                max_size=MAX_MESSAGE,
                proxy=self._config.proxy,
            )
        except TimeoutError as error:
            raise ConnectFailed(f"{host} did not open a WebSocket within {limit:g} s.") from error
        except WebSocketException as error:
            raise ConnectFailed(f"{host} refused the WebSocket: {error}.") from error
        except OSError as error:
            raise ConnectFailed(f"{host} cannot be reached: {error.strerror or error}.") from error
        return WebsocketsConnection(socket, on_frame, on_close)


class WebsocketsConnection:
    """One open WebSocket with a task that reads and one that writes."""

    def __init__(self, socket: ClientConnection, on_frame: OnFrame, on_close: OnClose) -> None:
        self._socket = socket
        self._on_frame = on_frame
        self._on_close = on_close
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(), name="foxtrot ws reader")
        self._writer = asyncio.create_task(self._write(), name="foxtrot ws writer")

    def send(self, data: bytes) -> None:
        """Send a text message; it is buffered, never waited for."""
        self._outbox.put_nowait(data.decode())

    async def close(self) -> None:
        """Close with a handshake where the other side answers in time, hard otherwise."""
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        reason = "connection lost"
        try:
            async for message in self._socket:
                deliver(self._on_frame, message.encode() if isinstance(message, str) else message)
            reason = f"closed: {self._socket.close_code} {self._socket.close_reason or ''}".rstrip()
        except ConnectionClosed as error:
            reason = f"connection lost: {error}"
        finally:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer
            self._on_close(reason)

    async def _write(self) -> None:
        while True:
            text = await self._outbox.get()
            try:
                await self._socket.send(text)
            except ConnectionClosed:
                return  # the reader reports why
