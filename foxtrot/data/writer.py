"""A thread that writes what an event loop hands it, so that no disk ever holds the loop up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from foxtrot.errors import ConfigError

T = TypeVar("T")
_LOG = logging.getLogger("foxtrot.data")


class BackgroundWriter(Generic[T]):
    """Collect items and call `write` with them in a thread: every `every_s` seconds, and once `at_once` wait.

    When more than `most` wait, or after a failure, new items are refused and counted in `dropped`. `close` writes all
    that waits.
    """

    def __init__(self, name: str, write: Callable[[list[T]], None], every_s: float, *, at_once: int, most: int) -> None:
        self._name = name
        self._write = write
        self._every_s = every_s
        self._at_once = at_once
        self._most = most
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._waiting: list[T] = []
        self._closing = False
        self.dropped = 0
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"foxtrot {name}", daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Hand an item in; never waits for the disk."""
        with self._lock:
            waiting = len(self._waiting)
            if waiting >= self._most or self.failure is not None or self._closing:
                self.dropped += 1
                return
            self._waiting.append(item)
        if waiting + 1 >= self._at_once:
            self._wake.set()

    def close(self) -> None:
        """Write what waits and end the thread. Raises ConfigError when anything could not be written."""
        with self._lock:
            self._closing = True
        self._wake.set()
        self._thread.join()
        if self.failure is not None:
            raise ConfigError(f"The {self._name} could not be written: {self.failure}.") from self.failure

    def _run(self) -> None:
        while not self._closing and self.failure is None:
            self._wake.wait(self._every_s)
            self._wake.clear()
            self._write_waiting()
        self._write_waiting()  # what came before the last look at `_closing`

    def _write_waiting(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        if not batch:
            return
        try:
            if self.failure is None:
                self._write(batch)
        except Exception as error:  # noqa: BLE001 - nobody else sees what a thread dies of; `close` raises it
            self.failure = error
            # What the disk says is clear enough; anything else is a fault of ours.
            trace = None if isinstance(error, OSError) else error
            _LOG.error("the %s cannot be written any more: %s", self._name, error, exc_info=trace)
        if self.failure is not None:
            self.dropped += len(batch)
