"""A burst of trades through the whole path arrives complete, or its losses are counted by the policy chosen."""

from __future__ import annotations

from foxtrot.capabilities import Capability
from foxtrot.engine.bus import Overflow, QueuePolicy
from foxtrot.model.events import Trade, TradesMissed
from foxtrot.model.order import Side
from foxtrot.sandbox.types import PublicTrade
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.world import WorldSocket

_FLOOD, _PAUSE = 200_000, 50_000
_FIRST = 7_000_123_456_000  # a number that is nothing else in a frame


@scenario(Capability.SUBSCRIBE_TRADES)
async def every_trade_of_a_flood_is_heard_in_order_and_what_a_slow_subscriber_misses_is_counted(bench: Bench) -> None:
    """200,000 trades reach a direct callback complete and in order; a queued subscriber that is too slow loses what its
    policy says, counted, and nobody else does."""
    desk = await bench.desk()
    await desk.run(desk.exchange.subscribe_trades(desk.symbol))
    quick, slow = [], []
    desk.engine.subscribe(Trade, lambda event: quick.append(int(event.trade_id)))
    policy = QueuePolicy(Overflow.DROP_OLDEST, 1_000)
    queued = desk.engine.subscribe(Trade, lambda event: slow.append(int(event.trade_id)), queue=policy)
    socket, before, after = await _frame_of_one(desk)
    async with desk.engine:  # which lets queued subscribers work
        for number in range(_FIRST + 1, _FIRST + _FLOOD):
            socket.deliver(before + b"%d" % number + after)
            if number % _PAUSE == 0:
                await desk.clock.settle()
        await desk.clock.advance(1)
        await desk.run(desk.exchange.disconnect())
    equal((quick[0], len(quick)), (_FIRST, _FLOOD), "the first and the number of trades heard")
    sure(quick == list(range(_FIRST, _FIRST + _FLOOD)), "the trades were not heard in order")
    equal([e for e in desk.heard if isinstance(e, TradesMissed)], [], "the gaps told")
    sure(queued.dropped > 0, "the slow subscriber was quick")
    equal(len(slow) + queued.dropped, _FLOOD, "what the slow subscriber heard, and what was counted as lost")
    equal((slow == sorted(slow), slow[-1]), (True, quick[-1]), "the slow subscriber's order, and its last trade")


async def _frame_of_one(desk: Desk) -> tuple[WorldSocket, bytes, bytes]:
    """Let the venue tell of the first trade; return where it does, and its frame before and after the number."""
    said: list[tuple[WorldSocket, str]] = []

    def listen(text: str) -> str:
        if str(_FIRST) in text:
            said.extend((socket, text) for socket in desk.world.sockets if socket.said == text)
        return text

    desk.world.tamper = listen
    venue = desk.world.venue
    venue.emit(
        PublicTrade(
            symbol=desk.symbol,
            trade_id=_FIRST,
            price=desk.price("1"),
            quantity=desk.quantity(100),
            taker_side=Side.BUY,
            buyer_order_id=1,
            seller_order_id=2,
            time_ns=venue.clock(),
        )
    )
    await desk.clock.advance(1)
    ((socket, frame),) = said
    before, after = frame.split(str(_FIRST))
    return socket, before.encode(), after.encode()
