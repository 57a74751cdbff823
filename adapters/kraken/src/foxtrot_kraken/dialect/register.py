"""What the dialect knows of an account's orders beside the venue's truth: their ids in the venue's pattern, the words
they were asked for in, why they ended."""

from __future__ import annotations

import msgspec

from foxtrot.model.decimals import ZERO, plain
from foxtrot.sandbox.types import Execution, NewOrder, OrderReport, ReportKind, VenueOrder
from foxtrot_kraken.dialect.asked import Asked, Ticket
from foxtrot_kraken.dialect.ids import Ids
from foxtrot_kraken.dialect.names import Pairs
from foxtrot_kraken.dialect.words import end_reason, kind_word


class Entry(msgspec.Struct, kw_only=True):
    """Hold one order's words; `reason` is "" while it is open or when it was filled."""

    txid: str
    order_id: int
    account: str
    ticket: Ticket
    created_ns: int
    reason: str = ""
    amended: bool = False

    @property
    def symbol(self) -> str:
        """Return the unified symbol."""
        return self.ticket.pair.symbol


class Register:
    """Keep an entry for each order of a client. It hears of orders before anybody else who renders them."""

    def __init__(self, ids: Ids, pairs: Pairs) -> None:
        self._ids = ids
        self._pairs = pairs
        self._by_order: dict[int, Entry] = {}
        self._by_txid: dict[str, Entry] = {}
        self._open_entries: dict[int, Entry] = {}
        self._trades: dict[str, Execution] = {}
        self._next: Ticket | None = None
        self._ending = ""

    def expect(self, ticket: Ticket) -> None:
        """Say what the order was asked for that the venue takes next."""
        self._next = ticket

    def ending(self, reason: str) -> None:
        """Say why the orders end that end next."""
        self._ending = reason

    def forget(self) -> None:
        """Expect nothing any more."""
        self._next, self._ending = None, ""

    def on_report(self, report: OrderReport) -> None:
        """Take note of a new order, of a trade, of an end."""
        order = report.order
        if report.kind is ReportKind.NEW:
            self._open(order)
        entry = self._by_order[order.order_id]
        if report.execution is not None:
            self._trades[self.trade_id(report.execution)] = report.execution
        if report.kind is ReportKind.AMENDED:
            entry.amended = True
        if not order.status.open:
            self._open_entries.pop(order.order_id, None)
        if not order.status.open and not entry.reason and order.filled < order.quantity:
            canceled = report.kind is ReportKind.CANCELED
            entry.reason = (self._ending or "User requested") if canceled else end_reason(order)

    def _open(self, order: VenueOrder) -> None:
        ticket, self._next = self._next or self._made_up(order), None
        txid = self._ids.make("O", order.order_id)
        entry = Entry(
            txid=txid, order_id=order.order_id, account=order.account, ticket=ticket, created_ns=order.created_ns
        )
        self._by_order[order.order_id] = self._by_txid[txid] = self._open_entries[order.order_id] = entry

    def of(self, order_id: int) -> Entry:
        """Return the entry of an order that was told of."""
        return self._by_order[order_id]

    def find(self, txid: str) -> Entry | None:
        """Return an entry by the order's id."""
        return self._by_txid.get(txid)

    def kind_of(self, order_id: int) -> str | None:
        """Return the word of an order's type, None for an order of the market's agents."""
        entry = self._by_order.get(order_id)
        return None if entry is None else entry.ticket.kind

    def all(self, account: str) -> list[Entry]:
        """Return every entry of an account, oldest first."""
        return [entry for entry in self._by_order.values() if entry.account == account]

    def open(self, account: str) -> list[Entry]:
        """Return the entries of an account's open orders, oldest first."""
        return [entry for entry in self._open_entries.values() if entry.account == account]

    def trade_id(self, execution: Execution) -> str:
        """Return the id of a fill."""
        return self._ids.make("T", execution.symbol, execution.trade_id, execution.order_id)

    def trade(self, trade_id: str) -> Execution | None:
        """Return a fill by its id."""
        return self._trades.get(trade_id)

    def _made_up(self, order: VenueOrder) -> Ticket:
        """Return words for an order that came to the venue without the dialect."""
        cash = order.quote_quantity or None
        new = NewOrder(
            account=order.account,
            symbol=order.symbol,
            side=order.side,
            type=order.type,
            quantity=None if cash else order.quantity,
            quote_quantity=cash,
            price=order.price if order.type.has_price else None,
            stop_price=order.stop_price or None,
            trailing_offset=order.trailing_offset or None,
            trailing_percent=order.trailing_percent or None,
        )
        asked = Asked(
            side=order.side.value,
            kind=kind_word(order),
            volume=new.quantity,
            cash=cash,
            limit=plain(order.price or ZERO),
            cl_ord_id=order.client_order_id,
        )
        return Ticket(pair=self._pairs.of(order.symbol), new=new, kind=asked.kind, asked=asked)
