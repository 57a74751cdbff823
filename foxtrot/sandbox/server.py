"""One embedded venue on one loopback port: HTTP and WebSocket around a dialect."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMsgType, web

from foxtrot.errors import ConnectFailed
from foxtrot.sandbox.dialect import Dialect, HttpRequest, HttpResponse, WireSession

_LOG = logging.getLogger("foxtrot.sandbox")
_TICK_S = 0.02
_OUTBOX = 50_000
_CLOSE_S = 1.0


class SandboxServer:
    """Serve a dialect.

    The venue's own host name is accepted as first path segment; any other host is answered with 404,
    logged as an error and counted in `foreign_hosts`, so that a client that calls the wrong company is found out.

    `advance(elapsed_s)` is called some fifty times a second to let the market live.
    """

    def __init__(
        self, dialect: Dialect, advance: Callable[[float], None], *, host: str, port: int, life_s: float, ping_s: float
    ) -> None:
        self._dialect = dialect
        self._advance = advance
        self._host = host
        self._port = port
        self._life_s = life_s
        self._ping_s = ping_s
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._sockets: set[web.WebSocketResponse] = set()
        self.foreign_hosts: list[str] = []
        self.base = ""

    async def start(self) -> None:
        """Listen. Raises ConnectFailed when the port is in use or may not be opened."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            self._runner = None
            reason = error.strerror or str(error)
            raise ConnectFailed(
                f"The sandbox cannot listen on {self._host}:{self._port}: {reason.lower()}. Choose another "
                "port, or 0 for any free one."
            ) from error
        host, port = self._runner.addresses[0][:2]
        self.base = f"{host}:{port}"
        self._ticker = asyncio.create_task(self._tick(), name="foxtrot sandbox market")

    async def stop(self) -> None:
        """Close every socket and end."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
            self._ticker = None
        closing = [s.close(code=WSCloseCode.GOING_AWAY, message=b"sandbox stops") for s in list(self._sockets)]
        await asyncio.gather(*closing, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        while True:
            self._advance(loop.time() - started)
            self._dialect.tick()
            await asyncio.sleep(_TICK_S)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = self._local_path(request.path)
        if path is None:
            return web.json_response({"error": f"{request.path} is not of this venue"}, status=404)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request, path)
        answer = self._dialect.http(
            HttpRequest(
                method=request.method,
                path=path,
                query=request.rel_url.raw_query_string,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
                remote=request.remote or "",
            )
        )
        return _response(answer)

    def _local_path(self, path: str) -> str | None:
        """Strip the venue's host; None for a host that is another company's."""
        first, _, rest = path.removeprefix("/").partition("/")
        if "." not in first:
            return path
        if first in self._dialect.hosts:
            return f"/{rest}"
        self.foreign_hosts.append(first)
        _LOG.error("A client called %s, which is not this venue: %s", first, path)
        return None

    async def _socket(self, request: web.Request, path: str) -> web.StreamResponse:
        outbox: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue()
        session = self._dialect.open_socket(
            path,
            request.rel_url.raw_query_string,
            request.remote or "",
            lambda text: _offer(outbox, text),
            lambda code, reason: outbox.put_nowait((code, reason)),
        )
        if isinstance(session, HttpResponse):
            return _response(session)
        socket = web.WebSocketResponse(heartbeat=self._ping_s, max_msg_size=1 << 20)
        await socket.prepare(request)
        self._sockets.add(socket)
        life = asyncio.get_running_loop().call_later(
            self._life_s, outbox.put_nowait, (int(WSCloseCode.GOING_AWAY), "connection life is over")
        )
        writer = asyncio.create_task(_write(socket, outbox), name="foxtrot sandbox writer")
        try:
            await _read(socket, session)
        finally:
            life.cancel()
            session.closed()
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            self._sockets.discard(socket)
        return socket


async def _read(socket: web.WebSocketResponse, session: WireSession) -> None:
    async for message in socket:
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data = message.data
            session.receive(data if isinstance(data, str) else bytes(data).decode("utf-8", "replace"))


async def _write(socket: web.WebSocketResponse, outbox: asyncio.Queue[str | tuple[int, str]]) -> None:
    while True:
        item = await outbox.get()
        try:
            if isinstance(item, tuple):
                await socket.close(code=item[0], message=item[1].encode())
                return
            await socket.send_str(item)
        except (ConnectionError, RuntimeError):
            _LOG.debug("a client went away while it was sent something")
            return


def _offer(outbox: asyncio.Queue[str | tuple[int, str]], text: str) -> None:
    """Queue a frame; a client that reads too slowly is cut off, as the venue does."""
    if outbox.qsize() < _OUTBOX:
        outbox.put_nowait(text)
    elif outbox.qsize() == _OUTBOX:
        _LOG.warning("a client reads too slowly and is cut off")
        outbox.put_nowait((int(WSCloseCode.TRY_AGAIN_LATER), "too slow"))


def _response(answer: HttpResponse) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))
