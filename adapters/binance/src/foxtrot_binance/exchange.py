"""The family's exchanges: their codecs over ccxt's REST transport."""

from __future__ import annotations

from typing import ClassVar

from foxtrot.exchange import BaseExchange
from foxtrot.io.rest import CcxtRestClient
from foxtrot.keys import signer
from foxtrot.ports import LinkContext, VenueLink
from foxtrot.protocol.codec import Endpoints, UserStreamScheme
from foxtrot.spec import AdapterSpec
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.codec.rpc import BinanceRpcCodec
from foxtrot_binance.codec.stream import BinanceStreamCodec
from foxtrot_binance.codec.user import ListenKeyScheme, SignatureScheme
from foxtrot_binance.config import BinanceOptions
from foxtrot_binance.servers import BINANCE, BINANCEUS, Server

_PUBLIC = "ExchangeInfo Time Depth Trades HistoricalTrades Klines Ticker24hr AvgPrice"
_PRIVATE = (
    "GetAccount GetMyTrades PostOrder PostOrderTest PostOrderCancelReplace DeleteOrder DeleteOpenOrders GetOrder "
    "GetOpenOrders GetAllOrders"
)
_KEYED = "PostUserDataStream PutUserDataStream DeleteUserDataStream"


class BinanceExchange(BaseExchange):
    """Trade spot on Binance."""

    server: ClassVar[Server] = BINANCE

    @classmethod
    def live_endpoints(cls, spec: AdapterSpec, environment: str) -> Endpoints:
        """Return the venue's own hosts. Raises UnsupportedError for an environment that it does not have."""
        return cls.server.endpoints(environment)

    def link(self, context: LinkContext) -> VenueLink:
        """Build codecs and transport for one connection."""
        options = BinanceOptions.model_validate(dict(context.config.options))
        requests = CcxtRestClient(
            self.server.ccxt_class,
            context.access.endpoints,
            context.credentials,
            context.config.transport,
            allowed=_allowed(self.server),
            venue_ms=context.venue_ms,
            http=context.access.http,
        )
        rpc = None
        if context.credentials is not None and options.orders_over == "ws":
            key = context.credentials.api_key.get_secret_value()
            rpc = BinanceRpcCodec(key, signer(context.credentials))
        return VenueLink(
            rest=BinanceRestCodec(
                self.server, context.symbols, context.next_seq, recv_window_ms=options.recv_window_ms
            ),
            stream=BinanceStreamCodec(context.exchange, context.symbols, context.next_seq),
            requests=requests,
            user_streams=_schemes(self.server, options, context),
            rpc=rpc,
            # A request is refused once its window is over. How late a query may miss an accepted order is not stated
            # anywhere: 15 s on top is ours.
            visibility_s=options.recv_window_ms / 1_000 + 15.0,
        )


class BinanceUsExchange(BinanceExchange):
    """Trade spot on Binance.US."""

    server: ClassVar[Server] = BINANCEUS


def _schemes(server: Server, options: BinanceOptions, context: LinkContext) -> tuple[UserStreamScheme, ...]:
    if context.credentials is None:
        return ()
    made: dict[str, UserStreamScheme] = {
        "listen_key": ListenKeyScheme(context.symbols),
        "signature": SignatureScheme(
            context.symbols, context.credentials.api_key.get_secret_value(), signer(context.credentials)
        ),
    }
    wanted = server.user_streams if options.user_stream == "auto" else (options.user_stream,)
    return tuple(made[name] for name in wanted)


def _allowed(server: Server) -> frozenset[str]:
    return frozenset(
        [
            *(f"publicGet{name}" for name in _PUBLIC.split()),
            *(f"private{name}" for name in _PRIVATE.split()),
            *(f"public{name}" for name in _KEYED.split()),
            server.fees_endpoint,
        ]
    )
