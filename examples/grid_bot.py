"""A grid bot: buys at each level below the market, sells what it bought one level higher, and begins again.

    python examples/grid_bot.py --low 0.18 --high 0.22 --levels 9             # an embedded sandbox
    python examples/grid_bot.py --dry-run                                     # the real market, nothing sent
    python examples/grid_bot.py --live                                        # real money, keys from the environment

All it knows is in the venue's orders and the journal: after `kill -9` the next run goes on with the same orders.
SIGTERM or Ctrl-C cancels what it placed and closes in order. The grid's numbers must stay the same from run to run,
and nobody else may trade at its prices.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import signal
from decimal import Decimal

from foxtrot import OrderOperations, errors, events
from foxtrot.sandbox.options import default_credentials


class GracefulShutdown:
    """Set `asked` on SIGTERM and SIGINT instead of dying at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.asked.set)


class GridManager:
    """Keep one order for each cell of the grid: a buy at its lower price, or a sell at its upper one."""

    def __init__(self, operations: OrderOperations, chosen: argparse.Namespace) -> None:
        self._operations = operations
        self._quantity = chosen.quantity
        step = (chosen.high - chosen.low) / (chosen.levels - 1)
        round_price = operations.exchange.contracts.round_price
        prices = [round_price(operations.symbol, chosen.low + step * n, "buy") for n in range(chosen.levels)]
        self._cells = list(itertools.pairwise(prices))

    async def tend(self) -> None:
        """Give each cell without an order the one that it needs now."""
        operations = self._operations
        busy = {(row["side"], row["price"]) for row in operations.active_orders}
        history = await operations.fetch_all_orders()
        bid = (await operations.exchange.fetch_ticker(operations.symbol)).bid
        for low, high in self._cells:
            if {("buy", low), ("sell", high)} & busy:
                continue
            bought = sum(row["filled"] for row in history if (row["side"], row["price"]) == ("buy", low))
            sold = sum(row["filled"] for row in history if (row["side"], row["price"]) == ("sell", high))
            held = bought - sold
            if held >= self._quantity / 2:
                held *= Decimal("0.998")  # the fee may have been taken out of it
                rounded = operations.exchange.contracts.round_quantity(operations.symbol, held)
                tell(await operations.create_limit_sell(high, rounded))
            elif low < bid:
                tell(await operations.create_limit_buy(low, self._quantity))

    async def cancel_all(self) -> None:
        """Cancel what this bot placed; one that is done meanwhile needs no cancel."""
        for row in self._operations.active_orders:
            try:
                tell(await self._operations.cancel_order(row["id"]))
            except errors.CancelRejected as error:
                print(f"{row['id']} was not canceled: {error}", flush=True)


def tell(row) -> None:
    if row is not None:  # what failed is in the log
        print(f"{row['status']} {row['side']} {row['quantity']} at {row['price']} ({row['id']})", flush=True)


async def main(chosen: argparse.Namespace) -> None:
    shutdown = GracefulShutdown()
    config = {"environment": "live"} if chosen.live or (chosen.dry_run and not chosen.rest_url) else {}
    if chosen.rest_url:
        config = {"rest_url": chosen.rest_url, "credentials": default_credentials()}
    operations = OrderOperations(
        chosen.venue, chosen.symbol, chosen.dry_run, journal=chosen.journal, config=config, debug=True
    )
    async with operations:
        changed = asyncio.Event()
        operations.exchange.engine.subscribe(events.OrderFilled, lambda event: changed.set())
        grid = GridManager(operations, chosen)
        print(f"running with {len(operations.active_orders)} orders", flush=True)
        while not shutdown.asked.is_set():
            changed.clear()
            try:
                await grid.tend()
            except errors.FoxtrotError as error:  # asked again at the next turn
                print(f"not now: {error}", flush=True)
            waits = [asyncio.ensure_future(event.wait()) for event in (changed, shutdown.asked)]
            await asyncio.wait(waits, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        await grid.cancel_all()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Trade a grid of prices.")
    parser.add_argument("--venue", default="binanceus")
    parser.add_argument("--symbol", default="HBAR/USDT")
    parser.add_argument("--journal", default="grid_bot.db")
    parser.add_argument("--low", type=Decimal, default=Decimal("0.18"))
    parser.add_argument("--high", type=Decimal, default=Decimal("0.22"))
    parser.add_argument("--levels", type=int, default=9)
    parser.add_argument("--quantity", type=Decimal, default=Decimal(100))
    parser.add_argument("--rest-url", help="a sandbox that runs already")
    parser.add_argument("--dry-run", action="store_true", help="the real market, but nothing is sent")
    parser.add_argument("--live", action="store_true", help="trade with real money")
    asyncio.run(main(parser.parse_args()))
