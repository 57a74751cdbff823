"""Orders as dictionaries, the way scripts and bots keep them; money stays Decimal, ids are text."""

from __future__ import annotations

from decimal import Decimal
from typing import TypedDict

from foxtrot.model.order import Order


class OrderRow(TypedDict):
    """Say what is known of an order.

    `id` is the venue's, our own (`client_order_id`) until the venue has told its. `type` and `status` are the words of
    `OrderType` and `OrderStatus` ("limit", "open", "in_doubt"). `price` is the limit, of a market order what it filled
    at on average, None before; `quantity` None where the order was given by cost.
    """

    id: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    status: str
    price: Decimal | None
    stop_price: Decimal | None
    quantity: Decimal | None
    filled: Decimal
    average_price: Decimal | None


def to_row(order: Order) -> OrderRow:
    """Return an order as a dictionary."""
    return {
        "id": order.order_id or order.client_order_id,
        "client_order_id": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "status": order.status.value,
        "price": order.average_price if order.price is None else order.price,
        "stop_price": order.stop_price,
        "quantity": order.quantity,
        "filled": order.filled,
        "average_price": order.average_price,
    }
