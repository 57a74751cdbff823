"""What kept data are filed under beside the venue's name: made-up candles must never pass for real ones."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

import msgspec

from foxtrot.config import ExchangeConfig
from foxtrot.exchange import BaseExchange
from foxtrot.ports import VenueAccess


def place_of(exchange: BaseExchange) -> str:
    """Return the name of the place where an exchange trades. Raises StateError while it is not connected."""
    return place_name(exchange.config, exchange.access)


def place_name(config: ExchangeConfig, access: VenueAccess) -> str:
    """Return "live" or "testnet", or for a sandbox what tells it apart: its host, port and options.

    An embedded sandbox gets another port, and makes up another past, each time it starts: it is another place then.
    """
    if config.environment != "sandbox" and not access.endpoints.redirect:
        return config.environment
    parts = [config.environment, urlsplit(access.endpoints.rest).netloc.replace(":", "-")]
    if config.environment != "sandbox":
        parts.insert(0, "sandbox")
    if config.sandbox:
        options = msgspec.json.encode({name: repr(config.sandbox[name]) for name in sorted(config.sandbox)})
        parts.append(hashlib.sha256(options).hexdigest()[:8])
    return "-".join(parts)
