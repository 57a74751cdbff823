"""The sandbox's own contract list, made from the documented kinds of filters; no recorded list is used."""

from __future__ import annotations

from decimal import Decimal

from foxtrot.model.contract import (
    AnyRule,
    Contract,
    CountRule,
    CountScope,
    IcebergPartsRule,
    NotionalRule,
    PercentPriceRule,
    PriceRule,
    QuantityRule,
    TrailingDeltaRule,
)
from foxtrot.sandbox.flow import starting_price
from foxtrot.sandbox.options import split_symbol
from foxtrot_binance.dialect.profile import Profile

_FIVE, _FIFTH = Decimal(5), Decimal("0.2")


def make_contract(symbol: str, profile: Profile) -> Contract:
    """Make up the contract of a pair "BASE/QUOTE"; the grids follow the price's magnitude. Raises ConfigError."""
    base, quote = split_symbol(symbol)
    magnitude = starting_price(base, quote).adjusted()
    tick = min(Decimal("0.01"), Decimal(1).scaleb(max(magnitude - 4, -8)))
    step = min(Decimal(1), Decimal(1).scaleb(max(-magnitude - 1, -8)))
    return Contract(
        exchange=profile.server.name,
        symbol=symbol,
        venue_symbol=base + quote,
        base=base,
        quote=quote,
        venue_status="TRADING",
        quote_precision=profile.usd_precision if quote == "USD" else 8,
        order_types=profile.order_types,
        rules=(*_value_rules(tick, step, magnitude, profile), *_count_rules(profile)),
        stp_modes=profile.stp_modes,
        default_stp_mode="EXPIRE_MAKER",
        quote_quantity_allowed=True,
        iceberg_allowed=True,
        trailing_allowed=False,  # neither trailing stops nor keep-priority amends are built here
        replace_allowed=True,
        amend_allowed=False,
        permissions=("SPOT",),
    )


def _value_rules(tick: Decimal, step: Decimal, magnitude: int, profile: Profile) -> list[AnyRule]:
    largest = Decimal(9_000).scaleb(max(4 - magnitude, 0))
    rules: list[AnyRule] = [
        PriceRule(name="PRICE_FILTER", minimum=tick, maximum=Decimal(1_000_000), tick=tick),
        *(_percent_rule(name) for name in profile.percent_filters),
        QuantityRule(name="LOT_SIZE", minimum=step, maximum=largest, step=step),
        NotionalRule(
            name=profile.server.notional_filter,
            minimum=Decimal(profile.min_notional),
            maximum=Decimal(9_000_000) if profile.server.notional_filter == "NOTIONAL" else Decimal(0),
            minimum_applies_to_market=True,
            average_minutes=5,
        ),
        IcebergPartsRule(name="ICEBERG_PARTS", limit=10),
        QuantityRule(name="MARKET_LOT_SIZE", maximum=largest / 100, market_only=True),
        TrailingDeltaRule(name="TRAILING_DELTA", min_above=10, max_above=2_000, min_below=10, max_below=2_000),
    ]
    return rules


def _percent_rule(name: str) -> PercentPriceRule:
    return PercentPriceRule(name=name, bid_up=_FIVE, bid_down=_FIFTH, ask_up=_FIVE, ask_down=_FIFTH, average_minutes=5)


def _count_rules(profile: Profile) -> list[AnyRule]:
    rules: list[AnyRule] = [CountRule(name="MAX_NUM_ORDERS", scope=CountScope.ORDERS, limit=200)]
    if profile.current:
        rules.append(CountRule(name="MAX_NUM_ORDER_LISTS", scope=CountScope.ORDER_LISTS, limit=20))
    rules.append(CountRule(name="MAX_NUM_ALGO_ORDERS", scope=CountScope.ALGO_ORDERS, limit=5))
    if profile.current:
        rules.append(CountRule(name="MAX_NUM_ORDER_AMENDS", scope=CountScope.ORDER_AMENDS, limit=10))
    return rules
