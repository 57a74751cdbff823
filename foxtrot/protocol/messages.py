"""What codecs make of frames, beside the public events: control answers, book changes, private reports."""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from foxtrot.model.account import Balance
from foxtrot.model.contract import Contract
from foxtrot.model.events import Event
from foxtrot.model.order import Fill, OrderStatus, OrderType, Side, TimeInForce
from foxtrot.model.orderbook import Level
from foxtrot.protocol.budget import RateLimit


class ChannelKind(enum.Enum):
    """Name the public streams."""

    TICKER = "ticker"
    QUOTES = "quotes"
    TRADES = "trades"
    BOOK = "book"
    OHLCV = "ohlcv"
    LISTING = "listing"  # of the whole venue: its channel has no symbol


class Channel(msgspec.Struct, frozen=True):
    """Name one subscription: kind, unified symbol, and `param` (the interval of OHLCV, the depth of a partial book)."""

    kind: ChannelKind
    symbol: str
    param: str = ""


class Ack(msgspec.Struct, frozen=True):
    """Confirm the request of that id, or only its part about `symbol`; `result` is the venue's text where it
    matters."""

    request_id: int | str
    result: str = ""
    symbol: str = ""


class Nack(msgspec.Struct, frozen=True):
    """Refuse the request of that id (None when the venue does not say which), or only its part about `symbol`."""

    request_id: int | str | None
    code: str
    reason: str
    symbol: str = ""


class Pong(msgspec.Struct, frozen=True):
    """Answer an application-level ping, or stand for a heartbeat."""


UNNUMBERED = -1


class BookDelta(msgspec.Struct, frozen=True, gc=False):
    """Change levels of a book: quantities are absolute, 0 deletes.

    It covers the venue's update ids `first_id`..`last_id`; `previous_id` is the id that the book must have before it
    (for most venues first_id - 1, for futures the venue's own field). UNNUMBERED as `previous_id`: the venue numbers
    nothing, the stream's order is all there is; the ids are then times. `checksum` is the venue's for the book after
    it, None where it sends none.
    """

    symbol: str
    ts_event: int
    ts_recv: int
    first_id: int
    last_id: int
    previous_id: int
    bids: list[Level]
    asks: list[Level]
    checksum: int | None = None


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Replace a book wholly, as of update id `last_id`. Bids descending, asks ascending.

    `standalone`: it was asked for apart from an unnumbered stream, whose updates do not go on from it.
    """

    symbol: str
    ts_recv: int
    last_id: int
    bids: list[Level]
    asks: list[Level]
    checksum: int | None = None
    standalone: bool = False


class OrderUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Report the venue's view of one order, from an acknowledgement, the user stream or a query.

    None and "" mean "the message does not say". `filled` and `filled_quote` are cumulative; `fills` are executions.
    """

    symbol: str
    client_order_id: str
    order_id: str
    status: OrderStatus
    side: Side | None = None
    type: OrderType | None = None
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    iceberg_quantity: Decimal | None = None
    time_in_force: TimeInForce | None = None
    stp_mode: str = ""
    filled: Decimal | None = None
    filled_quote: Decimal | None = None
    fills: tuple[Fill, ...] = ()
    reason: str = ""
    ts_created: int = 0
    ts_event: int = 0
    ts_recv: int = 0


class BalancesChanged(msgspec.Struct, frozen=True):
    """Report new absolute balances of some assets."""

    balances: tuple[Balance, ...]
    ts_event: int
    ts_recv: int


class BalanceDelta(msgspec.Struct, frozen=True):
    """Report a deposit, withdrawal or transfer; the absolute balance must be asked for."""

    asset: str
    delta: Decimal
    ts_event: int
    ts_recv: int


class StreamEnded(msgspec.Struct, frozen=True):
    """Say that the venue ended the stream (key expired, subscription terminated, shutdown); open a new one."""

    reason: str


class ListingChanged(msgspec.Struct, frozen=True):
    """Say that the venue has changed contracts; what they are now must be asked for."""


class Unknown(msgspec.Struct, frozen=True):
    """Keep a frame that could not be read or whose kind nobody knows."""

    reason: str
    data: bytes


class Listing(msgspec.Struct, frozen=True):
    """Hold what a venue states about itself: its contracts and its limits."""

    contracts: list[Contract]
    limits: list[RateLimit]


Message = (
    Event
    | Ack
    | Nack
    | Pong
    | BookDelta
    | BookSnapshot
    | OrderUpdate
    | BalancesChanged
    | BalanceDelta
    | StreamEnded
    | ListingChanged
    | Unknown
)


class AmendResult(msgspec.Struct, frozen=True):
    """Report an amend: the ended order (None when the venue changed the order in place) and the living one.

    `new` is None when the old order was canceled but the new one refused; `reason` then says why.
    """

    old: OrderUpdate | None
    new: OrderUpdate | None
    reason: str = ""
