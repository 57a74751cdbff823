"""The values of the embedded venue: its orders, executions, refusals and what it tells its listeners."""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType, Side, TimeInForce

MARKET_ACCOUNT = "market"  # the account of the agents that make the market; unlimited funds, no fees


class VenueStatus(enum.Enum):
    """Name the states of an order at the venue."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    EXPIRED_IN_MATCH = "expired_in_match"
    REJECTED = "rejected"

    @property
    def open(self) -> bool:
        """Tell whether the order can still change."""
        return self in (VenueStatus.NEW, VenueStatus.PARTIALLY_FILLED)


class Stp(enum.Enum):
    """Name the self-trade prevention modes; the taker's decides."""

    NONE = "none"
    EXPIRE_TAKER = "expire_taker"
    EXPIRE_MAKER = "expire_maker"
    EXPIRE_BOTH = "expire_both"
    DECREMENT = "decrement"
    TRANSFER = "transfer"


class FeeIn(enum.Enum):
    """Name what a fill's fee is taken in; what is not received is paid on top."""

    RECEIVED = "received"
    BASE = "base"
    QUOTE = "quote"


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the venue for an order; symbols are unified. `client_order_id` "" lets the venue make one up.

    A TRAILING_STOP states its distance from the best price since it was taken, `trailing_offset` in the quote asset or
    `trailing_percent`, instead of a stop price. An order ends by itself at `expire_ns`. A LIMIT_MAKER that would take
    is refused, or where `accept_taking` taken and ended at once. `fee_in` None leaves the fee's asset to the venue.
    """

    account: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    iceberg_quantity: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    stp: Stp | None = None
    client_order_id: str = ""
    trailing_offset: Decimal | None = None
    trailing_percent: Decimal | None = None
    expire_ns: int = 0
    fee_in: FeeIn | None = None
    accept_taking: bool = False


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for other numbers of an open order; None leaves one as it is."""

    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    iceberg_quantity: Decimal | None = None
    post_only: bool = False


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """Record one fill of one order."""

    trade_id: int
    order_id: int
    account: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    time_ns: int


class VenueOrder(msgspec.Struct, kw_only=True):
    """Hold one order at the venue (mutable: listeners get copies).

    `quantity` of a MARKET order by quote quantity is what that amount moves on the book as it is met.
    `working_ns` is 0 until the order works: a waiting stop has 0.
    """

    order_id: int
    account: str
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    quote_quantity: Decimal = ZERO
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    iceberg_quantity: Decimal = ZERO
    time_in_force: TimeInForce = TimeInForce.GTC
    stp: Stp = Stp.NONE
    status: VenueStatus = VenueStatus.NEW
    filled: Decimal = ZERO
    filled_quote: Decimal = ZERO
    created_ns: int = 0
    updated_ns: int = 0
    working_ns: int = 0
    triggered: bool = False
    prevented_match_id: int = 0
    prevented_quantity: Decimal = ZERO
    prevented_with: int = 0  # the other order of that match
    trailing_offset: Decimal = ZERO
    trailing_percent: Decimal = ZERO
    peak_price: Decimal = ZERO  # the best price since a trailing stop was taken
    expire_ns: int = 0
    fee_in: FeeIn = FeeIn.RECEIVED
    executions: list[Execution] = msgspec.field(default_factory=list)

    @property
    def remaining(self) -> Decimal:
        """Return the base quantity not yet filled or prevented."""
        return self.quantity - self.filled - self.prevented_quantity


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    """Report one trade to everybody. Ids count up by 1 per symbol."""

    symbol: str
    trade_id: int
    price: Decimal
    quantity: Decimal
    taker_side: Side
    buyer_order_id: int
    seller_order_id: int
    time_ns: int


class BookChange(msgspec.Struct, frozen=True, kw_only=True):
    """Report the new absolute quantity of one price level. `update_id` counts up by 1 per symbol."""

    symbol: str
    update_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    time_ns: int


