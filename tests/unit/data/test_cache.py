"""Candles on disk: the same as from the venue, and asked for once."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foxtrot.config import EnvironmentName, ExchangeConfig
from foxtrot.data.cache import BarCache
from foxtrot.errors import ConfigError, InvalidRequest, UnknownSymbol, UnsupportedError
from foxtrot.factory import ExchangeFactory
from foxtrot.model.events import Bar, HistoryGap
from foxtrot.ports import VenueAccess
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.world import World

SYMBOL = "BTC/USDT"

MINUTE = 60 * 10**9


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk("binanceus", history_days=40)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


def figures(bars: list[Bar]) -> list[tuple[float, ...]]:
    return [(b.open_time, b.open, b.high, b.low, b.close, b.volume, b.quote_volume, b.trades) for b in bars]


async def test_any_range_is_what_the_venue_has_whatever_is_on_disk_already(desk: Desk, tmp_path: Path) -> None:
    cache, chance, now = BarCache(tmp_path, sandbox="desk"), random.Random(3), desk.clock.time_ns()
    for interval in ("1m", "15m", "1h", "1d"):
        for _ in range(5):
            first, last = sorted(now - chance.randrange(0, 45 * 1_440) * MINUTE for _ in range(2))
            theirs = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, interval, start=first, end=last))
            mine = await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, interval, start=first, end=last))
            assert figures(mine) == figures(theirs)
            assert all(bar.closed for bar in mine)


async def test_what_is_past_is_asked_for_once_and_what_is_not_again(desk: Desk, tmp_path: Path) -> None:
    cache, now = BarCache(tmp_path, sandbox="desk"), desk.clock.time_ns()
    await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=now - 30 * 1_440 * MINUTE))
    asked = desk.world.requests.total()
    long_ago = now - 20 * 1_440 * MINUTE
    await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=now - 25 * 1_440 * MINUTE, end=long_ago))
    assert desk.world.requests.total() == asked
    await desk.clock.advance(300)
    before = desk.world.requests.total()
    whole = await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=now - 30 * 1_440 * MINUTE))
    assert 0 < desk.world.requests.total() - before < (asked - 5) / 2
    assert whole[-1].open_time > now - MINUTE


def damage(folder: Path) -> None:
    next(folder.rglob("*.parquet")).write_bytes(b"PAR1 broken")


async def test_a_damaged_file_is_named_and_a_bad_symbol_refused(desk: Desk, tmp_path: Path) -> None:
    cache, start = BarCache(tmp_path, sandbox="desk"), desk.clock.time_ns() - 30 * 1_440 * MINUTE
    await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=start))
    damage(tmp_path)
    with pytest.raises(ConfigError, match="delete it"):
        await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=start))
    with pytest.raises(UnknownSymbol):
        await cache.fetch_ohlcv(desk.exchange, "NO/PE", "1m", start=start)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# what is missing


def gaps(desk: Desk) -> list[tuple[int, int]]:
    found = [(e.first_open, e.last_open) for e in desk.heard if isinstance(e, HistoryGap)]
    desk.heard.clear()
    return found


def leave_out(desk: Desk, gone: Callable[[int], bool]) -> Callable[[], None]:
    venue = desk.world.venue
    theirs = venue.minutes
    venue.minutes = lambda *asked: [c for c in theirs(*asked) if not gone(c.open_ns)]  # type: ignore[method-assign]

    def mend() -> None:
        venue.minutes = theirs  # type: ignore[method-assign]

    return mend


def border_of(desk: Desk) -> int:
    """Return when a file ends that is long past."""
    span = 10_000 * MINUTE
    return (desk.clock.time_ns() - 10 * 1_440 * MINUTE) // span * span


async def test_what_is_missing_at_a_files_edge_is_told_each_time_and_fetched_once_the_venue_has_it(
    desk: Desk, tmp_path: Path
) -> None:
    cache, border = BarCache(tmp_path, sandbox="desk", holes_for_s=600), border_of(desk)
    mend = leave_out(desk, lambda opened: border - 120 * MINUTE <= opened < border)
    first, last, told = border - 300 * MINUTE, border + 299 * MINUTE, [(border - 120 * MINUTE, border - MINUTE)]
    gaps(desk)
    for end, count in ((border - MINUTE, 180), (border - MINUTE, 180), (last, 480), (last, 480)):
        bars = await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=first, end=end))
        assert len(bars) == count
        assert gaps(desk) == told
    asked = desk.world.requests.total()
    await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=first, end=last))
    assert desk.world.requests.total() == asked  # it is known for a while
    assert gaps(desk) == told
    mend()
    await desk.clock.advance(601)
    assert len(await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=first, end=last))) == 600
    assert gaps(desk) == []
    asked = desk.world.requests.total()
    assert len(await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=first, end=last))) == 600
    assert desk.world.requests.total() == asked


async def test_only_as_much_is_known_to_be_missing_as_the_venue_was_asked_for(desk: Desk, tmp_path: Path) -> None:
    cache, border = BarCache(tmp_path, sandbox="desk"), border_of(desk)
    leave_out(desk, lambda opened: border - 120 * MINUTE <= opened < border)

    async def asked(first: int, last: int) -> int:
        before = desk.world.requests.total()
        await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=first, end=last))
        return desk.world.requests.total() - before

    assert await asked(border - 300 * MINUTE, border - 60 * MINUTE) > 0
    assert await asked(border - 300 * MINUTE, border - 60 * MINUTE) == 0
    gaps(desk)
    assert await asked(border - 300 * MINUTE, border - MINUTE) > 0  # the other half of the hole
    assert sorted(gaps(desk)) == [
        (border - 120 * MINUTE, border - 60 * MINUTE),
        (border - 59 * MINUTE, border - MINUTE),
    ]


async def test_a_history_full_of_holes_is_not_asked_for_hole_by_hole(desk: Desk, tmp_path: Path) -> None:
    cache, newest = BarCache(tmp_path, sandbox="desk", holes_for_s=0), desk.clock.time_ns() // MINUTE * MINUTE - MINUTE
    leave_out(desk, lambda opened: opened // MINUTE % 3 == 0)
    for _ in range(2):
        asked = desk.world.requests.total()
        bars = await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=newest - 2_999 * MINUTE))
        assert len(bars) == 2_000
        assert len(gaps(desk)) == 1_000
        assert desk.world.requests.total() - asked < 20


async def test_time_before_the_history_makes_no_files_and_is_told(desk: Desk, tmp_path: Path) -> None:
    cache, begin = BarCache(tmp_path, sandbox="desk"), desk.world.venue.first_minute_ns(SYMBOL)
    gaps(desk)
    for _ in range(2):
        asked = desk.world.requests.total()
        bars = await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=0, end=begin + 99 * MINUTE))
        assert len(bars) == 100
        assert gaps(desk) == [(0, begin - MINUTE)]
        assert desk.world.requests.total() - asked <= 4
    assert len(files(tmp_path)) == 1
    assert await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=0, end=begin - MINUTE)) == []
    assert gaps(desk) == [(0, begin - MINUTE)]
    assert len(files(tmp_path)) == 1


async def test_a_venue_that_keeps_its_newest_candles_only_grows_older_on_disk(tmp_path: Path) -> None:
    desk = Desk("kraken", history_days=20)
    await desk.run(desk.exchange.connect())
    cache, start = BarCache(tmp_path, sandbox="desk"), desk.clock.time_ns() - 15 * 1_440 * MINUTE
    bars = await desk.run(cache.fetch_ohlcv(desk.exchange, desk.symbol, "1m", start=start))
    assert len(bars) == 719
    assert gaps(desk)[0][1] == bars[0].open_time - MINUTE
    assert all(pq.read_table(path).num_rows for path in files(tmp_path))
    await desk.clock.advance(6 * 3_600)
    more = await desk.run(cache.fetch_ohlcv(desk.exchange, desk.symbol, "1m", start=start))
    assert len(more) == 719 + 360
    assert figures(more[:710]) == figures(bars[:710])
    await desk.close()


async def test_weeks_and_months_are_what_the_venue_has(tmp_path: Path) -> None:
    desk = Desk("binanceus", history_days=120)
    await desk.run(desk.exchange.connect())
    cache, now = BarCache(tmp_path, sandbox="desk"), desk.clock.time_ns()
    for interval, count in (("1w", 16), ("1M", 4), ("3d", 39)):
        theirs = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, interval, start=now - 118 * 1_440 * MINUTE))
        for _ in range(2):
            asked = desk.world.requests.total()
            mine = await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, interval, start=now - 118 * 1_440 * MINUTE))
            assert figures(mine) == figures(theirs)
        assert count - 1 <= len(theirs) <= count
        assert desk.world.requests.total() - asked == 1  # the newest may change still
    await desk.close()


# the same choices as without a cache


@pytest.mark.parametrize(
    "wanted",
    [
        {"limit": 50},
        {"start": -3 * 1_440, "limit": 50},
        {"start": -50 * 1_440, "limit": 50},
        {"start": -90, "limit": 1_000},
        {"start": -90, "unfinished": True},
        {"end": 1_440, "limit": 5},
        {"start": 10, "end": 20},
        {},
    ],
)
async def test_the_choices_of_a_direct_call_are_the_caches_too(
    desk: Desk, tmp_path: Path, wanted: dict[str, Any]
) -> None:
    cache, now = BarCache(tmp_path, sandbox="desk"), desk.clock.time_ns()
    asked = {name: now + value * MINUTE if name in ("start", "end") else value for name, value in wanted.items()}
    theirs = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, "1m", **asked))
    for _ in range(2):
        told: list[int] = []
        mine = await desk.run(
            cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", **asked, progress=lambda *step, to=told: to.extend(step))
        )
        assert figures(mine) == figures(theirs)
        assert [bar.closed for bar in mine] == [bar.closed for bar in theirs]
        assert told[-2:] == [len(mine), len(mine)]


async def test_what_makes_no_sense_is_refused_before_any_request(desk: Desk, tmp_path: Path) -> None:
    cache, asked = BarCache(tmp_path, sandbox="desk"), desk.world.requests.total()
    with pytest.raises(InvalidRequest, match="start must not be after end"):
        await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=2 * MINUTE, end=MINUTE))
    with pytest.raises(InvalidRequest, match="limit must be a whole number"):
        await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=0, limit=0))
    with pytest.raises(UnsupportedError, match="no candles of 7m"):
        await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "7m", start=0))
    assert desk.world.requests.total() == asked
    with pytest.raises(ConfigError, match="sandbox must be a name"):
        BarCache(tmp_path, sandbox="../live")


# whose candles they are


class Elsewhere:
    """A venue in memory that passes for the real one."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def open(self) -> VenueAccess:
        access = await self._world.open()
        return msgspec.structs.replace(access, endpoints=msgspec.structs.replace(access.endpoints, redirect=False))

    async def close(self) -> None:
        await self._world.close()


