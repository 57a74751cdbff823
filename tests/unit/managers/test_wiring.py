"""What runs in the background of an exchange ends with its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from foxtrot.config import ExchangeConfig
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import StateError
from foxtrot.managers.shared_reading import SharedReading
from foxtrot.managers.wiring import Wiring
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.toy import TOY


@pytest.fixture
def wiring() -> Wiring:
    clock = VirtualClock()
    return Wiring(TOY, ExchangeConfig(), EventEngine(clock), clock, None, None)


async def for_ever(done: Callable[[], None]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        done()


async def test_what_was_begun_a_moment_before_the_end_cleans_up_like_all_else(wiring: Wiring) -> None:
    ended: list[str] = []

    async def begins_another() -> None:
        wiring.spawn(for_ever(lambda: ended.append("another")))
        await for_ever(lambda: ended.append("one"))

    wiring.spawn(begins_another())
    await wiring.end_tasks()
    assert sorted(ended) == ["another", "one"]


async def test_who_asked_a_moment_before_the_end_is_told_and_the_next_one_begins_anew(wiring: Wiring) -> None:
    async def read(key: str, wishes: list[int]) -> str:
        if wishes == [1]:
            await asyncio.Event().wait()
        return "an answer"

    shared: SharedReading[int, str] = SharedReading(wiring.spawn, read)
    asked = asyncio.create_task(shared.ask("BTC", 1))
    await asyncio.sleep(0)  # it has asked, and nothing has been read yet
    await wiring.end_tasks()
    with pytest.raises(StateError, match="closed"):
        await asked
    assert await shared.ask("BTC", 2) == "an answer"
