"""An in-memory network at the WsConnector port: a test plays the venue's side of each socket."""

from __future__ import annotations

import asyncio

from foxtrot.errors import ConnectFailed
from foxtrot.ports import OnClose, OnFrame


class MemorySocket:
    """One connection: `sent` is what the client sent, `say` lets the venue speak, `cut` ends it."""

    def __init__(self, url: str, on_frame: OnFrame, on_close: OnClose) -> None:
        self.url = url
        self.sent: list[bytes] = []
        self.open = True
        self._on_frame = on_frame
        self._on_close = on_close

    def say(self, data: bytes | str) -> None:
        """Deliver a message to the client."""
        self._on_frame(data.encode() if isinstance(data, str) else data)

    def cut(self, reason: str = "cut") -> None:
        """End the connection from the venue's side."""
        if self.open:
            self.open = False
            self._on_close(reason)

    def send(self, data: bytes) -> None:
        """Take a message of the client's."""
        self.sent.append(data)

    async def close(self) -> None:
        """End the connection from the client's side."""
        self.cut("closed here")


class MemoryConnector:
    """Hand out memory sockets; `refuse` makes the next attempts fail, `silent` makes them hang."""

    def __init__(self) -> None:
        self.sockets: list[MemorySocket] = []
        self.attempts = 0
        self.refuse = 0
        self.silent = False

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> MemorySocket:
        """Open a socket. Raises ConnectFailed while `refuse` counts down."""
        self.attempts += 1
        if self.silent:
            await asyncio.Event().wait()
        if self.refuse:
            self.refuse -= 1
            raise ConnectFailed(f"{url} cannot be reached: refused.")
        self.sockets.append(MemorySocket(url, on_frame, on_close))
        return self.sockets[-1]

    @property
    def last(self) -> MemorySocket:
        """Return the newest socket."""
        return self.sockets[-1]
