"""Lose answers to orders, with foxtrot and with ccxt beside it: `python bench/orders_beside_ccxt.py`.

Both trade the same intents at the same embedded venue behind the same kind of hostile proxy (same seed, same rates):
place, then cancel some of those that are open. A program that gets an exception from a placement takes it for failed
(ccxt has no other answer), one that gets an order takes it for placed. In the end the venue is asked what it has.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Protocol

import ccxt.async_support
import msgspec

from foxtrot import errors, get_exchange
from foxtrot.model.events import OrderEvent
from foxtrot.model.order import Order, OrderRequest, OrderStatus, Side
from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.options import default_credentials
from foxtrot.sandbox.proxy import ByteFault, HostileProxy
from foxtrot.sandbox.types import VenueOrder

SYMBOL, AT_ONCE = "BTC/USDT", 10
RATES = dict.fromkeys(ByteFault, 0.015)


class Belief(msgspec.Struct):
    """What a program thinks of one intent: `placed` and `open` at the end."""

    client_order_id: str
    placed: bool
    open: bool
    side: Side
    price: Decimal


class Program(Protocol):
    """One trading program; `throttled` counts placements refused because they came too fast."""

    throttled: int

    async def trade(self, side: Side, price: Decimal, quantity: Decimal, *, cancel: bool) -> None: ...

    async def beliefs(self) -> list[Belief]: ...

    async def close(self) -> None: ...


class OverFoxtrot:
    """Trade with foxtrot."""

    def __init__(self, base: str) -> None:
        self._exchange = get_exchange(
            "binanceus",
            {
                "rest_url": f"http://{base}",
                "credentials": default_credentials(),
                "transport": {"request_timeout_s": 1.0, "connect_timeout_s": 30.0},
                "retry": {"reconnect_initial_s": 0.1, "reconnect_max_s": 1.0},
                "orders": {"visibility_s": 1.0},
            },
        )
        self.throttled = 0
        self._ids: list[str] = []
        self._news = asyncio.Event()
        self._exchange.engine.subscribe(OrderEvent, lambda event: self._news.set())

    async def connect(self) -> None:
        await self._exchange.connect()

    async def trade(self, side: Side, price: Decimal, quantity: Decimal, *, cancel: bool) -> None:
        try:
            order = await self._exchange.place_order(OrderRequest.limit(SYMBOL, side, quantity, price))
        except errors.FoxtrotError as error:
            self.throttled += isinstance(error, errors.RateLimited)
            ended: Order | None = getattr(error, "order", None)
            if ended is None:
                return
            order = ended
        self._ids.append(order.client_order_id)
        if cancel and order.status is OrderStatus.OPEN:
            try:
                await self._exchange.cancel_order(SYMBOL, client_order_id=order.client_order_id)
            except errors.FoxtrotError:
                return  # what it became is an event, and in the order

    async def beliefs(self) -> list[Belief]:
        async with asyncio.timeout(60):
            while self._exchange.health().in_doubt:
                self._news.clear()
                await self._news.wait()
        orders = [self._exchange.orders.get(own) for own in self._ids]
        unplaced = (OrderStatus.DENIED, OrderStatus.REJECTED)
        return [
            Belief(o.client_order_id, o.status not in unplaced, not o.status.done, o.side, o.price or Decimal(0))
            for o in orders
            if o is not None
        ]

    async def close(self) -> None:
        await self._exchange.disconnect()


class OverCcxt:
    """Trade with ccxt, as its documentation shows."""

    def __init__(self, base: str) -> None:
        key = default_credentials()
        self._client: Any = ccxt.async_support.binanceus(
            {
                "apiKey": key.api_key.get_secret_value(),
                "secret": key.api_secret.get_secret_value(),
                "timeout": 1_000,
                "options": {"warnOnFetchOpenOrdersWithoutSymbol": False},
            }
        )
        self._client.urls["api"] = _redirected(self._client.urls["api"], base)
        self.throttled = 0
        self._beliefs: dict[str, Belief] = {}

    async def connect(self) -> None:
        await self._client.load_markets()

    async def trade(self, side: Side, price: Decimal, quantity: Decimal, *, cancel: bool) -> None:
        own = f"beside-{len(self._beliefs)}"
        belief = self._beliefs[own] = Belief(own, False, False, side, price)
        try:
            order = await self._client.create_order(
                SYMBOL, "limit", side.value, float(quantity), float(price), {"newClientOrderId": own}
            )
        except ccxt.BaseError as error:
            self.throttled += isinstance(error, ccxt.DDoSProtection)
            return
        belief.placed, belief.open = True, order["status"] == "open"
        if cancel and belief.open:
            try:
                canceled = await self._client.cancel_order(order["id"], SYMBOL)
                belief.open = canceled["status"] == "open"
            except ccxt.BaseError:
                return

    async def beliefs(self) -> list[Belief]:
        listed = {o["clientOrderId"] for o in await self._client.fetch_open_orders(SYMBOL)}
        for belief in self._beliefs.values():  # what it knows of, it looks up at the end
            belief.open = belief.open and belief.client_order_id in listed
        return list(self._beliefs.values())

    async def close(self) -> None:
        await self._client.close()


def _redirected(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        return {key: _redirected(item, base) for key, item in value.items()}
    if isinstance(value, str) and "://" in value:
        return f"http://{base}/{value.split('://', 1)[1]}"
    return value


@asynccontextmanager
async def hostile(seed: int) -> Any:
    """Serve a venue behind a hostile proxy."""
    options = make_options({"rate": 0, "symbols": (SYMBOL,), "seed": seed}, "binanceus")
    async with await Sandbox.start(options, default_registry().load("binanceus")) as sandbox:
        host, _, port = sandbox.base.partition(":")
        proxy = HostileProxy(host, int(port), seed, RATES)
        await proxy.start()
        try:
            yield sandbox, proxy
        finally:
            await proxy.stop()


async def run(kind: type[OverFoxtrot] | type[OverCcxt], seed: int, orders: int) -> Counter[str]:
    """Let one program trade; return what it got wrong."""
    chance = random.Random(seed)
    async with hostile(seed) as (sandbox, proxy):
        program = kind(proxy.base)
        try:
            await program.connect()
            proxy.active = True
            last = sandbox.venue.last_price(SYMBOL)
            for _ in range(0, orders, AT_ONCE):
                await asyncio.gather(
                    *(program.trade(*_intent(chance, last), cancel=chance.random() < 0.6) for _ in range(AT_ONCE))
                )
            proxy.active = False
            beliefs = await program.beliefs()
            theirs = list(sandbox.venue.orders(sandbox.dialect.account, SYMBOL))
        finally:
            await program.close()
        found = Counter[str](dict(_errors(beliefs, theirs)))
        found.update(faults=sum(proxy.fired.values()), orders=len(theirs), throttled=program.throttled)
        return found


def _intent(chance: random.Random, last: Decimal) -> tuple[Side, Decimal, Decimal]:
    side = chance.choice(list(Side))
    away = Decimal(chance.randrange(1, 200)) / 10_000
    price = last * (1 - away if side is Side.BUY else 1 + away)
    return side, price.quantize(Decimal("0.01")), Decimal("0.001")


def _errors(beliefs: list[Belief], theirs: list[VenueOrder]) -> Iterator[tuple[str, int]]:
    believed = {belief.client_order_id: belief for belief in beliefs}
    known = {order.client_order_id: order for order in theirs}
    yield (
        "taken for failed, but the venue has it",
        sum(own in known and not belief.placed for own, belief in believed.items()),
    )
    yield (
        "open at the venue, unknown to the program",
        sum(order.status.open and not (own in believed and believed[own].open) for own, order in known.items()),
    )
    yield (
        "taken for open, but ended",
        sum(belief.open and not (own in known and known[own].status.open) for own, belief in believed.items()),
    )
    yield "at the venue twice", len(theirs) - len(known)


async def main() -> None:
    """Run both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--orders", type=int, default=200)
    given = parser.parse_args()
    totals = {}
    for kind in (OverFoxtrot, OverCcxt):
        totals[kind] = sum([await run(kind, seed, given.orders) for seed in range(given.seeds)], Counter())
    print(f"{given.seeds} seeds, {given.orders} intents each\n\n| | foxtrot | ccxt {ccxt.__version__} |\n|---|---|---|")
    names = ("faults", "orders", "throttled", *dict(_errors([], [])))
    for name in names:
        print(f"| {name} | {totals[OverFoxtrot][name]} | {totals[OverCcxt][name]} |")


asyncio.run(main())
