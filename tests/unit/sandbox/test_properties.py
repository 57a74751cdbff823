"""The venue under random traffic: money is conserved, the book never crosses, what is told is what happened."""

from __future__ import annotations

from decimal import Decimal as D

from hypothesis import given, settings
from hypothesis import strategies as st

from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.types import (
    MARKET_ACCOUNT,
    Amendment,
    BalanceReport,
    BookChange,
    FeeIn,
    NewOrder,
    OrderReport,
    PublicTrade,
    Refused,
    Stp,
    VenueEvent,
    VenueOrder,
)
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import small_venue

SYMBOL = "BTC/USDT"
CLIENTS = ["anna", "ben"]
BTC, USDT = D(6), D(600)
# Few prices, so that orders meet; sizes from one lot to more than anybody can pay.
prices = st.sampled_from([D(price) for price in (80, 97, 98, 99, 100, 101, 102, 103, 125)])
steps = st.one_of(
    st.integers(1, 20).map(lambda tenths: D(tenths) / 10), st.integers(2_000, 800_000).map(lambda n: D(n) / 100_000)
)


@st.composite
def orders(draw: st.DrawFn) -> NewOrder:
    kind, account = (
        draw(st.sampled_from([*OrderType, *[OrderType.LIMIT] * 4, *[OrderType.MARKET] * 2])),
        draw(st.sampled_from([*CLIENTS, *CLIENTS, MARKET_ACCOUNT])),
    )
    by_quote = kind is OrderType.MARKET and draw(st.booleans())
    quantity = draw(steps)
    lives = kind in (OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
    lifetime = draw(st.sampled_from([*TimeInForce, *[TimeInForce.GTC] * 3])) if lives else TimeInForce.GTC
    trails = kind is OrderType.TRAILING_STOP
    by_percent = trails and draw(st.booleans())
    sliced = kind.has_price and lifetime is TimeInForce.GTC and quantity > D("0.1") and draw(st.booleans())
    return NewOrder(
        account=account,
        symbol=SYMBOL,
        side=draw(st.sampled_from(Side)),
        type=kind,
        quantity=None if by_quote else quantity,
        quote_quantity=draw(st.integers(1, 90_000).map(lambda cents: D(cents) / 100)) if by_quote else None,
        price=draw(prices) if kind.has_price else None,
        stop_price=draw(prices) if kind.has_trigger and not trails else None,
        trailing_offset=draw(steps) if trails and not by_percent else None,
        trailing_percent=draw(steps) if by_percent else None,
        fee_in=draw(st.sampled_from(FeeIn)),
        accept_taking=draw(st.booleans()),
        time_in_force=lifetime,
        stp=draw(st.sampled_from(Stp)),
        iceberg_quantity=D("0.1") if sliced else None,
    )


cancels = st.integers(1, 60)
prints = st.tuples(prices, steps, st.sampled_from(Side))
amends = st.tuples(
    cancels,
    st.builds(
        Amendment,
        quantity=st.none() | steps,
        price=st.none() | prices,
        stop_price=st.none() | prices,
        iceberg_quantity=st.none() | steps,
        post_only=st.booleans(),
    ),
)
Action = NewOrder | int | tuple[int, Amendment] | tuple[D, D, Side]
actions = st.lists(st.one_of(*[orders()] * 6, cancels, amends, prints), min_size=20, max_size=60)


class Witness:
    """Listen to a venue and rebuild from its events alone what it says it is."""

    def __init__(self, venue: Venue) -> None:
        self.books: dict[Side, dict[D, D]] = {Side.BUY: {}, Side.SELL: {}}
        self.update_id = 0
        self.trades: list[PublicTrade] = []
        self.balances: dict[tuple[str, str], tuple[D, D]] = {}
        self.orders: dict[int, VenueOrder] = {}
        venue.listeners.append(self.hear)

    def hear(self, event: VenueEvent) -> None:
        if isinstance(event, BookChange):
            self.update_id += 1
            assert event.update_id == self.update_id
            level = self.books[event.side]
            level[event.price] = event.quantity
            if not event.quantity:
                del level[event.price]
        elif isinstance(event, PublicTrade):
            self.trades.append(event)
            assert event.trade_id == len(self.trades)
        elif isinstance(event, BalanceReport):
            self.balances |= {(event.account, asset): held for asset, held in event.balances.items()}
        elif isinstance(event, OrderReport):
            self.orders[event.order.order_id] = event.order


def run(actions: list[Action]) -> tuple[Venue, Witness]:
    venue = small_venue()
    for account in CLIENTS:
        venue.open_account(account, {"BTC": BTC, "USDT": USDT})
    witness = Witness(venue)
    for action in actions:
        try:
            act(venue, action)
        except Refused:
            continue
        check(venue)
    return venue, witness


def act(venue: Venue, action: Action) -> None:
    if isinstance(action, NewOrder):
        keeps_its_word(action, venue.place(action))
    elif isinstance(action, int):
        if (owner := owner_of(venue, action)) is not None:
            venue.cancel(owner, SYMBOL, order_id=action)
    elif len(action) == 2:
        if (owner := owner_of(venue, action[0])) is not None:
            venue.amend(owner, SYMBOL, action[1], order_id=action[0])
    else:
        venue.market(SYMBOL).print_trade(*action)


def owner_of(venue: Venue, number: int) -> str | None:
    return next((a for a in CLIENTS for o in venue.open_orders(a) if o.order_id == number), None)


def keeps_its_word(new: NewOrder, placed: VenueOrder) -> None:
    assert placed.filled == sum(e.quantity for e in placed.executions) or placed.account == MARKET_ACCOUNT
    assert 0 <= placed.filled <= placed.quantity - placed.prevented_quantity
    if new.time_in_force is TimeInForce.FOK and not new.type.has_trigger:
        assert placed.filled in (0, placed.quantity)
    if new.quote_quantity is not None:
        assert placed.filled_quote <= new.quote_quantity
    if new.price is not None and placed.filled:
        limit = new.price * placed.filled
        assert placed.filled_quote <= limit if new.side is Side.BUY else placed.filled_quote >= limit


def check(venue: Venue) -> None:
    assert venue.ledger.total("BTC") == BTC * len(CLIENTS)
    assert venue.ledger.total("USDT") == USDT * len(CLIENTS)
    for account in CLIENTS:
        held, mine = venue.balances(account), venue.open_orders(account)
        assert all(free >= 0 for free, _ in held.values())
        buys = [o for o in mine if o.side is Side.BUY]
        assert held["USDT"][1] == sum((o.price or o.stop_price) * o.remaining * on_top(o, FeeIn.QUOTE) for o in buys)
        sells = [o for o in mine if o.side is Side.SELL]
        assert held["BTC"][1] == sum(o.remaining * on_top(o, FeeIn.BASE) for o in sells)
    _, bids, asks = venue.depth(SYMBOL, 1)
    assert not bids or not asks or bids[0][0] < asks[0][0]


def on_top(order: VenueOrder, fee_in: FeeIn) -> D:
    return D("1.001") if order.fee_in is fee_in else D(1)


@given(actions)
@settings(max_examples=120, deadline=None)
def test_money_is_conserved_and_locked_exactly_for_open_orders_whatever_happens(actions: list[Action]) -> None:
    venue, _ = run(actions)
    for account in CLIENTS:
        if venue.open_orders(account):
            venue.cancel_all(account, SYMBOL)
        assert all(locked == 0 for _, locked in venue.balances(account).values())
    check(venue)


@given(actions)
@settings(max_examples=80, deadline=None)
def test_who_only_listens_knows_book_trades_balances_and_orders(actions: list[Action]) -> None:
    venue, witness = run(actions)
    update_id, bids, asks = venue.depth(SYMBOL, 1_000)
    assert (witness.update_id, witness.books[Side.BUY], witness.books[Side.SELL]) == (update_id, dict(bids), dict(asks))
    assert witness.trades == list(venue.trades(SYMBOL))
    for (account, asset), held in witness.balances.items():
        assert venue.balances(account)[asset] == held
    for order in witness.orders.values():
        assert venue.order(order.account, SYMBOL, order_id=order.order_id) == order


@given(actions)
@settings(max_examples=40, deadline=None)
def test_candles_and_statistics_are_the_sum_of_the_trades(actions: list[Action]) -> None:
    venue, witness = run(actions)
    minutes = venue.minutes(SYMBOL, 0, venue.clock())
    day, traded = venue.day_statistics(SYMBOL), witness.trades
    assert sum(c.volume for c in minutes) == day.volume == sum(t.quantity for t in traded)
    assert sum(c.quote_volume for c in minutes) == day.quote_volume == sum(t.price * t.quantity for t in traded)
    assert (day.count, day.last_id) == (len(traded), len(traded) or -1)
    if traded:
        assert venue.last_price(SYMBOL) == traded[-1].price == minutes[-1].close
        assert (max(c.high for c in minutes), min(c.low for c in minutes)) == (day.high, day.low)
        assert day.high >= max(t.price for t in traded) >= min(t.price for t in traded) >= day.low
