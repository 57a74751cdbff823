"""An embedded venue for orders: `python bench/order_venue.py` serves a still book until its input closes.

Its limit of orders per ten seconds is lifted: clients are to be timed, not their patience.
"""

from __future__ import annotations

import asyncio
import json
import sys

from children import keep_to

import foxtrot_binance.dialect.limits as limits
from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options


async def main() -> None:
    """Serve on a free port and print it."""
    keep_to(0)
    limits._ORDERS_PER_10S = 100_000
    options = make_options({"rate": 0, "symbols": ("BTC/USDT",)}, "binanceus")
    async with await Sandbox.start(options, default_registry().load("binanceus")) as sandbox:
        print(json.dumps({"base": sandbox.base}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
