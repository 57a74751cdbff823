"""A trading process that gets one order into each state a journal can hold, and then hangs, to be killed.

It tells its parent in lines of JSON what it does; the parent makes the venue act in between. Arguments: the venue, the
symbol, the base of the gate through which it reaches the sandbox, and the journal.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from foxtrot import AmendRequest, OrderRequest, events, get_exchange
from foxtrot.config import ExchangeConfig, OrdersConfig
from foxtrot.plugins import default_registry
from foxtrot.sandbox.options import default_credentials
from foxtrot.sandbox.stage import traits_of
from foxtrot.testkit.ways import by_way, ways

PRICES = {
    "filled": "50010",
    "partial": "50005",
    "open": "50000",
    "canceled": "49990",
    "canceling": "49980",
    "amending": "49970",
}


def options_of(venue: str) -> dict[str, Any]:
    """Return the adapter's options: orders go by requests, whose answers the gate can cut one by one."""
    spec = default_registry().load(venue)
    return {**traits_of(spec).options, **by_way("rest" if len(ways(spec)) > 1 else "")}


def tell(what: str, **facts: Any) -> None:
    """Say something to the parent."""
    sys.stdout.write(json.dumps({"what": what, **facts}) + "\n")
    sys.stdout.flush()


async def heard(expected: str) -> None:
    """Wait until the parent says the word."""
    line = await asyncio.to_thread(sys.stdin.readline)
    if line.strip() != expected:
        raise SystemExit(f"the parent said {line!r}, not {expected!r}")


async def main(venue: str, symbol: str, gate: str, journal: Path) -> None:
    """Live until killed."""

    def buy(client_order_id: str, price: str) -> OrderRequest:
        return OrderRequest.limit(symbol, "buy", "0.01", price, client_order_id=client_order_id)

    config = ExchangeConfig(
        rest_url=f"http://{gate}",
        credentials=default_credentials(),
        orders=OrdersConfig(journal=journal),
        options=options_of(venue),
    )
    exchange = get_exchange(venue, config)

    fills = asyncio.Event()

    def on_fill(event: events.OrderFilled) -> None:
        tell("fill", trade_id=event.fill.trade_id)
        if event.order.client_order_id == "partial":  # the second one
            fills.set()

    def on_submit(event: events.OrderSubmitted) -> None:
        tell("submitted", id=event.order.client_order_id)
        if event.order.client_order_id == "intended":
            tell("hanging")
            signal.pause()  # the intent is durable, nothing was sent

    exchange.engine.subscribe(events.OrderFilled, on_fill)
    exchange.engine.subscribe(events.OrderSubmitted, on_submit)
    async with exchange:
        for name, price in PRICES.items():
            await exchange.place_order(buy(name, price))
        await exchange.cancel_order(symbol, client_order_id="canceled")
        tell("resting")
        await heard("filled")
        await fills.wait()
        tell("cut the next answer")
        await heard("cutting")
        doubtful = await exchange.place_order(buy("doubtful", "49000"))
        tell("doubt", status=doubtful.status.value)
        work = [
            asyncio.create_task(exchange.cancel_order(symbol, client_order_id="canceling")),
            asyncio.create_task(
                exchange.amend_order(AmendRequest(symbol=symbol, client_order_id="amending", price=Decimal("48000")))
            ),
            asyncio.create_task(exchange.place_order(buy("pending", "47000"))),
        ]
        await asyncio.sleep(0)
        tell("commands are out")
        await heard("arrived")
        tell("statuses", statuses={order.client_order_id: order.status.value for order in exchange.orders.open()})
        work.append(asyncio.create_task(exchange.place_order(buy("intended", "46000"))))
        await asyncio.gather(*work)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])))
