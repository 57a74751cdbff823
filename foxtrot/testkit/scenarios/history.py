"""Past orders, executions and public trades, over more than one page."""

from __future__ import annotations

from decimal import Decimal as D

from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.model.order import Side
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario

_MANY = 1_130  # more than any venue's page


@scenario(Capability.FETCH_ORDERS)
async def every_past_order_comes_once_oldest_first(bench: Bench) -> None:
    """Past orders come page by page, in order, each once, as the venue has them; bounds and limit are kept."""
    desk = await _with_a_past(bench)
    exchange, start = desk.exchange, desk.clock.time_ns() - 86_400 * 10**9
    theirs = desk.world.venue.orders(desk.account, desk.symbol)
    found = await desk.run(exchange.fetch_orders(desk.symbol, start=start, limit=5_000))
    named = desk.world.dialect.order_id
    equal([o.order_id for o in found], [named(o.order_id) for o in theirs], "the orders")
    equal([o.filled for o in found], [o.filled for o in theirs], "what is filled of them")
    middle = theirs[len(theirs) // 2].created_ns
    early = await desk.run(exchange.fetch_orders(desk.symbol, start=start, end=middle, limit=5_000))
    wanted = [named(o.order_id) for o in theirs if o.created_ns // 10**6 <= middle // 10**6]
    equal([o.order_id for o in early][: len(wanted) - 1], wanted[:-1], "the orders until then")
    sure(len(early) <= len(wanted), f"{len(early)} orders until then, not {len(wanted)}")
    some = await desk.run(exchange.fetch_orders(desk.symbol, start=start, limit=7))
    equal([o.order_id for o in some], [named(o.order_id) for o in theirs[:7]], "the first seven")
    await fails(desk, exchange.fetch_orders(desk.symbol, limit=0), InvalidRequest, "a limit of 0")


@scenario(Capability.FETCH_ORDERS)
async def the_newest_orders_are_the_newest_though_many_old_ones_are_open(bench: Bench) -> None:
    """Without a start the newest orders come, open and ended ones alike; old ones that are open displace none."""
    desk = bench.make()
    desk.sell_to_us("1", D(2))
    for number in range(140):
        await desk.clock.advance(0.25)
        desk.elsewhere("0.8" if number < 60 else "1", f"past{number}", value=20)
    await desk.clock.advance(600)
    await desk.run(desk.exchange.connect())
    theirs = [desk.world.dialect.order_id(o.order_id) for o in desk.world.venue.orders(desk.account, desk.symbol)]
    for limit in (70, 100):
        found = await desk.run(desk.exchange.fetch_orders(desk.symbol, limit=limit))
        equal([o.order_id for o in found], theirs[-limit:], f"the newest {limit} orders")


@scenario(Capability.FETCH_MY_TRADES)
async def every_past_execution_comes_once_oldest_first(bench: Bench) -> None:
    """Executions come page by page, in order, each once, with price, quantity and fee as the venue booked them."""
    desk = await _with_a_past(bench)
    exchange, start = desk.exchange, desk.clock.time_ns() - 86_400 * 10**9
    theirs = desk.world.venue.executions(desk.account, desk.symbol)
    sure(len(theirs) > 1_000, "the past is too short")
    found = await desk.run(exchange.fetch_my_trades(desk.symbol, start=start, limit=5_000))
    named = desk.world.dialect.trade_id
    equal([f.trade_id for f in found], [named(e) for e in theirs], "the executions")
    mine = [(f.price, f.quantity, f.fee, f.fee_asset, f.is_maker, f.side) for f in found]
    wanted = [(e.price, e.quantity, e.fee, e.fee_asset, e.is_maker, e.side) for e in theirs]
    equal(mine, wanted, "what they say")
    some = await desk.run(exchange.fetch_my_trades(desk.symbol, start=start, limit=7))
    equal([f.trade_id for f in some], [named(e) for e in theirs[:7]], "the first seven")


@scenario(Capability.FETCH_TRADES)
async def the_latest_trades_are_the_venues(bench: Bench) -> None:
    """The latest public trades come in order, with taker's side, price and quantity."""
    desk = await bench.busy(rate=60)
    await desk.clock.advance(60)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(2)
    theirs = list(desk.world.venue.trades(desk.symbol))[-20:]
    found = await desk.run(desk.exchange.fetch_trades(desk.symbol, limit=20))
    mine = [(str(t.trade_id), t.price, t.quantity, t.side) for t in found]
    wanted = [(str(t.trade_id), float(t.price), float(t.quantity), t.taker_side) for t in theirs]
    equal(mine, wanted, "the trades")


@scenario(Capability.FETCH_TRADES, Capability.FETCH_ORDER_BOOK)
async def limits_that_the_venue_does_not_have_are_refused_before_it_is_asked(bench: Bench) -> None:
    """More levels or trades than the venue shows at once, and none, are told as such, with its bounds; what is within
    them is asked for as it is."""
    desk = await bench.busy(rate=60)
    exchange, symbol = desk.exchange, desk.symbol
    error = await fails(desk, exchange.fetch_order_book(symbol, 10**9), InvalidRequest, "a book of 10^9 levels")
    most = int(error.message.split(" 1 to ")[1].split()[0])
    sure(most >= 100, error.message)
    asked = desk.world.asked
    for depth in (most + 1, 0, -3):
        await fails(desk, exchange.fetch_order_book(symbol, depth), InvalidRequest, f"a book of {depth} levels")
    for limit in (0, -1, 1_001):
        error = await fails(desk, exchange.fetch_trades(symbol, limit), InvalidRequest, f"{limit} trades")
        sure("1 to 1000" in error.message, error.message)
    for work in (
        exchange.history.fetch_trades(symbol, from_id="1", limit=0),
        exchange.history.fetch_trades(symbol, from_id="one"),
    ):
        await fails(desk, work, InvalidRequest, "trades from no id on, or none of them")
    equal(desk.world.asked, asked, "what the venue was asked")
    sure(len((await desk.run(exchange.fetch_order_book(symbol, most))).bids) > 5, "the deepest book is not deep")


@scenario(Capability.FETCH_TRADES)
async def past_trades_can_be_read_from_one_on(bench: Bench) -> None:
    """Public trades from an id on come page by page where the venue numbers them."""
    desk = await bench.busy(rate=60)
    for _ in range(1_500):
        desk.world.venue.place_agent(desk.symbol, Side.SELL, desk.price("1"), desk.quantity(20))
        desk.world.venue.place_agent(desk.symbol, Side.BUY, desk.price("1"), desk.quantity(20))
    desk.world.stage.flow.rate = 0
    read = desk.exchange.history.fetch_trades
    if not bench.traits.numbered_trades:
        await fails(desk, read(desk.symbol, from_id="3"), UnsupportedError, "trades from an id on")
        return
    theirs = [t.trade_id for t in desk.world.venue.trades(desk.symbol)]
    sure(len(theirs) > 1_200, "the past is too short")
    for first, limit in ((3, 1_200), (len(theirs) - 20, 1_200), (len(theirs) // 2, 7), (0, 5_000)):
        found = await desk.run(read(desk.symbol, from_id=str(theirs[first]), limit=limit))
        equal([int(t.trade_id) for t in found], theirs[first : first + limit], f"the trades from number {first} on")
    equal(await desk.run(read(desk.symbol, from_id=str(theirs[-1] + 1))), [], "the trades that are still to come")


async def _with_a_past(bench: Bench) -> Desk:
    """Return a connected desk whose account has placed many orders, most of them filled."""
    desk = bench.make()
    desk.sell_to_us("1", D(2))
    for number in range(_MANY):
        await desk.clock.advance(0.25)
        order = desk.elsewhere("0.8" if number % 40 == 0 else "1", f"past{number}", value=20)
        if order.status.open:
            desk.world.venue.cancel(desk.account, desk.symbol, order_id=order.order_id)
    await desk.clock.advance(600)
    await desk.run(desk.exchange.connect())
    return desk
