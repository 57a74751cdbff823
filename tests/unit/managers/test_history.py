"""Candles of any range: nothing asked for in vain, nothing missing without a word, nothing accepted that disagrees."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from foxtrot.errors import InvalidRequest, ProtocolError
from foxtrot.model.events import Bar, HistoryGap
from foxtrot.model.times import to_iso
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.candles import made_up

MINUTE = 60 * 10**9
DAY = 1_440 * MINUTE


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk("binanceus", history_days=40)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


async def fetched(desk: Desk, interval: str = "1m", **wanted: Any) -> list[Bar]:
    return await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, interval, **wanted))


def gaps(desk: Desk) -> list[tuple[int, int]]:
    return [(e.first_open, e.last_open) for e in desk.heard if isinstance(e, HistoryGap)]


def opens(bars: list[Bar]) -> list[int]:
    return [bar.open_time for bar in bars]


def begin_of(desk: Desk) -> int:
    return desk.world.venue.first_minute_ns(desk.symbol)


# what it costs


async def test_the_first_ten_of_a_long_range_cost_one_request(desk: Desk) -> None:
    now, asked = desk.clock.time_ns(), desk.world.requests.total()
    bars = await fetched(desk, start=now - 30 * DAY, limit=10)
    first = -(-(now - 30 * DAY) // MINUTE) * MINUTE
    assert opens(bars) == list(range(first, first + 10 * MINUTE, MINUTE))
    assert desk.world.requests.total() - asked == 1


@pytest.mark.parametrize("limit", [999, 1_000, 1_001, 2_500])
async def test_the_first_so_many_are_those_of_the_whole_range(desk: Desk, limit: int) -> None:
    start = desk.clock.time_ns() - 4 * DAY
    whole = await fetched(desk, start=start)
    asked = desk.world.requests.total()
    assert opens(await fetched(desk, start=start, limit=limit)) == opens(whole[:limit])
    assert desk.world.requests.total() - asked <= 1 + limit // 999


async def test_nothing_is_asked_for_that_lies_in_the_future(desk: Desk) -> None:
    now, asked = desk.clock.time_ns(), desk.world.requests.total()
    bars = await fetched(desk, start=now - 60 * MINUTE, end=now + 90 * DAY)
    assert len(bars) == 59
    assert desk.world.requests.total() - asked == 1
    assert await fetched(desk, start=now + DAY, end=now + 2 * DAY) == []
    assert desk.world.requests.total() - asked == 1
    assert gaps(desk) == []


async def test_an_end_in_the_future_gives_the_newest_closed_candles(desk: Desk) -> None:
    now = desk.clock.time_ns()
    bars = await fetched(desk, end=now + DAY, limit=5)
    newest = now // MINUTE * MINUTE - MINUTE
    assert opens(bars) == list(range(newest - 4 * MINUTE, newest + 1, MINUTE))
    assert opens(await fetched(desk, limit=5)) == opens(bars)
    running = await fetched(desk, end=now + DAY, limit=5, unfinished=True)
    assert [bar.closed for bar in running] == [True] * 4 + [False]


@pytest.mark.parametrize(
    "wanted",
    [
        {"start": -60 * DAY, "end": -39 * DAY},
        {"start": -60 * DAY, "end": -50 * DAY},
        {"start": -3 * DAY},
        {"start": -3 * DAY, "limit": 1_500},
        {"limit": 20},
        {"start": DAY, "end": 2 * DAY},
    ],
)
async def test_the_progress_reaches_its_total_wherever_the_history_begins(desk: Desk, wanted: dict[str, int]) -> None:
    now, told = desk.clock.time_ns(), list[tuple[int, int]]()
    times = {name: value if name == "limit" else now + value for name, value in wanted.items()}
    bars = await fetched(desk, **times, progress=lambda *step: told.append(step))
    assert told[-1] == (len(bars), len(bars))
    assert all(done <= expected for done, expected in told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# what is missing


async def test_a_range_that_begins_before_the_history_says_so(desk: Desk) -> None:
    now, begin = desk.clock.time_ns(), begin_of(desk)
    for start in (begin - 90 * MINUTE, begin - 20 * DAY):
        desk.heard.clear()
        bars = await fetched(desk, start=start, end=begin + 10 * MINUTE)
        assert opens(bars) == list(range(begin, begin + 10 * MINUTE + 1, MINUTE))
        assert gaps(desk) == [(start, begin - MINUTE)]
        assert "first candle" in next(e.reason for e in desk.heard if isinstance(e, HistoryGap))
    assert begin < now


async def test_a_range_wholly_before_the_history_is_one_gap_and_costs_little(desk: Desk) -> None:
    asked = desk.world.requests.total()
    assert await fetched(desk, start=begin_of(desk) - 30 * DAY, end=begin_of(desk) - 10 * DAY) == []
    assert gaps(desk) == [(begin_of(desk) - 30 * DAY, begin_of(desk) - 10 * DAY)]
    assert desk.world.requests.total() - asked == 2
    assert "no candle" in next(e.reason for e in desk.heard if isinstance(e, HistoryGap))


async def test_a_limit_counts_from_the_first_candle_there_is_and_the_rest_is_told(desk: Desk) -> None:
    begin = begin_of(desk)
    bars = await fetched(desk, start=begin - 2 * DAY, limit=10)
    assert opens(bars) == list(range(begin, begin + 10 * MINUTE, MINUTE))
    assert gaps(desk) == [(begin - 2 * DAY, begin - MINUTE)]


async def test_a_venue_that_keeps_its_newest_candles_only_says_what_it_cannot_give() -> None:
    desk = Desk("kraken", history_days=5)
    await desk.run(desk.exchange.connect())
    now = desk.clock.time_ns()
    newest = now // MINUTE * MINUTE - MINUTE
    oldest, wanted = newest - 718 * MINUTE, -(-(now - 3 * DAY) // MINUTE) * MINUTE
    assert len(await fetched(desk, start=now - 3 * DAY)) == 719
    assert gaps(desk) == [(wanted, oldest - MINUTE)]
    desk.heard.clear()
    assert opens(await fetched(desk, start=now - 3 * DAY, limit=10)) == list(
        range(oldest, oldest + 10 * MINUTE, MINUTE)
    )
    assert gaps(desk) == [(wanted, oldest - MINUTE)]
    desk.heard.clear()
    assert await fetched(desk, start=now - 3 * DAY, end=now - 2 * DAY) == []
    assert gaps(desk) == [(wanted, (now - 2 * DAY) // MINUTE * MINUTE)]
    desk.heard.clear()
    assert len(await fetched(desk, limit=1_000)) == 719
    assert gaps(desk) == [(newest - 999 * MINUTE, oldest - MINUTE)]
    await desk.close()


async def test_past_minutes_that_are_missing_at_the_end_are_told(desk: Desk) -> None:
    newest = desk.clock.time_ns() // MINUTE * MINUTE - MINUTE
    leave_out(desk, lambda opened: opened > newest - 120 * MINUTE)
    bars = await fetched(desk, start=newest - 299 * MINUTE)
    assert len(bars) == 180
    assert gaps(desk) == [(newest - 119 * MINUTE, newest)]
    assert "last candle" in next(e.reason for e in desk.heard if isinstance(e, HistoryGap))
    desk.heard.clear()
    assert len(await fetched(desk, limit=300)) == 180
    assert gaps(desk) == [(newest - 119 * MINUTE, newest)]


async def test_a_history_full_of_holes_is_asked_for_page_by_page(desk: Desk) -> None:
    leave_out(desk, lambda opened: opened // MINUTE % 3 == 0)
    newest = desk.clock.time_ns() // MINUTE * MINUTE - MINUTE
    asked = desk.world.requests.total()
    bars = await fetched(desk, start=newest - 2_999 * MINUTE)
    assert len(bars) == 2_000
    assert desk.world.requests.total() - asked < 20
    assert all(first == last and first // MINUTE % 3 == 0 for first, last in gaps(desk))
    assert len(gaps(desk)) == 1_000


async def test_a_minute_without_trades_is_no_gap() -> None:
    candles = made_up(500)
    desk = Desk("binanceus", start_ns=candles[-1].open_ns + MINUTE + 1)
    desk.world.venue.give_history(desk.symbol, candles)
    await desk.run(desk.exchange.connect())
    bars = await fetched(desk, start=candles[0].open_ns)
    assert len(bars) == 500
    assert any(bar.volume == 0 for bar in bars)
    assert gaps(desk) == []
    await desk.close()


def leave_out(desk: Desk, gone: Callable[[int], bool]) -> None:
    venue = desk.world.venue
    theirs = venue.minutes
    venue.minutes = lambda *asked: [c for c in theirs(*asked) if not gone(c.open_ns)]  # type: ignore[method-assign]


# what disagrees


class Liar:
    """Make the venue tell one candle in another form, for so many times."""

    def __init__(self, desk: Desk, opened: int, times: int) -> None:
        self.left = times
        venue = desk.world.venue
        theirs = venue.minutes

        def minutes(symbol: str, first: int, last: int) -> Any:
            candles = theirs(symbol, first, last)
            begins_with_it = any(c.open_ns == opened for c in candles[:1])
            if not begins_with_it or not self.left:
                return candles
            self.left -= 1
            return [msgspec.structs.replace(candles[0], close=candles[0].high + 1), *candles[1:]]

        venue.minutes = minutes  # type: ignore[method-assign]


async def test_a_candle_that_two_pages_tell_differently_is_read_again(desk: Desk) -> None:
    newest = desk.clock.time_ns() // MINUTE * MINUTE - MINUTE
    start = newest - 2_499 * MINUTE
    truth = await fetched(desk, start=start)
    asked = desk.world.requests.total()
    assert len(truth) == 2_500
    liar = Liar(desk, start + 999 * MINUTE, 1)
    again = await fetched(desk, start=start)
    assert liar.left == 0
    assert [(b.open_time, b.close) for b in again] == [(b.open_time, b.close) for b in truth]
    assert desk.world.requests.total() - asked == 3 + 2


async def test_pages_that_go_on_disagreeing_are_no_answer(desk: Desk) -> None:
    newest = desk.clock.time_ns() // MINUTE * MINUTE - MINUTE
    start = newest - 2_499 * MINUTE
    Liar(desk, start + 999 * MINUTE, 100)
    with pytest.raises(ProtocolError, match="differently each time"):
        await fetched(desk, start=start)
    with pytest.raises(ProtocolError, match="differently each time"):
        await fetched(desk, start=start, limit=2_000)


async def test_the_shared_candle_costs_no_request_more_than_a_page_each(desk: Desk) -> None:
    asked, newest = desk.world.requests.total(), desk.clock.time_ns() // MINUTE * MINUTE - MINUTE
    assert len(await fetched(desk, start=newest - 29_999 * MINUTE)) == 30_000
    assert desk.world.requests.total() - asked <= 1 + 31  # where it begins, and the pages


# what cannot be asked


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"limit": 2.5}, "limit must be a whole number, at least 1, not 2.5"),
        ({"limit": True}, "limit must be a whole number"),
        ({"limit": "10"}, "limit must be a whole number, at least 1, not '10'"),
        ({"limit": -1}, "at least 1, not -1"),
        ({"start": "2023-01-02", "end": "2023-01-01"}, "start must not be after end"),
        ({"start": 10**40}, "start must not be after end"),
        ({"interval": "0m"}, "no interval"),
    ],
)
async def test_what_makes_no_sense_is_refused_before_any_request(desk: Desk, wanted: dict[str, Any], says: str) -> None:
    asked = desk.world.requests.total()
    with pytest.raises(InvalidRequest, match=says):
        await fetched(desk, **wanted)
    assert desk.world.requests.total() == asked


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"from_id": 1}, "from_id must be a trade id as text, such as '12345', not 1"),
        ({"from_id": "abc"}, "not 'abc'"),
        ({"from_id": "-5"}, "not '-5'"),
        ({"from_id": ""}, "not ''"),
        ({"from_id": "1", "limit": -1}, "limit must be a whole number, at least 1, not -1"),
        ({"from_id": "1", "limit": 0}, "limit must be a whole number"),
        ({"from_id": "1", "limit": 2.5}, "limit must be a whole number"),
    ],
)
async def test_past_trades_are_asked_for_by_a_number_only(desk: Desk, wanted: dict[str, Any], says: str) -> None:
    asked = desk.world.requests.total()
    with pytest.raises(InvalidRequest, match=says):
        await desk.run(desk.exchange.history.fetch_trades(desk.symbol, **wanted))
    assert desk.world.requests.total() == asked


async def test_months_are_paged_as_well() -> None:
    desk = Desk("binanceus", history_days=120)
    await desk.run(desk.exchange.connect())
    begin = begin_of(desk)
    bars = await fetched(desk, "1M", start="2020-01-01")
    assert [to_iso(bar.open_time)[:10] for bar in bars] == ["2023-07-01", "2023-08-01", "2023-09-01", "2023-10-01"]
    (gap,) = gaps(desk)
    assert gap[1] < begin
    assert opens(await fetched(desk, "1M", start="2020-01-01", limit=2)) == opens(bars)[:2]
    await desk.close()
