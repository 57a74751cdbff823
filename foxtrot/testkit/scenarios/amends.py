"""Changing an order: in place, or by another one in its stead."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D

from foxtrot.capabilities import Capability
from foxtrot.errors import CancelRejected, InvalidRequest, OrderDenied, OrderNotFound
from foxtrot.model import events
from foxtrot.model.order import AmendRequest, Order, OrderRequest, OrderStatus, Side
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import by_way, ways

_AMENDING = (Capability.AMEND_ORDER, Capability.PLACE_ORDER, Capability.CANCEL_ORDER)


def _every_change(spec: AdapterSpec) -> Sequence[tuple[str, str]]:
    return [(way, what) for way in ways(spec) for what in ("price", "quantity", "both")]


@scenario(*_AMENDING, cases=_every_change)
async def an_amended_order_lives_on_with_its_new_terms(bench: Bench, case: tuple[str, str]) -> None:
    """After an amend one order lives, here and at the venue, with the new terms; where it has new ids, the old one is
    over."""
    way, what = case
    desk = await bench.trading(way)
    order = await desk.rest("0.8")
    price = desk.price("0.81") if what != "quantity" else None
    quantity = desk.quantity(900) if what != "price" else None
    living = await amended(desk, order, price=price, quantity=quantity)
    wanted = (OrderStatus.OPEN, price or order.price, quantity or order.quantity)
    equal((living.status, living.price, living.quantity), wanted, "the amended order")
    await desk.clock.advance(1)
    (theirs,) = desk.world.venue.open_orders(desk.account)
    equal((theirs.price, theirs.quantity), wanted[1:], "the venue's order")
    equal([o.order_id for o in desk.exchange.orders.open()], [living.order_id], "the open orders known")
    if living.client_order_id != order.client_order_id:
        equal(desk.known(order).status, OrderStatus.CANCELED, "the order before it")
    sure("OrderAmended" in desk.kinds(events.OrderEvent), "no OrderAmended was told")
    await desk.cancel(living)
    equal(desk.at_venue(), [], "what is open at the venue")


@scenario(*_AMENDING, cases=ways)
async def what_is_filled_stays_filled_through_an_amend(bench: Bench, way: str) -> None:
    """The new quantity of an order is its whole quantity: what was filled before counts."""
    desk = await bench.trading(way)
    order = await desk.rest("0.9")
    part = desk.quantity(200)
    desk.sell_to_us("0.9", part)
    await desk.clock.advance(1)
    whole = desk.quantity(800)
    await amended(desk, order, quantity=whole)
    desk.sell_to_us("0.9", D(1))
    await desk.clock.advance(2)
    bought = sum((o.filled for o in desk.world.venue.orders(desk.account, desk.symbol)), D(0))
    equal(bought, whole, "what was bought in all")
    told = sum((e.fill.quantity for e in desk.heard if isinstance(e, events.OrderFilled)), D(0))
    equal(told, whole, "what was told as bought")
    equal(desk.exchange.orders.open(), [], "the open orders known")


@scenario(*_AMENDING, Capability.FETCH_ORDER_STATUS, cases=ways)
async def an_order_that_is_open_has_no_reason_whatever_was_done_to_it(bench: Bench, way: str) -> None:
    """An amended order is open, and nothing else: what it was amended for is no reason of its own."""
    desk = await bench.desk(options=by_way(way))
    exchange, symbol, whole = desk.exchange, desk.symbol, desk.quantity(900)
    for price, quantity in ((None, exchange.contracts.round_quantity(symbol, whole / 2)), (desk.price("0.91"), None)):
        order = await desk.place(OrderRequest.limit(symbol, Side.BUY, whole, desk.price("0.9")))
        order = await amended(desk, order, price=price, quantity=quantity)
        equal((order.status, order.reason), (OrderStatus.OPEN, ""), "the order as answered")
        await desk.clock.advance(5)
        asked = await desk.run(exchange.fetch_order_status(symbol, client_order_id=order.client_order_id))
        for name, known in (("known", desk.known(order)), ("asked for", asked)):
            equal((known.status, known.reason), (OrderStatus.OPEN, ""), f"the order as {name}")


@scenario(*_AMENDING, cases=ways)
async def an_amend_that_cannot_be_is_refused_and_changes_nothing(bench: Bench, way: str) -> None:
    """An amend without a change, an illegal one, or one of an order that is over, is its own error."""
    desk = await bench.trading(way)
    order = await desk.rest()
    tick = desk.exchange.contracts.get(desk.symbol).price_tick
    symbol, name = desk.symbol, order.client_order_id
    none = AmendRequest(symbol=symbol, client_order_id=name)
    await fails(desk, desk.exchange.amend_order(none), InvalidRequest, "an amend without a change")
    illegal = AmendRequest(symbol=symbol, client_order_id=name, price=desk.price("0.8") + tick / 2)
    await fails(desk, desk.exchange.amend_order(illegal), OrderDenied, "an amend off the grid")
    equal(desk.at_venue(), [(name, order.price)], "what is open at the venue")
    equal(desk.known(order).status, OrderStatus.OPEN, "the order")
    await desk.cancel(order)
    late = desk.exchange.amend_order(AmendRequest(symbol=symbol, client_order_id=name, price=desk.price("0.81")))
    try:
        await fails(desk, late, CancelRejected, "the amend of a canceled order")
    except AssertionError as other:
        if not isinstance(other.__cause__, OrderNotFound):
            raise
    equal((desk.at_venue(), desk.exchange.orders.open()), ([], []), "what is open")


async def amended(desk: Desk, order: Order, *, price: D | None = None, quantity: D | None = None) -> Order:
    """Amend an order of ours and return the living one."""
    request = AmendRequest(symbol=order.symbol, client_order_id=order.client_order_id, price=price, quantity=quantity)
    return await desk.run(desk.exchange.amend_order(request))
