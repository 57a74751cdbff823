"""WebSockets by picows: frames by callback, straight from the socket."""

from __future__ import annotations

import asyncio

import picows
from python_socks import ProxyError

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectFailed, UnsupportedError
from foxtrot.io.frames import CLOSE_TIMEOUT_S, MAX_MESSAGE, TOO_BIG, FrameSink
from foxtrot.io.ws_address import check_proxy, checked_host
from foxtrot.ports import OnClose, OnFrame

_WHOLE = (picows.WSMsgType.TEXT, picows.WSMsgType.BINARY)
_DATA = (*_WHOLE, picows.WSMsgType.CONTINUATION)
_MAX_CONTROL = 125  # bytes that a close, ping or pong can hold, by RFC 6455


class PicowsConnector:
    """Implement the WsConnector port. Raises UnsupportedError for a proxy that cannot be used."""

    def __init__(self, config: TransportConfig) -> None:
        check_proxy(config.proxy)
        self._config = config

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> PicowsConnection:
        """Open a connection. Raises ConnectFailed within the configured time."""
        limit = self._config.connect_timeout_s
        host = checked_host(url)
        sink = FrameSink(on_frame, on_close)
        try:
            async with asyncio.timeout(limit):
                transport = await self._open(url, sink, limit)
        except TimeoutError as error:
            raise ConnectFailed(f"{host} did not open a WebSocket within {limit:g} s.") from error
        except picows.WSInvalidURL:
            # Its text would show the whole address, a proxy's password included.
            raise UnsupportedError(f"picows cannot use the address of {host} or of the proxy.") from None
        except (picows.WSError, ProxyError) as error:
            raise ConnectFailed(f"{host} refused the WebSocket: {error}.") from error
        except OSError as error:
            raise ConnectFailed(f"{host} cannot be reached: {error.strerror or error}.") from error
        return PicowsConnection(transport, sink)

    async def _open(self, url: str, sink: FrameSink, limit: float) -> picows.WSTransport:
        transport, _ = await picows.ws_connect(
            lambda: _Listener(sink),
            url,
            disconnect_on_exception=False,
            websocket_handshake_timeout=limit,
            enable_auto_ping=True,
            auto_ping_idle_timeout=self._config.ping_interval_s,
            auto_ping_reply_timeout=min(self._config.ping_timeout_s, self._config.ping_interval_s),
            max_frame_size=MAX_MESSAGE,
            max_redirects=0,  # who redirects an order stream decides where orders go
            proxy=self._config.proxy,
        )
        return transport


class PicowsConnection:
    """One open WebSocket."""

    def __init__(self, transport: picows.WSTransport, sink: FrameSink) -> None:
        self._transport = transport
        self._sink = sink

    @property
    def failures(self) -> int:
        """Return how many frames the handler could not take."""
        return self._sink.failures

    def send(self, data: bytes) -> None:
        """Send a text message; it is buffered, never waited for, and dropped when the connection has ended."""
        if not self._transport.is_disconnected:
            self._transport.send(picows.WSMsgType.TEXT, data)

    async def close(self) -> None:
        """Close with a handshake where the other side answers in time, hard otherwise."""
        if not self._transport.is_disconnected:
            self._transport.send_close(picows.WSCloseCode.OK)
            self._transport.disconnect(graceful=True)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._ended()
        except TimeoutError:
            self._transport.disconnect(graceful=False)
            await self._ended()

    async def _ended(self) -> None:
        try:
            await self._transport.wait_disconnected()
        except picows.WSError as error:
            # What broke the connection: the reason for those who did not hear of it yet.
            self._sink.end(f"connection lost: {error}")


class _Listener(picows.WSListener):
    """Collect what one read of the socket brings, and hand it over together.

    To ask a frame for its type costs as much as all else here, so it is asked for where it decides something only: what
    is longer than a control frame may be, and neither fragmented nor amid fragments, is a whole message.
    """

    __slots__ = ("_alone", "_frames", "_loop", "_parts", "_sink", "_size")

    def __init__(self, sink: FrameSink) -> None:
        self._sink = sink
        self._alone = not sink.takes_many
        self._loop = asyncio.get_running_loop()
        self._frames: list[bytes] | None = None  # of the read under way
        self._parts: list[bytes] = []
        self._size = 0

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        if frame.fin and (len(data) > _MAX_CONTROL or frame.msg_type in _WHOLE):
            frames = self._frames
            if frames is None:
                if self._alone or self._parts or frame.payload_size + frame.tail_size > MAX_MESSAGE:
                    self._take_alone(frame, data)
                    return
                frames = self._frames = []
                if not frame.last_in_buffer:
                    # The last frame of a read may be a ping, which picows answers without a word to us.
                    self._loop.call_soon(self._flush)
            frames.append(data)
            if frame.last_in_buffer:
                self._flush()
        else:
            self._flush()
            self._take_alone(frame, data)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self._flush()
        self._parts.clear()
        self._sink.end(_reason(transport))

    def _flush(self) -> None:
        if self._frames is not None:
            frames, self._frames = self._frames, None
            self._sink.deliver_all(frames)

    def _take_alone(self, frame: picows.WSFrame, data: bytes) -> None:
        """Take a fragment, a control frame, or a message that is not collected.

        Of a read so large that one message may be beyond the limit each is looked at: picows itself lets one pass that
        came whole.
        """
        if len(data) > MAX_MESSAGE:
            raise picows.WSProtocolError(picows.WSCloseCode.MESSAGE_TOO_BIG, TOO_BIG)
        kind = frame.msg_type
        if kind in _WHOLE and frame.fin:
            self._sink.deliver(data)
        elif kind in _DATA:
            self._join(data, last=frame.fin)

    def _join(self, data: bytes, *, last: bool) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > MAX_MESSAGE:
            self._parts.clear()
            raise picows.WSProtocolError(picows.WSCloseCode.MESSAGE_TOO_BIG, TOO_BIG)
        if last:
            whole, self._parts, self._size = b"".join(self._parts), [], 0
            self._sink.deliver(whole)


def _reason(transport: picows.WSTransport) -> str:
    shake = transport.close_handshake
    if shake is None:
        return "connection lost"
    if shake.recv is not None and (shake.recv_then_sent or shake.sent is None):
        return f"closed by the venue: {shake.recv.code:d} {shake.recv.reason}".rstrip()
    if shake.sent is not None:
        return f"closed here: {shake.sent.code:d} {shake.sent.reason}".rstrip()
    return "connection lost"
