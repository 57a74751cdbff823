"""The family's exchanges: their codecs over ccxt's REST transport."""

from __future__ import annotations

from typing import ClassVar

from foxtrot.config import Credentials
from foxtrot.exchange import BaseExchange
from foxtrot.io.rest import CcxtRestClient, SplitRequests
from foxtrot.keys import signer
from foxtrot.ports import LinkContext, RequestClient, VenueLink
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
_LISTEN_KEYS = frozenset({"publicPostUserDataStream", "publicPutUserDataStream", "publicDeleteUserDataStream"})


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
        rpc, stream_key = None, context.stream_key
        if stream_key is not None and options.orders_over == "ws":
            rpc = BinanceRpcCodec(stream_key.api_key.get_secret_value(), signer(stream_key))
        return VenueLink(
            rest=BinanceRestCodec(
                self.server, context.symbols, context.next_seq, recv_window_ms=options.recv_window_ms
            ),
            stream=BinanceStreamCodec(context.exchange, context.symbols, context.next_seq),
            requests=self._requests(context),
            user_streams=_schemes(self.server, options, context),
            rpc=rpc,
            # A request is refused once its window is over. How late a query may miss an accepted order is not stated
            # anywhere: 15 s on top is ours.
            visibility_s=options.recv_window_ms / 1_000 + 15.0,
        )

    def _requests(self, context: LinkContext) -> RequestClient:
        """Return the transport; with a key of its own for streams, the requests about listen keys carry that one."""

        def client(credentials: Credentials | None, allowed: frozenset[str]) -> CcxtRestClient:
            return CcxtRestClient(
                self.server.ccxt_class,
                context.access.endpoints,
                credentials,
                context.config.transport,
                allowed=allowed,
                venue_ms=context.venue_ms,
                http=context.access.http,
            )

        allowed = _allowed(self.server)
        if context.stream_credentials is None:
            return client(context.credentials, allowed)
        return SplitRequests(
            client(context.credentials, allowed - _LISTEN_KEYS),
            client(context.stream_credentials, _LISTEN_KEYS),
            _LISTEN_KEYS,
        )


class BinanceUsExchange(BinanceExchange):
    """Trade spot on Binance.US."""

    server: ClassVar[Server] = BINANCEUS


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
    return frozenset(
        [
            *(f"publicGet{name}" for name in _PUBLIC.split()),
            *(f"private{name}" for name in _PRIVATE.split()),
            *_LISTEN_KEYS,
            server.fees_endpoint,
        ]
    )
