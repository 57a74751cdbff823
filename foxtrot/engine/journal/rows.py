"""The rows of the journal: values to statements and back, each with its checksum."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from foxtrot.engine.journal.file import Statement, checksum
from foxtrot.engine.journal.records import Cursor, Intent, OrderNote
from foxtrot.errors import JournalCorrupt
from foxtrot.model.order import Fill, Order

T = TypeVar("T")
_ORDER = msgspec.json.Decoder(Order)
_FILL = msgspec.json.Decoder(Fill)
_encode = msgspec.json.Encoder().encode


def intent_rows(exchange: str, account: str, intent: Intent) -> list[Statement]:
    """Return the statements that keep an intent and the order as it is before it is sent."""
    body = _encode(intent.order)
    row = (exchange, account, intent.number, intent.command, intent.key, intent.ts_ns, body, checksum(intent.key, body))
    return [
        ("INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row),
        _order_row(exchange, account, intent.key, intent.order, intent.ts_ns, body),
    ]


def note_rows(exchange: str, account: str, note: OrderNote) -> list[Statement]:
    """Return the statements that keep an event, the order's state after it, and its fill."""
    body = _encode(note.order)
    event = (exchange, account, note.key, note.kind, note.ts_ns, body, checksum(note.key, note.kind, body))
    rows = [
        (
            "INSERT INTO events (exchange, account, key, kind, ts_ns, body, crc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            event,
        ),
        _order_row(exchange, account, note.key, note.order, note.ts_ns, body),
    ]
    if note.fill is not None:
        rows.append(_fill_row(exchange, account, note.key, note.fill))
    return rows


def cursor_row(exchange: str, account: str, cursor: Cursor) -> Statement:
    """Return the statement that keeps a cursor."""
    return (
        "INSERT INTO cursors VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (exchange, account, cursor.symbol, cursor.name, cursor.value),
    )


def to_order(key: str, body: bytes, crc: int, path: Path) -> Order:
    """Read an order back. Raises JournalCorrupt."""
    if checksum(key, body) != crc:
        raise JournalCorrupt(f"The journal {path} is damaged: the checksum of order {key} is wrong.")
    return _decoded(_ORDER, body, f"order {key}", path)


def to_fill(trade_id: str, body: bytes, crc: int, path: Path) -> Fill:
    """Read a fill back. Raises JournalCorrupt."""
    if checksum(trade_id, body) != crc:
        raise JournalCorrupt(f"The journal {path} is damaged: the checksum of fill {trade_id} is wrong.")
    return _decoded(_FILL, body, f"fill {trade_id}", path)


def _order_row(exchange: str, account: str, key: str, order: Order, ts_ns: int, body: bytes) -> Statement:
    return (
        "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            exchange,
            account,
            key,
            order.symbol,
            order.client_order_id,
            order.order_id,
            int(order.status.done),
            ts_ns,
            body,
            checksum(key, body),
        ),
    )


def _fill_row(exchange: str, account: str, key: str, fill: Fill) -> Statement:
    body = _encode(fill)
    return (
        "INSERT OR IGNORE INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (exchange, account, fill.symbol, fill.trade_id, key, fill.ts_event, body, checksum(fill.trade_id, body)),
    )


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes, what: str, path: Path) -> T:
    try:
        return decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(f"The journal {path} is damaged: {what} cannot be read: {error}.") from error
