"""The manifest of the venue; importing this imports no transport."""

from __future__ import annotations

from foxtrot.capabilities import Capability, CapabilitySet, Feature, Support
from foxtrot.spec import AdapterSpec

_SPOT_ADAPTER = "the venue has it, this adapter is for spot"

KRAKEN = AdapterSpec(
    name="kraken",
    ccxt="kraken",
    rank=20,
    title="Kraken spot",
    exchange="foxtrot_kraken.exchange:KrakenExchange",
    options="foxtrot_kraken.config:KrakenOptions",
    dialect="foxtrot_kraken.dialect:KRAKEN_DIALECT",
    capabilities=CapabilitySet(
        {
            Capability.FETCH_MARKETS: Support.FULL,
            Capability.FETCH_BALANCE: Support.FULL,
            Capability.FETCH_FEES: Support.FULL,
            Capability.PLACE_ORDER: Feature(
                Support.PARTIAL,
                "limit, market, post-only, stop-loss, take-profit, trailing stop, iceberg; no conditional close",
            ),
            Capability.VALIDATE_ORDER: Support.FULL,
            Capability.AMEND_ORDER: Feature(
                Support.FULL, "in place: the order keeps its ids, and where it can its place"
            ),
            Capability.CANCEL_ORDER: Support.FULL,
            Capability.CANCEL_ALL_ORDERS: Feature(
                Support.PARTIAL, "the open orders are asked for first, and canceled 50 at once"
            ),
            Capability.FETCH_ORDER_STATUS: Support.FULL,
            Capability.FETCH_OPEN_ORDERS: Support.FULL,
            Capability.FETCH_ORDERS: Support.FULL,
            Capability.FETCH_MY_TRADES: Support.FULL,
            Capability.FETCH_OHLCV: Feature(Support.PARTIAL, "the newest 720 candles of an interval"),
            Capability.FETCH_TICKER: Support.FULL,
            Capability.FETCH_ORDER_BOOK: Feature(Support.PARTIAL, "up to 500 levels a side"),
            Capability.FETCH_TRADES: Support.FULL,
            Capability.SUBSCRIBE_TICKER: Support.FULL,
            Capability.SUBSCRIBE_QUOTES: Support.FULL,
            Capability.SUBSCRIBE_TRADES: Support.FULL,
            Capability.SUBSCRIBE_ORDER_BOOK: Feature(Support.PARTIAL, "up to 1000 levels a side, with checksums"),
            Capability.SUBSCRIBE_OHLCV: Support.FULL,
            Capability.USER_STREAM: Support.FULL,
            Capability.DEAD_MAN_SWITCH: Support.FULL,
            Capability.ORDERS_OVER_WS: Support.FULL,
            Capability.FETCH_POSITIONS: Feature(Support.UNSUPPORTED, "spot has balances, no positions"),
            # https://docs.kraken.com/api lists no test network for spot.
            Capability.TESTNET: Feature(Support.UNSUPPORTED, "the venue has no test network for spot; use sandbox"),
            Capability.FUTURES: Feature(Support.NOT_IMPLEMENTED, _SPOT_ADAPTER),
            Capability.MARGIN: Feature(Support.NOT_IMPLEMENTED, _SPOT_ADAPTER),
        }
    ),
    docs_url="https://docs.kraken.com/api",
    environments=("sandbox", "live"),
    distribution="foxtrot-kraken",
    # https://docs.kraken.com/api/docs/rest-api/add-order: a uuid, 32 hex digits, or free text of up to 18 characters.
    client_id_pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[A-Za-z0-9_-]{1,18}",
)
