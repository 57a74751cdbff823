"""A ring of rows gives back exactly the newest ones, oldest first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.data.ring import Ring
from foxtrot.errors import InvalidRequest

COLUMNS = [("n", "i8")]


@given(st.integers(1, 12), st.lists(st.integers(0, 1_000), max_size=40))
def test_it_holds_the_newest_rows_in_order(capacity: int, values: list[int]) -> None:
    ring = Ring(COLUMNS, capacity)
    for value in values:
        ring.append((value,))
    kept = values[-capacity:]
    assert [int(row["n"]) for row in ring.rows()] == kept
    assert len(ring) == len(kept)
    assert (ring.newest() is None) if not kept else int(ring.newest()["n"]) == kept[-1]


@given(st.integers(1, 6), st.lists(st.integers(0, 9), max_size=12), st.lists(st.integers(0, 9), max_size=12))
def test_what_replaces_it_is_all_there_is_and_appending_goes_on(capacity: int, new: list[int], more: list[int]) -> None:
    ring = Ring(COLUMNS, capacity)
    ring.append((99,))
    ring.replace(np.array([(value,) for value in new], dtype=COLUMNS))
    for value in more:
        ring.append((value,))
    assert [int(row["n"]) for row in ring.rows()] == (new + more)[-capacity:]


def test_a_copy_is_a_copy() -> None:
    ring = Ring(COLUMNS, 2)
    ring.append((1,))
    ring.rows()["n"] = 7
    assert int(ring.newest()["n"]) == 1


def test_a_ring_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="at least 1 row, not 0"):
        Ring(COLUMNS, 0)
