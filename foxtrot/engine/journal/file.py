"""One SQLite file: opened by one process at a time, checked, never silently replaced."""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from foxtrot.engine.journal.schema import migrate
from foxtrot.errors import JournalBusy, JournalCorrupt, JournalError

Statement = tuple[str, Sequence[Any]]
_SIDE_FILES = ("", "-wal", "-shm")
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class JournalFile:
    """Run statements on the file; any thread may, one after the other.

    Opening takes the file for this process alone; the lock goes with the process, however it ends. `durable=False`
    leaves out the fsync: for simulations only. Raises JournalBusy (another process has it), JournalCorrupt,
    JournalError (read-only, no such folder, newer schema).
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection = _opened(path, durable=durable)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows."""
        with self._lock:
            try:
                return self._connection.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                raise _mapped(error, self.path) from error

    def write(self, statements: Iterable[Statement]) -> None:
        """Run the statements in one transaction: all of them or, raising JournalError, none."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for sql, parameters in statements:
                    self._connection.execute(sql, parameters)
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise _mapped(error, self.path) from error

    def close(self) -> None:
        """Let go of the file; repeating is harmless."""
        with self._lock:
            self._connection.close()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def checksum(*parts: bytes | str) -> int:
    """Return the CRC-32 that is kept beside a row."""
    total = 0
    for part in parts:
        total = zlib.crc32(part.encode() if isinstance(part, str) else part, total)
    return total


def quarantine(path: Path, stamp: int) -> Path:
    """Move a damaged journal and its side files out of the way, to `<path>.damaged-<stamp>`; nothing is deleted."""
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in _SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(kept.with_name(kept.name + suffix))
    return kept


def _opened(path: Path, *, durable: bool) -> sqlite3.Connection:
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
        _prepare(connection, path, durable=durable)
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise _mapped(error, path) from error
    except JournalError:
        if connection is not None:
            connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, *, durable: bool) -> None:
    # The first read takes the lock, and keeps it until the connection or the process ends.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")
    (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise JournalCorrupt(f"The journal {path} is damaged: {state}.")
    migrate(connection, str(path))


def _mapped(error: sqlite3.Error, path: Path) -> JournalError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return JournalCorrupt(f"The journal {path} is damaged: {error}.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalBusy(
            f"The journal {path} is open in another process; end that one, or give this one a journal of its own."
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return JournalError(f"The journal {path} cannot be opened: {error}; does its folder exist, is it writable?")
    return JournalError(f"The journal {path} cannot be used: {error}.")
