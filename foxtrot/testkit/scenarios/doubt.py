"""Commands whose answer is lost: in doubt, then what the venue says, whatever became of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from foxtrot.capabilities import Capability
from foxtrot.errors import OrderInDoubt, VenueError
from foxtrot.model import events
from foxtrot.model.order import AmendRequest, OrderStatus
from foxtrot.sandbox.dialect import Trouble
from foxtrot.sandbox.faults import Fault
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import ways

_TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.FETCH_ORDER_STATUS)
_LOST = {  # carried out, and the answer does not say so
    "rest": (
        Fault.ANSWER_LOST,
        Fault.ANSWER_SILENT,
        Fault.ANSWER_CUT,
        Fault.ANSWER_EMPTY,
        Fault.BAD_GATEWAY,
        Fault.UNKNOWN_OUTCOME,
    ),
    "ws": (Fault.ANSWER_LOST, Fault.ANSWER_SILENT),
}
_CHANNEL = {"rest": "http", "ws": "command"}


def _every_loss(spec: AdapterSpec) -> Sequence[tuple[str, Fault]]:
    return [(way, fault) for way in ways(spec) for fault in _LOST[way or "rest"]]


def _every_absence(spec: AdapterSpec) -> Sequence[tuple[str, Fault]]:
    never = {"rest": (Fault.REQUEST_LOST, Fault.NOT_FORWARDED), "ws": (Fault.REQUEST_LOST,)}
    return [(way, fault) for way in ways(spec) for fault in never[way or "rest"]]


def meets(desk: Desk, way: str, fault: Fault) -> None:
    """Let a fault meet the next command."""
    desk.faults.next[_CHANNEL[way or "rest"]] = [fault]


async def alone(bench: Bench, way: str) -> Desk:
    """Return a desk that has traded, and whose private stream will not give anything away for a while."""
    desk = await bench.trading(way)
    desk.world.muted = True
    return desk


@scenario(*_TRADING, cases=_every_loss)
async def a_placement_whose_answer_is_lost_is_in_doubt_until_the_venue_tells(
    bench: Bench, case: tuple[str, Fault]
) -> None:
    """An order whose answer is lost is in doubt, then open; it is sent once and never rejected."""
    way, fault = case
    desk = await alone(bench, way)
    before = len(desk.kinds(events.OrderEvent))
    meets(desk, way, fault)
    order = await desk.rest()
    equal(order.status, OrderStatus.IN_DOUBT, "the order whose answer was lost")
    await desk.clock.advance(20)
    equal(desk.known(order).status, OrderStatus.OPEN, "the order once the venue was asked")
    equal(desk.at_venue(), [(order.client_order_id, order.price)], "what is open at the venue")
    told = desk.kinds(events.OrderEvent)[before:]
    equal(told, ["OrderSubmitted", "OrderInDoubt", "OrderAccepted"], "what was told")


@scenario(*_TRADING, cases=_every_absence)
async def an_order_that_never_arrived_is_denied_in_the_end_and_never_rejected(
    bench: Bench, case: tuple[str, Fault]
) -> None:
    """An order of which the venue knows nothing, long after, never arrived: it is denied, not rejected."""
    way, fault = case
    desk = await bench.trading(way)
    meets(desk, way, fault)
    order = await desk.rest()
    equal(order.status, OrderStatus.IN_DOUBT, "the order whose answer was lost")
    await desk.clock.advance(120)
    known = desk.known(order)
    equal((known.status, desk.at_venue()), (OrderStatus.DENIED, []), "the order, and what is open at the venue")
    sure("never arrived" in known.reason, f"the reason is {known.reason!r}")


@scenario(*_TRADING, cases=lambda spec: [case for case in _every_absence(spec) if case[0] == ways(spec)[-1]])
async def many_orders_in_doubt_at_once_do_not_use_up_the_budget(bench: Bench, case: tuple[str, Fault]) -> None:
    """Twenty orders that never arrived are asked for together: a comparison meanwhile ends soon, each is settled."""
    way, fault = case
    desk = await bench.trading(way)
    desk.faults.next[_CHANNEL[way or "rest"]] = [fault] * 20
    placing = [asyncio.ensure_future(desk.exchange.place_order(desk.buy())) for _ in range(20)]
    await desk.clock.advance(10)
    orders = [task.result() for task in placing]
    equal({order.status for order in orders}, {OrderStatus.IN_DOUBT}, "the states of the orders")
    since = desk.clock.monotonic()
    await desk.run(desk.exchange.disconnect())
    await desk.run(desk.exchange.connect())
    took = desk.clock.monotonic() - since
    sure(took < 60, f"it took {took:.0f} s to connect")
    await desk.clock.advance(240)
    equal({desk.known(order).status for order in orders}, {OrderStatus.DENIED}, "the states of the orders in the end")
    equal(desk.world.throttled, 0, "the refusals for rate")


@scenario(*_TRADING, cases=ways)
async def an_order_that_arrives_late_is_what_the_venue_makes_of_it(bench: Bench, way: str) -> None:
    """An order that arrives after its sender gave up is open, and was never told as anything but in doubt."""
    desk = await bench.trading(way)
    desk.world.lateness = lambda: 7.0  # type: ignore[method-assign]  # after the time limit of a request
    meets(desk, way, Fault.REQUEST_LATE)
    order = await desk.rest()
    equal(order.status, OrderStatus.IN_DOUBT, "the order that was given up")
    await desk.clock.advance(120)
    equal(len(desk.at_venue()), int(desk.known(order).status is OrderStatus.OPEN), "the number of open orders")
    sure(desk.known(order).status in (OrderStatus.OPEN, OrderStatus.DENIED), f"it is {desk.known(order).status.value}")
    sure("OrderRejected" not in desk.kinds(), "it was told as rejected")


@scenario(*_TRADING)
async def an_answer_that_no_table_knows_leaves_the_order_in_doubt_and_is_counted(bench: Bench) -> None:
    """An error code that nobody has heard of says nothing of what became of the order."""
    desk = await alone(bench, "rest" if len(ways(bench.spec)) > 1 else "")
    desk.world.answers.append(desk.world.dialect.trouble(Trouble.UNLISTED))
    order = await desk.rest()
    equal(order.status, OrderStatus.IN_DOUBT, "the order whose answer no table knows")
    equal(desk.exchange.health().unlisted, 1, "the number of unlisted answers")
    await desk.clock.advance(60)
    equal(desk.known(order).status, OrderStatus.OPEN, "the order once the venue was asked")


@scenario(*_TRADING, cases=ways)
async def a_cancel_whose_answer_is_lost_ends_with_what_the_venue_did(bench: Bench, way: str) -> None:
    """A cancel that never arrived leaves the order open; one whose answer is lost has ended it."""
    desk = await bench.trading(way)
    for fault, wanted in ((Fault.REQUEST_LOST, OrderStatus.OPEN), (Fault.ANSWER_SILENT, OrderStatus.CANCELED)):
        order = await desk.rest()
        meets(desk, way, fault)
        desk.world.muted = True
        work = desk.exchange.cancel_order(desk.symbol, client_order_id=order.client_order_id)
        error = await fails(desk, work, OrderInDoubt, "the cancel")
        sure(error.order is not None and error.order.status is OrderStatus.IN_DOUBT, f"the order is {error.order}")
        await desk.clock.advance(40)
        desk.world.muted = False
        equal(desk.known(order).status, wanted, f"the order after {fault.value}")
    equal(len(desk.at_venue()), 1, "the number of open orders at the venue")


@scenario(*_TRADING)
async def a_cancel_that_the_venue_refuses_leaves_the_order_as_it_was(bench: Bench) -> None:
    """A definite refusal of a cancel changes nothing."""
    desk = await bench.trading("rest" if len(ways(bench.spec)) > 1 else "")
    order = await desk.rest()
    desk.faults.next["http"] = [Fault.RATE_LIMITED]
    work = desk.exchange.cancel_order(desk.symbol, client_order_id=order.client_order_id)
    await fails(desk, work, VenueError, "the cancel")
    equal(desk.known(order).status, OrderStatus.OPEN, "the order")
    pending = [e.order.status for e in desk.heard if isinstance(e, events.OrderUpdated)]
    sure(OrderStatus.PENDING_CANCEL in pending, "it was never told as being canceled")


@scenario(*_TRADING, cases=ways)
async def who_stops_waiting_for_a_placement_does_not_lose_the_order(bench: Bench, way: str) -> None:
    """An order whose sender is cancelled while it waits is found and followed all the same."""
    desk = await bench.trading(way)
    if way != "ws":
        desk.faults.next["http"] = [Fault.ANSWER_SLOW]
    task = asyncio.ensure_future(desk.exchange.place_order(desk.buy()))
    await desk.clock.advance(0.025 if way == "ws" else 0.1)
    task.cancel()
    await desk.clock.advance(30)
    (order,) = desk.exchange.orders.open()
    equal(order.status, OrderStatus.OPEN, "the order")
    equal(desk.at_venue(), [(order.client_order_id, order.price)], "what is open at the venue")


@scenario(*_TRADING, Capability.AMEND_ORDER, cases=ways)
async def an_amend_whose_answer_is_lost_settles_with_one_living_order(bench: Bench, way: str) -> None:
    """After an amend whose answer was lost there is one order, at the new price, here and at the venue."""
    desk = await bench.trading(way)
    order = await desk.rest("0.8")
    price = desk.price("0.81")
    meets(desk, way, Fault.ANSWER_LOST)
    request = AmendRequest(symbol=desk.symbol, client_order_id=order.client_order_id, price=price)
    await fails(desk, desk.exchange.amend_order(request), OrderInDoubt, "the amend")
    await desk.clock.advance(90)
    (living,) = desk.exchange.orders.open()
    equal((living.status, living.price), (OrderStatus.OPEN, price), "the living order")
    equal(desk.at_venue(), [(living.client_order_id, price)], "what is open at the venue")
    if living.client_order_id != order.client_order_id:
        equal(desk.known(order).status, OrderStatus.CANCELED, "the order before it")
