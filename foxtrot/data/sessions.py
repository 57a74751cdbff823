"""A venue's connections as they were when they were recorded, without sockets."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from foxtrot.config import ExchangeConfig
from foxtrot.data.depths import BookDepths
from foxtrot.data.lines import CLOSE, DROPPED, OPEN, Header, Line
from foxtrot.environment import StaticEnvironment
from foxtrot.factory import default_factory
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, BookUpdated, Event, MarketEvent
from foxtrot.model.times import NS_PER_S
from foxtrot.ports import LinkContext, VenueAccess, VenueLink
from foxtrot.protocol.codec import Endpoints, NextSeq
from foxtrot.protocol.handover import Handover
from foxtrot.protocol.session import Session
from foxtrot.protocol.symbols import SymbolTable

Publish = Callable[[Event], None]
_Stream = tuple[type[Event], str, str]


def offline_link(venue: str, symbols: SymbolTable, next_seq: NextSeq) -> VenueLink:
    """Return the venue's codecs without a connection; nothing is sent. Raises AdapterNotFound and its kin."""
    access, config = VenueAccess(Endpoints(rest="http://offline.invalid", stream="")), ExchangeConfig()
    exchange = default_factory().get_exchange(venue, config, environment=StaticEnvironment(access))
    return exchange.link(
        LinkContext(
            exchange=venue,
            access=access,
            credentials=None,
            config=config,
            symbols=symbols,
            next_seq=next_seq,
            venue_ms=lambda: 0,
            own_ms=lambda: 0,
        )
    )


@dataclass(eq=False)
class _Connection:
    session: Session
    streams: set[_Stream] = field(default_factory=set)
    heir: _Connection | None = None
    handover: Handover | None = None


class ReplayedVenue:
    """Feed the lines of one run to sessions, one for each recorded connection.

    Where two connections overlapped because one was being replaced, they are heard as one, as they were then. Books are
    kept as they were subscribed, which the venue's answers say; `depth` is for recordings without them. Raises
    InvalidRequest for a depth that the venue does not have.
    """

    def __init__(self, header: Header, publish: Publish, depth: int | None = None) -> None:
        self._out = publish
        self._venue = header.venue
        self._next_seq = itertools.count(1).__next__
        self._symbols = SymbolTable(header.venue)
        self._symbols.load(header.contracts)
        self._contracts = header.contracts
        link = offline_link(header.venue, self._symbols, self._next_seq)
        self._stream, self._rest = link.stream, link.rest
        self._depths = BookDepths(header.venue, self._stream, depth)
        self._depths.load(header.contracts)
        self._undecidable = ""
        self._open: dict[int, _Connection] = {}

    def take(self, line: Line, contracts: list[Contract]) -> None:
        """Do what a line says; `contracts` are those of its file.

        Raises ConfigError for a book of which it is not known with how many levels it was subscribed.
        """
        if contracts is not self._contracts:
            self._contracts = contracts
            self._symbols.load(contracts)
            self._depths.load(contracts)
        if line.s:
            self._snapshot(line)
        elif line.e == OPEN:
            self._connection(line.c, line.t)
        elif line.e == CLOSE:
            self._lost(line.c, line.d)
        elif line.e != DROPPED:
            self._frame(self._connection(line.c, line.t), line.data, line.t)

    def end(self, reason: str = "") -> None:
        """Let a replacement that was still under way take over; with a `reason`, say that all connections are gone."""
        for connection in self._open.values():
            if connection.heir is not None and connection.handover is not None:
                connection.handover.finish()
        for number in list(self._open) if reason else ():
            self._lost(number, reason)
        self._open.clear()

    def _frame(self, connection: _Connection, data: bytes, t: int) -> None:
        for channel in self._depths.answered(data):
            if channel not in connection.session.channels:
                others = [c for c in connection.session.channels if c.symbol == channel.symbol]
                connection.session.unsubscribe(others)
                connection.session.subscribe([channel])
        connection.session.receive(data, t, t / NS_PER_S)
        if self._undecidable:
            raise self._depths.missing(self._undecidable)

    def _publish(self, event: Event) -> None:
        """Publish an event, but no book of which nobody knows how it is to be kept."""
        if isinstance(event, BookUpdated) and self._depths.unknown(event.symbol):
            self._undecidable = event.symbol
        else:
            self._out(event)

    def _snapshot(self, line: Line) -> None:
        if line.s not in self._symbols:
            return
        try:
            snapshot = self._rest.fetch_book_snapshot(self._symbols.contract(line.s)).decode(line.data)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError, ArithmeticError):
            return  # it could not be read then either, and was asked for again
        for session in self._books_without(line.s):
            session.snapshot(snapshot)

    def _books_without(self, symbol: str) -> list[Session]:
        """Return the sessions whose book waits for a snapshot: those that hold changes, else any one."""
        waiting = [c.session for c in self._open.values() if not c.session.books[symbol].synced]
        return [session for session in waiting if session.books[symbol].buffered] or waiting[:1]

    def _connection(self, number: int, t: int) -> _Connection:
        known = self._open.get(number)
        if known is not None:
            return known
        connection = _Connection(Session(self._venue, self._stream, self._publish, self._next_seq, lambda *_: None))
        connection.session.publish_to(lambda event: self._hear(connection, event))
        connection.session.subscribe(self._depths.channel(contract.symbol) for contract in self._contracts)
        connection.session.connected(t / NS_PER_S)
        self._open[number] = connection
        return connection

    def _hear(self, connection: _Connection, event: Event) -> None:
        """Publish an event, unless another open connection brings the same stream: then that one is being replaced."""
        if isinstance(event, MarketEvent):
            stream = (type(event), event.symbol, event.interval if isinstance(event, Bar) else "")
            if stream not in connection.streams:
                connection.streams.add(stream)
                old = self._elsewhere(stream, connection)
                if old is not None:
                    self._replace(old, connection)
                    connection.handover.incoming(event)  # type: ignore[union-attr]  # set by the line above
                    return
        self._publish(event)

    def _elsewhere(self, stream: _Stream, connection: _Connection) -> _Connection | None:
        return next((c for c in self._open.values() if c is not connection and stream in c.streams), None)

    def _replace(self, old: _Connection, new: _Connection) -> None:
        handover = Handover(self._publish, self._next_seq)
        old.heir, old.handover = new, handover
        new.handover, new.streams = handover, new.streams | old.streams
        old.session.publish_to(handover.outgoing)
        new.session.publish_to(handover.incoming)

    def _lost(self, number: int, reason: str) -> None:
        connection = self._open.pop(number, None)
        if connection is None:
            return
        if connection.heir is not None and connection.handover is not None:
            connection.handover.finish()
            connection.session.publish_to(lambda _: None)
        for old in self._open.values():
            if old.heir is connection:  # the replacement did not come to anything
                old.heir = old.handover = None
                old.session.publish_to(self._publish)
        connection.session.disconnected(reason)
