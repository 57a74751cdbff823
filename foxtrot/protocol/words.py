"""A venue's words for what foxtrot names itself: sides, order types, times in force, states."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

from foxtrot.model.order import OrderStatus

E = TypeVar("E", bound=Enum)


class Words(dict[str, E], Generic[E]):
    """Map each of a venue's words to what it means; `sent` holds, the other way, the words to send.

    Given are, for each meaning, the words that a venue has for it: the first is the one to send.
    """

    def __init__(self, meanings: Mapping[E, tuple[str, ...]]) -> None:
        super().__init__((word, meaning) for meaning, words in meanings.items() for word in words)
        self.sent = {meaning: words[0] for meaning, words in meanings.items()}


class States(Words[OrderStatus]):
    """Read the states of orders. A word that is not listed never ends an order: it is in doubt, and named."""

    def read(self, word: str) -> tuple[OrderStatus, str]:
        """Return the state that a word means and the reason that goes with it, "" for a listed word."""
        status = self.get(word)
        if status is None:
            return OrderStatus.IN_DOUBT, f"the venue reports the unknown status {word!r}"
        return status, ""
