"""The choice of a WebSocket transport; both kinds keep the same promises and pass the same tests."""

from __future__ import annotations

from foxtrot.config import TransportConfig
from foxtrot.ports import WsConnector


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
