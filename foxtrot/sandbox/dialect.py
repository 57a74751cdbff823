"""What an adapter supplies to let the embedded venue speak its wire protocol: pure, usable over memory or sockets."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from foxtrot.model.contract import Contract
from foxtrot.model.order import OrderStatus
from foxtrot.protocol.codec import Endpoints
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.replay import Record
from foxtrot.sandbox.types import Execution, VenueOrder, VenueStatus
from foxtrot.sandbox.venue import Venue


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one request as it came: `path` without the venue's host segment, `query` raw, header names lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    remote: str = "127.0.0.1"


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


Send = Callable[[str], None]
Close = Callable[[int, str], None]  # close code, reason


class WireSession(Protocol):
    """One client's WebSocket, seen from the venue."""

    def receive(self, text: str) -> None:
        """Take one frame; answers go out through the `send` given to `Dialect.open_socket`."""
        ...

    def closed(self) -> None:
        """Forget everything about this client."""
        ...


class Trouble(enum.Enum):
    """Name the ways in which a venue says, in its own words, that something is wrong with itself or with the client."""

    UNKNOWN_OUTCOME = "unknown_outcome"  # it may or may not have acted
    OVERLOADED = "overloaded"  # it did not act
    RATE_LIMITED = "rate_limited"  # it did not act; come back in 2 s
    BANNED = "banned"  # it did not act; come back in 8 s
    UNLISTED = "unlisted"  # an error that none of its documents lists


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """State what whoever tests an adapter must know of its venue and no manifest declares.

    `symbols` are some that it lists, two at least. `intervals` are those of its candles, of which only the
    `newest_candles` can be had (None: all). `numbered_trades`: the ids of a
    symbol's public trades count up by one, and past trades can be asked for by them. `judges_clock`: it refuses what
    was signed for another time. `partial_depths` are those in which books can be had beside the usual one,
    `whole_partials` that they come as a whole each time; `checksums` says that books come with them, over so many of
    the best levels (0: with none). `heartbeat` is in every frame that is but a sign of life. `tells_locked`: the
    private stream tells what is locked, not totals only. `carried` names kinds of streams whose events come with
    another's. `orders_over` is the way in which the adapter sends orders unless told otherwise. `options` are the
    adapter's settings that fit the sandbox's account. `announces_listing`: a stream tells when contracts change.
    `dear_cancels`: to cancel a young order uses up much of the rate.
    `profiles` are the generations of its protocol that the sandbox can speak, the current one first.
    """

    symbols: tuple[str, ...]
    intervals: tuple[str, ...]
    newest_candles: int | None = None
    numbered_trades: bool = True
    judges_clock: bool = True
    partial_depths: tuple[int, ...] = ()
    whole_partials: bool = True
    checksums: int = 0
    heartbeat: str = ""
    tells_locked: bool = True
    carried: Mapping[str, str] = {}
    orders_over: str = "rest"
    options: Mapping[str, Any] = {}
    announces_listing: bool = False
    dear_cancels: bool = False
    profiles: tuple[str, ...] = ("current",)


TOLD_AS = {
    VenueStatus.NEW: OrderStatus.OPEN,
    VenueStatus.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    VenueStatus.FILLED: OrderStatus.FILLED,
    VenueStatus.CANCELED: OrderStatus.CANCELED,
    VenueStatus.EXPIRED: OrderStatus.EXPIRED,
    VenueStatus.EXPIRED_IN_MATCH: OrderStatus.EXPIRED,
    VenueStatus.REJECTED: OrderStatus.REJECTED,
}


class Dialect(Protocol):
    """Render one venue's truth in its wire format and parse what clients send.

    Time comes from the venue's clock. `hosts` are the venue's real host names, which the server accepts as first path
    segment. `words` name the states and kinds of its orders; a venue may add to them at any time. `tick` sends what is
    due (100 ms books, tickers, candles, expiries); the server calls it every 50 ms or so. `throttled` counts the
    refusals for rate of its own accord, over requests and sockets alike.
    """

    hosts: frozenset[str]
    words: frozenset[str]
    account: str  # whose the sandbox's key is

    @property
    def throttled(self) -> int: ...

    def http(self, request: HttpRequest) -> HttpResponse: ...

    def open_socket(self, path: str, query: str, remote: str, send: Send, close: Close) -> WireSession | HttpResponse:
        """Accept a WebSocket at `path`, or answer the handshake with an error. `close(code, reason)` ends it."""
        ...

    def tick(self) -> None: ...

    def order_id(self, number: int) -> str:
        """Return what clients call the order of that number."""
        ...

    def told_as(self, order: VenueOrder) -> OrderStatus:
        """Return the state that clients are told: some venues call canceled what others call expired."""
        ...

    def trade_id(self, execution: Execution) -> str:
        """Return what a client calls an execution of an order of its own."""
        ...

    def trouble(self, kind: Trouble) -> HttpResponse:
        """Return the answer by which the venue reports a trouble."""
        ...

    def revoke_key(self) -> None:
        """Refuse the sandbox's key from now on."""
        ...

    def end_private_streams(self) -> None:
        """End every private stream, with the venue's own message."""
        ...

    def endpoints(self, base: str) -> Endpoints:
        """Return the endpoints of a server at `base` ("127.0.0.1:8080"), for clients that take plain base URLs."""
        ...

    def records(self, lines: list[str]) -> list[Record]:
        """Read a recorded market of this protocol for `Replay`."""
        ...


class DialectFactory(Protocol):
    """What `AdapterSpec.dialect` names: contracts first, then the dialect over a venue made of them."""

    traits: Traits

    def contracts(self, options: SandboxOptions) -> list[Contract]: ...

    def open(self, venue: Venue, options: SandboxOptions) -> Dialect: ...
