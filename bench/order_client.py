"""One trading client in a process of its own: `python bench/order_client.py JOB`; see `main`.

It places limit orders that rest, one after the other, cancels all, and does so again with the meter on.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from children import keep_to
from order_floor import open_bare

from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET, default_credentials

SYMBOL, QUANTITY, PRICE = "BTC/USDT", Decimal("0.001"), Decimal("55000.01")
_SETTLE_S = 1.0
Act = Callable[[], Awaitable[Any]]


async def open_foxtrot(base: str, over: str) -> tuple[Act, Act]:
    """Return how foxtrot places an order and cancels all: intents, state machine, user stream and events included."""
    from foxtrot import OrderRequest, get_exchange

    settings = {
        "rest_url": f"http://{base}",
        "credentials": default_credentials(),
        "options": {"orders_over": over},
    }
    exchange = get_exchange("binanceus", settings)
    await exchange.connect()

    async def place() -> None:
        await exchange.place_order(OrderRequest.limit(SYMBOL, "buy", QUANTITY, PRICE))

    return place, lambda: exchange.cancel_all_orders(SYMBOL)


async def open_ccxt(base: str) -> tuple[Act, Act]:
    """Return how ccxt does it; it keeps no orders and hears of no fills."""
    import ccxt.async_support

    client: Any = ccxt.async_support.binanceus(
        {"apiKey": DEFAULT_KEY, "secret": DEFAULT_SECRET, "enableRateLimit": False}
    )
    client.urls["api"] = _redirected(client.urls["api"], base)
    await client.load_markets()

    async def place() -> None:
        await client.create_order(SYMBOL, "limit", "buy", float(QUANTITY), float(PRICE))

    return place, lambda: client.cancel_all_orders(SYMBOL)


def _redirected(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        return {key: _redirected(item, base) for key, item in value.items()}
    if isinstance(value, str) and "://" in value:
        return f"http://{base}/{value.split('://', 1)[1]}"
    return value


async def batch(place: Act, orders: int) -> dict[str, float]:
    """Place orders one after the other; return CPU and wall time for each."""
    took = []
    gc.collect()
    began = time.process_time()
    for _ in range(orders):
        started = time.perf_counter()
        await place()
        took.append(time.perf_counter() - started)
    cpu = time.process_time() - began
    return {"cpu_us": cpu / orders * 1e6, "p50_us": statistics.median(took) * 1e6}


async def main(job: dict[str, Any]) -> None:
    """Run a job: `case` (floor, foxtrot ws, foxtrot rest, ccxt), `base` (the venue's host and port), `orders`."""
    keep_to(1)
    name, _, over = job["case"].partition(" ")
    base = job["base"]
    if name == "floor":
        place, cancel_all = await open_bare(base, SYMBOL, str(QUANTITY), str(PRICE))
    else:
        place, cancel_all = await (open_ccxt(base) if name == "ccxt" else open_foxtrot(base, over))
    await batch(place, job["orders"])
    await cancel_all()
    await asyncio.sleep(_SETTLE_S)  # what the venue tells of the canceled orders is no part of placing the next
    print(json.dumps(await batch(place, job["orders"])), flush=True)
    await cancel_all()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
