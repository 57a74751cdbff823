"""The dead man's switch: all orders of an account are canceled unless it is set anew in time.

Source: https://docs.kraken.com/api/docs/rest-api/cancel-all-orders-after
"""

from __future__ import annotations

from typing import Any

from foxtrot.model.times import NS_PER_S
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.numbers import stamp
from foxtrot_kraken.dialect.trader import Trader

LONGEST_S = 86_400


class DeadManSwitch:
    """Know until when each account must be heard of."""

    def __init__(self, desk: Desk, trader: Trader) -> None:
        self._desk = desk
        self._trader = trader
        self._due: dict[str, int] = {}

    def set(self, account: str, timeout_s: int) -> dict[str, Any]:
        """Set or with 0 switch off, and return the venue's answer."""
        now = self._desk.now_ns()
        self._due.pop(account, None)
        if timeout_s:
            self._due[account] = now + timeout_s * NS_PER_S
        due = self._due.get(account)
        return {"currentTime": _second(now), "triggerTime": "0" if due is None else _second(due)}

    def tick(self) -> None:
        """Cancel what is due."""
        now = self._desk.now_ns()
        for account in [account for account, due in self._due.items() if due <= now]:
            del self._due[account]
            self._trader.cancel_all(account, "Cancel all orders after timeout")


def _second(time_ns: int) -> str:
    return f"{stamp(time_ns).partition('.')[0]}Z"
