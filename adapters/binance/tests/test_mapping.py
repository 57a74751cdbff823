"""The venue's listing becomes contracts: every rule kept, every symbol unique."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from foxtrot.model.contract import (
    Contract,
    ContractStatus,
    CountRule,
    CountScope,
    IcebergPartsRule,
    NotionalRule,
    OtherRule,
    PercentPriceRule,
    PositionRule,
    PriceRule,
    QuantityRule,
    TrailingDeltaRule,
)
from foxtrot.model.order import OrderType
from foxtrot.protocol.budget import LimitKind, RateLimit
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.mapping import to_contracts, to_limits
from foxtrot_binance.messages.market import ExchangeInfo

SYMBOL: dict[str, Any] = {
    "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "baseAssetPrecision": 8,
    "quotePrecision": 4, "orderTypes": ["LIMIT", "MARKET", "TELEPATHY"], "filters": [], "permissions": ["SPOT"],
}  # fmt: skip


def listed(*symbols: dict[str, Any], **more: Any) -> list[Contract]:
    body = json.dumps({"rateLimits": [], "symbols": list(symbols), **more})
    return to_contracts(msgspec.json.decode(body, type=ExchangeInfo), "binanceus")


def rule_of(raw: dict[str, Any]) -> object:
    (contract,) = listed(SYMBOL | {"filters": [raw]})
    (rule,) = contract.rules
    return rule


COUNTS = {
    "MAX_NUM_ORDERS": ("maxNumOrders", CountScope.ORDERS),
    "MAX_NUM_ALGO_ORDERS": ("maxNumAlgoOrders", CountScope.ALGO_ORDERS),
    "MAX_NUM_ICEBERG_ORDERS": ("maxNumIcebergOrders", CountScope.ICEBERG_ORDERS),
    "MAX_NUM_ORDER_LISTS": ("maxNumOrderLists", CountScope.ORDER_LISTS),
    "MAX_NUM_ORDER_AMENDS": ("maxNumOrderAmends", CountScope.ORDER_AMENDS),
}


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000.00", "tickSize": "0.01"},
            PriceRule(name="PRICE_FILTER", minimum=D("0.01"), maximum=D(1000), tick=D("0.01")),
        ),
        (
            {"filterType": "LOT_SIZE", "minQty": "0.1", "maxQty": "9", "stepSize": "0.1"},
            QuantityRule(name="LOT_SIZE", minimum=D("0.1"), maximum=D(9), step=D("0.1")),
        ),
        (
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "9", "stepSize": "0"},
            QuantityRule(name="MARKET_LOT_SIZE", minimum=D(0), maximum=D(9), step=D(0), market_only=True),
        ),
        (
            {"filterType": "PERCENT_PRICE", "multiplierUp": "5", "multiplierDown": "0.2", "avgPriceMins": 5},
            PercentPriceRule(
                name="PERCENT_PRICE", bid_up=D(5), bid_down=D("0.2"), ask_up=D(5), ask_down=D("0.2"), average_minutes=5
            ),
        ),
        (
            {
                "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "1.2", "bidMultiplierDown": "0.2",
                "askMultiplierUp": "5", "askMultiplierDown": "0.8", "avgPriceMins": 1,
            },
            PercentPriceRule(
                name="PERCENT_PRICE_BY_SIDE", bid_up=D("1.2"), bid_down=D("0.2"), ask_up=D(5), ask_down=D("0.8"),
                average_minutes=1,
            ),
        ),
        (
            {"filterType": "MIN_NOTIONAL", "minNotional": "10", "applyToMarket": True, "avgPriceMins": 5},
            NotionalRule(
                name="MIN_NOTIONAL", minimum=D(10), minimum_applies_to_market=True, average_minutes=5
            ),
        ),
        (
            {
                "filterType": "NOTIONAL", "minNotional": "10", "applyMinToMarket": False, "maxNotional": "900",
                "applyMaxToMarket": True, "avgPriceMins": 5,
            },
            NotionalRule(
                name="NOTIONAL", minimum=D(10), maximum=D(900), maximum_applies_to_market=True, average_minutes=5
            ),
        ),
        ({"filterType": "ICEBERG_PARTS", "limit": 10}, IcebergPartsRule(name="ICEBERG_PARTS", limit=10)),
        (
            {
                "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 2000,
                "minTrailingBelowDelta": 20, "maxTrailingBelowDelta": 3000,
            },
            TrailingDeltaRule(name="TRAILING_DELTA", min_above=10, max_above=2000, min_below=20, max_below=3000),
        ),
        ({"filterType": "MAX_POSITION", "maxPosition": "7.5"}, PositionRule(name="MAX_POSITION", maximum=D("7.5"))),
        *(
            ({"filterType": name, field: 5}, CountRule(name=name, scope=scope, limit=5))
            for name, (field, scope) in COUNTS.items()
        ),
    ],
    ids=lambda value: value.get("filterType", "") if isinstance(value, dict) else "",
)  # fmt: skip
def test_every_documented_filter_becomes_its_rule(raw: dict[str, Any], rule: object) -> None:
    assert rule_of(raw) == rule


@pytest.mark.parametrize(
    "raw",
    [
        {"filterType": "MOON_PHASE", "phase": "full", "weight": 1.10},
        {"filterType": "PRICE_FILTER", "lowest": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "some", "maxQty": "9", "stepSize": "1"},
        {"filterType": "ICEBERG_PARTS", "limit": None},
        {"noType": 1},
    ],
)
def test_a_filter_that_is_unknown_or_has_changed_is_kept_as_the_venue_wrote_it(raw: dict[str, Any]) -> None:
    rule = rule_of(raw)
    assert isinstance(rule, OtherRule)
    assert (rule.name, rule.raw) == (raw.get("filterType", ""), json.dumps(raw))


def test_rules_over_all_symbols_stand_with_each_of_them() -> None:
    shared = {"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 1000}
    own = {"filterType": "ICEBERG_PARTS", "limit": 10}
    other = SYMBOL | {"symbol": "ETHUSDT", "baseAsset": "ETH"}
    contracts = listed(SYMBOL | {"filters": [own]}, other, exchangeFilters=[shared])
    assert [[rule.name for rule in c.rules] for c in contracts] == [
        ["ICEBERG_PARTS", "EXCHANGE_MAX_NUM_ORDERS"],
        ["EXCHANGE_MAX_NUM_ORDERS"],
    ]


def test_order_types_that_nobody_knows_are_listed_but_not_offered() -> None:
    (contract,) = listed(SYMBOL)
    assert contract.order_types == (OrderType.LIMIT, OrderType.MARKET)
    assert contract.venue_order_types == ("LIMIT", "MARKET", "TELEPATHY")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("TRADING", ContractStatus.TRADING),
        ("BREAK", ContractStatus.HALTED),
        ("HALT", ContractStatus.HALTED),
        ("CANCEL_ONLY", ContractStatus.CANCEL_ONLY),
        ("END_OF_DAY", ContractStatus.CLOSED),
        ("AUCTION_MATCH", ContractStatus.OTHER),
        ("SIESTA", ContractStatus.OTHER),
    ],
)
def test_every_status_word_is_kept(word: str, status: ContractStatus) -> None:
    (contract,) = listed(SYMBOL | {"status": word})
    assert (contract.status, contract.venue_status) == (status, word)


def test_both_generations_of_permissions_are_read() -> None:
    old, new = listed(
        SYMBOL, SYMBOL | {"symbol": "ETHUSDT", "baseAsset": "ETH", "permissions": [], "permissionSets": [["SPOT", "A"]]}
    )
    assert (old.permissions, new.permissions) == (("SPOT",), ("SPOT", "A"))


def test_of_two_symbols_with_the_same_assets_the_one_that_trades_has_the_unified_name() -> None:
    old = SYMBOL | {"symbol": "BTCUSDTOLD", "status": "BREAK"}
    contracts = listed(old, SYMBOL)
    assert [(c.symbol, c.venue_symbol) for c in contracts] == [("BTCUSDTOLD", "BTCUSDTOLD"), ("BTC/USDT", "BTCUSDT")]
    table = SymbolTable("binanceus")
    table.load(contracts)
    assert len(table) == 2


def test_limits_are_read_with_their_intervals_and_unknown_kinds_left_to_the_venue() -> None:
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
        {"rateLimitType": "CONNECTIONS", "interval": "MINUTE", "intervalNum": 5, "limit": 300},
        {"rateLimitType": "ORDERS", "interval": "FORTNIGHT", "intervalNum": 1, "limit": 100},
    ]
    info = msgspec.json.decode(json.dumps({"symbols": [], "rateLimits": limits}), type=ExchangeInfo)
    assert to_limits(info.limits) == [
        RateLimit(LimitKind.WEIGHT, 60, 6000),
        RateLimit(LimitKind.REQUESTS, 300, 300),
        RateLimit(LimitKind.ORDERS, 10, 100),
    ]
