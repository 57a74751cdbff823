"""A lean HTTP/1.1 client for signed requests: kept connections, proxies, and errors that tell what is known.

Far less than a library for the web does (no redirects, cookies, retries), and so a request costs a third of theirs.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectFailed, ConnectionLost, RequestTimeout, StateError
from foxtrot.io.http_connection import HUNG_UP, Broken, HttpConnection
from foxtrot.io.http_tunnel import ProxyFailed, open_tunnel, reach_proxy
from foxtrot.protocol.calls import RawResponse

_KEEP_S = 15.0  # servers close idle connections sooner or later; a request that meets that would be in doubt
_PORTS = {"http": 80, "https": 443}
_MALFORMED = "its URL or that of the proxy is malformed"
_ALWAYS = "User-Agent: foxtrot\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
Origin = tuple[str, str, int]  # scheme, host, port


class HttpClient:
    """Implement the HttpSender port over sockets.

    A request goes out once, on a connection that nothing has come on since its last answer and that was idle for less
    than 15 s. No error text holds a URL: those hold signatures, and a proxy's its password.
    """

    def __init__(self, config: TransportConfig) -> None:
        self._config = config
        self._origins: dict[tuple[str, str], Origin] = {}
        self._idle: defaultdict[Origin, list[HttpConnection]] = defaultdict(list)
        self._busy: dict[HttpConnection, float] = {}  # until when an answer is waited for; the first falls due first
        self._alarm: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawResponse:
        """Send a request and return the answer whatever its status.

        Raises ConnectFailed and StateError (not sent), ConnectionLost and RequestTimeout (outcome unknown).
        """
        if self._closed:
            raise StateError("Nothing was sent: the connection is closed.")
        scheme, _, rest = url.partition("://")
        netloc, slash, path = rest.partition("/")
        origin = self._origins.get((scheme, netloc)) or self._origin(scheme, netloc)
        target = f"/{path}" if slash else "/"
        if scheme == "http" and self._config.proxy is not None:
            target = f"http://{netloc}{target}"
        data = self._encode(origin, method, target, netloc, headers, body)
        connection = self._kept(origin) or await self._connected(origin, netloc)
        return await self._exchanged(connection, origin, netloc, data)

    async def close(self) -> None:
        """End all connections; who waits for an answer gets ConnectionLost."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        connections = [*self._busy, *(one for kept in self._idle.values() for one in kept)]
        self._idle.clear()
        await asyncio.gather(*(connection.close() for connection in connections))

    async def _exchanged(self, connection: HttpConnection, origin: Origin, netloc: str, data: bytes) -> RawResponse:
        if not connection.usable:
            raise ConnectFailed(f"{netloc} cannot be reached: {HUNG_UP}.")
        loop, limit = connection.loop, self._config.request_timeout_s
        self._busy[connection] = loop.time() + limit
        if self._alarm is None:  # one for all: a timer of its own would cost each request more than to write it
            self._alarm = loop.call_later(limit, self._time_out)
        try:
            answer = await connection.request(data)
        except TimeoutError:
            raise RequestTimeout(f"{netloc} did not answer within {limit:g} s.") from None
        except Broken as broken:
            raise ConnectionLost(f"The connection to {netloc} broke during a request: {broken}.") from None
        finally:
            del self._busy[connection]
        if connection.usable and not self._closed:
            connection.idle_since = loop.time()
            self._idle[origin].append(connection)
        return answer

    def _time_out(self) -> None:
        """Give up the answers that are due, and come again when the next one is."""
        loop = asyncio.get_running_loop()
        now, self._alarm = loop.time(), None
        for connection, due in self._busy.items():
            if due > now:
                self._alarm = loop.call_at(due, self._time_out)
                return
            connection.time_out()

    def _kept(self, origin: Origin) -> HttpConnection | None:
        """Return the connection that was used last, None without one that is still good."""
        kept = self._idle[origin]
        while kept:
            connection = kept.pop()
            if connection.usable and connection.loop.time() - connection.idle_since < _KEEP_S:
                return connection
            connection.abort()
        return None

    async def _connected(self, origin: Origin, netloc: str) -> HttpConnection:
        """Open a connection. Raises ConnectFailed: nothing was sent."""
        limit = self._config.connect_timeout_s
        try:
            async with asyncio.timeout(limit):
                connection = await self._open(origin)
        except TimeoutError:
            why = "no connection in time"
        except ProxyFailed as failed:
            why = str(failed)
        except ssl.SSLCertVerificationError:
            why = "its TLS certificate is not trusted"
        except ssl.SSLError as error:
            why = (error.reason or type(error).__name__).lower().replace("_", " ")
        except OSError as error:
            why = (os.strerror(error.errno) if error.errno else error.strerror or type(error).__name__).lower()
        except ValueError:
            why = _MALFORMED
        else:
            if not self._closed:
                return connection
            connection.abort()
            why = "the connection is closed"
        raise ConnectFailed(f"{netloc} cannot be reached: {why}.") from None

    async def _open(self, origin: Origin) -> HttpConnection:
        scheme, host, port = origin
        loop = asyncio.get_running_loop()
        tls = self._context() if scheme == "https" else None
        if self._config.proxy is None:
            _, connection = await loop.create_connection(HttpConnection, host, port, ssl=tls)
            return connection
        return await self._open_through(self._config.proxy, host, port, tls)

    async def _open_through(self, proxy: str, host: str, port: int, tls: ssl.SSLContext | None) -> HttpConnection:
        parts = urlsplit(proxy)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("a proxy is http://host:port")
        to_proxy = self._context() if parts.scheme == "https" else None
        where = parts.hostname, parts.port or _PORTS[parts.scheme]
        if tls is None:
            _, connection = await reach_proxy(HttpConnection, *where, to_proxy)
            return connection
        return await open_tunnel(*where, to_proxy, host, port, tls, _authorization(proxy))

    def _origin(self, scheme: str, netloc: str) -> Origin:
        host, _, port = netloc.rpartition(":") if ":" in netloc.rpartition("]")[2] else (netloc, "", "")
        if scheme not in _PORTS or not host or not (port or "0").isdigit():
            raise ConnectFailed(f"{netloc or 'The venue'} cannot be reached: {_MALFORMED}.")
        origin = self._origins[scheme, netloc] = scheme, host.strip("[]"), int(port) if port else _PORTS[scheme]
        return origin

    def _encode(
        self, origin: Origin, method: str, target: str, netloc: str, headers: Mapping[str, str], body: bytes
    ) -> bytes:
        head = f"{method} {target} HTTP/1.1\r\nHost: {netloc}\r\n{_ALWAYS}"
        for name, value in headers.items():
            head += f"{name}: {value}\r\n"
        if self._config.proxy is not None and origin[0] == "http":
            head += _authorization(self._config.proxy)
        if body or method in ("POST", "PUT"):
            head += f"Content-Length: {len(body)}\r\n"
        return f"{head}\r\n".encode("latin-1") + body

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _authorization(proxy: str) -> str:
    """Return the header line of a proxy's user and password, "" without them."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return ""
    both = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(both.encode()).decode()}\r\n"
