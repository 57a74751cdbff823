from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.engine.policy import Overflow, QueuePolicy, default_policy, to_policy
from foxtrot.engine.queues import EventQueue, make_queue
from foxtrot.errors import InvalidRequest
from foxtrot.model.events import (
    BalanceUpdated,
    Bar,
    BookUpdated,
    Event,
    MarketEvent,
    OrderEvent,
    OrderFilled,
    Quote,
    StreamStale,
    Ticker,
    Trade,
)


def filled(policy: QueuePolicy, events: list[Event]) -> tuple[EventQueue, list[bool]]:
    queue = make_queue(policy)
    return queue, [queue.push(event) for event in events]


def emptied(queue: EventQueue) -> list[Event | None]:
    return [queue.pop() for _ in range(len(queue))]


@pytest.mark.parametrize(
    ("overflow", "kept", "taken"),
    [
        (Overflow.DROP_OLDEST, [2, 3, 4], [True, True, True, False, False]),
        (Overflow.DROP_NEWEST, [0, 1, 2], [True, True, True, False, False]),
    ],
)
def test_a_dropping_queue_keeps_its_end_of_the_line_and_counts_the_rest(trade, overflow, kept, taken) -> None:
    events = [trade() for _ in range(5)]
    queue, answers = filled(QueuePolicy(overflow, 3), events)
    assert (answers, queue.dropped, queue.full) == (taken, 2, False)
    assert emptied(queue) == [events[index] for index in kept]


def test_a_conflating_queue_keeps_the_latest_of_each_candle_and_each_stream() -> None:
    def bar(interval: str, opened: int, *, closed: bool) -> Bar:
        return Bar("x", "BTC/USDT", 0, 0, 1, interval, opened, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1, closed)

    def stale(stream: str, silent_s: float) -> StreamStale:
        return StreamStale("x", "BTC/USDT", 0, 0, 1, stream, "", silent_s, "quiet")

    final, running, longer = bar("1m", 0, closed=True), bar("1m", 60, closed=False), bar("5m", 0, closed=False)
    book, quotes = stale("book", 2.0), stale("quotes", 1.0)
    events = [bar("1m", 0, closed=False), final, running, longer, stale("book", 1.0), quotes, book]
    queue, _ = filled(QueuePolicy(Overflow.CONFLATE, 10), events)
    assert emptied(queue) == [final, running, longer, book, quotes]
    assert queue.conflated == 2


def test_a_block_queue_asks_to_wait_at_its_capacity_and_refuses_only_at_its_hard_limit(trade) -> None:
    events = [trade() for _ in range(5)]
    queue = make_queue(QueuePolicy(Overflow.BLOCK, 2, hard_limit=4))
    full = []
    for event in events:
        queue.push(event)
        full.append(queue.full)
    assert full == [False, True, True, True, True]
    assert queue.dropped == 1
    assert emptied(queue) == events[:4]


def test_a_block_queue_s_hard_limit_is_ten_times_its_capacity_unless_said_otherwise() -> None:
    assert QueuePolicy(Overflow.BLOCK, 7).most == 70


def test_a_conflating_queue_keeps_the_latest_of_each_kind_in_the_order_they_began_to_wait(trade, quote) -> None:
    btc, eth, other_venue, another_type = quote(), quote("ETH/USDT"), quote(exchange="beta"), trade()
    newer = quote()
    queue, answers = filled(QueuePolicy(Overflow.CONFLATE), [btc, eth, other_venue, another_type, newer])
    assert all(answers)
    assert (queue.conflated, queue.dropped) == (1, 0)
    assert emptied(queue) == [newer, eth, other_venue, another_type]


def test_a_conflating_queue_with_more_keys_than_capacity_loses_the_longest_waiting_and_counts_it(quote) -> None:
    events = [quote(symbol) for symbol in ("A/B", "C/D", "E/F")]
    queue, answers = filled(QueuePolicy(Overflow.CONFLATE, 2), events)
    assert (answers, queue.dropped) == ([True, True, False], 1)
    assert emptied(queue) == events[1:]


@pytest.mark.parametrize("overflow", list(Overflow))
def test_a_cleared_queue_is_empty(trade, overflow) -> None:
    queue, _ = filled(QueuePolicy(overflow), [trade(), trade()])
    queue.clear()
    assert len(queue) == 0
    assert queue.pop() is None


@given(
    overflow=st.sampled_from([Overflow.DROP_OLDEST, Overflow.DROP_NEWEST, Overflow.BLOCK]),
    capacity=st.integers(1, 4),
    steps=st.lists(st.booleans(), max_size=60),
)
def test_in_any_mix_of_pushes_and_pops_every_event_is_handled_waiting_or_counted_as_lost(
    overflow: Overflow, capacity: int, steps: list[bool]
) -> None:
    queue = make_queue(QueuePolicy(overflow, capacity))
    model: deque[Event] = deque()
    popped = 0
    for number, push in enumerate(steps):
        if push:
            event = Event("alpha", "", 0, 0, number)
            if queue.push(event):
                model.append(event)
            elif overflow is Overflow.DROP_OLDEST:
                model.popleft()
                model.append(event)
        elif model:
            assert queue.pop() is model.popleft()
            popped += 1
        assert len(queue) == len(model) <= queue.policy.most
    assert sum(steps) == popped + len(queue) + queue.dropped


@pytest.mark.parametrize(
    ("event_type", "overflow"),
    [
        (Quote, Overflow.CONFLATE),
        (Ticker, Overflow.CONFLATE),
        (Trade, Overflow.DROP_OLDEST),
        (BookUpdated, Overflow.DROP_OLDEST),
        (MarketEvent, Overflow.DROP_OLDEST),
        (OrderEvent, Overflow.BLOCK),
        (OrderFilled, Overflow.BLOCK),
        (BalanceUpdated, Overflow.BLOCK),
        (Event, Overflow.BLOCK),
    ],
)
def test_without_a_policy_quotes_conflate_market_data_drop_the_oldest_and_orders_block(event_type, overflow) -> None:
    assert default_policy(event_type).overflow is overflow


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"overflow": Overflow.DROP_OLDEST, "capacity": 0}, "capacity of at least 1, not 0"),
        ({"overflow": Overflow.BLOCK, "capacity": 10, "hard_limit": 9}, "hard_limit 9 is below the capacity 10"),
        ({"overflow": Overflow.CONFLATE, "hard_limit": 9}, "hard_limit is for BLOCK queues"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(kwargs, message) -> None:
    with pytest.raises(InvalidRequest, match=message):
        QueuePolicy(**kwargs)


def test_an_overflow_alone_stands_for_its_policy_of_default_size() -> None:
    assert to_policy(Overflow.DROP_NEWEST) == QueuePolicy(Overflow.DROP_NEWEST, 10_000)
