"""The tables of the journal and how an older file becomes a newer one."""

from __future__ import annotations

import sqlite3

from foxtrot.errors import JournalError

# One script for each step from version n to n + 1; a published one is never edited.
_MIGRATIONS = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE intents (
        exchange TEXT NOT NULL, account TEXT NOT NULL, number INTEGER NOT NULL, command TEXT NOT NULL,
        key TEXT NOT NULL, ts_ns INTEGER NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (exchange, account, number));
    CREATE TABLE orders (
        exchange TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL, symbol TEXT NOT NULL,
        client_order_id TEXT NOT NULL, order_id TEXT NOT NULL, done INTEGER NOT NULL, ts_ns INTEGER NOT NULL,
        body BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (exchange, account, key));
    CREATE INDEX orders_by_venue_id ON orders (exchange, account, symbol, order_id);
    CREATE INDEX orders_living ON orders (exchange, account) WHERE done = 0;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, exchange TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL,
        kind TEXT NOT NULL, ts_ns INTEGER NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL);
    CREATE INDEX events_by_order ON events (exchange, account, key);
    CREATE TABLE fills (
        exchange TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL, trade_id TEXT NOT NULL,
        key TEXT NOT NULL, ts_ns INTEGER NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY (exchange, account, symbol, trade_id));
    CREATE TABLE cursors (
        exchange TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (exchange, account, symbol, name));
    """,
)
VERSION = len(_MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the tables to this version, all steps or none. Raises JournalError for a newer file."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        raise JournalError(
            f"The journal {path} has schema {found}, this foxtrot knows up to {VERSION}; "
            "upgrade foxtrot or name another file.",
        )
    if found == VERSION:
        return
    steps = "".join(_MIGRATIONS[found:])
    connection.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;")
