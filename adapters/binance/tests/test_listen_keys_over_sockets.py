"""Which of its schemes opens the private stream of the family, over real sockets, in both generations."""

from __future__ import annotations

import pytest

from foxtrot.testkit.served import Served
from foxtrot_binance.plugin import BINANCEUS


@pytest.mark.parametrize(("profile", "scheme"), [("current", "signature"), ("legacy", "listen_key")])
async def test_the_user_stream_opens_by_whichever_scheme_the_venue_knows(profile: str, scheme: str) -> None:
    async with await Served.start(BINANCEUS, profile=profile, rate=0) as served:
        async with served.exchange() as exchange:
            assert scheme in exchange.health().channels["user"].reason
        async with served.exchange({"user_stream": "listen_key"}) as exchange:
            assert "listen_key" in exchange.health().channels["user"].reason
