"""Reading a journal that no process has open: for people who want to know what happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from foxtrot.engine.journal.check import Finding, check
from foxtrot.engine.journal.file import JournalFile
from foxtrot.engine.journal.rows import to_fill, to_order
from foxtrot.errors import InvalidRequest
from foxtrot.model.order import Fill, Order


class Entry(msgspec.Struct, frozen=True):
    """Report one line of a journal's history: an intent ("intent place") or an event ("OrderFilled")."""

    ts_ns: int
    exchange: str
    account: str
    what: str
    order: Order


class JournalReader:
    """Read one journal; a damaged one is reported, never moved or mended.

    Raises InvalidRequest when there is no such file, JournalBusy while a process has it open, JournalCorrupt,
    JournalError.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InvalidRequest(f"There is no journal {path}.", field="journal")
        self._file = JournalFile(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def verify(self) -> list[Finding]:
        """Return everything that is wrong; empty when nothing is."""
        return check(self._file)

    def orders(self, *, living_only: bool = False) -> list[tuple[str, str, Order]]:
        """Return (exchange, account, order), oldest first. Raises JournalCorrupt."""
        only = " WHERE done = 0" if living_only else ""
        rows = self._file.read(f"SELECT exchange, account, key, body, crc FROM orders{only} ORDER BY ts_ns, key")
        return [(e, a, to_order(key, body, crc, self._file.path)) for e, a, key, body, crc in rows]

    def fills(self) -> list[tuple[str, str, Fill]]:
        """Return (exchange, account, fill), oldest first. Raises JournalCorrupt."""
        rows = self._file.read("SELECT exchange, account, trade_id, body, crc FROM fills ORDER BY ts_ns, trade_id")
        return [(e, a, to_fill(number, body, crc, self._file.path)) for e, a, number, body, crc in rows]

    def history(self, client_order_id: str = "") -> Iterator[Entry]:
        """Yield intents and events in the order in which they happened, of one order or of all.

        Raises JournalCorrupt at the first entry that is not as it was written.
        """
        only, values = (" WHERE key = ?", (client_order_id,) * 2) if client_order_id else ("", ())
        rows = self._file.read(
            f"SELECT ts_ns, 0, number, exchange, account, 'intent ' || command, key, body, crc FROM intents{only} "
            f"UNION ALL SELECT ts_ns, 1, seq, exchange, account, kind, key, body, crc FROM events{only} "
            "ORDER BY 1, 2, 3",
            values,
        )
        for ts_ns, event, _, exchange, account, what, key, body, crc in rows:
            summed = key + what if event else key
            yield Entry(ts_ns, exchange, account, what, to_order(summed, body, crc, self._file.path))
