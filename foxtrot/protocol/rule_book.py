"""One contract's rules put together, so that the usual order is judged by a few comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import msgspec

from foxtrot.model.contract import Contract, NotionalRule, PercentPriceRule, PriceRule, QuantityRule
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Order, OrderType, Side
from foxtrot.protocol.order_rules import ABOVE, BELOW, Violation, first_violation

_NO_MOST = Decimal("Infinity")
_PLAIN = frozenset({OrderType.LIMIT, OrderType.LIMIT_MAKER})


class _Range(msgspec.Struct, frozen=True):
    """The bounds that several rules leave together."""

    least: Decimal
    most: Decimal

    @classmethod
    def of(cls, bounds: Iterable[tuple[Decimal, Decimal]]) -> _Range:
        """Return it for pairs of minimum and maximum."""
        known = [(ZERO, _NO_MOST), *bounds]
        return cls(max(least for least, _ in known), min(most for _, most in known))


class RuleBook:
    """Judge orders by a contract's rules as `first_violation` does, which words every denial.

    A limit order without extras that keeps all of them is let pass without going through each; whatever is not surely
    legal by these few comparisons goes there.
    """

    def __init__(self, contract: Contract) -> None:
        rules = contract.rules
        prices = [rule for rule in rules if isinstance(rule, PriceRule)]
        quantities = [rule for rule in rules if isinstance(rule, QuantityRule) and not rule.market_only]
        notionals = [rule for rule in rules if isinstance(rule, NotionalRule)]
        percents = [rule for rule in rules if isinstance(rule, PercentPriceRule)]
        self.contract = contract
        self._price = _Range.of((rule.minimum, rule.maximum or _NO_MOST) for rule in prices)
        self._quantity = _Range.of((rule.minimum, rule.maximum or _NO_MOST) for rule in quantities)
        self._notional = _Range.of((rule.minimum, rule.maximum or _NO_MOST) for rule in notionals)
        self._ticks = _grids([*(rule.tick for rule in prices), _unit(contract.quote_precision)])
        self._steps = _grids([*(rule.step for rule in quantities), _unit(contract.base_precision)])
        self._percents = {
            Side.BUY: _Range.of((rule.bid_down, rule.bid_up) for rule in percents),
            Side.SELL: _Range.of((rule.ask_down, rule.ask_up) for rule in percents),
        }
        self._by_average = bool(percents)
        self._market_by_average = any(rule.minimum_applies_to_market for rule in notionals)

    def needs_average_price(self, order: Order) -> bool:
        """Tell whether any rule that applies to this order is relative to the average price."""
        if order.type is OrderType.MARKET:
            return self._market_by_average
        return self._by_average and order.price is not None

    def first_violation(self, order: Order, average_price: Decimal | None) -> Violation | None:
        """Return the first broken rule in the venue's order of rules, None when the order keeps them all.

        `average_price` is the venue's average price, None when unknown: rules that need it are then left to the venue.
        """
        if order.type in _PLAIN and self._surely_legal(order, average_price):
            return None
        return first_violation(order, self.contract, average_price)

    def _surely_legal(self, order: Order, average: Decimal | None) -> bool:
        price, quantity = order.price, order.quantity
        if price is None or quantity is None or price <= ZERO or quantity <= ZERO:
            return False
        if not (order.stop_price is order.quote_quantity is order.iceberg_quantity is order.trailing_offset is None):
            return False
        if not (_within(price, self._price) and _within(quantity, self._quantity)):
            return False
        if not (_within(price * quantity, self._notional) and self._near(price, order.side, average)):
            return False
        try:
            return _on_grids(price, self._ticks) and _on_grids(quantity, self._steps)
        except InvalidOperation:  # a quotient of more digits than decimals have here
            return False

    def _near(self, price: Decimal, side: Side, average: Decimal | None) -> bool:
        if average is None or not self._by_average:
            return True
        percent = self._percents[side]
        return average * percent.least * BELOW <= price <= average * percent.most * ABOVE


def _within(amount: Decimal, bounds: _Range) -> bool:
    return bounds.least <= amount <= bounds.most


def _on_grids(amount: Decimal, steps: tuple[Decimal, ...]) -> bool:
    for step in steps:  # noqa: SIM110 - most often one: to make a generator costs more than the rest
        if amount % step:
            return False
    return True


def _unit(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def _grids(steps: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """Return the steps that a value must be a multiple of; those that another implies, and 0, are left out."""
    left: list[Decimal] = []
    for step in sorted({step for step in steps if step}, reverse=True):
        if all(coarser % step for coarser in left):
            left.append(step)
    return tuple(left)
