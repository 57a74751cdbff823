"""Seeded campaigns: trading at random through every kind of fault, then quiet, then every invariant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from foxtrot.capabilities import Capability
from foxtrot.model.order import OrderStatus
from foxtrot.sandbox.faults import Fault
from foxtrot.sandbox.types import VenueStatus
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.campaign import Result, run
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.scenarios.shares import among_all
from foxtrot.testkit.soak import Totals, report, shrink

CHUNK, CHUNKS = 30, 11
_NOTICED = {"in_doubt", "OrderInDoubt", "ConnectFailed", "RateLimited", "CancelRejected", "impatience"}
_EVENTS = {
    "OrderFilled",
    "OrderInDoubt",
    "OrderAmended",
    "ReconcileDifference",
    "ProtocolErrorSeen",
    "ClockMeasured",
}


def _chunks(spec: AdapterSpec) -> Sequence[int]:
    return among_all(spec, range(CHUNKS))


@scenario(
    Capability.PLACE_ORDER,
    Capability.CANCEL_ORDER,
    Capability.USER_STREAM,
    Capability.FETCH_MY_TRADES,
    cases=_chunks,
    longest_s=900.0,
)
async def after_every_kind_of_fault_what_we_know_is_what_the_venue_has(bench: Bench, chunk: int) -> None:
    """No fault loses, doubles or falsely rejects an order; every fault, state and event was there to be survived."""
    totals = Totals()
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        # Each run has a loop of its own, so it goes beside this one.
        result = await asyncio.to_thread(run, seed, exchange=bench.spec.name)
        totals.add(await asyncio.to_thread(_unbroken, result, bench.spec.name))
    equal({fault.value for fault in Fault} - totals.fired.keys(), set(), "the faults that never fired")
    # Faults of requests meet no orders that go over a socket.
    unnoticed = {"RateLimited"} if bench.traits.orders_over == "ws" else set()
    equal(_NOTICED - unnoticed - totals.errors.keys(), set(), "what the client never noticed")
    equal(_told(bench) - totals.states.keys(), set(), "the states never reached")
    equal(_EVENTS - totals.events.keys(), set(), "the events never told")
    sure(totals.errors["killed"] > 5, "hardly any process was killed")


def _told(bench: Bench) -> set[str]:
    """Return the states in which a venue's orders are told to be; some call canceled what others call expired."""
    desk = bench.make()
    order = desk.elsewhere("0.8", "sample")
    order.status = VenueStatus.EXPIRED
    never = {OrderStatus.CREATED} | ({OrderStatus.EXPIRED} - {desk.world.dialect.told_as(order)})
    return {status.value for status in set(OrderStatus) - never}


def _unbroken(result: Result, exchange: str) -> Result:
    if result.broken:
        raise AssertionError("\n".join(report(shrink(result.seed, exchange), exchange)))
    return result
