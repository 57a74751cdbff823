"""Who brings statements into the file: one thread that commits in groups, or the caller itself."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Sequence
from typing import Protocol

from foxtrot.engine.journal.file import JournalFile, Statement
from foxtrot.errors import JournalError

_LOG = logging.getLogger("foxtrot.journal")
_RETRY_S = 1.0
_MOST_KEPT = 200_000  # statements that wait for a disk that does not take them


class Writer(Protocol):
    """Write statements in the order given. `trouble` is the last failure, None while all is well."""

    trouble: JournalError | None

    @property
    def waiting(self) -> int:
        """Return how many statements wait for the disk to take them."""
        ...

    def note(self, statements: Sequence[Statement]) -> None:
        """Write soon; what the disk does not take is kept and tried again."""
        ...

    async def commit(self, statements: Sequence[Statement]) -> None:
        """Return once everything up to here is durable. Raises JournalError; then these statements are dropped."""
        ...

    async def close(self) -> None:
        """Write what waits, and end."""
        ...


class InlineWriter:
    """Write at once, in the caller's thread: for simulations, whose time no other thread must take part in."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._kept = _Kept()
        self.trouble: JournalError | None = None

    @property
    def waiting(self) -> int:
        """Return how many statements wait."""
        return len(self._kept.statements)

    def note(self, statements: Sequence[Statement]) -> None:
        """Write; what the disk does not take waits for the next call."""
        self._kept.add(statements)
        try:
            self._write(())
        except JournalError as error:
            _LOG.error("%s", error)

    async def commit(self, statements: Sequence[Statement]) -> None:
        """Write. Raises JournalError."""
        self._write(statements)

    async def close(self) -> None:
        """Write what waits."""
        if self.waiting:
            self.note(())

    def _write(self, statements: Sequence[Statement]) -> None:
        try:
            self._file.write([*self._kept.statements, *statements])
        except JournalError as error:
            self.trouble = error
            raise
        self.trouble = None
        self._kept.statements.clear()


class _Group:
    """What one transaction takes: kept notes, new notes, and commits with those who wait for them."""

    def __init__(self) -> None:
        self.notes: list[Statement] = []
        self.all: list[Statement] = []
        self.waiters: list[_Waiter] = []

    def add(self, job: _Job) -> None:
        self.all += job.statements
        if job.waiter is None:
            self.notes += job.statements
        else:
            self.waiters.append(job.waiter)


class _Waiter:
    """A future of a loop, settled from another thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()

    def settle(self, error: JournalError | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, error)
        except RuntimeError:
            _LOG.warning("nobody waits any more for a commit of the journal: the loop is closed")

    def _settle(self, error: JournalError | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class _Job:
    def __init__(self, statements: Sequence[Statement], waiter: _Waiter | None) -> None:
        self.statements = statements
        self.waiter = waiter


class _Kept:
    """Notes that the disk did not take, oldest first; the oldest go, counted, when there are too many."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.lost = 0

    def add(self, statements: Sequence[Statement]) -> None:
        self.statements += statements
        surplus = len(self.statements) - _MOST_KEPT
        if surplus > 0:
            del self.statements[:surplus]
            self.lost += surplus
            _LOG.error("the journal cannot be written: %d notes are lost", self.lost)


class ThreadWriter:
    """Commit in one thread; what comes while a commit runs goes together into the next one."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._kept = _Kept()
        self._closed = False
        self.trouble: JournalError | None = None
        self._thread = threading.Thread(target=self._run, name=f"foxtrot journal {file.path.name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return how many statements wait."""
        return len(self._kept.statements) + self._jobs.qsize()

    def note(self, statements: Sequence[Statement]) -> None:
        """Queue statements."""
        self._require_open()
        self._jobs.put(_Job(statements, None))

    async def commit(self, statements: Sequence[Statement]) -> None:
        """Queue statements and wait for their commit. Raises JournalError."""
        self._require_open()
        waiter = _Waiter()
        self._jobs.put(_Job(statements, waiter))
        await waiter.done

    async def close(self) -> None:
        """Write what waits, and end the thread; repeating is harmless."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _require_open(self) -> None:
        if self._closed:
            raise JournalError(f"The journal {self._file.path} is closed.")

    def _run(self) -> None:
        going_on = True
        while going_on:
            group, going_on = self._next_group()
            self._commit(group)
        if self._kept.statements:
            _LOG.error("the journal was closed with %d unwritten statements", len(self._kept.statements))

    def _next_group(self) -> tuple[_Group, bool]:
        """Wait for a job and take all others that are there; False when the end was asked for."""
        group = _Group()
        try:
            job = self._jobs.get(timeout=_RETRY_S if self._kept.statements else None)
            while job is not None:
                group.add(job)
                job = self._jobs.get_nowait()
        except queue.Empty:
            return group, True
        return group, False

    def _commit(self, group: _Group) -> None:
        statements = [*self._kept.statements, *group.all]
        if not statements and not group.waiters:
            return
        error: JournalError | None = None
        try:
            self._file.write(statements)
        except JournalError as failure:
            error = failure
            _LOG.error("%s", failure)
            self._kept.add(group.notes)
        else:
            self._kept.statements.clear()
        self.trouble = error
        for waiter in group.waiters:
            waiter.settle(error)
