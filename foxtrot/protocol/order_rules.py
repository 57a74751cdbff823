"""Judge an order by its contract's rules before anything is sent.

A denial must be certain: what only the venue can know (funds, other open orders) is left to it, and rules that depend
on the venue's average price are judged with a margin against a recently fetched one.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal

import msgspec

from foxtrot.model.contract import (
    AnyRule,
    Contract,
    IcebergPartsRule,
    NotionalRule,
    PercentPriceRule,
    PriceRule,
    QuantityRule,
)
from foxtrot.model.decimals import ZERO, ceil_to, floor_to, plain
from foxtrot.model.order import Order, OrderType, Side

_AMOUNTS = ("quantity", "quote_quantity", "price", "stop_price", "iceberg_quantity", "trailing_offset")
_amounts = operator.attrgetter(*_AMOUNTS)
_MARGIN = Decimal("0.01")  # the venue's average moves between our look and its own
ABOVE, BELOW = 1 + _MARGIN, 1 - _MARGIN  # of a bound that is relative to the average


class Violation(msgspec.Struct, frozen=True):
    """Name the broken rule, the offending value, the nearest legal value (None where there is none), and say it in
    words."""

    rule: str
    value: Decimal
    nearest: Decimal | None
    text: str


def first_violation(order: Order, contract: Contract, average_price: Decimal | None) -> Violation | None:
    """Return the first broken rule in the venue's order of rules, None when the order keeps them all.

    `average_price` is the venue's average price, None when unknown: rules that need it are then left to the venue.
    """
    found = _positive(order) or _precision(order, contract)
    if found is not None:
        return found
    for rule in contract.rules:
        check = _CHECKS.get(type(rule))
        if check is not None and (found := check(order, rule, average_price)) is not None:
            return found
    return None


def _positive(order: Order) -> Violation | None:
    for name, value in zip(_AMOUNTS, _amounts(order), strict=True):
        if value is not None and value <= 0:
            return Violation("POSITIVE", value, None, f"{name} must be greater than 0, not {plain(value)}.")
    return None


def _precision(order: Order, contract: Contract) -> Violation | None:
    base, quote = contract.base_precision, contract.quote_precision
    for name, value, decimals in (
        ("quantity", order.quantity, base),
        ("iceberg_quantity", order.iceberg_quantity, base),
        ("quote_quantity", order.quote_quantity, quote),
        ("price", order.price, quote),
        ("stop_price", order.stop_price, quote),
    ):
        if value is not None and value != (legal := floor_to(value, _unit(decimals))):
            nearest = _nearest_price(order, value, contract.price_tick) if name.endswith("price") else legal
            return Violation(
                "PRECISION",
                value,
                _positive_or_none(nearest),
                f"{name} {plain(value)} has more than {decimals} decimals.{_offer(_positive_or_none(nearest))}",
            )
    return None


@functools.cache
def _unit(decimals: int) -> Decimal:
    """Return the smallest amount of so many decimals."""
    return Decimal(1).scaleb(-decimals)


def _price(order: Order, rule: PriceRule, _average: Decimal | None) -> Violation | None:
    for name, value in (("price", order.price), ("stop price", order.stop_price)):
        if value is None:
            continue
        what = _off_grid(value, rule.minimum, rule.maximum, rule.tick, "tick")
        if what:
            nearest = _bounded(_nearest_price(order, value, rule.tick), rule.minimum, rule.maximum)
            return _broken(rule, name, value, nearest, what)
    offset = order.trailing_offset
    if offset is not None and (what := _off_grid(offset, ZERO, ZERO, rule.tick, "tick")):
        return _broken(rule, "trailing offset", offset, max(floor_to(offset, rule.tick), rule.tick), what)
    return None


def _quantity(order: Order, rule: QuantityRule, _average: Decimal | None) -> Violation | None:
    if rule.market_only and order.type is not OrderType.MARKET:
        return None
    iceberg = None if rule.market_only else order.iceberg_quantity
    for name, value in (("quantity", order.quantity), ("iceberg quantity", iceberg)):
        if value is None:
            continue
        what = _off_grid(value, rule.minimum, rule.maximum, rule.step, "step")
        if what:
            nearest = _bounded(floor_to(value, rule.step), rule.minimum, floor_to(rule.maximum, rule.step))
            return _broken(rule, name, value, nearest, what)
    return None


def _off_grid(value: Decimal, minimum: Decimal, maximum: Decimal, step: Decimal, word: str) -> str:
    """Return how a value is out of bounds or off its grid, "" when it is neither."""
    if minimum and value < minimum:
        return f"is below the minimum {plain(minimum)}"
    if maximum and value > maximum:
        return f"is above the maximum {plain(maximum)}"
    if floor_to(value, step) != value:  # not `value % step`, which has no answer for a quotient of over 28 digits
        return f"is no multiple of the {word} {plain(step)}"
    return ""


def _notional(order: Order, rule: NotionalRule, average: Decimal | None) -> Violation | None:
    market = order.type is OrderType.MARKET
    price = average if market else order.price
    if order.quantity is None or price is None or (market and not rule.minimum_applies_to_market):
        value = order.quote_quantity if market and rule.minimum_applies_to_market else None
    else:
        value = order.quantity * price
    if value is None:
        return None
    slack = rule.minimum * _MARGIN if market and order.quote_quantity is None else ZERO
    if rule.minimum and value < rule.minimum - slack:
        return _broken(rule, "notional", value, rule.minimum, f"is below the minimum {plain(rule.minimum)}")
    if rule.maximum and not market and value > rule.maximum:
        return _broken(rule, "notional", value, rule.maximum, f"is above the maximum {plain(rule.maximum)}")
    return None


def _percent_price(order: Order, rule: PercentPriceRule, average: Decimal | None) -> Violation | None:
    if order.price is None or average is None:
        return None
    up, down = (rule.bid_up, rule.bid_down) if order.side is Side.BUY else (rule.ask_up, rule.ask_down)
    highest, lowest = average * up, average * down
    if order.price > highest * ABOVE:
        return _broken(
            rule, "price", order.price, highest, f"is above {plain(up)} x the average price {plain(average)}"
        )
    if order.price < lowest * BELOW:
        return _broken(
            rule, "price", order.price, lowest, f"is below {plain(down)} x the average price {plain(average)}"
        )
    return None


def _iceberg_parts(order: Order, rule: IcebergPartsRule, _average: Decimal | None) -> Violation | None:
    if not order.iceberg_quantity or not order.quantity:
        return None
    parts = (order.quantity / order.iceberg_quantity).to_integral_value(ROUND_CEILING)
    if parts > rule.limit:
        nearest = order.quantity / rule.limit
        return _broken(rule, "iceberg quantity", order.iceberg_quantity, nearest, f"makes more than {rule.limit} parts")
    return None


_CHECKS: dict[type[AnyRule], Callable[..., Violation | None]] = {
    PriceRule: _price,
    QuantityRule: _quantity,
    NotionalRule: _notional,
    PercentPriceRule: _percent_price,
    IcebergPartsRule: _iceberg_parts,
}


def _nearest_price(order: Order, value: Decimal, tick: Decimal) -> Decimal:
    # Never toward the other side of the market: a buy pays no more, a sell asks no less.
    return floor_to(value, tick) if order.side is Side.BUY else ceil_to(value, tick)


def _bounded(value: Decimal, minimum: Decimal, maximum: Decimal) -> Decimal:
    low = max(value, minimum)
    return min(low, maximum) if maximum else low


def _positive_or_none(value: Decimal) -> Decimal | None:
    return value if value > 0 else None


def _broken(rule: AnyRule, name: str, value: Decimal, nearest: Decimal | None, what: str) -> Violation:
    return Violation(rule.name, value, nearest, f"{rule.name}: {name} {plain(value)} {what}.{_offer(nearest)}")


def _offer(nearest: Decimal | None) -> str:
    return "" if nearest is None else f" The nearest legal value is {plain(nearest)}."
