"""What answers and reports mean that lean on what is known of the order already."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot.model.order import AmendRequest, Fill, Order, OrderStatus
from foxtrot.protocol.messages import AmendResult, OrderUpdate


def acknowledged(order: Order, order_id: str) -> OrderUpdate:
    """Return what the bare acknowledgement of a placement says: the order is open, under the venue's id.

    Raises ValueError without an id: such an answer proves nothing.
    """
    if not order_id:
        raise ValueError("the answer names no order")
    update = _about(order.symbol, order_id, order.client_order_id, OrderStatus.OPEN)
    return msgspec.structs.replace(update, side=order.side, type=order.type)


def amended(order: Order, request: AmendRequest) -> AmendResult:
    """Return what an accepted amend in place means: the same order under new terms, later than all that is known of
    them."""
    update = _about(order.symbol, order.order_id, order.client_order_id, OrderStatus.OPEN)
    at = max(*order.ts_terms, order.ts_updated) + 1
    terms = msgspec.structs.replace(update, quantity=request.quantity, price=request.price, ts_event=at)
    return AmendResult(None, terms)


def canceled(symbol: str, order_id: str, client_order_id: str, *, pending: bool = False) -> OrderUpdate:
    """Return what an accepted cancel means; how much was filled before is told elsewhere.

    A `pending` cancel has not ended the order yet.
    """
    status = OrderStatus.PENDING_CANCEL if pending else OrderStatus.CANCELED
    return _about(symbol, order_id, client_order_id, status)


def executed(
    update: OrderUpdate,
    trade_id: str,
    price: Decimal,
    quantity: Decimal,
    quote_quantity: Decimal,
    fee: Decimal,
    fee_asset: str,
    *,
    is_maker: bool,
) -> OrderUpdate:
    """Return an update with one more execution that its message reports: of the same order, at the same time.

    Raises ValueError for an update that does not say which side.
    """
    if update.side is None:
        raise ValueError(f"an execution of {update.order_id} of which the side is not known")
    fill = Fill(
        symbol=update.symbol,
        order_id=update.order_id,
        client_order_id=update.client_order_id,
        trade_id=trade_id,
        side=update.side,
        price=price,
        quantity=quantity,
        quote_quantity=quote_quantity,
        fee=fee,
        fee_asset=fee_asset,
        is_maker=is_maker,
        ts_event=update.ts_event,
    )
    return msgspec.structs.replace(update, fills=(*update.fills, fill))


def _about(symbol: str, order_id: str, client_order_id: str, status: OrderStatus) -> OrderUpdate:
    return OrderUpdate(symbol=symbol, client_order_id=client_order_id, order_id=order_id, status=status)
