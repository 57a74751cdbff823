"""Keys that are wrong or taken back, and clocks that are off."""

from __future__ import annotations

from collections import Counter

from pydantic import SecretStr

from foxtrot.capabilities import Capability
from foxtrot.config import Credentials, ExchangeConfig
from foxtrot.errors import AuthenticationError, ConnectFailed, OrderInDoubt
from foxtrot.model.events import AdapterState, ClockMeasured, StateChanged
from foxtrot.model.order import OrderStatus
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import Desk, factory_for
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import by_way, ways

_KEYED = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.USER_STREAM)


@scenario(*_KEYED, cases=ways)
async def revoked_keys_are_told_of_once_and_asked_with_no_more(bench: Bench, way: str) -> None:
    """A key that the venue has taken back is not tried for ever: what goes on is public."""
    public = await _public_requests(bench)
    desk = await bench.trading(way)
    order = await desk.rest()
    desk.faults.next["command" if way == "ws" else "http"] = [Fault.ANSWER_LOST]
    work = desk.exchange.cancel_order(desk.symbol, client_order_id=order.client_order_id)
    await fails(desk, work, OrderInDoubt, "the cancel")
    desk.world.dialect.revoke_key()
    desk.cut()
    await desk.clock.advance(60)
    requests, commands = desk.world.requests.copy(), desk.world.commands
    await desk.clock.advance(1_800)
    since = desk.world.requests - requests
    equal(set(since) - set(public), set(), "what is asked with the revoked key")
    sure(since.total() <= public.total() + 2, f"in half an hour it asks {since}, usually {public}")
    equal(desk.world.commands, commands, "what is said on sockets")
    health = desk.exchange.health()
    equal(health.state, AdapterState.DEGRADED, "the state")
    sure(not health.channels["user"].up and health.channels["user"].reason, "the private channel tells no reason")
    await fails(desk, desk.exchange.place_order(desk.buy("0.7")), AuthenticationError, "an order")


@scenario(Capability.FETCH_BALANCE)
async def wrong_keys_are_refused_and_nothing_stays_open(bench: Bench) -> None:
    """A key that the venue does not know fails the connect."""
    desk = bench.make()
    desk.world.dialect.revoke_key()
    await fails(desk, desk.exchange.connect(), AuthenticationError, "the connect")
    await desk.clock.settle()
    equal((desk.exchange.state, len(desk.world.sockets)), (AdapterState.DISCONNECTED, 0), "state and sockets")


@scenario()
async def a_venue_that_cannot_be_reached_is_told_in_bounded_time(bench: Bench) -> None:
    """A connect to nobody ends with ConnectFailed, and leaves nothing open."""
    desk = bench.make()
    desk.faults.next["http"] = [Fault.REFUSED] * 200
    desk.faults.next["handshake"] = [Fault.SOCKET_REFUSED] * 200
    await fails(desk, desk.exchange.connect(), ConnectFailed, "the connect")
    equal((desk.exchange.state, len(desk.world.sockets)), (AdapterState.DISCONNECTED, 0), "state and sockets")


@scenario(*_KEYED, cases=ways)
async def a_clock_that_is_off_is_measured_and_orders_go_through(bench: Bench, way: str) -> None:
    """A clock that is off by more than the venue forgives, before the connect or since, is allowed for."""
    desk = bench.make(options=by_way(way))
    desk.world.set_clock(-17_000_000_000)
    await desk.run(desk.exchange.connect())
    equal((await desk.rest("0.8")).status, OrderStatus.OPEN, "the first order")
    desk.world.set_clock(23_000_000_000)
    second = await desk.rest("0.79")
    await desk.clock.advance(5)
    equal(desk.known(second).status, OrderStatus.OPEN, "the order after the venue's clock had jumped")
    sure(desk.kinds(ClockMeasured), "no measurement was told")
    if bench.traits.judges_clock:
        sure(abs(desk.exchange.health().clock_offset_ms - 23_000) < 500, f"{desk.exchange.health().clock_offset_ms}")
    equal(len(desk.at_venue()), 2, "the number of open orders")


@scenario(*_KEYED)
async def a_clock_that_jumps_during_the_connect_does_not_fail_it(bench: Bench) -> None:
    """A login that the venue refuses for its time is repeated with a new measurement; so is one after an outage."""
    desk = bench.make()

    def jump(event: StateChanged) -> None:
        if event.new is AdapterState.SYNCING and not desk.world.skew_ns:  # the clock is measured, the login comes
            desk.world.set_clock(-20_000_000_000)

    desk.engine.subscribe(StateChanged, jump)
    await desk.run(desk.exchange.connect())
    equal((desk.exchange.state, desk.world.skew_ns), (AdapterState.READY, -20_000_000_000), "state and jump")
    desk.world.set_clock(-40_000_000_000)
    desk.cut()
    await desk.clock.advance(10)
    equal(desk.exchange.state, AdapterState.READY, "the state after an outage in which the clock had jumped")
    equal((await desk.rest()).status, OrderStatus.OPEN, "an order")


@scenario()
async def the_secret_shows_nowhere(bench: Bench) -> None:
    """Neither a repr nor an error of a refused connect holds the secret."""
    key, secret = SecretStr("a-key-of-nobody"), SecretStr("c2VjcmV0LW9mLW5vYm9keS1hdC1hbGw=")
    desk = bench.make()
    config = ExchangeConfig(credentials=Credentials(api_key=key, api_secret=secret))
    exchange = factory_for(bench.spec).get_exchange(
        bench.spec.name, config, clock=desk.clock, engine=desk.engine, environment=desk.world
    )
    texts = [repr(exchange), repr(exchange.config), repr(desk.heard)]
    sure(all(secret.get_secret_value() not in text for text in texts), "the secret shows")


async def _public_requests(bench: Bench) -> Counter[str]:
    """Return what half an hour of a healthy exchange asks that has nothing private to ask."""
    desk: Desk = await bench.desk(reconcile_interval_s=0.0)
    before = desk.world.requests.copy()
    await desk.clock.advance(1_800)
    return desk.world.requests - before
