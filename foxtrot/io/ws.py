"""The choice of a WebSocket transport; both kinds keep the same promises and pass the same tests."""

from __future__ import annotations

import logging

from foxtrot.config import TransportConfig
from foxtrot.errors import UnsupportedError
from foxtrot.ports import WsConnector

_LOG = logging.getLogger("foxtrot.ws")


def make_connector(config: TransportConfig) -> WsConnector:
    """Return the picows transport where it can be imported, the `websockets` one otherwise or when asked for.

    Raises UnsupportedError when picows is asked for by name but cannot be imported, or when the proxy cannot be used.
    """
    if config.websocket != "websockets":
        try:
            from foxtrot.io.ws_picows import PicowsConnector
        except ImportError as error:
            if config.websocket == "picows":
                raise UnsupportedError(
                    f"picows cannot be used here ({error}); pip install picows, or set transport.websocket to "
                    '"websockets".'
                ) from error
            _LOG.info("picows cannot be imported (%s): using websockets", error)
        else:
            return PicowsConnector(config)
    from foxtrot.io.ws_websockets import WebsocketsConnector

    return WebsocketsConnector(config)
