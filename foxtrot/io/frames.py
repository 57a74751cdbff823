"""What both WebSocket transports share: bounds, and the seam under which one bad frame kills nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from foxtrot.ports import OnClose, OnFrame, OnFrames

_LOG = logging.getLogger("foxtrot.ws")
_LOGGED_ONE_BY_ONE, _THEN_EVERY = 10, 1_000
MAX_MESSAGE = 16 * 1024 * 1024
CLOSE_TIMEOUT_S = 2.0
TOO_BIG = f"a message was larger than {MAX_MESSAGE} bytes"


class FrameSink:
    """Hand messages and the end of one connection over; an exception in a handler never ends the connection.

    `failures` counts such exceptions. The end is told once, with the first reason given. `takes_many` tells whether the
    messages of one read can be handed over together; where they cannot there is no use in collecting them.
    """

    def __init__(self, on_frame: OnFrame, on_close: OnClose) -> None:
        self.on_frame = on_frame
        self._many = on_frame.many if isinstance(on_frame, OnFrames) else None
        self.takes_many = self._many is not None
        self._on_close = on_close
        self._ended = False
        self.failures = 0

    def deliver(self, data: bytes) -> None:
        """Hand a message over."""
        try:
            self.on_frame(data)
        except Exception:  # noqa: BLE001 - the handler may raise anything; the stream must live on
            self.failed(data)

    def deliver_all(self, frames: Sequence[bytes]) -> None:
        """Hand the messages of one read over, together where they can be taken so."""
        if self._many is None:
            for data in frames:
                self.deliver(data)
            return
        try:
            self._many(frames)
        except Exception:  # noqa: BLE001 - as above
            self.failed(frames[-1])

    def failed(self, data: bytes) -> None:
        """Count a message that `on_frame` could not take; to be called while its exception is being handled."""
        self.failures += 1
        # No payload: private frames pass here too. Thinned out, or a flood of frames becomes a flood of tracebacks.
        if self.failures <= _LOGGED_ONE_BY_ONE or self.failures % _THEN_EVERY == 0:
            _LOG.exception("a frame of %d bytes could not be handled (failure %d)", len(data), self.failures)

    def end(self, reason: str) -> None:
        """Tell that the connection has ended."""
        if self._ended:
            return
        self._ended = True
        try:
            self._on_close(reason)
        except Exception:  # noqa: BLE001 - as above; the transport must still clean up
            self.failures += 1
            _LOG.exception("the end of a connection could not be handled")
