"""The usage example that such an adapter was published with: only the imports have one home now."""

from __future__ import annotations

import subprocess
import sys

EXAMPLE = """
from foxtrot.gateway import EventEngine, BinanceAdapter

# Create event engine
event_engine = EventEngine()

# Create adapter
adapter = BinanceAdapter(event_engine, "BINANCE")

# Configure settings
settings = {"API Key": "your_api_key", "Secret": "your_secret", "Sandbox": True}

# Connect to exchange
if adapter.connect(settings):
    print("Connected successfully")

    # Query account
    adapter.query_account()

    # Subscribe to market data
    from foxtrot.gateway import Exchange, SubscribeRequest

    req = SubscribeRequest("BTCUSDT.BINANCE", Exchange.BINANCE)
    adapter.subscribe(req)

    # Send order
    from foxtrot.gateway import Direction, OrderRequest, OrderType

    order_req = OrderRequest(
        symbol="BTCUSDT.BINANCE",
        exchange=Exchange.BINANCE,
        direction=Direction.LONG,
        type=OrderType.LIMIT,
        volume=0.001,
        price=30000,
    )
    vt_orderid = adapter.send_order(order_req)
"""
# What the example does not do: start the engine and look at what came.
WATCH = """
import queue

told = queue.Queue()
event_engine.register_general(lambda event: told.put(event))
event_engine.start()
statuses, kinds = [], set()
while statuses[-1:] != ["NOTTRADED"] or "eTick.BTCUSDT.BINANCE" not in kinds:
    event = told.get(timeout=20)
    kinds.add(event.type)
    if event.type == f"eOrder.{vt_orderid}":
        statuses.append(event.data.status.name)
assert statuses[0] == "SUBMITTING" and "eAccount.BINANCE.USDT" in kinds, (statuses, kinds)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)


def test_the_published_example_connects_and_its_order_rests_at_the_sandbox() -> None:
    done = run(EXAMPLE + WATCH)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Connected successfully\n", "")


def test_a_program_that_forgets_to_close_ends_by_itself_and_cleanly() -> None:
    done = run(EXAMPLE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Connected successfully\n", "")
