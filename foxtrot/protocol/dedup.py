"""Ids that were seen already, as many as there is room for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from foxtrot.errors import InvalidRequest

T = TypeVar("T", bound=Hashable)


class Remembered(Generic[T]):
    """Remember the last `capacity` distinct ids; the one that was seen longest ago is forgotten first.

    Raises InvalidRequest for a capacity below 1.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise InvalidRequest(f"capacity must be at least 1, not {capacity}.", field="capacity")
        self._capacity = capacity
        self._ids: dict[T, None] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, one: T) -> bool:
        return one in self._ids

    def add(self, one: T) -> bool:
        """Remember an id as seen just now; return True when it is new."""
        new = one not in self._ids
        if not new:
            del self._ids[one]
        self._ids[one] = None
        if len(self._ids) > self._capacity:
            del self._ids[next(iter(self._ids))]
        return new
