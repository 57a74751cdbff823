"""Where ccxt's own instances of the family trade."""

from __future__ import annotations

from foxtrot.config import Credentials, TransportConfig
from foxtrot.io.library import make_library
from foxtrot.ports import VenueAccess
from foxtrot_binance.plugin import BINANCE
from foxtrot_binance.servers import BINANCE as SERVER


def test_the_ccxt_instances_of_a_real_venue_have_its_own_hosts() -> None:
    keys = Credentials.model_validate({"api_key": "k", "api_secret": "s"})
    for place in ("live", "testnet"):
        access = VenueAccess(SERVER.environments[place])
        made = make_library(BINANCE, "rest", access, keys, TransportConfig(), place)
        assert made.urls["api"]["private"].startswith(access.endpoints.rest)
