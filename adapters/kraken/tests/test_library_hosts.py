"""Where ccxt's own instances of the venue trade."""

from __future__ import annotations

from foxtrot.config import Credentials, TransportConfig
from foxtrot.io.library import make_library
from foxtrot.ports import VenueAccess
from foxtrot_kraken.plugin import KRAKEN
from foxtrot_kraken.servers import LIVE


def test_the_ccxt_instances_of_the_real_venue_have_its_own_hosts() -> None:
    keys = Credentials.model_validate({"api_key": "k", "api_secret": "c2VjcmV0"})
    made = make_library(KRAKEN, "rest", VenueAccess(LIVE), keys, TransportConfig(), "live")
    assert made.urls["api"]["private"].startswith(LIVE.rest)
