"""Client order ids: ours, deterministic, telling account and intent; a user's id is checked and kept."""

from __future__ import annotations

import re

from foxtrot.errors import AdapterBroken, InvalidRequest

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FIRST, _LAST = "1", "zzzzz"  # the numbers of intents that must fit: 60 million a run
_ACCOUNT_LETTERS = 6


class ClientIdFactory:
    """Number the intents of one account.

    `token` tells journals apart, or runs without one (start time in ms); `pattern` is the venue's rule for client order
    ids as a regular expression; `used` is the last number given out before. Raises AdapterBroken for a rule that none
    of our ids fits.
    """

    def __init__(self, account: str, token: int, pattern: str, used: int = 0) -> None:
        self._pattern = re.compile(pattern)
        self._prefix = self._fitting(re.sub("[^A-Za-z0-9]", "", account), _base36(token))
        self.used = used

    def next(self) -> str:
        """Return the id of a new intent."""
        self.used += 1
        return self._prefix + _base36(self.used)

    def accept(self, given: str | None) -> str:
        """Return the caller's id as it is, or a new one for None. Raises InvalidRequest with the venue's rule."""
        if given is None:
            return self.next()
        if not isinstance(given, str) or not self._pattern.fullmatch(given):
            raise InvalidRequest(
                f"client_order_id {given!r} does not fit the venue's rule {self._pattern.pattern}.",
                field="client_order_id",
            )
        return given

    def _fitting(self, account: str, token: str) -> str:
        """Return the most telling prefix that leaves the venue's length room for every number."""
        for separator in ("-", ""):
            for letters in range(_ACCOUNT_LETTERS, -1, -1):
                prefix = f"ft{account[:letters]}{token}{separator}"
                if all(self._pattern.fullmatch(prefix + number) for number in (_FIRST, _LAST)):
                    return prefix
        raise AdapterBroken(f"The rule {self._pattern.pattern} for client order ids admits none of foxtrot's own.")


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
