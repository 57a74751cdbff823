"""What an adapter supplies: pure translations between the venue's wire and foxtrot's values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from foxtrot.errors import VenueError
from foxtrot.model.account import Balance, FeeRate
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, Ticker, Trade
from foxtrot.model.order import AmendRequest, Fill, Order
from foxtrot.model.orderbook import OrderBook
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.messages import AmendResult, BookSnapshot, Channel, ChannelKind, Listing, Message, OrderUpdate
from foxtrot.protocol.ratelimit import Usage

Emit = Callable[[Message], None]
NextSeq = Callable[[], int]
Read = Callable[[Iterator[bytes], int], None]  # takes frames until there are no more, and their `ts_recv`
SinkOf = Callable[[ChannelKind, str], Emit]  # by kind and unified symbol


class Endpoints(msgspec.Struct, frozen=True):
    """Hold the base URLs in force: REST ("https://api.example"), streams, and the WebSocket API ("" where none is).

    `redirect` is True when they point to a sandbox: then the transport must rewrite every URL of its client library.
    """

    rest: str
    stream: str
    ws_api: str = ""
    redirect: bool = False


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """State the venue's limits on one stream connection.

    `silence_s` is how long a connection with confirmed streams may bring no frame at all before it counts as dead;
    None where quiet streams are normal. `consecutive_trades` says that the ids of a symbol's public trades count up one
    by one, so that a missing trade shows. `book_depths` are the depths in which books can be had as a whole each time.
    """

    streams_per_connection: int = 1024
    messages_per_second: float = 5.0
    streams_per_request: int = 100
    connections_per_5_minutes: int = 300
    max_life_s: float = 86_400.0
    ack_timeout_s: float = 5.0
    silence_s: float | None = None
    consecutive_trades: bool = False
    book_depths: tuple[int, ...] = ()


class RestCodec(Protocol):
    """Build a `Call` for each operation; symbols are contracts because only those know the venue's name.

    Times are ns UTC, ends inclusive, None meaning "not bounded". Paged reads return one page; the manager pages.
    """

    def fetch_markets(self) -> Call[Listing]: ...
    def fetch_server_time(self) -> Call[int]: ...
    def fetch_balances(self) -> Call[list[Balance]]: ...
    def fetch_fees(self, contract: Contract | None) -> Call[list[FeeRate]]: ...
    def place_order(self, order: Order, contract: Contract) -> Call[OrderUpdate]: ...
    def validate_order(self, order: Order, contract: Contract) -> Call[None]: ...
    def amend_order(
        self, order: Order, request: AmendRequest, new_client_order_id: str, contract: Contract
    ) -> Call[AmendResult]: ...
    def cancel_order(self, contract: Contract, order_id: str, client_order_id: str) -> Call[OrderUpdate]: ...
    def cancel_all_orders(self, contract: Contract) -> Call[list[OrderUpdate]]: ...
    def fetch_order(self, contract: Contract, order_id: str, client_order_id: str) -> Call[OrderUpdate]: ...
    def fetch_open_orders(self, contract: Contract | None) -> Call[list[OrderUpdate]]: ...
    def fetch_orders(
        self, contract: Contract, start: int | None, end: int | None, from_id: str, limit: int
    ) -> Call[list[OrderUpdate]]: ...
    def fetch_my_trades(
        self, contract: Contract, start: int | None, end: int | None, from_id: str, limit: int
    ) -> Call[list[Fill]]: ...
    def fetch_bars(
        self, contract: Contract, interval: str, start: int | None, end: int | None, limit: int
    ) -> Call[list[Bar]]: ...
    def fetch_order_book(self, contract: Contract, depth: int) -> Call[OrderBook]: ...
    def fetch_book_snapshot(self, contract: Contract) -> Call[BookSnapshot]: ...
    def fetch_trades(self, contract: Contract, limit: int, from_id: str) -> Call[list[Trade]]: ...
    def fetch_tickers(self, contracts: Sequence[Contract]) -> Call[list[Ticker]]: ...
    def fetch_average_price(self, contract: Contract) -> Call[str]: ...

    def classify(self, call: Call[object], response: RawResponse) -> VenueError | None:
        """Return the typed error that an answer states, with its outcome; None for a success."""
        ...

    def usage(self, response: RawResponse) -> list[Usage]:
        """Return what the answer's headers say has been used of the venue's limits."""
        ...


class StreamCodec(Protocol):
    """Translate the public streams of one venue."""

    limits: StreamLimits

    def url(self, endpoints: Endpoints) -> str: ...
    def subscribe(self, channels: Sequence[Channel], request_id: int) -> bytes: ...
    def unsubscribe(self, channels: Sequence[Channel], request_id: int) -> bytes: ...

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        """Emit every message of a frame, in order; never raises on bad bytes but emits `Unknown`."""
        ...


@runtime_checkable
class LinkedCodec(Protocol):
    """What a `StreamCodec` may offer on top, for speed: reading straight into one session.

    `sink_of` gives, for a channel, what takes its Ticker, Quote, Trade, Bar or BookDelta, and nothing else; a codec
    asks for it once and keeps it. All other messages go to `emit`, which takes everything. The returned function does
    for each frame what `decode` does; when something raises, it is called again with the frames that are left.
    """

    def link(self, emit: Emit, sink_of: SinkOf) -> Read: ...


class UserStreamScheme(Protocol):
    """One way to open a private stream.

    `open_call` (when not None) yields a token; `url` needs it ("" otherwise). `login` (when not None) is the first
    frame, confirmed by an `Ack` of the given request id or refused by a `Nack`, whose code is "unsupported" when the
    venue does not know the scheme at all, "clock" when the login was signed for another time. `keepalive_call` is due
    every `keepalive_interval_s`.
    """

    name: str
    keepalive_interval_s: float
    max_life_s: float

    def open_call(self) -> Call[str] | None: ...
    def url(self, endpoints: Endpoints, token: str) -> str: ...
    def login(self, now_ms: int, request_id: int) -> bytes | None: ...
    def keepalive_call(self, token: str) -> Call[None] | None: ...
    def close_call(self, token: str) -> Call[None] | None: ...
    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None: ...


class RpcCodec(Protocol):
    """Carry a `Call` over a request-response WebSocket (order entry over the venue's WS API).

    The venue cuts its connection after `max_life_s`; a fresh one is used some time before.
    """

    max_life_s: float

    def url(self, endpoints: Endpoints) -> str: ...
    def supports(self, call: Call[object]) -> bool: ...
    def encode(self, call: Call[object], request_id: int, now_ms: int) -> bytes: ...

    def decode(self, data: bytes) -> tuple[int | str | None, RawResponse]:
        """Return the request's id and its answer in the shape of the REST twin (body, status, headers)."""
        ...
