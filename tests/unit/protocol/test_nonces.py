"""Nonces grow whatever the clock does."""

from __future__ import annotations

from foxtrot.protocol.nonces import Nonces


def test_every_number_is_greater_than_the_ones_before_also_when_the_clock_stands_or_goes_back() -> None:
    times = iter([1_000, 1_000, 900, 1_001, 5_000])
    nonces = Nonces(lambda: next(times))
    assert [nonces.next() for _ in range(5)] == [1_000, 1_001, 1_002, 1_003, 5_000]
