"""The venue's hosts.

Sources: https://docs.kraken.com/api/docs/guides/spot-rest-intro, https://docs.kraken.com/api/docs/guides/spot-ws-intro
"""

from __future__ import annotations

from foxtrot.protocol.codec import Endpoints

LIVE = Endpoints(
    rest="https://api.kraken.com",
    stream="wss://ws.kraken.com/v2",
    ws_api="wss://ws-auth.kraken.com/v2",
)
HOSTS = frozenset({"api.kraken.com", "ws.kraken.com", "ws-auth.kraken.com", "ws-l3.kraken.com"})
