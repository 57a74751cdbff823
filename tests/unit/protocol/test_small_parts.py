"""Client order ids, back-off and the venue's clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.errors import AdapterBroken, InvalidRequest
from foxtrot.protocol.backoff import AttemptBudget, backoff_s
from foxtrot.protocol.client_ids import ClientIdFactory
from foxtrot.protocol.clocksync import ClockSync

PATTERN = "[A-Za-z0-9_-]{1,32}"


def test_our_ids_are_distinct_fit_the_venue_and_come_out_the_same_for_the_same_run() -> None:
    first, again = (ClientIdFactory("my main account", 1_790_000_000_000, PATTERN) for _ in range(2))
    ids = [first.next() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert [again.next() for _ in range(1_000)] == ids
    assert all(first.accept(one) == one for one in ids)
    assert ClientIdFactory("my main account", 1_790_000_000_001, PATTERN).next() not in ids


@pytest.mark.parametrize("bad", ["", "with space", "x" * 33, "é", 5])
def test_an_id_of_the_users_that_does_not_fit_is_refused_with_the_rule(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="does not fit the venue's rule") as caught:
        ClientIdFactory("a", 1, PATTERN).accept(bad)  # type: ignore[arg-type]
    assert repr(bad) in str(caught.value)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_grow_but_stay_between_half_and_the_whole_of_their_bound(attempt: int, chance: float) -> None:
    wait = backoff_s(attempt, chance, initial_s=0.5, max_s=30)
    assert 0.25 <= wait <= 30
    assert backoff_s(attempt + 1, chance, initial_s=0.5, max_s=30) >= wait


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.integers(1, 5))
def test_no_window_ever_holds_more_attempts_than_the_venue_allows(pauses: list[float], limit: int) -> None:
    budget, now = AttemptBudget(limit, 10.0), 0.0
    made: list[float] = []
    for pause in pauses:
        now += pause
        if budget.delay(now) == 0.0:
            budget.take(now)
            made.append(now)
        else:
            assert sum(now - 10.0 < at <= now for at in made) == limit
            assert budget.delay(now + budget.delay(now) + 1e-6) == 0.0
    assert all(sum(at - 10.0 < other <= at for other in made) <= limit for at in made)


def test_the_venues_clock_is_read_off_the_quickest_round_trip() -> None:
    sync = ClockSync()
    assert sync.venue_ms(5_000_000) == 5
    sync.add(sent_ns=0, server_ns=8_000_000_000 + 50_000_000, received_ns=100_000_000)
    sync.add(sent_ns=0, server_ns=8_700_000_000, received_ns=900_000_000)
    assert sync.offset_ns == 8_000_000_000
    assert sync.venue_ms(1_000_000_000) == 9_000


def test_a_sample_that_cannot_be_reconciled_with_older_ones_means_that_a_clock_has_jumped() -> None:
    sync = ClockSync()
    sync.add(sent_ns=0, server_ns=8_050_000_000, received_ns=100_000_000)
    sync.add(sent_ns=1_000_000_000, server_ns=4_200_000_000, received_ns=1_400_000_000)
    assert sync.offset_ns == 3_000_000_000


def test_after_a_reset_old_samples_do_not_count() -> None:
    sync = ClockSync()
    sync.add(0, 8_000_000_000, 10)
    sync.reset()
    assert sync.offset_ns == 0


@pytest.mark.parametrize("pattern", ["[A-Za-z0-9-]{1,18}", "[a-zA-Z0-9]{1,18}", "[a-z0-9]{1,15}"])
def test_our_ids_fit_narrow_rules_for_as_long_as_a_run_lasts(pattern: str) -> None:
    made = ClientIdFactory("trading", 1_790_000_000_000, pattern)
    room = made.next().removesuffix("1")
    assert made.accept(f"{room}zzzzz") == f"{room}zzzzz"
    assert all(made.accept(one) == one for one in (made.next() for _ in range(1_300)))


def test_the_account_is_told_as_far_as_the_rule_leaves_room() -> None:
    token = 1_790_000_000_000
    assert ClientIdFactory("main", token, PATTERN).next() == "ftmainmubbs7i8-1"
    assert ClientIdFactory("main", token, "[a-z0-9]{1,18}").next() == "ftmaimubbs7i81"


def test_a_rule_that_none_of_our_ids_fits_is_said_before_any_order() -> None:
    with pytest.raises(AdapterBroken, match=r"\[0-9\]\{1,9\}"):
        ClientIdFactory("main", 1, "[0-9]{1,9}")


def test_a_clock_set_back_during_a_round_trip_spoils_no_estimate() -> None:
    sync = ClockSync()
    sync.add(0, 8_000_000_000, 10)
    sync.add(sent_ns=5_000_000_000, server_ns=13_000_000_000, received_ns=1_000_000_000)
    assert sync.offset_ns == 0
    sync.add(0, 7_000_000_000, 1_000)
    assert sync.offset_ns == 6_999_999_500


def test_drift_is_the_growth_of_the_offset() -> None:
    sync = ClockSync()
    assert sync.drift_ppm == 0
    sync.add(0, 1_000, 0)
    assert sync.drift_ppm == 0
    sync.add(10**9, 10**9 + 1_000 + 25_000, 10**9)
    assert sync.drift_ppm == pytest.approx(25)
