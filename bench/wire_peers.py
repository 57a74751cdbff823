"""Other clients, used as their documentation shows, pointed at the flood server; each is imported only when run."""

from __future__ import annotations

import asyncio
from typing import Any

from wire_frames import BASES, SUFFIXES, SYMBOLS
from wire_meter import Meter

Kept = Any
_TASKS: set[asyncio.Task[None]] = set()


def _spawn(work: Any) -> None:
    task = asyncio.create_task(work)
    _TASKS.add(task)


def _redirected(value: Any, where: dict[str, Any]) -> Any:
    """Put the flood server in front of every host of ccxt's."""
    if isinstance(value, dict):
        return {key: _redirected(item, where) for key, item in value.items()}
    if isinstance(value, str) and "://" in value:
        scheme, rest = value.split("://", 1)
        return f"{where['stream'] if scheme.startswith('ws') else where['rest']}/{rest}"
    return value


async def open_ccxt_pro(kind: str, where: dict[str, Any], meter: Meter, *, paced: bool) -> Kept:
    """Watch each symbol in a task of its own; merged updates count once, lists of trades as what they hold."""
    import ccxt.pro

    client = ccxt.pro.binanceus({"enableRateLimit": False, "newUpdates": True})
    client.urls["api"] = _redirected(client.urls["api"], where)
    await client.load_markets()

    async def trades(symbol: str) -> None:
        while True:
            found = await client.watch_trades(symbol)
            if paced:
                for one in found:
                    meter.stamped(one["timestamp"])
            else:
                meter.some(len(found))

    async def quotes(symbol: str) -> None:
        while True:
            await client.watch_bids_asks([symbol])
            meter.one()

    async def books(symbol: str) -> None:
        while True:
            await client.watch_order_book(symbol)
            meter.one()

    for symbol in SYMBOLS:
        _spawn({"trade": trades, "quote": quotes, "depth": books}[kind](symbol))
    await asyncio.sleep(2.0)
    return client


async def open_cryptofeed(kind: str, where: dict[str, Any], meter: Meter, *, paced: bool) -> Kept:
    """Run a feed in this loop; its trades are aggregated ones, which cost the same."""
    from cryptofeed import FeedHandler, connection
    from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
    from cryptofeed.defines import L2_BOOK, TICKER, TRADES
    from cryptofeed.exchanges import BinanceUS

    routes = Routes("/api/v3/exchangeInfo", l2book="/api/v3/depth?symbol={}&limit={}")
    BinanceUS.rest_endpoints = [RestEndpoint(where["rest"], routes=routes)]
    BinanceUS.websocket_endpoints = [WebsocketEndpoint(where["stream"].replace("ws://", "wss://"))]
    secure = connection.connect  # it insists on wss addresses; nobody else here pays for TLS
    connection.connect = lambda url, **options: secure(url.replace("wss://", "ws://"), **options)
    channel = {"trade": TRADES, "quote": TICKER, "depth": L2_BOOK}[kind]

    async def take(event: Any, receipt: float) -> None:
        if paced:
            meter.stamped(round(event.timestamp * 1_000))
        else:
            meter.one()

    symbols = [f"{base}-USDT" for base in BASES]
    handler = FeedHandler({"log": {"disabled": True}, "uvloop": False})
    handler.add_feed(BinanceUS(symbols=symbols, channels=[channel], callbacks={channel: take}))
    handler.run(start_loop=False, install_signal_handlers=False)
    await asyncio.sleep(2.0)
    return handler


async def open_python_binance(kind: str, where: dict[str, Any], meter: Meter, *, paced: bool) -> Kept:
    """Read one multiplexed socket; its queue is made large, or it ends the connection in a flood."""
    from binance.async_client import AsyncClient
    from binance.ws.streams import BinanceSocketManager

    manager = BinanceSocketManager(AsyncClient("k", "s"), max_queue_size=10_000_000)
    manager.STREAM_URL = f"{where['stream']}/"
    connected = manager.multiplex_socket([f"{base.lower()}usdt@{SUFFIXES[kind]}" for base in BASES])

    async def read() -> None:
        async with connected as streams:
            while True:
                found = await streams.recv()
                if paced:
                    meter.stamped(found["data"]["T"])
                else:
                    meter.one()

    _spawn(read())
    await asyncio.sleep(1.0)
    return manager
