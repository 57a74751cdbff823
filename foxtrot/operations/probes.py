"""Facts about a connection, found out by asking at this moment."""

from __future__ import annotations

import asyncio
import itertools
import logging

from foxtrot.capabilities import Capability
from foxtrot.errors import AuthenticationError, FoxtrotError
from foxtrot.exchange import BaseExchange
from foxtrot.model.contract import ContractStatus
from foxtrot.model.events import ChannelName
from foxtrot.protocol.messages import Channel, ChannelKind

_LOG = logging.getLogger("foxtrot.operations")
_KINDS = {
    ChannelKind.QUOTES: Capability.SUBSCRIBE_QUOTES,
    ChannelKind.TRADES: Capability.SUBSCRIBE_TRADES,
    ChannelKind.TICKER: Capability.SUBSCRIBE_TICKER,
}


async def answers_requests(exchange: BaseExchange, limit_s: float) -> bool:
    """Tell whether the venue answers a public request within `limit_s`."""
    try:
        async with asyncio.timeout(limit_s):
            await exchange.fetch_time()
    except (FoxtrotError, TimeoutError) as error:
        _LOG.error("%s does not answer requests: %s", exchange.name, error or f"nothing within {limit_s:g} s")
        return False
    return True


async def answers_streams(exchange: BaseExchange, limit_s: float) -> bool:
    """Tell whether the private stream is up and the venue confirms a public subscription within `limit_s`."""
    private = exchange.health().channels.get(ChannelName.USER.value)
    if private is None or not private.up:
        _LOG.error("%s has no private stream: %s", exchange.name, "none" if private is None else private.reason)
        return False
    channel = _unused(exchange)
    if channel is None:  # everything is subscribed: the streams themselves show that they live
        return not exchange.health().reasons
    try:
        async with asyncio.timeout(limit_s):
            probe = await exchange.market_data.subscribe(channel.kind, channel.symbol)
            await exchange.unsubscribe(probe)
    except (FoxtrotError, TimeoutError) as error:
        _LOG.error("%s does not answer on its streams: %s", exchange.name, error or f"nothing within {limit_s:g} s")
        return False
    return True


async def accepts_keys(exchange: BaseExchange, limit_s: float) -> AuthenticationError | None:
    """Return the venue's refusal of the REST key, or of the stream key at its last login; None when both are good.

    Raises what else goes wrong: then the question is not answered.
    """
    try:
        async with asyncio.timeout(limit_s):
            await exchange.fetch_balance()
    except AuthenticationError as error:
        return error
    private = exchange.health().channels.get(ChannelName.USER.value)
    if private is not None and private.up:
        return None
    why = "it is not open" if private is None else private.reason
    return AuthenticationError(f"The private stream is not signed in: {why}", exchange=exchange.name)


def _unused(exchange: BaseExchange) -> Channel | None:
    """Return a channel that nobody has subscribed, so that the venue has to be asked for it."""
    used = {(channel.kind, channel.symbol) for channel in exchange.market_data.channels}
    kinds = [kind for kind, needed in _KINDS.items() if exchange.capabilities[needed].support.usable]
    trading = [c.symbol for c in exchange.contracts.all() if c.status is ContractStatus.TRADING]
    found = (pair for pair in itertools.product(kinds, trading) if pair not in used)
    return next((Channel(kind, symbol, "") for kind, symbol in found), None)
