"""Following one order until it is done."""

from __future__ import annotations

import asyncio

from foxtrot.errors import InvalidRequest, NetworkError, OrderNotFound
from foxtrot.exchange import BaseExchange
from foxtrot.io.waiting import wait_at_most
from foxtrot.model.events import OrderEvent
from foxtrot.model.order import Order


async def until_done(exchange: BaseExchange, order: Order, *, timeout_s: float, interval_s: float) -> Order:
    """Return an order once it is done, or as last known after `timeout_s`. Raises what a query raises but network
    errors, which the next query may not meet."""
    if not timeout_s >= 0 or not interval_s > 0:
        raise InvalidRequest(f"timeout_s {timeout_s!r} must be 0 or more, interval_s {interval_s!r} above 0.")
    changed, clock, latest = asyncio.Event(), exchange.clock, order

    def on_order(event: OrderEvent) -> None:
        nonlocal latest
        if _same(event.order, order):
            latest = event.order
            changed.set()

    until = clock.monotonic() + timeout_s
    handler = exchange.engine.subscribe(OrderEvent, on_order, exchange=exchange.name, symbol=order.symbol)
    try:
        while not latest.status.done:
            latest = await _asked(exchange, latest)
            left = until - clock.monotonic()
            if latest.status.done or left <= 0:
                break
            changed.clear()
            await wait_at_most(changed, min(interval_s, left), clock)
    finally:
        handler.unsubscribe()
    return latest


async def _asked(exchange: BaseExchange, order: Order) -> Order:
    try:
        if order.order_id:
            return await exchange.fetch_order_status(order.symbol, order_id=order.order_id)
        return await exchange.fetch_order_status(order.symbol, client_order_id=order.client_order_id)
    except NetworkError:
        return order
    except OrderNotFound:
        if order.order_id:
            raise
        return order  # not shown yet: it is still in doubt


def _same(one: Order, other: Order) -> bool:
    if other.client_order_id:
        return one.client_order_id == other.client_order_id
    return one.order_id == other.order_id
