"""What takes the messages of one channel: notes when the last one came, and passes on what is to be published.

These are the innermost steps of the hottest path there is; hence slots and methods, which the interpreter calls faster
than closures where several channels take turns. What a slot holds is taken out of it before it is called, since
`self.publish(event)` would look for a method first, each time.
"""

from __future__ import annotations

from collections.abc import Callable

from foxtrot.model.events import Bar, Event, Trade
from foxtrot.protocol.trade_chain import TradeChain

Publish = Callable[[Event], None]


class Flow:
    """Know when the last message came (ns UTC, 0 for never) and where they go."""

    __slots__ = ("publish", "seen")

    def __init__(self, publish: Publish) -> None:
        self.seen = 0
        self.publish = publish

    def take(self, event: Event) -> None:
        """Publish an event."""
        self.seen = event.ts_recv
        publish = self.publish
        publish(event)


class BarFlow(Flow):
    """Know of each interval when its last candle came: a dead stream must not hide behind a living one."""

    __slots__ = ("seen_of",)

    def __init__(self, publish: Publish) -> None:
        super().__init__(publish)
        self.seen_of: dict[str, int] = {}

    def take(self, bar: Bar) -> None:  # type: ignore[override]  # a flow gets its kind only
        """Publish a candle."""
        self.seen = self.seen_of[bar.interval] = bar.ts_recv
        publish = self.publish
        publish(bar)


class TradeFlow(Flow):
    """Publish trades that are next in their chain; of all others `in_turn` says whether to."""

    __slots__ = ("_chain", "_in_turn")

    def __init__(self, publish: Publish, chain: TradeChain, in_turn: Callable[[Trade], bool]) -> None:
        super().__init__(publish)
        self._chain = chain
        self._in_turn = in_turn

    def take(self, trade: Trade) -> None:  # type: ignore[override]  # a flow gets its kind only
        """Publish a trade unless it came before."""
        self.seen = trade.ts_recv
        trade_id, chain = trade.trade_id, self._chain
        if trade_id == chain.next_id:
            chain.next_id = trade_id + 1
        elif not self._in_turn(trade):
            return
        publish = self.publish
        publish(trade)
