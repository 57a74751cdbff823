"""The part of a journal that belongs to one account of one exchange."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from foxtrot.engine.journal.file import JournalFile
from foxtrot.engine.journal.records import Cursor, Intent, OrderNote, Recovered
from foxtrot.engine.journal.rows import cursor_row, intent_rows, note_rows, to_order
from foxtrot.engine.journal.writer import Writer
from foxtrot.errors import JournalError
from foxtrot.model.order import Order


class OrderJournal(Protocol):
    """Keep the intents and orders of one account."""

    @property
    def trouble(self) -> JournalError | None:
        """Return why the journal cannot be written now, None while all is well."""
        ...

    def recover(self, token: int) -> Recovered:
        """Return what is known from earlier; `token` becomes that of a new journal."""
        ...

    def find(self, symbol: str, order_id: str, client_order_id: str) -> Order | None:
        """Return an order by the venue's id, else by ours, done ones included."""
        ...

    async def intend(self, intent: Intent) -> None:
        """Return once the intent is durable. Raises JournalError; then nothing may be sent."""
        ...

    def note(self, notes: Sequence[OrderNote], cursors: Sequence[Cursor] = ()) -> None:
        """Write notes and cursors soon, in one transaction."""
        ...

    async def flush(self) -> None:
        """Return once everything noted is durable. Raises JournalError."""
        ...


class AccountJournal:
    """Implement `OrderJournal` over a journal's file; made by `Journal.account`."""

    def __init__(self, exchange: str, account: str, file: JournalFile, writer: Writer) -> None:
        self._who = (exchange, account)
        self._file = file
        self._writer = writer

    @property
    def trouble(self) -> JournalError | None:
        """Return why the journal cannot be written now."""
        return self._writer.trouble

    def recover(self, token: int) -> Recovered:
        """Read living orders, cursors, and the last intent. Raises JournalCorrupt."""
        read, who, path = self._file.read, self._who, self._file.path
        name = "token " + "/".join(who)
        self._file.write([("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, str(token)))])
        living = read("SELECT key, body, crc FROM orders WHERE exchange = ? AND account = ? AND done = 0", who)
        cursors = read("SELECT symbol, name, value FROM cursors WHERE exchange = ? AND account = ?", who)
        ((last,),) = read("SELECT max(number) FROM intents WHERE exchange = ? AND account = ?", who)
        ((kept_token,),) = read("SELECT value FROM meta WHERE name = ?", (name,))
        return Recovered(
            {key: to_order(key, body, crc, path) for key, body, crc in living},
            tuple(Cursor(*row) for row in cursors),
            last or 0,
            int(kept_token),
        )

    def find(self, symbol: str, order_id: str, client_order_id: str) -> Order | None:
        """Return an order by the venue's id, else by ours; an empty `symbol` stands for any. Raises JournalError."""
        condition, value = ("order_id", order_id) if order_id else ("client_order_id", client_order_id)
        if not value:
            return None
        rows = self._file.read(
            "SELECT key, body, crc FROM orders WHERE exchange = ? AND account = ? "
            f"AND symbol {'=' if symbol else '>'} ? AND {condition} = ? ORDER BY ts_ns DESC LIMIT 1",
            (*self._who, symbol, value),
        )
        for key, body, crc in rows:
            return to_order(key, body, crc, self._file.path)
        return None

    async def intend(self, intent: Intent) -> None:
        """Return once the intent is durable. Raises JournalError."""
        await self._writer.commit(intent_rows(*self._who, intent))

    def note(self, notes: Sequence[OrderNote], cursors: Sequence[Cursor] = ()) -> None:
        """Write notes and cursors soon, in one transaction."""
        rows = [row for note in notes for row in note_rows(*self._who, note)]
        self._writer.note([*rows, *(cursor_row(*self._who, cursor) for cursor in cursors)])

    async def flush(self) -> None:
        """Return once everything noted is durable. Raises JournalError."""
        await self._writer.commit(())


class NoJournal:
    """Keep nothing: what was sent is known as long as the process lives, and read from the venue afterwards."""

    trouble: JournalError | None = None

    def recover(self, token: int) -> Recovered:
        """Know nothing."""
        return Recovered({}, (), 0, token)

    def find(self, symbol: str, order_id: str, client_order_id: str) -> Order | None:
        """Find nothing."""
        return None

    async def intend(self, intent: Intent) -> None:
        """Let it go ahead."""

    def note(self, notes: Sequence[OrderNote], cursors: Sequence[Cursor] = ()) -> None:
        """Forget."""

    async def flush(self) -> None:
        """Have nothing to write."""
