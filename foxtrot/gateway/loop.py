"""One background thread with one event loop, and the ways into it from other threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from foxtrot.errors import StateError

T = TypeVar("T")


class LoopThread:
    """Run coroutines and callbacks for other threads, in the order in which they came. Begins at once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._gate = threading.Lock()
        self._open = True
        self._thread = threading.Thread(target=self._run, name=f"foxtrot {name}", daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Tell whether the caller runs on this loop."""
        return threading.current_thread() is self._thread

    def post(self, callback: Callable[..., object], *args: object) -> None:
        """Have a callback called soon, from any thread. Raises StateError, and calls nothing, once it is closed."""
        with self._gate:
            if not self._open:
                raise StateError(f"{self._name} is closed.")
            self._loop.call_soon_threadsafe(callback, *args)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine and wait for what it returns or raises.

        Raises StateError once it is closed, and on the loop's own thread, which would wait for itself.
        """
        if self.is_current:
            raise StateError(
                f"{self._name}: this call waits for an answer and must not be made from a handler that runs on the "
                "adapter's own thread; make it from another thread."
            )
        with self._gate:
            if not self._open:
                raise StateError(f"{self._name} is closed.")
            future = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise StateError(f"{self._name} was closed before this call had its answer.") from None
        except BaseException:
            future.cancel()  # an interrupt of the caller's; in all other cases it is over
            raise

    def close(self) -> None:
        """Call what was posted before, cancel what still runs, end the thread and wait for it."""
        with self._gate:
            if self._open:
                self._open = False
                self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            rest = asyncio.all_tasks(self._loop)
            for task in rest:
                task.cancel()
            if rest:
                self._loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()
