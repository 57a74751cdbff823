"""Repetition of idempotent requests, decided by error attributes alone."""

from __future__ import annotations

import tenacity

from foxtrot.config import RetryConfig
from foxtrot.errors import ClockSkew, FoxtrotError, RateLimited
from foxtrot.ports import Clock


def retrying(config: RetryConfig, clock: Clock) -> tenacity.AsyncRetrying:
    """Return the policy for one idempotent call that begins now: retryable errors only, bounded in number and, by the
    given clock, in time; the last error is raised."""
    deadline = clock.monotonic() + config.total_timeout_s

    def over(state: tenacity.RetryCallState) -> bool:
        late = clock.monotonic() + state.upcoming_sleep >= deadline
        return late or state.attempt_number >= config.attempts

    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(_worth_repeating),
        stop=over,
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=5.0),
        sleep=clock.sleep,
        reraise=True,
    )


def _worth_repeating(error: BaseException) -> bool:
    # A refusal for rate is waited out by the limiter, one for time is cured by a re-sync: neither by repetition here.
    return isinstance(error, FoxtrotError) and error.retryable and not isinstance(error, RateLimited | ClockSkew)
