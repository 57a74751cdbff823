"""Trade on the real market without sending anything: orders, fills, fees and balances of a dry run.

python examples/dry_run.py                              # the live market of the venue, no keys needed
python examples/dry_run.py --rest-url http://localhost:8080    # a sandbox that plays the venue
"""

from __future__ import annotations

import argparse
import asyncio

from foxtrot import OrderOperations


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run orders against the real market without sending them.")
    parser.add_argument("--venue", default="binanceus")
    parser.add_argument("--symbol", default="HBAR/USDT")
    parser.add_argument("--balance", default="1000", help="USDT to begin with")
    parser.add_argument("--journal", help="a file, so that orders and balances go on in the next run")
    parser.add_argument("--rest-url", help="a sandbox that plays the venue")
    return parser.parse_args()


async def main(chosen: argparse.Namespace) -> None:
    operations = OrderOperations(
        chosen.venue,
        chosen.symbol,
        dry_run=True,
        balances={"USDT": chosen.balance},
        journal=chosen.journal,
        config={"rest_url": chosen.rest_url} if chosen.rest_url else None,
    )
    async with operations:
        contracts = operations.exchange.contracts
        ticker = await operations.exchange.fetch_ticker(chosen.symbol)
        print(f"{chosen.symbol} is {ticker.bid} / {ticker.ask}; {await operations.get_usdt_balance()} USDT")

        bought = await operations.create_market_buy(cost=100)
        if bought is None:
            raise SystemExit(f"no order: {operations.last_error}")
        print(f"bought {bought['filled']} at {bought['average_price']}")

        price = contracts.round_price(chosen.symbol, ticker.bid * 0.98, "buy")
        resting = await operations.create_limit_buy(price, contracts.round_quantity(chosen.symbol, 50 / float(price)))
        if resting is not None:
            print(f"waiting with {resting['quantity']} at {resting['price']}")
            resting = await operations.poll_order_status(resting["id"], timeout_s=3)
            print(f"after 3 s it is {resting['status']}")
            await operations.cancel_all_buy_orders()

        await operations.sell_all_assets()
        left = await operations.get_base_asset_balance()
        print(f"in the end {await operations.get_usdt_balance()} USDT and {left} of the base asset")


if __name__ == "__main__":
    asyncio.run(main(arguments()))
