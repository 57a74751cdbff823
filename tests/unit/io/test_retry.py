"""Repetition is decided by what an error says of itself, and ends within its budget."""

from __future__ import annotations

import pytest

from foxtrot.config import RetryConfig
from foxtrot.errors import (
    Banned,
    ClockSkew,
    FoxtrotError,
    InvalidRequest,
    RateLimited,
    RequestTimeout,
    VenueUnavailable,
)
from foxtrot.io.retry import retrying
from foxtrot.testkit.clock import VirtualClock


class SteppingClock(VirtualClock):
    """A clock whose sleeps are over at once and move the time."""

    async def sleep(self, delay_s: float) -> None:
        self._elapsed_ns += round(delay_s * 1e9)


async def tries(error: BaseException, *, attempts: int = 4, total_s: float = 1_000.0) -> tuple[int, float]:
    """Return how often a call that always fails is tried, and the time that took."""
    clock, count = SteppingClock(), 0

    async def always_fail() -> None:
        nonlocal count
        count += 1
        raise error

    with pytest.raises(type(error)) as caught:
        await retrying(RetryConfig(attempts=attempts, total_timeout_s=total_s), clock)(always_fail)
    assert caught.value is error
    return count, clock.monotonic()


@pytest.mark.parametrize("error", [RequestTimeout("late"), VenueUnavailable("down")], ids=repr)
async def test_a_retryable_error_is_tried_again_as_often_as_configured(error: FoxtrotError) -> None:
    assert (await tries(error))[0] == 4


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequest("bad"),
        VenueUnavailable("down", retryable=False),
        RateLimited("slow down"),
        Banned("banned"),
        ClockSkew("late"),
        ZeroDivisionError(),
    ],
    ids=repr,
)
async def test_anything_else_is_tried_once(error: Exception) -> None:
    assert (await tries(error))[0] == 1


async def test_the_total_budget_is_kept_by_the_clock_that_was_given() -> None:
    count, took = await tries(RequestTimeout("late"), attempts=1_000, total_s=20.0)
    assert 1 < count < 1_000
    assert took < 20.0
