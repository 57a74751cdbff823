"""Foxtrot as its users have it: `get_exchange`, `subscribe_*` with a callback, all safety on."""

from __future__ import annotations

import asyncio
from typing import Any

from wire_frames import SYMBOLS
from wire_meter import Meter

from foxtrot import get_exchange


async def open_foxtrot(kind: str, where: dict[str, Any], meter: Meter, *, paced: bool, transport: str = "auto") -> Any:
    """Subscribe to all symbols; books are waited for."""
    exchange = get_exchange(
        "binanceus",
        {"rest_url": where["rest"], "stream_url": where["stream"], "transport": {"websocket": transport}},
    )
    await exchange.connect()

    def stamped(trade: Any) -> None:
        meter.stamped(trade.ts_event // 1_000_000)

    subscribe = {
        "trade": exchange.subscribe_trades,
        "quote": exchange.subscribe_quotes,
        "depth": exchange.subscribe_order_book,
    }[kind]
    await subscribe(SYMBOLS, stamped if paced else meter.one)
    if kind == "depth":
        await _books(exchange)
    return exchange


async def _books(exchange: Any) -> None:
    async with asyncio.timeout(20):
        while not all(exchange.market_data.order_book(symbol, 1) for symbol in SYMBOLS):  # noqa: ASYNC110 - looked at
            await asyncio.sleep(0.05)


async def open_websockets(kind: str, where: dict[str, Any], meter: Meter, *, paced: bool) -> Any:
    """Do the same over the `websockets` transport."""
    return await open_foxtrot(kind, where, meter, paced=paced, transport="websockets")
