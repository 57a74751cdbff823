"""Canceling everything, and the switch that does it when nobody says that all is well."""

from __future__ import annotations

import asyncio

from foxtrot.capabilities import Capability, Support
from foxtrot.errors import InvalidRequest, StateError
from foxtrot.model.events import DeadManFired
from foxtrot.model.order import OrderStatus
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import ways

_TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER)
_SWITCH = (*_TRADING, Capability.DEAD_MAN_SWITCH)


@scenario(*_TRADING, Capability.CANCEL_ALL_ORDERS, cases=ways)
async def all_orders_of_a_symbol_are_canceled_and_none_of_another(bench: Bench, way: str) -> None:
    """cancel_all_orders ends every open order of the symbol, whoever placed it, and returns them."""
    desk = await bench.trading(way, symbols=bench.traits.symbols)
    other = desk.symbols[1]
    mine = [await desk.rest(price) for price in ("0.8", "0.81")]
    desk.elsewhere("0.7", "elsewhere")
    desk.symbol = other
    kept = await desk.rest("0.8")
    desk.symbol = desk.symbols[0]
    ended = await desk.run(desk.exchange.cancel_all_orders(desk.symbol))
    names = {order.client_order_id for order in mine} | {"elsewhere"}
    equal({order.client_order_id for order in ended}, names, "the orders canceled")
    equal({order.status for order in ended}, {OrderStatus.CANCELED}, "their status")
    equal([name for name, _ in desk.at_venue()], [kept.client_order_id], "what is open at the venue")
    equal(await desk.run(desk.exchange.cancel_all_orders(desk.symbol)), [], "what a second time cancels")


@scenario(*_TRADING, Capability.CANCEL_ALL_ORDERS, cases=ways)
async def canceling_all_takes_no_more_requests_than_the_venue_needs(bench: Bench, way: str) -> None:
    """Where the venue can cancel a symbol's orders, or many at once, sixty orders go by no more than five requests."""
    desk = await bench.trading(way)
    for number in range(60):
        desk.elsewhere("0.7", f"elsewhere{number}", value=20)
        await desk.clock.advance(0.05)
    before = desk.world.asked
    ended = await desk.run(desk.exchange.cancel_all_orders(desk.symbol))
    equal((len(ended), desk.at_venue()), (60, []), "how many orders were canceled, and what is open at the venue")
    sure(desk.world.asked - before <= 5, f"it took {desk.world.asked - before} requests")


@scenario(*_TRADING, Capability.CANCEL_ALL_ORDERS, cases=ways)
async def an_order_that_ends_while_all_are_canceled_keeps_its_own_end(bench: Bench, way: str) -> None:
    """An order that is filled after it was listed and before its cancel arrives is filled; no error is raised."""
    desk = await bench.trading(way)
    orders = [await desk.rest(price) for price in ("0.9", "0.8", "0.81")]
    before = desk.world.asked
    task = asyncio.ensure_future(desk.exchange.cancel_all_orders(desk.symbol))
    while desk.world.asked == before:
        await desk.clock.advance(0.005)
    desk.sell_to_us("0.9", desk.quantity(600))
    ended = await desk.run(asyncio.wait_for(task, None))
    equal(desk.at_venue(), [], "what is open at the venue")
    await desk.clock.advance(30)
    truth = {order.client_order_id: desk.world.dialect.told_as(desk.truth_of(order)) for order in orders}
    equal({o.client_order_id: desk.known(o).status for o in orders}, truth, "what is known of the orders")
    canceled = {name for name, status in truth.items() if status is OrderStatus.CANCELED}
    equal({order.client_order_id for order in ended}, canceled, "the orders canceled")


