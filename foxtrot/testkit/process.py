"""A process that can be killed: one life of a client of a `World`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ParamSpec

import msgspec

from foxtrot.errors import ConnectFailed
from foxtrot.ports import OnClose, OnFrame, VenueAccess
from foxtrot.protocol.calls import RawResponse
from foxtrot.testkit.world import Patience, World, WorldSocket

P = ParamSpec("P")


class Process:
    """Carry what a client sends into its world and back, until it is killed (`Environment`, `HttpSender`,
    `WsConnector`).

    After `kill` the client may go on as it likes: nothing it does has any effect, and it hears nothing.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._sockets: list[WorldSocket] = []
        self._patience = Patience()
        self._dead = False

    async def kill(self) -> None:
        """Break off everything, without a word to anybody."""
        self._dead = True
        for socket in self._sockets:
            await socket.close()

    async def open(self) -> VenueAccess:
        """Enter the world."""
        access = await self._world.open()
        return msgspec.structs.replace(access, http=self, connector=self)

    async def close(self) -> None:
        """Do nothing: the world outlives its clients."""

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawResponse:
        """Carry a request. Raises NetworkError."""
        self._require_life()
        answer = await self._world.carry(method, url, headers, body, self._patience)
        self._require_life()
        return answer

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> WorldSocket:
        """Open a socket. Raises ConnectFailed."""
        self._require_life()
        socket = await self._world.connect(url, self._while_alive(on_frame), self._while_alive(on_close))
        self._sockets.append(socket)
        if self._dead:
            await socket.close()
        self._require_life()
        return socket

    def _require_life(self) -> None:
        if self._dead:
            raise ConnectFailed("this process was killed.")

    def _while_alive(self, do: Callable[P, None]) -> Callable[P, None]:
        def heard(*args: P.args, **named: P.kwargs) -> None:
            if not self._dead:
                do(*args, **named)

        return heard
