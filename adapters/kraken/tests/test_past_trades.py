"""Public trades from an id on, at a venue that can be asked by time only."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foxtrot.model.order import Side
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot_kraken.plugin import KRAKEN

_TRADES = "GET /api.kraken.com/0/public/Trades"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A venue with 9,000 trades over a week: quiet days, and moments in which thousands happen."""
    bench, chance = Bench(KRAKEN, tmp_path), random.Random(5)
    made = bench.make()
    for burst in (1, 2, 2_500, 30, 1, 4_000, 1_200, 1, 900, 366):
        await made.clock.advance(chance.choice([1, 3_600, 100_000]))
        for _ in range(burst):
            made.world.venue.place_agent(made.symbol, Side.SELL, made.price("1"), made.quantity(20))
            made.world.venue.place_agent(made.symbol, Side.BUY, made.price("1"), made.quantity(20))
    await made.run(made.exchange.connect())
    yield made
    await bench.close()


@pytest.mark.parametrize("place", [0, 1, 2, 3, 1_500, 2_503, 2_533, 2_534, 6_000, 7_734, 8_635, 8_999])
async def test_any_trade_is_found_by_few_requests(desk: Desk, place: int) -> None:
    theirs = [trade.trade_id for trade in desk.world.venue.trades(desk.symbol)]
    assert len(theirs) > 8_999
    before = desk.world.requests[_TRADES]
    found = await desk.run(desk.exchange.history.fetch_trades(desk.symbol, from_id=str(theirs[place]), limit=1_500))
    assert [int(trade.trade_id) for trade in found] == theirs[place : place + 1_500]
    assert desk.world.requests[_TRADES] - before <= 16


async def test_reading_on_asks_for_no_page_twice(desk: Desk) -> None:
    theirs = [trade.trade_id for trade in desk.world.venue.trades(desk.symbol)]
    read, at = desk.exchange.history.fetch_trades, theirs[100]
    await desk.run(read(desk.symbol, from_id=str(at), limit=700))
    before = desk.world.requests[_TRADES]
    for _ in range(10):
        at += 700
        found = await desk.run(read(desk.symbol, from_id=str(at), limit=700))
        assert [int(trade.trade_id) for trade in found] == theirs[at - theirs[0] : at - theirs[0] + 700]
    assert desk.world.requests[_TRADES] - before <= 9
