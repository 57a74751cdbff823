"""The manifest of the venue; importing this imports no transport."""

from __future__ import annotations

from foxtrot.capabilities import CapabilitySet
from foxtrot.spec import AdapterSpec

_SPOT_ADAPTER = "the venue has it, this adapter is for spot"
_CAPABILITIES = CapabilitySet.declare(
    "fetch_markets fetch_balance fetch_fees validate_order cancel_order fetch_order_status fetch_open_orders "
    "fetch_orders fetch_trades subscribe_ticker subscribe_quotes subscribe_trades "
    "subscribe_ohlcv user_stream dead_man_switch orders_over_ws",
    partial={
        "place_order": "limit, market, post-only, stop-loss, take-profit, trailing stop, iceberg; no conditional close",
        "cancel_all_orders": "the open orders are asked for first, and canceled 50 at once",
        "fetch_ohlcv": "the newest 720 candles of an interval; none of 1w and 15d: when they begin is not documented",
        "fetch_ticker": "opening and change are those of the day (UTC), all else of the last 24 hours",
        "fetch_order_book": "up to 500 levels a side",
        "subscribe_order_book": "up to 1000 levels a side, with checksums",
    },
    unsupported={
        "fetch_positions": "spot has balances, no positions",
        # https://docs.kraken.com/api lists no test network for spot.
        "testnet": "the venue has no test network for spot; use sandbox",
    },
    not_implemented={"futures": _SPOT_ADAPTER, "margin": _SPOT_ADAPTER},
) | CapabilitySet.declare(
    {
        "amend_order": "in place: the order keeps its ids, and where it can its place",
        "fetch_my_trades": "fees in quote currency, also of other clients' orders with `fcib`",
    }
)

KRAKEN = AdapterSpec(
    name="kraken",
    ccxt="kraken",
    rank=20,
    title="Kraken spot",
    exchange="foxtrot_kraken.exchange:KrakenExchange",
    options="foxtrot_kraken.config:KrakenOptions",
    dialect="foxtrot_kraken.dialect:KRAKEN_DIALECT",
    capabilities=_CAPABILITIES,
    docs_url="https://docs.kraken.com/api",
    environments=("sandbox", "live"),
    distribution="foxtrot-kraken",
    # https://docs.kraken.com/api/docs/rest-api/add-order: a uuid, 32 hex digits, or free text of up to 18 characters.
    client_id_pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[A-Za-z0-9_-]{1,18}",
)
