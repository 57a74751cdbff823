"""Anything can be run on the engine's loop from any thread: subscribing, above all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from foxtrot.engine.bus import EventEngine
from foxtrot.errors import StateError
from foxtrot.model.events import Event, Quote


async def from_another_thread(function: Callable[[], None]) -> None:
    await asyncio.to_thread(function)


async def test_another_thread_subscribes_to_a_running_engine(engine: EventEngine, quote: Callable[[], Quote]) -> None:
    seen: list[Event] = []
    threads: list[int] = []

    def subscribe() -> None:
        engine.subscribe(Quote, seen.append)
        threads.append(threading.get_ident())

    async with engine:
        await from_another_thread(lambda: engine.run_on_loop(subscribe))
        told = quote()
        engine.publish(told)
    assert seen == [told]
    assert threads == [threading.get_ident()]


async def test_on_the_loops_own_thread_it_is_called_at_once(engine: EventEngine) -> None:
    called: list[int] = []
    async with engine:
        engine.run_on_loop(lambda: called.append(1))
        assert called == [1]


@pytest.mark.parametrize("stopped", [False, True])
async def test_while_the_engine_does_not_run_it_is_called_at_once_on_any_thread(
    engine: EventEngine, stopped: bool
) -> None:
    if stopped:
        async with engine:
            pass
    threads: list[int] = []

    def both() -> None:
        engine.run_on_loop(lambda: threads.append(threading.get_ident()))
        threads.append(threading.get_ident())

    await from_another_thread(both)
    assert threads[0] == threads[1] != threading.get_ident()


def test_a_closed_loop_is_told_as_a_state_error(engine: EventEngine) -> None:
    async def leave_running() -> None:
        await engine.start()

    asyncio.run(leave_running())
    errors: list[StateError] = []

    def ask() -> None:
        try:
            engine.run_on_loop(lambda: None)
        except StateError as error:
            errors.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    asker.join()
    assert [error.message for error in errors] == ["The engine's event loop is closed, so nothing runs on it."]
