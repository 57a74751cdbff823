"""The venue's exchange: its codecs over ccxt's REST transport."""

from __future__ import annotations

import functools
from typing import ClassVar

from foxtrot.exchange import BaseExchange
from foxtrot.io.rest import CcxtRestClient
from foxtrot.io.split import split_by_key
from foxtrot.ports import LinkContext, VenueLink
from foxtrot.protocol.codec import BatchCancel, BatchQuery
from foxtrot.protocol.nonces import Nonces
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.codec.rpc import KrakenRpcCodec
from foxtrot_kraken.codec.stream import KrakenStreamCodec
from foxtrot_kraken.codec.user import TokenScheme
from foxtrot_kraken.config import KrakenOptions
from foxtrot_kraken.mapping import Names
from foxtrot_kraken.servers import LIVE

_PUBLIC = "AssetPairs Time Depth Trades OHLC Ticker"
_PRIVATE = (
    "BalanceEx TradeVolume TradesHistory OpenOrders ClosedOrders QueryOrders AddOrder AmendOrder CancelOrder "
    "CancelOrderBatch CancelAllOrdersAfter GetWebSocketsToken"
)
_ALLOWED = frozenset(
    [*(f"publicGet{name}" for name in _PUBLIC.split()), *(f"privatePost{name}" for name in _PRIVATE.split())]
)
# With a key of its own the private stream gets its token by that one.
_TOKEN = frozenset({"privatePostGetWebSocketsToken"})
# How late a lost request may still be carried out, or an accepted order be missed by a query, is not stated anywhere.
_VISIBILITY_S = 60.0


class KrakenExchange(BaseExchange):
    """Trade spot on Kraken."""

    hosts: ClassVar = {"live": LIVE}
    imports = ("ccxt.async_support",)

    def link(self, context: LinkContext) -> VenueLink:
        """Build codecs and transport for one connection."""
        options = KrakenOptions.model_validate(dict(context.config.options))
        exchange, symbols, names, next_seq = context.exchange, context.symbols, Names(), context.next_seq
        rest = KrakenRestCodec(exchange, symbols, names, next_seq, context.venue_ms, tier=options.tier)
        client = functools.partial(CcxtRestClient.linked, "kraken", context, nonce=Nonces(context.own_ms).next)
        signed_in = context.stream_key is not None
        return VenueLink(
            rest=rest,
            stream=KrakenStreamCodec(exchange, symbols, names, next_seq, book_depth=options.book_depth),
            requests=split_by_key(context, _ALLOWED, _TOKEN, client),
            in_order=True,
            user_streams=(TokenScheme(symbols),) if signed_in else (),
            rpc=KrakenRpcCodec(symbols) if signed_in and options.orders_over == "ws" else None,
            visibility_s=_VISIBILITY_S,
            cancel_after=rest.cancel_after,
            batch_cancel=BatchCancel(50, rest.cancel_orders),
            batch_query=BatchQuery(50, rest.query_orders),
        )
