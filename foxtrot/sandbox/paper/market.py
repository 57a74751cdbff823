"""A market that shows the real book and lets orders trade with it, without the real market ever knowing."""

from __future__ import annotations

import itertools
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.exact import exactly
from foxtrot.sandbox.market import Market
from foxtrot.sandbox.matching import Book, BookSide, Resting
from foxtrot.sandbox.prints import PRINTED, as_taker, publish_print
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder, Reason, Refused, VenueOrder, VenueStatus

if TYPE_CHECKING:
    from foxtrot.sandbox.venue import Venue


_CLOCKS_NS = 1_500_000_000  # some venues tell their time in whole seconds, so ours may be off by that


class PaperMarket(Market):
    """Match by the venue's own rules against a book that is somebody else's.

    `book` holds the real levels only; the orders here rest apart and are in no published book. Three rules make fills
    rather too rare than too frequent. A resting order fills when the real market trades at a worse price for it than
    its own (it was gone through), or at its own price beyond the quantity that stood there when it came, and never by
    more than was traded. A new order that crosses takes the quantities that the real book shows; the real book is then
    what it was before. While there is `trouble` no order is taken and no stop is run.
    """

    def __init__(self, contract: Contract, price: Decimal, venue: Venue, first_trade_id: int) -> None:
        super().__init__(contract, price, venue)
        self._trade_ids = itertools.count(first_trade_id)
        self._own = Book()
        self._ahead: dict[int, Decimal] = {}  # what must still trade at an order's price before its turn
        self._taken: dict[tuple[Side, Decimal], Decimal] = {}
        self.trouble = "its live book has not come yet"

    # the real market

    @exactly
    def set_level(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Give a level of the real book its quantity; 0 deletes it."""
        levels = self.book.side(side)
        if not quantity and not levels.quantity_at(price):
            return
        for resting in levels.queue(price):
            levels.remove(resting.order)
        if quantity:
            levels.add(self._real(side, price, quantity))
        self._changed(side, price)

    @exactly
    def replace_book(self, sides: dict[Side, dict[Decimal, Decimal]]) -> None:
        """Give the whole real book its quantities."""
        for side, levels in sides.items():
            for price in list(self.book.side(side).prices()):
                if price not in levels:
                    self.set_level(side, price, ZERO)
        for side, levels in sides.items():
            for price, quantity in levels.items():
                self.set_level(side, price, quantity)

    @exactly
    def print_trade(self, price: Decimal, quantity: Decimal, taker_side: Side, time_ns: int | None = None) -> None:
        """Take in a real trade: it fills the orders here that it went through or whose turn it is; the rest of it is
        published as it was.

        One of a time (`time_ns`, the venue's) clearly before an order worked does not concern that order: trades that
        were missed come late.
        """
        met = taker_side.opposite
        side = next((side for side in Side if self._gone_through(side, price)), met)
        printed = as_taker(self.contract.symbol, quantity, side.opposite)
        for level in list(self._own.side(side).prices(price)):
            if level != price or side is met:
                for resting in self._own.side(side).queue(level):
                    if time_ns is not None and time_ns < resting.order.working_ns - _CLOCKS_NS:
                        continue
                    self._serve(printed, resting, through=level != price)
        if printed.remaining:
            publish_print(self, price, printed.remaining, taker_side)
        self.run_due()

    def is_fit(self) -> None:
        """Go on after trouble: stops that were reached meanwhile run now."""
        self.trouble = ""
        self.run_due()

    def _gone_through(self, side: Side, price: Decimal) -> bool:
        best = self._own.side(side).best_price()
        return best is not None and (best > price if side is Side.BUY else best < price)

    def _serve(self, printed: VenueOrder, resting: Resting, *, through: bool) -> None:
        order = resting.order
        ahead = ZERO if through else self._ahead.get(order.order_id, ZERO)
        used = min(ahead, printed.remaining)
        self._ahead[order.order_id] = ahead - used
        quantity = min(printed.remaining - used, resting.visible)
        if not quantity:
            return
        slice_done = quantity == resting.visible
        self.trade(printed, resting, quantity)
        if order.status.open and slice_done:  # the next slice of an iceberg queues behind all the others
            self._ahead[order.order_id] = self.book.side(order.side).quantity_at(order.price)

    # orders here

    def check_price(self, new: NewOrder) -> None:
        """Refuse what would take or trigger at once, and everything while the real market is not known."""
        if self.trouble:
            raise Refused(Reason.MARKET_CLOSED)
        super().check_price(new)

    def _home(self, order: VenueOrder) -> BookSide:
        book = self.book if order.account == MARKET_ACCOUNT else self._own
        return book.side(order.side)

    def _meets(self, side: Side, limit: Decimal | None) -> Resting | None:
        """Return what is better for the order; at one price the real ones were there before."""
        real = self.book.side(side.opposite).first_within(limit)
        own = self._own.side(side.opposite).first_within(limit)
        if real is None or own is None:
            return real or own
        better = own.order.price < real.order.price if side is Side.BUY else own.order.price > real.order.price
        return own if better else real

    def _leave(self, order: VenueOrder, limit: Decimal | None) -> None:
        super()._leave(order, limit)
        if order.status.open:
            self._ahead[order.order_id] = self.book.side(order.side).quantity_at(order.price)

    def _finish(self, order: VenueOrder, status: VenueStatus) -> None:
        self._ahead.pop(order.order_id, None)
        super()._finish(order, status)

    def trade(self, taker: VenueOrder, resting: Resting, quantity: Decimal) -> None:
        """Let an order trade with a resting one, and remember what it took of the real book."""
        maker = resting.order
        if maker.account == MARKET_ACCOUNT:
            level = maker.side, maker.price
            self._taken[level] = self._taken.get(level, ZERO) + quantity
        super().trade(taker, resting, quantity)

    def run_due(self) -> None:
        """Run triggered stops once the real book is known; then put back what was taken of it."""
        if not self.trouble:
            self._due = deque(order for order in self._due if order.status.open)
            super().run_due()
        taken, self._taken = self._taken, {}
        for (side, price), quantity in taken.items():
            self.set_level(side, price, self.book.side(side).quantity_at(price) + quantity)

    def _real(self, side: Side, price: Decimal, quantity: Decimal) -> VenueOrder:
        return VenueOrder(
            order_id=PRINTED,
            account=MARKET_ACCOUNT,
            client_order_id="",
            symbol=self.contract.symbol,
            side=side,
            type=OrderType.LIMIT,
            quantity=quantity,
            price=price,
        )
