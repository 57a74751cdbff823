"""The life of an order, of every type, by every way in which orders can be sent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D

from foxtrot.capabilities import Capability
from foxtrot.errors import OrderDenied, OrderRejected, UnsupportedError
from foxtrot.model import events
from foxtrot.model.order import Order, OrderRequest, OrderStatus, OrderType, Side, TimeInForce
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import ways

_TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.FETCH_ORDER_STATUS)
_LOW, _HIGH = "0.9", "1.1"  # of the price at the start


def _every_type(spec: AdapterSpec) -> Sequence[tuple[str, OrderType]]:
    return [(way, kind) for way in ways(spec) for kind in OrderType]


@scenario(*_TRADING, Capability.FETCH_OPEN_ORDERS, cases=_every_type)
async def every_type_of_order_is_filled_as_the_venue_says(bench: Bench, case: tuple[str, OrderType]) -> None:
    """An order of every type that a contract lists is accepted, found, filled and told of once; others are refused
    before they leave."""
    way, kind = case
    desk = await bench.trading(way)
    request = request_of(desk, kind)
    if kind not in desk.exchange.contracts.get(desk.symbol).order_types:
        await _refused_here(desk, request)
        return
    if kind in (OrderType.MARKET, OrderType.LIMIT):
        desk.sell_to_us("1", D(1))
    order = await desk.place(request)
    await desk.clock.advance(1)  # some venues tell of fills after their answer only
    if not desk.known(order).status.done:
        equal(order.status, OrderStatus.OPEN, f"the {kind.value} order")
        await _is_found(desk, order)
        _reach(desk, kind)
    await desk.clock.advance(1)
    _is_filled(desk, order)


@scenario(*_TRADING, Capability.FETCH_OPEN_ORDERS, cases=_every_type)
async def every_type_of_order_rests_and_is_canceled(bench: Bench, case: tuple[str, OrderType]) -> None:
    """An order of every type that can wait does so, shows at the venue with the same terms, and can be canceled."""
    way, kind = case
    desk = await bench.trading(way)
    if kind is OrderType.MARKET or kind not in desk.exchange.contracts.get(desk.symbol).order_types:
        await _ended_or_refused(desk, request_of(desk, kind))
        return
    order = await desk.place(_waiting(desk, kind))
    equal(order.status, OrderStatus.OPEN, f"the {kind.value} order")
    await _is_found(desk, order)
    (theirs,) = desk.world.venue.open_orders(desk.account)
    # The price at which a trailing stop triggers is the market's doing, not a term of it.
    triggers = kind is not OrderType.TRAILING_STOP
    equal(
        (theirs.type, theirs.side, theirs.quantity, theirs.price or None, theirs.trailing_offset or None),
        (order.type, order.side, order.quantity, order.price, order.trailing_offset),
        "the venue's order",
    )
    equal(triggers and theirs.stop_price, triggers and (order.stop_price or D(0)), "the venue's trigger")
    ended = await desk.cancel(order)
    equal(ended.status, OrderStatus.CANCELED, "the order after its cancel")
    equal(desk.at_venue(), [], "what is open at the venue")
    equal(await desk.run(desk.exchange.fetch_open_orders()), [], "what is open")
    equal(told(desk, order), ["OrderSubmitted", "OrderAccepted", "OrderCanceled"], "what was told")


@scenario(*_TRADING, cases=ways)
async def a_part_is_filled_and_the_rest_canceled(bench: Bench, way: str) -> None:
    """An order that is filled in part says so, and keeps what it got when its rest is canceled."""
    desk = await bench.trading(way)
    order = await desk.rest("0.9")
    part = desk.quantity(200)
    desk.sell_to_us("0.9", part)
    await desk.clock.advance(1)
    known = desk.known(order)
    equal((known.status, known.filled), (OrderStatus.PARTIALLY_FILLED, part), "the order after the fill")
    ended = await desk.cancel(order)
    equal((ended.status, ended.filled), (OrderStatus.CANCELED, part), "the order after its cancel")
    await desk.clock.advance(1)
    equal(told(desk, order)[-3:], ["OrderAccepted", "OrderFilled", "OrderCanceled"], "what was told")


@scenario(*_TRADING, cases=ways)
async def what_is_not_filled_at_once_expires_where_it_was_so_asked(bench: Bench, way: str) -> None:
    """The rest of an immediate-or-cancel order expires with what it got."""
    desk = await bench.trading(way)
    part = desk.quantity(200)
    desk.sell_to_us("1", part)
    order = await desk.place(desk.buy("1.01", time_in_force=TimeInForce.IOC))
    await desk.clock.advance(1)
    known = desk.known(order)
    sure(known.status in (OrderStatus.EXPIRED, OrderStatus.CANCELED), f"the rest is {known.status.value}, not over")
    equal(known.filled, part, "what was filled")
    equal(desk.at_venue(), [], "what is open at the venue")


@scenario(*_TRADING, cases=ways)
async def all_or_nothing_is_nothing_in_a_thin_market(bench: Bench, way: str) -> None:
    """A fill-or-kill order that cannot be filled wholly gets nothing; where there is no such thing, it does not
    leave."""
    desk = await bench.trading(way)
    desk.sell_to_us("1", desk.quantity(200))
    asked = len(desk.world.venue.orders(desk.account, desk.symbol))
    try:
        order = await desk.place(desk.buy("1.01", time_in_force=TimeInForce.FOK))
    except UnsupportedError:
        equal(len(desk.world.venue.orders(desk.account, desk.symbol)), asked, "the number of orders at the venue")
        return
    await desk.clock.advance(1)
    known = desk.known(order)
    sure(known.status in (OrderStatus.EXPIRED, OrderStatus.CANCELED), f"it is {known.status.value}, not over")
    equal((known.filled, desk.at_venue()), (D(0), []), "what was filled and what is open")


@scenario(*_TRADING, Capability.USER_STREAM, cases=ways)
async def what_the_venue_ends_by_its_own_rules_has_expired(bench: Bench, way: str) -> None:
    """An order that the venue ends by itself is told of once, in the venue's word for it."""
    desk = await bench.trading(way)
    order = await desk.rest()
    desk.world.venue.expire(desk.account, desk.symbol, desk.truth_of(order).order_id)
    await desk.clock.advance(1)
    status = desk.world.dialect.told_as(desk.truth_of(order))
    equal(desk.known(order).status, status, "the order")
    equal(told(desk, order), ["OrderSubmitted", "OrderAccepted", f"Order{status.value.title()}"], "what was told")


