"""The seeded agents: alive, bounded, repeatable, never crossed."""

from __future__ import annotations

from decimal import Decimal as D

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.flow import MarketFlow, starting_price
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder, VenueStatus
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import plain_contract, small_venue

SYMBOL = "BTC/USDT"


def played(seed: int, steps: int) -> tuple[list[object], Venue]:
    venue = small_venue(plain_contract(), price="60000")
    heard: list[object] = []
    venue.listeners.append(heard.append)
    flow = MarketFlow(venue, [SYMBOL], seed, rate=100)
    flow.seed_book()
    for _ in range(steps):
        flow.step()
        _, bids, asks = venue.depth(SYMBOL, 1)
        assert bids[0][0] < asks[0][0]
    return heard, venue


def test_the_same_seed_makes_the_same_market_and_another_seed_another() -> None:
    first, venue = played(7, 400)
    assert first == played(7, 400)[0]
    assert first != played(8, 400)[0]
    assert len(venue.trades(SYMBOL)) > 50
    assert 50_000 < venue.last_price(SYMBOL) < 70_000


def test_the_book_stays_two_sided_deep_and_bounded_and_the_price_comes_back_over_a_long_run() -> None:
    _, venue = played(3, 6_000)
    _, bids, asks = venue.depth(SYMBOL, 1_000)
    assert 10 < len(bids) < 100
    assert 10 < len(asks) < 100
    assert len(venue.open_orders(MARKET_ACCOUNT)) < 400
    assert 50_000 < venue.last_price(SYMBOL) < 70_000


def test_agents_keep_to_the_price_and_quantity_grids() -> None:
    _, venue = played(5, 500)
    _, bids, asks = venue.depth(SYMBOL, 1_000)
    assert all(price % D("0.01") == 0 and quantity % D("0.00001") == 0 for price, quantity in bids + asks)
    assert all(t.price % D("0.01") == 0 and t.quantity % D("0.00001") == 0 for t in venue.trades(SYMBOL))


def test_a_clients_order_near_the_market_is_filled_sooner_or_later() -> None:
    _, venue = played(11, 100)
    venue.open_account("anna", {"USDT": D(1_000_000)})
    best = venue.best(SYMBOL, Side.BUY)
    assert best is not None
    mine = venue.place(
        NewOrder(
            account="anna",
            symbol=SYMBOL,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=D("0.2"),
            price=best[0],
        )
    )
    flow = MarketFlow(venue, [SYMBOL], 12, rate=100)
    steps = 0
    while venue.order("anna", SYMBOL, order_id=mine.order_id).status.open:
        flow.step()
        steps += 1
        assert steps < 20_000
    assert venue.order("anna", SYMBOL, order_id=mine.order_id).status is VenueStatus.FILLED


def test_nothing_is_due_twice_and_a_stalled_clock_is_caught_up_in_bounded_bites() -> None:
    venue = small_venue(price="60000")
    flow = MarketFlow(venue, [SYMBOL], 1, rate=10)
    assert (flow.due(0), flow.due(1.05)) == (0, 10)
    flow.catch_up(1.05)
    assert flow.due(1.05) == 0
    flow.catch_up(100, at_most=50)
    assert flow.due(100) == 940


def test_agents_rest_while_the_symbol_is_halted_and_go_on_afterwards() -> None:
    venue = small_venue(price="60000")
    flow = MarketFlow(venue, [SYMBOL], 1, rate=10)
    venue.set_status(SYMBOL, trading=False)
    flow.seed_book()
    for _ in range(20):
        flow.step()
    assert venue.depth(SYMBOL, 5)[1:] == ([], [])
    venue.set_status(SYMBOL, trading=True)
    flow.seed_book()
    assert venue.best(SYMBOL, Side.BUY) is not None


def test_first_prices_are_plausible_also_between_two_assets_of_the_table() -> None:
    assert starting_price("BTC", "USDT") == 60_000
    assert starting_price("ETH", "BTC") == D("0.05")
    assert starting_price("NEWCOIN", "USD") == 10
