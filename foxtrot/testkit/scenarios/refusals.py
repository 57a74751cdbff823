"""What the venue refuses: the right typed error with the venue's words, and nothing lost or left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal as D

import msgspec

from foxtrot.capabilities import Capability
from foxtrot.errors import (
    CancelRejected,
    FoxtrotError,
    InsufficientFunds,
    InvalidRequest,
    OrderDenied,
    OrderNotFound,
    OrderRejected,
    VenueError,
)
from foxtrot.model import events
from foxtrot.model.contract import Contract, PriceRule
from foxtrot.model.order import OrderRequest, OrderStatus
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import ways

_TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER)


def funds(desk: Desk) -> OrderRequest:
    """Return an order that the account cannot pay."""
    return desk.buy("0.8", 250_000)


def halted(desk: Desk) -> OrderRequest:
    """Return an order in a market that has just been halted."""
    desk.world.venue.set_status(desk.symbol, trading=False)
    return desk.buy()


def off_the_new_grid(desk: Desk) -> OrderRequest:
    """Return an order that was legal until a moment ago."""
    contract = desk.world.venue.contracts[desk.symbol]
    desk.world.venue.change_contract(coarser(contract))
    return desk.buy(desk.price("0.8") + contract.price_tick)


Reason = Callable[[Desk], OrderRequest]
_REASONS: dict[Reason, type[OrderRejected]] = {
    funds: InsufficientFunds,
    halted: OrderRejected,
    off_the_new_grid: OrderRejected,
}


def _every_reason(spec: AdapterSpec) -> Sequence[tuple[str, Reason]]:
    return [(way, reason) for way in ways(spec) for reason in _REASONS]


@scenario(*_TRADING, cases=_every_reason)
async def each_refusal_is_typed_and_says_the_venues_words(bench: Bench, case: tuple[str, Reason]) -> None:
    """Each reason for which a venue refuses an order is its own error; the order is rejected once, and nothing stays
    at the venue."""
    way, reason = case
    desk = await bench.trading(way)
    request, before = reason(desk), desk.at_venue()
    error = await fails(desk, desk.exchange.place_order(request), _REASONS[reason], "the order")
    sure(error.venue_message or error.message, "the error has no words")
    order = error.order
    sure(order is not None and order.status is OrderStatus.REJECTED and order.reason, f"the order is {order}")
    equal(desk.at_venue(), before, "what is open at the venue")
    equal(desk.kinds(events.OrderRejected), ["OrderRejected"], "the rejections told")
    sure("OrderInDoubt" not in desk.kinds(), "the order was in doubt")


@scenario(*_TRADING, cases=ways)
async def a_post_only_order_never_takes(bench: Bench, way: str) -> None:
    """A post-only order that would take is refused, or accepted and ended at once; it gets nothing either way."""
    desk = await bench.trading(way)
    desk.sell_to_us("1", D(1))
    try:
        order = await desk.place(desk.buy("1.01", post_only=True))
    except OrderRejected as error:
        sure(error.order is not None and error.order.status is OrderStatus.REJECTED, f"the order is {error.order}")
    else:
        await desk.clock.advance(2)
        known = desk.known(order)
        sure(known.status.done and known.reason, f"the order is {known.status.value}, for {known.reason!r}")
    equal(desk.at_venue(), [], "what is open at the venue")
    filled = sum((o.filled for o in desk.world.venue.orders(desk.account, desk.symbol)), D(0))
    equal((filled, desk.kinds(events.OrderFilled)), (D(0), []), "what was filled")


@scenario(Capability.VALIDATE_ORDER, cases=ways)
async def the_venue_checks_an_order_without_placing_it(bench: Bench, way: str) -> None:
    """validate_only places nothing, whatever the venue says of the order."""
    desk = await bench.trading(way)
    checked = await desk.place(desk.buy(validate_only=True))
    equal(checked.status, OrderStatus.CREATED, "the order that was only checked")
    halted(desk)
    await fails(desk, desk.exchange.place_order(desk.buy(validate_only=True)), VenueError, "the check")
    equal(desk.at_venue(), [], "what is open at the venue")
    equal(len(desk.world.venue.orders(desk.account, desk.symbol)), 1, "the number of orders ever placed")


@scenario(*_TRADING, cases=ways)
async def what_breaks_a_rule_is_denied_here_with_the_nearest_legal_value(bench: Bench, way: str) -> None:
    """An order that the contract's rules forbid does not leave; the denial names rule, value and nearest value."""
    desk = await bench.trading(way)
    contract = desk.exchange.contracts.get(desk.symbol)
    asked, price = desk.world.asked, desk.price("0.8")
    request = desk.buy(price + contract.price_tick / 2)
    denied = await fails(desk, desk.exchange.place_order(request), OrderDenied, "an order off the price grid")
    equal((denied.value, denied.nearest), (price + contract.price_tick / 2, price), "the value and the nearest one")
    small = msgspec.structs.replace(desk.buy(), quantity=contract.min_quantity / 2)
    await fails(desk, desk.exchange.place_order(small), OrderDenied, "an order that is too small")
    equal(desk.world.asked, asked, "what the venue was asked")


