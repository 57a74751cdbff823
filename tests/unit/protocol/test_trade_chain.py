"""Consecutive trade ids: whatever is lost, doubled or swapped, each trade counts once and each gap is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foxtrot.protocol.trade_chain import TradeChain


@given(st.integers(1, 60).flatmap(lambda n: st.lists(st.integers(100, 100 + n), min_size=1, max_size=120)))
def test_each_id_is_new_once_and_what_is_missing_is_exactly_what_never_came(ids: list[int]) -> None:
    chain, taken, gaps = TradeChain(), [], set[int]()
    for trade_id in ids:
        fresh, gap = chain.take(trade_id)
        if fresh:
            taken.append(trade_id)
        if gap is not None:
            gaps.update(range(gap[0], gap[1] + 1))
    assert len(taken) == len(set(taken))
    assert set(taken) == {trade_id for trade_id in ids if trade_id >= ids[0]}
    never = set(range(ids[0], max(ids) + 1)) - set(ids)
    assert chain.missing == len(never) == chain.lacks(ids[0], max(ids))
    assert never <= gaps


@given(st.integers(1, 40), st.integers(1, 40), st.integers(-10, 20), st.sets(st.integers(2, 39)))
def test_a_chain_that_follows_another_misses_what_came_in_neither(
    ended: int, length: int, distance: int, lost: set[int]
) -> None:
    older, newer = TradeChain(), TradeChain()
    before = [1, *(i for i in range(2, ended + 1) if i not in lost)]
    after = list(range(max(1, ended + distance), max(1, ended + distance) + length))
    for trade_id in before:
        older.take(trade_id)
    for trade_id in after:
        newer.take(trade_id)
    gap = newer.follow(older)
    last = before[-1]
    assert gap == ((last + 1, after[0] - 1) if after[0] > last + 1 else None)
    never = set(range(1, max(after[-1], last) + 1)) - set(before) - set(after)
    assert {i for i in range(1, 100) if newer.lacks(i, i)} >= {i for i in never if i < after[0]}
    assert not any(newer.lacks(i, i) for i in after)


def test_of_an_endless_gap_the_newest_are_remembered() -> None:
    chain = TradeChain()
    chain.take(1)
    assert chain.take(1_000_000) == (True, (2, 999_999))
    assert chain.missing == 100_000
    assert chain.take(999_999) == (True, None)
    assert chain.take(2) == (False, None)
