"""Which channels of one connection are wanted, asked for, confirmed; which frames must be sent when."""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from foxtrot.errors import FoxtrotError, RequestTimeout, VenueError
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.codec import StreamCodec
from foxtrot.protocol.messages import Ack, Channel, Nack

_AGAIN_S, _AGAIN_MAX_S = 1.0, 60.0
Settled = Callable[[Channel, FoxtrotError | None], None]


class SubscriptionState(enum.Enum):
    """Name how far a subscription is."""

    WANTED = "wanted"
    PENDING = "pending"
    CONFIRMED = "confirmed"


class _Subscription(msgspec.Struct):
    batch: int  # at most so many channels may be asked for together with this one
    state: SubscriptionState = SubscriptionState.WANTED
    failures: int = 0
    due: float = 0.0


class _Request(msgspec.Struct):
    channels: list[Channel]
    deadline: float
    subscribe: bool


class Subscriptions:
    """Turn wishes into paced control frames and answers into states. Times (`now`) are monotonic seconds, always given.

    `on_settled` hears of each channel when the venue confirms it (None) or does not (the error). A refused batch is
    asked for again in halves, so that one bad channel cannot keep the others out; a channel that fails alone is tried
    again ever more seldom for as long as it is wanted.
    """

    def __init__(self, exchange: str, codec: StreamCodec, on_settled: Settled) -> None:
        self._exchange = exchange
        self._codec = codec
        self._limits = codec.limits
        self._on_settled = on_settled
        self._wanted: dict[Channel, _Subscription] = {}
        self._leaving: list[Channel] = []
        self._at_venue: set[Channel] = set()  # asked for on this connection and not refused or given up since
        self._requests: dict[int | str, _Request] = {}
        self._last_id = 0
        self._next_send = 0.0
        self._online = False

    @property
    def channels(self) -> list[Channel]:
        """Return all channels wanted here."""
        return list(self._wanted)

    def __len__(self) -> int:
        return len(self._wanted)

    def state(self, channel: Channel) -> SubscriptionState | None:
        """Return how far a channel is, None when it is not wanted."""
        subscription = self._wanted.get(channel)
        return None if subscription is None else subscription.state

    def any_confirmed(self) -> bool:
        """Tell whether the venue has promised to send anything."""
        return any(s.state is SubscriptionState.CONFIRMED for s in self._wanted.values())

    def add(self, channel: Channel) -> None:
        """Want a channel."""
        if channel not in self._wanted:
            self._wanted[channel] = _Subscription(self._limits.streams_per_request)

    def renew(self, channel: Channel, due: float) -> None:
        """Give a channel up and ask for it again, at `due`: what the venue sends at the beginning is needed anew."""
        if channel in self._wanted:
            self.remove(channel)
            self._wanted[channel] = _Subscription(self._limits.streams_per_request, due=due)

    def remove(self, channel: Channel) -> None:
        """Want a channel no more; the venue is told when it may be sending it."""
        self._wanted.pop(channel, None)
        for request in self._requests.values():
            if request.subscribe and channel in request.channels:
                # Its answer must not confirm the same channel wanted anew.
                request.channels.remove(channel)
        self._leave([channel])

    def connected(self) -> None:
        """Begin anew on a fresh connection: everything wanted must be asked for again."""
        self._online = True
        self._requests.clear()
        self._leaving.clear()
        self._at_venue.clear()
        for subscription in self._wanted.values():
            subscription.state, subscription.due = SubscriptionState.WANTED, 0.0

    def disconnected(self) -> None:
        """Stop sending; nothing is confirmed any more."""
        self._online = False
        for subscription in self._wanted.values():
            subscription.state = SubscriptionState.WANTED

    def frames_due(self, now: float) -> list[bytes]:
        """Return the control frames to send now, within the venue's message rate."""
        frames: list[bytes] = []
        while self._online and now >= self._next_send and (request := self._next_request(now)) is not None:
            frame = self._encode(request, now)
            if frame is not None:
                frames.append(frame)
                self._next_send = max(now, self._next_send) + 1.0 / self._limits.messages_per_second
        return frames

    def next_deadline(self) -> float | None:
        """Return when something is due next (monotonic seconds), None when nothing is."""
        times = [request.deadline for request in self._requests.values()]
        if self._online:
            asks = [s.due for s in self._wanted.values() if s.state is SubscriptionState.WANTED]
            if self._leaving:
                asks.append(0.0)
            if asks:
                times.append(max(self._next_send, min(asks)))
        return min(times, default=None)

    def acknowledge(self, ack: Ack) -> None:
        """Take the venue's yes."""
        request = self._part(ack.request_id, ack.symbol)
        if request is None or not request.subscribe:
            return
        for channel in request.channels:
            if channel in self._wanted:  # a listener may have given it up a moment ago
                self._wanted[channel] = _Subscription(self._limits.streams_per_request, SubscriptionState.CONFIRMED)
                self._on_settled(channel, None)

    def refuse(self, nack: Nack, now: float) -> None:
        """Take the venue's no."""
        request = None if nack.request_id is None else self._part(nack.request_id, nack.symbol)
        if request is not None:
            error = VenueError(
                f"{self._exchange} refused the subscription: {nack.reason}",
                code=nack.code,
                venue_message=nack.reason,
                exchange=self._exchange,
            )
            self._refused(request, error, now)

    def expire(self, now: float) -> int:
        """Give up on requests that were not answered in time; return how many."""
        late = [number for number, request in self._requests.items() if now >= request.deadline]
        for number in late:
            error = RequestTimeout("The venue did not confirm the subscription in time.", exchange=self._exchange)
            request = self._requests.pop(number)
            if request.subscribe and self._limits.streamed_snapshots:
                # The venue may have taken it: asked for once more it would refuse it, or not begin with a snapshot.
                self._leave(request.channels)
            self._fail(request, error, now)
        return len(late)

    def _leave(self, channels: list[Channel]) -> None:
        for channel in channels:
            if channel in self._at_venue:
                self._at_venue.discard(channel)
                self._leaving.append(channel)

    def _part(self, number: int | str, symbol: str) -> _Request | None:
        """Take out what an answer is about: the whole request, or its channels of one symbol."""
        request = self._requests.get(number)
        if request is None:
            return None
        rest = [channel for channel in request.channels if symbol and channel.symbol != symbol]
        if not rest:
            return self._requests.pop(number)
        about = [channel for channel in request.channels if channel.symbol == symbol]
        request.channels = rest
        return _Request(about, request.deadline, request.subscribe)

    def _refused(self, request: _Request, error: FoxtrotError, now: float) -> None:
        if not request.subscribe:
            return
        self._at_venue.difference_update(request.channels)
        if len(request.channels) == 1:
            self._fail(request, error, now)
            return
        for channel in request.channels:
            subscription = self._wanted[channel]
            subscription.state, subscription.batch = SubscriptionState.WANTED, len(request.channels) // 2

    def _fail(self, request: _Request, error: FoxtrotError, now: float) -> None:
        for channel in request.channels if request.subscribe else ():
            subscription = self._wanted.get(channel)
            if subscription is None:
                continue  # a listener gave it up a moment ago
            subscription.failures += 1
            wait = backoff_s(subscription.failures, 1.0, initial_s=_AGAIN_S, max_s=_AGAIN_MAX_S)
            subscription.state, subscription.due = SubscriptionState.WANTED, now + wait
            self._on_settled(channel, error)

    def _next_request(self, now: float) -> _Request | None:
        deadline = now + self._limits.ack_timeout_s
        if self._leaving:
            fitting = [c for c in self._leaving if self._fits(c, self._leaving[0])]
            leaving = fitting[: self._limits.streams_per_request]
            self._leaving = [channel for channel in self._leaving if channel not in leaving]
            return _Request(leaving, deadline, subscribe=False)
        due = self._next_batch(now)
        return _Request(due, deadline, subscribe=True) if due else None

    def _next_batch(self, now: float) -> list[Channel]:
        """Return channels to ask for together: as many as each one of them allows."""
        due: list[Channel] = []
        size = self._limits.streams_per_request
        for channel, subscription in self._wanted.items():
            if (
                subscription.state is SubscriptionState.WANTED
                and subscription.due <= now
                and channel not in self._leaving
                and (not due or self._fits(channel, due[0]))
            ):
                size = min(size, subscription.batch)
                if len(due) >= size:
                    break
                due.append(channel)
        return due

    def _fits(self, channel: Channel, other: Channel) -> bool:
        """Tell whether two channels may stand in one request."""
        return not self._limits.uniform_requests or (channel.kind, channel.param) == (other.kind, other.param)

    def _encode(self, request: _Request, now: float) -> bytes | None:
        """Return the request's frame, None when the codec knows one of its channels no more."""
        number = self._last_id + 1
        encode = self._codec.subscribe if request.subscribe else self._codec.unsubscribe
        try:
            frame = encode(request.channels, number)
        except FoxtrotError as error:
            self._refused(request, error, now)
            return None
        self._last_id = number
        self._requests[number] = request
        if request.subscribe:
            self._at_venue.update(request.channels)
            for channel in request.channels:
                self._wanted[channel].state = SubscriptionState.PENDING
        return frame
