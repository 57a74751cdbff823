"""What must hold once everything is quiet, whatever went wrong before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from foxtrot.exchange import BaseExchange
from foxtrot.model import events
from foxtrot.model.order import Order, OrderStatus
from foxtrot.sandbox.dialect import Dialect
from foxtrot.sandbox.types import VenueOrder
from foxtrot.sandbox.venue import Venue

NAMES = (
    "open orders are the venue's",
    "every order of ours ends as the venue says",
    "each execution is heard of once",
    "balances are the venue's to the last digit",
    "nothing that the venue accepted is rejected or denied",
    "one venue order for one intent",
    "no order is left in doubt",
    "no order ends twice",
    "the venue never had to throttle us",
    "nothing stays open after the close",
    "everything is connected again",
    "READY means compared with the venue",
)
_ENDS = (events.OrderCanceled, events.OrderExpired, events.OrderRejected)


def findings(
    exchange: BaseExchange,
    venue: Venue,
    dialect: Dialect,
    heard: list[events.Event],
    ours: set[str],
    throttled: int = 0,
) -> Iterator[tuple[str, str]]:
    """Yield (one of NAMES, what is wrong).

    `dialect` names the venue's things as clients do, `heard` is every event since the exchange was made, `ours` the
    client order ids of all intents, `throttled` how often the venue had to refuse us for rate.
    """
    account = dialect.account
    placed = {dialect.order_id(o.order_id): o for symbol in venue.contracts for o in venue.orders(account, symbol)}
    yield from _open_orders(exchange, placed)
    yield from _ends(exchange, dialect, placed, ours)
    yield from _executions(venue, dialect, heard)
    yield from _balances(exchange, venue, account)
    yield from _intents(exchange, placed, ours)
    yield from _order_events(heard)
    yield from _readiness(heard)
    if throttled:
        yield NAMES[8], f"{throttled} requests too many"
    health = exchange.health()
    if health.state is not events.AdapterState.READY:
        yield NAMES[10], f"it is {health.state.value}: {'; '.join(health.reasons)}"


def _open_orders(exchange: BaseExchange, placed: dict[str, VenueOrder]) -> Iterator[tuple[str, str]]:
    theirs = {number for number, order in placed.items() if order.status.open}
    mine = {order.order_id for order in exchange.orders.open()}
    if theirs != mine:
        yield NAMES[0], f"only the venue has {sorted(theirs - mine)}, only we have {sorted(mine - theirs)}"


def _ends(
    exchange: BaseExchange, dialect: Dialect, placed: dict[str, VenueOrder], ours: set[str]
) -> Iterator[tuple[str, str]]:
    for number, theirs in placed.items():
        if theirs.client_order_id not in ours:
            continue
        mine = exchange.orders.get(theirs.client_order_id)
        wanted = (number, dialect.told_as(theirs), theirs.filled, theirs.filled_quote)
        known = None if mine is None else (mine.order_id, mine.status, mine.filled, mine.filled_quote)
        if known != wanted:
            yield NAMES[1], f"{theirs.client_order_id}: we know {known}, the venue {wanted}"


def _executions(venue: Venue, dialect: Dialect, heard: list[events.Event]) -> Iterator[tuple[str, str]]:
    theirs = {
        (symbol, dialect.trade_id(e), e.quantity)
        for symbol in venue.contracts
        for e in venue.executions(dialect.account, symbol)
    }
    mine = Counter((e.symbol, e.fill.trade_id, e.fill.quantity) for e in heard if isinstance(e, events.OrderFilled))
    twice = sorted(key for key, count in mine.items() if count > 1)
    if twice or mine.keys() != theirs:
        missing, invented = sorted(theirs - mine.keys()), sorted(mine.keys() - theirs)
        yield NAMES[2], f"twice: {twice}, never: {missing}, invented: {invented}"


def _balances(exchange: BaseExchange, venue: Venue, account: str) -> Iterator[tuple[str, str]]:
    mine = exchange.account.balances
    for asset, (free, locked) in venue.balances(account).items():
        known = mine.get(asset)
        if (Decimal(0), Decimal(0)) != (free, locked) and (
            known is None or (known.free, known.locked) != (free, locked)
        ):
            yield NAMES[3], f"{asset}: we know {known}, the venue has {free} free, {locked} locked"


def _intents(exchange: BaseExchange, placed: dict[str, VenueOrder], ours: set[str]) -> Iterator[tuple[str, str]]:
    at_venue = Counter(order.client_order_id for order in placed.values())
    for client_order_id in sorted(ours):
        order = exchange.orders.get(client_order_id)
        if at_venue[client_order_id] > 1:
            yield NAMES[5], f"{client_order_id} is {at_venue[client_order_id]} orders at the venue"
        if order is None:
            continue
        if order.status in (OrderStatus.REJECTED, OrderStatus.DENIED) and at_venue[client_order_id]:
            yield NAMES[4], f"{client_order_id} is {order.status.value} here ({order.reason})"
        if order.status in (OrderStatus.IN_DOUBT, OrderStatus.PENDING, OrderStatus.CREATED):
            yield NAMES[6], f"{client_order_id} is {order.status.value} ({order.reason})"


def _order_events(heard: list[events.Event]) -> Iterator[tuple[str, str]]:
    ended: dict[tuple[str, str], Order] = {}
    for event in heard:
        if not isinstance(event, _ENDS):
            continue
        key = (event.order.order_id, event.order.client_order_id)
        if key in ended:
            yield NAMES[7], f"{key}: {ended[key].status.value}, then {event.order.status.value}"
        ended[key] = event.order


def _readiness(heard: list[events.Event]) -> Iterator[tuple[str, str]]:
    """Follow the state: once the private stream was lost, it is READY again only after a complete comparison."""
    state, up, compared = events.AdapterState.DISCONNECTED, True, True
    for event in heard:
        if isinstance(event, events.ChannelStateChanged) and event.channel is events.ChannelName.USER:
            if event.up and not up and state is events.AdapterState.READY:
                yield NAMES[11], "it was READY while the private stream was down"
            compared = compared and event.up and up
            up = event.up
        elif isinstance(event, events.ReconcileFinished):
            compared = compared or (up and not event.failure)
        elif isinstance(event, events.StateChanged):
            state = event.new
            if state is events.AdapterState.CONNECTING:  # by a process that began anew, perhaps
                up, compared = True, True
            if state is events.AdapterState.READY and not compared:
                yield NAMES[11], f"it was READY ({event.reason}) before the comparison"
