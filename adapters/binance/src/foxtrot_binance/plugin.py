"""The manifests of the family's venues; importing this imports no transport."""

from __future__ import annotations

from foxtrot.capabilities import CapabilitySet
from foxtrot.spec import AdapterSpec

# https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#new-order--trade
_CLIENT_ID = r"[\.A-Z\:/a-z0-9_-]{1,36}"
_COMMON = CapabilitySet.declare(
    "fetch_markets fetch_balance fetch_fees validate_order cancel_order fetch_order_status fetch_open_orders "
    "fetch_orders fetch_my_trades fetch_ohlcv fetch_ticker fetch_trades subscribe_ticker subscribe_quotes "
    "subscribe_trades subscribe_order_book subscribe_ohlcv user_stream orders_over_ws",
    partial={
        "place_order": "limit, market, limit maker, stop-loss and take-profit; no order lists, no trailing stops",
        "cancel_all_orders": "per symbol",
        "fetch_order_book": "up to 5000 levels a side",
    },
    emulated={
        "amend_order": "cancelReplace: the order gets new ids and loses its queue place",
        "dead_man_switch": "watched by this process, and gone with it",
    },
    unsupported={"fetch_positions": "spot has balances, no positions"},
)
_SPOT_ONLY = "the venue trades spot only"

BINANCEUS = AdapterSpec(
    name="binanceus",
    ccxt="binanceus",
    rank=10,
    title="Binance.US",
    exchange="foxtrot_binance.exchange:BinanceUsExchange",
    options="foxtrot_binance.config:BinanceOptions",
    dialect="foxtrot_binance.dialect:BINANCEUS_DIALECT",
    # https://docs.binance.us lists neither a test network nor futures or margin endpoints.
    capabilities=_COMMON
    | CapabilitySet.declare(
        unsupported={
            "testnet": "the venue has no test network; use sandbox",
            "futures": _SPOT_ONLY,
            "margin": _SPOT_ONLY,
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
    capabilities=_COMMON
    | CapabilitySet.declare(
        "testnet",
        not_implemented={
            "futures": "the venue has them, this adapter is for spot",
            "margin": "the venue has it, this adapter is for spot",
        },
    ),
    docs_url="https://developers.binance.com/docs/binance-spot-api-docs",
    environments=("sandbox", "testnet", "live"),
    distribution="foxtrot-binance",
    client_id_pattern=_CLIENT_ID,
)
