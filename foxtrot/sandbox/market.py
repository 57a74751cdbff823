"""One symbol's market: runs orders against the book, settles, triggers stops, and tells the venue."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO, floor_to
from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.ledger import FEE_ACCOUNT
from foxtrot.sandbox.matching import Book, Resting
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

if TYPE_CHECKING:
    from foxtrot.sandbox.venue import Venue

_MARKET_FORMS = frozenset({OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT})
_RISING = frozenset({(OrderType.STOP_LOSS, Side.BUY), (OrderType.TAKE_PROFIT, Side.SELL)})
_KINDS = {
    OrderType.STOP_LOSS_LIMIT: OrderType.STOP_LOSS,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.TAKE_PROFIT,
}


class Market:
    """Match by price, then time. Funds of resting and waiting orders are locked and released to the last digit."""

    def __init__(self, contract: Contract, price: Decimal, venue: Venue) -> None:
        self.contract = contract
        self.book = Book()
        self.last_price = price
        self.trading = True
        self._venue = venue
        self._ledger = venue.ledger
        self._trade_ids = itertools.count(1)
        self._prevented_ids = itertools.count(1)
        self._locked: dict[int, Decimal] = {}
        self._waiting: dict[int, VenueOrder] = {}

    # before an order is taken

    def check(self, new: NewOrder) -> None:
        """Refuse what would take or trigger at once, and what the account cannot pay. Changes nothing."""
        against = self.book.side(new.side.opposite)
        if new.type is OrderType.LIMIT_MAKER and against.reaches(new.price):
            raise Refused(Reason.WOULD_TAKE)
        if new.stop_price is not None and self._would_trigger(new.type, new.side, new.stop_price):
            raise Refused(Reason.WOULD_TRIGGER)
        asset, amount = self._needed(new)
        self._ledger.require(new.account, asset, amount)

    def _needed(self, new: NewOrder) -> tuple[str, Decimal]:
        if new.side is Side.SELL:
            return self.contract.base, new.quantity or ZERO
        if new.quote_quantity is not None:
            return self.contract.quote, new.quote_quantity
        quantity = new.quantity or ZERO
        price = new.price if new.price is not None else new.stop_price
        return self.contract.quote, self._cost(quantity) if price is None else price * quantity

    def _cost(self, quantity: Decimal) -> Decimal:
        """Return what buying that much at the market costs now."""
        cost, left = ZERO, quantity
        for price in self.book.asks.prices():
            taken = min(left, sum((r.order.remaining for r in self.book.asks.queue(price)), ZERO))
            cost += taken * price
            left -= taken
            if not left:
                break
        return cost

    # running

    def run(self, order: VenueOrder) -> None:
        """Lock funds, announce the order, and match it, rest it or let it wait for its trigger."""
        self._lock(order)
        if order.type.has_trigger:
            self._waiting[order.order_id] = order
        else:
            order.working_ns = self._venue.clock()
        self._venue.report_order(ReportKind.NEW, order)
        self._venue.report_balances(order.account, (self.contract.base, self.contract.quote))
        if not order.type.has_trigger:
            self._match(order)
            self._run_triggered()

    def end(self, order: VenueOrder, status: VenueStatus, kind: ReportKind, cancel_id: str = "") -> None:
        """Take an order off the book, release its funds, and report it."""
        side = self.book.side(order.side)
        if side.resting(order) is not None:
            side.remove(order)
            self._changed(order.side, order.price)
        self._waiting.pop(order.order_id, None)
        left = self._locked.pop(order.order_id, ZERO)
        self._ledger.unlock(order.account, self._paid_asset(order.side), left)
        order.status = status
        order.updated_ns = self._venue.clock()
        self._venue.finished(order)
        self._venue.report_order(kind, order, cancel_id=cancel_id)
        self._venue.report_balances(order.account, (self.contract.base, self.contract.quote))

    def _lock(self, order: VenueOrder) -> None:
        if order.type is OrderType.MARKET:
            return
        price = order.price or order.stop_price
        amount = order.quantity if order.side is Side.SELL else price * order.quantity
        self._ledger.lock_signed(order.account, self._paid_asset(order.side), amount)
        self._locked[order.order_id] = amount

    def _match(self, order: VenueOrder) -> None:
        limit = None if order.type in _MARKET_FORMS else order.price
        against = self.book.side(order.side.opposite)
        kill = order.time_in_force is TimeInForce.FOK and limit is not None
        if kill and against.fillable(limit, order.quantity, order.account) < order.quantity:
            self.end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)
            return
        while order.status.open and against.reaches(limit):
            resting = against.first()
            if resting is None:
                break
            if self._is_self(order, resting.order):
                self._prevent(order, resting)
                continue
            quantity = self._quantity(order, resting)
            if not quantity:
                break
            self._trade(order, resting, quantity)
        if order.status.open:
            self._settle_rest(order, limit)

    def _quantity(self, order: VenueOrder, resting: Resting) -> Decimal:
        if not order.quote_quantity:
            return min(order.remaining, resting.visible)
        left = order.quote_quantity - order.filled_quote
        return min(resting.visible, floor_to(left / resting.order.price, self.contract.quantity_step))

    def _settle_rest(self, order: VenueOrder, limit: Decimal | None) -> None:
        """Decide what becomes of an order that finds nothing more to match."""
        if order.quote_quantity:
            order.quantity = order.filled
            self.end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)
        elif limit is None or order.time_in_force is not TimeInForce.GTC:
            self.end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)
        else:
            self.book.side(order.side).add(order)
            self._changed(order.side, order.price)

    # trades

    def _trade(self, taker: VenueOrder, resting: Resting, quantity: Decimal) -> None:
        maker = resting.order
        price, now = maker.price, self._venue.clock()
        trade_id = next(self._trade_ids)
        self._pay(taker, maker, price, quantity)
        resting.visible -= quantity
        for order, is_maker in ((maker, True), (taker, False)):
            self._book_fill(order, trade_id, price, quantity, now, is_maker=is_maker)
        if maker.remaining == 0:
            self.book.side(maker.side).remove(maker)
        elif resting.visible == 0:
            self.book.side(maker.side).requeue(resting)
        if taker.quote_quantity and self._is_spent(taker):
            taker.quantity, taker.status = taker.filled, VenueStatus.FILLED
        self.last_price = price
        self._changed(maker.side, price)
        buyer, seller = (taker, maker) if taker.side is Side.BUY else (maker, taker)
        self._venue.emit(
            PublicTrade(
                symbol=self.contract.symbol,
                trade_id=trade_id,
                price=price,
                quantity=quantity,
                taker_side=taker.side,
                buyer_order_id=buyer.order_id,
                seller_order_id=seller.order_id,
                time_ns=now,
            )
        )
        for order in (maker, taker):
            self._report_fill(order)

    def _is_spent(self, order: VenueOrder) -> bool:
        """Tell whether what is left of a quote quantity buys (or asks for) less than one step at the next price."""
        best = self.book.side(order.side.opposite).best_price()
        left = order.quote_quantity - order.filled_quote
        return best is not None and not floor_to(left / best, self.contract.quantity_step)

    def _pay(self, taker: VenueOrder, maker: VenueOrder, price: Decimal, quantity: Decimal) -> None:
        buyer, seller = (taker, maker) if taker.side is Side.BUY else (maker, taker)
        value = price * quantity
        self._take(seller, quantity, quantity)
        self._ledger.move(self.contract.base, quantity, seller.account, buyer.account, from_locked=self._locks(seller))
        self._take(buyer, (buyer.price or buyer.stop_price) * quantity, value)
        self._ledger.move(self.contract.quote, value, buyer.account, seller.account, from_locked=self._locks(buyer))

    def _locks(self, order: VenueOrder) -> bool:
        return order.order_id in self._locked

    def _take(self, order: VenueOrder, locked_part: Decimal, paid: Decimal) -> None:
        """Use up the part of the lock that belongs to this fill; a better price than the limit frees the rest."""
        if self._locks(order):
            self._locked[order.order_id] -= locked_part
            self._ledger.unlock(order.account, self._paid_asset(order.side), locked_part - paid)

    def _book_fill(
        self, order: VenueOrder, trade_id: int, price: Decimal, quantity: Decimal, now: int, *, is_maker: bool
    ) -> None:
        order.filled += quantity
        order.filled_quote += price * quantity
        order.updated_ns = now
        by_quote = bool(order.quote_quantity)
        done = order.remaining == 0 and not by_quote
        order.status = VenueStatus.FILLED if done else VenueStatus.PARTIALLY_FILLED
        if order.account == MARKET_ACCOUNT:
            return
        fee, asset = self._fee(order, price, quantity, is_maker=is_maker)
        self._ledger.move(asset, fee, order.account, FEE_ACCOUNT, from_locked=False)
        execution = Execution(
            trade_id=trade_id,
            order_id=order.order_id,
            account=order.account,
            symbol=order.symbol,
            side=order.side,
            price=price,
            quantity=quantity,
            quote_quantity=price * quantity,
            fee=fee,
            fee_asset=asset,
            is_maker=is_maker,
            time_ns=now,
        )
        order.executions.append(execution)
        self._venue.executed(execution)

    def _fee(self, order: VenueOrder, price: Decimal, quantity: Decimal, *, is_maker: bool) -> tuple[Decimal, str]:
        """Return the fee, taken from what is received; whether the real venue cuts or rounds is not known: it cuts
        here."""
        rate = self._venue.maker_fee if is_maker else self._venue.taker_fee
        if order.side is Side.BUY:
            asset, received, decimals = self.contract.base, quantity, self.contract.base_fee_precision
        else:
            asset, received, decimals = self.contract.quote, price * quantity, self.contract.quote_fee_precision
        return (received * rate).quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN), asset

    def _report_fill(self, order: VenueOrder) -> None:
        if order.status is VenueStatus.FILLED:
            left = self._locked.pop(order.order_id, ZERO)
            self._ledger.unlock(order.account, self._paid_asset(order.side), left)
            self._venue.finished(order)
        if order.account != MARKET_ACCOUNT:
            self._venue.report_order(ReportKind.TRADE, order, order.executions[-1])
            self._venue.report_balances(order.account, (self.contract.base, self.contract.quote))

    # self-trade prevention

    def _is_self(self, taker: VenueOrder, maker: VenueOrder) -> bool:
        return taker.account == maker.account and taker.stp is not Stp.NONE

    def _prevent(self, taker: VenueOrder, resting: Resting) -> None:
        maker = resting.order
        match_id = next(self._prevented_ids)
        if taker.stp in (Stp.DECREMENT, Stp.TRANSFER):
            self._decrement(taker, resting, match_id)
            return
        if taker.stp in (Stp.EXPIRE_MAKER, Stp.EXPIRE_BOTH):
            self._expire_in_match(maker, match_id, min(taker.remaining, maker.remaining))
        if taker.stp in (Stp.EXPIRE_TAKER, Stp.EXPIRE_BOTH):
            self._expire_in_match(taker, match_id, min(taker.remaining, maker.remaining))

    def _decrement(self, taker: VenueOrder, resting: Resting, match_id: int) -> None:
        maker = resting.order
        prevented = min(taker.remaining, maker.remaining)
        for order in (maker, taker):
            order.prevented_match_id = match_id
            if order.remaining == prevented:
                self._expire_in_match(order, match_id, prevented)
            else:
                order.prevented_quantity += prevented
                self._unlock_prevented(order, prevented)
        if maker.status.open:
            resting.visible = min(resting.visible, maker.remaining)
            self._changed(maker.side, maker.price)

    def _unlock_prevented(self, order: VenueOrder, quantity: Decimal) -> None:
        if self._locks(order):
            amount = quantity if order.side is Side.SELL else order.price * quantity
            self._locked[order.order_id] -= amount
            self._ledger.unlock(order.account, self._paid_asset(order.side), amount)

    def _expire_in_match(self, order: VenueOrder, match_id: int, prevented: Decimal) -> None:
        order.prevented_match_id = match_id
        side = self.book.side(order.side)
        resting = side.resting(order) is not None
        if resting:
            side.remove(order)
        order.prevented_quantity += prevented
        if resting:
            self._changed(order.side, order.price)
        self.end(order, VenueStatus.EXPIRED_IN_MATCH, ReportKind.TRADE_PREVENTION)

    # triggers

    def _would_trigger(self, kind: OrderType, side: Side, stop_price: Decimal) -> bool:
        rising = (_KINDS.get(kind, kind), side) in _RISING
        return self.last_price >= stop_price if rising else self.last_price <= stop_price

    def _run_triggered(self) -> None:
        """Run every waiting order that the last price triggers, also those that these trigger in turn."""
        while triggered := next(self._triggered(), None):
            del self._waiting[triggered.order_id]
            self._trigger(triggered)

    def _triggered(self) -> Iterator[VenueOrder]:
        return (o for o in self._waiting.values() if self._would_trigger(o.type, o.side, o.stop_price))

    def _trigger(self, order: VenueOrder) -> None:
        order.triggered = True
        order.working_ns = order.updated_ns = self._venue.clock()
        self._venue.report_order(ReportKind.TRIGGERED, order)
        if order.type in _MARKET_FORMS:
            left = self._locked.pop(order.order_id, ZERO)
            self._ledger.unlock(order.account, self._paid_asset(order.side), left)
            if order.side is Side.BUY and self._cost(order.quantity) > self._ledger.free(
                order.account, self.contract.quote
            ):
                self.end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)
                return
        self._match(order)

    # prints of a replayed market

    def print_trade(self, price: Decimal, quantity: Decimal, taker_side: Side) -> None:
        """Publish a trade that happened elsewhere; it fills clients' resting orders that it traded through.

        An order at the printed price itself is filled only when it is first in its queue: conservative.
        """
        side = self.book.side(taker_side.opposite)
        taker = VenueOrder(
            order_id=0,
            account=MARKET_ACCOUNT,
            client_order_id="",
            symbol=self.contract.symbol,
            side=taker_side,
            type=OrderType.MARKET,
            quantity=quantity,
        )
        while taker.remaining and side.reaches(price) and (resting := side.first()) is not None:
            if resting.order.account == MARKET_ACCOUNT:
                break
            self._trade(taker, resting, min(taker.remaining, resting.visible))
        self.last_price = price
        if taker.remaining:
            self._venue.emit(
                PublicTrade(
                    symbol=self.contract.symbol,
                    trade_id=next(self._trade_ids),
                    price=price,
                    quantity=taker.remaining,
                    taker_side=taker_side,
                    buyer_order_id=0,
                    seller_order_id=0,
                    time_ns=self._venue.clock(),
                )
            )
        self._run_triggered()

    def _changed(self, side: Side, price: Decimal) -> None:
        self.book.update_id += 1
        self._venue.emit(
            BookChange(
                symbol=self.contract.symbol,
                update_id=self.book.update_id,
                side=side,
                price=price,
                quantity=self.book.side(side).quantity_at(price),
                time_ns=self._venue.clock(),
            )
        )

    def _paid_asset(self, side: Side) -> str:
        return self.contract.quote if side is Side.BUY else self.contract.base
