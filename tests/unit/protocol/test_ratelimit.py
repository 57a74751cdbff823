"""The venue's budget is never exceeded by honest pacing, and urgent calls find room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.protocol.calls import Call, Lane
from foxtrot.protocol.ratelimit import Limiter, LimitKind, RateLimit, Usage

MINUTE = RateLimit(LimitKind.WEIGHT, 60, 100)


def call(weight: int = 1, lane: Lane = Lane.HISTORY, orders: int = 0) -> Call[object]:
    return Call(endpoint="x", params={}, decode=lambda body: body, weight=weight, lane=lane, orders=orders)


def limiter(*limits: RateLimit, headroom: float = 0.1) -> Limiter:
    made = Limiter(headroom)
    made.configure(limits or (MINUTE,))
    return made


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(Lane)), min_size=1, max_size=60))
def test_calls_that_wait_as_told_never_exceed_the_limit_of_any_window(asked: list[tuple[int, Lane]]) -> None:
    chosen, now = limiter(), 30.0
    used: dict[int, int] = {}
    for weight, lane in asked:
        one = call(weight, lane)
        while (wait := chosen.delay(one, now)) > 0:
            now += wait
        chosen.take(one, now)
        used[int(now // 60)] = used.get(int(now // 60), 0) + weight
    assert max(used.values()) <= 100


def test_history_leaves_room_for_orders_and_orders_for_cancels() -> None:
    chosen = limiter()
    for _ in range(90):
        assert chosen.delay(call(), 0.0) == 0
        chosen.take(call(), 0.0)
    assert chosen.delay(call(), 0.0) == 60
    assert chosen.delay(call(lane=Lane.PLACE), 0.0) == 0
    chosen.take(call(9), 0.0)
    assert chosen.delay(call(lane=Lane.PLACE), 0.0) == 60
    assert chosen.delay(call(lane=Lane.CANCEL), 0.0) == 0


def test_the_wait_ends_with_the_venues_clock_minute() -> None:
    chosen = limiter()
    chosen.take(call(90), 45.0)
    assert chosen.delay(call(), 45.0) == 15
    assert chosen.delay(call(), 60.0) == 0


def test_the_venues_own_count_wins_where_it_is_higher() -> None:
    chosen = limiter()
    chosen.observe([Usage(LimitKind.WEIGHT, 60, 95)], 10.0)
    assert chosen.delay(call(), 10.0) == 50
    chosen.observe([Usage(LimitKind.WEIGHT, 60, 3)], 10.0)
    assert chosen.delay(call(), 10.0) == 50


def test_orders_are_counted_apart_from_weight() -> None:
    chosen = limiter(MINUTE, RateLimit(LimitKind.ORDERS, 10, 2))
    order = call(lane=Lane.CANCEL, orders=1)
    for _ in range(2):
        chosen.take(order, 0.0)
    assert chosen.delay(order, 0.0) == 10
    assert chosen.delay(call(), 0.0) == 0


def test_a_pause_stops_everything_until_its_time() -> None:
    chosen = limiter()
    chosen.pause(17, 100.0)
    chosen.pause(5, 100.0)
    assert chosen.delay(call(lane=Lane.CANCEL), 100.0) == 17
    assert chosen.delay(call(lane=Lane.CANCEL), 117.0) == 0


def test_a_single_call_heavier_than_its_lanes_share_may_still_go_in_an_empty_window() -> None:
    assert limiter().delay(call(95), 0.0) == 0


@pytest.mark.parametrize("headroom", [0.02, 0.1, 0.5])
def test_whatever_the_headroom_a_more_urgent_lane_may_use_more(headroom: float) -> None:
    chosen = limiter(RateLimit(LimitKind.WEIGHT, 60, 10_000), headroom=headroom)
    room = []
    for lane in sorted(Lane, reverse=True):
        while chosen.delay(call(10, lane), 0.0) == 0:
            chosen.take(call(10, lane), 0.0)
        room.append(chosen.used(LimitKind.WEIGHT, 60, 0.0))
    assert room == sorted(set(room))
    assert (room[0], room[-1]) == (10_000 * (1 - headroom), 10_000)
