"""One public stream connection without its socket: what is wanted, what is confirmed, what must be sent, what came."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence

import msgspec

from foxtrot.errors import FoxtrotError, RequestTimeout, VenueError
from foxtrot.model.events import Event, ProtocolErrorSeen
from foxtrot.protocol.book import BookBuilder
from foxtrot.protocol.codec import StreamCodec
from foxtrot.protocol.messages import Ack, BookDelta, BookSnapshot, Channel, ChannelKind, Message, Nack, Unknown

_EXCERPT = 200
Settled = Callable[[Channel, FoxtrotError | None], None]


class SubscriptionState(enum.Enum):
    """Name how far a subscription is."""

    WANTED = "wanted"
    PENDING = "pending"
    CONFIRMED = "confirmed"


class _Request(msgspec.Struct):
    channels: tuple[Channel, ...]
    deadline: float
    subscribe: bool


class Session:
    """Hold the state of one connection. Times (`now`) are monotonic seconds, always given.

    Market events go straight to `publish`. `on_settled` hears of each channel when the venue confirms it (None) or does
    not (the error). A bad frame is counted and published as ProtocolErrorSeen; it never ends anything.
    """

    def __init__(
        self,
        exchange: str,
        codec: StreamCodec,
        publish: Callable[[Event], None],
        next_seq: Callable[[], int],
        on_settled: Settled,
    ) -> None:
        self._exchange = exchange
        self._codec = codec
        self._publish = publish
        self._next_seq = next_seq
        self._on_settled = on_settled
        self._states: dict[Channel, SubscriptionState] = {}
        self._leaving: list[Channel] = []
        self._requests: dict[int | str, _Request] = {}
        self._last_id = 0
        self._next_send = 0.0
        self._online = False
        self._ts_recv = 0
        self.books: dict[str, BookBuilder] = {}
        self.bad_frames = 0
        self.last_frame = 0.0

    @property
    def channels(self) -> list[Channel]:
        """Return all channels wanted here."""
        return list(self._states)

    def state(self, channel: Channel) -> SubscriptionState | None:
        """Return how far a channel is, None when it is not wanted."""
        return self._states.get(channel)

    def subscribe(self, channels: Iterable[Channel]) -> None:
        """Want more channels."""
        for channel in channels:
            self._states.setdefault(channel, SubscriptionState.WANTED)
            if channel.kind is ChannelKind.BOOK and channel.symbol not in self.books:
                self.books[channel.symbol] = BookBuilder(self._exchange, channel.symbol, self._publish, self._next_seq)

    def unsubscribe(self, channels: Iterable[Channel]) -> None:
        """Want fewer channels."""
        for channel in channels:
            state = self._states.pop(channel, None)
            if channel.kind is ChannelKind.BOOK:
                self.books.pop(channel.symbol, None)
            if state not in (None, SubscriptionState.WANTED):
                self._leaving.append(channel)

    def connected(self, now: float) -> None:
        """Begin anew on a fresh connection: everything wanted must be asked for again."""
        self._online = True
        self.last_frame = now
        self._requests.clear()
        self._leaving.clear()
        self._states = dict.fromkeys(self._states, SubscriptionState.WANTED)

    def disconnected(self, reason: str) -> None:
        """Mark all books as invalid."""
        self._online = False
        for book in self.books.values():
            book.invalidate(reason)
            book.needs_snapshot = False

    def receive(self, data: bytes, ts_recv: int, now: float) -> None:
        """Take one frame."""
        self.last_frame = now
        self._ts_recv = ts_recv
        self._codec.decode(data, ts_recv, self._take)

    def frames_due(self, now: float) -> list[bytes]:
        """Return the control frames to send now, within the venue's message rate."""
        frames: list[bytes] = []
        while self._online and now >= self._next_send and (frame := self._next_frame(now)) is not None:
            frames.append(frame)
            self._next_send = max(now, self._next_send) + 1.0 / self._codec.limits.messages_per_second
        return frames

    def expire(self, now: float) -> None:
        """Give up on requests that were not answered in time."""
        for number, request in list(self._requests.items()):
            if now >= request.deadline:
                del self._requests[number]
                late = RequestTimeout("The venue did not confirm the subscription in time.", exchange=self._exchange)
                self._fail(request, late)

    def next_deadline(self) -> float | None:
        """Return when something is due next (monotonic seconds), None when nothing is."""
        times = [request.deadline for request in self._requests.values()]
        if self._online and (self._leaving or SubscriptionState.WANTED in self._states.values()):
            times.append(self._next_send)
        return min(times, default=None)

    def snapshots_wanted(self) -> list[str]:
        """Return the symbols whose books need a snapshot; each is named once until it needs another."""
        wanted = [symbol for symbol, book in self.books.items() if book.needs_snapshot]
        for symbol in wanted:
            self.books[symbol].needs_snapshot = False
        return wanted

    def snapshot(self, snapshot: BookSnapshot) -> None:
        """Take a book's snapshot."""
        book = self.books.get(snapshot.symbol)
        if book is not None and self._online:
            book.snapshot(snapshot)

    def _take(self, message: Message) -> None:
        if isinstance(message, Event):
            self._publish(message)
        elif isinstance(message, BookDelta):
            book = self.books.get(message.symbol)
            if book is not None:
                book.delta(message)
        elif isinstance(message, BookSnapshot):
            self.snapshot(message)
        elif isinstance(message, Ack):
            self._acknowledge(message)
        elif isinstance(message, Nack):
            self._refuse(message)
        elif isinstance(message, Unknown):
            self._report(message.reason, message.data)

    def _acknowledge(self, ack: Ack) -> None:
        request = self._requests.pop(ack.request_id, None)
        if request is None or not request.subscribe:
            return
        for channel in request.channels:
            if channel in self._states:
                self._states[channel] = SubscriptionState.CONFIRMED
                self._on_settled(channel, None)

    def _refuse(self, nack: Nack) -> None:
        self._report(f"the venue refused a control message: {nack.code} {nack.reason}", b"")
        request = None if nack.request_id is None else self._requests.pop(nack.request_id, None)
        if request is not None:
            error = VenueError(
                f"{self._exchange} refused the subscription: {nack.reason}",
                code=nack.code,
                venue_message=nack.reason,
                exchange=self._exchange,
            )
            self._fail(request, error)

    def _fail(self, request: _Request, error: FoxtrotError) -> None:
        for channel in request.channels if request.subscribe else ():
            if channel in self._states:
                self._states[channel] = SubscriptionState.WANTED
                self._on_settled(channel, error)

    def _report(self, reason: str, data: bytes) -> None:
        self.bad_frames += 1
        self._publish(
            ProtocolErrorSeen(self._exchange, "", 0, self._ts_recv, self._next_seq(), reason, data[:_EXCERPT])
        )

    def _next_frame(self, now: float) -> bytes | None:
        size = self._codec.limits.streams_per_request
        if self._leaving:
            leaving, self._leaving = self._leaving[:size], self._leaving[size:]
            return self._ask(leaving, now, subscribe=False)
        wanted = [c for c, state in self._states.items() if state is SubscriptionState.WANTED][:size]
        if not wanted:
            return None
        self._states.update(dict.fromkeys(wanted, SubscriptionState.PENDING))
        return self._ask(wanted, now, subscribe=True)

    def _ask(self, channels: Sequence[Channel], now: float, *, subscribe: bool) -> bytes:
        self._last_id += 1
        deadline = now + self._codec.limits.ack_timeout_s
        self._requests[self._last_id] = _Request(tuple(channels), deadline, subscribe)
        encode = self._codec.subscribe if subscribe else self._codec.unsubscribe
        return encode(channels, self._last_id)
