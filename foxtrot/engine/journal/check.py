"""Is everything in a journal as it was written, and does one part agree with the others?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec

from foxtrot.engine.journal.file import JournalFile, checksum
from foxtrot.engine.journal.rows import to_fill, to_order
from foxtrot.errors import JournalError

T = TypeVar("T")


class Finding(msgspec.Struct, frozen=True):
    """Name one thing that is wrong: the table, the key in it, and a sentence."""

    table: str
    key: str
    text: str


def check(file: JournalFile, *, living_only: bool = False) -> list[Finding]:
    """Return what is wrong; `living_only` looks just at what a start will use."""
    try:
        found = [*_orders(file, living_only=living_only)]
        if not living_only:
            found += [*_pages(file), *_fills(file), *_events(file), *_last_states(file)]
    except JournalError as error:
        return [Finding("file", "", error.message)]
    return found


def _pages(file: JournalFile) -> Iterator[Finding]:
    for (text,) in file.read("PRAGMA integrity_check"):
        if text != "ok":
            yield Finding("file", "", str(text))


def _orders(file: JournalFile, *, living_only: bool) -> Iterator[Finding]:
    only = " WHERE done = 0" if living_only else ""
    for key, body, crc, done in file.read(f"SELECT key, body, crc, done FROM orders{only}"):
        order, wrong = _read("orders", to_order, key, body, crc, file.path)
        if order is None:
            yield from wrong
        elif order.status.done is not bool(done):
            yield Finding("orders", key, f"Order {key} is {order.status.value}, but marked done={done}.")


def _fills(file: JournalFile) -> Iterator[Finding]:
    sums: dict[tuple[str, str, str], Decimal] = {}
    for exchange, account, key, trade_id, body, crc in file.read(
        "SELECT exchange, account, key, trade_id, body, crc FROM fills"
    ):
        fill, wrong = _read("fills", to_fill, trade_id, body, crc, file.path)
        if fill is None:
            yield from wrong
        else:
            at = (exchange, account, key)
            sums[at] = sums.get(at, Decimal(0)) + fill.quantity
    for (exchange, account, key), total in sums.items():
        rows = file.read(
            "SELECT body, crc FROM orders WHERE exchange = ? AND account = ? AND key = ?", (exchange, account, key)
        )
        if not rows:
            yield Finding("fills", key, f"The fills of order {key} have no order.")
            continue
        ((body, crc),) = rows
        order, _ = _read("orders", to_order, key, body, crc, file.path)
        if order is not None and order.filled < total:
            yield Finding("fills", key, f"Order {key} says filled {order.filled}, its fills sum up to {total}.")


def _events(file: JournalFile) -> Iterator[Finding]:
    for seq, key, kind, body, crc in file.read("SELECT seq, key, kind, body, crc FROM events"):
        if checksum(key, kind, body) != crc:
            yield Finding("events", str(seq), f"The checksum of event {seq} ({kind} of {key}) is wrong.")


def _last_states(file: JournalFile) -> Iterator[Finding]:
    """Compare each order with its last event: replaying the events must end where the order is."""
    for key, body, last in file.read(
        "SELECT o.key, o.body, e.body FROM orders o JOIN events e ON e.seq = (SELECT max(seq) FROM events "
        "WHERE exchange = o.exchange AND account = o.account AND key = o.key) "
        "WHERE NOT EXISTS (SELECT 1 FROM intents i WHERE i.exchange = o.exchange AND i.account = o.account "
        "AND i.key = o.key AND i.ts_ns >= e.ts_ns)"
    ):
        if body != last:
            yield Finding("events", key, f"The last event of order {key} does not lead to its state.")


def _read(
    table: str, read: Callable[[str, bytes, int, Path], T], key: str, body: bytes, crc: int, path: Path
) -> tuple[T | None, list[Finding]]:
    try:
        return read(key, body, crc, path), []
    except JournalError as error:
        return None, [Finding(table, key, error.message)]
