"""Trades while one connection replaces another: a loss on either of them is made good by the other, or told."""

from __future__ import annotations

import itertools
import random

import pytest

from foxtrot.model.events import Event, Trade, TradesMissed
from foxtrot.model.order import Side
from foxtrot.protocol.handover import Handover


class Heard:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.handover = Handover(self.events.append, itertools.count(1).__next__)

    @property
    def trades(self) -> list[int]:
        return [int(event.trade_id) for event in self.events if isinstance(event, Trade)]

    @property
    def missed(self) -> list[tuple[int, int]]:
        return [(event.first_id, event.last_id) for event in self.events if isinstance(event, TradesMissed)]


def trade(number: int) -> Trade:
    return Trade("x", "A/B", number, number, number, number, 1.0, 1.0, Side.BUY)


def gap(first: int, last: int) -> TradesMissed:
    return TradesMissed("x", "A/B", 0, 0, 0, first, last)


def test_what_the_old_connection_lost_the_new_one_brings() -> None:
    heard = Heard()
    for number in (1, 2):
        heard.handover.outgoing(trade(number))
    for number in (3, 4, 5, 6):
        heard.handover.incoming(trade(number))
    heard.handover.outgoing(gap(3, 4))
    heard.handover.outgoing(trade(5))
    assert sorted(heard.trades) == [1, 2, 3, 4, 5, 6]


def test_what_was_asked_for_meanwhile_is_not_heard_again() -> None:
    heard = Heard()
    heard.handover.outgoing(trade(1))
    for number in (2, 3, 4, 5, 6):
        heard.handover.incoming(trade(number))
    heard.handover.outgoing(gap(2, 6))
    heard.handover.outgoing(trade(7))
    for number in (2, 3):  # the answer to the question comes too late
        heard.handover.outgoing(trade(number))
    assert sorted(heard.trades) == [1, 2, 3, 4, 5, 6, 7]


def test_a_late_trade_of_the_old_connection_does_not_set_it_back() -> None:
    heard = Heard()
    for number in (1, 5, 6, 2):
        heard.handover.outgoing(trade(number))
    for number in (4, 5, 6, 7):
        heard.handover.incoming(trade(number))
    heard.handover.finish()
    assert heard.trades.count(5) == heard.trades.count(6) == heard.trades.count(7) == 1


@pytest.mark.parametrize("taken", [True, False])
def test_what_the_new_connection_lost_is_told_once_it_is_heard(taken: bool) -> None:
    heard = Heard()
    heard.handover.outgoing(trade(1))
    if taken:
        heard.handover.incoming(trade(1))
    heard.handover.incoming(trade(2))
    heard.handover.incoming(gap(3, 4))
    heard.handover.incoming(trade(5))
    heard.handover.finish()
    assert (heard.trades, heard.missed) == ([1, 2, 5], [(3, 4)])


def test_what_the_new_connection_lost_is_told_when_it_is_heard_before_the_old_one_brings_it() -> None:
    heard = Heard()
    heard.handover.outgoing(trade(1))
    heard.handover.incoming(trade(2))
    heard.handover.incoming(gap(3, 3))
    heard.handover.incoming(trade(4))
    for number in (2, 3, 4):
        heard.handover.outgoing(trade(number))
    heard.handover.finish()
    assert (heard.trades, heard.missed) == ([1, 2, 4], [(3, 3)])


@pytest.mark.parametrize("seed", range(300))
def test_every_trade_is_heard_once_or_told_as_missed(seed: int) -> None:
    chance, heard = random.Random(seed), Heard()
    feeds = []
    for begin, put in ((1, heard.handover.outgoing), (chance.randrange(1, 12), heard.handover.incoming)):
        events: list[Event] = []
        expected = begin
        for number in range(begin, 30):
            if number > begin and chance.random() < 0.2:
                continue
            if number > expected:
                events.append(gap(expected, number - 1))
            events.append(trade(number))
            expected = number + 1
        feeds.append([(put, event) for event in events])
    while any(feeds):
        feed = chance.choice([feed for feed in feeds if feed])
        put, event = feed.pop(0)
        put(event)
    heard.handover.finish()
    told = {number for first, last in heard.missed for number in range(first, last + 1)}
    assert len(heard.trades) == len(set(heard.trades))
    assert set(range(1, max(heard.trades) + 1)) <= set(heard.trades) | told


def test_what_the_old_connection_lost_is_heard_when_it_is_the_first_that_the_new_one_brings() -> None:
    heard = Heard()
    heard.handover.outgoing(trade(1))
    heard.handover.outgoing(gap(2, 2))
    heard.handover.outgoing(trade(3))
    for number in (2, 3, 4):
        heard.handover.incoming(trade(number))
    heard.handover.outgoing(trade(2))  # the answer to the question
    assert sorted(heard.trades) == [1, 2, 3, 4]


def test_what_the_old_connection_lost_is_heard_when_the_answer_comes_after_the_new_one_took_over() -> None:
    heard = Heard()
    heard.handover.outgoing(trade(1))
    heard.handover.outgoing(gap(2, 2))
    heard.handover.outgoing(trade(3))
    for number in (3, 4):
        heard.handover.incoming(trade(number))
    heard.handover.outgoing(trade(2))
    assert sorted(heard.trades) == [1, 2, 3, 4]
