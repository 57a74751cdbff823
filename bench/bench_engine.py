"""Measure what the EventEngine costs per event: `python bench/bench_engine.py`.

Every round runs all cases one after the other, so that a busy moment of the machine hits all of them; printed are the
medians over the rounds of the process's CPU time (all threads), handler included. The floor is a bare dict of handlers
by event type, with nothing around it. vn.py's engine takes part where it is installed (`make bench-peers`). `--json`
prints the medians once more, as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable

from foxtrot.engine.bus import EventEngine, Overflow
from foxtrot.model.events import Event, Quote

ROUNDS = 15
EVENTS = 50_000
EVENT = Quote("alpha", "BTC/USDT", 1, 2, 3, 1.0, 2.0, 3.0, 4.0)

Case = Callable[[], Awaitable[float]]


class SystemClock:
    """Tell real time; the engine needs it only for timers and failures."""

    def time_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)


def handle(event: Event) -> None:
    """Take an event and do nothing."""


async def handle_async(event: Event) -> None:
    """Take an event and do nothing."""


def timed(call: Callable[[Event], object]) -> float:
    event = EVENT
    started = time.process_time_ns()
    for _ in range(EVENTS):
        call(event)
    return (time.process_time_ns() - started) / EVENTS


def floor() -> Case:
    table: dict[type[Event], Callable[[Event], None]] = {Quote: handle}

    def dispatch(event: Event) -> None:
        table[event.__class__](event)

    async def run() -> float:
        return timed(dispatch)

    return run


def direct(handlers: int, *, symbol: str | None = None, latency_every: int = 64) -> Case:
    engine = EventEngine(SystemClock(), latency_every=latency_every)
    for _ in range(handlers):
        engine.subscribe(Quote, handle, symbol=symbol)

    async def run() -> float:
        return timed(engine.publish)

    return run


def lane() -> Case:
    engine = EventEngine(SystemClock())
    engine.subscribe(Quote, handle, symbol="BTC/USDT")
    publish = engine.publisher()

    async def run() -> float:
        return timed(publish)

    return run


def queued(handler: Callable[[Event], Awaitable[None] | None], overflow: Overflow) -> Case:
    async def run() -> float:
        engine = EventEngine(SystemClock())
        engine.subscribe(Quote, handler, queue=overflow)
        burst = 1_000
        async with engine:
            started = time.process_time_ns()
            for _ in range(EVENTS // burst):
                for _ in range(burst):
                    engine.publish(EVENT)
                await engine.drain()
            return (time.process_time_ns() - started) / EVENTS

    return run


def put() -> Case:
    async def run() -> float:
        engine = EventEngine(SystemClock())
        engine.subscribe(Quote, handle)
        async with engine:
            started = time.process_time_ns()
            await asyncio.to_thread(timed, engine.put)
            await engine.drain()
            return (time.process_time_ns() - started) / EVENTS

    return run


def vnpy_one_by_one() -> Case:
    """Return the same with each event waited for, as events come that are not a burst: waking up is in the figure."""
    from vnpy.event import Event as TheirEvent
    from vnpy.event import EventEngine as TheirEngine

    async def run() -> float:
        engine, handled = TheirEngine(), threading.Semaphore(0)
        engine.register("quote", lambda event: handled.release())
        engine.start()
        event = TheirEvent("quote", EVENT)
        started = time.process_time_ns()
        for _ in range(EVENTS // 20):
            engine.put(event)
            handled.acquire()
        took = time.process_time_ns() - started
        threading.Thread(target=engine.stop).start()
        return took / (EVENTS // 20)

    return run


def vnpy() -> Case:
    """Return vn.py's engine: events go through its queue to its thread, where the handlers are called."""
    from vnpy.event import Event as TheirEvent
    from vnpy.event import EventEngine as TheirEngine

    async def run() -> float:
        engine, last = TheirEngine(), threading.Event()
        engine.register("quote", lambda event: None)
        engine.register("last", lambda event: last.set())
        engine.start()
        event = TheirEvent("quote", EVENT)
        started = time.process_time_ns()
        for _ in range(EVENTS):
            engine.put(event)
        engine.put(TheirEvent("last"))
        last.wait()
        took = time.process_time_ns() - started
        threading.Thread(target=engine.stop).start()  # it waits for a timer that sleeps a second
        return took / EVENTS

    return run


CASES: dict[str, Case] = {
    "floor: dict of handlers by type": floor(),
    "publish to 1 direct handler": direct(1),
    "publish to 1 direct handler of 1 symbol": direct(1, symbol="BTC/USDT"),
    "publisher of 1 kind to 1 direct handler": lane(),
    "publish to 1 direct handler, all timed": direct(1, latency_every=1),
    "publish to 5 direct handlers": direct(5),
    "publish to nobody": direct(0),
    "publish to a queue, sync handler": queued(handle, Overflow.BLOCK),
    "publish to a queue, async handler": queued(handle_async, Overflow.BLOCK),
    "put by another thread, 1 direct handler": put(),
}
if importlib.util.find_spec("vnpy"):
    CASES["vn.py's engine"] = vnpy()
    CASES["vn.py's engine, one event at a time"] = vnpy_one_by_one()


async def main() -> None:
    results: dict[str, list[float]] = {name: [] for name in CASES}
    gc.disable()
    for _ in range(ROUNDS):
        for name, run in CASES.items():
            results[name].append(await run())
    base = statistics.median(next(iter(results.values())))
    medians = {name: statistics.median(rounds) for name, rounds in results.items()}
    for name, median in medians.items():
        print(f"{name:42} {median:8.0f} ns/event   {median / base:6.2f} x floor")
    if "--json" in sys.argv:
        print(json.dumps(medians))


if __name__ == "__main__":
    asyncio.run(main())
