"""Every order that one exchange instance knows, merged from acknowledgements, the user stream and queries."""

from __future__ import annotations

import msgspec

from foxtrot.errors import InvalidRequest, ProtocolError
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.order import Fill, Order, OrderStatus
from foxtrot.protocol.messages import OrderUpdate
from foxtrot.protocol.orders import Change, ChangeKind, apply

_EVENTS: dict[ChangeKind, type[events.OrderEvent]] = {
    ChangeKind.ACCEPTED: events.OrderAccepted,
    ChangeKind.CANCELED: events.OrderCanceled,
    ChangeKind.EXPIRED: events.OrderExpired,
    ChangeKind.REJECTED: events.OrderRejected,
    ChangeKind.UPDATED: events.OrderUpdated,
}


class OrderStore:
    """Keep orders by both ids, merge what the venue says of them, and publish what changed."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._orders: dict[str, Order] = {}
        self._our_ids: dict[tuple[str, str], str] = {}  # (symbol, the venue's id) -> ours

    def all(self) -> list[Order]:
        """Return every known order, oldest first."""
        return list(self._orders.values())

    def get(self, client_order_id: str) -> Order | None:
        """Return an order by our id."""
        return self._orders.get(client_order_id)

    def find(self, symbol: str, order_id: str, client_order_id: str) -> Order | None:
        """Return an order by either id."""
        return self._orders.get(client_order_id or self._our_ids.get((symbol, order_id), ""))

    def ids(self, symbol: str, order_id: str | None, client_order_id: str | None) -> tuple[str, str]:
        """Complete the given id by the other one where known. Raises InvalidRequest unless exactly one is given."""
        if (not order_id) == (not client_order_id):
            raise InvalidRequest(
                "Name the order by order_id or by client_order_id, exactly one of them.", field="order_id"
            )
        known = self.find(symbol, order_id or "", client_order_id or "")
        if known is None:
            return order_id or "", client_order_id or ""
        return known.order_id, known.client_order_id

    def put(self, order: Order) -> Order:
        """Remember an order as it is; nothing is published."""
        self._orders[order.client_order_id] = order
        if order.order_id:
            self._our_ids[order.symbol, order.order_id] = order.client_order_id
        return order

    def merge(self, update: OrderUpdate) -> Order:
        """Merge what the venue says into what is known, publish what that changed, and return the order."""
        known = self._known(update)
        order, changes = apply(known, update)
        self.put(order)
        for change in changes:
            self._publish(change, order, update)
        return order

    def end(self, order: Order, status: OrderStatus, kind: type[events.OrderEvent], reason: str) -> Order:
        """Set a final local state and publish it."""
        ended = self.put(msgspec.structs.replace(order, status=status, reason=reason))
        self.announce(kind, ended)
        return ended

    def doubt(self, order: Order, reason: str) -> Order:
        """Mark an order as in doubt, unless the venue has settled it meanwhile, and publish it."""
        latest = self._orders.get(order.client_order_id, order)
        if latest.status.done or (latest.order_id and not order.order_id):
            return latest
        return self.end(latest, OrderStatus.IN_DOUBT, events.OrderInDoubt, reason)

    def announce(self, kind: type[events.OrderEvent], order: Order) -> None:
        """Publish a local event about an order."""
        wiring = self._wiring
        now = wiring.clock.time_ns()
        wiring.publish(kind(wiring.exchange, order.symbol, order.ts_updated, now, wiring.next_seq(), order))

    def named(self, fill: Fill) -> Fill:
        """Complete a fill by our client order id where the venue did not send it."""
        ours = self._our_ids.get((fill.symbol, fill.order_id), "")
        return fill if fill.client_order_id or not ours else msgspec.structs.replace(fill, client_order_id=ours)

    def _known(self, update: OrderUpdate) -> Order:
        known = self.find(update.symbol, update.order_id, update.client_order_id)
        if known is None and update.order_id:
            known = self.find(update.symbol, update.order_id, "")
        return known or self._adopt(update)

    def _adopt(self, update: OrderUpdate) -> Order:
        """Take in an order that was placed elsewhere, or before this run."""
        if update.side is None or update.type is None:
            raise ProtocolError(
                f"An update of the unknown order {update.order_id or update.client_order_id} says neither side nor "
                "type.",
                exchange=self._wiring.exchange,
            )
        return Order(
            exchange=self._wiring.exchange,
            symbol=update.symbol,
            client_order_id=update.client_order_id,
            side=update.side,
            type=update.type,
            quantity=update.quantity,
            quote_quantity=update.quote_quantity,
            price=update.price,
            stop_price=update.stop_price,
            iceberg_quantity=update.iceberg_quantity,
            time_in_force=update.time_in_force,
        )

    def _publish(self, change: Change, order: Order, update: OrderUpdate) -> None:
        wiring = self._wiring
        ts_recv = update.ts_recv or wiring.clock.time_ns()
        seq = wiring.next_seq()
        if change.fill is not None:
            wiring.publish(
                events.OrderFilled(
                    wiring.exchange, order.symbol, change.fill.ts_event, ts_recv, seq, order, change.fill
                )
            )
        else:
            kind = _EVENTS[change.kind]
            wiring.publish(kind(wiring.exchange, order.symbol, update.ts_event, ts_recv, seq, order))
