"""One REST request to the dialect, and the table entry that describes its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from foxtrot_kraken.dialect.params import Params

if TYPE_CHECKING:
    from foxtrot_kraken.dialect.desk import Desk


class Request(msgspec.Struct, frozen=True):
    """Hold what a handler needs: the parameters, and whose they are ("" for the public)."""

    params: Params
    account: str = ""


Handler = Callable[["Desk", Request], Any]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one operation: its path, and what a private one adds to the counter of calls."""

    path: str
    handler: Handler
    cost: int = 1

    @property
    def private(self) -> bool:
        """Tell whether it must be signed."""
        return self.path.startswith("/0/private/")


def public(name: str, handler: Handler) -> Operation:
    """Describe a public operation."""
    return Operation(path=f"/0/public/{name}", handler=handler)


def private(name: str, handler: Handler, cost: int = 1) -> Operation:
    """Describe a private operation."""
    return Operation(path=f"/0/private/{name}", handler=handler, cost=cost)
