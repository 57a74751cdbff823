"""A hostile TCP proxy on the loopback: what wires, load balancers and half-dead hosts do to a connection's bytes.

It stands between any client and any server, knows nothing of what they speak, and so proves what no fault inside the
venue can: that the client's own reading of bytes bears everything.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import random
import socket
import struct
from collections import Counter
from collections.abc import Mapping

_LOG = logging.getLogger("foxtrot.sandbox")
_READ = 65_536
_GARBAGE = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03GARBAGE\r\n\r\n\xff\xfe\xfd"
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
_EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class ByteFault(enum.Enum):
    """Name what happens to a connection, or to one piece of bytes on its way."""

    REFUSE = "refuse"  # reset as soon as it is opened
    CUT_BEFORE = "cut_before"  # reset before the client's bytes went on
    CUT_AFTER = "cut_after"  # the client's bytes go on; reset before the answer
    RESET = "reset"  # reset in the middle of the server's bytes
    TRUNCATE = "truncate"  # closed, in order, in the middle of the server's bytes
    HALF_OPEN = "half_open"  # silence in both directions, nothing closed
    DUPLICATE = "duplicate"  # the server's bytes come twice
    SLICE = "slice"  # the server's bytes come in tiny pieces
    DELAY = "delay"  # the server's bytes come late
    SLOW = "slow"  # the client's bytes are read slowly
    GARBAGE = "garbage"  # instead of the server's bytes comes something else
    GATEWAY = "gateway"  # the client's bytes go on; a proxy answers 502 with a page
    EMPTY = "empty"  # the client's bytes go on; an empty 200 comes back


_ON_OPEN = (ByteFault.REFUSE,)
_ON_SENT = (
    ByteFault.CUT_BEFORE,
    ByteFault.CUT_AFTER,
    ByteFault.HALF_OPEN,
    ByteFault.SLOW,
    ByteFault.GATEWAY,
    ByteFault.EMPTY,
)
_ON_ANSWERED = (
    ByteFault.RESET,
    ByteFault.TRUNCATE,
    ByteFault.DUPLICATE,
    ByteFault.SLICE,
    ByteFault.DELAY,
    ByteFault.GARBAGE,
)


class HostileProxy:
    """Forward connections to `host:port`, at `base` ("127.0.0.1:40123") once started.

    `rates` are chances per connection opened, or per piece of bytes read; the same seed draws the same sequence.
    Nothing happens while `active` is False. `fired` counts what has happened.
    """

    def __init__(self, host: str, port: int, seed: int, rates: Mapping[ByteFault, float]) -> None:
        self._target = host, port
        self._rates = dict(rates)
        self._chance = random.Random(f"{seed}:bytes")
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self.fired: Counter[ByteFault] = Counter()
        self.active = False
        self.base = ""

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.base = "{}:{}".format(*self._server.sockets[0].getsockname()[:2])

    async def stop(self) -> None:
        """Cut everything and end."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in list(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def draw(self, among: tuple[ByteFault, ...]) -> ByteFault | None:
        """Return what happens next, None for nothing."""
        if not self.active:
            return None
        lot = self._chance.random()
        for fault in among:
            lot -= self._rates.get(fault, 0.0)
            if lot < 0:
                self.fired[fault] += 1
                return fault
        return None

    def chance(self) -> random.Random:
        """Return the source of all chance."""
        return self._chance

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._carry(reader, writer), name="hostile proxy")
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.draw(_ON_OPEN) is not None:
                return
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            await _Link(self, reader, writer, far_reader, far_writer).run()
        except OSError:
            _LOG.debug("one side of a connection went away")
        finally:
            _reset(writer)


class _Link:
    """One connection through the proxy."""

    def __init__(
        self,
        proxy: HostileProxy,
        near_reader: asyncio.StreamReader,
        near: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._near_reader, self._near = near_reader, near
        self._far_reader, self._far = far_reader, far
        self._instead: bytes | None = None  # what the client gets instead of the next answer; b"" for a reset
        self._silent = False

    async def run(self) -> None:
        """Forward both ways until one side ends."""
        ways = [asyncio.ensure_future(self._up()), asyncio.ensure_future(self._down())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            _reset(self._far)
            self._near.close()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _up(self) -> None:
        while data := await self._near_reader.read(_READ):
            match self._proxy.draw(_ON_SENT):
                case ByteFault.CUT_BEFORE:
                    _reset(self._near)
                    return
                case ByteFault.CUT_AFTER:
                    self._instead = b""
                case ByteFault.GATEWAY:
                    self._instead = _GATEWAY % (len(_PAGE), _PAGE)
                case ByteFault.EMPTY:
                    self._instead = _EMPTY
                case ByteFault.HALF_OPEN:
                    self._silent = True
                case ByteFault.SLOW:
                    await asyncio.sleep(self._proxy.chance().uniform(0.05, 0.5))
            if not self._silent:
                self._far.write(data)
                await self._far.drain()

    async def _down(self) -> None:
        while data := await self._far_reader.read(_READ):
            if self._silent:
                continue
            if self._instead is not None:
                self._near.write(self._instead)
                await self._end(reset=not self._instead)
                return
            if not await self._pass(data):
                return

    async def _pass(self, data: bytes) -> bool:
        """Give the client what came for it, or something worse; return whether the connection lives on."""
        near, chance = self._near, self._proxy.chance()
        match self._proxy.draw(_ON_ANSWERED):
            case ByteFault.RESET | ByteFault.TRUNCATE as fault:
                near.write(data[: chance.randrange(len(data))])
                await self._end(reset=fault is ByteFault.RESET)
                return False
            case ByteFault.GARBAGE:
                data = _GARBAGE
            case ByteFault.DUPLICATE:
                data += data
            case ByteFault.DELAY:
                await asyncio.sleep(chance.uniform(0.05, 0.5))
            case ByteFault.SLICE:
                while len(data) > 1:
                    size = chance.randint(1, max(1, len(data) // 8))
                    near.write(data[:size])
                    data = data[size:]
                    await asyncio.sleep(0)
        near.write(data)
        await near.drain()
        return True

    async def _end(self, *, reset: bool) -> None:
        if not reset:
            await self._near.drain()
            self._near.close()
            return
        _reset(self._near)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST instead of FIN."""
    if writer.transport.is_closing():
        return
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