@scenario(*_TRADING)
async def shutting_down_takes_no_new_orders_and_cancels_ours_when_asked(bench: Bench) -> None:
    """A disconnect that cancels orders cancels ours and no one else's."""
    desk = await bench.trading()
    await desk.rest()
    theirs = desk.elsewhere("0.7", "not-ours")
    await desk.clock.advance(1)
    closing = asyncio.ensure_future(desk.exchange.disconnect(cancel_orders=True))
    await asyncio.sleep(0)
    error = await fails(desk, desk.exchange.place_order(desk.buy()), StateError, "an order while closing")
    sure("closing" in error.message, error.message)
    while not closing.done():
        await desk.clock.advance(0.05)
    equal(desk.at_venue(), [("not-ours", theirs.price)], "what is open at the venue")


@scenario(*_SWITCH)
async def as_long_as_it_is_fed_nothing_happens_and_then_every_order_of_ours_is_canceled(bench: Bench) -> None:
    """The dead-man switch cancels what is open when nobody says in time that all is well."""
    desk = await bench.trading()
    for price in ("0.8", "0.81"):
        await desk.rest(price)
    await desk.run(desk.exchange.dead_man_switch.arm(10))
    for _ in range(5):
        await desk.clock.advance(8)
        desk.exchange.dead_man_switch.feed()
    equal(len(desk.at_venue()), 2, "the number of open orders while it is fed")
    await desk.clock.advance(12)
    equal(desk.at_venue(), [], "what is open at the venue")
    equal([e.timeout_s for e in desk.heard if isinstance(e, DeadManFired)], [10], "what was told")
    sure(not desk.exchange.dead_man_switch.armed, "it is still armed")
    try:
        desk.exchange.dead_man_switch.feed()
    except StateError as error:
        sure("has fired; arm it again" in error.message, error.message)
    else:
        raise AssertionError("a switch that has fired could be fed")


@scenario(*_SWITCH)
async def a_cancel_that_fails_is_tried_again(bench: Bench) -> None:
    """A dead-man switch whose first cancels fail goes on."""
    desk = await bench.trading()
    await desk.rest()
    await desk.run(desk.exchange.dead_man_switch.arm(5))
    desk.faults.next["http"] = [Fault.REFUSED, Fault.OVERLOADED]
    desk.faults.next["command"] = [Fault.REQUEST_LOST]
    await desk.clock.advance(40)
    equal(desk.at_venue(), [], "what is open at the venue")


@scenario(*_SWITCH)
async def disarmed_it_stays_quiet(bench: Bench) -> None:
    """A switch that was taken back cancels nothing, at the venue neither."""
    desk = await bench.trading()
    await desk.rest()
    await desk.run(desk.exchange.dead_man_switch.arm(5))
    await desk.run(desk.exchange.dead_man_switch.disarm())
    await desk.clock.advance(60)
    equal(len(desk.at_venue()), 1, "the number of open orders")
    sure(not desk.kinds(DeadManFired), "it fired")


@scenario(Capability.DEAD_MAN_SWITCH)
async def a_time_that_is_none_is_refused(bench: Bench) -> None:
    """The switch needs a time above 0."""
    desk = await bench.desk()
    error = await fails(desk, desk.exchange.dead_man_switch.arm(0), InvalidRequest, "a switch of 0 s")
    sure("timeout_s must be above 0, not 0" in error.message, error.message)


@scenario(*_SWITCH)
async def a_switch_of_the_venues_own_pulls_when_the_network_is_gone(bench: Bench) -> None:
    """Where the venue has the switch it pulls without us; where it is emulated the orders stay when we cannot reach
    it."""
    desk = await bench.trading()
    await desk.rest()
    await desk.run(desk.exchange.dead_man_switch.arm(10))
    desk.faults.next["http"] = [Fault.REFUSED] * 5_000
    desk.cut(refused=5_000)
    await desk.clock.advance(60)
    native = bench.spec.capabilities[Capability.DEAD_MAN_SWITCH].support is Support.FULL
    equal(len(desk.at_venue()), 0 if native else 1, "the number of open orders long after")
