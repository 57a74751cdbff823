"""What one client is still to be sent: in order, bounded, and never in the way of the venue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web

_LOG = logging.getLogger("foxtrot.sandbox")


class Outbox:
    """Queue one client's frames.

    At `limit` frames waiting the client reads too slowly: `cut` ends its connection at once and the frames are dropped.
    A close frame would wait behind them for ever, so none is sent.
    """

    def __init__(self, cut: Callable[[], None], limit: int) -> None:
        self._cut = cut
        self._limit = limit
        self._waiting: asyncio.Queue[str | float | tuple[int, str]] = asyncio.Queue()
        self._over = False

    def send(self, text: str) -> None:
        """Queue a frame."""
        if self._over:
            return
        if self._waiting.qsize() >= self._limit:
            self._over = True
            _LOG.warning("a client left %d frames unread and is cut off", self._limit)
            self._cut()
            return
        self._waiting.put_nowait(text)

    def pause(self, seconds: float) -> None:
        """Hold up everything that follows."""
        self._waiting.put_nowait(seconds)

    def close(self, code: int, reason: str) -> None:
        """End the connection after what is queued."""
        self._waiting.put_nowait((code, reason))

    async def write_to(self, socket: web.WebSocketResponse) -> None:
        """Send what is queued until the connection ends."""
        while True:
            item = await self._waiting.get()
            try:
                if isinstance(item, tuple):
                    await socket.close(code=item[0], message=item[1].encode())
                    return
                if isinstance(item, float):
                    await asyncio.sleep(item)
                else:
                    await socket.send_str(item)
            except (ConnectionError, RuntimeError):
                _LOG.debug("a client went away while it was sent something")
                return
