"""What both WebSocket transports share: bounds, and the seam under which one bad frame kills nothing."""

from __future__ import annotations

import logging

from foxtrot.ports import OnFrame

_LOG = logging.getLogger("foxtrot.ws")
MAX_MESSAGE = 16 * 1024 * 1024
CLOSE_TIMEOUT_S = 2.0


def deliver(on_frame: OnFrame, data: bytes) -> None:
    """Hand a message over; an exception in the handler is logged and never ends the connection."""
    try:
        on_frame(data)
    except Exception:  # noqa: BLE001 - the user handler may raise anything; the stream must live on
        _LOG.exception("a frame of %d bytes could not be handled: %r", len(data), data[:200])
