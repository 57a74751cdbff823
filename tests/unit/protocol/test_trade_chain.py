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


def test_of_an_endless_gap_the_newest_are_remembered() -> None:
    chain = TradeChain()
    chain.take(1)
    assert chain.take(1_000_000) == (True, (2, 999_999))
    assert chain.missing == 100_000
    assert chain.take(999_999) == (True, None)
    assert chain.take(2) == (False, None)
