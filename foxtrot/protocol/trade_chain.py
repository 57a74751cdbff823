"""Following trades whose ids count up one by one: what is missing, what comes late, what comes twice."""

from __future__ import annotations

_MOST_MISSING = 100_000


class TradeChain:
    """Know which trade of one symbol is next, and which before it never came.

    `next_id` is the id that follows the newest one, None before the first.
    """

    __slots__ = ("_first", "_missing", "next_id")

    def __init__(self) -> None:
        self.next_id: int | None = None
        self._first: int | None = None
        self._missing: set[int] = set()

    @property
    def missing(self) -> int:
        """Return how many are missing; of very many, the oldest are forgotten."""
        return len(self._missing)

    def take(self, trade_id: int) -> tuple[bool, tuple[int, int] | None]:
        """Take an id; return whether it is new to us, and the gap (first, last) that it opened."""
        expected = self.next_id
        if expected is None or trade_id == expected:
            self._first = trade_id if expected is None else self._first
            self.next_id = trade_id + 1
            return True, None
        if trade_id < expected:
            return self._late(trade_id), None
        self.next_id = trade_id + 1
        self._miss(expected, trade_id)
        return True, (expected, trade_id - 1)

    def follow(self, older: TradeChain) -> tuple[int, int] | None:
        """Go on from another chain of the same symbol; return the gap (first, last) between the two."""
        if older.next_id is None:
            return None
        self._missing |= {trade_id for trade_id in older._missing if self._first is None or trade_id < self._first}
        if self._first is None or self.next_id is None:
            self._first, self.next_id = older._first, older.next_id
            return None
        first, last = older.next_id, self._first - 1
        self._first = older._first
        if last < first:
            return None
        self._miss(first, last + 1)
        return first, last

    def forget(self) -> None:
        """Begin anew."""
        self.next_id = self._first = None
        self._missing.clear()

    def _miss(self, first: int, end: int) -> None:
        self._missing.update(range(max(first, end - _MOST_MISSING), end))
        if len(self._missing) > _MOST_MISSING:
            self._missing = set(sorted(self._missing)[-_MOST_MISSING:])

    def lacks(self, first: int, last: int) -> int:
        """Return how many of first..last are missing still."""
        return sum(first <= trade_id <= last for trade_id in self._missing)

    def _late(self, trade_id: int) -> bool:
        if trade_id not in self._missing:
            return False
        self._missing.discard(trade_id)
        return True
