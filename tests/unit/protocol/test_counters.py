"""Counters that decay: honest pacing never lifts one above its limit, however late the venue counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foxtrot.protocol.budget import LimitKind, RateLimit
from foxtrot.protocol.calls import Call, Lane
from foxtrot.protocol.ratelimit import Limiter

CALLS = RateLimit(LimitKind.CALLS, 0, 20, decay_per_s=1.0)
TRADING = RateLimit(LimitKind.TRADING, 0, 60, decay_per_s=1.0)


def call(calls: float = 0, trading: float = 0, market: str = "A", lane: Lane = Lane.PLACE) -> Call[object]:
    return Call(endpoint="x", params={}, decode=lambda b: b, calls=calls, trading=trading, market=market, lane=lane)


def limiter(headroom: float = 0.1) -> Limiter:
    made = Limiter(headroom)
    made.configure([CALLS, TRADING])
    return made


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from("AB"), st.floats(0, 3), st.floats(0, 8)), max_size=80))
def test_the_venues_counter_stays_below_its_limit_though_it_may_count_a_call_only_when_it_answers(
    asked: list[tuple[int, str, float, float]],
) -> None:
    chosen, now = limiter(), 0.0
    counted: list[tuple[float, int, str]] = []
    for cost, market, pause, flight in asked:
        now += pause
        one = call(trading=cost, market=market)
        ticket = chosen.enter(one)
        while (wait := chosen.delay(one, now, ticket)) > 1e-9:
            now += wait
        chosen.take(one, now, ticket)
        now += flight
        chosen.leave(ticket, now)
        counted.append((now, cost, market))
    for market in "AB":
        level, at = 0.0, 0.0
        for when, cost, name in counted:
            if name == market:
                level, at = max(0.0, level - (when - at)) + cost, when
                assert level <= 60 + 1e-6


def test_each_market_has_a_counter_of_its_own_and_waits_only_as_long_as_the_decay_needs() -> None:
    chosen = limiter(headroom=0.0)
    for _ in range(7):
        chosen.take(call(trading=8), 0.0)
    assert chosen.delay(call(trading=8), 0.0) == 5.0
    assert chosen.delay(call(trading=8, market="B"), 0.0) == 0.0
    assert chosen.delay(call(trading=8), 5.0) == 0.0


def test_a_cancel_counts_but_never_waits_for_the_markets_counter() -> None:
    chosen = limiter()
    for _ in range(20):
        assert chosen.delay(call(trading=8, lane=Lane.CANCEL), 0.0) == 0.0
        chosen.take(call(trading=8, lane=Lane.CANCEL), 0.0)
    assert chosen.delay(call(trading=1), 0.0) > 100.0


def test_reads_leave_room_for_commands_in_a_counter_too() -> None:
    chosen = limiter()
    while chosen.delay(call(calls=1, lane=Lane.HISTORY), 0.0) == 0:
        chosen.take(call(calls=1, lane=Lane.HISTORY), 0.0)
    assert chosen.delay(call(calls=1, lane=Lane.CANCEL), 0.0) == 0
    assert 0 < chosen.delay(call(calls=1, lane=Lane.HISTORY), 0.0) <= 1.0


def test_what_decayed_while_a_call_was_under_way_is_counted_again_when_its_answer_comes() -> None:
    chosen = limiter(headroom=0.0)
    slow = call(trading=8)
    ticket = chosen.enter(slow)
    chosen.take(slow, 0.0, ticket)
    chosen.leave(ticket, 5.0)
    for _ in range(6):
        chosen.take(call(trading=8), 5.0)
    # The venue may have counted the slow one a moment ago: 8 + 48 + 8 are 5 more than 60 less a slack of 1.
    assert chosen.delay(call(trading=8), 5.0) == 5.0


def test_calls_that_cost_nothing_never_wait_for_a_counter() -> None:
    chosen = limiter()
    chosen.take(call(trading=60, calls=20), 0.0)
    assert chosen.delay(call(), 0.0) == 0.0


def test_a_call_that_was_never_answered_may_be_counted_later_and_stays_charged() -> None:
    chosen = limiter()
    lost = call(trading=8)
    ticket = chosen.enter(lost)
    chosen.take(lost, 0.0, ticket)
    chosen.leave(ticket, 5.0, answered=False)
    for _ in range(5):
        chosen.take(call(trading=8), 5.0)
    # Were the lost one counted two seconds from now, 8 of it would stand beside the 38 that are left of the others.
    assert chosen.delay(call(trading=8), 7.0) > 0.0
