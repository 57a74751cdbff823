"""One public stream connection without its socket: what is wanted, what is confirmed, what must be sent, what came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import length_hint

from foxtrot.errors import FoxtrotError
from foxtrot.model.events import Bar, Event, ProtocolErrorSeen, Quote, Ticker, Trade, TradesMissed
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.book import BookBuilder
from foxtrot.protocol.codec import Emit, LinkedCodec, Read, StreamCodec
from foxtrot.protocol.flows import BarFlow, Flow, TradeFlow
from foxtrot.protocol.messages import (
    Ack,
    BookDelta,
    BookSnapshot,
    Channel,
    ChannelKind,
    ListingChanged,
    Message,
    Nack,
    StreamEnded,
    Unknown,
)
from foxtrot.protocol.subscriptions import Settled, Subscriptions, SubscriptionState
from foxtrot.protocol.trade_chain import TradeChain

_EXCERPT = 200
_QUIET_S = 1.0  # a confirmed book that did not change for so long gets its snapshot all the same
_STREAMED_S = 5.0  # so long may a stream take to send a snapshot of itself
_RENEW_S, _RENEW_MAX_S, _CALM_S = 0.2, 10.0, 30.0  # between new beginnings of a book; when a series of them is over
_CARRIERS: dict[ChannelKind, type[Message]] = {
    ChannelKind.TICKER: Ticker,
    ChannelKind.QUOTES: Quote,
    ChannelKind.TRADES: Trade,
    ChannelKind.OHLCV: Bar,
    ChannelKind.BOOK: BookDelta,
}


class Session:
    """Hold the state of one connection. Times (`now`) are monotonic seconds, always given.

    Market events go straight to `publish`. `on_settled` hears of each channel when the venue confirms it (None) or does
    not (the error). A bad frame is counted and published as ProtocolErrorSeen; it never ends anything. `attention` is
    set when a frame left something for the driver to do: a snapshot to fetch (`snapshots_wanted`) or a stream that the
    venue has ended (`ended` says why). `on_listing` hears that contracts have changed.
    """

    def __init__(
        self,
        exchange: str,
        codec: StreamCodec,
        publish: Callable[[Event], None],
        next_seq: Callable[[], int],
        on_settled: Settled,
        publisher: Callable[[], Callable[[Event], None]] | None = None,
        on_listing: Callable[[], None] = lambda: None,
    ) -> None:
        self._exchange = exchange
        self._codec = codec
        self._publish = self._own_publish = publish
        self._publisher = publisher or (lambda: publish)
        self._next_seq = next_seq
        self._on_settled = on_settled
        self._on_listing = on_listing
        self._subscriptions = Subscriptions(exchange, codec, self._settled)
        self._quiet_since: dict[str, float] = {}
        self._online = False
        self._ts_recv = 0
        self._now = 0.0
        self._flows: dict[type[Message], dict[str, Flow]] = {carrier: {} for carrier in _CARRIERS.values()}
        self._streamed = codec.limits.streamed_snapshots
        self._renewals: dict[str, tuple[int, float]] = {}  # of a symbol's book: how many in a row, when the last
        self._consecutive = codec.limits.consecutive_trades
        self._chains: dict[str, TradeChain] = {}
        self._read = (
            codec.link(self._take, self._sink) if isinstance(codec, LinkedCodec) else _reader(codec, self._take)
        )
        self.books: dict[str, BookBuilder] = {}
        self.beginnings = 0  # connections so far
        self.bad_frames = 0
        self.last_frame = 0.0
        self.attention = False
        self.ended = ""

    @property
    def channels(self) -> list[Channel]:
        """Return all channels wanted here."""
        return self._subscriptions.channels

    def state(self, channel: Channel) -> SubscriptionState | None:
        """Return how far a channel is, None when it is not wanted."""
        return self._subscriptions.state(channel)

    def last_seen(self, channel: Channel) -> int:
        """Return when a channel last brought anything (ns UTC), 0 for never."""
        flow = self._flows[_CARRIERS[channel.kind]].get(channel.symbol)
        if isinstance(flow, BarFlow):
            return flow.seen_of.get(channel.param, 0)
        return 0 if flow is None else flow.seen

    def silent_for(self, now: float) -> float:
        """Return for how many seconds nothing at all has come although the venue has confirmed channels, else 0."""
        return now - self.last_frame if self._online and self._subscriptions.any_confirmed() else 0.0

    def publish_to(self, publish: Callable[[Event], None]) -> None:
        """Send all events elsewhere from now on."""
        self._publish = publish
        for flows in self._flows.values():
            for flow in flows.values():
                flow.publish = self._way()
        for book in self.books.values():
            book.publish_to(publish)

    def subscribe(self, channels: Iterable[Channel]) -> None:
        """Want more channels."""
        for channel in channels:
            self._subscriptions.add(channel)
            if channel.kind is ChannelKind.BOOK and channel.symbol not in self.books:
                rules = self._codec.book_rules(channel)
                self.books[channel.symbol] = BookBuilder(
                    self._exchange,
                    channel.symbol,
                    self._publish,
                    self._next_seq,
                    depth=rules.depth,
                    checksum=rules.checksum,
                )

    def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """Want fewer channels."""
        for channel in channels:
            self._subscriptions.remove(channel)
            if channel.kind is ChannelKind.BOOK:
                self.books.pop(channel.symbol, None)
            elif channel.kind is ChannelKind.TRADES:
                self._chain(channel.symbol).forget()

    def connected(self, now: float) -> None:
        """Begin anew on a fresh connection: everything wanted must be asked for again."""
        for book in self.books.values():
            book.invalidate("the stream begins anew")  # one that was asked for meanwhile: nothing goes on from it
        self._online = True
        self.beginnings += 1
        self.last_frame = now
        self.ended = ""
        self._subscriptions.connected()

    def disconnected(self, reason: str) -> None:
        """Mark all books as invalid."""
        self._online = self.attention = False
        self._quiet_since.clear()
        self._subscriptions.disconnected()
        for book in self.books.values():
            book.invalidate(reason)

    def receive(self, data: bytes, ts_recv: int, now: float) -> None:
        """Take one frame."""
        self.receive_many((data,), ts_recv, now)

    def receive_many(self, frames: Sequence[bytes], ts_recv: int, now: float) -> None:
        """Take the frames that came together, in their order."""
        self.last_frame = self._now = now
        self._ts_recv = ts_recv
        waiting, left = iter(frames), len(frames)
        while left:
            try:
                self._read(waiting, ts_recv)
                return
            except Exception as error:  # noqa: BLE001 - a codec is foreign code; what it cannot read is published below
                if length_hint(waiting) == left:
                    next(waiting)  # a codec that fails before it takes a frame must not be asked about it for ever
                left = length_hint(waiting)
                self._report_frame(f"the codec failed: {type(error).__name__}: {error}", frames[-left - 1])

    def frames_due(self, now: float) -> list[bytes]:
        """Return the control frames to send now, within the venue's message rate."""
        return self._subscriptions.frames_due(now)

    def expire(self, now: float) -> None:
        """Give up on requests that were not answered in time; ask for the snapshots of books that do not change."""
        self._now = max(self._now, now)
        limit = _STREAMED_S if self._streamed else _QUIET_S
        for symbol in [symbol for symbol, since in self._quiet_since.items() if now - since >= limit]:
            del self._quiet_since[symbol]
            book = self.books.get(symbol)
            if book is not None and not book.synced and not book.buffered:
                book.needs_snapshot = True
        late = self._subscriptions.expire(now)
        if late:
            self._report(f"{late} control message(s) were not answered in time", b"")

    def next_deadline(self) -> float | None:
        """Return when something is due next (monotonic seconds), None when nothing is."""
        return self._subscriptions.next_deadline()

    def snapshots_wanted(self) -> list[str]:
        """Return the symbols whose books need a snapshot; each is named once until it needs another."""
        self.attention = False
        wanted = [symbol for symbol, book in self.books.items() if book.needs_snapshot]
        for symbol in wanted:
            self.books[symbol].needs_snapshot = False
        if self._streamed:
            self._begin_anew(wanted)
            return []
        return wanted

    def snapshot(self, snapshot: BookSnapshot) -> None:
        """Take a book's snapshot, which the stream goes on from."""
        if self._online:
            self.stand_in(snapshot)

    def stand_in(self, snapshot: BookSnapshot) -> None:
        """Take a snapshot that was asked for because the stream brings nothing, be there a connection or not."""
        book = self.books.get(snapshot.symbol)
        if book is not None:
            book.snapshot(snapshot)
            self.attention = self.attention or book.needs_snapshot

    def _begin_anew(self, symbols: list[str]) -> None:
        """Subscribe books again, ever more seldom while one stays broken: their streams begin with a snapshot.

        One whose snapshot is still to come is left alone; what comes before it is of an earlier subscription.
        """
        for channel in self.channels:
            confirmed = self.state(channel) is SubscriptionState.CONFIRMED and channel.symbol not in self._quiet_since
            if channel.kind is ChannelKind.BOOK and channel.symbol in symbols and confirmed:
                count, last = self._renewals.get(channel.symbol, (0, -_CALM_S))
                count = 1 if self._now - last >= _CALM_S else count + 1
                pause = backoff_s(count - 1, 1.0, initial_s=_RENEW_S, max_s=_RENEW_MAX_S) if count > 1 else 0.0
                self._renewals[channel.symbol] = count, self._now
                self._subscriptions.renew(channel, self._now + pause)

    def _settled(self, channel: Channel, error: FoxtrotError | None) -> None:
        if error is None and channel.kind is ChannelKind.BOOK and (self._streamed or not channel.param):
            self._quiet_since[channel.symbol] = self._now
        self._on_settled(channel, error)

    def _take(self, message: Message) -> None:
        kind = message.__class__
        flows = self._flows.get(kind)
        if flows is None:
            self._take_seldom(message)
        elif kind is BookDelta:
            self._take_delta(message)  # type: ignore[arg-type]  # by `kind`
        else:
            symbol: str = message.symbol  # type: ignore[union-attr]  # every carrier of a stream has one
            flow = flows.get(symbol) or self._flow(kind, symbol)
            flow.take(message)  # type: ignore[arg-type]  # all other carriers are events

    def _sink(self, kind: ChannelKind, symbol: str) -> Emit:
        """Return what takes the messages of one channel: what `_take` does, with all looked up beforehand."""
        if kind is ChannelKind.BOOK:
            return self._take_delta  # type: ignore[return-value]  # by contract a sink gets its kind only
        return self._flow(_CARRIERS[kind], symbol).take  # type: ignore[return-value]

    def _take_delta(self, delta: BookDelta) -> None:
        symbol = delta.symbol
        flow = self._flows[BookDelta].get(symbol) or self._flow(BookDelta, symbol)
        flow.seen = delta.ts_recv
        book = self.books.get(symbol)
        if book is not None:
            book.delta(delta)
            if book.needs_snapshot:
                self.attention = True

    def _flow(self, carrier: type[Message], symbol: str) -> Flow:
        flows = self._flows[carrier]
        if symbol not in flows:
            flows[symbol] = self._made_flow(carrier, symbol)
        return flows[symbol]

    def _made_flow(self, carrier: type[Message], symbol: str) -> Flow:
        way = self._way()
        if carrier is Trade:
            return TradeFlow(way, self._chain(symbol), self._in_turn)
        return BarFlow(way) if carrier is Bar else Flow(way)

    def _way(self) -> Callable[[Event], None]:
        """Return what publishes the events of one flow: the fast way, unless they are sent elsewhere."""
        return self._publisher() if self._publish == self._own_publish else self._publish

    def _chain(self, symbol: str) -> TradeChain:
        return self._chains.setdefault(symbol, TradeChain())

    def follow(self, older: Session) -> None:
        """Go on with the trades of the connection that this one replaces; a gap between the two is told."""
        for symbol, chain in older._chains.items():
            gap = self._chain(symbol).follow(chain)
            if gap is not None:
                self._tell_missed(symbol, gap)

    def take_trades(self, trades: Iterable[Trade]) -> None:
        """Take trades that were asked for; those that came already, and symbols nobody follows, are passed over."""
        for trade in trades:
            if self.next_trade(trade.symbol) is not None:
                self._take(trade)

    def next_trade(self, symbol: str) -> int | None:
        """Return the id of the trade that comes next, None where that is not known."""
        chain = self._chains.get(symbol)
        return None if chain is None else chain.next_id

    def follow_no_trades(self) -> None:
        """Look at the ids of trades no more: they do not count up one by one."""
        self._consecutive = False
        for chain in self._chains.values():
            chain.forget()

    def lacks(self, symbol: str, first: int, last: int) -> int:
        """Return how many of these trades never came."""
        chain = self._chains.get(symbol)
        return 0 if chain is None else chain.lacks(first, last)

    def _in_turn(self, trade: Trade) -> bool:
        """Follow the ids of trades where they count up; return False for one that came before."""
        if not self._consecutive:
            return True
        fresh, gap = self._chain(trade.symbol).take(int(trade.trade_id))
        if gap is not None:
            self._tell_missed(trade.symbol, gap)
        return fresh

    def _tell_missed(self, symbol: str, gap: tuple[int, int]) -> None:
        self._publish(TradesMissed(self._exchange, symbol, 0, self._ts_recv, self._next_seq(), *gap))

    def _take_seldom(self, message: Message) -> None:
        if isinstance(message, Event):
            self._publish(message)
        elif isinstance(message, BookSnapshot):
            flow = self._flow(BookDelta, message.symbol)
            if not (self._streamed and flow.seen):  # to begin anew is no news
                flow.seen = self._ts_recv
            self._quiet_since.pop(message.symbol, None)
            self.snapshot(message)
        elif isinstance(message, Ack):
            self._subscriptions.acknowledge(message)
        elif isinstance(message, Nack):
            self._report_frame(f"the venue refused a control message: {message.code} {message.reason}", b"")
            self._subscriptions.refuse(message, self._now)
        elif isinstance(message, ListingChanged):
            self._on_listing()
        elif isinstance(message, Unknown):
            self._report_frame(message.reason, message.data)
        elif isinstance(message, StreamEnded):
            self.ended = message.reason or "the venue ended the stream"
            self.attention = True

    def _report_frame(self, reason: str, data: bytes) -> None:
        self.bad_frames += 1
        self._report(reason, data)

    def _report(self, reason: str, data: bytes) -> None:
        self._publish(
            ProtocolErrorSeen(self._exchange, "", 0, self._ts_recv, self._next_seq(), reason, data[:_EXCERPT])
        )


def _reader(codec: StreamCodec, emit: Emit) -> Read:
    decode = codec.decode

    def read(frames: Iterator[bytes], ts_recv: int) -> None:
        for data in frames:
            decode(data, ts_recv, emit)

    return read
