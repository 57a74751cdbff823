"""Events for a slower reader: the latest of each key, every order and trade, books that equal the venue's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from foxtrot.data.coalescer import Coalescer
from foxtrot.model.account import Balance
from foxtrot.model.events import (
    AdapterState,
    BalanceUpdated,
    BookInvalidated,
    BookUpdated,
    ChannelName,
    ChannelStateChanged,
    Event,
    OrderAccepted,
    OrderCanceled,
    Quote,
    StateChanged,
    Trade,
)
from foxtrot.model.order import Order, OrderType, Side
from foxtrot.model.orderbook import Level, OrderBook

ORDER = Order(exchange="alpha", symbol="BTC/USDT", client_order_id="x-1", side=Side.BUY, type=OrderType.LIMIT)


class Reader:
    """Count wake-ups."""

    def __init__(self, depth: int = 2) -> None:
        self.woken = 0
        self.box = Coalescer(self.wake, depth)

    def wake(self) -> None:
        self.woken += 1

    def put(self, *events: Event) -> None:
        for event in events:
            self.box.put(event)

    def latest(self) -> list[Event | OrderBook]:
        return self.box.take().latest


@pytest.fixture
def reader() -> Reader:
    return Reader()


def quote(bid: float, symbol: str = "BTC/USDT", exchange: str = "alpha") -> Quote:
    return Quote(exchange, symbol, 0, 0, 1, bid, 1.0, bid + 1, 1.0)


def trade(number: int) -> Trade:
    return Trade("alpha", "BTC/USDT", 0, 0, number, number, 1.0, 1.0, Side.BUY)


def book(update_id: int, bids: list[Level], asks: list[Level], *, snapshot: bool = False) -> BookUpdated:
    return BookUpdated("alpha", "BTC/USDT", 0, update_id * 10, 1, update_id, bids, asks, 0.0, 0.0, 0.0, 0.0, snapshot)


def balances(**free: int) -> BalanceUpdated:
    told = tuple(Balance(asset, Decimal(amount), Decimal(0)) for asset, amount in free.items())
    return BalanceUpdated("alpha", "", 0, 0, 1, told)


def test_the_reader_is_woken_once_until_it_takes(reader: Reader) -> None:
    reader.put(*(trade(number) for number in range(100)))
    assert reader.woken == 1
    reader.box.take()
    assert reader.woken == 1
    reader.put(trade(100))
    assert reader.woken == 2


def test_of_quotes_the_latest_of_each_symbol_and_exchange_is_given_once(reader: Reader) -> None:
    reader.put(quote(1.0), quote(2.0, "ETH/USDT"), quote(3.0, exchange="beta"), quote(4.0))
    assert reader.latest() == [quote(4.0), quote(2.0, "ETH/USDT"), quote(3.0, exchange="beta")]
    assert reader.latest() == []


def test_orders_and_trades_are_all_given_in_order(reader: Reader) -> None:
    accepted = OrderAccepted("alpha", "BTC/USDT", 0, 0, 1, ORDER)
    canceled = OrderCanceled("alpha", "BTC/USDT", 0, 0, 2, ORDER)
    reader.put(trade(1), accepted, trade(1), canceled, accepted)
    batch = reader.box.take()
    assert batch.orders == [accepted, canceled, accepted]
    assert batch.trades == [trade(1), trade(1)]
    assert batch.latest == []


def test_balances_of_several_events_are_joined_by_asset(reader: Reader) -> None:
    reader.put(balances(BTC=1, USDT=5), balances(BTC=2), balances(ETH=3))
    assert reader.latest() == [balances(BTC=2, USDT=5, ETH=3)]
    reader.put(balances(USDT=7))
    assert reader.latest() == [balances(USDT=7)]  # what was given is not given again


def test_channels_do_not_hide_each_other(reader: Reader) -> None:
    market = ChannelStateChanged("alpha", "", 0, 0, 1, ChannelName.MARKET, False, "lost")
    user = ChannelStateChanged("alpha", "", 0, 0, 2, ChannelName.USER, True, "open")
    state = StateChanged("alpha", "", 0, 0, 3, AdapterState.READY, AdapterState.DEGRADED, "market: lost")
    reader.put(market, user, state)
    assert reader.latest() == [market, user, state]


def test_a_book_is_the_sum_of_its_changes_at_the_depth_asked_for(reader: Reader) -> None:
    reader.put(
        book(1, [(10.0, 1.0), (9.0, 2.0), (8.0, 3.0)], [(11.0, 1.0), (12.0, 2.0)], snapshot=True),
        book(2, [(10.0, 0.0)], [(10.5, 4.0)]),
    )
    assert reader.latest() == [
        OrderBook("alpha", "BTC/USDT", 20, 2, ((9.0, 2.0), (8.0, 3.0)), ((10.5, 4.0), (11.0, 1.0)))
    ]
    reader.put(book(3, [(9.5, 1.0)], []))
    (later,) = reader.latest()
    assert isinstance(later, OrderBook)
    assert later.bids == ((9.5, 1.0), (9.0, 2.0))


def test_a_new_snapshot_replaces_all_levels(reader: Reader) -> None:
    reader.put(book(5, [(10.0, 1.0)], [(11.0, 1.0)], snapshot=True), book(2, [(7.0, 1.0)], [(8.0, 1.0)], snapshot=True))
    assert reader.latest() == [OrderBook("alpha", "BTC/USDT", 20, 2, ((7.0, 1.0),), ((8.0, 1.0),))]


def test_an_invalid_book_is_told_instead_of_its_last_state_and_changes_wait_for_a_snapshot(reader: Reader) -> None:
    invalid = BookInvalidated("alpha", "BTC/USDT", 0, 0, 1, "gap")
    reader.put(book(1, [(10.0, 1.0)], [(11.0, 1.0)], snapshot=True), invalid)
    assert reader.latest() == [invalid]
    reader.put(book(2, [(9.0, 1.0)], []))
    assert reader.latest() == []
    reader.put(book(3, [(7.0, 1.0)], [(8.0, 1.0)], snapshot=True))
    assert reader.latest() == [OrderBook("alpha", "BTC/USDT", 30, 3, ((7.0, 1.0),), ((8.0, 1.0),))]


def test_a_book_subscribed_to_before_is_asked_for_and_older_changes_do_not_spoil_it(reader: Reader) -> None:
    known = OrderBook("alpha", "BTC/USDT", 0, 7, ((10.0, 1.0),), ((11.0, 1.0),))
    asked: list[str] = []

    def source(symbol: str) -> OrderBook:
        asked.append(symbol)
        return known

    reader.box.know_books("alpha", source)
    reader.put(book(6, [(10.0, 5.0)], []))
    (whole,) = reader.latest()
    assert isinstance(whole, OrderBook)
    assert whole.bids == ((10.0, 1.0),)
    reader.put(book(7, [(10.0, 1.0)], []), book(8, [(9.0, 2.0)], []))
    (whole,) = reader.latest()
    assert isinstance(whole, OrderBook)
    assert whole.bids == ((10.0, 1.0), (9.0, 2.0))
    assert asked == ["BTC/USDT"]


def test_changes_of_a_book_that_nobody_knows_are_passed_over(reader: Reader) -> None:
    reader.box.know_books("alpha", lambda symbol: None)
    reader.put(book(6, [(10.0, 5.0)], []))
    assert reader.latest() == []


def test_books_without_update_ids_follow_every_change(reader: Reader) -> None:
    reader.put(book(0, [(10.0, 1.0)], [(11.0, 1.0)], snapshot=True), book(0, [(10.0, 3.0)], []))
    (whole,) = reader.latest()
    assert isinstance(whole, OrderBook)
    assert whole.bids == ((10.0, 3.0),)


def test_once_closed_nothing_is_given_or_kept(reader: Reader) -> None:
    reader.put(trade(1), quote(1.0))
    reader.box.close()
    reader.put(trade(2))
    batch = reader.box.take()
    assert (batch.orders, batch.trades, batch.latest) == ([], [], [])
    assert reader.box.closed
    assert reader.woken == 1
