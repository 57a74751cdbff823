"""Public trades come complete, whatever the stream loses: what was missed is asked for, and told."""

from __future__ import annotations

import random

from foxtrot.capabilities import Capability
from foxtrot.managers.market_data import StreamSubscription
from foxtrot.model.events import StreamRestored, Trade, TradesFilled, TradesMissed
from foxtrot.model.order import Side
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, sure
from foxtrot.testkit.scenarios.registry import scenario

_MISHAPS = [Fault.MISSING, Fault.MISSING, Fault.REORDERED, Fault.DUPLICATE, Fault.CUT, None, None, None, None, None]
_TRADES = (Capability.SUBSCRIBE_TRADES, Capability.FETCH_TRADES)


async def _followed(bench: Bench) -> tuple[Desk, StreamSubscription]:
    desk = await bench.busy()
    subscription = await desk.run(desk.exchange.subscribe_trades(desk.symbol))
    await desk.clock.advance(5)
    return desk, subscription


async def _quiet(desk: Desk) -> None:
    """Let the last trades come through undisturbed, and what was missed."""
    desk.faults.clear()
    await desk.clock.advance(60)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(60)


def _ids(desk: Desk) -> list[str]:
    return [str(event.trade_id) for event in desk.heard if isinstance(event, Trade)]


def _claim_complete(desk: Desk, bench: Bench) -> None:
    """Claim that every trade since the first was heard once, or, where nobody can tell, none twice and none made
    up."""
    heard, theirs = _ids(desk), [str(trade.trade_id) for trade in desk.world.venue.trades(desk.symbol)]
    equal(len(set(heard)), len(heard), "the number of different trades")
    if bench.traits.numbered_trades:
        equal(sorted(heard, key=int), theirs[theirs.index(heard[0]) :], "the trades heard")
    else:
        equal(set(heard) - set(theirs), set(), "the trades made up")


@scenario(*_TRADES, cases=range(12))
async def every_trade_is_heard_once_whatever_is_lost_doubled_or_swapped(bench: Bench, seed: int) -> None:
    """Lost, doubled, swapped frames and cut connections lose no trade and double none; gaps are told, and filled."""
    desk, _ = await _followed(bench)
    chance = random.Random(seed)
    desk.faults.next["frame"] = [chance.choice(_MISHAPS) for _ in range(60)]
    await desk.clock.advance(60)
    await _quiet(desk)
    _claim_complete(desk, bench)
    missed = [event for event in desk.heard if isinstance(event, TradesMissed)]
    filled = [event for event in desk.heard if isinstance(event, TradesFilled)]
    if bench.traits.numbered_trades:
        sure(missed, "no gap was told")
        equal([(f.missing, f.failure) for f in filled], [(0, "")] * len(missed), "the gaps filled")


@scenario(*_TRADES)
async def a_gap_of_more_trades_than_the_venue_shows_at_once_is_filled(bench: Bench) -> None:
    """Thousands of trades that happen while the stream is cut come by asking, each once, in order."""
    desk, _ = await _followed(bench)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(5)
    before = desk.world.requests.copy()
    desk.cut()
    for _ in range(31):
        for _ in range(75):
            desk.world.venue.place_agent(desk.symbol, Side.SELL, desk.price("1"), desk.quantity(20))
            desk.world.venue.place_agent(desk.symbol, Side.BUY, desk.price("1"), desk.quantity(20))
        await desk.clock.advance(0.01)
    await desk.clock.advance(60)
    desk.world.venue.place_agent(desk.symbol, Side.SELL, desk.price("1"), desk.quantity(20))
    desk.world.venue.place_agent(desk.symbol, Side.BUY, desk.price("1"), desk.quantity(20))
    await desk.clock.advance(60)
    _claim_complete(desk, bench)
    filled = [event for event in desk.heard if isinstance(event, TradesFilled)]
    if bench.traits.numbered_trades:
        sure(sum(f.last_id - f.first_id + 1 for f in filled) > 2_000, f"the gap was not so long: {filled}")
        equal([(f.missing, f.failure) for f in filled], [(0, "")] * len(filled), "what is missing")
        asked = desk.world.requests - before
        sure(asked.total() < 40, f"it took {asked}")


@scenario(*_TRADES)
async def what_cannot_be_had_is_told(bench: Bench) -> None:
    """Trades that were missed and cannot be asked for are told as missing, with the reason."""
    desk, _ = await _followed(bench)
    desk.faults.next["frame"] = [Fault.MISSING] * 3
    desk.faults.next["http"] = [Fault.NOT_FORWARDED] * 20
    await desk.clock.advance(40)
    filled = [event for event in desk.heard if isinstance(event, TradesFilled)]
    if not bench.traits.numbered_trades:
        equal(filled, [], "the gaps told where nobody can tell one")
        return
    equal(filled[0].missing, filled[0].last_id - filled[0].first_id + 1, "the number of missing trades")
    sure("503" in filled[0].failure, f"the failure is {filled[0].failure!r}")


@scenario(*_TRADES)
async def trades_are_complete_through_a_silence(bench: Bench) -> None:
    """What a stream did not bring while it was silent comes by asking."""
    desk, _ = await _followed(bench)
    for socket in desk.world.sockets:
        socket.muted = True
    await desk.clock.advance(90)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(30)
    sure(desk.kinds(StreamRestored), "the stream was not told as restored")
    _claim_complete(desk, bench)


@scenario(Capability.SUBSCRIBE_TRADES)
async def a_symbol_subscribed_again_begins_anew(bench: Bench) -> None:
    """Trades between two subscriptions are not missed."""
    desk, subscription = await _followed(bench)
    await desk.run(desk.exchange.unsubscribe(subscription))
    await desk.clock.advance(20)
    before = len(_ids(desk))
    await desk.run(desk.exchange.subscribe_trades(desk.symbol))
    await desk.clock.advance(20)
    sure(len(_ids(desk)) > before, "no trade came the second time")
    equal(desk.kinds(TradesMissed), [], "the gaps told")
