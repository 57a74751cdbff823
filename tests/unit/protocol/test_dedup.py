"""What was seen is known again, within a bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.errors import InvalidRequest
from foxtrot.protocol.dedup import Remembered


def test_an_id_is_new_once() -> None:
    seen = Remembered[str](3)
    assert [seen.add(one) for one in ("a", "b", "a")] == [True, True, False]
    assert "a" in seen
    assert "c" not in seen


def test_the_id_seen_longest_ago_is_forgotten_first() -> None:
    seen = Remembered[int](2)
    for one in (1, 2, 1, 3):
        seen.add(one)
    assert (1 in seen, 2 in seen, 3 in seen) == (True, False, True)


@given(st.lists(st.integers(0, 30)), st.integers(1, 10))
def test_it_holds_exactly_the_last_distinct_ids(ids: list[int], capacity: int) -> None:
    seen = Remembered[int](capacity)
    for one in ids:
        seen.add(one)
    last = list(dict.fromkeys(reversed(ids)))[:capacity]
    assert len(seen) == len(last)
    assert all(one in seen for one in last)


def test_room_for_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="at least 1, not 0"):
        Remembered[int](0)
