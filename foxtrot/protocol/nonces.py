"""Numbers that only grow, for venues that demand it of every signed request."""

from __future__ import annotations

from collections.abc import Callable


class Nonces:
    """Count up in ms of our own clock: what is known of the venue's changes, and may go back."""

    def __init__(self, own_ms: Callable[[], int]) -> None:
        self._own_ms = own_ms
        self._last = 0

    def next(self) -> int:
        """Return a number that is greater than every one before."""
        self._last = max(self._last + 1, self._own_ms())
        return self._last
