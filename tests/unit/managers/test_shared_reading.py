"""One reading for all who ask for the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine

import pytest

from foxtrot.errors import RequestTimeout, StateError
from foxtrot.managers.shared_reading import SharedReading


class Place:
    """A venue that answers when it is told to, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[int]]] = []
        self.answers: asyncio.Queue[str | Exception] = asyncio.Queue()
        self.tasks: set[asyncio.Task[object]] = set()
        self.shared: SharedReading[int, str] = SharedReading(self.spawn, self.read)

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        self.tasks.add(asyncio.create_task(work))

    async def read(self, key: str, wishes: list[int]) -> str:
        self.asked.append((key, list(wishes)))
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, key: str, wish: int) -> asyncio.Task[str]:
        return asyncio.create_task(self.shared.ask(key, wish))


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_many_who_ask_at_once_are_served_by_one_reading_that_knows_all_their_wishes(place: Place) -> None:
    asked = [place.ask("BTC", wish) for wish in range(5)]
    await settle()
    place.answers.put_nowait("all of it")
    assert await asyncio.gather(*asked) == ["all of it"] * 5
    assert place.asked == [("BTC", [0, 1, 2, 3, 4])]


async def test_who_asks_during_a_reading_gets_the_next_one_and_shares_it(place: Place) -> None:
    first = place.ask("BTC", 1)
    await settle()
    later = [place.ask("BTC", wish) for wish in (2, 3)]
    await settle()
    assert place.asked == [("BTC", [1])]  # one at a time, and what they ask for is not what it began with
    place.answers.put_nowait("old")
    assert await first == "old"
    place.answers.put_nowait("new")
    assert await asyncio.gather(*later) == ["new", "new"]
    assert place.asked == [("BTC", [1]), ("BTC", [2, 3])]


async def test_different_keys_do_not_wait_for_each_other(place: Place) -> None:
    asked = [place.ask("BTC", 1), place.ask("ETH", 1)]
    await settle()
    assert place.asked == [("BTC", [1]), ("ETH", [1])]
    for answer in ("b", "e"):
        place.answers.put_nowait(answer)
    assert await asyncio.gather(*asked) == ["b", "e"]


async def test_a_failure_reaches_all_who_share_it_and_none_who_ask_later(place: Place) -> None:
    asked = [place.ask("BTC", wish) for wish in (1, 2)]
    await settle()
    place.answers.put_nowait(RequestTimeout("no answer"))
    for one in asked:
        with pytest.raises(RequestTimeout, match="no answer"):
            await one
    place.answers.put_nowait("well")
    assert await place.ask("BTC", 3) == "well"


async def test_a_fault_of_our_own_reaches_them_as_it_is(place: Place) -> None:
    asked = place.ask("BTC", 1)
    await settle()
    place.answers.put_nowait(KeyError("a mistake"))
    with pytest.raises(KeyError, match="a mistake"):
        await asked


async def test_one_who_gives_up_takes_nothing_from_the_others(place: Place) -> None:
    impatient, patient = place.ask("BTC", 1), place.ask("BTC", 2)
    await settle()
    impatient.cancel()
    place.answers.put_nowait("here")
    assert await patient == "here"
    assert impatient.cancelled()


async def test_when_the_connection_closes_all_who_wait_hear_of_it(place: Place) -> None:
    reading = place.ask("BTC", 1)
    await settle()
    waiting = place.ask("BTC", 2)
    await settle()
    for task in place.tasks:
        task.cancel()
    for one in (reading, waiting):
        with pytest.raises(StateError, match="closed"):
            await one
