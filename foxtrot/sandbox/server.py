"""One embedded venue on one loopback port: HTTP and WebSocket around a dialect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMsgType, web

from foxtrot.errors import ConnectFailed
from foxtrot.sandbox.admin import FaultAdmin
from foxtrot.sandbox.dialect import Dialect, HttpRequest, HttpResponse, WireSession
from foxtrot.sandbox.outbox import Outbox
from foxtrot.sandbox.stage import local_path
from foxtrot.sandbox.wire import FaultyFrames, FaultyWire

_LOG = logging.getLogger("foxtrot.sandbox")
_TICK_S = 0.02
_OUTBOX = 50_000
_CLOSE_S = 1.0


class SandboxServer:
    """Serve a dialect.

    The venue's own host name is accepted as first path segment; any other host is answered with 404,
    logged as an error and counted in `foreign_hosts`, so that a client that calls the wrong company is found out.

    Faults are switched on and off by requests to `/_sandbox/faults` (see `foxtrot.sandbox.admin`).
    `advance(elapsed_s)` is called some fifty times a second to let the market live.
    """

    def __init__(
        self,
        dialect: Dialect,
        advance: Callable[[float], None],
        wire: FaultyWire,
        admin: FaultAdmin,
        *,
        host: str,
        port: int,
        life_s: float,
        ping_s: float,
    ) -> None:
        self._dialect = dialect
        self._advance = advance
        self._wire = wire
        self._admin = admin
        self._host = host
        self._port = port
        self._life_s = life_s
        self._ping_s = ping_s
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._sockets: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self.foreign_hosts: list[str] = []
        self.base = ""

    async def start(self) -> None:
        """Listen. Raises ConnectFailed when the port is in use or may not be opened."""
        app = web.Application(client_max_size=1 << 20)
        self._admin.add_routes(app.router)
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
        self._ticker.add_done_callback(_report_failure)

    async def stop(self) -> None:
        """Close every socket and end; a client that does not take part in the closing is cut off."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait([self._ticker])
            self._ticker = None
        self._wire.close()
        await asyncio.gather(*(_end(socket, transport) for socket, transport in list(self._sockets.items())))
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
        wanted = HttpRequest(
            method=request.method,
            path=path,
            query=request.rel_url.raw_query_string,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            remote=request.remote or "",
        )
        answer = await self._wire.serve(_cutter(request), lambda: self._dialect.http(wanted))
        return web.Response(status=500) if answer is None else _response(answer)

    def _local_path(self, path: str) -> str | None:
        local = local_path(path, self._dialect.hosts)
        if local is None:
            first = path.removeprefix("/").partition("/")[0]
            self.foreign_hosts.append(first)
            _LOG.error("A client called %s, which is not this venue: %s", first, path)
        return local

    async def _socket(self, request: web.Request, path: str) -> web.StreamResponse:
        transport = request.transport
        if transport is None:  # the client has gone already
            return web.Response(status=400)
        if self._wire.refuses_socket():
            return web.Response(status=503)
        outbox = Outbox(transport.abort, _OUTBOX)
        frames = self._wire.frames(outbox, transport.abort)
        session = self._dialect.open_socket(
            path, request.rel_url.raw_query_string, request.remote or "", frames.send, outbox.close
        )
        if isinstance(session, HttpResponse):
            frames.close()
            return _response(session)
        socket = web.WebSocketResponse(heartbeat=self._ping_s, max_msg_size=1 << 20)
        try:
            await socket.prepare(request)
            self._sockets[socket] = transport
            await self._converse(socket, session, outbox, frames)
        finally:
            session.closed()
            frames.close()
            self._sockets.pop(socket, None)
        return socket

    async def _converse(
        self, socket: web.WebSocketResponse, session: WireSession, outbox: Outbox, frames: FaultyFrames
    ) -> None:
        life = asyncio.get_running_loop().call_later(
            self._life_s, outbox.close, int(WSCloseCode.GOING_AWAY), "connection life is over"
        )
        writer = asyncio.create_task(outbox.write_to(socket), name="foxtrot sandbox writer")
        try:
            await _read(socket, session, frames)
        finally:
            life.cancel()
            writer.cancel()
            await asyncio.wait([writer])


async def _read(socket: web.WebSocketResponse, session: WireSession, frames: FaultyFrames) -> None:
    async for message in socket:
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data = message.data
            frames.receive(data if isinstance(data, str) else bytes(data).decode("utf-8", "replace"), session)


async def _end(socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
    try:
        async with asyncio.timeout(_CLOSE_S):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"sandbox stops")
    except (TimeoutError, ConnectionError):
        transport.abort()


def _cutter(request: web.Request) -> Callable[[], None]:
    transport = request.transport
    return transport.abort if transport is not None else lambda: None


def _report_failure(ticker: asyncio.Task[None]) -> None:
    if not ticker.cancelled() and (error := ticker.exception()) is not None:
        _LOG.error("The sandbox's market has stopped: %s", error, exc_info=error)


def _response(answer: HttpResponse) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))
