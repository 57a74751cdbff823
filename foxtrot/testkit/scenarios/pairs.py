"""Two exchanges in one process: one engine, one journal; what befalls one venue leaves the other alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from foxtrot.capabilities import Capability
from foxtrot.errors import FoxtrotError
from foxtrot.model import events
from foxtrot.model.events import AdapterState
from foxtrot.model.order import OrderStatus
from foxtrot.plugins import default_registry
from foxtrot.sandbox.faults import Fault
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.invariants import findings
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.scenarios.shares import installed

_TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.USER_STREAM, Capability.FETCH_BALANCE)
Blow = Callable[[Desk], None]


def dies(desk: Desk) -> None:
    """Let a venue be gone: nothing can be reached any more."""
    desk.faults.next["http"] = [Fault.REFUSED] * 10_000
    desk.cut(refused=10_000)


def throttles(desk: Desk) -> None:
    """Let a venue refuse for rate, and ban."""
    desk.faults.next["http"] = [Fault.RATE_LIMITED, Fault.BANNED] * 5_000


def lies(desk: Desk) -> None:
    """Let a venue answer nonsense and say nonsense."""
    desk.faults.next["http"] = [Fault.ANSWER_EMPTY, Fault.BAD_GATEWAY, Fault.ANSWER_CUT] * 3_000
    desk.faults.next["frame"] = [Fault.GARBAGE, Fault.MISSING, Fault.DUPLICATE] * 3_000


_BLOWS: tuple[Blow, ...] = (dies, throttles, lies)


def partner_of(spec: AdapterSpec) -> str:
    """Return the name of a venue to stand beside: one of another family where there is one, "" when there is none."""
    others = [one for one in installed() if one.name != spec.name]
    strangers = [one for one in others if one.distribution != spec.distribution]
    return (strangers or others)[0].name if others else ""


def _partners(spec: AdapterSpec) -> Sequence[str]:
    name = partner_of(spec)
    return (name,) if name else ()


def _blows(spec: AdapterSpec) -> Sequence[tuple[str, Blow]]:
    return [(name, blow) for name in _partners(spec) for blow in _BLOWS]


@scenario(*_TRADING, cases=_partners)
async def two_venues_share_an_engine_and_a_journal_and_nothing_else(bench: Bench, partner: str) -> None:
    """Orders, fills and balances of two venues on one engine, written to one file, are each venue's own; after a
    restart each goes on with its own."""
    journal = bench.journal()
    one, other = await _both(bench, partner, journal.path)
    for desk in (one, other):
        desk.sell_to_us("1", desk.quantity(60_000))
        await desk.place(desk.buy("1", 300, client_order_id="taken"))
        await desk.rest("0.8", client_order_id="same")
    await one.clock.advance(2)
    for desk in (one, other):
        _right(desk)
        names = {event.order.exchange for event in desk.heard if isinstance(event, events.OrderEvent)}
        equal(names, {desk.spec.name}, "the exchanges of the orders told")
        equal(desk.kinds(events.OrderFilled), ["OrderFilled"], "the fills told")
    for desk in (one, other):
        await desk.run(desk.exchange.disconnect())
    equal(journal.check(), [], "what is wrong in the journal")
    again = [await bench.desk(journal.path), await bench.beside(one, _load(partner), journal.path)]
    for desk, before in zip(again, (one, other), strict=True):
        known = desk.exchange.orders.get("same")
        sure(known is not None and known.exchange == before.spec.name, f"it knows {known}")
        filled = desk.exchange.orders.get("taken")
        sure(filled is not None and filled.status is OrderStatus.FILLED, f"it knows {filled}")


@scenario(*_TRADING, cases=_blows)
async def what_befalls_one_venue_leaves_the_other_alone(bench: Bench, case: tuple[str, Blow]) -> None:
    """While one venue dies, throttles or lies, the other trades on, without delay and READY throughout; the first one
    comes back by itself."""
    partner, blow = case
    struck, other = await _both(bench, partner)
    await other.cancel(await other.rest("0.7"))
    await struck.cancel(await struck.rest("0.7"))
    since = len(other.heard)
    blow(struck)
    for _ in range(15):
        await _trouble(struck)
        began = other.clock.monotonic()
        order = await other.rest("0.8")
        equal(order.status, OrderStatus.OPEN, "an order at the other venue")
        await other.cancel(order)
        sure(other.clock.monotonic() - began < 1.5, f"it took {other.clock.monotonic() - began:.1f} s")
        await other.clock.advance(2)
    changes = [e for e in other.heard[since:] if isinstance(e, events.StateChanged | events.ChannelStateChanged)]
    equal(changes, [], "what happened to the connection of the other")
    equal(other.world.throttled, 0, "how often the other had to throttle us")
    _right(other)
    struck.faults.clear()
    await struck.clock.advance(1_000)
    equal(struck.exchange.state, AdapterState.READY, "the state of the first one afterwards")
    _right(struck)


async def _both(bench: Bench, partner: str, journal: Path | None = None) -> tuple[Desk, Desk]:
    one = await bench.desk(journal)
    return one, await bench.beside(one, _load(partner), journal)


async def _trouble(desk: Desk) -> None:
    try:
        await desk.run(desk.exchange.fetch_balance())
    except FoxtrotError as error:
        sure(error.exchange in ("", desk.spec.name), f"the error is of {error.exchange}")


def _right(desk: Desk) -> None:
    world = desk.world
    ours = {e.order.client_order_id for e in desk.heard if isinstance(e, events.OrderSubmitted)}
    equal(list(findings(desk.exchange, world.venue, world.dialect, desk.heard, ours)), [], "what is broken")


def _load(name: str) -> AdapterSpec:
    return default_registry().load(name)