@scenario(Capability.CANCEL_ORDER, Capability.FETCH_ORDER_STATUS, Capability.PLACE_ORDER, cases=ways)
async def what_does_not_exist_is_told_as_such(bench: Bench, way: str) -> None:
    """A cancel of an order that is over is CancelRejected; an order that nobody knows is OrderNotFound."""
    desk = await bench.trading(way)
    order = await desk.rest()
    await desk.cancel(order)
    exchange, symbol = desk.exchange, desk.symbol
    cancel = exchange.cancel_order(symbol, client_order_id=order.client_order_id)
    await fails(desk, cancel, CancelRejected, "the second cancel")
    equal(desk.known(order).status, OrderStatus.CANCELED, "the order after the second cancel")
    unknown = desk.world.dialect.order_id(999_999)
    await fails(desk, exchange.fetch_order_status(symbol, order_id=unknown), OrderNotFound, "the query")
    await fails(desk, exchange.fetch_order_status(symbol, client_order_id="nobody"), OrderNotFound, "the query")


@scenario(Capability.PLACE_ORDER, Capability.CANCEL_ORDER, cases=ways)
async def an_id_is_never_used_for_two_orders(bench: Bench, way: str) -> None:
    """Our id names one order for ever."""
    desk = await bench.trading(way)
    await desk.cancel(await desk.rest(client_order_id="mine"))
    again = desk.exchange.place_order(desk.buy(client_order_id="mine"))
    error = await fails(desk, again, InvalidRequest, "the second order")
    sure("'mine' was used already, by an order that is canceled" in error.message, error.message)


@scenario(*_TRADING, Capability.FETCH_ORDER_STATUS, cases=ways)
async def an_id_that_another_client_has_just_used_never_makes_two_orders(bench: Bench, way: str) -> None:
    """Where the venue holds an open order of the same id, ours is refused or is that one; there are never two."""
    desk = await bench.trading(way)
    desk.world.muted = True
    desk.elsewhere("0.7", "taken")
    try:
        await desk.place(desk.buy(client_order_id="taken"))
    except FoxtrotError as error:
        sure(isinstance(error, OrderRejected), f"it ended with {error!r}")
    await desk.clock.advance(60)
    equal([name for name, _ in desk.at_venue()], ["taken"], "the orders of that id at the venue")
    await desk.run(desk.exchange.orders.reconcile("the end"))
    equal([order.price for order in desk.exchange.orders.open()], [desk.price("0.7")], "the open orders known")


def coarser(contract: Contract) -> Contract:
    """Return a contract whose price grid is ten times as coarse."""
    rules = tuple(
        msgspec.structs.replace(rule, tick=rule.tick * 10) if isinstance(rule, PriceRule) else rule
        for rule in contract.rules
    )
    return msgspec.structs.replace(contract, rules=rules)
