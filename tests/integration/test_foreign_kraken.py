"""A client that is not ours completes a whole life against `foxtrot sandbox serve` of the second family."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import ccxt.pro
import pytest
from ccxt.async_support.base.ws import client as ccxt_sockets

SYMBOL = "BTC/USD"
SECRET = "c2VjcmV0IG9mIHRoZSB0ZXN0"


@pytest.fixture(scope="module")
def served(serve: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    arguments = ["--venue", "kraken", "--symbols", "BTC/USD,HBAR/USDT", "--seed", "7", "--rate", "50"]
    # These clients do not pace themselves.
    with serve(*arguments, "--api-key", "K", "--api-secret", SECRET, "--option", "public_per_second=0") as facts:
        yield facts


@pytest.fixture
async def client(served: dict[str, Any], redirected: Callable[[Any, str], Any]) -> AsyncIterator[Any]:
    made = ccxt.pro.kraken(
        {"apiKey": "K", "secret": SECRET, "enableRateLimit": False, "options": {"maxRetriesOnFailure": 0}}
    )
    made.urls["api"] = redirected(made.urls["api"], served["rest"].removeprefix("http://"))
    yield made
    await made.close()


async def test_ccxt_reads_the_market(client: Any) -> None:
    markets = await client.load_markets()
    assert set(markets) == {SYMBOL, "HBAR/USDT"}
    assert (markets[SYMBOL]["id"], markets[SYMBOL]["wsId"]) == ("XXBTZUSD", "XBT/USD")
    assert markets[SYMBOL]["precision"] == {"amount": 1e-08, "price": 0.1}
    assert (markets[SYMBOL]["taker"], markets["HBAR/USDT"]["active"]) == (0.001, True)
    assert (await client.fetch_ticker(SYMBOL))["last"] > 0
    assert len(await client.fetch_ohlcv(SYMBOL, "1h", limit=10)) == 10
    book = await client.fetch_order_book(SYMBOL, 5)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert all(trade["price"] > 0 for trade in await client.fetch_trades(SYMBOL))
    assert (await client.fetch_status())["status"] == "ok"
    assert (await client.fetch_time()) > 1_700_000_000_000
    assert (await client.fetch_currencies())["BTC"]["id"] == "XXBT"


async def test_ccxt_trades_a_whole_life(client: Any) -> None:
    before = (await client.fetch_balance())["USD"]
    assert before["total"] > 0
    resting = await client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000, {"clientOrderId": "ccxt-1"})
    assert (await client.fetch_balance())["USD"]["used"] == pytest.approx(before["used"] + 500.5)
    asked = await client.fetch_order(resting["id"], SYMBOL)
    assert (asked["status"], asked["clientOrderId"], asked["price"]) == ("open", "ccxt-1", 50_000)
    assert [o["id"] for o in await client.fetch_open_orders(SYMBOL)] == [resting["id"]]
    await client.edit_order(resting["id"], SYMBOL, "limit", "buy", 0.005, 50_000)
    assert (await client.fetch_order(resting["id"], SYMBOL))["amount"] == 0.005
    await client.cancel_order(resting["id"], SYMBOL)
    assert (await client.fetch_order(resting["id"], SYMBOL))["status"] == "canceled"
    market = await client.create_order(SYMBOL, "market", "buy", 0.01)
    done = await client.fetch_order(market["id"], SYMBOL)
    assert (done["status"], done["filled"]) == ("closed", 0.01)
    assert float(done["fee"]["cost"]) == pytest.approx(done["cost"] * 0.001, abs=1e-4)
    mine = [t for t in await client.fetch_my_trades(SYMBOL) if t["order"] == market["id"]]
    assert (sum(t["amount"] for t in mine), mine[0]["takerOrMaker"]) == (pytest.approx(0.01), "taker")
    assert market["id"] in {o["id"] for o in await client.fetch_closed_orders(SYMBOL)}
    by_cost = await client.create_order(SYMBOL, "market", "buy", 0.001, None, {"cost": 100})
    assert (await client.fetch_order(by_cost["id"], SYMBOL))["status"] in ("closed", "canceled")
    assert {e["type"] for e in await client.fetch_ledger("BTC")} == {"trade"}


async def test_ccxt_places_stops_and_batches_and_cancels_them_all(client: Any) -> None:
    await client.load_markets()
    stop = await client.create_order(SYMBOL, "market", "sell", 0.01, None, {"stopLossPrice": 41_000})
    limited = await client.create_order(SYMBOL, "limit", "sell", 0.01, 40_000, {"stopLossPrice": 41_000})
    profit = await client.create_order(SYMBOL, "limit", "sell", 0.01, 90_000, {"takeProfitPrice": 89_000})
    trailing = await client.create_order(SYMBOL, "market", "sell", 0.01, None, {"trailingAmount": "5000"})
    percent = await client.create_order(SYMBOL, "market", "sell", 0.01, None, {"trailingPercent": "5"})
    shown = {o["id"]: o for o in await client.fetch_open_orders(SYMBOL)}
    kinds = {number: order["info"]["descr"]["ordertype"] for number, order in shown.items()}
    assert kinds == {
        stop["id"]: "stop-loss",
        limited["id"]: "stop-loss-limit",
        profit["id"]: "take-profit-limit",
        trailing["id"]: "trailing-stop",
        percent["id"]: "trailing-stop",
    }
    post = await client.create_order(SYMBOL, "limit", "buy", 0.01, 40_000, {"postOnly": True})
    assert (await client.fetch_order(post["id"], SYMBOL))["postOnly"]
    order = {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.001}
    pair = await client.create_orders([order | {"price": 40_000}, order | {"price": 40_100}])
    await client.cancel_orders([o["id"] for o in pair])
    assert len(await client.fetch_open_orders(SYMBOL)) == 6
    await client.cancel_all_orders()
    assert await client.fetch_open_orders(SYMBOL) == []
    assert (await client.cancel_all_orders_after(60_000))["result"]["triggerTime"] != "0"
    assert (await client.cancel_all_orders_after(0))["result"]["triggerTime"] == "0"


async def test_ccxt_sees_each_refusal_as_its_own_class(client: Any) -> None:
    await client.load_markets()
    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order(SYMBOL, "limit", "buy", 5, 50_000)
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order("OAAAAA-BBBBB-CCCCCC")
    with pytest.raises(ccxt.InvalidOrder, match="EOrder:Order minimum not met"):
        await client.create_order(SYMBOL, "limit", "buy", 0.00001, 50_000)
    with pytest.raises(ccxt.ExchangeError, match="EGeneral:Invalid arguments:orders"):  # two at least
        await client.create_orders([{"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 1, "price": 1}])
    client.incrementing_nonce = lambda: 1
    with pytest.raises(ccxt.InvalidNonce):
        await client.fetch_balance()
    client.apiKey = "wrong"
    with pytest.raises(ccxt.AuthenticationError):
        await client.fetch_balance()


async def test_ccxt_pro_watches_the_market(client: Any) -> None:
    async with asyncio.timeout(20):
        trades, candles, ticker, best = await asyncio.gather(
            client.watch_trades(SYMBOL),
            client.watch_ohlcv(SYMBOL),
            client.watch_ticker(SYMBOL),
            client.watch_ticker("HBAR/USDT", {"event_trigger": "bbo"}),
        )
    assert trades[0]["price"] > 0
    assert candles[0][4] > 0
    assert ticker["last"] > 0
    assert best["bid"] < best["ask"]


class Digits(float):
    """A number that still has its text: ccxt's check needs the digits that a float in Python loses."""

    def __new__(cls, text: str) -> Digits:
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def split(self, point: str) -> list[str]:
        return self.text.split(point)


