"""The venue's words and foxtrot's: order types, sides, states, filters.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#public-api-definitions and filters.md
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from foxtrot import adapting as fx
from foxtrot_binance.messages.market import ExchangeInfo, RateLimitInfo, SymbolInfo

SIDES = {kind.value.upper(): kind for kind in fx.Side}
TYPES = {kind.value.upper(): kind for kind in fx.OrderType}
TIMES = {kind.value.upper(): kind for kind in fx.TimeInForce}
_SELF_TRADE = "EXPIRED_IN_MATCH"
STATES = fx.States(
    {
        fx.OrderStatus.OPEN: ("NEW", "PENDING_NEW"),
        fx.OrderStatus.PARTIALLY_FILLED: ("PARTIALLY_FILLED",),
        fx.OrderStatus.FILLED: ("FILLED",),
        fx.OrderStatus.CANCELED: ("CANCELED",),
        fx.OrderStatus.PENDING_CANCEL: ("PENDING_CANCEL",),
        fx.OrderStatus.REJECTED: ("REJECTED",),
        fx.OrderStatus.EXPIRED: ("EXPIRED", _SELF_TRADE),
    }
)
_CONTRACT_STATUSES = {
    "TRADING": fx.ContractStatus.TRADING,
    "HALT": fx.ContractStatus.HALTED,
    "BREAK": fx.ContractStatus.HALTED,
    "CANCEL_ONLY": fx.ContractStatus.CANCEL_ONLY,
    "END_OF_DAY": fx.ContractStatus.CLOSED,
}
_INTERVALS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
_LIMITS = {
    "REQUEST_WEIGHT": fx.LimitKind.WEIGHT,
    "RAW_REQUESTS": fx.LimitKind.REQUESTS,
    "ORDERS": fx.LimitKind.ORDERS,
}
_HEADERS = {"REQUEST_WEIGHT": "used-weight", "ORDERS": "order-count"}
_COUNTERS = {stem: _LIMITS[kind] for kind, stem in _HEADERS.items()}
_LETTERS = {word[0].lower(): seconds for word, seconds in _INTERVALS.items()}
_USAGE = re.compile(r"x-mbx-(used-weight|order-count)-(\d+)([smhd])")


def to_status(word: str) -> tuple[fx.OrderStatus, str]:
    """Return the state that a status word means, and the reason it implies; an unknown word is in doubt and named."""
    status, reason = STATES.read(word)
    return status, "self-trade prevention" if word == _SELF_TRADE else reason


def to_contracts(info: ExchangeInfo, exchange: str) -> list[fx.Contract]:
    """Return all contracts of an exchangeInfo answer; the unified symbol is BASE/QUOTE (see `distinct`)."""
    shared = tuple(_rule(raw) for raw in info.filters)
    unified = fx.distinct((f"{s.base}/{s.quote}", s.symbol, s.status == "TRADING") for s in info.symbols)
    return [_contract(s, unified[s.symbol], exchange, shared) for s in info.symbols]


def to_limits(limits: list[RateLimitInfo]) -> list[fx.RateLimit]:
    """Return the stated limits; kinds that are not known are left to the venue."""
    return [
        fx.RateLimit(_LIMITS[limit.kind], _INTERVALS[limit.interval] * limit.number, limit.limit)
        for limit in limits
        if limit.kind in _LIMITS and limit.interval in _INTERVALS
    ]


def to_usage(headers: Mapping[str, str]) -> Iterator[fx.Usage]:
    """Yield the counters of the headers, such as x-mbx-used-weight-1m and x-mbx-order-count-10s."""
    for name, value in headers.items():
        if (counted := _counted(name)) is not None and value.isdecimal():
            yield fx.Usage(*counted, int(value))


@functools.lru_cache(maxsize=256)
def _counted(header: str) -> tuple[fx.LimitKind, int] | None:
    """Return what a header counts, and in which interval (s); None for one that counts nothing."""
    found = _USAGE.fullmatch(header)
    if found is None:
        return None
    kind, number, letter = found.groups()
    return _COUNTERS[kind], int(number) * _LETTERS[letter]


@functools.lru_cache(maxsize=256)
def to_header(kind: str, interval: str, number: int) -> str | None:
    """Return the REST header of a counter of the WebSocket API, None for one that has no header."""
    stem = _HEADERS.get(kind)
    return None if stem is None else f"x-mbx-{stem}-{number}{interval[:1].lower()}"


def _contract(symbol: SymbolInfo, unified: str, exchange: str, shared: tuple[fx.AnyRule, ...]) -> fx.Contract:
    sets = [name for names in symbol.permission_sets for name in names]
    return fx.Contract(
        exchange=exchange,
        symbol=unified,
        venue_symbol=symbol.symbol,
        base=symbol.base,
        quote=symbol.quote,
        status=_CONTRACT_STATUSES.get(symbol.status, fx.ContractStatus.OTHER),
        venue_status=symbol.status,
        base_precision=symbol.base_precision,
        quote_precision=symbol.quote_precision,
        base_fee_precision=symbol.base_fee_precision,
        quote_fee_precision=symbol.quote_fee_precision,
        order_types=tuple(TYPES[word] for word in symbol.order_types if word in TYPES),
        venue_order_types=tuple(symbol.order_types),
        rules=(*(_rule(raw) for raw in symbol.filters), *shared),
        stp_modes=tuple(symbol.stp_modes),
        default_stp_mode=symbol.default_stp_mode,
        quote_quantity_allowed=symbol.quote_quantity_allowed,
        iceberg_allowed=symbol.iceberg_allowed,
        trailing_allowed=symbol.trailing_allowed,
        replace_allowed=symbol.replace_allowed,
        amend_allowed=symbol.amend_allowed,
        permissions=tuple(dict.fromkeys([*symbol.permissions, *sets])),
    )


Filter = dict[str, Any]


def _rule(text: msgspec.Raw) -> fx.AnyRule:
    """Read a filter; an unknown one, or one whose shape has changed, is kept as it is and left to the venue."""
    raw: Filter = msgspec.json.decode(text)
    name = str(raw.get("filterType", ""))
    try:
        return _RULES[name](name, raw)
    except (KeyError, ValueError, TypeError, ArithmeticError):
        return fx.OtherRule(name=name, raw=bytes(text).decode())


def _price(name: str, raw: Filter) -> fx.AnyRule:
    return fx.PriceRule(
        name=name, minimum=Decimal(raw["minPrice"]), maximum=Decimal(raw["maxPrice"]), tick=Decimal(raw["tickSize"])
    )


def _quantity(name: str, raw: Filter) -> fx.AnyRule:
    return fx.QuantityRule(
        name=name,
        minimum=Decimal(raw["minQty"]),
        maximum=Decimal(raw["maxQty"]),
        step=Decimal(raw["stepSize"]),
        market_only=name == "MARKET_LOT_SIZE",
    )


def _percent(name: str, raw: Filter) -> fx.AnyRule:
    up, down = Decimal(raw["multiplierUp"]), Decimal(raw["multiplierDown"])
    minutes = int(raw.get("avgPriceMins", 0))
    return fx.PercentPriceRule(name=name, bid_up=up, bid_down=down, ask_up=up, ask_down=down, average_minutes=minutes)


def _percent_by_side(name: str, raw: Filter) -> fx.AnyRule:
    return fx.PercentPriceRule(
        name=name,
        bid_up=Decimal(raw["bidMultiplierUp"]),
        bid_down=Decimal(raw["bidMultiplierDown"]),
        ask_up=Decimal(raw["askMultiplierUp"]),
        ask_down=Decimal(raw["askMultiplierDown"]),
        average_minutes=int(raw.get("avgPriceMins", 0)),
    )


def _min_notional(name: str, raw: Filter) -> fx.AnyRule:
    return fx.NotionalRule(
        name=name,
        minimum=Decimal(raw["minNotional"]),
        minimum_applies_to_market=bool(raw.get("applyToMarket", False)),
        average_minutes=int(raw.get("avgPriceMins", 0)),
    )


def _notional(name: str, raw: Filter) -> fx.AnyRule:
    return fx.NotionalRule(
        name=name,
        minimum=Decimal(raw["minNotional"]),
        maximum=Decimal(raw["maxNotional"]),
        minimum_applies_to_market=bool(raw["applyMinToMarket"]),
        maximum_applies_to_market=bool(raw["applyMaxToMarket"]),
        average_minutes=int(raw.get("avgPriceMins", 0)),
    )


def _trailing(name: str, raw: Filter) -> fx.AnyRule:
    return fx.TrailingDeltaRule(
        name=name,
        min_above=int(raw["minTrailingAboveDelta"]),
        max_above=int(raw["maxTrailingAboveDelta"]),
        min_below=int(raw["minTrailingBelowDelta"]),
        max_below=int(raw["maxTrailingBelowDelta"]),
    )


def _count(scope: fx.CountScope, field: str) -> Callable[[str, Filter], fx.AnyRule]:
    # Older listings name the algo limit's field maxNumOrders, too.
    return lambda name, raw: fx.CountRule(
        name=name, scope=scope, limit=int(raw[field] if field in raw else raw["maxNumOrders"])
    )


_RULES: dict[str, Callable[[str, Filter], fx.AnyRule]] = {
    "PRICE_FILTER": _price,
    "PERCENT_PRICE": _percent,
    "PERCENT_PRICE_BY_SIDE": _percent_by_side,
    "LOT_SIZE": _quantity,
    "MARKET_LOT_SIZE": _quantity,
    "MIN_NOTIONAL": _min_notional,
    "NOTIONAL": _notional,
    "ICEBERG_PARTS": lambda name, raw: fx.IcebergPartsRule(name=name, limit=int(raw["limit"])),
    "TRAILING_DELTA": _trailing,
    "MAX_NUM_ORDERS": _count(fx.CountScope.ORDERS, "maxNumOrders"),
    "MAX_NUM_ALGO_ORDERS": _count(fx.CountScope.ALGO_ORDERS, "maxNumAlgoOrders"),
    "MAX_NUM_ICEBERG_ORDERS": _count(fx.CountScope.ICEBERG_ORDERS, "maxNumIcebergOrders"),
    "MAX_NUM_ORDER_LISTS": _count(fx.CountScope.ORDER_LISTS, "maxNumOrderLists"),
    "MAX_NUM_ORDER_AMENDS": _count(fx.CountScope.ORDER_AMENDS, "maxNumOrderAmends"),
    "MAX_POSITION": lambda name, raw: fx.PositionRule(name=name, maximum=Decimal(raw["maxPosition"])),
}
