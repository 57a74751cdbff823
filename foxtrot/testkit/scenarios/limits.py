"""Honesty towards the venue's limits: it never has to throttle us, and is heeded when it does."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from foxtrot.capabilities import Capability
from foxtrot.errors import FoxtrotError, Outcome, RateLimited
from foxtrot.model.order import OrderStatus
from foxtrot.sandbox.faults import Fault
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import by_way, ways

_READS = (Capability.FETCH_TICKER, Capability.FETCH_ORDER_BOOK, Capability.FETCH_BALANCE, Capability.FETCH_OHLCV)
_TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER)
_BURST = 1_500
Command = Callable[[Desk], Awaitable[None]]


@scenario(*_READS)
async def a_burst_of_reads_is_never_throttled(bench: Bench) -> None:
    """Many reads at once are paced here by the venue's real limits: the venue never refuses one for rate."""
    desk = await bench.desk()
    exchange, chance, done = desk.exchange, random.Random(3), Counter[str]()

    async def read() -> None:
        symbol = desk.symbol
        which = chance.randrange(4)
        try:
            if which == 0:
                await exchange.fetch_ticker(symbol)
            elif which == 1:
                await exchange.fetch_order_book(symbol, chance.choice([5, 100]))
            elif which == 2:
                await exchange.fetch_balance()
            else:
                await exchange.fetch_ohlcv(symbol, limit=50)
            done["answered"] += 1
        except RateLimited as error:
            equal(error.outcome, Outcome.NOT_SENT, "what became of a read without budget")
            done["kept here"] += 1

    await desk.run(_at_once([read() for _ in range(_BURST)]))
    await desk.clock.advance(120)
    equal(desk.world.throttled, 0, "how often the venue had to throttle us")
    equal(sum(done.values()), _BURST, "the reads that ended")
    sure(done["answered"] > 10, f"only {done} were answered")


@scenario(*_TRADING, cases=ways)
async def a_burst_of_orders_is_never_throttled_and_none_is_lost(bench: Bench, way: str) -> None:
    """Orders placed and canceled as fast as one can are paced here; each is either sent or denied before it left."""
    desk = await bench.trading(way)
    done = Counter[str]()

    async def trade(number: int) -> None:
        try:
            order = await desk.exchange.place_order(desk.buy("0.8", 50))
            done[order.status.value] += 1
            if number % 2:
                await desk.exchange.cancel_order(desk.symbol, client_order_id=order.client_order_id)
        except RateLimited as error:
            equal(error.outcome, Outcome.NOT_SENT, "what became of an order without budget")
            done["kept here"] += 1
        except FoxtrotError as error:
            # The venue's own bound on open orders is no throttle.
            done[type(error).__name__] += 1

    for start in range(0, 400, 100):
        await desk.run(_at_once([trade(number) for number in range(start, start + 100)]))
    await desk.clock.advance(60)
    equal(desk.world.throttled, 0, "how often the venue had to throttle us")
    sure(done[OrderStatus.OPEN.value] > 20, f"it went {done}")
    equal(done[OrderStatus.IN_DOUBT.value], 0, "the orders left in doubt")
    _same_orders(desk)


@scenario(*_READS, *_TRADING, cases=(Fault.RATE_LIMITED, Fault.BANNED))
async def who_is_told_to_wait_waits(bench: Bench, fault: Fault) -> None:
    """After a refusal for rate nothing is sent until the time that the venue stated, and then it goes on."""
    desk = await bench.trading("rest" if len(ways(bench.spec)) > 1 else "")
    order = await desk.rest()
    desk.faults.next["http"] = [fault]

    async def read() -> None:
        try:
            await desk.exchange.fetch_balance()
        except RateLimited:
            return

    await desk.run(_at_once([read() for _ in range(20)]))
    try:
        await desk.cancel(order)
    except RateLimited as error:
        equal(error.outcome, Outcome.NOT_SENT, "what became of the cancel")
        await desk.clock.advance((error.retry_after_s or 0) + 1)
        await desk.cancel(order)
    equal(desk.world.throttled, 0, "what was sent although we were told to wait")
    equal(desk.at_venue(), [], "what is open at the venue")


@scenario(*_TRADING)
async def a_cancel_overtakes_the_reads_that_wait(bench: Bench) -> None:
    """A cancel goes before everything that waits for the budget."""
    desk = await bench.trading()
    order = await desk.rest()

    async def read() -> None:
        try:
            await desk.exchange.fetch_balance()
        except RateLimited:
            return

    async def cancel() -> float:
        await desk.clock.sleep(0.5)
        began = desk.clock.monotonic()
        await desk.exchange.cancel_order(desk.symbol, client_order_id=order.client_order_id)
        return desk.clock.monotonic() - began

    async def both() -> float:
        took, _ = await asyncio.gather(cancel(), _at_once([read() for _ in range(_BURST)]))
        return took

    took = await desk.run(both())
    sure(took < 5, f"the cancel took {took:.1f} s")
    equal(desk.world.throttled, 0, "how often the venue had to throttle us")


async def _first_order(desk: Desk) -> None:
    await desk.exchange.place_order(desk.buy("0.8"))


async def _cancel(desk: Desk) -> None:
    await desk.exchange.cancel_order(desk.symbol, client_order_id=desk.at_venue()[0][0])


async def _cancel_all(desk: Desk) -> None:
    await desk.exchange.cancel_all_orders(desk.symbol)


def _late_commands(spec: AdapterSpec) -> list[tuple[str, Command]]:
    commands = [_first_order, _cancel]
    if spec.capabilities[Capability.CANCEL_ALL_ORDERS].support.usable:
        commands.append(_cancel_all)
    return [(way, command) for way in ways(spec) for command in commands]


@scenario(*_TRADING, Capability.FETCH_BALANCE, cases=_late_commands)
async def after_minutes_of_silence_a_command_goes_out_at_once_though_reads_have_used_the_budget(
    bench: Bench, case: tuple[str, Command]
) -> None:
    """The first order of a session, and a cancel after minutes without any order, wait for no read: not for its budget,
    and not for what a connection needs to open."""
    way, command = case
    desk = await bench.desk(options=by_way(way))
    if command is not _first_order:
        desk.elsewhere("0.8", "before") if command is _cancel_all else await desk.rest()
    await desk.clock.advance(200)

    async def read() -> None:
        try:
            await desk.exchange.fetch_balance()
        except RateLimited:
            return

    async def late() -> float:
        await desk.clock.sleep(1)
        began = desk.clock.monotonic()
        await command(desk)
        return desk.clock.monotonic() - began

    async def both() -> float:
        took, _ = await asyncio.gather(late(), _at_once([read() for _ in range(_BURST)]))
        return took

    took = await desk.run(both())
    sure(took < 1, f"it took {took:.1f} s")
    equal(len(desk.at_venue()), 1 if command is _first_order else 0, "the number of open orders at the venue")
    equal(desk.world.throttled, 0, "how often the venue had to throttle us")


async def _at_once(works: list[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)


def _same_orders(desk: Desk) -> None:
    theirs = sorted(name for name, _ in desk.at_venue())
    mine = sorted(order.client_order_id for order in desk.exchange.orders.open())
    equal(mine, theirs, "the open orders")
