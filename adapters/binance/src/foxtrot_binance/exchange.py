"""The family's exchanges: their codecs over foxtrot's transports."""

from __future__ import annotations

import functools
from typing import ClassVar

from foxtrot.config import Credentials
from foxtrot.errors import CredentialsError
from foxtrot.exchange import BaseExchange
from foxtrot.io.http import HttpClient
from foxtrot.io.rest import CcxtRestClient
from foxtrot.io.signed_rest import SignedRestClient, require_printable
from foxtrot.io.split import split_by_key
from foxtrot.keys import Signer, signer
from foxtrot.ports import LinkContext, VenueLink
from foxtrot.protocol.codec import UserStreamScheme
from foxtrot_binance.codec.http import ENDPOINTS, BinanceHttpCodec
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.codec.rpc import BinanceRpcCodec
from foxtrot_binance.codec.stream import BinanceStreamCodec
from foxtrot_binance.codec.user import ListenKeyScheme, SignatureScheme
from foxtrot_binance.config import BinanceOptions
from foxtrot_binance.servers import BINANCE, BINANCEUS, Server

_LISTEN_KEYS = frozenset({"publicPostUserDataStream", "publicPutUserDataStream", "publicDeleteUserDataStream"})


class BinanceExchange(BaseExchange):
    """Trade spot on Binance."""

    server: ClassVar[Server] = BINANCE
    hosts: ClassVar = BINANCE.environments

    def link(self, context: LinkContext) -> VenueLink:
        """Build codecs and transport for one connection."""
        options = BinanceOptions.model_validate(dict(context.config.options))
        rpc, stream_key = None, context.stream_key
        if stream_key is not None and options.orders_over == "ws":
            rpc = BinanceRpcCodec(stream_key.api_key.get_secret_value(), signer(stream_key))
        return VenueLink(
            rest=BinanceRestCodec(
                self.server, context.symbols, context.next_seq, recv_window_ms=options.recv_window_ms
            ),
            stream=BinanceStreamCodec(context.exchange, context.symbols, context.next_seq, self.server.intervals),
            requests=split_by_key(
                context, _allowed(self.server), _LISTEN_KEYS, functools.partial(_client, self.server, context)
            ),
            user_streams=_schemes(self.server, options, context),
            rpc=rpc,
            # A request is refused once its window is over. How late a query may miss an accepted order is not stated
            # anywhere: 15 s on top is ours.
            visibility_s=options.recv_window_ms / 1_000 + 15.0,
        )


class BinanceUsExchange(BinanceExchange):
    """Trade spot on Binance.US."""

    server: ClassVar[Server] = BINANCEUS
    hosts: ClassVar = BINANCEUS.environments


def _client(
    server: Server, context: LinkContext, credentials: Credentials | None, allowed: frozenset[str]
) -> SignedRestClient:
    """Return the REST transport; ccxt stands behind it for what foxtrot does not cover, made when asked for."""
    access, api_key, make_sign = context.access, None, _cannot_sign
    if credentials is not None:
        require_printable(credentials)
        api_key, make_sign = credentials.api_key.get_secret_value(), functools.partial(signer, credentials)
    return SignedRestClient(
        BinanceHttpCodec(server, access.endpoints, api_key, make_sign, allowed),
        access.http,
        venue_ms=context.venue_ms,
        own=HttpClient(context.config.transport) if access.http is None else None,
        library=lambda: CcxtRestClient.linked(server.ccxt_class, context, credentials, allowed),
    )


def _schemes(server: Server, options: BinanceOptions, context: LinkContext) -> tuple[UserStreamScheme, ...]:
    stream_key = context.stream_key
    if stream_key is None:
        return ()
    made: dict[str, UserStreamScheme] = {
        "listen_key": ListenKeyScheme(context.symbols),
        "signature": SignatureScheme(context.symbols, stream_key.api_key.get_secret_value(), signer(stream_key)),
    }
    wanted = server.user_streams if options.user_stream == "auto" else (options.user_stream,)
    return tuple(made[name] for name in wanted)


def _allowed(server: Server) -> frozenset[str]:
    """Return every endpoint that the codec writes, of those for fees the server's own alone."""
    return frozenset(name for name in ENDPOINTS if not name.startswith("sapi") or name == server.fees_endpoint)


def _cannot_sign() -> Signer:
    raise CredentialsError("There are no keys to sign with.")