@scenario(*_TRADING, cases=ways)
async def a_market_order_by_quote_amount_spends_no_more(bench: Bench, way: str) -> None:
    """A market order may state what it spends; where the contract does not take that, it does not leave."""
    desk = await bench.trading(way)
    desk.sell_to_us("1", D(1))
    request = OrderRequest.market(desk.symbol, Side.BUY, quote_quantity="100")
    if not desk.exchange.contracts.get(desk.symbol).quote_quantity_allowed:
        await _refused_here(desk, request)
        return
    order = await desk.place(request)
    await desk.clock.advance(1)
    known = desk.known(order)
    equal(known.status, OrderStatus.FILLED, "the order")
    sure(D(99) < known.filled_quote <= D(100), f"it spent {known.filled_quote}")


@scenario(*_TRADING, cases=ways)
async def a_market_sell_by_quote_amount_gets_as_much_or_does_not_leave(bench: Bench, way: str) -> None:
    """A market order may state what a sale is to bring; where the venue takes that of buys only, it does not leave."""
    desk = await bench.trading(way)
    desk.world.venue.place_agent(desk.symbol, Side.BUY, desk.price("1"), D(1))
    request = OrderRequest.market(desk.symbol, Side.SELL, quote_quantity="100")
    contract = desk.exchange.contracts.get(desk.symbol)
    if contract.quote_quantity_buys_only or not contract.quote_quantity_allowed:
        await _refused_here(desk, request)
        return
    order = await desk.place(request)
    await desk.clock.advance(1)
    known = desk.known(order)
    equal(known.status, OrderStatus.FILLED, "the order")
    sure(D(99) < known.filled_quote <= D(100), f"it brought {known.filled_quote}")


@scenario(*_TRADING, cases=ways)
async def a_trailing_offset_off_the_price_grid_is_denied_with_the_nearest_one(bench: Bench, way: str) -> None:
    """A distance that no price of the contract can keep does not leave; where there is no such order, neither."""
    desk = await bench.trading(way)
    contract, quantity = desk.exchange.contracts.get(desk.symbol), desk.quantity(600)
    tick, offset = contract.price_tick, desk.price("0.05")
    if OrderType.TRAILING_STOP not in contract.order_types:
        await _refused_here(desk, OrderRequest.trailing_stop(desk.symbol, Side.SELL, quantity, offset))
        return
    asked = desk.world.asked
    for wrong, nearest in ((offset + tick / 4, offset), (tick / 4, tick)):
        request = OrderRequest.trailing_stop(desk.symbol, Side.SELL, quantity, wrong)
        denied = await fails(desk, desk.exchange.place_order(request), OrderDenied, "a trailing stop off the grid")
        equal((denied.value, denied.nearest), (wrong, nearest), "the value and the nearest one")
    equal(desk.world.asked, asked, "what the venue was asked")
    far = OrderRequest.trailing_stop(desk.symbol, Side.SELL, quantity, desk.price("1.5"))
    await fails(desk, desk.exchange.place_order(far), OrderRejected, "a distance beyond the price itself")


