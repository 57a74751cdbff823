"""What outlives the process of a dry run: its orders and balances, in a file of JSON lines."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import msgspec

from foxtrot.errors import JournalCorrupt, JournalError
from foxtrot.sandbox.types import BalanceReport, OrderReport, VenueEvent, VenueOrder

_KEPT_DONE = 5_000
Balances = dict[str, tuple[Decimal, Decimal]]


class _Line(msgspec.Struct):
    """{"orders": [{"order_id": 1, ...}], "balances": {"USDT": ["990", "10"]}}"""

    orders: list[VenueOrder]
    balances: Balances
    born_ns: int = 0  # said once


class PaperState:
    """Fold what happened into orders and balances, and write each step as one line.

    A line holds an order and the balances that its change made, so that a kill between two lines leaves both as they
    were. Without a file nothing is written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._orders: dict[int, VenueOrder] = {}
        self._changed: dict[int, VenueOrder] = {}
        self._file: int | None = None
        self.balances: Balances = {}
        self.born_ns = 0

    @property
    def orders(self) -> list[VenueOrder]:
        """Return the orders, by order id ascending."""
        return [self._orders[number] for number in sorted(self._orders)]

    @property
    def last_order_id(self) -> int:
        """Return the largest order id, 0 for none."""
        return max(self._orders, default=0)

    @property
    def last_trade_id(self) -> int:
        """Return the largest id of an own execution, 0 for none."""
        return max((e.trade_id for order in self._orders.values() for e in order.executions), default=0)

    def open(self) -> None:
        """Read the file and begin to write it anew. Raises JournalCorrupt, JournalError."""
        if self._path is None or self._file is not None:
            return
        try:
            if self._path.exists():
                self._read(self._path.read_bytes(), self._path)
            fresh = self._path.with_name(f"{self._path.name}.new")
            self._file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            if self.born_ns:
                self._write(_Line(self.orders, self.balances, self.born_ns))
            fresh.replace(self._path)
        except OSError as error:
            raise JournalError(f"The state of the dry run, {self._path}, cannot be used: {error.strerror}.") from error

    def begin(self, born_ns: int) -> None:
        """Remember when the first run began."""
        if not self.born_ns:
            self.born_ns = born_ns
            self._write(_Line([], {}, born_ns))

    def close(self) -> None:
        """End writing; repeating is harmless."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def on_event(self, event: VenueEvent) -> None:
        """Take one event of the venue; balances always follow the order whose change they are."""
        if isinstance(event, OrderReport):
            self._changed[event.order.order_id] = self._orders[event.order.order_id] = event.order
        elif isinstance(event, BalanceReport):
            self.balances |= event.balances
            self._write(_Line(list(self._changed.values()), event.balances))
            self._changed.clear()

    def _write(self, line: _Line) -> None:
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(line) + b"\n")

    def _read(self, data: bytes, path: Path) -> None:
        lines = data.split(b"\n")
        lines.pop()  # after the last line break: nothing, or what a kill cut off
        for number, text in enumerate(lines, 1):
            try:
                line = msgspec.json.decode(text, type=_Line)
            except msgspec.MsgspecError as error:
                raise JournalCorrupt(
                    f"The state of the dry run, {path}, is damaged in line {number}: {error}. Move the file away to "
                    "begin anew."
                ) from error
            self._orders.update({order.order_id: order for order in line.orders})
            self.balances |= line.balances
            self.born_ns = self.born_ns or line.born_ns
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        done = [order.order_id for order in self.orders if not order.status.open]
        for number in done[: max(0, len(done) - _KEPT_DONE)]:
            del self._orders[number]
