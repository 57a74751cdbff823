"""The money side of one symbol's orders: what they need, what is locked for them, what a trade moves."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.ledger import FEE_ACCOUNT, Ledger
from foxtrot.sandbox.types import FeeIn, VenueOrder

FeeRate = Callable[[bool], Decimal]  # is maker -> rate


class Funds:
    """Lock, pay and release, to the last digit: when an order is done nothing of its lock is left."""

    def __init__(self, contract: Contract, ledger: Ledger, rate: FeeRate) -> None:
        self._base, self._quote = contract.base, contract.quote
        self._base_grain = Decimal(1).scaleb(-contract.base_fee_precision)
        self._quote_grain = Decimal(1).scaleb(-contract.quote_fee_precision)
        self._ledger = ledger
        self._rate = rate
        self._locked: dict[int, Decimal] = {}

    def spent_asset(self, side: Side) -> str:
        """Return what an order of that side pays with."""
        return self._quote if side is Side.BUY else self._base

    def require(self, account: str, side: Side, amount: Decimal) -> None:
        """Raise Refused(INSUFFICIENT_BALANCE) unless the account has that much of what the side pays with."""
        self._ledger.require(account, self.spent_asset(side), amount)

    def with_fee(self, side: Side, fee_in: FeeIn, amount: Decimal) -> Decimal:
        """Return an amount with the fee on it, where that is paid in the same asset."""
        if self._fee_asset(side, fee_in) != self.spent_asset(side):
            return amount
        return amount * (1 + max(self._rate(True), self._rate(False)))

    def can_pay(self, order: VenueOrder, amount: Decimal) -> bool:
        """Tell whether so much is free, with the fee on it."""
        needed = self.with_fee(order.side, order.fee_in, amount)
        return self._ledger.affords(order.account, self.spent_asset(order.side), needed)

    def locked(self, order: VenueOrder) -> Decimal:
        """Return what is locked for an order."""
        return self._locked.get(order.order_id, ZERO)

    def lock(self, order: VenueOrder) -> None:
        """Lock what the rest of the order may cost; a MARKET order runs at once and locks nothing."""
        if order.type is OrderType.MARKET:
            return
        amount = self._worth(order, order.remaining)
        self._ledger.lock(order.account, self.spent_asset(order.side), amount)
        self._locked[order.order_id] = amount

    def release(self, order: VenueOrder) -> None:
        """Free whatever is still locked for an order."""
        left = self._locked.pop(order.order_id, ZERO)
        if left:
            self._ledger.unlock(order.account, self.spent_asset(order.side), left)

    def release_part(self, order: VenueOrder, quantity: Decimal) -> None:
        """Free what is locked for a part of an order that will never trade."""
        if order.order_id in self._locked:
            amount = self._worth(order, quantity)
            self._locked[order.order_id] -= amount
            self._ledger.unlock(order.account, self.spent_asset(order.side), amount)

    def exchange(self, buyer: VenueOrder, seller: VenueOrder, price: Decimal, quantity: Decimal) -> None:
        """Swap base for quote between two orders."""
        self._pay(seller, buyer.account, self._base, quantity, quantity)
        self._pay(buyer, seller.account, self._quote, quantity, price * quantity)

    def charge(self, order: VenueOrder, price: Decimal, quantity: Decimal, *, is_maker: bool) -> tuple[Decimal, str]:
        """Take the fee of a fill and return it with its asset.

        Cut to the asset's fee precision: a recorded fee fits cutting and rounding to the nearest, but not rounding up.
        """
        asset = self._fee_asset(order.side, order.fee_in)
        moved, grain = (quantity, self._base_grain) if asset == self._base else (price * quantity, self._quote_grain)
        fee = (moved * self._rate(is_maker)).quantize(grain, ROUND_DOWN)
        self._ledger.move(asset, fee, order.account, FEE_ACCOUNT, from_locked=False)
        return fee, asset

    def _pay(self, payer: VenueOrder, receiver: str, asset: str, quantity: Decimal, amount: Decimal) -> None:
        """Pay out of the lock where there is one; a better price than the limit frees the rest of that part, as the fee
        that is still to be charged is free then."""
        locks = payer.order_id in self._locked
        if locks:
            worth = self._worth(payer, quantity)
            self._locked[payer.order_id] -= worth
            if worth != amount:
                self._ledger.unlock(payer.account, asset, worth - amount)
        self._ledger.move(asset, amount, payer.account, receiver, from_locked=locks)

    def _worth(self, order: VenueOrder, quantity: Decimal) -> Decimal:
        amount = quantity if order.side is Side.SELL else (order.price or order.stop_price) * quantity
        return self.with_fee(order.side, order.fee_in, amount)

    def _fee_asset(self, side: Side, fee_in: FeeIn) -> str:
        if fee_in is FeeIn.RECEIVED:
            return self._base if side is Side.BUY else self._quote
        return self._base if fee_in is FeeIn.BASE else self._quote