@scenario(*_TRADING, cases=ways)
async def an_iceberg_shows_a_part_of_itself(bench: Bench, way: str) -> None:
    """An iceberg order rests with the part that it shows; where the contract takes none, it does not leave."""
    desk = await bench.trading(way)
    whole = desk.quantity(6_000)
    part = desk.exchange.contracts.round_quantity(desk.symbol, whole / 5)
    request = OrderRequest.limit(desk.symbol, Side.BUY, whole, desk.price("0.8"), iceberg_quantity=part)
    if not desk.exchange.contracts.get(desk.symbol).iceberg_allowed:
        await _refused_here(desk, request)
        return
    order = await desk.place(request)
    equal(order.status, OrderStatus.OPEN, "the iceberg order")
    (theirs,) = desk.world.venue.open_orders(desk.account)
    equal((theirs.quantity, theirs.iceberg_quantity), (whole, part), "the venue's order")


def request_of(desk: Desk, kind: OrderType) -> OrderRequest:
    """Return an order of a type that `_reach` will fill: triggers sell, all else buys."""
    quantity = desk.quantity(600)
    if kind is OrderType.MARKET:
        return OrderRequest.market(desk.symbol, Side.BUY, quantity)
    if not kind.has_trigger:
        post = kind is OrderType.LIMIT_MAKER
        return OrderRequest.limit(desk.symbol, Side.BUY, quantity, desk.price("0.95" if post else "1"), post_only=post)
    if kind is OrderType.TRAILING_STOP:
        return OrderRequest.trailing_stop(desk.symbol, Side.SELL, quantity, desk.price("0.05"))
    profit = kind in (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
    trigger = desk.price("1.05" if profit else "0.95", Side.SELL)
    limit = desk.price("0.85", Side.SELL) if kind.has_price else None
    return OrderRequest.stop(desk.symbol, Side.SELL, quantity, trigger, price=limit, take_profit=profit)


def move_to(desk: Desk, price: D) -> None:
    """Let the market trade at a price and leave a large bid there."""
    venue = desk.world.venue
    venue.place_agent(desk.symbol, Side.SELL, price, desk.quantity(60))
    venue.place_agent(desk.symbol, Side.BUY, price, D(2))


def told(desk: Desk, order: Order) -> list[str]:
    """Return the names of the order's events, updates of no consequence left out."""
    return [
        type(e).__name__
        for e in desk.heard
        if isinstance(e, events.OrderEvent)
        and e.order.client_order_id == order.client_order_id
        and not isinstance(e, events.OrderUpdated)
    ]


def _waiting(desk: Desk, kind: OrderType) -> OrderRequest:
    if kind.has_trigger:
        return request_of(desk, kind)
    return desk.buy("0.8", post_only=kind is OrderType.LIMIT_MAKER)


def _reach(desk: Desk, kind: OrderType) -> None:
    """Let the market fill an order of that type."""
    if kind.has_trigger:
        up = kind in (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
        move_to(desk, desk.price(_HIGH if up else _LOW, Side.SELL))
    else:
        desk.sell_to_us("0.9", D(1))


async def _is_found(desk: Desk, order: Order) -> None:
    """Claim that queries by either id and the list of open orders show the order as it is known."""
    by_venue_id = await desk.run(desk.exchange.fetch_order_status(desk.symbol, order_id=order.order_id))
    by_our_id = await desk.run(desk.exchange.fetch_order_status(desk.symbol, client_order_id=order.client_order_id))
    (listed,) = await desk.run(desk.exchange.fetch_open_orders(desk.symbol))
    for name, found in (("by the venue's id", by_venue_id), ("by our id", by_our_id), ("in the list", listed)):
        equal(_terms(found), _terms(order), f"the order as found {name}")


def _terms(order: Order) -> tuple[object, ...]:
    ids = (order.client_order_id, order.order_id, order.side, order.type, order.status)
    trigger = order.trailing_offset if order.type is OrderType.TRAILING_STOP else order.stop_price
    return (*ids, order.quantity, order.price, trigger, order.filled)


def _is_filled(desk: Desk, order: Order) -> None:
    known = desk.known(order)
    theirs = desk.truth_of(known)
    equal(known.status, OrderStatus.FILLED, f"the {order.type.value} order")
    equal((known.filled, known.filled_quote), (theirs.filled, theirs.filled_quote), "what was filled")
    names = told(desk, order)
    equal(names.count("OrderFilled"), len(theirs.executions), "how often a fill was told")
    equal(names[0], "OrderSubmitted", "the first that was told")


async def _refused_here(desk: Desk, request: OrderRequest) -> None:
    asked = desk.world.asked
    await fails(desk, desk.exchange.place_order(request), UnsupportedError, f"a {request.type.value} order")
    equal(desk.world.asked, asked, "what the venue was asked")


async def _ended_or_refused(desk: Desk, request: OrderRequest) -> None:
    """A market order never waits: in an empty market it ends at once, or the venue refuses it."""
    if request.type not in desk.exchange.contracts.get(desk.symbol).order_types:
        await _refused_here(desk, request)
        return
    try:
        order = await desk.place(request)
    except OrderRejected:
        return
    await desk.clock.advance(1)
    sure(desk.known(order).status.done, f"a market order in an empty market is {desk.known(order).status.value}")
