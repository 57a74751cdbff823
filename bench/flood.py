"""A server that floods: `python bench/flood.py MOST` serves runs of up to MOST messages until its input closes.

It prints one line of JSON with its ports. Streams (`/stream`, `/ws`, subscribed by message or in the URL) are served by
asyncio's bare streams out of frames that were encoded once, so that the client is what limits the flow; requests go to
the embedded venue's dialect, except for the depth, whose ids must be those of the flood. What is sent when is said on a
third port, which a client opens anew for each run:

    go N          send the next N messages as fast as they are taken
    pace N RATE   send N trades, RATE a second; their trade id is the moment of sending in us (CLOCK_MONOTONIC)
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
import time
from typing import Any

from aiohttp import web
from children import keep_to
from wire_frames import BASES, SYMBOLS, aggregate, frames, kind_of, snapshot, trade, websocket_frame, wrapped

from foxtrot.plugins import default_registry
from foxtrot.sandbox.dialect import HttpRequest
from foxtrot.sandbox.embedded import make_options
from foxtrot.sandbox.stage import Stage, local_path

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SLICE = 1 << 18


class Listener:
    """One client's stream connection: what it wants, and in which wrapping."""

    def __init__(self, writer: asyncio.StreamWriter, combined: bool, most: int) -> None:
        self._most = most
        self.writer = writer
        self.combined = combined
        self.wanted: dict[str, set[int]] = {}

    def want(self, names: list[str]) -> None:
        """Subscribe to streams by name."""
        for name in names:
            pair, _, suffix = name.partition("@")
            base = pair.upper().removesuffix("USDT")
            if kind_of(suffix) and base in BASES:
                self.wanted.setdefault(kind_of(suffix), set()).add(BASES.index(base))

    def batch(self, start: int, count: int) -> bytes:
        """Return this connection's share of the next messages, ready to be written."""
        parts = []
        for kind, symbols in self.wanted.items():
            made = frames(kind, self.combined, self._most)[start : start + count]
            everything = len(symbols) == len(BASES)
            parts += made if everything else [f for i, f in enumerate(made, start) if i % len(BASES) in symbols]
        return b"".join(parts)

    async def flood(self, data: bytes) -> None:
        """Write as fast as the client takes it."""
        for start in range(0, len(data), _SLICE):
            self.writer.write(data[start : start + _SLICE])
            await self.writer.drain()


class Flood:
    """All listeners of the one run that goes on."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.listeners: list[Listener] = []

    async def command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one run: begin at the first message and do what is said."""
        position = 0
        while line := await reader.readline():
            word, count, *rate = line.decode().split()
            if word == "go":
                batches = [(listener, listener.batch(position, int(count))) for listener in self.listeners]
                await asyncio.gather(*(listener.flood(data) for listener, data in batches))
            else:
                await self._pace(position, int(count), float(rate[0]))
            position += int(count)
        writer.close()

    async def _pace(self, start: int, count: int, rate: float) -> None:
        """Send evenly; the waiting spins, since a sleep is never shorter than a millisecond here."""
        began = time.monotonic()
        for number in range(count):
            while time.monotonic() < began + number / rate:  # noqa: ASYNC110 - it is time that is waited for
                await asyncio.sleep(0)
            self._say_trade(start + number)

    def _say_trade(self, number: int) -> None:
        now_us = time.monotonic_ns() // 1_000
        for listener in self.listeners:
            for kind, make in (("trade", trade), ("aggTrade", aggregate)):
                if number % len(BASES) in listener.wanted.get(kind, ()):
                    payload = make(number, now_us)
                    text = wrapped(kind, number, payload) if listener.combined else payload
                    listener.writer.write(websocket_frame(text))

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one stream connection."""
        try:
            path, key = _request(await reader.readuntil(b"\r\n\r\n"))
            accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            listener = Listener(writer, "/stream" in path, self._most)
            listener.want(path.partition("?streams=")[2].split("/"))
            self.listeners.append(listener)
            try:
                await _listen(reader, listener)
            finally:
                self.listeners.remove(listener)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


def _request(head: bytes) -> tuple[str, bytes]:
    first, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b":", 1)[:1] + line.split(b":", 1)[1:] for line in lines if b":" in line)
    return first.split()[1].decode(), headers[b"sec-websocket-key"].strip()


async def _listen(reader: asyncio.StreamReader, listener: Listener) -> None:
    """Answer control messages, pings and the closing."""
    while True:
        opcode, size = await reader.readexactly(2)
        opcode, size = opcode & 0x0F, size & 0x7F
        if size >= 126:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
        mask, body = await reader.readexactly(4), await reader.readexactly(size)
        text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))
        if opcode == 1:
            said: dict[str, Any] = json.loads(text)
            listener.want(said["params"])
            listener.writer.write(websocket_frame(json.dumps({"result": None, "id": said["id"]}).encode()))
        elif opcode == 9:
            listener.writer.write(bytes((0x8A, size)) + text)
        elif opcode == 8:
            listener.writer.write(bytes((0x88, size)) + text)
            return


def rest() -> web.Application:
    """Return the requests' side."""
    spec = default_registry().load("binanceus")
    stage = Stage(
        make_options({"symbols": tuple(SYMBOLS), "rate": 0}, "binanceus"), spec, time.time_ns, time.monotonic_ns
    )
    depth = snapshot()

    async def answer(request: web.Request) -> web.Response:
        path = local_path(request.path, stage.dialect.hosts) or request.path
        if path == "/api/v3/depth":
            return web.Response(body=depth, content_type="application/json")
        headers = {name.lower(): value for name, value in request.headers.items()}
        query, body = request.rel_url.raw_query_string, await request.read()
        found = stage.dialect.http(
            HttpRequest(method=request.method, path=path, query=query, headers=headers, body=body)
        )
        return web.Response(status=found.status, body=found.body, headers=dict(found.headers))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def main() -> None:
    """Serve on three free ports."""
    keep_to(0)
    flood = Flood(int(sys.argv[1]))
    streams = await asyncio.start_server(flood.converse, "127.0.0.1", 0)
    control = await asyncio.start_server(flood.command, "127.0.0.1", 0)
    runner = web.AppRunner(rest(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ports = {
        "rest": f"http://127.0.0.1:{runner.addresses[0][1]}",
        "stream": f"ws://127.0.0.1:{streams.sockets[0].getsockname()[1]}",
        "control": control.sockets[0].getsockname()[1],
    }
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
