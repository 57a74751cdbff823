"""Every order that one exchange instance knows, merged from acknowledgements, the user stream and queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import msgspec

from foxtrot.engine.journal import Cursor, NoJournal, OrderJournal, OrderNote
from foxtrot.errors import InvalidRequest, ProtocolError
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.order import Fill, Order, OrderStatus
from foxtrot.protocol.messages import OrderUpdate
from foxtrot.protocol.orders import Change, ChangeKind, Step, apply, step

_KEPT_DONE = 10_000
_EVENTS: dict[ChangeKind, type[events.OrderEvent]] = {
    ChangeKind.ACCEPTED: events.OrderAccepted,
    ChangeKind.CANCELED: events.OrderCanceled,
    ChangeKind.EXPIRED: events.OrderExpired,
    ChangeKind.REJECTED: events.OrderRejected,
    ChangeKind.UPDATED: events.OrderUpdated,
}


class OrderStore:
    """Keep orders, merge what the venue says of them, publish what changed, and write it into the journal.

    An order's key is our id; only one that has none, or that shares its id with another order, goes by the venue's.
    Of done orders the latest 10,000 stay in memory; the journal knows the others.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._orders: dict[str, Order] = {}
        self._keys: dict[tuple[str, str], str] = {}  # (symbol, the venue's id) -> key
        self._done: dict[str, None] = {}
        self._notes: list[OrderNote] | None = None
        self.journal: OrderJournal = NoJournal()
        self.on_gap: Callable[[str], None] = lambda symbol: None
        self.on_doubt: Callable[[Order], None] = lambda order: None

    # reading

    def all(self) -> list[Order]:
        """Return every order in memory, oldest first."""
        return list(self._orders.values())

    def living(self) -> list[Order]:
        """Return the orders that are not done, oldest first."""
        return [order for order in self._orders.values() if not order.status.done]

    def get(self, client_order_id: str) -> Order | None:
        """Return an order by our id, from memory or from the journal."""
        return self.find("", "", client_order_id)

    def latest(self, order: Order) -> Order:
        """Return what is known now of an order."""
        return self._orders.get(self.key(order), order)

    def find(self, symbol: str, order_id: str, client_order_id: str) -> Order | None:
        """Return an order by either id, from memory or from the journal."""
        known = self._orders.get(client_order_id or self._keys.get((symbol, order_id), ""))
        return known if known is not None else self.journal.find(symbol, order_id, client_order_id)

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

    def key(self, order: Order | OrderUpdate) -> str:
        """Return the key under which an order is kept, or would be."""
        own = order.client_order_id
        kept = self._keys.get((order.symbol, order.order_id)) if order.order_id else None
        if kept is not None and (not own or self._orders[kept].client_order_id in ("", own)):
            return kept
        known = self._orders.get(own)
        if own and (known is None or _same(known, order)):
            return own
        return f"{order.symbol}#{order.order_id}"

    def named(self, fill: Fill) -> Fill:
        """Complete a fill by our client order id where the venue did not send it."""
        if fill.client_order_id:
            return fill
        known = self.find(fill.symbol, fill.order_id, "")
        return fill if known is None else msgspec.structs.replace(fill, client_order_id=known.client_order_id)

    # changing

    def put(self, order: Order) -> Order:
        """Remember an order as it is; nothing is published or written."""
        return self._put(self.key(order), order)

    def _put(self, key: str, order: Order) -> Order:
        self._orders[key] = order
        if order.order_id:
            self._keys[order.symbol, order.order_id] = key
        if order.status.done:
            self._done[key] = None
            self._forget_oldest()
        else:
            self._done.pop(key, None)
        return order

    def merge(self, update: OrderUpdate) -> Order:
        """Merge what the venue says into what is known, publish what that changed, and return the order."""
        key = self.key(update)
        known = self._orders.get(key)
        order, changes = apply(known or self._recalled(update), update)
        self._put(key if known else self.key(order), order)
        if len(changes) == 1:
            self._publish(changes[0], order, update)
        elif changes:
            with self.together():
                for change in changes:
                    self._publish(change, order, update)
        if changes and order.fills_missing:
            self.on_gap(order.symbol)
        if update.status is OrderStatus.IN_DOUBT and update.reason and not order.status.done:
            order = self.take(order, Step.UNKNOWN, update.reason)  # the venue spoke of it, in a word we do not know
            self.on_doubt(order)
        return order

    def merge_listed(self, update: OrderUpdate) -> Order | None:
        """Merge what a list or a stream says of one order among others, which it must not hold up.

        Return None, and tell of it, for one that was placed elsewhere with a type that nobody knows.
        """
        try:
            return self.merge(update)
        except ProtocolError as error:
            wiring = self._wiring
            now, seq = wiring.clock.time_ns(), wiring.next_seq()
            wiring.publish(events.ProtocolErrorSeen(wiring.exchange, update.symbol, 0, now, seq, error.message, b""))
            return None

    def merge_fill(self, fill: Fill) -> Order:
        """Merge an execution that was read apart from its order, which must be known."""
        return self.merge(
            OrderUpdate(
                symbol=fill.symbol,
                client_order_id=fill.client_order_id,
                order_id=fill.order_id,
                status=OrderStatus.IN_DOUBT,  # says nothing about the state
                fills=(fill,),
                ts_event=fill.ts_event,
            )
        )

    def end(self, order: Order, status: OrderStatus, kind: type[events.OrderEvent], reason: str) -> Order:
        """Set a final local state and publish it."""
        ended = self.put(msgspec.structs.replace(order, status=status, reason=reason))
        self.announce(kind, ended)
        return ended

    def take(self, order: Order, what: Step, reason: str = "") -> Order:
        """Let a command of ours take a step, publish what that changed, and return the order as known now."""
        latest = self.latest(order)
        after = step(latest, what, reason)
        if after is not latest:
            self.put(after)
            self.announce(events.OrderInDoubt if what is Step.UNKNOWN else events.OrderUpdated, after)
        return after

    def announce(self, kind: type[events.OrderEvent], order: Order) -> None:
        """Publish a local event about an order, and note it."""
        wiring = self._wiring
        now = wiring.clock.time_ns()
        wiring.publish(kind(wiring.exchange, order.symbol, order.ts_updated, now, wiring.next_seq(), order))
        self._note(kind.__name__, order, now)

    @contextmanager
    def together(self, cursors: Iterable[Cursor] = ()) -> Iterator[None]:
        """Write all that happens inside, and the cursors, in one transaction."""
        if self._notes is not None:
            yield
            return
        self._notes = []
        try:
            yield
        finally:
            notes, self._notes = self._notes, None
            given = list(cursors)
            if notes or given:
                self.journal.note(notes, given)

    # inside

    def _recalled(self, update: OrderUpdate) -> Order:
        """Return the order that an update is about, which is not in memory."""
        known = self.journal.find(update.symbol, update.order_id, update.client_order_id)
        return known if known is not None and _same(known, update) else self._adopt(update)

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
        """Publish, then note: what is lost between the two is published again after a restart, never not at all."""
        wiring = self._wiring
        ts_recv = update.ts_recv or wiring.clock.time_ns()
        seq = wiring.next_seq()
        fill = change.fill
        if fill is not None:
            wiring.publish(events.OrderFilled(wiring.exchange, order.symbol, fill.ts_event, ts_recv, seq, order, fill))
            self._note("OrderFilled", order, ts_recv, fill)
            return
        kind = _EVENTS[change.kind]
        wiring.publish(kind(wiring.exchange, order.symbol, update.ts_event, ts_recv, seq, order))
        self._note(kind.__name__, order, ts_recv)

    def _note(self, kind: str, order: Order, ts_ns: int, fill: Fill | None = None) -> None:
        if type(self.journal) is NoJournal:
            return  # not worth writing down what is forgotten at once
        note = OrderNote(kind, self.key(order), order, ts_ns, fill)
        if self._notes is None:
            self.journal.note([note])
        else:
            self._notes.append(note)

    def _forget_oldest(self) -> None:
        while len(self._done) > _KEPT_DONE:
            key = next(iter(self._done))
            del self._done[key]
            order = self._orders.pop(key)
            self._keys.pop((order.symbol, order.order_id), None)


def _same(known: Order, other: Order | OrderUpdate) -> bool:
    """Tell whether two reports with one client order id can be of one order."""
    named_otherwise = known.order_id and other.order_id and known.order_id != other.order_id
    return known.symbol == other.symbol and not named_otherwise
