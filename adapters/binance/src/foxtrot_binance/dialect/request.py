"""One request to the dialect, whether it came by REST or by the WS API, and the table that lists all of them."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from foxtrot_binance.dialect.params import Params

if TYPE_CHECKING:
    from foxtrot_binance.dialect.desk import Desk


class Security(enum.Enum):
    """Tell what a request must prove."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Request(msgspec.Struct, frozen=True):
    """Hold what a handler needs: parameters, whose they are ("" for the public), and the venue's time."""

    params: Params
    account: str
    now_ms: int


Handler = Callable[["Desk", Request], Any]
Weigh = Callable[[Params], int]
Weight = int | Weigh


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one operation: its REST address, its WS API method, what it costs in both weight tables, what it takes.

    `us` and `com` are weights or functions of the parameters. `names` are the parameters it reads. `refunded`: the com
    table charges it only when it fails. `only` names the one venue of the family that has it.
    """

    method: str
    path: str
    ws: str = ""
    security: Security = Security.NONE
    us: Weight = 1
    com: Weight = 1
    orders: int = 0
    refunded: bool = False
    only: str = ""
    names: frozenset[str] = frozenset()
    handler: Handler

    def weight(self, params: Params, *, us: bool) -> int:
        """Return what this request costs."""
        chosen = self.us if us else self.com
        return chosen if isinstance(chosen, int) else chosen(params)
