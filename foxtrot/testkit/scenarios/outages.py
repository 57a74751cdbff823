"""The venue goes away and comes back: connections, private streams, maintenance, long lives."""

from __future__ import annotations

from foxtrot.capabilities import Capability
from foxtrot.errors import FoxtrotError, VenueUnavailable
from foxtrot.model.events import (
    AdapterState,
    ChannelName,
    ChannelStateChanged,
    OrderSubmitted,
    ReconcileFinished,
    StateChanged,
)
from foxtrot.model.order import OrderStatus
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.invariants import findings
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.orders import told
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import ways

_PRIVATE = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.USER_STREAM, Capability.FETCH_OPEN_ORDERS)


@scenario(*_PRIVATE, cases=ways)
async def after_a_lost_private_stream_it_is_ready_only_once_compared(bench: Bench, way: str) -> None:
    """The loss of the private stream is told at once; READY comes back after a complete comparison, with what
    happened meanwhile."""
    desk = await bench.trading(way)
    order, since = await desk.rest(), len(desk.heard)
    desk.cut(refused=4)
    await desk.clock.advance(0.1)
    sure(not desk.exchange.health().channels["user"].up, "the private channel is still up")
    sure(desk.exchange.state is not AdapterState.READY, "it is still READY")
    desk.end_by_venue(order)
    desk.elsewhere("0.7", "meanwhile")
    await desk.clock.advance(60)
    kinds = [type(e) for e in desk.heard[since:] if isinstance(e, ReconcileFinished | StateChanged)]
    sure(ReconcileFinished in kinds, "nothing was compared")
    last = [e for e in desk.heard[since:] if isinstance(e, ReconcileFinished | StateChanged)][-1]
    equal((desk.exchange.state, type(last)), (AdapterState.READY, StateChanged), "the state, and what was told last")
    equal(desk.known(order).status, OrderStatus.CANCELED, "the order that was ended meanwhile")
    _nothing_broken(desk)


@scenario(*_PRIVATE, Capability.ORDERS_OVER_WS)
async def while_the_socket_for_orders_cannot_be_opened_orders_go_by_rest_and_it_is_told(bench: Bench) -> None:
    """Orders are placed and canceled by REST as long as there is no socket for them, each once; what was on a socket
    that broke is in doubt instead. Health and log tell of it until the socket is there again."""
    desk = await bench.trading("ws")
    order = await desk.rest()
    desk.cut(refused=10_000)
    await desk.clock.advance(1)
    said = desk.world.commands
    equal((await desk.cancel(order)).status, OrderStatus.CANCELED, "the order after its cancel")
    placed = await desk.rest("0.81")
    equal([name for name, _ in desk.at_venue()], [placed.client_order_id], "what is open at the venue")
    equal(len(desk.world.venue.orders(desk.account, desk.symbol)), 3, "how many orders the venue has seen")
    equal(desk.world.commands, said, "what is said on sockets")
    channel = desk.exchange.health().channels["orders"]
    sure(not channel.up and "other way" in channel.reason, f"health says {channel}")
    desk.faults.next["handshake"] = []
    await desk.clock.advance(130)
    sure(desk.exchange.health().channels["orders"].up, "health still says that there is no socket for orders")
    equal(desk.exchange.state, AdapterState.READY, "the state")
    said = desk.world.commands
    await desk.cancel(placed)
    sure(desk.world.commands > said, "the cancel did not go over the socket again")
    desk.faults.next["command"] = [Fault.ANSWER_LOST]
    desk.faults.next["handshake"] = [Fault.SOCKET_REFUSED] * 3
    lost = await desk.place(desk.buy("0.82"))
    equal(lost.status, OrderStatus.IN_DOUBT, "an order whose answer was lost")
    await desk.clock.advance(90)
    equal([name for name, _ in desk.at_venue()], [lost.client_order_id], "what is open at the venue, each once")
    equal(desk.known(lost).status, OrderStatus.OPEN, "what became of the doubt")


@scenario(*_PRIVATE, cases=ways)
async def a_private_stream_that_the_venue_ends_is_opened_again(bench: Bench, way: str) -> None:
    """A session that the venue ends with its own message is opened anew, and tells again."""
    desk = await bench.trading(way)
    since = len(desk.heard)
    desk.world.dialect.end_private_streams()
    await desk.clock.advance(30)
    heard = [e for e in desk.heard[since:] if isinstance(e, ChannelStateChanged) and e.channel is ChannelName.USER]
    equal([e.up for e in heard], [False, True], "how the private channel went")
    desk.elsewhere("0.7", "afterwards")
    await desk.clock.advance(1)
    equal([o.client_order_id for o in desk.exchange.orders.open()], ["afterwards"], "the open orders")


@scenario(*_PRIVATE)
async def hours_without_a_word_end_no_session(bench: Bench) -> None:
    """Tokens and sessions are kept alive: after hours the private stream still tells."""
    desk = await bench.desk()
    since = len(desk.heard)
    await desk.clock.advance(3 * 3_600)
    down = [e for e in desk.heard[since:] if isinstance(e, ChannelStateChanged) and not e.up]
    equal(down, [], "the channels that went down")
    desk.elsewhere("0.7", "late")
    await desk.clock.advance(1)
    equal([o.client_order_id for o in desk.exchange.orders.open()], ["late"], "the open orders")
    equal(desk.world.throttled, 0, "how often the venue had to throttle us")


@scenario(*_PRIVATE, cases=ways)
async def maintenance_closes_everything_and_the_adapter_comes_back_by_itself(bench: Bench, way: str) -> None:
    """Under maintenance it says so; afterwards it is READY by itself, with its orders."""
    desk = await bench.trading(way)
    order, since = await desk.rest(), len(desk.heard)
    await desk.run(desk.exchange.subscribe_trades(desk.symbol))
    desk.faults.next["http"] = [Fault.MAINTENANCE] * 2
    await fails(desk, desk.exchange.fetch_trades(desk.symbol), VenueUnavailable, "a request under maintenance")
    try:
        await desk.place(desk.buy("0.7"))
    except FoxtrotError as error:
        sure(error.outcome is not None, "the error has no outcome")
    await desk.clock.advance(180)
    states = [e.new for e in desk.heard[since:] if isinstance(e, StateChanged)]
    sure(AdapterState.DEGRADED in states, f"the states were {states}")
    equal(desk.exchange.state, AdapterState.READY, "the state afterwards")
    equal(desk.known(order).status, OrderStatus.OPEN, "the order from before")
    equal(desk.exchange.orders.in_doubt, [], "the orders in doubt")
    _nothing_broken(desk)


@scenario(*_PRIVATE, cases=ways)
async def a_word_that_nobody_has_heard_of_is_asked_about(bench: Bench, way: str) -> None:
    """A state of an order that no table knows puts it in doubt, and a query tells what it is."""
    desk = await bench.trading(way)
    order = await desk.rest()
    desk.faults.next["frame"] = [Fault.NEW_WORDS] * 3
    desk.end_by_venue(order)
    await desk.clock.advance(60)
    equal(told(desk, order)[-2:], ["OrderInDoubt", "OrderCanceled"], "what was told last")
    equal(desk.known(order).status, OrderStatus.CANCELED, "the order in the end")
    sure("OrderRejected" not in desk.kinds(), "it was told as rejected")


def _nothing_broken(desk: Desk) -> None:
    world = desk.world
    heard = [*desk.heard]
    ours = {e.order.client_order_id for e in heard if isinstance(e, OrderSubmitted)}
    found = list(findings(desk.exchange, world.venue, world.dialect, heard, ours, world.throttled))
    equal(found, [], "what is broken")
