"""Public trades come complete, whatever the stream loses: what was missed is asked for, and told."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from foxtrot.managers.market_data import StreamSubscription
from foxtrot.model.events import Trade, TradesFilled, TradesMissed
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import SYMBOL, Desk

Make = Callable[..., Desk]
MISHAPS = [Fault.MISSING, Fault.MISSING, Fault.REORDERED, Fault.DUPLICATE, Fault.CUT, None, None, None, None, None]


async def busy(desk: Desk) -> StreamSubscription:
    desk.world.stage.flow.seed_book()
    desk.world.stage.flow.rate = 20
    await desk.run(desk.exchange.connect())
    subscription = await desk.run(desk.exchange.subscribe_trades(SYMBOL))
    await desk.clock.advance(5)
    return subscription


async def quiet(desk: Desk) -> None:
    """Let the last trades come through undisturbed, and what was missed."""
    desk.faults.next["frame"].clear()
    await desk.clock.advance(60)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(60)


def ids(desk: Desk) -> list[int]:
    return [int(event.trade_id) for event in desk.heard if isinstance(event, Trade)]


@pytest.mark.parametrize("seed", range(12))
async def test_every_trade_is_heard_once_whatever_is_lost_doubled_or_swapped(make_desk: Make, seed: int) -> None:
    desk, chance = make_desk(), random.Random(seed)
    await busy(desk)
    desk.faults.next["frame"] = [chance.choice(MISHAPS) for _ in range(60)]
    await desk.clock.advance(60)
    await quiet(desk)
    heard, theirs = ids(desk), [trade.trade_id for trade in desk.world.venue.trades(SYMBOL)]
    assert sorted(heard) == [trade_id for trade_id in theirs if trade_id >= heard[0]]
    missed = [event for event in desk.heard if isinstance(event, TradesMissed)]
    filled = [event for event in desk.heard if isinstance(event, TradesFilled)]
    assert missed
    assert [(f.missing, f.failure) for f in filled] == [(0, "")] * len(missed)


async def test_what_cannot_be_had_is_told(make_desk: Make) -> None:
    desk = make_desk()
    await busy(desk)
    desk.faults.next["frame"] = [Fault.MISSING] * 3
    desk.faults.next["http"] = [Fault.NOT_FORWARDED] * 20
    await desk.clock.advance(40)
    filled = next(event for event in desk.heard if isinstance(event, TradesFilled))
    assert filled.missing == filled.last_id - filled.first_id + 1
    assert "503" in filled.failure


async def test_where_ids_do_not_count_up_gaps_are_soon_looked_for_no_more(make_desk: Make) -> None:
    desk = make_desk()
    await busy(desk)
    desk.world.stage.flow.rate = 0
    frame = '{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":%d,"p":"1","q":"1","T":1,"m":true}}'
    asked = desk.world.requests.copy()
    for number in range(1, 300):
        for socket in desk.world.sockets:  # the private one makes nothing of it
            socket.say(frame % (1_000_000 + 7 * number))
        await desk.clock.advance(0.5)
    assert (desk.world.requests - asked).total() <= 12
    assert len(ids(desk)) >= 299


async def test_a_symbol_subscribed_again_begins_anew(make_desk: Make) -> None:
    desk = make_desk()
    subscription = await busy(desk)
    await desk.run(desk.exchange.unsubscribe(subscription))
    await desk.clock.advance(20)
    before = len(ids(desk))
    await desk.run(desk.exchange.subscribe_trades(SYMBOL))
    await desk.clock.advance(20)
    assert len(ids(desk)) > before
    assert "TradesMissed" not in desk.kinds()
