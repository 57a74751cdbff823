"""The venue's memory of orders and executions."""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Iterator

import msgspec

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType
from foxtrot.sandbox.types import (
    MARKET_ACCOUNT,
    Amendment,
    Execution,
    NewOrder,
    OrderReport,
    ReportKind,
    VenueOrder,
    VenueStatus,
)


class OrderStore:
    """Keep every order and execution of clients; agents' orders are forgotten when they are done."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[int, VenueOrder]] = {}
        self._open: dict[str, dict[int, VenueOrder]] = {}
        self._by_client_id: dict[tuple[str, str, str], VenueOrder] = {}
        self._executions: dict[tuple[str, str], list[Execution]] = {}
        self._expiring: list[tuple[int, int, str]] = []  # when, order id, account: a heap

    def add(self, order: VenueOrder) -> None:
        """Remember a new, open order."""
        self._orders.setdefault(order.account, {})[order.order_id] = order
        self._open.setdefault(order.account, {})[order.order_id] = order
        if order.account != MARKET_ACCOUNT:
            self._by_client_id[order.account, order.symbol, order.client_order_id] = order
        if order.expire_ns:
            heapq.heappush(self._expiring, (order.expire_ns, order.order_id, order.account))

    def expired(self, now_ns: int) -> Iterator[VenueOrder]:
        """Yield the open orders whose time is over, earliest first."""
        while self._expiring and self._expiring[0][0] <= now_ns:
            _, number, account = heapq.heappop(self._expiring)
            if (order := self._open[account].get(number)) is not None:
                yield order

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


def history_of(order: VenueOrder) -> list[OrderReport]:
    """Return the reports that led an order to where it is: taken, filled, ended."""
    fresh = msgspec.structs.replace(order, status=VenueStatus.NEW, filled=ZERO, filled_quote=ZERO, executions=[])
    told = [OrderReport(kind=ReportKind.NEW, order=fresh, time_ns=order.created_ns)]
    told += [
        OrderReport(kind=ReportKind.TRADE, order=copy_of(order), execution=execution, time_ns=execution.time_ns)
        for execution in order.executions
    ]
    if not order.status.open and order.status is not VenueStatus.FILLED:
        canceled = order.status is VenueStatus.CANCELED
        kind = ReportKind.CANCELED if canceled else ReportKind.EXPIRED
        told.append(OrderReport(kind=kind, order=copy_of(order), time_ns=order.updated_ns))
    return told


def copy_of(order: VenueOrder) -> VenueOrder:
    """Return a copy that later changes of the order do not reach."""
    return msgspec.structs.replace(order, executions=list(order.executions))


def amended(order: VenueOrder, change: Amendment) -> NewOrder:
    """Return an open order as it would be asked for with other numbers."""
    kind, trails = order.type, order.type is OrderType.TRAILING_STOP
    stop_price = order.stop_price if change.stop_price is None else change.stop_price
    return NewOrder(
        account=order.account,
        symbol=order.symbol,
        side=order.side,
        type=OrderType.LIMIT_MAKER if change.post_only and kind is OrderType.LIMIT else kind,
        quantity=order.quantity if change.quantity is None else change.quantity,
        price=(order.price if change.price is None else change.price) if kind.has_price else None,
        stop_price=stop_price if kind.has_trigger and not trails else None,
        iceberg_quantity=change.iceberg_quantity or order.iceberg_quantity or None,
        time_in_force=order.time_in_force,
        stp=order.stp,
        trailing_offset=order.trailing_offset or None,
        trailing_percent=order.trailing_percent or None,
        expire_ns=order.expire_ns,
        fee_in=order.fee_in,
    )
