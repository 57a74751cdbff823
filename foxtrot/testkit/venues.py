"""Small embedded venues for tests: one plain contract, a clock that steps by itself."""

from __future__ import annotations

import itertools
from decimal import Decimal

from foxtrot.model.contract import Contract, NotionalRule, PriceRule, QuantityRule
from foxtrot.model.order import OrderType
from foxtrot.sandbox.types import Stp
from foxtrot.sandbox.venue import Venue

START_NS = 1_700_000_000_000_000_000
MS = 1_000_000


def plain_contract(symbol: str = "BTC/USDT", *, tick: str = "0.01", step: str = "0.00001") -> Contract:
    """Return a contract that takes every order type, with a price grid, a quantity grid and a minimum notional."""
    base, quote = symbol.split("/")
    return Contract(
        exchange="test",
        symbol=symbol,
        venue_symbol=base + quote,
        base=base,
        quote=quote,
        order_types=tuple(OrderType),
        rules=(
            PriceRule(name="PRICE_FILTER", minimum=Decimal(tick), tick=Decimal(tick)),
            QuantityRule(name="LOT_SIZE", minimum=Decimal(step), step=Decimal(step)),
            NotionalRule(name="MIN_NOTIONAL", minimum=Decimal(1), minimum_applies_to_market=True),
        ),
        quote_quantity_allowed=True,
        iceberg_allowed=True,
        replace_allowed=True,
        stp_modes=tuple(mode.name for mode in Stp),
        default_stp_mode="EXPIRE_MAKER",
    )


def small_venue(
    contract: Contract | None = None, *, price: str = "100", fee: str = "0.001", history_days: int = 0
) -> Venue:
    """Return a venue of one contract with an empty book; each look at its clock is 1 ms later."""
    chosen = contract or plain_contract()
    ticks = itertools.count(START_NS, MS)
    return Venue(
        [chosen],
        lambda: next(ticks),
        maker_fee=Decimal(fee),
        taker_fee=Decimal(fee),
        prices={chosen.symbol: Decimal(price)},
        history_days=history_days,
    )
