"""Contracts in the venue's JSON, as exchangeInfo lists them.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#exchange-information and filters.md
"""

from __future__ import annotations

from foxtrot.model.contract import (
    AnyRule,
    Contract,
    CountRule,
    CountScope,
    IcebergPartsRule,
    NotionalRule,
    PercentPriceRule,
    PositionRule,
    PriceRule,
    QuantityRule,
    TrailingDeltaRule,
)
from foxtrot.model.decimals import plain
from foxtrot_binance.dialect.profile import Profile
from foxtrot_binance.dialect.render import Json, number, word


def contract(found: Contract, status: str, profile: Profile) -> Json:
    """Render a symbol of exchangeInfo."""
    rendered: Json = {
        "symbol": found.venue_symbol,
        "status": status,
        "baseAsset": found.base,
        "baseAssetPrecision": found.base_precision,
        "quoteAsset": found.quote,
        "quotePrecision": found.quote_precision,
        "quoteAssetPrecision": found.quote_precision,
        "baseCommissionPrecision": found.base_fee_precision,
        "quoteCommissionPrecision": found.quote_fee_precision,
        "orderTypes": [word(kind) for kind in found.order_types],
        "icebergAllowed": found.iceberg_allowed,
        "ocoAllowed": False,
        "quoteOrderQtyMarketAllowed": found.quote_quantity_allowed,
        "allowTrailingStop": found.trailing_allowed,
        "cancelReplaceAllowed": found.replace_allowed,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [_rule(rule, found) for rule in found.rules],
        "permissions": [] if profile.current else ["SPOT"],
        "defaultSelfTradePreventionMode": found.default_stp_mode,
        "allowedSelfTradePreventionModes": list(found.stp_modes),
    }
    if profile.current:
        rendered |= {
            "otoAllowed": False,
            "opoAllowed": False,
            "amendAllowed": found.amend_allowed,
            "pegInstructionsAllowed": False,
            "permissionSets": [["SPOT"]],
        }
    return rendered


_COUNTS = {
    CountScope.ORDERS: "maxNumOrders",
    CountScope.ALGO_ORDERS: "maxNumAlgoOrders",
    CountScope.ICEBERG_ORDERS: "maxNumIcebergOrders",
    CountScope.ORDER_LISTS: "maxNumOrderLists",
    CountScope.ORDER_AMENDS: "maxNumOrderAmends",
}


def _rule(rule: AnyRule, found: Contract) -> Json:
    head = {"filterType": rule.name}
    if isinstance(rule, PriceRule):
        decimals = found.quote_precision
        return head | {
            "minPrice": number(rule.minimum, decimals),
            "maxPrice": number(rule.maximum, decimals),
            "tickSize": number(rule.tick, decimals),
        }
    if isinstance(rule, QuantityRule):
        return head | {"minQty": number(rule.minimum), "maxQty": number(rule.maximum), "stepSize": number(rule.step)}
    if isinstance(rule, PercentPriceRule):
        return head | _percent(rule)
    if isinstance(rule, NotionalRule):
        return head | _notional(rule)
    if isinstance(rule, IcebergPartsRule):
        return head | {"limit": rule.limit}
    if isinstance(rule, TrailingDeltaRule):
        return head | {
            "minTrailingAboveDelta": rule.min_above,
            "maxTrailingAboveDelta": rule.max_above,
            "minTrailingBelowDelta": rule.min_below,
            "maxTrailingBelowDelta": rule.max_below,
        }
    if isinstance(rule, CountRule):
        return head | {_COUNTS[rule.scope]: rule.limit}
    if isinstance(rule, PositionRule):
        return head | {"maxPosition": number(rule.maximum)}
    raise ValueError(f"The sandbox has no rule {rule.name}.")


def _percent(rule: PercentPriceRule) -> Json:
    if rule.name == "PERCENT_PRICE":
        bounds = {"multiplierUp": plain(rule.bid_up), "multiplierDown": plain(rule.bid_down)}
    else:
        bounds = {
            "bidMultiplierUp": plain(rule.bid_up),
            "bidMultiplierDown": plain(rule.bid_down),
            "askMultiplierUp": plain(rule.ask_up),
            "askMultiplierDown": plain(rule.ask_down),
        }
    return bounds | {"avgPriceMins": rule.average_minutes}


def _notional(rule: NotionalRule) -> Json:
    if rule.name == "MIN_NOTIONAL":
        return {
            "minNotional": number(rule.minimum),
            "applyToMarket": rule.minimum_applies_to_market,
            "avgPriceMins": rule.average_minutes,
        }
    return {
        "minNotional": number(rule.minimum),
        "applyMinToMarket": rule.minimum_applies_to_market,
        "maxNotional": number(rule.maximum),
        "applyMaxToMarket": rule.maximum_applies_to_market,
        "avgPriceMins": rule.average_minutes,
    }
