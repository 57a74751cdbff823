"""One journal file of one process, shared by the accounts that name it."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import ClassVar, Self

import msgspec

from foxtrot.engine.journal.account import AccountJournal
from foxtrot.engine.journal.check import Finding, check
from foxtrot.engine.journal.file import JournalFile, quarantine
from foxtrot.engine.journal.writer import InlineWriter, ThreadWriter, Writer
from foxtrot.errors import JournalCorrupt

_LOG = logging.getLogger("foxtrot.journal")
_DAY_NS = 86_400 * 1_000_000_000


class Quarantine(msgspec.Struct, frozen=True):
    """Report that a damaged journal was set aside: where it is now, and what was wrong with it."""

    kept: Path
    reason: str


class Journal:
    """Keep intents, orders, fills and cursors in one SQLite file (WAL, fsync at every commit).

    `open` shares one instance among all who name the same file in this process; another process is refused. A damaged
    file is set aside (`quarantined` says where) and a new one begun: the orders are then read from the venue.
    """

    _shared: ClassVar[dict[Path, Journal]] = {}

    def __init__(self, path: Path, *, threaded: bool = True, durable: bool = True) -> None:
        self.path = path
        self.quarantined: Quarantine | None = None
        self._file = self._opened(durable=durable)
        self._writer: Writer = ThreadWriter(self._file) if threaded else InlineWriter(self._file)
        self._users = 1

    @classmethod
    def open(cls, path: Path, *, threaded: bool = True, durable: bool = True) -> Journal:
        """Return the journal at `path`, made when there is none.

        Raises JournalBusy (another process has it), JournalError (read-only, no such folder, newer schema).
        """
        path = path.expanduser().absolute()
        shared = cls._shared.get(path)
        if shared is not None:
            shared._users += 1
            return shared
        cls._shared[path] = made = cls(path, threaded=threaded, durable=durable)
        return made

    def account(self, exchange: str, account: str) -> AccountJournal:
        """Return the part of one account."""
        return AccountJournal(exchange, account, self._file, self._writer)

    async def close(self) -> None:
        """Write what waits and let go of the file, once the last of its users closes it."""
        self._users -= 1
        if self._users:
            return
        self._shared.pop(self.path, None)
        await self._writer.close()
        self._file.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def check(self) -> list[Finding]:
        """Return everything that is wrong in the file; empty when nothing is."""
        return check(self._file)

    def forget_events(self, older_than_days: int, now_ns: int) -> None:
        """Delete intents and events of orders that were done so long ago; orders and fills stay."""
        limit = now_ns - older_than_days * _DAY_NS
        done = (
            "(exchange, account, key) IN (SELECT exchange, account, key FROM orders WHERE done = 1 AND ts_ns < ?) "
            # The last intent carries on the numbers of the client order ids.
            "AND ts_ns < ?"
        )
        newest = " AND number < (SELECT max(number) FROM intents i WHERE i.account = intents.account)"
        self._writer.note(
            [
                (f"DELETE FROM events WHERE {done}", (limit, limit)),
                (f"DELETE FROM intents WHERE {done}{newest}", (limit, limit)),
            ]
        )

    def _opened(self, *, durable: bool) -> JournalFile:
        try:
            file = JournalFile(self.path, durable=durable)
        except JournalCorrupt as error:
            return self._replaced(error, durable=durable)
        found = check(file, living_only=True)
        if not found:
            return file
        file.close()
        return self._replaced(JournalCorrupt(found[0].text), durable=durable)

    def _replaced(self, error: JournalCorrupt, *, durable: bool) -> JournalFile:
        kept = quarantine(self.path, time.time_ns())
        self.quarantined = Quarantine(kept, error.message)
        _LOG.error("%s It is kept as %s; a new one is begun and the orders are read from the venue.", error, kept)
        return JournalFile(self.path, durable=durable)
