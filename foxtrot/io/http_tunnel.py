"""TLS through an HTTP proxy: CONNECT, then the handshake with the host behind it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TypeVar

from foxtrot.io.http_connection import HttpConnection

_MOST_HEAD = 65_536


REFUSED, NO_ANSWER = "the proxy refused", "the proxy does not answer"
P = TypeVar("P", bound=asyncio.BaseProtocol)


class ProxyFailed(Exception):
    """Say in words why a proxy did not open the way to the host."""


class _Opening(asyncio.Protocol):
    """Wait for the proxy's answer to a CONNECT."""

    def __init__(self) -> None:
        self._head = bytearray()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" in self._head or len(self._head) > _MOST_HEAD:
            version, _, rest = self._head.partition(b" ")
            self._settle(version.startswith(b"HTTP/1.") and rest[:1] == b"2" and self._head.endswith(b"\r\n\r\n"))

    def connection_lost(self, error: Exception | None) -> None:
        self._settle(False)

    def _settle(self, good: bool) -> None:
        if self.opened.done():
            return
        if good:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ProxyFailed(REFUSED))


async def reach_proxy(
    make: Callable[[], P], host: str, port: int, tls: ssl.SSLContext | None
) -> tuple[asyncio.Transport, P]:
    """Connect to a proxy. Raises ProxyFailed, ssl.SSLError."""
    try:
        return await asyncio.get_running_loop().create_connection(make, host, port, ssl=tls)
    except ssl.SSLError:
        raise
    except OSError:
        raise ProxyFailed(NO_ANSWER) from None


async def open_tunnel(
    proxy: str, proxy_port: int, to_proxy: ssl.SSLContext | None, host: str, port: int, tls: ssl.SSLContext, more: str
) -> HttpConnection:
    """Return a connection with `host` through a proxy; `more` are header lines for the proxy alone.

    Raises ProxyFailed, OSError, ssl.SSLError.
    """
    loop = asyncio.get_running_loop()
    transport, opening = await reach_proxy(_Opening, proxy, proxy_port, to_proxy)
    try:
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        transport.write(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n{more}\r\n".encode("latin-1"))
        await opening.opened
        connection = HttpConnection()
        transport.set_protocol(connection)
        secured = await loop.start_tls(transport, connection, tls, server_hostname=host)
        if secured is None:
            raise ConnectionResetError("the proxy hung up")
        connection.connection_made(secured)
    except BaseException:
        transport.abort()
        raise
    return connection
