"""The words of orders, by REST and on WebSockets."""

from __future__ import annotations

from decimal import Decimal

from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.types import Stp, VenueOrder, VenueStatus

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
KINDS = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "iceberg": OrderType.LIMIT,
    "stop-loss": OrderType.STOP_LOSS,
    "stop-loss-limit": OrderType.STOP_LOSS_LIMIT,
    "take-profit": OrderType.TAKE_PROFIT,
    "take-profit-limit": OrderType.TAKE_PROFIT_LIMIT,
    "trailing-stop": OrderType.TRAILING_STOP,
}
TIMES = {"gtc": TimeInForce.GTC, "gtd": TimeInForce.GTC, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
STP = {"cancel-newest": Stp.EXPIRE_TAKER, "cancel-oldest": Stp.EXPIRE_MAKER, "cancel-both": Stp.EXPIRE_BOTH}
FLAGS = frozenset({"post", "fcib", "fciq", "nompp", "viqc"})

# The states and kinds that the venue may add to. "trade" and "status" are left out: they name channels, too.
WORDS = frozenset(
    [
        "pending_new",
        "new",
        "filled",
        "canceled",
        "expired",
        "amended",
        "restated",
        "iceberg_refill",
        "partially_filled",
        "triggered",
        "untriggered",
        "limit",
        "market",
        "iceberg",
    ]
)


def kind_word(order: VenueOrder) -> str:
    """Return the venue's word for the type of an order that did not come through the dialect."""
    if order.type in (OrderType.LIMIT, OrderType.LIMIT_MAKER):
        return "iceberg" if order.iceberg_quantity else "limit"
    return str(order.type.value).replace("_", "-")


def is_expired(order: VenueOrder) -> bool:
    """Tell whether an order that ended without being filled was ended by its own time."""
    return bool(order.status is VenueStatus.EXPIRED and order.expire_ns and order.updated_ns >= order.expire_ns)


def rest_status(order: VenueOrder) -> str:
    """Return the state of an order by REST."""
    if order.status.open:
        return "open"
    if order.status is VenueStatus.FILLED:
        return "closed"
    return "expired" if is_expired(order) else "canceled"


def end_reason(order: VenueOrder) -> str:
    """Return why the venue itself ended an order; the documents show only some of these texts."""
    if is_expired(order):
        return "Order expired"
    if order.status is VenueStatus.EXPIRED_IN_MATCH:
        return "Self trade prevention"
    if order.type is OrderType.LIMIT_MAKER:
        return "Post only order"
    if order.time_in_force is TimeInForce.FOK:
        return "Fill or kill"
    if order.time_in_force is TimeInForce.IOC:
        return "Immediate or cancel"
    return "Insufficient liquidity"


def fixed(value: Decimal, decimals: int) -> str:
    """Write a number with at least so many decimals; more digits are kept, never cut."""
    if value.is_zero():
        return f"{Decimal(0):.{decimals}f}"
    exponent = value.normalize().as_tuple().exponent
    needed = -exponent if isinstance(exponent, int) else 0
    return f"{value:.{max(decimals, needed)}f}"
