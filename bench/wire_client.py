"""One client in a process of its own: `python bench/wire_client.py JOB`, where JOB is a JSON object (see `main`).

It connects, lets the books come up, takes the warm-up, and prints what the messages after it cost, as one line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sys
from typing import Any

from children import keep_to
from wire_meter import Meter

CASES = {
    "floor": "wire_floor:open_floor",
    "floor, bare payloads": "wire_floor:open_plain",
    "floor, types unasked": "wire_floor:open_unasked",
    "foxtrot": "wire_foxtrot:open_foxtrot",
    "foxtrot over websockets": "wire_foxtrot:open_websockets",
    "ccxt.pro": "wire_peers:open_ccxt_pro",
    "cryptofeed": "wire_peers:open_cryptofeed",
    "python-binance": "wire_peers:open_python_binance",
}
_PRIMER = 10  # one of each symbol: what some clients need before they ask for a book's snapshot


async def main(job: dict[str, Any]) -> None:
    """Run a job: `case`, `kind`, `where` (the server's ports), `messages`, `warm_up`, `rate` (None: flood)."""
    keep_to(1)
    meter = Meter(job["where"]["control"])
    module, _, name = CASES[job["case"]].partition(":")
    opened = getattr(importlib.import_module(module), name)
    kept = await opened(job["kind"], job["where"], meter, paced=job["rate"] is not None)
    if job["kind"] == "depth":
        await meter.run(_PRIMER)
        await asyncio.sleep(1.0)
    await meter.run(job["warm_up"], job["rate"])
    gc.collect()
    result = await meter.run(job["messages"], job["rate"])
    print(json.dumps(result), flush=True)
    del kept
    meter.close()
    os._exit(0)  # whoever leaves tasks and sockets behind at the end is not what is measured here


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
