"""The token that opens the private stream, over real sockets."""

from __future__ import annotations

from foxtrot.model.events import ChannelName, ChannelStateChanged
from foxtrot.testkit.served import Ear, Served
from foxtrot_kraken.plugin import KRAKEN


async def test_the_private_stream_opens_by_a_token_and_by_a_new_one_when_the_venue_ends_it() -> None:
    async with await Served.start(KRAKEN, rate=0) as served:
        exchange = served.exchange(retry={"reconnect_initial_s": 0.05})
        ear = Ear(exchange.engine)
        async with exchange:
            assert "token" in exchange.health().channels["user"].reason
            served.sandbox.dialect.end_private_streams()

            def states() -> list[bool]:
                changes = ear.all(ChannelStateChanged)
                return [change.up for change in changes if change.channel is ChannelName.USER]

            await ear.until(lambda: states() == [True, False, True])
            order = await exchange.place_order(served.buy())
            served.end_by_venue(order)
            await ear.until(lambda: not exchange.orders.open())
