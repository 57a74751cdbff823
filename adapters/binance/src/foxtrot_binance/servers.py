"""What differs between the venues of the family; everything that exchangeInfo states is read from it instead.

Sources: https://github.com/binance-us/binance-us-api-docs, https://docs.binance.us, https://github.com/binance/binance-
spot-api-docs
"""

from __future__ import annotations

import msgspec

from foxtrot.protocol.codec import Endpoints

# https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#candlestick-chart-intervals
INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one venue's hosts and habits.

    `fees_endpoint` is the transport's name of the fee request. `us_weights` picks the column of the weight table for
    requests (see `weights.py`). `user_streams` are the private stream schemes in order of preference, `intervals` those
    of the candles. Only the sandbox
    reads the rest: `hosts`; `order_history_hours`, the longest range of one allOrders request (0: any);
    `percent_filters`, the price bands that its symbols carry today; whether it has an `average_price_stream`.
    """

    name: str
    ccxt_class: str
    live: Endpoints
    testnet: Endpoints | None
    hosts: frozenset[str]
    notional_filter: str
    fees_endpoint: str
    us_weights: bool
    snapshot_depth: int
    user_streams: tuple[str, ...]
    intervals: tuple[str, ...] = INTERVALS
    order_history_hours: int = 0
    average_price_stream: bool = False
    percent_filters: tuple[str, ...] = ("PERCENT_PRICE", "PERCENT_PRICE_BY_SIDE")

    @property
    def environments(self) -> dict[str, Endpoints]:
        """Return the endpoints by environment."""
        return {"live": self.live} | ({} if self.testnet is None else {"testnet": self.testnet})


BINANCEUS = Server(
    name="binanceus",
    ccxt_class="binanceus",
    live=Endpoints(
        rest="https://api.binance.us",
        stream="wss://stream.binance.us:9443",
        ws_api="wss://ws-api.binance.us:443/ws-api/v3",
    ),
    testnet=None,
    hosts=frozenset({"api.binance.us", "stream.binance.us", "ws-api.binance.us"}),
    notional_filter="MIN_NOTIONAL",
    fees_endpoint="sapiGetAssetQueryTradingFee",
    # The 2026 engine is believed to charge the larger, binance.com column; budgeting for it is safe either way.
    us_weights=False,
    snapshot_depth=1_000,
    user_streams=("signature", "listen_key"),
)

BINANCE = Server(
    name="binance",
    ccxt_class="binance",
    live=Endpoints(
        rest="https://api.binance.com",
        stream="wss://stream.binance.com:9443",
        ws_api="wss://ws-api.binance.com:443/ws-api/v3",
    ),
    testnet=Endpoints(
        rest="https://testnet.binance.vision",
        stream="wss://stream.testnet.binance.vision",
        ws_api="wss://ws-api.testnet.binance.vision/ws-api/v3",
    ),
    hosts=frozenset(
        {
            *(f"{name}.binance.com" for name in ("api", "api-gcp", "api1", "api2", "api3", "api4", "stream", "ws-api")),
            *(f"{name}.binance.vision" for name in ("data-api", "data-stream")),
            *(f"{name}testnet.binance.vision" for name in ("", "stream.", "ws-api.")),
        }
    ),
    notional_filter="NOTIONAL",
    fees_endpoint="sapiGetAssetTradeFee",
    us_weights=False,
    snapshot_depth=5_000,
    user_streams=("signature",),
    # https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#klinecandlestick-data
    intervals=("1s", *INTERVALS),
    order_history_hours=24,
    average_price_stream=True,
    percent_filters=("PERCENT_PRICE_BY_SIDE",),
)
