"""The venue's memory of orders and executions."""

from __future__ import annotations

from collections.abc import Container, Iterable

import msgspec

from foxtrot.sandbox.types import MARKET_ACCOUNT, Execution, VenueOrder


class OrderStore:
    """Keep every order and execution of clients; agents' orders are forgotten when they are done."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[int, VenueOrder]] = {}
        self._open: dict[str, dict[int, VenueOrder]] = {}
        self._by_client_id: dict[tuple[str, str, str], VenueOrder] = {}
        self._executions: dict[tuple[str, str], list[Execution]] = {}

    def add(self, order: VenueOrder) -> None:
        """Remember a new, open order."""
        self._orders.setdefault(order.account, {})[order.order_id] = order
        self._open.setdefault(order.account, {})[order.order_id] = order
        if order.account != MARKET_ACCOUNT:
            self._by_client_id[order.account, order.symbol, order.client_order_id] = order

    def finish(self, order: VenueOrder) -> None:
        """Forget an order as open."""
        del self._open[order.account][order.order_id]
        if order.account == MARKET_ACCOUNT:
            del self._orders[MARKET_ACCOUNT][order.order_id]

    def find(self, account: str, symbol: str, order_id: int | None, client_order_id: str | None) -> VenueOrder | None:
        """Return an order by either id (the venue's wins); of several with one client id the latest."""
        if order_id is None:
            return self._by_client_id.get((account, symbol, client_order_id or ""))
        found = self._orders.get(account, {}).get(order_id)
        return found if found is not None and found.symbol == symbol else None

    def all(self, account: str) -> Iterable[VenueOrder]:
        """Return all orders of an account by order id ascending (a live view)."""
        return self._orders.setdefault(account, {}).values()

    def open(self, account: str) -> Iterable[VenueOrder]:
        """Return the open orders of an account, oldest first (a live view)."""
        return self._open.setdefault(account, {}).values()

    def open_ids(self, account: str) -> Container[int]:
        """Return the ids of the open orders of an account (a live view)."""
        return self._open.setdefault(account, {}).keys()

    def record(self, execution: Execution) -> None:
        """Remember an execution."""
        self._executions.setdefault((execution.account, execution.symbol), []).append(execution)

    def executions(self, account: str, symbol: str) -> list[Execution]:
        """Return all executions of an account, oldest first."""
        return list(self._executions.get((account, symbol), ()))


def copy_of(order: VenueOrder) -> VenueOrder:
    """Return a copy that later changes of the order do not reach."""
    return msgspec.structs.replace(order, executions=list(order.executions))
