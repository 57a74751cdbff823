"""Clients that are not ours complete a whole life against `foxtrot sandbox serve`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import ccxt.async_support
import ccxt.pro
import pytest
from binance.async_client import AsyncClient
from binance.exceptions import BinanceAPIException
from binance.ws.streams import BinanceSocketManager

SYMBOL = "BTC/USDT"


@pytest.fixture(scope="module", params=["current", "legacy"])
def served(request: pytest.FixtureRequest, serve: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    arguments = ["--venue", "binanceus", "--profile", request.param, "--seed", "7", "--rate", "50"]
    with serve(*arguments, "--symbols", "BTC/USDT,HBAR/USDT", "--api-key", "K", "--api-secret", "S") as facts:
        yield facts


@pytest.fixture
async def ccxt_client(served: dict[str, Any], redirected: Callable[[Any, str], Any]) -> AsyncIterator[Any]:
    client = ccxt.pro.binanceus(
        {"apiKey": "K", "secret": "S", "enableRateLimit": False, "options": {"maxRetriesOnFailure": 0}}
    )
    client.urls["api"] = redirected(client.urls["api"], served["rest"].removeprefix("http://"))
    yield client
    await client.close()


async def test_ccxt_trades_a_whole_life(ccxt_client: Any) -> None:
    x = ccxt_client
    markets = await x.load_markets()
    assert set(markets) == {SYMBOL, "HBAR/USDT"}
    assert markets[SYMBOL]["precision"] == {"amount": 1e-05, "price": 0.01, "base": 1e-08, "quote": 1e-08}
    assert (await x.fetch_ticker(SYMBOL))["last"] > 0
    assert len(await x.fetch_ohlcv(SYMBOL, "1h", limit=10)) == 10
    book = await x.fetch_order_book(SYMBOL, 5)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert isinstance(await x.fetch_trades(SYMBOL), list)
    assert (await x.fetch_balance())["USDT"]["total"] > 0
    resting = await x.create_order(SYMBOL, "limit", "buy", 0.01, 50_000, {"newClientOrderId": "ccxt-1"})
    assert (resting["status"], resting["clientOrderId"]) == ("open", "ccxt-1")
    assert (await x.fetch_order(resting["id"], SYMBOL))["status"] == "open"
    assert [o["id"] for o in await x.fetch_open_orders(SYMBOL)] == [resting["id"]]
    assert (await x.cancel_order(resting["id"], SYMBOL))["status"] == "canceled"
    market = await x.create_order(SYMBOL, "market", "buy", 0.01)
    assert (market["status"], market["filled"]) == ("closed", 0.01)
    stop = await x.create_order(SYMBOL, "STOP_LOSS_LIMIT", "sell", 0.01, 40_000, {"stopPrice": 41_000})
    await x.cancel_order(stop["id"], SYMBOL)
    assert market["id"] in {t["order"] for t in await x.fetch_my_trades(SYMBOL)}


async def test_ccxt_sees_each_refusal_as_its_own_class(ccxt_client: Any) -> None:
    x = ccxt_client
    await x.load_markets()
    with pytest.raises(ccxt.InsufficientFunds):
        await x.create_order(SYMBOL, "limit", "buy", 5, 50_000)
    with pytest.raises(ccxt.OrderNotFound):
        await x.cancel_order("999999", SYMBOL)
    with pytest.raises(ccxt.BaseError, match="PERCENT_PRICE"):
        await x.create_order(SYMBOL, "limit", "buy", 5, 1)
    x.secret = "wrong"
    with pytest.raises(ccxt.BaseError, match="Signature for this request is not valid"):
        await x.fetch_balance()


async def test_ccxt_pro_watches_the_market(ccxt_client: Any) -> None:
    x = ccxt_client
    async with asyncio.timeout(20):
        trades, book, candles, ticker = await asyncio.gather(
            x.watch_trades(SYMBOL), x.watch_order_book(SYMBOL), x.watch_ohlcv(SYMBOL), x.watch_ticker(SYMBOL)
        )
    assert trades[0]["price"] > 0
    assert book["bids"][0][0] < book["asks"][0][0]
    assert candles[0][4] > 0
    assert ticker["last"] > 0


async def test_ccxt_pros_private_stream_goes_to_another_company_and_is_found_out(ccxt_client: Any) -> None:
    """A fault of the library, shown by the sandbox: with the venue's key it calls another host; here it gets 404."""
    with pytest.raises(ccxt.BaseError):
        async with asyncio.timeout(10):
            await ccxt_client.watch_orders(SYMBOL)


@pytest.fixture
async def binance_client(served: dict[str, Any]) -> AsyncIterator[AsyncClient]:
    client = AsyncClient("K", "S")
    client.API_URL = f"{served['rest']}/api"
    client.MARGIN_API_URL = f"{served['rest']}/sapi"
    yield client
    await client.close_connection()


async def test_python_binance_trades_a_whole_life(binance_client: AsyncClient) -> None:
    x = binance_client
    info = await x.get_exchange_info()
    assert {s["symbol"] for s in info["symbols"]} == {"BTCUSDT", "HBARUSDT"}
    assert float((await x.get_symbol_ticker(symbol="BTCUSDT"))["price"]) > 0
    assert len(await x.get_klines(symbol="BTCUSDT", interval="1m", limit=5)) == 5
    assert len((await x.get_order_book(symbol="BTCUSDT", limit=5))["bids"]) == 5
    assert isinstance(await x.get_recent_trades(symbol="BTCUSDT"), list)
    assert {b["asset"] for b in (await x.get_account())["balances"]} >= {"BTC", "USDT"}
    resting = await x.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="50000")
    asked = await x.get_order(symbol="BTCUSDT", orderId=resting["orderId"])
    assert (resting["status"], asked["status"]) == ("NEW", "NEW")
    assert len(await x.get_open_orders(symbol="BTCUSDT")) == 1
    assert (await x.cancel_order(symbol="BTCUSDT", orderId=resting["orderId"]))["status"] == "CANCELED"
    market = await x.order_market_buy(symbol="BTCUSDT", quantity="0.01")
    assert (market["status"], len(market["fills"]) > 0) == ("FILLED", True)
    assert market["orderId"] in {t["orderId"] for t in await x.get_my_trades(symbol="BTCUSDT")}
    with pytest.raises(BinanceAPIException) as refused:
        await x.order_limit_buy(symbol="BTCUSDT", quantity="5", price="50000")
    assert refused.value.code == -2010
    with pytest.raises(BinanceAPIException) as filtered:
        await x.order_limit_buy(symbol="BTCUSDT", quantity="0.000001", price="50000")
    assert (filtered.value.code, filtered.value.message) == (-1013, "Filter failure: LOT_SIZE")


async def test_python_binance_watches_trades_and_its_own_orders(
    binance_client: AsyncClient, served: dict[str, Any]
) -> None:
    manager = BinanceSocketManager(binance_client)
    manager.STREAM_URL = f"{served['stream']}/"
    async with asyncio.timeout(20):
        async with manager.trade_socket("BTCUSDT") as trades:
            assert (await trades.recv())["e"] == "trade"
        key = (await binance_client._request_api("post", "userDataStream", data={}))["listenKey"]
        async with manager._get_socket(key) as user:
            order = await binance_client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="50000")
            report = await user.recv()
            assert (report["e"], report["i"], report["x"]) == ("executionReport", order["orderId"], "NEW")
            await binance_client.cancel_order(symbol="BTCUSDT", orderId=order["orderId"])
