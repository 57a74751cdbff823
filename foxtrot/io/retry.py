"""Repetition of idempotent requests, decided by error attributes alone."""

from __future__ import annotations

import tenacity

from foxtrot.config import RetryConfig
from foxtrot.errors import FoxtrotError, RateLimited
from foxtrot.ports import Clock


def retrying(config: RetryConfig, clock: Clock) -> tenacity.AsyncRetrying:
    """Return the policy for idempotent calls: retryable errors only, bounded, the last error raised."""
    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(_worth_repeating),
        stop=tenacity.stop_after_attempt(config.attempts) | tenacity.stop_after_delay(config.total_timeout_s),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=5.0),
        sleep=clock.sleep,
        reraise=True,
    )


def _worth_repeating(error: BaseException) -> bool:
    # A refusal for rate is waited out by the limiter, not by blind repetition here.
    return isinstance(error, FoxtrotError) and error.retryable and not isinstance(error, RateLimited)
