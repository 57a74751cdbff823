"""One reading of the venue for all who ask for the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Generic, TypeVar

from foxtrot.errors import StateError

T = TypeVar("T")
W = TypeVar("W")
Spawn = Callable[[Coroutine[object, object, object]], None]
Read = Callable[[str, list[W]], Awaitable[T]]


class _Round(Generic[W, T]):
    def __init__(self) -> None:
        self.wishes: list[W] = []
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()


class SharedReading(Generic[W, T]):
    """Read once for everybody who asks while an earlier reading is under way, and for each only after they asked.

    `read` is given a key and what each of the askers wants of it. Of one key there is one reading at a time, so that
    many who are in doubt use up no more of the venue's budget than one.
    """

    def __init__(self, spawn: Spawn, read: Read[W, T]) -> None:
        self._spawn = spawn
        self._read = read
        self._next: dict[str, _Round[W, T]] = {}
        self._one_at_a_time: dict[str, asyncio.Lock] = {}

    async def ask(self, key: str, wish: W) -> T:
        """Return what the next reading finds. Raises what it raises, StateError when the connection closes."""
        waiting = self._next.get(key)
        if waiting is None:
            waiting = self._next[key] = _Round()
            self._spawn(self._answer(key, waiting))
        waiting.wishes.append(wish)
        return await asyncio.shield(waiting.answer)

    async def _answer(self, key: str, asked: _Round[W, T]) -> None:
        failure: Exception = StateError("The connection was closed before the venue answered.")
        try:
            async with self._one_at_a_time.setdefault(key, asyncio.Lock()):
                self._next.pop(key)  # who asks from now on wants to know what is the case then
                asked.answer.set_result(await self._read(key, asked.wishes))
        except Exception as error:  # noqa: BLE001 - handed on to all who asked
            failure = error
        finally:
            if self._next.get(key) is asked:
                del self._next[key]
            if not asked.answer.done():
                asked.answer.set_exception(failure)
                asked.answer.exception()  # those who asked may all be gone
