"""One symbol's market: runs orders against the book, triggers stops, and tells the venue."""

from __future__ import annotations

import itertools
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from foxtrot.model.contract import Contract, ContractStatus
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.exact import exactly
from foxtrot.sandbox.funds import Funds
from foxtrot.sandbox.matching import Book, BookSide, Resting
from foxtrot.sandbox.prints import PRINTED, as_taker, print_trade
from foxtrot.sandbox.triggers import Triggers, trailing_stop, would_trigger
from foxtrot.sandbox.types import (
    MARKET_ACCOUNT,
    BookChange,
    Execution,
    NewOrder,
    PublicTrade,
    Reason,
    Refused,
    ReportKind,
    Stp,
    VenueOrder,
    VenueStatus,
)
from foxtrot.sandbox.walk import Plan, cost_of, fillable, offers, plan_by_quote

if TYPE_CHECKING:
    from foxtrot.sandbox.venue import Venue

_MARKET_FORMS = frozenset({OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP})
# Between orders of one account TRANSFER acts as DECREMENT.
_DECREMENTING = frozenset({Stp.DECREMENT, Stp.TRANSFER})


class Market:
    """Match by price, then time.

    A change is complete before it is told: the new level, then the trade, then each side's order and balances.
    """

    def __init__(self, contract: Contract, price: Decimal, venue: Venue) -> None:
        self.contract = contract
        self.book = Book()
        self.last_price = price
        self.trading = contract.status is ContractStatus.TRADING
        self.venue = venue
        self._funds = Funds(contract, venue.ledger, lambda maker: venue.maker_fee if maker else venue.taker_fee)
        self._triggers = Triggers()
        self._due: deque[VenueOrder] = deque()
        self._trade_ids = itertools.count(1)
        self._prevented_ids = itertools.count(1)
        self._step = contract.quantity_step or Decimal(1).scaleb(-contract.base_precision)

    # before an order is taken

    def check_price(self, new: NewOrder) -> None:
        """Refuse what would take or trigger at once. Changes nothing."""
        met = self._meets(new.side, new.price)
        if new.type is OrderType.LIMIT_MAKER and met is not None and not new.accept_taking:
            raise Refused(Reason.WOULD_TAKE)
        if new.stop_price is not None and would_trigger(new.type, new.side, new.stop_price, self.last_price):
            raise Refused(Reason.WOULD_TRIGGER)

    def check_funds(self, new: NewOrder, stp: Stp) -> None:
        """Refuse what the account cannot pay. Changes nothing."""
        needed = self._funds.with_fee(new.side, new.fee_in or self.venue.default_fee_in, self._needed(new, stp))
        self._funds.require(new.account, new.side, needed)

    def plan(self, new: NewOrder, stp: Stp) -> Plan:
        """Turn the quote quantity of an order into base. Raises Refused(THIN_BOOK) when that is below the least."""
        found = offers(self.book.side(new.side.opposite), new.account, stp)
        plan = plan_by_quote(new.quote_quantity or ZERO, self._step, found)
        if plan.available < max(self.contract.min_quantity, self._step):
            raise Refused(Reason.THIN_BOOK)
        return plan

    def _needed(self, new: NewOrder, stp: Stp) -> Decimal:
        if new.quantity is None:
            return self.plan(new, stp).available if new.side is Side.SELL else new.quote_quantity or ZERO
        if new.side is Side.SELL:
            return new.quantity
        price = new.price if new.price is not None else self.first_stop(new) or None
        return self._cost(new.quantity, new.account, stp) if price is None else price * new.quantity

    def _cost(self, quantity: Decimal, account: str, stp: Stp) -> Decimal:
        return cost_of(quantity, offers(self.book.asks, account, stp))

    def first_stop(self, new: NewOrder) -> Decimal:
        """Return the stop price that an order begins with, 0 for none."""
        if new.type is not OrderType.TRAILING_STOP:
            return new.stop_price or ZERO
        order = as_taker(self.contract.symbol, ZERO, new.side)
        order.trailing_offset, order.trailing_percent = new.trailing_offset or ZERO, new.trailing_percent or ZERO
        order.peak_price = self.last_price
        return trailing_stop(order, self.contract.price_tick)

    # running

    def run(self, order: VenueOrder) -> None:
        """Lock funds, announce the order, and match it, rest it or let it wait for its trigger."""
        self._funds.lock(order)
        if order.type.has_trigger:
            self._triggers.add(order)
        else:
            order.working_ns = self.venue.clock()
        self._tell(ReportKind.NEW, order)
        if not order.type.has_trigger:
            self._match(order)
            self.run_due()

    def resume(self, order: VenueOrder) -> None:
        """Take up an open order of an earlier run: lock what it still may cost, and let it wait or rest again."""
        self._funds.lock(order)
        if order.type.has_trigger and not order.triggered:
            self._triggers.add(order)
        else:
            self._leave(order, order.price)

    def end(self, order: VenueOrder, status: VenueStatus, kind: ReportKind, cancel_id: str = "") -> None:
        """Take an order off the book, release its funds, and report it."""
        side = self._home(order)
        rested = side.resting(order) is not None
        if rested:
            side.remove(order)
        self._triggers.remove(order)
        self._finish(order, status)
        if rested:
            self._changed(order.side, order.price)
        self._tell(kind, order, cancel_id=cancel_id)

    def amend(self, order: VenueOrder, new: NewOrder) -> None:
        """Give an open order the numbers of `new`; less quantity at the same price keeps its place. Raises Refused."""
        if not (order.triggered and order.type.has_trigger):
            self.check_price(new)
        remaining = (new.quantity or ZERO) - (order.quantity - order.remaining)
        side = self._home(order)
        resting = side.resting(order)
        if resting is not None and _only_less(order, new):
            self._funds.release_part(order, order.remaining - remaining)
            order.quantity, order.updated_ns = new.quantity or ZERO, self.venue.clock()
            side.shrink(resting)
            self._changed(order.side, order.price)
            self._tell(ReportKind.AMENDED, order)
            return
        needed = self._needed(msgspec.structs.replace(new, quantity=remaining), order.stp)
        locked = self._funds.locked(order)
        self._funds.require(order.account, order.side, self._funds.with_fee(order.side, order.fee_in, needed) - locked)
        self._requeue(order, new, rested=resting is not None)

    def _requeue(self, order: VenueOrder, new: NewOrder, *, rested: bool) -> None:
        side, old_price = self._home(order), order.price
        if rested:
            side.remove(order)
        self._triggers.remove(order)
        self._funds.release(order)
        order.quantity, order.price = new.quantity or ZERO, new.price or ZERO
        order.stop_price, order.iceberg_quantity = new.stop_price or order.stop_price, new.iceberg_quantity or ZERO
        order.updated_ns = self.venue.clock()
        self._funds.lock(order)
        if rested:
            self._changed(order.side, old_price)
        self._tell(ReportKind.AMENDED, order)
        if order.type.has_trigger and not order.triggered:
            self._triggers.add(order)
        else:
            self._match(order)
            self.run_due()

    def agents_at(self, side: Side, price: Decimal) -> list[Resting]:
        """Return the agents' orders of one price, earliest first."""
        return [r for r in self.book.side(side).queue(price) if r.order.account == MARKET_ACCOUNT]

    def take_off(self, order: VenueOrder, quantity: Decimal) -> None:
        """Make a resting order smaller, or end it when nothing remains; what remains keeps its place."""
        if quantity == order.remaining:
            self.end(order, VenueStatus.CANCELED, ReportKind.CANCELED)
            return
        order.quantity -= quantity
        self._funds.release_part(order, quantity)
        side = self.book.side(order.side)
        if (resting := side.resting(order)) is not None:
            side.take(resting, quantity)
            self._changed(order.side, order.price)

    def _finish(self, order: VenueOrder, status: VenueStatus) -> None:
        self._funds.release(order)
        order.status = status
        order.updated_ns = self.venue.clock()
        self.venue.finished(order)

    def _match(self, order: VenueOrder) -> None:
        limit = None if order.type in _MARKET_FORMS else order.price
        against = self.book.side(order.side.opposite)
        if order.type is OrderType.LIMIT_MAKER and self._meets(order.side, limit) is not None:
            self.end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)
            return
        if order.time_in_force is TimeInForce.FOK and limit is not None:
            wanted = order.remaining
            if fillable(against, limit, wanted, order.account, order.stp) < wanted:
                self.end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)
                return
        while order.status.open and (resting := self._meets(order.side, limit)) is not None:
            if order.stp is not Stp.NONE and order.account == resting.order.account:
                self._prevent(order, resting)
            else:
                self.trade(order, resting, min(order.remaining, resting.visible))
        if order.status.open:
            self._leave(order, limit)

    def _leave(self, order: VenueOrder, limit: Decimal | None) -> None:
        """Rest an order that finds nothing more to match, or let it expire."""
        if limit is None or order.time_in_force is not TimeInForce.GTC:
            self.end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)
        else:
            self._home(order).add(order)
            self._changed(order.side, order.price)

    def _home(self, order: VenueOrder) -> BookSide:
        """Return where an order rests."""
        return self.book.side(order.side)

    def _meets(self, side: Side, limit: Decimal | None) -> Resting | None:
        """Return the resting order that an incoming one of `side` is matched with first."""
        return self.book.side(side.opposite).first_within(limit)

    # trades

    def next_trade_id(self) -> int:
        """Return the id of the next trade of this symbol."""
        return next(self._trade_ids)

    def trade(self, taker: VenueOrder, resting: Resting, quantity: Decimal) -> None:
        """Let an order trade with a resting one, at its price."""
        maker = resting.order
        price, now, trade_id = maker.price, self.venue.clock(), self.next_trade_id()
        buyer, seller = (taker, maker) if taker.side is Side.BUY else (maker, taker)
        self._funds.exchange(buyer, seller, price, quantity)
        trade = PublicTrade(
            symbol=self.contract.symbol,
            trade_id=trade_id,
            price=price,
            quantity=quantity,
            taker_side=taker.side,
            buyer_order_id=buyer.order_id,
            seller_order_id=seller.order_id,
            time_ns=now,
        )
        fills = [(order, self._fill(order, trade, is_maker=order is maker)) for order in (maker, taker)]
        self._home(maker).take(resting, quantity)
        for order in (maker, taker):
            if order.status is VenueStatus.FILLED and order.order_id != PRINTED:
                self._finish(order, VenueStatus.FILLED)
        self._changed(maker.side, price)
        self.publish(trade)
        for order, execution in fills:
            if execution is not None:
                self._tell(ReportKind.TRADE, order, execution)

    def _fill(self, order: VenueOrder, trade: PublicTrade, *, is_maker: bool) -> Execution | None:
        quote = trade.price * trade.quantity
        order.filled += trade.quantity
        order.filled_quote += quote
        order.updated_ns = trade.time_ns
        order.status = VenueStatus.PARTIALLY_FILLED if order.remaining else VenueStatus.FILLED
        if order.account == MARKET_ACCOUNT:
            return None
        fee, asset = self._funds.charge(order, trade.price, trade.quantity, is_maker=is_maker)
        execution = Execution(
            trade_id=trade.trade_id,
            order_id=order.order_id,
            account=order.account,
            symbol=order.symbol,
            side=order.side,
            price=trade.price,
            quantity=trade.quantity,
            quote_quantity=quote,
            fee=fee,
            fee_asset=asset,
            is_maker=is_maker,
            time_ns=trade.time_ns,
        )
        order.executions.append(execution)
        self.venue.executed(execution)
        return execution

    # self-trade prevention

    def _prevent(self, taker: VenueOrder, resting: Resting) -> None:
        """Do to both orders what the taker's mode says.

        An order that ends loses its whole remainder; only DECREMENT takes the same quantity off both. While an order is
        open, quantity - filled - prevented is what can still trade.
        """
        maker, match_id = resting.order, next(self._prevented_ids)
        if taker.stp in _DECREMENTING:
            quantity = min(taker.remaining, resting.visible)
            self._withhold(maker, quantity, match_id, taker)
            self._withhold(taker, quantity, match_id, maker)
            return
        if taker.stp is not Stp.EXPIRE_TAKER:
            self._withhold(maker, maker.remaining, match_id, taker)
        if taker.stp is not Stp.EXPIRE_MAKER:
            self._withhold(taker, taker.remaining, match_id, maker)

    def _withhold(self, order: VenueOrder, quantity: Decimal, match_id: int, other: VenueOrder) -> None:
        self._funds.release_part(order, quantity)
        order.prevented_match_id, order.prevented_with = match_id, other.order_id
        order.prevented_quantity += quantity
        order.updated_ns = self.venue.clock()
        side = self._home(order)
        resting = side.resting(order)
        if resting is not None:
            side.take(resting, quantity)
        if order.remaining == 0:
            self._finish(order, VenueStatus.EXPIRED_IN_MATCH)
        if resting is not None:
            self._changed(order.side, order.price)
        self._tell(ReportKind.TRADE_PREVENTION, order, prevented=quantity)

    # triggers

    def run_due(self) -> None:
        """Run the orders that trades have triggered, also those that these trigger in turn, in that order."""
        while self._due:
            self._trigger(self._due.popleft())

    def _trigger(self, order: VenueOrder) -> None:
        order.triggered = True
        order.working_ns = order.updated_ns = self.venue.clock()
        self._tell(ReportKind.TRIGGERED, order)
        if order.type in _MARKET_FORMS and order.side is Side.BUY:
            # Its lock was made at the stop price; what it costs now must be there in full.
            self._funds.release(order)
            if not self._funds.can_pay(order, self._cost(order.quantity, order.account, order.stp)):
                self.end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)
                return
        self._match(order)

    # prints of a replayed market

    @exactly
    def print_trade(self, price: Decimal, quantity: Decimal, taker_side: Side) -> None:
        """Publish a trade that happened elsewhere; it fills the clients' resting orders that it would have reached."""
        print_trade(self, price, quantity, taker_side)

    # telling

    def publish(self, trade: PublicTrade) -> None:
        """Tell everybody of a trade, and let the stops follow it that follow prices; those that it triggers are due."""
        self.last_price = trade.price
        for order in self._triggers.follow(trade.price, self.contract.price_tick):
            order.updated_ns = trade.time_ns
            self._funds.release(order)
            self._funds.lock(order)
            self._tell(ReportKind.RESTATED, order)
        self._due.extend(self._triggers.reached(trade.price))
        self.venue.emit(trade)

    def _changed(self, side: Side, price: Decimal) -> None:
        self.book.update_id += 1
        self.venue.emit(
            BookChange(
                symbol=self.contract.symbol,
                update_id=self.book.update_id,
                side=side,
                price=price,
                quantity=self.book.side(side).quantity_at(price),
                time_ns=self.venue.clock(),
            )
        )

    def _tell(
        self,
        kind: ReportKind,
        order: VenueOrder,
        execution: Execution | None = None,
        *,
        cancel_id: str = "",
        prevented: Decimal = ZERO,
    ) -> None:
        if order.account != MARKET_ACCOUNT:
            self.venue.report_order(kind, order, execution, cancel_id, prevented)
            self.venue.report_balances(order.account, (self.contract.base, self.contract.quote))


def _only_less(order: VenueOrder, new: NewOrder) -> bool:
    return (
        new.price == order.price
        and (new.quantity or ZERO) <= order.quantity
        and (new.iceberg_quantity or ZERO) == order.iceberg_quantity
    )
