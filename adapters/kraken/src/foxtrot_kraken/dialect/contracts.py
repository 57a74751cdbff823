"""The sandbox's own list of pairs, made from the documented kinds of rules; no recorded list is used."""

from __future__ import annotations

from decimal import Decimal

from foxtrot.model.contract import (
    Contract,
    CountRule,
    CountScope,
    IcebergPartsRule,
    NotionalRule,
    PriceRule,
    QuantityRule,
)
from foxtrot.model.order import OrderType
from foxtrot.sandbox.flow import starting_price
from foxtrot.sandbox.options import split_symbol
from foxtrot_kraken.dialect.names import LOT_DECIMALS, pair_key
from foxtrot_kraken.dialect.profile import DialectOptions

_MOST_SLICES = 15  # displayvol is at least a fifteenth of the volume
_TYPES = (
    OrderType.MARKET,
    OrderType.LIMIT,
    OrderType.LIMIT_MAKER,
    OrderType.STOP_LOSS,
    OrderType.STOP_LOSS_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP,
)


def make_contract(symbol: str, options: DialectOptions) -> Contract:
    """Make up the contract of a pair "BASE/QUOTE"; the grids follow the price's magnitude. Raises ConfigError."""
    base, quote = split_symbol(symbol)
    magnitude = starting_price(base, quote).adjusted()
    decimals = min(max(5 - magnitude, 1), 8)
    tick = Decimal(1).scaleb(-decimals)
    smallest = Decimal(5).scaleb(min(-magnitude - 1, 2))
    return Contract(
        exchange="kraken",
        symbol=symbol,
        venue_symbol=pair_key(base, quote),
        base=base,
        quote=quote,
        venue_status="online",
        base_precision=LOT_DECIMALS,
        # Of costs: prices have fewer decimals, which the dialect checks in the venue's own words.
        quote_precision=max(5, decimals),
        base_fee_precision=LOT_DECIMALS,
        quote_fee_precision=max(5, decimals),
        order_types=_TYPES,
        rules=(
            PriceRule(name="tick_size", minimum=tick, tick=tick),
            QuantityRule(name="ordermin", minimum=smallest, step=Decimal(1).scaleb(-LOT_DECIMALS)),
            NotionalRule(name="costmin", minimum=Decimal("0.5"), minimum_applies_to_market=True, average_minutes=5),
            IcebergPartsRule(name="displayvol", limit=_MOST_SLICES),
            CountRule(name="open_orders", scope=CountScope.ORDERS, limit=options.limits.open_orders),
        ),
        stp_modes=("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"),
        default_stp_mode="EXPIRE_TAKER",
        quote_quantity_allowed=True,
        iceberg_allowed=True,
        trailing_allowed=True,
        replace_allowed=True,
        amend_allowed=True,
    )
