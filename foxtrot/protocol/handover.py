"""Two connections that carry the same streams for a while, heard as one: nothing lost, nothing twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import msgspec

from foxtrot.model.events import (
    Bar,
    BookInvalidated,
    BookUpdated,
    Event,
    MarketEvent,
    Quote,
    Ticker,
    Trade,
    TradesMissed,
)

Position = tuple[int, ...]
_Stream = tuple[type[Event], str, str]
_STREAMS: dict[type[Event], type[Event]] = {BookInvalidated: BookUpdated, TradesMissed: Trade}  # what tells of others


class Handover:
    """Pass on the events of an old connection until a new one has provably caught up, stream by stream.

    What the new connection brings is held back until the old one has reached it; from then on only the new one is
    heard. Events are compared by what the venue counts (trade ids, update ids) or by its times. `finish` takes over
    whatever is left: streams on which the old connection said nothing, or will say nothing any more. Trades that the
    old one missed are taken from the new one; what the new one missed is told when it is the one that is heard.
    """

    def __init__(self, publish: Callable[[Event], None], next_seq: Callable[[], int]) -> None:
        self._publish = publish
        self._next_seq = next_seq
        self._last: dict[_Stream, Position] = {}
        self._held: defaultdict[_Stream, list[Event]] = defaultdict(list)
        self._gaps: defaultdict[_Stream, set[int]] = defaultdict(set)  # trades that the old connection missed
        self._taken: set[_Stream] = set()
        self._finished = False

    @property
    def waiting(self) -> bool:
        """Tell whether the old connection has yet to reach something that the new one has brought."""
        return bool(self._held)

    def outgoing(self, event: Event) -> None:
        """Take an event of the old connection."""
        stream = _stream(event)
        if stream in self._taken or (self._finished and isinstance(event, MarketEvent)):
            if self._lacked(stream, event):  # what was missed has come by asking
                self._publish(msgspec.structs.replace(event, seq=self._next_seq()))
            return
        self._publish(event)
        if isinstance(event, BookInvalidated):
            if stream in self._held:
                self._take(stream)
            return
        if isinstance(event, TradesMissed):
            self._gaps[stream].update(range(event.first_id, event.last_id + 1))
            return
        position = _position(event)
        if position is None:
            return
        if isinstance(event, Trade):  # one that was asked for comes late
            self._gaps[stream].discard(position[0])
            position = max(position, self._last.get(stream, position))
        self._last[stream] = position
        held = self._held.get(stream)
        if held is not None and position >= (_position(held[0]) or position):
            self._take(stream)

    def incoming(self, event: Event) -> None:
        """Take an event of the new connection."""
        if not isinstance(event, MarketEvent):
            self._publish(event)
            return
        stream = _stream(event)
        if self._finished or stream in self._taken:
            self._pass(stream, event)
        elif isinstance(event, BookInvalidated):
            self._held.pop(stream, None)  # nobody has seen that book
        elif (position := _position(event)) is not None and position > self._last.get(stream, ()):
            self._held[stream].append(event)
        elif position is not None:
            self._taken.add(stream)  # the old connection has been here already, unless it missed just this
            self._pass(stream, event)

    def finish(self) -> None:
        """Hear only the new connection from now on."""
        self._finished = True
        for stream in list(self._held):
            self._take(stream)

    def _take(self, stream: _Stream) -> None:
        self._taken.add(stream)
        for event in self._held.pop(stream):
            self._pass(stream, event)

    def _pass(self, stream: _Stream, event: Event) -> None:
        position = _position(event)
        if position is not None and position <= self._last.get(stream, ()) and not self._lacked(stream, event):
            return
        # It may have been held: numbers go up in the order of publication.
        self._publish(msgspec.structs.replace(event, seq=self._next_seq()))

    def _lacked(self, stream: _Stream, event: Event) -> bool:
        """Tell whether the old connection missed a trade; it is needed once."""
        gaps = self._gaps.get(stream)
        if not gaps or not isinstance(event, Trade) or event.trade_id not in gaps:
            return False
        gaps.discard(int(event.trade_id))
        return True


def _stream(event: Event) -> _Stream:
    kind = _STREAMS.get(type(event), type(event))
    return kind, event.symbol, event.interval if isinstance(event, Bar) else ""


def _position(event: Event) -> Position | None:
    """Return where in its stream an event stands, None where that cannot be known."""
    match event:
        case BookUpdated():
            return (event.update_id,)
        case Trade():
            numbered = isinstance(event.trade_id, int) or event.trade_id.isdigit()
            return (int(event.trade_id),) if numbered else _time(event)
        case TradesMissed():
            return (event.last_id,)
        case Quote():
            return (event.update_id,) if event.update_id else _time(event)
        case Bar():
            return event.open_time, event.ts_event, event.closed
        case Ticker():
            return _time(event)
    return None


def _time(event: Event) -> Position | None:
    return (event.ts_event,) if event.ts_event else None
