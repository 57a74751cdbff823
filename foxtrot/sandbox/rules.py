"""The venue's judgement of a new order by its contract, in the order in which a venue checks.

Written apart from the checks that clients make (`protocol/order_rules.py`), so that each can be tested against the
other.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from foxtrot.model.contract import (
    Contract,
    ContractStatus,
    CountRule,
    CountScope,
    IcebergPartsRule,
    NotionalRule,
    PercentPriceRule,
    PositionRule,
    PriceRule,
    QuantityRule,
)
from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import NewOrder, Reason, Refused, VenueOrder

AveragePrice = Callable[[int], Decimal]


def check_form(new: NewOrder, contract: Contract) -> None:
    """Check precision, signs and what the symbol offers at all. Raises Refused."""
    _check_numbers(new, contract)
    if new.type not in contract.order_types:
        raise Refused(Reason.TYPE_UNSUPPORTED, new.type.value)
    if new.quote_quantity is not None and not contract.quote_quantity_allowed:
        raise Refused(Reason.QUOTE_QUANTITY_UNSUPPORTED)
    if new.iceberg_quantity:
        if not contract.iceberg_allowed:
            raise Refused(Reason.ICEBERG_UNSUPPORTED)
        if new.quantity is not None and new.iceberg_quantity > new.quantity:
            raise Refused(Reason.ICEBERG_TOO_LARGE)
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
            legal = (
                not new.iceberg_quantity
                or new.quantity is None
                or (-(-new.quantity // new.iceberg_quantity) <= rule.limit)
            )
        else:
            legal = True
        if not legal:
            raise Refused(Reason.RULE, rule.name)


def check_account(
    new: NewOrder, contract: Contract, open_orders: list[VenueOrder], holdings: Decimal, trading: bool
) -> None:
    """Check the market's state and the rules on the account's state. Raises Refused."""
    if not trading or contract.status is not ContractStatus.TRADING:
        raise Refused(Reason.MARKET_CLOSED)
    if new.client_order_id and any(o.client_order_id == new.client_order_id for o in open_orders):
        raise Refused(Reason.DUPLICATE_CLIENT_ID)
    here = [o for o in open_orders if o.symbol == new.symbol]
    for rule in contract.rules:
        if isinstance(rule, CountRule) and not _count_legal(new, rule, here):
            raise Refused(Reason.ACCOUNT_RULE, rule.name)
        if isinstance(rule, PositionRule) and new.side is Side.BUY and new.quantity is not None:
            bought = sum((o.remaining for o in here if o.side is Side.BUY), Decimal(0))
            if holdings + bought + new.quantity > rule.maximum:
                raise Refused(Reason.ACCOUNT_RULE, rule.name)


def _check_numbers(new: NewOrder, contract: Contract) -> None:
    fields = {
        "price": (new.price, contract.quote_precision),
        "stopPrice": (new.stop_price, contract.quote_precision),
        "quantity": (new.quantity, contract.base_precision),
        "icebergQty": (new.iceberg_quantity, contract.base_precision),
        "quoteOrderQty": (new.quote_quantity, contract.quote_precision),
    }
    for name, (value, decimals) in fields.items():
        if value is not None and value != round(value, decimals):
            raise Refused(Reason.PRECISION, name)
    for name, (value, _) in fields.items():
        if value is not None and (value < 0 or (value == 0 and name != "icebergQty")):
            raise Refused(Reason.NOT_POSITIVE, name)


def _on_grid(value: Decimal, minimum: Decimal, maximum: Decimal, step: Decimal) -> bool:
    if minimum and value < minimum:
        return False
    if maximum and value > maximum:
        return False
    return not step or value % step == 0


def _price_legal(new: NewOrder, rule: PriceRule) -> bool:
    prices = [p for p in (new.price, new.stop_price) if p is not None]
    return all(_on_grid(p, rule.minimum, rule.maximum, rule.tick) for p in prices)


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
        notional = new.quote_quantity or Decimal(0)
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
