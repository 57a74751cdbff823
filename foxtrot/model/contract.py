"""Contracts (instruments): what can be traded, and every rule the venue states for it."""

from __future__ import annotations

import enum
from decimal import Decimal

import msgspec

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType


class ContractKind(enum.Enum):
    """Tell the kind of instrument."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"


class ContractStatus(enum.Enum):
    """Tell whether orders are accepted; OTHER keeps the venue's word in `Contract.venue_status`."""

    TRADING = "trading"
    HALTED = "halted"
    CANCEL_ONLY = "cancel_only"
    CLOSED = "closed"
    OTHER = "other"


class Rule(msgspec.Struct, frozen=True, kw_only=True, tag_field="rule"):
    """Base of the venue's order rules; `name` is the venue's own name of the rule. A bound or step of 0 is not in
    force."""

    name: str


class PriceRule(Rule, frozen=True, kw_only=True, tag="price"):
    """Bound prices and put them on a tick grid; applies to price and stop price."""

    minimum: Decimal = ZERO
    maximum: Decimal = ZERO
    tick: Decimal = ZERO


class QuantityRule(Rule, frozen=True, kw_only=True, tag="quantity"):
    """Bound base quantities and put them on a step grid; `market_only` rules apply to MARKET quantities only."""

    minimum: Decimal = ZERO
    maximum: Decimal = ZERO
    step: Decimal = ZERO
    market_only: bool = False


class NotionalRule(Rule, frozen=True, kw_only=True, tag="notional"):
    """Bound price x quantity; a MARKET order counts at the average price of `average_minutes` where it applies."""

    minimum: Decimal = ZERO
    maximum: Decimal = ZERO
    minimum_applies_to_market: bool = False
    maximum_applies_to_market: bool = False
    average_minutes: int = 0


class PercentPriceRule(Rule, frozen=True, kw_only=True, tag="percent_price"):
    """Bound a limit price relative to the average price (the last price when `average_minutes` is 0)."""

    bid_up: Decimal
    bid_down: Decimal
    ask_up: Decimal
    ask_down: Decimal
    average_minutes: int = 0


class IcebergPartsRule(Rule, frozen=True, kw_only=True, tag="iceberg_parts"):
    """Bound ceil(quantity / iceberg quantity)."""

    limit: int


class TrailingDeltaRule(Rule, frozen=True, kw_only=True, tag="trailing_delta"):
    """Bound trailing deltas, in basis points, above and below the price."""

    min_above: int = 0
    max_above: int = 0
    min_below: int = 0
    max_below: int = 0


class CountScope(enum.Enum):
    """Tell what a `CountRule` counts."""

    ORDERS = "orders"  # open orders, triggers included
    ALGO_ORDERS = "algo_orders"  # open stop-loss and take-profit orders
    ICEBERG_ORDERS = "iceberg_orders"
    ORDER_LISTS = "order_lists"
    ORDER_AMENDS = "order_amends"  # amends of one order


class CountRule(Rule, frozen=True, kw_only=True, tag="count"):
    """Bound how many things of a scope may be open for the symbol at once."""

    scope: CountScope
    limit: int


class PositionRule(Rule, frozen=True, kw_only=True, tag="position"):
    """Bound base balance plus open buy quantity."""

    maximum: Decimal


class OtherRule(Rule, frozen=True, kw_only=True, tag="other"):
    """Keep a rule that foxtrot does not know, as the venue wrote it; never enforced locally, never dropped."""

    raw: str


AnyRule = (
    PriceRule
    | QuantityRule
    | NotionalRule
    | PercentPriceRule
    | IcebergPartsRule
    | TrailingDeltaRule
    | CountRule
    | PositionRule
    | OtherRule
)


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one instrument as the venue states it; nothing in here is a constant of ours.

    `symbol` is unified ("BTC/USDT"), `venue_symbol` the venue's ("BTCUSDT"), `aliases` what else the venue calls it.
    Precisions are numbers of decimals. `quote_quantity_allowed` is about market orders, and `quote_quantity_buys_only`
    says that only buys among them may state a quote quantity.
    """

    exchange: str
    symbol: str
    venue_symbol: str
    base: str
    quote: str
    kind: ContractKind = ContractKind.SPOT
    status: ContractStatus = ContractStatus.TRADING
    venue_status: str = ""
    base_precision: int = 8
    quote_precision: int = 8
    base_fee_precision: int = 8
    quote_fee_precision: int = 8
    order_types: tuple[OrderType, ...] = ()
    venue_order_types: tuple[str, ...] = ()
    rules: tuple[AnyRule, ...] = ()
    stp_modes: tuple[str, ...] = ()
    default_stp_mode: str = ""
    quote_quantity_allowed: bool = False
    quote_quantity_buys_only: bool = False
    iceberg_allowed: bool = False
    trailing_allowed: bool = False
    replace_allowed: bool = False
    amend_allowed: bool = False
    permissions: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def price_tick(self) -> Decimal:
        """Return the price grid's step, 0 when the venue states none."""
        return next((r.tick for r in self.rules if isinstance(r, PriceRule)), ZERO)

    @property
    def quantity_step(self) -> Decimal:
        """Return the quantity grid's step, 0 when the venue states none."""
        return next((r.step for r in self.rules if isinstance(r, QuantityRule) and not r.market_only), ZERO)

    @property
    def min_quantity(self) -> Decimal:
        """Return the smallest base quantity, 0 when the venue states none."""
        return next((r.minimum for r in self.rules if isinstance(r, QuantityRule) and not r.market_only), ZERO)

    @property
    def min_notional(self) -> Decimal:
        """Return the smallest price x quantity, 0 when the venue states none."""
        return max((r.minimum for r in self.rules if isinstance(r, NotionalRule)), default=ZERO)