async def in_environment(environment: EnvironmentName, folder: Path, **more: Any) -> list[tuple[float, ...]]:
    """Return an hour of a venue that calls itself so, through a cache."""
    desk = Desk("binance", history_days=3)
    place = desk.world if environment == "sandbox" else Elsewhere(desk.world)
    config = ExchangeConfig(environment=environment)
    exchange = ExchangeFactory().get_exchange("binance", config, clock=desk.clock, environment=place)
    await desk.run(exchange.connect())
    start = desk.clock.time_ns() - 1_440 * MINUTE
    cache = BarCache(folder, **more)
    bars = await desk.run(cache.fetch_ohlcv(exchange, SYMBOL, "1m", start=start, end=start + 60 * MINUTE))
    await desk.run(exchange.disconnect())
    await desk.world.end()
    return figures(bars)


async def test_candles_of_different_places_are_never_mixed(tmp_path: Path) -> None:
    for environment in ("live", "testnet"):
        await in_environment(environment, tmp_path)
    await in_environment("sandbox", tmp_path)
    await in_environment("sandbox", tmp_path, sandbox="a")
    await in_environment("sandbox", tmp_path, sandbox="b")
    folders = {path.relative_to(tmp_path).parts[:2] for path in files(tmp_path)}
    assert folders == {("binance", place) for place in ("live", "testnet", "sandbox-a", "sandbox-b")}


async def test_a_sandbox_is_not_kept_unless_it_is_named(tmp_path: Path) -> None:
    assert len(await in_environment("sandbox", tmp_path)) == 60
    assert files(tmp_path) == []


async def test_files_of_before_that_do_not_say_whose_they_are_are_not_read(tmp_path: Path) -> None:
    found = await in_environment("live", tmp_path)
    as_it_was_before(tmp_path)
    assert await in_environment("live", tmp_path) == found


def as_it_was_before(folder: Path) -> None:
    """Put a file of wrong candles where files were before there was an environment in their path."""
    (file,) = files(folder)
    old = folder / "binance" / "BTC-USDT" / "1m"
    old.mkdir(parents=True)
    pq.write_table(pa.table(pq.read_table(file).to_pydict() | {"close": [1.0] * 60}), old / file.name)
    file.unlink()
