"""Place an order and follow it until it is done; after --patience seconds it is canceled.

python examples/place_and_follow.py                                  # an embedded sandbox, no keys needed
python examples/place_and_follow.py --venue binanceus --live         # the real venue, keys from the environment
"""

from __future__ import annotations

import argparse
import asyncio

from foxtrot import OrderRequest, errors, events, get_exchange
from foxtrot.model.order import Order
from foxtrot.sandbox.options import default_credentials


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Place an order and follow it.")
    parser.add_argument("--venue", default="binanceus")
    parser.add_argument("--symbol", default="BTC/USDT")
    parser.add_argument("--quantity", default="0.001")
    parser.add_argument("--patience", type=float, default=5.0, help="seconds until the order is canceled")
    parser.add_argument("--rest-url", help="a sandbox that runs already")
    parser.add_argument("--live", action="store_true", help="trade with real money")
    return parser.parse_args()


def settings(chosen: argparse.Namespace) -> dict[str, object]:
    if chosen.rest_url:
        return {"rest_url": chosen.rest_url, "credentials": default_credentials()}
    return {"environment": "live" if chosen.live else "sandbox"}


async def main(chosen: argparse.Namespace) -> None:
    exchange = get_exchange(chosen.venue, settings(chosen))
    done = asyncio.Event()

    def follow(event: events.OrderEvent) -> None:
        order = event.order
        print(f"{type(event).__name__}: {order.side.value} {order.quantity} at {order.price}, filled {order.filled}")
        if order.status.done:
            done.set()

    exchange.engine.subscribe(events.OrderEvent, follow, symbol=chosen.symbol)
    async with exchange:
        order = await place_at_the_best_bid(exchange, chosen)
        try:
            async with asyncio.timeout(chosen.patience):
                await done.wait()
        except TimeoutError:
            order = await give_up(exchange, order)
        latest = exchange.orders.get(order.client_order_id) or order
        print(f"{latest.client_order_id} is {latest.status.value}, average price {latest.average_price}")
        for fill in latest.fills:
            print(f"  {fill.quantity} at {fill.price}, fee {fill.fee} {fill.fee_asset}")


async def place_at_the_best_bid(exchange, chosen: argparse.Namespace) -> Order:
    ticker = await exchange.fetch_ticker(chosen.symbol)
    price = exchange.contracts.round_price(chosen.symbol, ticker.bid, "buy")
    return await exchange.place_order(OrderRequest.limit(chosen.symbol, "buy", chosen.quantity, price))


async def give_up(exchange, order: Order) -> Order:
    try:
        return await exchange.cancel_order(order.symbol, client_order_id=order.client_order_id)
    except errors.CancelRejected:  # it was filled in the last moment
        return await exchange.fetch_order_status(order.symbol, client_order_id=order.client_order_id)


if __name__ == "__main__":
    asyncio.run(main(arguments()))
