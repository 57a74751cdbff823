"""One request to a venue as a value: what to send, what it costs, how to read the answer."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T", covariant=True)
S = TypeVar("S")


class Lane(enum.IntEnum):
    """Order waiting calls: a lower lane goes first."""

    CANCEL = 0
    PLACE = 1
    RECONCILE = 2
    HISTORY = 3


class Call(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Describe one request: it can be built in a REPL, sent by any `RequestClient`, and read from literal bytes.

    `endpoint` is the transport's name of the request (for ccxt its implicit method, "privatePostOrder"); `params` go
    out as given, texts and lists of texts. `decode` turns the raw body of a successful answer into the domain; it
    raises msgspec.MsgspecError, ValueError, KeyError or ArithmeticError on a body it cannot read. `weight` is the
    venue's cost, `orders` how many orders it counts as, `calls` what it adds to the account's counter of calls,
    `trading` what it adds to the account's counter of `market`; other limits may tell markets apart, too. Only
    `idempotent` calls may be repeated. `signed` calls need credentials.
    """

    endpoint: str
    params: Mapping[str, Any]
    decode: Callable[[bytes], T]
    weight: int = 1
    orders: int = 0
    calls: float = 0
    trading: float = 0
    market: str = ""
    lane: Lane = Lane.HISTORY
    idempotent: bool = True
    signed: bool = False

    def in_lane(self, lane: Lane) -> Call[T]:
        """Return the same request, as urgent as what waits for it."""
        return msgspec.structs.replace(self, lane=lane)

    def then(self, read: Callable[[T], S]) -> Call[S]:
        """Return the same request, of whose decoded answer `read` makes what is wanted."""
        decode = self.decode
        call: Call[Any] = msgspec.structs.replace(self, decode=lambda body: read(decode(body)))
        return call


class RawResponse(msgspec.Struct, frozen=True):
    """Hold an answer untouched: HTTP status (or the WS API's), lower-case header names, body bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpRequest(msgspec.Struct, frozen=True):
    """Hold a request as it goes out; its URL or body may hold a signature."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
