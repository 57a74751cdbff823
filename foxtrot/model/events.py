"""The typed events that an `EventEngine` carries.

Every event starts with the same five fields, positional for speed: `exchange` (venue id), `symbol` (unified, "" where
none applies), `ts_event` (the venue's time, ns UTC, 0 where it sends none), `ts_recv` (our time, ns UTC, of the read of
the socket that brought it) and `seq` (per exchange instance, strictly increasing). Market data are float64; money
(orders, fills, balances) is Decimal.
"""

from __future__ import annotations

import enum

import msgspec

from foxtrot.model.account import Balance
from foxtrot.model.contract import Contract
from foxtrot.model.order import Fill, Order, Side
from foxtrot.model.orderbook import Level


class Event(msgspec.Struct, frozen=True, gc=False):
    """Base of all events; subscribe to it to see everything."""

    exchange: str
    symbol: str
    ts_event: int
    ts_recv: int
    seq: int


class MarketEvent(Event, frozen=True, gc=False):
    """Base of public market data."""


class Trade(MarketEvent, frozen=True, gc=False):
    """Report one public trade; `side` is the taker's."""

    trade_id: int | str
    price: float
    quantity: float
    side: Side


class Quote(MarketEvent, frozen=True, gc=False):
    """Report best bid and ask; `update_id` counts with the book's where the venue numbers both alike.

    There is none while a side of the book is empty: no price of it may be taken for the best one.
    """

    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float
    update_id: int = 0


class Ticker(MarketEvent, frozen=True, gc=False):
    """Report the rolling 24-hour statistics; where what is asked for differs, the capability's note says how.

    A side of the book that is empty has price and quantity 0.
    """

    last: float
    last_quantity: float
    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float
    open: float
    high: float
    low: float
    volume: float
    quote_volume: float
    change_percent: float
    trades: int = 0


class Bar(MarketEvent, frozen=True, gc=False):
    """Report one candle; `open_time` in ns, `closed` tells whether it is final. `trades` is -1 where unknown."""

    interval: str
    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    trades: int
    closed: bool


class BookUpdated(MarketEvent, frozen=True, gc=False):
    """Report changed levels of a synchronised book (quantity 0 deletes) and its best prices after the change.

    `snapshot` is True when `bids` and `asks` hold the whole book (first event after each synchronisation).
    """

    update_id: int
    bids: list[Level]
    asks: list[Level]
    best_bid: float
    best_bid_quantity: float
    best_ask: float
    best_ask_quantity: float
    snapshot: bool = False


class BookInvalidated(MarketEvent, frozen=True, gc=False):
    """Say that the kept book is not the venue's any more; a new BookUpdated snapshot follows once it is."""

    reason: str


class StreamStale(MarketEvent, frozen=True, gc=False):
    """Say that a stream brought nothing for `silent_s` although it should have, and why we know.

    `stream` is "ticker", "quotes", "trades", "book" or "ohlcv", `param` its interval. What it should bring is polled
    from now on.
    """

    stream: str
    param: str
    silent_s: float
    reason: str


class StreamRestored(MarketEvent, frozen=True, gc=False):
    """Say that a stale stream speaks again, after `silent_s`."""

    stream: str
    param: str
    silent_s: float


class TradesMissed(MarketEvent, frozen=True, gc=False):
    """Say that public trades `first_id`..`last_id` did not come by the stream; they are asked for."""

    first_id: int
    last_id: int


class TradesFilled(MarketEvent, frozen=True, gc=False):
    """Say that missed trades were published late, all but `missing` of them; `failure` says why these were not."""

    first_id: int
    last_id: int
    missing: int
    failure: str


class HistoryGap(MarketEvent, frozen=True, gc=False):
    """Say that the venue has no candles that open from `first_open` to `last_open` (ns), asked twice, of those wanted.

    `reason` says where they are missing: at the beginning of what was asked for (the venue's history may begin later),
    at its end, in between, or all of them. A minute without trades is not a gap: such candles exist, with a volume of
    0, wherever the venue sends them.
    """

    interval: str
    first_open: int
    last_open: int
    reason: str = ""


class OrderEvent(Event, frozen=True, gc=False):
    """Base of everything that happens to an order of ours; `order` is its state afterwards."""

    order: Order


class OrderDenied(OrderEvent, frozen=True, gc=False):
    """Refused locally; nothing was sent."""


