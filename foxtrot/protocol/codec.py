"""What an adapter supplies: pure translations between the venue's wire and foxtrot's values.

An adapter's classes inherit from these protocols: what is written out here is how it is at venues that do not say more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from foxtrot.errors import UnsupportedError, VenueError
from foxtrot.model.account import Balance, FeeRate
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, Ticker, Trade
from foxtrot.model.order import AmendRequest, Fill, Order
from foxtrot.model.orderbook import OrderBook
from foxtrot.protocol.book import Checksum
from foxtrot.protocol.budget import Usage
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.messages import AmendResult, BookSnapshot, Channel, ChannelKind, Listing, Message, OrderUpdate

Emit = Callable[[Message], None]
NextSeq = Callable[[], int]
ReadFrame = Callable[[bytes, int, Emit], None]
T = TypeVar("T")
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
    by one, so that a missing trade shows. `book_depths` are the depths in which books can be had, `intervals` those of
    the candles (empty: not stated).

    `streamed_snapshots`: a kept book begins with a snapshot on the stream itself, and begins anew by subscribing again.
    `uniform_requests`: one request may ask for many symbols, but for one kind of channel only. `carriers`: kinds whose
    events come with another kind's stream, which is subscribed in their place. `announces_listing`: the channel LISTING
    tells when contracts change.
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
    intervals: tuple[str, ...] = ()
    streamed_snapshots: bool = False
    uniform_requests: bool = False
    carriers: Mapping[ChannelKind, ChannelKind] = {}
    announces_listing: bool = False


class BookRules(msgspec.Struct, frozen=True):
    """Say how one kept book is checked: `depth` levels a side are all there is, `checksum` computes the venue's."""

    depth: int | None = None
    checksum: Checksum | None = None


class RequestHabits(msgspec.Struct, frozen=True, kw_only=True):
    """State how a venue's requests for orders work.

    `numbered_fills`: executions have growing numbers and can be read from a number on; elsewhere they are read from a
    time on. `account_wide_fills`: they are read for all symbols at once. `amends_in_place`: an amended order stays the
    same order, with its ids. `streamed_holds`: the private stream tells what orders hold of the balances; elsewhere
    that is asked for when orders come and go. `open_orders_apart`: the list of past orders leaves out the open ones.
    """

    numbered_fills: bool = True
    account_wide_fills: bool = False
    amends_in_place: bool = False
    streamed_holds: bool = True
    open_orders_apart: bool = False


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Hold one page of a longer list, and what asks for the next one ("" when this was the last)."""

    items: list[T]
    next: str = ""
    newest_first: bool = False


class BatchCancel(msgspec.Struct, frozen=True):
    """Cancel up to `most` orders of a symbol by one request.

    `call` takes the orders by their ids, each with its `age_s`, and returns how many of them were open.
    """

    most: int
    call: Callable[[Contract, Sequence[tuple[str, float]]], Call[int]]


class BatchQuery(msgspec.Struct, frozen=True):
    """Ask for up to `most` orders by one request; `call` takes their ids, orders that are not found are left out."""

    most: int
    call: Callable[[Sequence[str]], Call[list[OrderUpdate]]]


class RestCodec(Protocol):
    """Build a `Call` for each operation; symbols are contracts because only those know the venue's name.

    Times are ns UTC, ends inclusive, None meaning "not bounded". Paged reads return one page; the manager pages:
    `after` is "" at first and then the `Page.next` of the page before, or (numbered fills) the first number wanted.
    `age_s` is how long ago an order was placed, 0 where that is not known. A contract of None means all symbols.
    """

    habits: RequestHabits

    def fetch_markets(self) -> Call[Listing]: ...
    def fetch_server_time(self) -> Call[int]: ...
    def fetch_balances(self) -> Call[list[Balance]]: ...
    def fetch_fees(self, contract: Contract | None) -> Call[list[FeeRate]]: ...
    def place_order(self, order: Order, contract: Contract) -> Call[OrderUpdate]: ...
    def validate_order(self, order: Order, contract: Contract) -> Call[None]: ...
    def amend_order(
        self, order: Order, request: AmendRequest, new_client_order_id: str, contract: Contract, age_s: float
    ) -> Call[AmendResult]: ...
    def cancel_order(
        self, contract: Contract, order_id: str, client_order_id: str, age_s: float
    ) -> Call[OrderUpdate]: ...

    def cancel_all_orders(self, contract: Contract) -> Call[list[OrderUpdate]] | None:
        """Return None where the venue cannot cancel a symbol's orders by one request."""
        return None

    def fetch_order(self, contract: Contract, order_id: str, client_order_id: str) -> Call[OrderUpdate] | None:
        """Return None where the venue cannot be asked by what is known of the order."""
        ...

    def fetch_open_orders(self, contract: Contract | None) -> Call[list[OrderUpdate]]: ...
    def fetch_orders(
        self, contract: Contract, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[OrderUpdate]]: ...
    def fetch_my_trades(
        self, contract: Contract | None, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[Fill]]: ...
    def fetch_bars(
        self, contract: Contract, interval: str, start: int | None, end: int | None, limit: int
    ) -> Call[list[Bar]]: ...
    def fetch_order_book(self, contract: Contract, depth: int) -> Call[OrderBook]: ...
    def fetch_book_snapshot(self, contract: Contract) -> Call[BookSnapshot]: ...
    def fetch_trades(self, contract: Contract, limit: int, from_id: str) -> Call[list[Trade]]: ...

    def fetch_trades_since(self, contract: Contract, since: str) -> Call[Page[Trade]] | None:
        """Ask for one page of trades after a time, oldest first: `since` is ns UTC, or the `Page.next` of the page
        before. Return None where `fetch_trades` can ask for past trades by their ids."""
        return None

    def fetch_tickers(self, contracts: Sequence[Contract]) -> Call[list[Ticker]]: ...

    def fetch_average_price(self, contract: Contract) -> Call[str]:
        """Raise UnsupportedError where no rule of the venue needs it."""
        raise UnsupportedError("The venue publishes no average price.", exchange=contract.exchange)

    def classify(self, call: Call[object], response: RawResponse) -> VenueError | None:
        """Return the typed error that an answer states, with its outcome; None for a success."""
        ...

    def usage(self, response: RawResponse) -> list[Usage]:
        """Return what the answer's headers say has been used of the venue's limits."""
        return []


