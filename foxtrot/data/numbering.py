"""The ids of a buffer's rows: the venue's, which go up, and ours where it tells none."""

from __future__ import annotations

from foxtrot.data.ring import Rows
from foxtrot.model.times import NS_PER_MS


class Numbering:
    """Tell which ids are new.

    The venue's are above 0. What it does not number (it was asked for while a stream was silent) gets an id below 0:
    minus the time in ms, or one less than the lowest where that is taken. So the two are never confused.
    """

    def __init__(self) -> None:
        self._newest = 0  # of the venue's ids that it counts on from
        self._highest = 0  # of all ids it ever gave
        self._lowest = 0  # of ours
        self._seq = 0

    def old(self, number: int) -> bool:
        """Tell whether the venue has counted past an id."""
        return number <= self._newest

    def seen(self, number: int) -> bool:
        """Tell whether an id, or a higher one, was ever taken."""
        return 0 < number <= self._highest

    def take(self, number: int) -> None:
        """Count on from an id; a lower one than before begins the numbers anew."""
        if number > 0:
            self._newest, self._highest = number, max(self._highest, number)

    def own(self, time_ns: int, seq: int) -> int | None:
        """Return an id for what the venue does not number, None for the event that got the last one (by its `seq`)."""
        if seq and seq == self._seq:
            return None
        self._seq, self._lowest = seq, min(-(time_ns // NS_PER_MS), self._lowest - 1)
        return self._lowest

    def go_on_from(self, numbers: Rows) -> None:
        """Know the ids of rows that were kept, in their order."""
        theirs = numbers[numbers > 0]
        self._newest = int(theirs[-1]) if len(theirs) else 0
        self._highest, self._lowest = int(theirs.max(initial=0)), int(numbers.min(initial=0))
