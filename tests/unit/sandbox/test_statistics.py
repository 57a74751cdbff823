"""What the venue remembers and sums up: the day's statistics, averages, orders by id, and what it forgets."""

from __future__ import annotations

import itertools
from decimal import Decimal as D

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder, Reason, Refused, VenueOrder
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import START_NS, plain_contract, small_venue

SYMBOL, OTHER = "BTC/USDT", "ETH/USDT"
MINUTE_NS = 60 * 10**9


def limit(venue: Venue, side: Side, quantity: int, price: int, *, symbol: str = SYMBOL, name: str = "") -> VenueOrder:
    return venue.place(
        NewOrder(
            account="anna",
            symbol=symbol,
            side=side,
            type=OrderType.LIMIT,
            quantity=D(quantity),
            price=D(price),
            client_order_id=name,
        )
    )


def test_a_day_without_trades_has_the_last_price_everywhere_and_no_ids() -> None:
    day = small_venue(price="250").day_statistics(SYMBOL)
    assert {day.open, day.high, day.low, day.last, day.weighted_average, day.previous_close} == {D(250)}
    assert (day.volume, day.quote_volume, day.count, day.first_id, day.last_id) == (0, 0, 0, -1, -1)
    assert day.close_ns - day.open_ns == 86_400 * 10**9


def test_a_day_sums_trades_weights_its_average_and_names_live_ids_beside_made_up_history() -> None:
    venue = small_venue(price="100", history_days=1)
    venue.market(SYMBOL).print_trade(D(90), D(1), Side.BUY)
    venue.market(SYMBOL).print_trade(D(120), D(3), Side.SELL)
    day = venue.day_statistics(SYMBOL)
    assert (day.first_id, day.last_id, day.last, day.last_quantity) == (1, 2, 120, 3)
    assert day.count > 1_000
    assert day.weighted_average * day.volume == pytest.approx(day.quote_volume)


def test_an_average_is_weighted_by_volume_over_the_last_minutes_only() -> None:
    now = START_NS
    venue = Venue(
        [plain_contract()], lambda: now, maker_fee=D(0), taker_fee=D(0), prices={SYMBOL: D(100)}, history_days=0
    )
    assert venue.average_price(SYMBOL, 5) == 100
    venue.market(SYMBOL).print_trade(D(90), D(1), Side.BUY)
    now += 10 * MINUTE_NS
    assert venue.average_price(SYMBOL, 5) == 90
    venue.market(SYMBOL).print_trade(D(100), D(1), Side.BUY)
    venue.market(SYMBOL).print_trade(D(120), D(3), Side.BUY)
    assert venue.average_price(SYMBOL, 5) == 115
    assert venue.average_price(SYMBOL, 0) == 120


@pytest.fixture
def two() -> Venue:
    ticks = itertools.count(START_NS)
    venue = Venue(
        [plain_contract(), plain_contract(OTHER)],
        lambda: next(ticks),
        maker_fee=D(0),
        taker_fee=D(0),
        prices={SYMBOL: D(100), OTHER: D(100)},
    )
    venue.open_account("anna", {"BTC": D(10), "ETH": D(10), "USDT": D(10_000)})
    return venue


def test_an_order_is_found_only_under_its_own_symbol_by_either_id(two: Venue) -> None:
    order = limit(two, Side.BUY, 1, 50, name="mine")
    for wrong in ({"order_id": order.order_id}, {"client_order_id": "mine"}):
        with pytest.raises(Refused) as unknown:
            two.order("anna", OTHER, **wrong)  # type: ignore[arg-type]
        assert unknown.value.reason is Reason.NO_SUCH_ORDER
        with pytest.raises(Refused) as not_canceled:
            two.cancel("anna", OTHER, **wrong)  # type: ignore[arg-type]
        assert not_canceled.value.reason is Reason.CANCEL_UNKNOWN
    assert two.order("anna", SYMBOL, client_order_id="mine") == order


def test_a_client_id_used_later_for_another_symbol_does_not_hide_the_first_order(two: Venue) -> None:
    first = limit(two, Side.BUY, 1, 50, name="mine")
    two.cancel("anna", SYMBOL, order_id=first.order_id)
    second = limit(two, Side.BUY, 1, 50, symbol=OTHER, name="mine")
    assert two.order("anna", SYMBOL, client_order_id="mine").order_id == first.order_id
    assert two.order("anna", OTHER, client_order_id="mine").order_id == second.order_id


def test_nobody_sees_or_cancels_anothers_orders(two: Venue) -> None:
    order = limit(two, Side.BUY, 1, 50, name="mine")
    with pytest.raises(Refused):
        two.order("ben", SYMBOL, order_id=order.order_id)
    with pytest.raises(Refused):
        two.cancel("ben", SYMBOL, client_order_id="mine")
    assert two.open_orders("ben") == []


def test_canceling_all_ends_one_symbols_orders_only(two: Venue) -> None:
    for symbol in (SYMBOL, SYMBOL, OTHER):
        limit(two, Side.BUY, 1, 50, symbol=symbol)
    assert len(two.cancel_all("anna", SYMBOL)) == 2
    assert [o.symbol for o in two.open_orders("anna")] == [OTHER]
    with pytest.raises(Refused) as refused:
        two.cancel_all("anna", SYMBOL)
    assert refused.value.reason is Reason.CANCEL_UNKNOWN


def test_clients_orders_and_fills_are_kept_and_those_of_the_agents_forgotten_when_done(two: Venue) -> None:
    for _ in range(3):
        two.place_agent(SYMBOL, Side.SELL, D(100), D(1))
        limit(two, Side.BUY, 1, 100)
    assert len(two.orders("anna", SYMBOL)) == len(two.executions("anna", SYMBOL)) == 3
    assert two.orders(MARKET_ACCOUNT, SYMBOL) == two.executions(MARKET_ACCOUNT, SYMBOL) == []
    assert two.executions("anna", OTHER) == []


def test_public_trades_are_kept_in_bounded_number(two: Venue) -> None:
    for _ in range(10_050):
        two.market(SYMBOL).print_trade(D(100), D(1), Side.BUY)
    assert len(two.trades(SYMBOL)) == 10_000
    assert two.trades(SYMBOL)[-1].trade_id == 10_050


def test_what_is_handed_out_does_not_change_afterwards(two: Venue) -> None:
    order = limit(two, Side.BUY, 2, 50)
    two.place_agent(SYMBOL, Side.SELL, D(50), D(1))
    assert (order.filled, order.executions) == (0, [])
    assert two.order("anna", SYMBOL, order_id=order.order_id).filled == 1