class StreamCodec(Protocol):
    """Translate the public streams of one venue."""

    limits: StreamLimits

    def url(self, endpoints: Endpoints) -> str:
        """Return where the public streams are."""
        return endpoints.stream

    def subscribe(self, channels: Sequence[Channel], request_id: int) -> bytes: ...
    def unsubscribe(self, channels: Sequence[Channel], request_id: int) -> bytes: ...

    def book_rules(self, channel: Channel) -> BookRules:
        """Return how the kept book of a channel is checked; not at all where update ids chain the updates."""
        return BookRules()

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

    `open_call` (when not None) yields a token; `url` and `logins` need it ("" otherwise). `logins` are the first
    frames, each confirmed by an `Ack` of its request id (they count up from the given one) or refused by a `Nack`,
    whose code is "unsupported" when the venue does not know the scheme at all, "clock" when the login was signed for
    another time, "token" when a new token may help. `reader` is made anew for each connection, so that it may remember
    what that one has said. `keepalive_call` is due every `keepalive_interval_s`.
    """

    name: str
    keepalive_interval_s: float = 86_400.0
    max_life_s: float = 86_400.0

    def open_call(self) -> Call[str] | None:
        """Return None where there is no token."""
        return None

    def url(self, endpoints: Endpoints, token: str) -> str:
        """Return where the private stream is: on the WebSocket API unless said otherwise."""
        return endpoints.ws_api

    def logins(self, now_ms: int, request_id: int, token: str) -> list[bytes]:
        """Return none where the URL says it all."""
        return []

    def keepalive_call(self, token: str) -> Call[None] | None:
        """Return None where the connection itself keeps it alive."""
        return None

    def close_call(self, token: str) -> Call[None] | None:
        """Return None where it ends with the connection."""
        return None

    def reader(self) -> ReadFrame: ...


class RpcCodec(Protocol):
    """Carry a `Call` over a request-response WebSocket (order entry over the venue's WS API).

    The venue cuts its connection after `max_life_s`, or refuses its token then; a fresh one is used some time before.
    `open_call` (when not None) yields the token, which each request of the connection gets.
    """

    max_life_s: float = 86_400.0

    def url(self, endpoints: Endpoints) -> str:
        """Return the WebSocket API's URL."""
        return endpoints.ws_api

    def open_call(self) -> Call[str] | None:
        """Return None where there is no token: each request is signed for itself."""
        return None

    def supports(self, call: Call[object]) -> bool: ...
    def encode(self, call: Call[object], request_id: int, now_ms: int, token: str) -> bytes: ...

    def decode(self, data: bytes) -> tuple[int | str | None, RawResponse] | None:
        """Return the request's id and its answer in the shape of the REST twin (body, status, headers).

        None for a frame that answers nobody, such as a heartbeat.
        """
        ...

    def stale(self, response: RawResponse) -> bool:
        """Tell whether an answer refuses the connection's token, and the request only for that."""
        return False
