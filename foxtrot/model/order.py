"""Orders, their requests and their fills. Money is Decimal everywhere."""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from foxtrot.errors import InvalidRequest
from foxtrot.model.decimals import ZERO, Number, to_decimal


class Side(enum.Enum):
    """Tell which way an order or a taker goes."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(enum.Enum):
    """Name the order types; a symbol lists those it takes in `Contract.order_types`."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

    LIMIT = "limit"
    MARKET = "market"
    LIMIT_MAKER = "limit_maker"
    STOP_LOSS = "stop_loss"
    STOP_LOSS_LIMIT = "stop_loss_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"

    @property
    def has_price(self) -> bool:
        """Tell whether the type carries a limit price."""
        return self in _PRICED

    @property
    def has_trigger(self) -> bool:
        """Tell whether the type waits for a stop price."""
        return self in _TRIGGERED


_PRICED = frozenset({OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
_TRIGGERED = frozenset(
    {
        OrderType.STOP_LOSS,
        OrderType.STOP_LOSS_LIMIT,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_LIMIT,
        OrderType.TRAILING_STOP,
    }
)


class TimeInForce(enum.Enum):
    """Tell how long an order lives."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

    GTC = "gtc"  # good till canceled
    IOC = "ioc"  # immediate or cancel
    FOK = "fok"  # fill or kill


class OrderStatus(enum.Enum):
    """Name the states of an order (table in `protocol/orders.py`)."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

    CREATED = "created"  # known here only
    DENIED = "denied"  # refused locally, nothing was sent
    PENDING = "pending"  # sent, not yet acknowledged
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    PENDING_AMEND = "pending_amend"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"  # the venue definitely refused it
    IN_DOUBT = "in_doubt"  # the venue may or may not have it

    @property
    def done(self) -> bool:
        """Tell whether the order can never change its quantity again."""
        return self in _DONE


_DONE = frozenset(
    {OrderStatus.DENIED, OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED}
)


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for an order; build it by `limit`, `market`, `stop` or `trailing_stop`, which convert numbers exactly.

    MARKET takes either `quantity` (base) or `quote_quantity`. `trailing_offset` is the distance, in quote currency, at
    which a TRAILING_STOP follows the market. `stp_mode` is the venue's word. `client_order_id` is kept when given and
    generated otherwise. `validate_only` asks the venue to check the order without placing it.
    """

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    iceberg_quantity: Decimal | None = None
    trailing_offset: Decimal | None = None
    time_in_force: TimeInForce | None = None
    stp_mode: str | None = None
    client_order_id: str | None = None
    validate_only: bool = False

    @classmethod
    def limit(
        cls,
        symbol: str,
        side: Side | str,
        quantity: Number,
        price: Number,
        *,
        time_in_force: TimeInForce | str = TimeInForce.GTC,
        post_only: bool = False,
        iceberg_quantity: Number | None = None,
        stp_mode: str | None = None,
        client_order_id: str | None = None,
        validate_only: bool = False,
    ) -> OrderRequest:
        """Build a LIMIT order, or a LIMIT_MAKER where `post_only`. Raises InvalidRequest for numbers that are none."""
        return cls(
            symbol=symbol,
            side=to_side(side),
            type=OrderType.LIMIT_MAKER if post_only else OrderType.LIMIT,
            quantity=to_decimal(quantity, "quantity"),
            price=to_decimal(price, "price"),
            time_in_force=None if post_only else to_time_in_force(time_in_force),
            iceberg_quantity=None if iceberg_quantity is None else to_decimal(iceberg_quantity, "iceberg_quantity"),
            stp_mode=stp_mode,
            client_order_id=client_order_id,
            validate_only=validate_only,
        )

    @classmethod
    def market(
        cls,
        symbol: str,
        side: Side | str,
        quantity: Number | None = None,
        *,
        quote_quantity: Number | None = None,
        stp_mode: str | None = None,
        client_order_id: str | None = None,
        validate_only: bool = False,
    ) -> OrderRequest:
        """Build a MARKET order by base `quantity` or by `quote_quantity`, exactly one of them."""
        if (quantity is None) == (quote_quantity is None):
            raise InvalidRequest(
                "A market order takes either quantity or quote_quantity, exactly one.", field="quantity"
            )
        return cls(
            symbol=symbol,
            side=to_side(side),
            type=OrderType.MARKET,
            quantity=None if quantity is None else to_decimal(quantity, "quantity"),
            quote_quantity=None if quote_quantity is None else to_decimal(quote_quantity, "quote_quantity"),
            stp_mode=stp_mode,
            client_order_id=client_order_id,
            validate_only=validate_only,
        )

    @classmethod
    def stop(
        cls,
        symbol: str,
        side: Side | str,
        quantity: Number,
        stop_price: Number,
        *,
        price: Number | None = None,
        take_profit: bool = False,
        time_in_force: TimeInForce | str = TimeInForce.GTC,
        stp_mode: str | None = None,
        client_order_id: str | None = None,
        validate_only: bool = False,
    ) -> OrderRequest:
        """Build a stop-loss (or take-profit) order: with `price` its limit form, without it its market form."""
        market_type = OrderType.TAKE_PROFIT if take_profit else OrderType.STOP_LOSS
        limit_type = OrderType.TAKE_PROFIT_LIMIT if take_profit else OrderType.STOP_LOSS_LIMIT
        return cls(
            symbol=symbol,
            side=to_side(side),
            type=market_type if price is None else limit_type,
            quantity=to_decimal(quantity, "quantity"),
            stop_price=to_decimal(stop_price, "stop_price"),
            price=None if price is None else to_decimal(price, "price"),
            time_in_force=None if price is None else to_time_in_force(time_in_force),
            stp_mode=stp_mode,
            client_order_id=client_order_id,
            validate_only=validate_only,
        )

    @classmethod
    def trailing_stop(
        cls,
        symbol: str,
        side: Side | str,
        quantity: Number,
        trailing_offset: Number,
        *,
        stp_mode: str | None = None,
        client_order_id: str | None = None,
        validate_only: bool = False,
    ) -> OrderRequest:
        """Build a market order that waits until the market turns by `trailing_offset` (in quote currency)."""
        return cls(
            symbol=symbol,
            side=to_side(side),
            type=OrderType.TRAILING_STOP,
            quantity=to_decimal(quantity, "quantity"),
            trailing_offset=to_decimal(trailing_offset, "trailing_offset"),
            stp_mode=stp_mode,
            client_order_id=client_order_id,
            validate_only=validate_only,
        )


def to_side(value: Side | str) -> Side:
    """Read a side given as enum or text ("buy", "SELL"). Raises InvalidRequest for anything else."""
    try:
        return value if isinstance(value, Side) else Side(value.lower())
    except (ValueError, AttributeError):
        raise InvalidRequest(f"side must be buy or sell, not {value!r}.", field="side") from None


def to_time_in_force(value: TimeInForce | str) -> TimeInForce:
    """Read a time in force given as enum or text ("gtc", "IOC"). Raises InvalidRequest for anything else."""
    try:
        return value if isinstance(value, TimeInForce) else TimeInForce(value.lower())
    except (ValueError, AttributeError):
        raise InvalidRequest(f"time_in_force must be gtc, ioc or fok, not {value!r}.", field="time_in_force") from None


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """Report one execution of an order of ours, unique by (symbol, trade_id). `ts_event` in ns."""

    symbol: str
    order_id: str
    client_order_id: str
    trade_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    ts_event: int


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is known of one order. `client_order_id` is ours and unique, `order_id` the venue's ("" until known).

    `filled` is base quantity, `filled_quote` what was paid or received; `reason` explains DENIED, REJECTED, EXPIRED,
    CANCELED and IN_DOUBT, and is "" while an order is open. `ts_created` and `ts_updated` are venue times in ns, 0 when
    unknown; `ts_terms` are those at which the venue last stated quantity, price and stop price. `ts_submitted` is our
    time just before the order was sent, 0 for one that was placed elsewhere (`external`).
    """

    exchange: str
    symbol: str
    client_order_id: str
    side: Side
    type: OrderType
    status: OrderStatus = OrderStatus.CREATED
    order_id: str = ""
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    iceberg_quantity: Decimal | None = None
    trailing_offset: Decimal | None = None
    time_in_force: TimeInForce | None = None
    stp_mode: str = ""
    filled: Decimal = ZERO
    filled_quote: Decimal = ZERO
    fills: tuple[Fill, ...] = ()
    reason: str = ""
    ts_created: int = 0
    ts_updated: int = 0
    ts_terms: tuple[int, int, int] = (0, 0, 0)
    ts_submitted: int = 0

    @property
    def external(self) -> bool:
        """Tell whether the order was placed elsewhere."""
        return self.ts_submitted == 0

    @property
    def fills_missing(self) -> bool:
        """Tell whether more is filled than the known fills explain."""
        return self.filled > sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def remaining(self) -> Decimal:
        """Return the base quantity still to be filled, 0 when the order was given by quote quantity."""
        return ZERO if self.quantity is None else max(self.quantity - self.filled, ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """Return filled_quote / filled, None while nothing is filled."""
        return None if self.filled == 0 else self.filled_quote / self.filled


class AmendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a new price or quantity (the new whole quantity) of an open order, named by either id."""

    symbol: str
    order_id: str | None = None
    client_order_id: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
