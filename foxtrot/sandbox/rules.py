"""The venue's judgement of a new order by its contract, in the order in which a venue checks.

Written apart from the checks that clients make (`protocol/order_rules.py`), so that each can be tested against the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from foxtrot.model.contract import (
    Contract,
    CountRule,
    CountScope,
    IcebergPartsRule,
    NotionalRule,
    PercentPriceRule,
    PositionRule,
    PriceRule,
    QuantityRule,
)
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.exact import EXACT, MAX_EXPONENT
from foxtrot.sandbox.types import NewOrder, Reason, Refused, VenueOrder

AveragePrice = Callable[[int], Decimal]


def check_form(new: NewOrder, contract: Contract) -> None:
    """Check precision, signs and what the symbol offers at all. Raises Refused; ValueError for what is no order."""
    _check_shape(new)
    _check_numbers(new, contract)
    if new.type not in contract.order_types:
        raise Refused(Reason.TYPE_UNSUPPORTED, new.type.value)
    if new.iceberg_quantity:
        if not contract.iceberg_allowed or not new.type.has_price:
            raise Refused(Reason.ICEBERG_UNSUPPORTED)
        if new.quantity is not None and new.iceberg_quantity > new.quantity:
            raise Refused(Reason.ICEBERG_TOO_LARGE)
    if new.quote_quantity is not None and not contract.quote_quantity_allowed:
        raise Refused(Reason.QUOTE_QUANTITY_UNSUPPORTED)
    if new.stp is not None and new.stp.name not in contract.stp_modes:
        raise Refused(Reason.STP_UNSUPPORTED, new.stp.name)


def check_values(new: NewOrder, contract: Contract, average: AveragePrice) -> None:
    """Check every rule on values. Raises Refused(RULE, name)."""
    for rule in contract.rules:
        if isinstance(rule, PriceRule):
            legal = _price_legal(new, rule)
        elif isinstance(rule, PercentPriceRule):
            legal = _percent_legal(new, rule, average)
        elif isinstance(rule, QuantityRule):
            legal = _quantity_legal(new, rule)
        elif isinstance(rule, NotionalRule):
            legal = _notional_legal(new, rule, average)
        elif isinstance(rule, IcebergPartsRule):
            # ceil(quantity / slice) <= limit, without the division
            slices = rule.limit * (new.iceberg_quantity or ZERO)
            legal = not slices or new.quantity is None or new.quantity <= slices
        else:
            legal = True
        if not legal:
            raise Refused(Reason.RULE, rule.name)


def check_admission(new: NewOrder, open_orders: Iterable[VenueOrder], *, trading: bool) -> None:
    """Check that the symbol trades and that no open order carries the same client id. Raises Refused."""
    if not trading:
        raise Refused(Reason.MARKET_CLOSED)
    if new.client_order_id and any(o.client_order_id == new.client_order_id for o in open_orders):
        raise Refused(Reason.DUPLICATE_CLIENT_ID)


def check_account(
    new: NewOrder, contract: Contract, open_orders: Iterable[VenueOrder], holdings: Decimal, quantity: Decimal
) -> None:
    """Check the rules on the account's state; `quantity` is the order's in base, `holdings` free and locked base.

    Raises Refused(ACCOUNT_RULE, name).
    """
    here = [o for o in open_orders if o.symbol == new.symbol]
    for rule in contract.rules:
        if isinstance(rule, CountRule) and not _count_legal(new, rule, here):
            raise Refused(Reason.ACCOUNT_RULE, rule.name)
        if isinstance(rule, PositionRule) and new.side is Side.BUY:
            bought = sum((o.remaining for o in here if o.side is Side.BUY), ZERO)
            if holdings + bought + quantity > rule.maximum:
                raise Refused(Reason.ACCOUNT_RULE, rule.name)


def _check_shape(new: NewOrder) -> None:
    """Refuse what a dialect must not have let through: it would be run as something else than was asked for."""
    by_quote = new.type is OrderType.MARKET and new.quantity is None
    if (new.quote_quantity is None) is by_quote or (new.quantity is None) is not by_quote:
        raise ValueError(f"{new.type.value} takes exactly one quantity; only a market order may state it in quote.")
    trails = new.type is OrderType.TRAILING_STOP
    if ((new.trailing_offset is None) is (new.trailing_percent is None)) is trails:
        raise ValueError(f"{new.type.value} by {new.trailing_offset} and {new.trailing_percent} percent is no order.")
    if (new.price is None) is new.type.has_price or (new.stop_price is None) is (new.type.has_trigger and not trails):
        raise ValueError(f"{new.type.value} with price {new.price} and stop price {new.stop_price} is no order.")


def _check_numbers(new: NewOrder, contract: Contract) -> None:
    fields = {
        "price": (new.price, contract.quote_precision),
        "stopPrice": (new.stop_price, contract.quote_precision),
        "quantity": (new.quantity, contract.base_precision),
        "icebergQty": (new.iceberg_quantity, contract.base_precision),
        "quoteOrderQty": (new.quote_quantity, contract.quote_precision),
        "trailingOffset": (new.trailing_offset, contract.quote_precision),
        "trailingPercent": (new.trailing_percent, contract.quote_precision),
    }
    for name, (value, decimals) in fields.items():
        if value is not None and not _is_precise(value, decimals):
            raise Refused(Reason.PRECISION, name)
    for name, (value, _) in fields.items():
        if value is not None and (value < 0 or (value == 0 and name != "icebergQty")):
            raise Refused(Reason.NOT_POSITIVE, name)


def _is_precise(value: Decimal, decimals: int) -> bool:
    """Tell whether a number has at most so many decimals and a size that can be reckoned with."""
    if not value.is_finite() or (value and value.adjusted() > MAX_EXPONENT):
        return False
    # Compared exactly, without the digits that a context could round away.
    scaled = EXACT.scaleb(value, decimals)
    return not value or scaled == EXACT.to_integral_value(scaled)


def _on_grid(value: Decimal, minimum: Decimal, maximum: Decimal, step: Decimal) -> bool:
    if minimum and value < minimum:
        return False
    if maximum and value > maximum:
        return False
    return not step or value % step == 0


def _price_legal(new: NewOrder, rule: PriceRule) -> bool:
    prices = [p for p in (new.price, new.stop_price) if p is not None]
    on_grid = new.trailing_offset is None or _on_grid(new.trailing_offset, ZERO, ZERO, rule.tick)
    return on_grid and all(_on_grid(p, rule.minimum, rule.maximum, rule.tick) for p in prices)


def _quantity_legal(new: NewOrder, rule: QuantityRule) -> bool:
    if rule.market_only and new.type is not OrderType.MARKET:
        return True
    quantities = [q for q in (new.quantity, new.iceberg_quantity) if q]
    return all(_on_grid(q, rule.minimum, rule.maximum, rule.step) for q in quantities)


def _percent_legal(new: NewOrder, rule: PercentPriceRule, average: AveragePrice) -> bool:
    if new.price is None:
        return True
    up, down = (rule.bid_up, rule.bid_down) if new.side is Side.BUY else (rule.ask_up, rule.ask_down)
    reference = average(rule.average_minutes)
    return reference * down <= new.price <= reference * up


def _notional_legal(new: NewOrder, rule: NotionalRule, average: AveragePrice) -> bool:
    market = new.price is None
    if new.quantity is None:
        notional = new.quote_quantity or ZERO
    else:
        notional = new.quantity * (average(rule.average_minutes) if new.price is None else new.price)
    if (not market or rule.minimum_applies_to_market) and rule.minimum and notional < rule.minimum:
        return False
    return not ((not market or rule.maximum_applies_to_market) and rule.maximum and notional > rule.maximum)


def _count_legal(new: NewOrder, rule: CountRule, here: list[VenueOrder]) -> bool:
    if rule.scope is CountScope.ORDERS:
        return len(here) < rule.limit
    if rule.scope is CountScope.ALGO_ORDERS and new.type.has_trigger:
        return sum(o.type.has_trigger for o in here) < rule.limit
    if rule.scope is CountScope.ICEBERG_ORDERS and new.iceberg_quantity:
        return sum(bool(o.iceberg_quantity) for o in here) < rule.limit
    return True