class ReportKind(enum.Enum):
    """Tell why an order report is sent."""

    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    REPLACED = "replaced"
    EXPIRED = "expired"
    TRADE_PREVENTION = "trade_prevention"
    REJECTED = "rejected"
    TRIGGERED = "triggered"
    AMENDED = "amended"
    RESTATED = "restated"  # the venue itself moved something: a trailing stop's price


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """Report one change of one order to its account; `order` is a copy taken right after the change.

    `cancel_client_order_id` is the id of the cancel request on CANCELED, `last_prevented` the quantity that this
    TRADE_PREVENTION took off the order.
    """

    kind: ReportKind
    order: VenueOrder
    execution: Execution | None = None
    cancel_client_order_id: str = ""
    last_prevented: Decimal = ZERO
    time_ns: int = 0


class BalanceReport(msgspec.Struct, frozen=True, kw_only=True):
    """Report that balances of `assets` may have changed, with their new (free, locked).

    `transfers` are the amounts by asset that came from outside the venue (negative: left it), when that was the reason.
    """

    account: str
    balances: dict[str, tuple[Decimal, Decimal]]
    time_ns: int
    transfers: dict[str, Decimal] = {}


VenueEvent = PublicTrade | BookChange | OrderReport | BalanceReport


class Candle(msgspec.Struct, kw_only=True):
    """Hold one candle. `first_trade_id` and `last_trade_id` are -1 when nothing traded."""

    open_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    trades: int = 0
    taker_buy_base: Decimal = ZERO
    taker_buy_quote: Decimal = ZERO
    first_trade_id: int = -1
    last_trade_id: int = -1


class DayStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up a window (the last 24 hours) of one symbol; ids are -1 when nothing traded."""

    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    last_quantity: Decimal
    previous_close: Decimal
    volume: Decimal
    quote_volume: Decimal
    weighted_average: Decimal
    open_ns: int
    close_ns: int
    first_id: int
    last_id: int
    count: int


class Reason(enum.Enum):
    """Name why the venue refuses; a dialect turns it into the venue's code and text."""

    UNKNOWN_SYMBOL = "unknown symbol"
    MARKET_CLOSED = "market closed"
    PRECISION = "too much precision"  # detail: the field ("price", "quantity", ...)
    NOT_POSITIVE = "not positive"  # detail: the field
    RULE = "rule on values"  # detail: the rule's name
    ACCOUNT_RULE = "rule on account state"  # detail: the rule's name
    TYPE_UNSUPPORTED = "order type unsupported"  # detail: OrderType.value
    QUOTE_QUANTITY_UNSUPPORTED = "market orders by quote quantity unsupported"
    ICEBERG_UNSUPPORTED = "iceberg unsupported"
    ICEBERG_TOO_LARGE = "iceberg quantity exceeds quantity"
    STP_UNSUPPORTED = "self-trade prevention mode unsupported"
    REPLACE_UNSUPPORTED = "cancel-replace unsupported"
    INSUFFICIENT_BALANCE = "insufficient balance"
    DUPLICATE_CLIENT_ID = "duplicate client order id"
    WOULD_TAKE = "would match immediately"
    WOULD_TRIGGER = "would trigger immediately"
    NO_SUCH_ORDER = "no such order"  # a query
    CANCEL_UNKNOWN = "cancel of an unknown or finished order"
    CANCEL_RESTRICTED = "cancel restriction not met"
    THIN_BOOK = "book thinner than the smallest quantity"


class Refused(Exception):
    """Raised by the venue when it refuses a request; nothing has changed."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}{': ' + detail if detail else ''}")
        self.reason = reason
        self.detail = detail


class CancelRestriction(enum.Enum):
    """Limit a cancel to orders of one state."""

    NONE = "none"
    ONLY_NEW = "only_new"
    ONLY_PARTIALLY_FILLED = "only_partially_filled"


class ReplaceResult(msgspec.Struct, frozen=True, kw_only=True):
    """Report a cancel-replace: each half is a result or a refusal; `new` is None when it was not attempted."""

    canceled: VenueOrder | Refused
    new: VenueOrder | Refused | None
