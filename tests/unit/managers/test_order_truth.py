"""Orders under trouble: what a user sees when the journal, the keys or the venue fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path

import pytest

from foxtrot import errors
from foxtrot.engine.journal import Journal
from foxtrot.model import events
from foxtrot.model.account import Balance
from foxtrot.model.events import AdapterState
from foxtrot.model.order import AmendRequest, OrderRequest, OrderStatus, OrderType, Side
from foxtrot.sandbox.dialect import HttpResponse
from foxtrot.sandbox.faults import Fault
from foxtrot.sandbox.types import NewOrder
from foxtrot.testkit.desk import SYMBOL, Desk

Make = Callable[..., Desk]


def elsewhere(price: str, client_order_id: str) -> NewOrder:
    return NewOrder(
        account="client",
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=D("0.02"),
        price=D(price),
        client_order_id=client_order_id,
    )


def content(path: str) -> bytes:
    return Path(path).read_bytes()


# doubt


@pytest.mark.parametrize(
    "fault",
    [
        Fault.ANSWER_LOST,
        Fault.ANSWER_SILENT,
        Fault.ANSWER_CUT,
        Fault.ANSWER_EMPTY,
        Fault.BAD_GATEWAY,
        Fault.UNKNOWN_OUTCOME,
    ],
)
async def test_a_placement_whose_answer_is_lost_is_in_doubt_until_the_venue_tells(
    make_desk: Make, fault: Fault
) -> None:
    desk = make_desk()
    await desk.run(desk.exchange.connect())
    for socket in list(desk.world.sockets):  # the private stream must not give the answer away
        socket.end_by_venue(1001, "going away")
    desk.faults.next["handshake"] = [Fault.SOCKET_REFUSED] * 50
    await desk.clock.advance(0.2)
    desk.faults.next["http"] = [None, fault]  # the first request asks for the average price
    order = await desk.rest()
    assert order.status is OrderStatus.IN_DOUBT
    await desk.clock.advance(10)
    settled = desk.exchange.orders.get(order.client_order_id)
    assert settled is not None
    assert settled.status is OrderStatus.OPEN
    assert desk.at_venue() == [(order.client_order_id, D(50_000))]
    assert desk.kinds(events.OrderEvent) == ["OrderSubmitted", "OrderInDoubt", "OrderAccepted"]


async def test_an_answer_to_a_placement_that_no_table_knows_leaves_it_in_doubt_and_is_counted(desk: Desk) -> None:
    await desk.rest("49000", validate_only=True)
    for socket in list(desk.world.sockets):
        socket.end_by_venue(1001, "going away")
    desk.faults.next["handshake"] = [Fault.SOCKET_REFUSED] * 9
    await desk.clock.advance(0.2)
    desk.world.answers.append(HttpResponse(status=400, body=b'{"code":-9876,"msg":"Something new."}'))
    order = await desk.rest()
    assert order.status is OrderStatus.IN_DOUBT
    assert desk.exchange.health().unlisted == 1
    await desk.clock.advance(60)
    known = desk.exchange.orders.get(order.client_order_id)
    assert known is not None
    assert known.status is OrderStatus.OPEN


async def test_a_cancel_whose_answer_is_lost_ends_with_what_the_venue_did(desk: Desk) -> None:
    order = await desk.rest()
    desk.faults.next["http"] = [Fault.REQUEST_LOST]
    with pytest.raises(errors.OrderInDoubt) as caught:
        await desk.run(desk.exchange.cancel_order(SYMBOL, client_order_id=order.client_order_id))
    assert caught.value.order is not None
    assert caught.value.order.status is OrderStatus.IN_DOUBT
    await desk.clock.advance(40)
    known = desk.exchange.orders.get(order.client_order_id)
    assert known is not None
    assert known.status is OrderStatus.OPEN
    assert len(desk.at_venue()) == 1


async def test_a_cancel_that_the_venue_refuses_leaves_the_order_as_it_was(desk: Desk) -> None:
    order = await desk.rest()
    desk.faults.next["http"] = [Fault.OVERLOADED]
    with pytest.raises(errors.VenueError):
        await desk.run(desk.exchange.cancel_order(SYMBOL, client_order_id=order.client_order_id))
    known = desk.exchange.orders.get(order.client_order_id)
    assert known is not None
    assert known.status is OrderStatus.OPEN
    pending = [e.order.status for e in desk.heard if isinstance(e, events.OrderUpdated)]
    assert OrderStatus.PENDING_CANCEL in pending


async def test_who_stops_waiting_for_a_placement_does_not_lose_the_order(desk: Desk) -> None:
    await desk.rest("49000", validate_only=True)  # so that the average price is known
    desk.faults.next["http"] = [Fault.ANSWER_SLOW]
    task = asyncio.ensure_future(desk.exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "0.01", "50000")))
    await desk.clock.advance(0.1)
    task.cancel()
    await desk.clock.advance(30)
    (order,) = desk.exchange.orders.open()
    assert order.status is OrderStatus.OPEN
    assert desk.at_venue() == [(order.client_order_id, D(50_000))]


async def test_an_amend_whose_answer_is_lost_settles_both_orders(desk: Desk) -> None:
    order = await desk.rest()
    desk.faults.next["http"] = [Fault.ANSWER_LOST]
    with pytest.raises(errors.OrderInDoubt):
        await desk.run(
            desk.exchange.amend_order(
                AmendRequest(symbol=SYMBOL, client_order_id=order.client_order_id, price=D("50100"))
            )
        )
    await desk.clock.advance(60)
    old = desk.exchange.orders.get(order.client_order_id)
    assert old is not None
    assert old.status is OrderStatus.CANCELED
    (living,) = desk.exchange.orders.open()
    assert (living.status, living.price) == (OrderStatus.OPEN, D("50100"))
    assert desk.at_venue() == [(living.client_order_id, D("50100"))]


# client order ids


async def test_ids_tell_account_and_intent_and_go_on_after_a_restart(make_desk: Make, journal: Journal) -> None:
    first = make_desk(journal.path)
    await first.run(first.exchange.connect())
    ids = [(await first.rest(price)).client_order_id for price in ("50000", "50001")]
    await first.run(first.exchange.disconnect())
    second = make_desk(journal.path)
    await second.run(second.exchange.connect())
    ids.append((await second.rest("50002")).client_order_id)
    prefix = ids[0][:-1]
    assert prefix.startswith("ftmain")
    assert ids == [f"{prefix}{number}" for number in (1, 2, 3)]


async def test_an_id_is_never_used_for_two_orders(desk: Desk) -> None:
    await desk.rest(client_order_id="mine")
    await desk.run(desk.exchange.cancel_order(SYMBOL, client_order_id="mine"))
    with pytest.raises(errors.InvalidRequest, match="'mine' was used already, by an order that is canceled"):
        await desk.rest(client_order_id="mine")


async def test_two_placements_at_once_cannot_share_an_id(desk: Desk) -> None:
    request = OrderRequest.limit(SYMBOL, "buy", "0.01", "50000", client_order_id="mine")
    results = await desk.run(
        asyncio.gather(desk.exchange.place_order(request), desk.exchange.place_order(request), return_exceptions=True)
    )
    assert sorted(type(result).__name__ for result in results) == ["InvalidRequest", "Order"]
    assert len(desk.at_venue()) == 1


# the journal


async def test_a_full_disk_denies_the_order_sends_nothing_and_the_exchange_lives_on(
    make_desk: Make, journal: Journal
) -> None:
    desk = make_desk(journal.path)
    await desk.run(desk.exchange.connect())
    order = await desk.rest()
    journal._file.read("PRAGMA query_only = 1")
    with pytest.raises(errors.JournalError):
        await desk.rest("50001")
    assert desk.at_venue() == [(order.client_order_id, D(50_000))]
    assert [e.order.status for e in desk.heard if isinstance(e, events.OrderDenied)] == [OrderStatus.DENIED]
    assert "readonly" in desk.exchange.health().journal
    # A cancel lessens the risk: it goes, journal or not.
    await desk.run(desk.exchange.cancel_order(SYMBOL, client_order_id=order.client_order_id))
    assert desk.at_venue() == []
    journal._file.read("PRAGMA query_only = 0")
    await desk.rest("50002")
    assert desk.exchange.health().journal == ""
    assert journal.check() == []


async def test_a_damaged_journal_is_told_of_and_the_orders_come_from_the_venue(make_desk: Make, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this was a journal once " * 1_000)
    async with Journal.open(path, threaded=False, durable=False):
        desk = make_desk(path)
        desk.world.venue.place(elsewhere("49000", "before"))
        await desk.run(desk.exchange.connect())
        (told,) = [e for e in desk.heard if isinstance(e, events.JournalQuarantined)]
        assert content(told.kept).startswith(b"this was a journal once")
        assert [o.client_order_id for o in desk.exchange.orders.open()] == ["before"]
        await desk.run(desk.exchange.disconnect())


# reconciliation


async def test_after_a_gap_every_difference_is_told_and_nothing_is_missed(desk: Desk) -> None:
    order = await desk.rest()
    venue = desk.world.venue
    venue.place_agent(SYMBOL, Side.SELL, D("60100"), D(1))
    for socket in list(desk.world.sockets):
        socket.end_by_venue(1001, "going away")
    desk.faults.next["handshake"] = [Fault.SOCKET_REFUSED] * 3
    venue.place(elsewhere("48000", "from elsewhere"))
    venue.place(elsewhere("60100", "bought elsewhere"))
    venue.cancel("client", SYMBOL, client_order_id=order.client_order_id)
    await desk.clock.advance(120)
    assert desk.exchange.state is AdapterState.READY
    told = {e.what for e in desk.heard if isinstance(e, events.ReconcileDifference)}
    assert told == {"order", "external order", "balance", "fill"}
    assert [o.client_order_id for o in desk.exchange.orders.open()] == ["from elsewhere"]
    known = desk.exchange.orders.get(order.client_order_id)
    assert known is not None
    assert known.status is OrderStatus.CANCELED
    assert desk.exchange.orders.open()[0].external
    assert desk.exchange.account.balances["USDT"].locked == D("960")


async def test_orders_wait_while_the_account_is_compared_or_fail_fast_when_so_asked(make_desk: Make) -> None:
    for policy in ("wait", "fail"):
        desk = make_desk(while_syncing=policy, sync_wait_s=8.0)
        await desk.run(desk.exchange.connect())
        for socket in list(desk.world.sockets):
            socket.end_by_venue(1001, "going away")
        seen: list[AdapterState] = []
        desk.exchange.engine.subscribe(events.StateChanged, lambda event, seen=seen: seen.append(event.new))
        desk.faults.next["http"] = [None, Fault.ANSWER_SLOW]  # the clock, then the open orders
        while AdapterState.SYNCING not in seen:
            await desk.clock.advance(0.01)
        if policy == "fail":
            with pytest.raises(errors.StateError, match="takes no new orders while it is syncing; nothing was sent"):
                await desk.rest()
            continue
        order = await desk.rest()
        assert order.status is OrderStatus.OPEN
        assert seen[-1] is AdapterState.READY


async def test_shutting_down_takes_no_new_orders_and_cancels_ours_when_asked(make_desk: Make) -> None:
    desk = make_desk()
    await desk.run(desk.exchange.connect())
    await desk.rest()
    desk.world.venue.place(elsewhere("48000", "not ours"))
    await desk.clock.advance(1)
    closing = asyncio.ensure_future(desk.exchange.disconnect(cancel_orders=True))
    await asyncio.sleep(0)
    with pytest.raises(errors.StateError, match="closing"):
        await desk.exchange.place_order(OrderRequest.limit(SYMBOL, "buy", "0.01", "50000"))
    while not closing.done():
        await desk.clock.advance(0.05)
    assert desk.at_venue() == [("not ours", D("48000"))]


# keys and nonsense


async def test_revoked_keys_are_told_of_once_and_asked_with_no_more(desk: Desk) -> None:
    order = await desk.rest()
    desk.faults.next["http"] = [Fault.ANSWER_LOST]
    with pytest.raises(errors.OrderInDoubt):
        await desk.run(desk.exchange.cancel_order(SYMBOL, client_order_id=order.client_order_id))
    desk.world.dialect.revoke_key()
    for socket in list(desk.world.sockets):
        socket.end_by_venue(1001, "going away")
    await desk.clock.advance(60)
    asked = desk.world.requests.copy()
    await desk.clock.advance(1_800)
    # What goes on is public: the clock and the contracts, every ten minutes.
    since = desk.world.requests - asked
    assert {path.rpartition("/")[2]: count for path, count in since.items()} == {"time": 3, "exchangeInfo": 3}
    health = desk.exchange.health()
    assert health.state is AdapterState.DEGRADED
    assert "API-key" in health.channels["user"].reason
    with pytest.raises(errors.AuthenticationError):
        await desk.rest("49000")


async def test_a_venue_that_answers_nonsense_for_an_hour_is_told_as_degraded_and_nothing_is_lost(desk: Desk) -> None:
    order = await desk.rest()
    desk.faults.next["http"] = [Fault.BAD_GATEWAY, Fault.ANSWER_EMPTY, Fault.ANSWER_CUT] * 400
    for _ in range(12):
        with pytest.raises(errors.FoxtrotError):
            await desk.run(desk.exchange.fetch_balance())
        await desk.clock.advance(300)
    health = desk.exchange.health()
    assert health.state is AdapterState.DEGRADED
    assert not health.channels["rest"].up
    desk.faults.next["http"].clear()
    await desk.run(desk.exchange.fetch_balance())
    assert desk.exchange.state is AdapterState.READY
    assert [o.client_order_id for o in desk.exchange.orders.open()] == [order.client_order_id]


async def test_balances_asked_for_twice_at_once_are_right_whichever_answer_comes_first(desk: Desk) -> None:
    exchange, venue, account = desk.exchange, desk.world.venue, desk.world.dialect.account

    async def deposited_meanwhile() -> None:
        await desk.clock.sleep(0.05)
        venue.deposit(account, "USDT", D(1))

    async def ask_twice() -> None:
        await asyncio.gather(exchange.fetch_balance(), exchange.fetch_balance(), deposited_meanwhile())

    for _ in range(300):
        await desk.run(ask_twice())
        await desk.clock.advance(1)
        free, locked = venue.balances(account)["USDT"]
        assert exchange.account.balances["USDT"] == Balance("USDT", free, locked)


async def test_a_private_stream_that_tells_nothing_of_what_happened_is_opened_anew(desk: Desk) -> None:
    order = await desk.rest()
    for socket in desk.world.sockets:
        socket.muted = True
    desk.world.venue.cancel("client", SYMBOL, client_order_id=order.client_order_id)
    await desk.clock.advance(320)
    states = [(e.up, e.reason) for e in desk.heard if isinstance(e, events.ChannelStateChanged)]
    assert (False, "it said nothing for 300 s, of 1 changes") in states
    assert desk.exchange.health().state is AdapterState.READY
    known = desk.exchange.orders.get(order.client_order_id)
    assert known is not None
    assert known.status is OrderStatus.CANCELED
    again = await desk.rest("49000")
    desk.world.venue.cancel("client", SYMBOL, client_order_id=again.client_order_id)
    await desk.clock.advance(1)
    latest = desk.exchange.orders.get(again.client_order_id)
    assert latest is not None
    assert latest.status is OrderStatus.CANCELED


async def test_a_quiet_private_stream_is_left_alone(desk: Desk) -> None:
    await desk.rest()
    await desk.clock.advance(3_600)
    assert not [e for e in desk.heard if isinstance(e, events.ChannelStateChanged) and not e.up]


async def test_a_venue_that_answers_again_is_noticed_though_nobody_asks_it_anything(desk: Desk) -> None:
    desk.faults.next["http"] = [Fault.REQUEST_LOST] * 40
    for _ in range(4):
        with pytest.raises(errors.NetworkError):
            await desk.run(desk.exchange.fetch_balance())
    assert desk.exchange.health().state is AdapterState.DEGRADED
    desk.faults.next["http"].clear()
    await desk.clock.advance(40)
    assert desk.exchange.health().state is AdapterState.READY
