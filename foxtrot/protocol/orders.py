"""What an order's state becomes when the venue says something (`RANK`, `apply`) or a command of ours takes a step
(`STEPS`, `step`).

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
    OrderStatus.OPEN: 4,
    OrderStatus.PARTIALLY_FILLED: 5,
    OrderStatus.PENDING_CANCEL: 6,  # a command of ours is under way; only its answer or an end takes it back
    OrderStatus.PENDING_AMEND: 6,
    OrderStatus.REJECTED: 7,
    OrderStatus.CANCELED: 8,
    OrderStatus.EXPIRED: 9,
    OrderStatus.FILLED: 10,
}
# A refusal that names no order of the venue's, as that of a repeated client order id, is outweighed by a living order.
_REFUSED_UNNAMED = 3
_LOCAL = frozenset({OrderStatus.CREATED, OrderStatus.DENIED, OrderStatus.IN_DOUBT, OrderStatus.PENDING})
_Amount = Decimal | None


class Step(enum.Enum):
    """Name what happens to a command on an order of ours."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

    CANCEL_SENT = "cancel_sent"
    AMEND_SENT = "amend_sent"
    ANSWERED = "answered"  # refused, never sent, or shown by a later query not to have taken effect
    UNKNOWN = "unknown"  # the answer is lost


_S = OrderStatus
_UNDER_WAY = {Step.CANCEL_SENT: _S.PENDING_CANCEL, Step.AMEND_SENT: _S.PENDING_AMEND}
# From which states a step leads where; from all others it changes nothing. None: back to what the venue said last.
STEPS: dict[tuple[OrderStatus, Step], OrderStatus | None] = {
    **{
        (status, step): pending
        for step, pending in _UNDER_WAY.items()
        for status in (_S.OPEN, _S.PARTIALLY_FILLED, _S.PENDING_CANCEL, _S.PENDING_AMEND)
    },
    **{(pending, Step.ANSWERED): None for pending in _UNDER_WAY.values()},
    (_S.PENDING, Step.UNKNOWN): _S.IN_DOUBT,
    (_S.CREATED, Step.UNKNOWN): _S.IN_DOUBT,
    **{
        (status, Step.UNKNOWN): _S.IN_DOUBT
        for status in (_S.OPEN, _S.PARTIALLY_FILLED, _S.PENDING_CANCEL, _S.PENDING_AMEND)
    },
}


def step(order: Order, what: Step, reason: str = "") -> Order:
    """Return the order after a step of a command of ours; the same object where nothing changes."""
    if (order.status, what) not in STEPS:
        return order
    status = STEPS[order.status, what]
    if status is None:
        status = _S.PARTIALLY_FILLED if order.filled else _S.OPEN
    return msgspec.structs.replace(order, status=status, reason=reason)


class ChangeKind(enum.Enum):
    """Name what a message changed."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

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
    fills = tuple(sorted((*order.fills, *fresh), key=_age)) if fresh else order.fills
    filled, quote = max(order.filled, update.filled or ZERO), max(order.filled_quote, update.filled_quote or ZERO)
    if fills:
        filled = max(filled, sum((f.quantity for f in fills), ZERO))
        quote = max(quote, sum((f.quote_quantity for f in fills), ZERO))
    quantity, price, stop_price, ts_terms = _terms(order, update)
    status = _status(order, update, filled, quantity)
    merged = msgspec.structs.replace(
        order,
        order_id=order.order_id or update.order_id,
        quantity=quantity,
        price=price,
        stop_price=stop_price,
        ts_terms=ts_terms,
        status=status,
        time_in_force=order.time_in_force or update.time_in_force,
        stp_mode=order.stp_mode or update.stp_mode,
        filled=filled,
        filled_quote=quote,
        fills=fills,
        reason=_reason(order, update, status),
        ts_created=min(order.ts_created or update.ts_created, update.ts_created or order.ts_created),
        ts_updated=max(order.ts_updated, update.ts_event),
    )
    return merged, _changes(order, merged, fresh)


def _fresh_fills(order: Order, update: OrderUpdate) -> list[Fill]:
    if not update.fills:
        return []
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
    known, said = _rank(order.status, order.order_id), _rank(update.status, update.order_id)
    status = order.status if known >= said else update.status
    if not filled:
        return status
    if order.quote_quantity is None and quantity is not None and filled >= quantity:
        return OrderStatus.FILLED
    if max(known, said) < RANK[OrderStatus.PARTIALLY_FILLED]:
        return OrderStatus.PARTIALLY_FILLED
    # What was executed had been accepted: such an order ended, it was not refused.
    return OrderStatus.CANCELED if status is OrderStatus.REJECTED else status


def _rank(status: OrderStatus, order_id: str) -> int:
    return _REFUSED_UNNAMED if status is OrderStatus.REJECTED and not order_id else RANK[status]


def _terms(order: Order, update: OrderUpdate) -> tuple[_Amount, _Amount, _Amount, tuple[int, int, int]]:
    """Return quantity, price, stop price and their times: of each, the word of the latest venue time counts."""
    quantity, price, stop_price = order.quantity, order.price, order.stop_price
    of_quantity, of_price, of_stop_price = order.ts_terms
    at = update.ts_event
    if update.quantity and at >= of_quantity:
        quantity, of_quantity = update.quantity, at
    if update.price and at >= of_price:
        price, of_price = update.price, at
    if update.stop_price and at >= of_stop_price:
        stop_price, of_stop_price = update.stop_price, at
    return quantity, price, stop_price, (of_quantity, of_price, of_stop_price)


def _age(fill: Fill) -> tuple[int, int, str]:
    return fill.ts_event, len(fill.trade_id), fill.trade_id


def _reason(order: Order, update: OrderUpdate, status: OrderStatus) -> str:
    """Return the reason that came with the status; which of two makes no odds, but not the order of arrival decides.

    What an open order was changed for is no reason for its being open.
    """
    if not (status.done or status is OrderStatus.IN_DOUBT):
        return ""
    said = update.reason if update.status is status else ""
    return max(order.reason, said) if order.status is status else said


def _changes(before: Order, after: Order, fresh: list[Fill]) -> list[Change]:
    changes: list[Change] = []
    if not before.order_id and _accepted(after.status) and not _accepted(before.status):
        changes.append(Change(ChangeKind.ACCEPTED))
    changes += [Change(ChangeKind.FILLED, fill) for fill in fresh]
    if after.status is not before.status and after.status in _ENDINGS:
        changes.append(Change(_ENDINGS[after.status]))
    if not changes and not _alike(before, after):
        changes.append(Change(ChangeKind.UPDATED))
    return changes


def _alike(before: Order, after: Order) -> bool:
    """Tell whether nothing but times differs."""
    same_times = msgspec.structs.replace(
        after, ts_updated=before.ts_updated, ts_created=before.ts_created, ts_terms=before.ts_terms
    )
    return same_times == before


def _accepted(status: OrderStatus) -> bool:
    return status not in _LOCAL and status is not OrderStatus.REJECTED
