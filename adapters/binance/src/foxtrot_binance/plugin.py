"""The manifests of the family's venues; importing this imports no transport."""

from __future__ import annotations

from foxtrot.capabilities import Capability, CapabilitySet, Feature, Support
from foxtrot.spec import AdapterSpec

# https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#new-order--trade
_CLIENT_ID = r"[\.A-Z\:/a-z0-9_-]{1,36}"
_COMMON: dict[Capability, Feature | Support] = {
    Capability.FETCH_MARKETS: Support.FULL,
    Capability.FETCH_BALANCE: Support.FULL,
    Capability.FETCH_FEES: Support.FULL,
    Capability.PLACE_ORDER: Feature(
        Support.PARTIAL, "limit, market, limit maker, stop-loss and take-profit; no order lists, no trailing stops"
    ),
    Capability.VALIDATE_ORDER: Support.FULL,
    Capability.AMEND_ORDER: Feature(
        Support.EMULATED, "cancelReplace: the order gets new ids and loses its queue place"
    ),
    Capability.CANCEL_ORDER: Support.FULL,
    Capability.CANCEL_ALL_ORDERS: Feature(Support.PARTIAL, "per symbol"),
    Capability.FETCH_ORDER_STATUS: Support.FULL,
    Capability.FETCH_OPEN_ORDERS: Support.FULL,
    Capability.FETCH_ORDERS: Support.FULL,
    Capability.FETCH_MY_TRADES: Support.FULL,
    Capability.FETCH_OHLCV: Support.FULL,
    Capability.FETCH_TICKER: Support.FULL,
    Capability.FETCH_ORDER_BOOK: Feature(Support.PARTIAL, "up to 5000 levels a side"),
    Capability.FETCH_TRADES: Support.FULL,
    Capability.SUBSCRIBE_TICKER: Support.FULL,
    Capability.SUBSCRIBE_QUOTES: Support.FULL,
    Capability.SUBSCRIBE_TRADES: Support.FULL,
    Capability.SUBSCRIBE_ORDER_BOOK: Support.FULL,
    Capability.SUBSCRIBE_OHLCV: Support.FULL,
    Capability.USER_STREAM: Support.FULL,
    Capability.DEAD_MAN_SWITCH: Feature(Support.EMULATED, "watched by this process, and gone with it"),
    Capability.ORDERS_OVER_WS: Support.FULL,
    Capability.FETCH_POSITIONS: Feature(Support.UNSUPPORTED, "spot has balances, no positions"),
}
_SPOT_ONLY = "the venue trades spot only"

BINANCEUS = AdapterSpec(
    name="binanceus",
    ccxt="binanceus",
    rank=10,
    title="Binance.US",
    exchange="foxtrot_binance.exchange:BinanceUsExchange",
    options="foxtrot_binance.config:BinanceOptions",
    dialect="foxtrot_binance.dialect:BINANCEUS_DIALECT",
    capabilities=CapabilitySet(
        _COMMON
        | {
            # https://docs.binance.us lists neither a test network nor futures or margin endpoints.
            Capability.TESTNET: Feature(Support.UNSUPPORTED, "the venue has no test network; use sandbox"),
            Capability.FUTURES: Feature(Support.UNSUPPORTED, _SPOT_ONLY),
            Capability.MARGIN: Feature(Support.UNSUPPORTED, _SPOT_ONLY),
        }
    ),
    docs_url="https://docs.binance.us",
    environments=("sandbox", "live"),
    distribution="foxtrot-binance",
    client_id_pattern=_CLIENT_ID,
)

BINANCE = AdapterSpec(
    name="binance",
    ccxt="binance",
    title="Binance spot",
    exchange="foxtrot_binance.exchange:BinanceExchange",
    options="foxtrot_binance.config:BinanceOptions",
    dialect="foxtrot_binance.dialect:BINANCE_DIALECT",
    capabilities=CapabilitySet(
        _COMMON
        | {
            Capability.TESTNET: Support.FULL,
            Capability.FUTURES: Feature(Support.NOT_IMPLEMENTED, "the venue has them, this adapter is for spot"),
            Capability.MARGIN: Feature(Support.NOT_IMPLEMENTED, "the venue has it, this adapter is for spot"),
        }
    ),
    docs_url="https://developers.binance.com/docs/binance-spot-api-docs",
    environments=("sandbox", "testnet", "live"),
    distribution="foxtrot-binance",
    client_id_pattern=_CLIENT_ID,
)
