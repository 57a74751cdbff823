"""Reads by REST: ranges, pages, costs, and the routes that they take through the transport."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.codec.weights import depth_operation, tickers_operation, weight_of
from foxtrot_binance.exchange import _allowed
from foxtrot_binance.servers import BINANCE, BINANCEUS, Server

UNREADABLE = (msgspec.MsgspecError, ValueError)


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_time_range_is_narrowed_to_whole_milliseconds(rest: BinanceRestCodec, contract: Contract) -> None:
    params = rest.fetch_my_trades(contract, 1_000_001, 2_999_999, "", 10).params
    assert (params["startTime"], params["endTime"]) == ("2", "2")


def test_pages_go_on_from_an_id(rest: BinanceRestCodec, contract: Contract) -> None:
    assert rest.fetch_my_trades(contract, None, None, "7", 10).params["fromId"] == "7"
    assert rest.fetch_orders(contract, None, None, "7", 10).params["orderId"] == "7"
    trades = rest.fetch_trades(contract, 10, "7")
    assert (trades.endpoint, trades.params["fromId"], trades.signed) == ("publicGetHistoricalTrades", "7", True)


@pytest.mark.parametrize(
    "body", [b'[[1499040000000,"1","2","0.5","1"]]', b'{"code":-1121,"msg":"x"}', b'[["x"]]', b"[1]"]
)
def test_candles_that_cannot_be_read_are_no_candles(rest: BinanceRestCodec, contract: Contract, body: bytes) -> None:
    with pytest.raises(UNREADABLE):
        rest.fetch_bars(contract, "1m", None, None, 10).decode(body)


def test_one_ticker_and_several_are_read_alike(rest: BinanceRestCodec, contract: Contract) -> None:
    ticker = {
        "symbol": "BTCUSDT", "lastPrice": "4.0", "openPrice": "99.0", "highPrice": "100.0", "lowPrice": "0.1",
        "volume": "8913.3", "quoteVolume": "15.3", "closeTime": 1, "count": 76, "priceChangePercent": "-95.96",
    }  # fmt: skip
    call = rest.fetch_tickers([contract])
    assert call.decode(text(ticker)) == [msgspec.structs.replace(t, seq=1) for t in call.decode(text([ticker]))]
    assert rest.fetch_tickers([contract, contract]).params == {"symbols": '["BTCUSDT","BTCUSDT"]'}


def test_fees_of_symbols_that_are_not_listed_any_more_are_left_out(rest: BinanceRestCodec) -> None:
    rates = [{"symbol": s, "makerCommission": "0.004", "takerCommission": "0.006"} for s in ("BTCUSDT", "GONEUSD")]
    (fee,) = rest.fetch_fees(None).decode(text(rates))
    assert (fee.symbol, fee.maker, fee.taker) == ("BTC/USDT", D("0.004"), D("0.006"))


def test_usage_is_read_from_the_headers_whatever_their_interval(rest: BinanceRestCodec) -> None:
    headers = {
        "x-mbx-used-weight": "9",
        "x-mbx-used-weight-1m": "37",
        "x-mbx-order-count-10s": "2",
        "x-mbx-order-count-1d": "5",
        "x-mbx-used-weight-2h": "many",
        "date": "now",
    }
    usage = rest.usage(RawResponse(200, headers, b"{}"))
    assert [(u.kind.value, u.interval_s, u.used) for u in usage] == [
        ("weight", 60, 37),
        ("orders", 10, 2),
        ("orders", 86_400, 5),
    ]


# costs and endpoints


def test_weights_are_those_of_the_two_documented_columns() -> None:
    table = {
        "exchangeInfo": (10, 20), "trades": (1, 25), "historicalTrades": (5, 25), "klines": (1, 2), "order": (1, 1),
        "queryOrder": (2, 4), "openOrders": (3, 6), "allOpenOrders": (40, 80), "allOrders": (10, 20),
        "account": (10, 20), "myTrades": (10, 20), "avgPrice": (1, 2), "time": (1, 1),
    }  # fmt: skip
    assert {name: (weight_of(name, us=True), weight_of(name, us=False)) for name in table} == table


@pytest.mark.parametrize(
    ("depth", "us", "com"), [(1, 1, 5), (100, 1, 5), (101, 5, 25), (500, 5, 25), (1_000, 10, 50), (5_000, 50, 250)]
)
def test_a_book_costs_by_its_depth(depth: int, us: int, com: int) -> None:
    operation = depth_operation(depth)
    assert (weight_of(operation, us=True), weight_of(operation, us=False)) == (us, com)


@pytest.mark.parametrize(("count", "us", "com"), [(1, 1, 2), (20, 1, 2), (21, 20, 40), (100, 20, 40), (101, 40, 80)])
def test_tickers_cost_by_their_number(count: int, us: int, com: int) -> None:
    operation = tickers_operation(count)
    assert (weight_of(operation, us=True), weight_of(operation, us=False)) == (us, com)


ROUTES = {
    "publicGetExchangeInfo": "GET public exchangeInfo",
    "publicGetTime": "GET public time",
    "publicGetDepth": "GET public depth",
    "publicGetTrades": "GET public trades",
    "publicGetHistoricalTrades": "GET public historicalTrades",
    "publicGetKlines": "GET public klines",
    "publicGetTicker24hr": "GET public ticker/24hr",
    "publicGetAvgPrice": "GET public avgPrice",
    "publicPostUserDataStream": "POST public userDataStream",
    "publicPutUserDataStream": "PUT public userDataStream",
    "publicDeleteUserDataStream": "DELETE public userDataStream",
    "privateGetAccount": "GET private account",
    "privateGetMyTrades": "GET private myTrades",
    "privateGetOrder": "GET private order",
    "privateGetOpenOrders": "GET private openOrders",
    "privateGetAllOrders": "GET private allOrders",
    "privatePostOrder": "POST private order",
    "privatePostOrderTest": "POST private order/test",
    "privatePostOrderCancelReplace": "POST private order/cancelReplace",
    "privateDeleteOrder": "DELETE private order",
    "privateDeleteOpenOrders": "DELETE private openOrders",
    "sapiGetAssetQueryTradingFee": "GET sapi asset/query/trading-fee",
    "sapiGetAssetTradeFee": "GET sapi asset/tradeFee",
}


@pytest.mark.parametrize("server", [BINANCEUS, BINANCE], ids=lambda s: s.name)
def test_every_endpoint_that_may_be_called_is_the_documented_route_of_the_transport(server: Server) -> None:
    import ccxt.async_support as ccxt

    line = getattr(ccxt, server.ccxt_class).__mro__
    for name in _allowed(server):
        # A descriptor: reading it off the class gives a function, and the library itself may put one in front of it.
        entry = next(vars(cls)[name] for cls in line if hasattr(vars(cls).get(name), "method"))
        assert f"{entry.method} {''.join(entry.api)} {entry.path}" == ROUTES[name]


def test_every_call_of_the_codec_may_be_sent(rest: BinanceRestCodec, order: Order, contract: Contract) -> None:
    calls: list[Call[Any]] = [
        rest.fetch_markets(),
        rest.fetch_server_time(),
        rest.fetch_balances(),
        rest.fetch_fees(contract),
        rest.place_order(order, contract),
        rest.validate_order(order, contract),
        rest.amend_order(order, AmendRequest(symbol="BTC/USDT", price=D(5)), "new", contract, 0.0),
        rest.cancel_order(contract, "1", "", 0.0),
        rest.cancel_all_orders(contract),
        rest.fetch_order(contract, "1", ""),
        rest.fetch_open_orders(None),
        rest.fetch_orders(contract, None, None, "", 1),
        rest.fetch_my_trades(contract, None, None, "", 1),
        rest.fetch_bars(contract, "1m", None, None, 1),
        rest.fetch_order_book(contract, 5),
        rest.fetch_book_snapshot(contract),
        rest.fetch_trades(contract, 1, ""),
        rest.fetch_trades(contract, 1, "5"),
        rest.fetch_tickers([contract]),
        rest.fetch_average_price(contract),
    ]
    assert {call.endpoint for call in calls} <= _allowed(BINANCEUS)
    for call in calls:
        assert all(isinstance(value, str) for value in call.params.values())
        assert call.idempotent == ("Post" not in call.endpoint and "Delete" not in call.endpoint)
        assert ("recvWindow" in call.params) == call.endpoint.startswith(("private", "sapi"))
