"""Contracts that change while one is connected: told as events, in force at once, and nothing is forgotten."""

from __future__ import annotations

from foxtrot.capabilities import Capability
from foxtrot.errors import OrderDenied, OrderRejected, UnknownSymbol
from foxtrot.model.contract import ContractStatus
from foxtrot.model.events import ContractChange, ContractUpdated
from foxtrot.model.order import OrderStatus
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.refusals import coarser
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import ways

_TRADING = (Capability.FETCH_MARKETS, Capability.PLACE_ORDER, Capability.CANCEL_ORDER)


@scenario(Capability.FETCH_MARKETS)
async def contracts_are_what_the_venue_lists(bench: Bench) -> None:
    """Symbols, grids, bounds and order types are those of the venue's own contracts; an unknown symbol is told with
    close names."""
    desk = await bench.desk(symbols=bench.traits.symbols)
    listed = {contract.symbol: contract for contract in await desk.run(desk.exchange.fetch_markets())}
    equal(set(listed), set(bench.traits.symbols), "the symbols")
    for symbol, theirs in desk.world.venue.contracts.items():
        mine = listed[symbol]
        for fact in ("base", "quote", "price_tick", "quantity_step", "min_quantity", "min_notional", "status"):
            equal(getattr(mine, fact), getattr(theirs, fact), f"{fact} of {symbol}")
        equal(set(mine.order_types), set(theirs.order_types), f"the order types of {symbol}")
    wrong = desk.symbol[:-1] + "X"
    error = await fails(desk, desk.exchange.fetch_ticker(wrong), UnknownSymbol, "a misspelt symbol")
    sure(desk.symbol in error.close_names, f"the close names are {error.close_names}")


@scenario(*_TRADING)
async def a_new_tick_is_told_within_the_interval_and_in_force_at_once(bench: Bench) -> None:
    """A price grid that has become coarser is told, and orders off it are denied here."""
    desk = await bench.desk()
    before = desk.world.venue.contracts[desk.symbol]
    desk.world.venue.change_contract(coarser(before))
    await desk.clock.advance(601)
    equal(_updates(desk), [(ContractChange.CHANGED, ("price_tick",))], "the changes told")
    price = desk.price("0.8") // (before.price_tick * 10) * (before.price_tick * 10)
    work = desk.exchange.place_order(desk.buy(price + before.price_tick))
    denied = await fails(desk, work, OrderDenied, "an order off the new grid")
    equal(denied.nearest, price, "the nearest price")


@scenario(*_TRADING)
async def a_change_is_known_as_soon_as_the_venue_says_so(bench: Bench) -> None:
    """Where the venue announces changes a halt is told in seconds, after a cut of the stream too; elsewhere within the
    interval."""
    desk = await bench.desk()
    for trading in (False, True, False):
        await desk.clock.advance(100)
        before = len(_updates(desk))
        desk.world.venue.set_status(desk.symbol, trading=trading)
        await desk.clock.advance(5)
        equal(len(_updates(desk)) - before, int(bench.traits.announces_listing), "the changes told so far")
        status = desk.exchange.contracts.get(desk.symbol).status
        if bench.traits.announces_listing:
            equal(status is ContractStatus.TRADING, trading, "whether it is known to trade")
        desk.cut()
    await desk.clock.advance(601)
    sure(desk.exchange.contracts.get(desk.symbol).status is not ContractStatus.TRADING, "it still trades")


@scenario(Capability.FETCH_MARKETS)
async def many_announced_changes_are_read_together(bench: Bench) -> None:
    """Fifty changes in a row have the contracts read twice at most, and what they are in the end is known."""
    desk = await bench.desk()
    await desk.clock.advance(100)
    asked = desk.world.asked
    for number in range(51):
        desk.world.venue.set_status(desk.symbol, trading=number % 2 == 1)
        await desk.clock.advance(0.5)
    await desk.clock.advance(40)
    sure(desk.world.asked - asked <= 5, f"{desk.world.asked - asked} requests for 51 changes")
    await desk.clock.advance(601)
    sure(desk.exchange.contracts.get(desk.symbol).status is not ContractStatus.TRADING, "it still trades")


@scenario(*_TRADING, cases=ways)
async def a_refusal_that_the_rules_do_not_explain_has_them_read_again(bench: Bench, way: str) -> None:
    """A venue that refuses what its rules allowed has changed them."""
    desk = await bench.trading(way)
    await desk.clock.advance(60)
    before = desk.world.venue.contracts[desk.symbol]
    desk.world.venue.change_contract(coarser(before))
    price = desk.price("0.8") // (before.price_tick * 10) * (before.price_tick * 10) + before.price_tick
    await fails(desk, desk.exchange.place_order(desk.buy(price)), OrderRejected, "an order off the new grid")
    await desk.clock.advance(5)
    equal(_updates(desk), [(ContractChange.CHANGED, ("price_tick",))], "the changes told")


@scenario(*_TRADING, cases=ways)
async def refusals_do_not_make_a_storm_of_questions(bench: Bench, way: str) -> None:
    """Ten refusals in a row have the contracts read once."""
    desk = await bench.trading(way)
    await desk.clock.advance(60)
    reading = desk.world.requests.copy()
    await desk.run(desk.exchange.fetch_markets())
    once = (desk.world.requests - reading).total()
    desk.world.venue.set_status(desk.symbol, trading=False)
    await desk.clock.advance(60)
    asked = desk.world.asked
    for _ in range(10):
        await fails(desk, desk.exchange.place_order(desk.buy()), OrderRejected, "an order in a halted market")
    await desk.clock.advance(5)
    sure(desk.world.asked - asked <= 10 + once + 2, f"{desk.world.asked - asked} requests for ten refused orders")


@scenario(*_TRADING, Capability.USER_STREAM)
async def open_orders_of_a_halted_symbol_stay_tracked(bench: Bench) -> None:
    """A halt is told, and ends no order of ours."""
    desk = await bench.trading()
    order = await desk.rest()
    desk.world.venue.set_status(desk.symbol, trading=False)
    await desk.clock.advance(601)
    ((change, fields),) = _updates(desk)
    sure(change is ContractChange.CHANGED and "status" in fields, f"{change} of {fields} was told")
    sure(desk.exchange.contracts.get(desk.symbol).status is not ContractStatus.TRADING, "it still trades")
    equal([o.client_order_id for o in desk.exchange.orders.open()], [order.client_order_id], "the open orders")
    desk.end_by_venue(order)
    await desk.clock.advance(1)
    equal(desk.known(order).status, OrderStatus.CANCELED, "the order that was ended meanwhile")


def _updates(desk: Desk) -> list[tuple[ContractChange, tuple[str, ...]]]:
    heard = [event for event in desk.heard if isinstance(event, ContractUpdated)]
    return [(event.change, event.fields) for event in heard if event.change is not ContractChange.LOADED]
