"""How long to wait before trying again: exponential, bounded, jittered; the chance is an argument."""

from __future__ import annotations


def backoff_s(attempt: int, chance: float, *, initial_s: float, max_s: float) -> float:
    """Return the wait before attempt number `attempt` (1 is the first repetition).

    `chance` in 0..1 spreads it between half and the whole of the exponential value, so that many clients do not come
    back at once.
    """
    whole = min(max_s, initial_s * 2.0 ** min(attempt - 1, 30))
    return whole * (0.5 + chance / 2)
