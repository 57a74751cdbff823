"""Run one strategy on two exchanges in one process: one event engine, one journal, the best quote of both.

python examples/two_exchanges.py [--venues binanceus kraken] [--symbol BTC/USDT] [--seconds 3]
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from foxtrot import BaseExchange, EventEngine, OrderRequest, OrderStatus, events, get_exchange

SIZE = "0.001"


class BestQuote:
    """Know the best bid and the best ask, whichever venue has them."""

    def __init__(self, engine: EventEngine) -> None:
        self.quotes: dict[str, events.Quote] = {}
        engine.subscribe(events.Quote, self.on_quote)

    def on_quote(self, quote: events.Quote) -> None:
        self.quotes[quote.exchange] = quote

    def show(self) -> None:
        bid = max(self.quotes.values(), key=lambda quote: quote.bid)
        ask = min(self.quotes.values(), key=lambda quote: quote.ask)
        spread = (ask.ask - bid.bid) / ask.ask * 10_000
        print(f"sell at {bid.exchange} for {bid.bid:,.2f}, buy at {ask.exchange} for {ask.ask:,.2f}: {spread:.1f} bp")


async def round_trip(exchange: BaseExchange, symbol: str) -> None:
    """Buy and sell again; not a word in here depends on the venue."""
    for side in ("buy", "sell"):
        done = asyncio.Event()

        def on_order(event: events.OrderEvent, done: asyncio.Event = done) -> None:
            if event.order.status is OrderStatus.FILLED and not event.order.fills_missing:
                done.set()

        following = exchange.engine.subscribe(events.OrderEvent, on_order, exchange=exchange.name)
        order = await exchange.place_order(OrderRequest.market(symbol, side, SIZE))
        await done.wait()
        following.unsubscribe()
        order = exchange.orders.get(order.client_order_id) or order
        fees = ", ".join(f"{fill.fee} {fill.fee_asset}" for fill in order.fills)
        print(f"{exchange.name}: {side} {order.filled} at {order.average_price:,.2f}, fees {fees}")


async def main(venues: list[str], symbol: str, seconds: float) -> None:
    engine, journal = EventEngine(), Path(tempfile.mkdtemp()) / "orders.db"  # one file, an account for each venue
    best = BestQuote(engine)
    exchanges = [
        # Each sandbox has a market of its own: another seed, other prices.
        get_exchange(name, {"orders": {"journal": journal}, "sandbox": {"seed": seed, "rate": 100}}, engine=engine)
        for seed, name in enumerate(venues)
    ]
    async with engine, exchanges[0], exchanges[1]:
        await asyncio.gather(*(exchange.subscribe_quotes(symbol) for exchange in exchanges))
        await asyncio.sleep(seconds)
        best.show()
        await asyncio.gather(*(round_trip(exchange, symbol) for exchange in exchanges))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venues", nargs=2, default=["binanceus", "kraken"])
    parser.add_argument("--symbol", default="BTC/USDT")
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    asyncio.run(main(options.venues, options.symbol, options.seconds))
