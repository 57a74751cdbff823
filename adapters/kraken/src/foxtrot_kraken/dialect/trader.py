"""What a client can do to its orders, whichever way it asks: place, amend, edit, cancel.

Sources: https://docs.kraken.com/api/docs/rest-api/amend-order and https://docs.kraken.com/api/docs/rest-api/edit-order
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from foxtrot.sandbox.types import Amendment, Refused, VenueOrder
from foxtrot_kraken.dialect.asked import Asked, Ticket, checked_price, make_ticket
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.errors import WireError, invalid
from foxtrot_kraken.dialect.limits import AMEND, EDIT, penalty
from foxtrot_kraken.dialect.names import Pair
from foxtrot_kraken.dialect.register import Entry

_UNKNOWN = "EOrder:Unknown order"
BATCH = (2, 15)


class Trader:
    """Act for the accounts of clients. Methods raise WireError; then nothing has changed, but for what `edit` says."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ticket(self, asked: Asked, pair: Pair, account: str) -> Ticket:
        """Read an order."""
        desk = self._desk
        return make_ticket(asked, pair, account, desk.venue.last_price(pair.symbol), desk.now_ns(), desk.options)

    def check(self, ticket: Ticket) -> None:
        """Check an order without placing it."""
        self._desk.system.check_order(ticket)
        try:
            self._desk.venue.check(ticket.new)
        except Refused as refusal:
            raise self._desk.refused(refusal, ticket.pair) from None

    def place(self, ticket: Ticket, cost: float = 1) -> Entry:
        """Place an order."""
        desk, symbol = self._desk, ticket.pair.symbol
        desk.system.check_order(ticket)
        desk.limits.trade(ticket.new.account, symbol, cost)
        desk.register.expect(ticket)
        try:
            return desk.register.of(desk.venue.place(ticket.new).order_id)
        except Refused as refusal:
            raise desk.refused(refusal, ticket.pair) from None
        finally:
            desk.register.forget()

    def place_batch(self, tickets: list[Ticket]) -> list[Entry | WireError]:
        """Place several orders of one pair; one that is refused does not keep the others from being placed."""
        done: list[Entry | WireError] = []
        for ticket in tickets:
            try:
                done.append(self.place(ticket, 0.5 if self._desk.options.batch_cost == "half" else 1))
            except WireError as error:
                done.append(error)
        return done

    def cancel(self, entry: Entry, reason: str = "User requested") -> None:
        """Cancel an order."""
        desk, now = self._desk, self._desk.now_ns()
        if entry.order_id not in desk.venue.open_ids(entry.account):
            raise WireError(_UNKNOWN)
        desk.limits.cancel(entry.account, entry.symbol, now - entry.created_ns)
        self._end(entry, reason)

    def cancel_each(self, entries: list[Entry]) -> int:
        """Cancel orders and return how many; what is done already is not counted."""
        count = 0
        for entry in entries:
            try:
                self.cancel(entry)
            except WireError:
                continue
            count += 1
        return count

    def cancel_all(self, account: str, reason: str = "User requested") -> int:
        """Cancel every open order and return how many; the trading rate does not count it."""
        mine = self._desk.register.open(account)
        for entry in mine:
            self._end(entry, reason)
        return len(mine)

    def _end(self, entry: Entry, reason: str) -> None:
        self._desk.register.ending(reason)
        try:
            self._desk.venue.cancel(entry.account, entry.symbol, order_id=entry.order_id)
        finally:
            self._desk.register.forget()

    def amend(self, entry: Entry, change: Amendment) -> str:
        """Change an order in place and return the id of the amend."""
        desk, now = self._desk, self._desk.now_ns()
        desk.system.check_change()
        if entry.order_id not in desk.venue.open_ids(entry.account):
            raise WireError(_UNKNOWN)
        if entry.ticket.asked.cash is not None:
            raise invalid("order_qty")
        for name, price in (("limit_price", change.price), ("trigger_price", change.stop_price)):
            if price is not None:
                checked_price(price, entry.ticket.pair, name)
        desk.limits.trade(entry.account, entry.symbol, 1 + penalty(AMEND, now - entry.created_ns))
        desk.register.ending("User requested")
        try:
            desk.venue.amend(entry.account, entry.symbol, change, order_id=entry.order_id)
        except Refused as refusal:
            raise desk.refused(refusal, entry.ticket.pair) from None
        finally:
            desk.register.forget()
        return desk.ids.make("T", "amend", entry.order_id, now)

    def edit(self, entry: Entry, asked: Asked) -> Entry:
        """Cancel an order and place another instead.

        A new order that is none leaves the old one as it is; one that is refused later (funds) comes after its end.
        """
        desk, now = self._desk, self._desk.now_ns()
        if entry.order_id not in desk.venue.open_ids(entry.account):
            raise WireError(desk.options.edit_unknown)
        ticket = self.ticket(asked, entry.ticket.pair, entry.account)
        desk.system.check_order(ticket)
        desk.limits.trade(entry.account, entry.symbol, 1 + penalty(EDIT, now - entry.created_ns))
        desk.register.expect(ticket)
        desk.register.ending("Order replaced")
        try:
            result = desk.venue.cancel_replace(entry.account, entry.symbol, ticket.new, order_id=entry.order_id)
        except Refused as refusal:
            raise desk.refused(refusal, ticket.pair) from None
        finally:
            desk.register.forget()
        if isinstance(result.new, VenueOrder):
            return desk.register.of(result.new.order_id)
        raise WireError(_UNKNOWN) if result.new is None else desk.refused(result.new, ticket.pair)

    def find(self, account: str, *, txid: str = "", cl_ord_id: str = "", userref: int = 0) -> list[Entry]:
        """Return the open orders that an id names: one by its id or client id, all of a userref."""
        if txid:
            entry = self._desk.register.find(txid)
            return [entry] if entry is not None and entry.account == account else []
        mine = self._desk.register.open(account)
        if cl_ord_id:
            return [e for e in mine if e.ticket.asked.cl_ord_id == cl_ord_id]
        return [e for e in mine if userref and e.ticket.asked.userref == userref]


def changed(asked: Asked, **words: object) -> Asked:
    """Return a request with other words; None leaves one as it is."""
    return msgspec.structs.replace(asked, **{name: word for name, word in words.items() if word is not None})


def limited(entries: Iterable[Entry]) -> Entry:
    """Return the one order that an amend or edit is about. Raises WireError for none."""
    found = next(iter(entries), None)
    if found is None:
        raise WireError(_UNKNOWN)
    return found


def amendment(
    quantity: Decimal | None, price: Decimal | None, stop: Decimal | None, display: Decimal | None, *, post: bool
) -> Amendment:
    """Return what is to change. Raises WireError when nothing is."""
    if quantity is None and price is None and stop is None and display is None:
        raise WireError("EGeneral:Invalid arguments")
    return Amendment(quantity=quantity, price=price, stop_price=stop, iceberg_quantity=display, post_only=post)
