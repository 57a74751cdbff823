"""The few doors to the world. Tests put fakes here and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar, runtime_checkable

import msgspec

from foxtrot.config import Credentials, ExchangeConfig
from foxtrot.model.contract import Contract
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import (
    BatchCancel,
    BatchQuery,
    Endpoints,
    NextSeq,
    RestCodec,
    RpcCodec,
    StreamCodec,
    UserStreamScheme,
)
from foxtrot.protocol.messages import BookSnapshot
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.spec import AdapterSpec

T = TypeVar("T")


class Clock(Protocol):
    """Tell and await time."""

    def time_ns(self) -> int:
        """Return UTC wall time in ns."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds of this clock."""
        ...


class WsConnection(Protocol):
    """One open WebSocket; `send` never blocks (it buffers), `close` ends it and waits."""

    def send(self, data: bytes) -> None: ...
    async def close(self) -> None: ...


OnFrame = Callable[[bytes], None]
OnClose = Callable[[str], None]


@runtime_checkable
class OnFrames(Protocol):
    """An `OnFrame` that also takes together all messages that one read of the socket brought."""

    def __call__(self, data: bytes, /) -> None: ...
    def many(self, frames: Sequence[bytes], /) -> None: ...


class WsConnector(Protocol):
    """Open WebSockets; whole messages arrive by synchronous callback, `on_close` exactly once with the reason."""

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> WsConnection:
        """Open a connection. Raises ConnectFailed within the configured time."""
        ...


class MarketTap(Protocol):
    """Stand where an exchange's public data come in, and hand everything on unchanged. Private traffic never passes."""

    def streams(self, connector: WsConnector, spec: AdapterSpec, symbols: SymbolTable) -> WsConnector:
        """Return the connector for the public streams, over the given one; `symbols` is filled before they open."""
        ...

    def snapshot(self, contract: Contract, call: Call[BookSnapshot]) -> Call[BookSnapshot]:
        """Return the call that is sent for a kept book's snapshot."""
        ...


class RequestClient(Protocol):
    """Send a `Call` and return the raw answer, whatever its status.

    Raises NetworkError (ConnectFailed: not sent; ConnectionLost, RequestTimeout: outcome unknown).
    """

    async def request(self, call: Call[object]) -> RawResponse: ...
    async def close(self) -> None: ...


class Caller(Protocol):
    """Send a call through limiter, classification and decoding, and return the decoded answer."""

    def __call__(self, call: Call[T], /) -> Awaitable[T]: ...


class HttpSender(Protocol):
    """Send one signed HTTP request and return the raw answer, whatever its status; never repeat it.

    Raises NetworkError (ConnectFailed: not sent; ConnectionLost, RequestTimeout: outcome unknown).
    """

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawResponse: ...


class VenueAccess(msgspec.Struct, frozen=True):
    """Say where to connect; a sandbox brings `credentials` of its own (None elsewhere).

    A place without sockets brings `http` and `connector`, which then carry every request and every stream.
    """

    endpoints: Endpoints
    credentials: Credentials | None = None
    http: HttpSender | None = None
    connector: WsConnector | None = None


class Environment(Protocol):
    """A place to trade: live, testnet, or an embedded sandbox that lives from `open` to `close`."""

    async def open(self) -> VenueAccess: ...
    async def close(self) -> None: ...


class LinkContext(msgspec.Struct, frozen=True):
    """Hand an adapter what its codecs and transports share with the core; `venue_ms` is the venue's time for
    signatures, `own_ms` ours, which no measurement sets back.

    `credentials` sign requests; `stream_credentials` sign in to the private stream and the WebSocket API (the same key
    unless the user gave another).
    """

    exchange: str
    access: VenueAccess
    credentials: Credentials | None
    config: ExchangeConfig
    symbols: SymbolTable
    next_seq: NextSeq
    venue_ms: Callable[[], int]
    own_ms: Callable[[], int]
    stream_credentials: Credentials | None = None

    @property
    def stream_key(self) -> Credentials | None:
        """Return the credentials of the private stream."""
        return self.stream_credentials or self.credentials


class VenueLink(msgspec.Struct, frozen=True):
    """Hold what an adapter hands the core at connect.

    `user_streams` come in order of preference. `in_order`: signed requests are sent one after the other, because the
    venue demands growing nonces. `rpc` carries commands over a WebSocket API when the user wants that.
    `visibility_s`: an order that was sent so long ago, and that neither queries nor lists show, never arrived (how long
    the venue takes a signed request, and how late it may show what it took). `cancel_after` makes the call that sets
    the venue's dead-man switch to so many seconds, 0 to take it back; None where the venue has none. `batch_cancel`
    cancels many orders at once where the venue cannot cancel all of a symbol; `batch_query` asks for many at once.
    """

    rest: RestCodec
    stream: StreamCodec
    requests: RequestClient
    user_streams: tuple[UserStreamScheme, ...] = ()
    rpc: RpcCodec | None = None
    in_order: bool = False
    visibility_s: float = 60.0
    cancel_after: Callable[[float], Call[None]] | None = None
    batch_cancel: BatchCancel | None = None
    batch_query: BatchQuery | None = None
