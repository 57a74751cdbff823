"""WebSockets by picows: frames by callback, straight from the socket."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import picows

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectFailed
from foxtrot.io.frames import CLOSE_TIMEOUT_S, MAX_MESSAGE, deliver
from foxtrot.ports import OnClose, OnFrame

_DATA = (picows.WSMsgType.TEXT, picows.WSMsgType.BINARY)


class PicowsConnector:
    """Implement the WsConnector port."""

    def __init__(self, config: TransportConfig) -> None:
        self._config = config

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> PicowsConnection:
        """Open a connection. Raises ConnectFailed within the configured time."""
        limit = self._config.connect_timeout_s
        host = urlsplit(url).netloc
        try:
            async with asyncio.timeout(limit):
                transport, _ = await picows.ws_connect(
                    lambda: _Listener(on_frame, on_close),
                    url,
                    disconnect_on_exception=False,
                    websocket_handshake_timeout=limit,
                    max_frame_size=MAX_MESSAGE,
                    max_redirects=0,
                    proxy=self._config.proxy,
                )
        except TimeoutError as error:
            raise ConnectFailed(f"{host} did not open a WebSocket within {limit:g} s.") from error
        except picows.WSError as error:
            raise ConnectFailed(f"{host} refused the WebSocket: {error}.") from error
        except OSError as error:
            raise ConnectFailed(f"{host} cannot be reached: {error.strerror or error}.") from error
        return PicowsConnection(transport)


class PicowsConnection:
    """One open WebSocket."""

    def __init__(self, transport: picows.WSTransport) -> None:
        self._transport = transport

    def send(self, data: bytes) -> None:
        """Send a text message; it is buffered, never waited for."""
        self._transport.send(picows.WSMsgType.TEXT, data)

    async def close(self) -> None:
        """Close with a handshake where the other side answers in time, hard otherwise."""
        if self._transport.is_disconnected:
            return
        self._transport.send_close(picows.WSCloseCode.OK)
        self._transport.disconnect(graceful=True)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._transport.wait_disconnected()
        except TimeoutError:
            self._transport.disconnect(graceful=False)
            await self._transport.wait_disconnected()


class _Listener(picows.WSListener):
    def __init__(self, on_frame: OnFrame, on_close: OnClose) -> None:
        self._on_frame = on_frame
        self._on_close = on_close
        self._parts: list[bytes] = []

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        kind = frame.msg_type
        if kind in _DATA and frame.fin:
            deliver(self._on_frame, frame.get_payload_as_bytes())
        elif kind in _DATA or kind == picows.WSMsgType.CONTINUATION:
            self._join(frame)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        shake = transport.close_handshake
        received = getattr(shake, "recv", None)
        self._on_close(f"closed: {received}" if received else "connection lost")

    def _join(self, frame: picows.WSFrame) -> None:
        self._parts.append(frame.get_payload_as_bytes())
        if frame.fin:
            whole, self._parts = b"".join(self._parts), []
            deliver(self._on_frame, whole)
