"""What the embedded venue promises about orders, money and market data."""

from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.types import (
    BalanceReport,
    BookChange,
    CancelRestriction,
    NewOrder,
    OrderReport,
    PublicTrade,
    Reason,
    Refused,
    ReportKind,
    Stp,
    VenueOrder,
    VenueStatus,
)
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import small_venue

SYMBOL = "BTC/USDT"


@pytest.fixture
def venue() -> Venue:
    made = small_venue()
    for account in ("anna", "ben"):
        made.open_account(account, {"BTC": D(10), "USDT": D(10_000)})
    return made


def place(venue: Venue, account: str, side: Side, quantity: object, price: object = None, **more: Any) -> VenueOrder:
    kind = more.pop("type", OrderType.MARKET if price is None else OrderType.LIMIT)
    return venue.place(
        NewOrder(
            account=account,
            symbol=SYMBOL,
            side=side,
            type=kind,
            quantity=None if quantity is None else D(str(quantity)),
            price=None if price is None else D(str(price)),
            **more,
        )
    )


def status(venue: Venue, order: VenueOrder) -> VenueStatus:
    return venue.order(order.account, SYMBOL, order_id=order.order_id).status


def test_better_prices_trade_first_and_at_one_price_the_earlier_order(venue: Venue) -> None:
    late_but_better = place(venue, "anna", Side.SELL, 1, 99)
    first = place(venue, "anna", Side.SELL, 1, 100)
    second = place(venue, "anna", Side.SELL, 1, 100)
    bought = place(venue, "ben", Side.BUY, 2, 100)
    assert [e.price for e in bought.executions] == [D(99), D(100)]
    assert status(venue, late_but_better) is status(venue, first) is VenueStatus.FILLED
    assert status(venue, second) is VenueStatus.NEW


def test_a_taker_gets_the_makers_price_and_the_rest_of_its_lock_back(venue: Venue) -> None:
    place(venue, "anna", Side.SELL, 1, 90)
    place(venue, "ben", Side.BUY, 1, 100)
    assert venue.balances("ben")["USDT"] == (D(10_000) - 90, D(0))
    assert venue.balances("ben")["BTC"] == (D(11) - D("0.001"), D(0))
    assert venue.balances("anna")["USDT"] == (D(10_090) - D("0.09"), D(0))


def test_funds_of_a_resting_order_are_locked_and_come_back_with_the_cancel(venue: Venue) -> None:
    order = place(venue, "anna", Side.BUY, 2, 50)
    assert venue.balances("anna")["USDT"] == (D(9_900), D(100))
    venue.cancel("anna", SYMBOL, order_id=order.order_id)
    assert venue.balances("anna")["USDT"] == (D(10_000), D(0))


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"side": Side.BUY, "quantity": 101, "price": 100}, Reason.INSUFFICIENT_BALANCE),
        ({"side": Side.SELL, "quantity": 11}, Reason.INSUFFICIENT_BALANCE),
        ({"side": Side.BUY, "quantity": None, "quote_quantity": D(10_001)}, Reason.INSUFFICIENT_BALANCE),
        ({"side": Side.BUY, "quantity": 1, "price": "100.001"}, Reason.RULE),
        ({"side": Side.BUY, "quantity": "0.000001", "price": 100}, Reason.RULE),
        ({"side": Side.BUY, "quantity": "0.001", "price": 100}, Reason.RULE),
        ({"side": Side.BUY, "quantity": "0.0000000001", "price": 100}, Reason.PRECISION),
        ({"side": Side.BUY, "quantity": 0, "price": 100}, Reason.NOT_POSITIVE),
    ],
)
def test_a_refused_order_names_its_reason_and_changes_nothing(
    venue: Venue, order: dict[str, Any], reason: Reason
) -> None:
    place(venue, "ben", Side.SELL, 1, 105)
    before = venue.balances("anna"), venue.depth(SYMBOL, 10)
    with pytest.raises(Refused) as refused:
        place(venue, "anna", order.pop("side"), order.pop("quantity"), order.pop("price", None), **order)
    assert refused.value.reason is reason
    assert (venue.balances("anna"), venue.depth(SYMBOL, 10)) == before


def test_a_market_order_by_quote_spends_at_most_that_and_buys_whole_steps(venue: Venue) -> None:
    place(venue, "anna", Side.SELL, 5, "33.33")
    bought = place(venue, "ben", Side.BUY, None, quote_quantity=D(100))
    assert bought.status is VenueStatus.FILLED
    assert bought.filled_quote <= 100 < bought.filled_quote + D("33.33") * D("0.00001")
    assert bought.filled % D("0.00001") == 0
    assert bought.quantity == bought.filled


def test_a_market_order_that_runs_out_of_book_expires_with_what_it_got(venue: Venue) -> None:
    place(venue, "anna", Side.SELL, 1, 100)
    bought = place(venue, "ben", Side.BUY, 3)
    assert (bought.status, bought.filled) == (VenueStatus.EXPIRED, D(1))
    assert place(venue, "ben", Side.BUY, 1).status is VenueStatus.EXPIRED