@pytest.mark.parametrize("depth", [10, 25])
async def test_ccxt_pros_own_checksum_agrees_with_every_book_message(
    client: Any, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    exact = SimpleNamespace(
        loads=functools.partial(json.loads, parse_float=str), dumps=lambda message: json.dumps(message).encode()
    )
    monkeypatch.setattr(ccxt_sockets, "json_parser", exact)
    await client.load_markets()
    client.number = Digits
    client.options["watchOrderBook"] = {"checksum": True}
    checked, crc32 = [], client.crc32
    monkeypatch.setattr(client, "crc32", lambda *given: checked.append(crc32(*given)) or checked[-1])
    async with asyncio.timeout(30):
        for _ in range(25):
            book = await client.watch_order_book(SYMBOL, depth)
            assert len(book["bids"]) <= depth
            assert book["bids"][0][0] < book["asks"][0][0]
    assert len(checked) >= 25


async def test_ccxt_pro_trades_and_hears_of_it(client: Any) -> None:
    await client.load_markets()
    async with asyncio.timeout(20):
        balance = await client.watch_balance()
        assert balance["USD"]["total"] > 0
        placed = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000.1)
        orders = await client.watch_orders(SYMBOL)
        assert (orders[-1]["id"], orders[-1]["status"], orders[-1]["price"]) == (placed["id"], "open", 50_000.1)
        fills = asyncio.ensure_future(client.watch_my_trades(SYMBOL))
        totals = asyncio.ensure_future(client.watch_balance())
        await asyncio.sleep(0)
        market = await client.create_order_ws(SYMBOL, "market", "buy", 0.01)
        assert (await fills)[-1]["order"] == market["id"]
        assert (await totals)["BTC"]["total"] > balance["BTC"]["total"]
        amended = await client.edit_order_ws(placed["id"], SYMBOL, "limit", "buy", 0.02, 50_000.2)
        assert amended["id"] == placed["id"]
        await client.cancel_order_ws(placed["id"])
        assert (await client.fetch_order(placed["id"], SYMBOL))["status"] == "canceled"
        await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000.1)
        await client.cancel_all_orders_ws()
        assert await client.fetch_open_orders(SYMBOL) == []
        with pytest.raises(ccxt.ExchangeError, match="EOrder:Insufficient funds"):
            await client.create_order_ws(SYMBOL, "limit", "buy", 9, 50_000.1)