class OrderSubmitted(OrderEvent, frozen=True, gc=False):
    """About to be sent."""


class OrderAccepted(OrderEvent, frozen=True, gc=False):
    """On the venue's books, or waiting for its trigger."""


class OrderRejected(OrderEvent, frozen=True, gc=False):
    """Definitely refused by the venue."""


class OrderFilled(OrderEvent, frozen=True, gc=False):
    """Executed, wholly or in part (`order.status` tells)."""

    fill: Fill


class OrderCanceled(OrderEvent, frozen=True, gc=False):
    """Ended by a cancel."""


class OrderExpired(OrderEvent, frozen=True, gc=False):
    """Ended by the venue's rules (IOC remainder, self-trade prevention, ...)."""


class OrderAmended(OrderEvent, frozen=True, gc=False):
    """Price or quantity changed."""


class OrderInDoubt(OrderEvent, frozen=True, gc=False):
    """The venue may or may not have acted on the last command."""


class OrderUpdated(OrderEvent, frozen=True, gc=False):
    """Changed in a way that no other order event names (a query told more, a trigger fired)."""


class ReconcileStarted(Event, frozen=True, gc=False):
    """Say that orders, fills and balances are being compared with the venue, and why."""

    reason: str


class ReconcileDifference(Event, frozen=True, gc=False):
    """Report one thing that was not as we knew it; the events of the change itself were published before.

    `what` is "order", "external order", "fill", or "balance".
    """

    what: str
    detail: str


class ReconcileFinished(Event, frozen=True, gc=False):
    """Say that the comparison is complete; `failure` is "" or says what could not be compared."""

    differences: int
    failure: str


class DeadManFired(Event, frozen=True, gc=False):
    """Say that nobody fed the dead-man switch for `timeout_s` seconds: open orders are being canceled."""

    timeout_s: float


class ClockMeasured(Event, frozen=True, gc=False):
    """Report how far the venue's clock is ahead of ours, and how fast that grows."""

    offset_ms: float
    drift_ppm: float


class JournalQuarantined(Event, frozen=True, gc=False):
    """Report that a damaged journal was set aside at `kept`; orders are read from the venue."""

    kept: str
    reason: str


class BalanceUpdated(Event, frozen=True, gc=False):
    """Report new balances of some assets."""

    balances: tuple[Balance, ...]


class AdapterState(enum.Enum):
    """Name the life of a connection."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    READY = "ready"
    DEGRADED = "degraded"
    CLOSING = "closing"


class ChannelName(enum.Enum):
    """Name the parts of a connection that fail apart from each other.

    ORDERS is the WebSocket for orders: while it is down they go by REST. It is told of only once it failed.
    """

    MARKET = "market"
    USER = "user"
    REST = "rest"
    ORDERS = "orders"


class StateChanged(Event, frozen=True, gc=False):
    """Report that the whole adapter went from one state to another."""

    old: AdapterState
    new: AdapterState
    reason: str


class ChannelStateChanged(Event, frozen=True, gc=False):
    """Report that one channel went up or down."""

    channel: ChannelName
    up: bool
    reason: str


class ContractChange(enum.Enum):
    """Name what happened to a contract."""

    LOADED = "loaded"  # at connect
    LISTED = "listed"
    CHANGED = "changed"
    DELISTED = "delisted"  # the venue does not list it any more; it stays known, as closed


class ContractUpdated(Event, frozen=True, gc=False):
    """Report a contract as loaded, listed, changed or delisted.

    With CHANGED, `fields` names what is different, "price_tick", "quantity_step", "min_quantity" and "min_notional"
    among the names of `Contract`; `previous` is the contract before.
    """

    contract: Contract
    change: ContractChange
    previous: Contract | None = None
    fields: tuple[str, ...] = ()


class ProtocolErrorSeen(Event, frozen=True, gc=False):
    """Report a frame that could not be read, or a kind nobody knows; `excerpt` holds its beginning."""

    reason: str
    excerpt: bytes


class HandlerSlow(Event, frozen=True, gc=False):
    """Report a direct handler that held up everything behind it for `took_ms`; a queue would keep it from that.

    Told at the 1st, 2nd, 4th, 8th ... time that this was seen (`times`).
    """

    handler: str
    took_ms: float
    times: int


class HandlerFailed(Event, frozen=True, gc=False):
    """Report an exception in a subscriber's handler; other handlers and the engine go on."""

    handler: str
    error: str
