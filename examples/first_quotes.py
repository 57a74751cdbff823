"""Print the first quotes of a symbol: no keys, no internet, an exchange on this very machine.

python examples/first_quotes.py [--exchange binanceus] [--symbol BTC/USDT] [--count 10]
"""

import argparse
import asyncio

from foxtrot import events, get_exchange


async def main(name: str, symbol: str, count: int) -> None:
    seen, enough = 0, asyncio.Event()

    def show(quote: events.Quote) -> None:
        nonlocal seen
        seen += 1
        if seen <= count:
            print(f"{quote.exchange} {quote.symbol}  {quote.bid:,.2f} x {quote.bid_quantity:g}  {quote.ask:,.2f}")
        if seen == count:
            enough.set()

    async with get_exchange(name) as exchange:  # "sandbox" unless you say environment="live"
        await exchange.subscribe_quotes(symbol, show)
        await enough.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchange", default="binanceus")
    parser.add_argument("--symbol", default="BTC/USDT")
    parser.add_argument("--count", type=int, default=10)
    options = parser.parse_args()
    asyncio.run(main(options.exchange, options.symbol, options.count))
