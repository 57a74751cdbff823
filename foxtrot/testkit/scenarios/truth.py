"""What is known of the account through restarts, gaps and trouble with the journal."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D

from foxtrot.capabilities import Capability
from foxtrot.errors import FoxtrotError, InvalidRequest, JournalError, NetworkError, StateError
from foxtrot.model import events
from foxtrot.model.events import AdapterState
from foxtrot.model.order import OrderStatus
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import by_way, ways

_TRADING = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER)
_TRUTH = (*_TRADING, Capability.FETCH_OPEN_ORDERS, Capability.FETCH_ORDER_STATUS, Capability.FETCH_BALANCE)


@scenario(*_TRUTH)
async def ids_tell_account_and_intent_and_go_on_after_a_restart(bench: Bench) -> None:
    """Our ids count on from those of the process before."""
    path = bench.journal().path
    first = await bench.desk(path)
    ids = [(await first.rest(price)).client_order_id for price in ("0.8", "0.81")]
    await first.run(first.exchange.disconnect())
    second = await bench.desk(path)
    ids.append((await second.rest("0.82")).client_order_id)
    prefix = ids[0][:-1]
    sure(prefix.startswith("ftma"), f"the first id is {ids[0]}")
    equal(ids, [f"{prefix}{number}" for number in (1, 2, 3)], "the ids")


@scenario(*_TRUTH, Capability.FETCH_MY_TRADES)
async def a_hundred_orders_that_ended_meanwhile_hold_no_connection_up(bench: Bench) -> None:
    """After an outage in which a hundred orders were filled or canceled a connection is ready within half a minute."""
    path = bench.journal().path
    first = await bench.desk(path)
    orders = [await first.rest("0.9", value=20) for _ in range(100)]
    await first.clock.advance(400)
    await first.run(first.exchange.disconnect())
    for order in orders[:50]:
        first.end_by_venue(order)
    first.sell_to_us("0.9", D(10))
    await first.clock.advance(400)
    since = first.clock.monotonic()
    await first.run(first.exchange.connect())
    took = first.clock.monotonic() - since
    sure(took < 30, f"it took {took:.0f} s to connect")
    told = [first.world.dialect.told_as(first.truth_of(order)) for order in orders]
    equal([first.known(order).status for order in orders], told, "what is known of the orders")
    equal(first.world.throttled, 0, "the refusals for rate")


@scenario(*_TRADING, cases=ways)
async def two_placements_at_once_cannot_share_an_id(bench: Bench, way: str) -> None:
    """Of two orders with one id one is refused before it leaves."""
    desk = await bench.trading(way)
    request = desk.buy(client_order_id="mine")

    async def both() -> list[object]:
        place = desk.exchange.place_order
        return list(await asyncio.gather(place(request), place(request), return_exceptions=True))

    kinds = [type(result).__name__ for result in await desk.run(both())]
    equal(sorted(kinds), [InvalidRequest.__name__, "Order"], "what became of both")
    equal(len(desk.at_venue()), 1, "the number of open orders at the venue")


@scenario(*_TRUTH, cases=ways)
async def a_full_disk_denies_the_order_sends_nothing_and_the_exchange_lives_on(bench: Bench, way: str) -> None:
    """An order that cannot be written down does not leave; a cancel does, since it lessens the risk."""
    journal = bench.journal()
    desk = await bench.trading(way, journal=journal.path)
    order = await desk.rest()
    journal._file.read("PRAGMA query_only = 1")
    await fails(desk, desk.exchange.place_order(desk.buy("0.81")), JournalError, "an order that cannot be noted")
    equal(desk.at_venue(), [(order.client_order_id, order.price)], "what is open at the venue")
    denied = [e.order.status for e in desk.heard if isinstance(e, events.OrderDenied)]
    equal(denied, [OrderStatus.DENIED], "the denials told")
    sure("readonly" in desk.exchange.health().journal, f"health says {desk.exchange.health().journal!r}")
    await desk.cancel(order)
    equal(desk.at_venue(), [], "what is open at the venue after the cancel")
    journal._file.read("PRAGMA query_only = 0")
    await desk.rest("0.82")
    equal(desk.exchange.health().journal, "", "what health says of the journal")
    equal(journal.check(), [], "what is wrong in the journal")


@scenario(*_TRUTH)
async def a_damaged_journal_is_told_of_and_the_orders_come_from_the_venue(bench: Bench) -> None:
    """A journal that cannot be read is kept aside, and what is open is read from the venue."""
    path = bench.folder / "journal.db"
    path.write_bytes(b"this was a journal once " * 1_000)
    bench.journal()
    desk = bench.make(path)
    desk.elsewhere("0.8", "before")
    await desk.run(desk.exchange.connect())
    (told,) = [e for e in desk.heard if isinstance(e, events.JournalQuarantined)]
    sure(told.kept and told.reason, "it is not told where the journal is kept")
    equal([o.client_order_id for o in desk.exchange.orders.open()], ["before"], "the open orders")


@scenario(*_TRUTH, Capability.FETCH_MY_TRADES, Capability.FETCH_ORDERS)
async def a_long_past_of_other_programs_costs_pages_not_a_request_for_each_order(bench: Bench) -> None:
    """Hundreds of executions since an old open order, all placed elsewhere, are learned by reading lists."""
    desk = bench.make()
    desk.elsewhere("0.5", "old")
    desk.sell_to_us("1", D(2))
    for number in range(300):
        await desk.clock.advance(0.25)
        desk.elsewhere("1", f"past{number}", value=20)
    await desk.clock.advance(600)
    await desk.run(desk.exchange.connect())
    equal(desk.exchange.state, AdapterState.READY, "the state")
    sure(desk.world.asked <= 60, f"{desk.world.asked} requests")
    equal(len([e for e in desk.heard if isinstance(e, events.OrderFilled)]), 300, "the executions told")


@scenario(*_TRUTH, Capability.USER_STREAM, Capability.FETCH_MY_TRADES)
async def after_a_gap_every_difference_is_told_and_nothing_is_missed(bench: Bench) -> None:
    """What happened while the private stream was down is found, told and known before it is READY again."""
    desk = await bench.trading()
    order = await desk.rest()
    desk.sell_to_us("1.01", D(1))
    desk.cut(refused=3)
    resting = desk.elsewhere("0.7", "from-elsewhere")
    desk.elsewhere("1.01", "bought-elsewhere")
    desk.end_by_venue(order)
    await desk.clock.advance(120)
    equal(desk.exchange.state, AdapterState.READY, "the state")
    told = {e.what for e in desk.heard if isinstance(e, events.ReconcileDifference)}
    # A private stream that begins with all balances leaves nothing of them to be found.
    streamed = set() if bench.traits.tells_locked else {"balance"} - told
    equal(told, {"order", "external order", "balance", "fill"} - streamed, "the differences told")
    equal([o.client_order_id for o in desk.exchange.orders.open()], ["from-elsewhere"], "the open orders")
    equal(desk.known(order).status, OrderStatus.CANCELED, "the order that was ended meanwhile")
    sure(desk.exchange.orders.open()[0].external, "the order from elsewhere is taken for ours")
    quote = desk.exchange.contracts.get(desk.symbol).quote
    locked = desk.world.venue.balances(desk.account)[quote][1]
    sure(locked >= resting.price * resting.quantity, f"the venue locks {locked} only")
    equal(desk.exchange.account.balances[quote].locked, locked, "what is locked")


@scenario(*_TRUTH, Capability.USER_STREAM, cases=("wait", "fail"))
async def orders_wait_while_the_account_is_compared_or_fail_fast_when_so_asked(bench: Bench, policy: str) -> None:
    """While the account is being compared, an order waits for the end of it, or fails at once: as the user chose."""
    desk = await bench.desk(while_syncing=policy, sync_wait_s=8.0)
    desk.cut()
    seen: list[AdapterState] = []
    desk.engine.subscribe(events.StateChanged, lambda event: seen.append(event.new))
    while AdapterState.SYNCING not in seen:
        await desk.clock.advance(0.01)
    desk.faults.next["http"] = [Fault.ANSWER_SLOW]
    if policy == "fail":
        error = await fails(desk, desk.exchange.place_order(desk.buy()), StateError, "an order meanwhile")
        sure("takes no new orders while it is syncing; nothing was sent" in error.message, error.message)
        return
    order = await desk.rest()
    equal(order.status, OrderStatus.OPEN, "the order")
    equal(seen[-1], AdapterState.READY, "the state when it was sent")


@scenario(*_TRUTH, Capability.USER_STREAM, cases=ways)
async def a_private_stream_that_tells_nothing_of_what_happened_is_opened_anew(bench: Bench, way: str) -> None:
    """A private stream that is up and says nothing is found out by the next comparison, and replaced."""
    desk = await bench.desk(options=by_way(way))
    order = await desk.rest()
    for socket in desk.world.sockets:
        socket.muted = True
    desk.end_by_venue(order)
    await desk.clock.advance(320)
    down = [e.reason for e in desk.heard if isinstance(e, events.ChannelStateChanged) and not e.up]
    sure(any(reason.startswith("it said nothing for") for reason in down), f"the channel went down for {down}")
    equal(desk.exchange.health().state, AdapterState.READY, "the state")
    equal(desk.known(order).status, OrderStatus.CANCELED, "the order that was ended meanwhile")
    again = await desk.rest("0.79")
    desk.end_by_venue(again)
    await desk.clock.advance(1)
    equal(desk.known(again).status, OrderStatus.CANCELED, "the order after the stream was opened anew")


@scenario(*_TRADING, Capability.USER_STREAM)
async def a_quiet_private_stream_is_left_alone(bench: Bench) -> None:
    """Nothing to tell is no fault."""
    desk = await bench.desk()
    await desk.rest()
    await desk.clock.advance(3_600)
    down = [e for e in desk.heard if isinstance(e, events.ChannelStateChanged) and not e.up]
    equal(down, [], "the channels that went down")


@scenario(*_TRUTH, cases=ways)
async def an_hour_of_nonsense_is_told_as_degraded_and_nothing_is_lost(bench: Bench, way: str) -> None:
    """A venue that answers nonsense makes the exchange degraded, until it answers again."""
    desk = await bench.desk(options=by_way(way))
    order = await desk.rest()
    desk.faults.next["http"] = [Fault.BAD_GATEWAY, Fault.ANSWER_EMPTY, Fault.ANSWER_CUT] * 400
    for _ in range(12):
        await fails(desk, desk.exchange.fetch_balance(), FoxtrotError, "a query")
        await desk.clock.advance(300)
    health = desk.exchange.health()
    equal((health.state, health.channels["rest"].up), (AdapterState.DEGRADED, False), "state and REST channel")
    desk.faults.clear()
    await desk.run(desk.exchange.fetch_balance())
    await desk.clock.advance(60)
    equal(desk.exchange.state, AdapterState.READY, "the state once it answers again")
    equal([o.client_order_id for o in desk.exchange.orders.open()], [order.client_order_id], "the open orders")


@scenario(Capability.FETCH_BALANCE)
async def requests_that_get_no_answer_are_told_and_asked_until_they_do(bench: Bench) -> None:
    """A REST channel without answers is down, and up again by itself once the venue answers."""
    desk = await bench.desk()
    desk.faults.next["http"] = [Fault.REQUEST_LOST] * 40
    for _ in range(4):
        await fails(desk, desk.exchange.fetch_balance(), NetworkError, "a query")
    equal(desk.exchange.health().state, AdapterState.DEGRADED, "the state")
    desk.faults.clear()
    await desk.clock.advance(40)
    equal(desk.exchange.health().state, AdapterState.READY, "the state once it answers again")