@pytest.mark.parametrize(("quantity", "filled", "ends"), [(2, 2, VenueStatus.FILLED), (3, 0, VenueStatus.EXPIRED)])
def test_fill_or_kill_is_all_or_nothing(venue: Venue, quantity: int, filled: int, ends: VenueStatus) -> None:
    place(venue, "anna", Side.SELL, 2, 100)
    killed = place(venue, "ben", Side.BUY, quantity, 100, time_in_force=TimeInForce.FOK)
    assert (killed.status, killed.filled) == (ends, D(filled))
    assert venue.balances("ben")["USDT"][1] == 0


def test_immediate_or_cancel_keeps_what_it_got_and_expires_the_rest(venue: Venue) -> None:
    place(venue, "anna", Side.SELL, 1, 100)
    taken = place(venue, "ben", Side.BUY, 3, 100, time_in_force=TimeInForce.IOC)
    assert (taken.status, taken.filled) == (VenueStatus.EXPIRED, D(1))
    assert venue.depth(SYMBOL, 5)[1] == []


def test_a_limit_maker_that_would_take_is_refused(venue: Venue) -> None:
    place(venue, "anna", Side.SELL, 1, 100)
    with pytest.raises(Refused) as refused:
        place(venue, "ben", Side.BUY, 1, 100, type=OrderType.LIMIT_MAKER)
    assert refused.value.reason is Reason.WOULD_TAKE
    assert place(venue, "ben", Side.BUY, 1, 99, type=OrderType.LIMIT_MAKER).status is VenueStatus.NEW


def test_an_iceberg_shows_one_slice_and_goes_to_the_back_when_it_shows_the_next(venue: Venue) -> None:
    iceberg = place(venue, "anna", Side.SELL, 3, 100, iceberg_quantity=D(1))
    behind = place(venue, "anna", Side.SELL, 1, 100)
    assert venue.depth(SYMBOL, 1)[2] == [(D(100), D(2))]
    place(venue, "ben", Side.BUY, 2, 100)
    assert status(venue, behind) is VenueStatus.FILLED
    assert venue.order("anna", SYMBOL, order_id=iceberg.order_id).filled == 1
    assert venue.depth(SYMBOL, 1)[2] == [(D(100), D(1))]


@pytest.mark.parametrize(
    ("mode", "maker_ends", "taker_ends"),
    [
        (Stp.EXPIRE_MAKER, VenueStatus.EXPIRED_IN_MATCH, VenueStatus.NEW),
        (Stp.EXPIRE_TAKER, VenueStatus.NEW, VenueStatus.EXPIRED_IN_MATCH),
        (Stp.EXPIRE_BOTH, VenueStatus.EXPIRED_IN_MATCH, VenueStatus.EXPIRED_IN_MATCH),
        (Stp.NONE, VenueStatus.FILLED, VenueStatus.FILLED),
        (Stp.DECREMENT, VenueStatus.EXPIRED_IN_MATCH, VenueStatus.EXPIRED_IN_MATCH),
    ],
)
def test_the_takers_mode_decides_about_trades_with_oneself(
    venue: Venue, mode: Stp, maker_ends: VenueStatus, taker_ends: VenueStatus
) -> None:
    maker = place(venue, "anna", Side.SELL, 1, 100)
    taker = place(venue, "anna", Side.BUY, 1, 100, stp=mode)
    assert (status(venue, maker), status(venue, taker)) == (maker_ends, taker_ends)
    venue_locks = {asset: locked for asset, (_, locked) in venue.balances("anna").items() if locked}
    still_open = [o for o in (maker, taker) if status(venue, o) is VenueStatus.NEW]
    assert len(venue_locks) == len(still_open)


@pytest.mark.parametrize(
    ("kind", "side", "stop", "trigger_at"),
    [
        (OrderType.STOP_LOSS, Side.SELL, 95, 94),
        (OrderType.TAKE_PROFIT, Side.SELL, 105, 106),
        (OrderType.STOP_LOSS, Side.BUY, 105, 106),
        (OrderType.TAKE_PROFIT, Side.BUY, 95, 94),
    ],
)
def test_a_stop_waits_for_the_last_price_to_reach_it_then_runs(
    venue: Venue, kind: OrderType, side: Side, stop: int, trigger_at: int
) -> None:
    stop_order = place(venue, "anna", side, 1, type=kind, stop_price=D(stop))
    place(venue, "ben", side.opposite, 5, trigger_at)
    assert status(venue, stop_order) is VenueStatus.NEW
    venue.market(SYMBOL).print_trade(D(trigger_at), D("0.1"), Side.BUY)
    assert status(venue, stop_order) is VenueStatus.FILLED


def test_a_stop_on_the_wrong_side_of_the_market_is_refused(venue: Venue) -> None:
    with pytest.raises(Refused) as refused:
        place(venue, "anna", Side.SELL, 1, type=OrderType.STOP_LOSS, stop_price=D(101))
    assert refused.value.reason is Reason.WOULD_TRIGGER


