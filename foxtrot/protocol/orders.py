"""What an order's state becomes when the venue says something: a table and a merge that does not mind the order of
messages.

Acknowledgements, stream reports and query results arrive late, twice and out of order. Each status has a rank and an
order only moves to a higher one; executions count once by trade id; cumulative amounts never go back. So the end state
is the same whatever order the messages came in.
"""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Fill, Order, OrderStatus
from foxtrot.protocol.messages import OrderUpdate

RANK: dict[OrderStatus, int] = {
    OrderStatus.CREATED: 0,
    OrderStatus.DENIED: 0,  # if the venue speaks of it after all, the venue is right
    OrderStatus.IN_DOUBT: 1,  # ended by any statement of the venue
    OrderStatus.PENDING: 2,
    OrderStatus.OPEN: 3,
    OrderStatus.PENDING_CANCEL: 4,
    OrderStatus.PENDING_AMEND: 4,
    OrderStatus.PARTIALLY_FILLED: 5,
    OrderStatus.REJECTED: 6,
    OrderStatus.CANCELED: 7,
    OrderStatus.EXPIRED: 8,
    OrderStatus.FILLED: 9,
}
_LOCAL = frozenset({OrderStatus.CREATED, OrderStatus.DENIED, OrderStatus.IN_DOUBT, OrderStatus.PENDING})


class ChangeKind(enum.Enum):
    """Name what a message changed."""

    ACCEPTED = "accepted"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UPDATED = "updated"


class Change(msgspec.Struct, frozen=True):
    """Report one change; `fill` comes with FILLED."""

    kind: ChangeKind
    fill: Fill | None = None


_ENDINGS = {
    OrderStatus.CANCELED: ChangeKind.CANCELED,
    OrderStatus.EXPIRED: ChangeKind.EXPIRED,
    OrderStatus.REJECTED: ChangeKind.REJECTED,
}


def apply(order: Order, update: OrderUpdate) -> tuple[Order, list[Change]]:
    """Merge what the venue says into what is known; return the order and what changed, in the order to publish it."""
    fresh = _fresh_fills(order, update)
    fills = (*order.fills, *fresh)
    filled = max(order.filled, update.filled or ZERO, sum((f.quantity for f in fills), ZERO))
    quote = max(order.filled_quote, update.filled_quote or ZERO, sum((f.quote_quantity for f in fills), ZERO))
    newer = update.ts_event >= order.ts_updated
    quantity = _stated(order.quantity, update.quantity, newer=newer)
    status = _status(order, update, filled, quantity)
    merged = msgspec.structs.replace(
        order,
        order_id=order.order_id or update.order_id,
        status=status,
        quantity=quantity,
        price=_stated(order.price, update.price, newer=newer),
        stop_price=_stated(order.stop_price, update.stop_price, newer=newer),
        time_in_force=order.time_in_force or update.time_in_force,
        stp_mode=order.stp_mode or update.stp_mode,
        filled=filled,
        filled_quote=quote,
        fills=fills,
        reason=_reason(order, update, status),
        ts_created=order.ts_created or update.ts_created,
        ts_updated=max(order.ts_updated, update.ts_event),
    )
    return merged, _changes(order, merged, fresh)


def _fresh_fills(order: Order, update: OrderUpdate) -> list[Fill]:
    known = {fill.trade_id for fill in order.fills}
    fresh: dict[str, Fill] = {}
    for fill in update.fills:
        if fill.trade_id not in known:
            fresh.setdefault(fill.trade_id, fill)
    return [
        fill if fill.client_order_id else msgspec.structs.replace(fill, client_order_id=order.client_order_id)
        for fill in fresh.values()
    ]


def _status(order: Order, update: OrderUpdate, filled: Decimal, quantity: Decimal | None) -> OrderStatus:
    status = max(order.status, update.status, key=RANK.__getitem__)
    if filled and order.quote_quantity is None and quantity is not None and filled >= quantity:
        return OrderStatus.FILLED
    if filled and RANK[status] < RANK[OrderStatus.PARTIALLY_FILLED]:
        return OrderStatus.PARTIALLY_FILLED
    return status


def _stated(known: Decimal | None, said: Decimal | None, *, newer: bool) -> Decimal | None:
    """Return a term of the order: what was known first, unless a newer message states another value."""
    if not said:
        return known
    return said if newer or known is None else known


def _reason(order: Order, update: OrderUpdate, status: OrderStatus) -> str:
    if update.reason and update.status is status:
        return update.reason
    return "" if order.status is OrderStatus.IN_DOUBT and status is not order.status else order.reason


def _changes(before: Order, after: Order, fresh: list[Fill]) -> list[Change]:
    changes: list[Change] = []
    living = after.status not in _LOCAL and after.status is not OrderStatus.REJECTED
    if living and before.status in _LOCAL and not before.order_id:
        changes.append(Change(ChangeKind.ACCEPTED))
    changes += [Change(ChangeKind.FILLED, fill) for fill in fresh]
    if after.status is not before.status and after.status in _ENDINGS:
        changes.append(Change(_ENDINGS[after.status]))
    same_times = msgspec.structs.replace(after, ts_updated=before.ts_updated, ts_created=before.ts_created)
    if not changes and same_times != before:
        changes.append(Change(ChangeKind.UPDATED))
    return changes
