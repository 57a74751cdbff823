"""The choice of a WebSocket transport; both kinds keep the same promises and pass the same tests."""

from __future__ import annotations

import logging

from foxtrot.config import TransportConfig
from foxtrot.ports import OnFrame, WsConnector

LOG = logging.getLogger("foxtrot.ws")
MAX_MESSAGE = 16 * 1024 * 1024
CLOSE_TIMEOUT_S = 2.0


def make_connector(config: TransportConfig) -> WsConnector:
    """Return the picows transport where it can be imported, the `websockets` one otherwise or when asked for."""
    if config.websocket != "websockets":
        try:
            from foxtrot.io.ws_picows import PicowsConnector
        except ModuleNotFoundError:
            if config.websocket == "picows":
                raise
        else:
            return PicowsConnector(config)
    from foxtrot.io.ws_websockets import WebsocketsConnector

    return WebsocketsConnector(config)


def deliver(on_frame: OnFrame, data: bytes) -> None:
    """Hand a message over; an exception in the handler is logged and never ends the connection."""
    try:
        on_frame(data)
    except Exception:  # the seam under which one bad frame kills nothing
        LOG.exception("a frame of %d bytes could not be handled: %r", len(data), data[:200])
