"""What the venue lists: pairs and assets, by REST and on the instrument channel.

Source: https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from foxtrot.model.contract import NotionalRule
from foxtrot.model.decimals import plain
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.names import LOT_DECIMALS, Pair, asset_code
from foxtrot_kraken.dialect.numbers import number

ASSET_DECIMALS = 10
_CASH = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY"})
_SECOND_TIER = 500_000_000  # the venue's fees do not fall: its second tier is out of reach


def status(desk: Desk, pair: Pair) -> str:
    """Return whether a pair takes orders."""
    return "online" if desk.venue.trading(pair.symbol) else "cancel_only"


def fee_percent(rate: Decimal) -> float:
    """Return a fee rate as the venue writes it."""
    return float(rate * 100)


def pair_entry(desk: Desk, pair: Pair) -> dict[str, Any]:
    """Return an entry of AssetPairs."""
    contract = desk.venue.contracts[pair.symbol]
    taker, maker = fee_percent(desk.venue.taker_fee), fee_percent(desk.venue.maker_fee)
    return {
        "altname": pair.altname,
        "wsname": pair.wsname,
        "aclass_base": "currency",
        "base": asset_code(pair.base),
        "aclass_quote": "currency",
        "quote": asset_code(pair.quote),
        "lot": "unit",
        "cost_decimals": pair.cost_decimals,
        "pair_decimals": pair.decimals,
        "lot_decimals": LOT_DECIMALS,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, taker], [_SECOND_TIER, taker]],
        "fees_maker": [[0, maker], [_SECOND_TIER, maker]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": plain(contract.min_quantity),
        "costmin": plain(contract.min_notional),
        "tick_size": plain(contract.price_tick),
        "status": status(desk, pair),
    }


def instrument_pair(desk: Desk, pair: Pair) -> dict[str, Any]:
    """Return a pair of the instrument channel."""
    contract = desk.venue.contracts[pair.symbol]
    tick = number(contract.price_tick, pair.decimals)
    cost_min = next(rule.minimum for rule in contract.rules if isinstance(rule, NotionalRule))
    return {
        "symbol": pair.symbol,
        "base": pair.base,
        "quote": pair.quote,
        "status": status(desk, pair),
        "qty_precision": LOT_DECIMALS,
        "qty_increment": number(contract.quantity_step, LOT_DECIMALS),
        "price_precision": pair.decimals,
        "cost_precision": pair.cost_decimals,
        "marginable": False,
        "has_index": True,
        "cost_min": number(cost_min, 2),
        "tick_size": tick,
        "price_increment": tick,
        "qty_min": number(contract.min_quantity, LOT_DECIMALS),
    }


def instrument_asset(asset: str) -> dict[str, Any]:
    """Return an asset of the instrument channel."""
    cash = asset in _CASH
    return {
        "id": asset,
        "status": "enabled",
        "precision": 4 if cash else ASSET_DECIMALS,
        "precision_display": 2 if cash else 5,
        "borrowable": False,
        "collateral_value": number(Decimal(1), 2),
        "margin_rate": number(Decimal("0.02"), 6),
    }