def test_a_client_id_may_be_used_again_once_its_order_is_done(venue: Venue) -> None:
    first = place(venue, "anna", Side.BUY, 1, 50, client_order_id="mine")
    with pytest.raises(Refused) as refused:
        place(venue, "anna", Side.BUY, 1, 50, client_order_id="mine")
    assert refused.value.reason is Reason.DUPLICATE_CLIENT_ID
    venue.cancel("anna", SYMBOL, client_order_id="mine")
    second = place(venue, "anna", Side.BUY, 1, 50, client_order_id="mine")
    assert venue.order("anna", SYMBOL, client_order_id="mine").order_id == second.order_id != first.order_id


def test_cancels_obey_their_restriction_and_know_finished_orders(venue: Venue) -> None:
    order = place(venue, "anna", Side.BUY, 1, 50)
    with pytest.raises(Refused) as refused:
        venue.cancel("anna", SYMBOL, order_id=order.order_id, restriction=CancelRestriction.ONLY_PARTIALLY_FILLED)
    assert refused.value.reason is Reason.CANCEL_RESTRICTED
    venue.cancel("anna", SYMBOL, order_id=order.order_id, restriction=CancelRestriction.ONLY_NEW)
    with pytest.raises(Refused) as again:
        venue.cancel("anna", SYMBOL, order_id=order.order_id)
    assert again.value.reason is Reason.CANCEL_UNKNOWN


def test_cancel_replace_does_not_cancel_for_an_illegal_successor_nor_place_after_a_failed_cancel(venue: Venue) -> None:
    order = place(venue, "anna", Side.BUY, 1, 50)
    new = NewOrder(account="anna", symbol=SYMBOL, side=Side.BUY, type=OrderType.LIMIT, quantity=D(1), price=D("50.001"))
    with pytest.raises(Refused):
        venue.cancel_replace("anna", SYMBOL, new, order_id=order.order_id)
    assert status(venue, order) is VenueStatus.NEW
    legal = NewOrder(account="anna", symbol=SYMBOL, side=Side.BUY, type=OrderType.LIMIT, quantity=D(1), price=D(51))
    result = venue.cancel_replace("anna", SYMBOL, legal, order_id=999)
    assert isinstance(result.canceled, Refused)
    assert result.new is None
    done = venue.cancel_replace("anna", SYMBOL, legal, order_id=order.order_id)
    assert isinstance(done.new, VenueOrder)
    assert status(venue, order) is VenueStatus.CANCELED


def test_nobody_trades_on_a_halted_symbol_but_cancels_still_work(venue: Venue) -> None:
    order = place(venue, "anna", Side.BUY, 1, 50)
    venue.set_status(SYMBOL, trading=False)
    with pytest.raises(Refused) as refused:
        place(venue, "anna", Side.BUY, 1, 50)
    assert refused.value.reason is Reason.MARKET_CLOSED
    venue.cancel("anna", SYMBOL, order_id=order.order_id)


def test_an_account_hears_new_then_each_fill_then_its_balances(venue: Venue) -> None:
    heard: list[Any] = []
    place(venue, "anna", Side.SELL, 1, 100)
    place(venue, "anna", Side.SELL, 1, 101)
    venue.listeners.append(heard.append)
    place(venue, "ben", Side.BUY, 2, 101)
    mine = [e for e in heard if getattr(e, "account", getattr(getattr(e, "order", None), "account", "")) == "ben"]
    kinds = [e.kind if isinstance(e, OrderReport) else "balance" for e in mine]
    assert kinds == [ReportKind.NEW, "balance", ReportKind.TRADE, "balance", ReportKind.TRADE, "balance"]
    last = mine[-1]
    assert isinstance(last, BalanceReport)
    assert last.balances["BTC"] == venue.balances("ben")["BTC"]


def test_the_market_hears_every_level_change_and_trade_with_ids_that_count_up(venue: Venue) -> None:
    heard: list[Any] = []
    venue.listeners.append(heard.append)
    place(venue, "anna", Side.SELL, 2, 100)
    place(venue, "ben", Side.BUY, 1, 100)
    changes = [e for e in heard if isinstance(e, BookChange)]
    trades = [e for e in heard if isinstance(e, PublicTrade)]
    assert [(c.update_id, c.quantity) for c in changes] == [(1, D(2)), (2, D(1))]
    assert [(t.trade_id, t.taker_side) for t in trades] == [(1, Side.BUY)]
    assert venue.depth(SYMBOL, 5)[0] == 2


def test_no_minute_is_missing_and_history_joins_the_first_price(venue: Venue) -> None:
    old = small_venue(history_days=1, price="250")
    now = old.clock()
    minutes = old.minutes(SYMBOL, now - 600 * 60 * 10**9, now)
    opens = [c.open_ns for c in minutes]
    assert opens == list(range(opens[0], opens[-1] + 1, 60 * 10**9))
    assert len(minutes) >= 600
    assert minutes[-2].close == D(250)
    assert all(c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in minutes)
    again = small_venue(history_days=1, price="250")
    assert [c.close for c in again.minutes(SYMBOL, now - 600 * 60 * 10**9, now)][:500] == [c.close for c in minutes][
        :500
    ]
