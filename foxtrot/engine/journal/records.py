"""What is written into the journal, and what is read back after a restart."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from foxtrot.model.order import Fill, Order


class Intent(msgspec.Struct, frozen=True):
    """Say what is about to be sent: `command` is place, cancel or amend; `number` grows with every intent."""

    number: int
    command: str
    key: str
    order: Order
    ts_ns: int


class OrderNote(msgspec.Struct, frozen=True):
    """Say what happened to an order: the event's name, the order's state afterwards, and its fill where it has one."""

    kind: str
    key: str
    order: Order
    ts_ns: int
    fill: Fill | None = None


class Cursor(msgspec.Struct, frozen=True):
    """Say how far something of a symbol has been read from the venue without a hole."""

    symbol: str
    name: str
    value: str


class Recovered(msgspec.Struct, frozen=True):
    """Hold what an account's journal knows at the start: living orders by key, cursors, and the last intent."""

    orders: Mapping[str, Order]
    cursors: tuple[Cursor, ...]
    last_intent: int
    token: int
