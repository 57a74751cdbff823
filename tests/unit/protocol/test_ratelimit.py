"""The venue's budget is never exceeded by honest pacing, and urgent calls find room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.io.budgets import shared_budget
from foxtrot.protocol.budget import LimitKind, RateLimit, Usage
from foxtrot.protocol.calls import Call, Lane
from foxtrot.protocol.ratelimit import Limiter

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


def test_who_waits_in_a_more_urgent_lane_goes_first_whoever_came_first() -> None:
    chosen = limiter(headroom=0.0)
    chosen.take(call(99), 10.0)
    history, cancel = chosen.enter(call(1)), chosen.enter(call(1, Lane.CANCEL))
    assert chosen.delay(history.call, 10.0, history) == 50
    assert chosen.delay(cancel.call, 10.0, cancel) == 0
    chosen.take(cancel.call, 10.0, cancel)
    chosen.leave(cancel, 0.0)
    assert chosen.delay(history.call, 60.0, history) == 0


def test_who_gives_up_waiting_frees_the_place() -> None:
    chosen = limiter(headroom=0.0)
    chosen.take(call(99), 10.0)
    first, second = chosen.enter(call(1)), chosen.enter(call(1))
    assert chosen.delay(second.call, 10.0, second) == 50
    chosen.leave(first, 0.0)
    assert chosen.delay(second.call, 10.0, second) == 0


def test_a_call_under_way_at_the_turn_of_the_window_counts_in_the_new_one_too() -> None:
    chosen = limiter(headroom=0.0)
    slow = chosen.enter(call(60))
    chosen.take(slow.call, 59.9, slow)
    assert chosen.used(LimitKind.WEIGHT, 60, 60.1) == 60
    assert chosen.delay(call(50), 60.1) > 0
    chosen.leave(slow, 0.0)
    assert chosen.delay(call(50), 60.1) == 0


def test_a_limit_of_new_orders_holds_up_new_orders_only() -> None:
    chosen = limiter(MINUTE, RateLimit(LimitKind.ORDERS, 10, 50))
    chosen.pause(7, 100.0, orders_only=True)
    assert chosen.delay(call(lane=Lane.PLACE, orders=1), 100.0) == 7
    assert chosen.delay(call(lane=Lane.CANCEL), 100.0) == 0


def test_a_ban_is_known_as_such_until_its_time() -> None:
    chosen = limiter()
    chosen.pause(30, 100.0, banned=True)
    chosen.pause(5, 100.0)
    assert chosen.banned(129.0)
    assert not chosen.banned(130.0)


def test_windows_go_by_the_venues_clock_and_pauses_by_ours() -> None:
    chosen = limiter()
    chosen.align(-20.0)
    chosen.pause(10, 70.0)
    chosen.take(call(90), 70.0)
    assert chosen.delay(call(), 70.0) == 10
    assert chosen.delay(call(), 80.0) == 0
    chosen.align(500.0)
    chosen.pause(10, 70.0)
    assert chosen.delay(call(1, Lane.CANCEL), 75.0) == 5


def test_all_who_draw_on_one_scope_share_its_budget() -> None:
    one, other, stranger = limiter(), limiter(), limiter()
    address = shared_budget("address https://api.example")
    for each, account in ((one, "a"), (other, "b")):
        each.share(address, shared_budget(f"account {account}"))
        each.configure([MINUTE, RateLimit(LimitKind.ORDERS, 10, 2)])
    one.take(call(80, orders=2), 0.0)
    assert other.used(LimitKind.WEIGHT, 60, 0.0) == 80
    assert other.used(LimitKind.ORDERS, 10, 0.0) == 0
    assert stranger.used(LimitKind.WEIGHT, 60, 0.0) == 0
    other.pause(9, 0.0, banned=True)
    assert one.banned(1.0)


def test_a_budget_lives_no_longer_than_those_who_draw_on_it() -> None:
    shared_budget("address of nobody").pause(1_000, 0.0)
    assert shared_budget("address of nobody").paused_until == 0.0
