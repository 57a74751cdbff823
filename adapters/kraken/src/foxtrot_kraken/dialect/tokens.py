"""Tokens for private channels and for trading on WebSockets.

Source: https://docs.kraken.com/api/docs/rest-api/get-websockets-token
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

from foxtrot.model.times import NS_PER_S
from foxtrot_kraken.dialect.ids import Ids

LIFE_S = 900


class Tokens:
    """Hand out tokens. One is good for 15 minutes, and beyond that while a private channel lives on it."""

    def __init__(self, ids: Ids, clock: Callable[[], int]) -> None:
        self._ids = ids
        self._clock = clock
        self._numbers = itertools.count(1)
        self._known: dict[str, tuple[str, int]] = {}  # token -> account, until
        self._uses: Counter[str] = Counter()

    def make(self, account: str) -> str:
        """Return a new token of an account."""
        token = self._ids.token(next(self._numbers))
        self._known[token] = (account, self._clock() + LIFE_S * NS_PER_S)
        return token

    def account(self, token: str) -> str | None:
        """Return whose token that is, None when it is not good, or not any more."""
        account, until = self._known.get(token, ("", 0))
        return account if account and (self._uses[token] or self._clock() < until) else None

    def use(self, token: str) -> None:
        """Begin a private channel on a token."""
        self._uses[token] += 1

    def leave(self, token: str) -> None:
        """End a private channel."""
        self._uses[token] -= 1

    def end_all(self) -> None:
        """Know no token any more."""
        self._known.clear()
