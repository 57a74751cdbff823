"""How long to wait before trying again, and how often one may try at all; chance and time are arguments."""

from __future__ import annotations

from collections import deque


def backoff_s(attempt: int, chance: float, *, initial_s: float, max_s: float) -> float:
    """Return the wait before attempt number `attempt` (1 is the first repetition).

    `chance` in 0..1 spreads it between half and the whole of the exponential value, so that many clients do not come
    back at once.
    """
    whole = min(max_s, initial_s * 2.0 ** min(attempt - 1, 30))
    return whole * (0.5 + chance / 2)


class AttemptBudget:
    """Allow at most `limit` attempts in any `window_s` seconds; all that share the venue's limit share one of these."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._window_s = window_s
        self._latest: deque[float] = deque(maxlen=max(limit, 1))

    def delay(self, now: float) -> float:
        """Return the seconds until an attempt is allowed, 0 when it is now."""
        if len(self._latest) < (self._latest.maxlen or 1):
            return 0.0
        return max(0.0, self._latest[0] + self._window_s - now)

    def take(self, now: float) -> None:
        """Count an attempt made at `now`."""
        self._latest.append(now)
