"""The one way in which requests leave: limiter, transport, classification, decoding, repetition of what may be
repeated."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from foxtrot.config import RetryConfig
from foxtrot.errors import (
    Banned,
    ClockSkew,
    FoxtrotError,
    NetworkError,
    Outcome,
    ProtocolError,
    RateLimited,
    VenueError,
    VenueUnavailable,
)
from foxtrot.io.retry import retrying
from foxtrot.io.turns import Turns
from foxtrot.ports import Clock, RequestClient
from foxtrot.protocol.budget import Ticket
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.codec import RestCodec
from foxtrot.protocol.ratelimit import Limiter

T = TypeVar("T")
_LOG = logging.getLogger("foxtrot.rest")
_EXCERPT = 200
_SILENT_AFTER = 3
# The venue's clock is known to half a round trip: who waits for a new window goes this much later, so as not to arrive
# in the old one.
_EDGE_S = 0.1
_NOBODYS: Call[object] = Call(endpoint="unknown", params={}, decode=bytes)
_PAUSE_S, _BAN_S = 1.0, 60.0  # where the venue does not say how long
# An answer about the time is right to half its round trip; after a longer one it is worth another question. Venues
# refuse what comes a second too early.
_LONG_TRIP_NS, _MOST_SAMPLES = 500_000_000, 3


class RequestGateway:
    """Send calls. Writes go out once; only a definite clock refusal (nothing was done) is repeated, once, after a re-
    sync.

    `in_order`: signed calls take turns, for the venue wants their nonces in the order in which they were made.
    """

    def __init__(
        self,
        exchange: str,
        client: RequestClient,
        codec: RestCodec,
        limiter: Limiter,
        sync: ClockSync,
        clock: Clock,
        retry: RetryConfig,
        on_state: Callable[[bool, str], None] = lambda up, reason: None,
        on_clock: Callable[[], None] = lambda: None,
        *,
        in_order: bool = False,
    ) -> None:
        self._exchange = exchange
        self._client = client
        self._codec = codec
        self._limiter = limiter
        self._sync = sync
        self._clock = clock
        self._retry = retry
        self._on_state = on_state
        self._on_clock = on_clock
        self._turns = Turns(clock) if in_order else None
        self._silent = 0  # requests in a row that got no answer one could read
        self.sent = 0
        self.failed = 0
        self.unlisted = 0  # answers with an error code that the adapter's table does not know
        self.last_ok_ns = 0  # our UTC time of the last good answer

    async def call(self, call: Call[T]) -> T:
        """Return the decoded answer. Raises NetworkError, VenueError or ProtocolError, each with its outcome."""
        deadline = self._deadline()
        if not call.idempotent:
            return await self._call_in_time(call, deadline)
        async for attempt in retrying(self._retry, self._clock):
            with attempt:
                return await self._call_in_time(call, deadline)
        raise AssertionError("the retry policy re-raises")

    async def call_at_once(self, call: Call[T]) -> T:
        """Return the decoded answer of a call that is sent once and does not wait for the budget.

        Raises what `call` raises; RateLimited (nothing was sent) when there is no budget now.
        """
        return await self._call_once(call, self._clock.monotonic())

    async def request(self, call: Call[object]) -> RawResponse:
        """Send a call whose budget another gateway has taken, when it is its turn here; return the untouched answer.

        Raises RateLimited or Banned (nothing was sent) when the venue has told us meanwhile to wait for too long.
        """
        if self._turns is None or not call.signed:
            await self._await_pause(call, self._deadline())
            return await self._client.request(call)
        await self._turns.take(call)
        try:
            await self._await_pause(call, self._deadline())
        except BaseException:
            self._turns.release()
            raise
        sent = self._turns.sent()
        try:
            return await self._client.request(call)
        finally:
            await sent.answered()

    def overhear(self, response: RawResponse) -> None:
        """Take note of an answer to nobody knows which call: a refusal for rate holds up what follows."""
        error = self._codec.classify(_NOBODYS, response)
        if isinstance(error, RateLimited):
            _LOG.warning("%s refused a request for rate, it does not say which: %s", self._exchange, error)
            self._heed(error)

    async def _await_pause(self, call: Call[object], deadline: float) -> None:
        while (wait := self._limiter.paused(call, self._now_s())) > 0:
            if self._clock.monotonic() + wait > deadline:
                raise self._no_budget(wait)
            await self._clock.sleep(wait + _EDGE_S)

    async def synchronise_clock(self) -> None:
        """Measure the offset of the venue's clock."""
        self._take(await self._samples())

    async def close(self) -> None:
        """Close the transport."""
        await self._client.close()

    async def _call_in_time(self, call: Call[T], deadline: float) -> T:
        try:
            return await self._call_once(call, deadline)
        except ClockSkew as refusal:
            if not call.idempotent and refusal.outcome is not Outcome.REFUSED:
                raise
            await self._resync(refusal)
            return await self._call_once(call, deadline)

    async def _resync(self, refusal: ClockSkew) -> None:
        """Measure anew. Raises the refusal when that fails: what became of the call is known, whatever the clock."""
        try:
            samples = await self._samples()
        except FoxtrotError as error:
            raise refusal from error
        # Only now: until the new sample was there, other calls were better off with the old ones than with none.
        self._sync.reset()
        self._take(samples)

    def _take(self, samples: list[tuple[int, int, int]]) -> None:
        for sample in samples:
            self._sync.add(*sample)
        self._on_clock()

    async def _samples(self) -> list[tuple[int, int, int]]:
        """Ask for the time until an answer comes soon: one that was held up, here or on its way, tells little."""
        found = [await self._measure()]
        while found[-1][2] - found[-1][0] > _LONG_TRIP_NS and len(found) < _MOST_SAMPLES:
            found.append(await self._measure())
        return found

    async def _measure(self) -> tuple[int, int, int]:
        """Return a sample for `ClockSync.add`; the wait for the budget is no part of the round trip."""
        call = self._codec.fetch_server_time()
        sent_ns = 0

        def left() -> None:
            nonlocal sent_ns
            sent_ns = self._clock.time_ns()

        server_ns = await self._call_once(call, self._deadline(), left)
        return sent_ns, server_ns, self._clock.time_ns()

    async def _call_once(self, call: Call[T], deadline: float, on_leave: Callable[[], None] | None = None) -> T:
        ticket, answered = self._limiter.enter(call), True
        try:
            await self._admit(call, deadline, ticket)
            if on_leave is not None:
                on_leave()
            if self._turns is None or not call.signed:
                return await self._send(call)
            sent = self._turns.sent()
            try:
                return await self._send(call)
            finally:
                await sent.answered()
        except NetworkError as error:
            answered = error.outcome is not Outcome.UNKNOWN
            raise
        finally:
            self._limiter.leave(ticket, self._clock.monotonic(), answered=answered)

    async def _send(self, call: Call[T]) -> T:
        self.sent += 1
        try:
            answer = self._read(call, await self._client.request(call))
        except FoxtrotError as error:
            self.failed += 1
            error.exchange = error.exchange or self._exchange
            self._judge(error)
            raise
        self.last_ok_ns = self._clock.time_ns()
        self._heard()
        return answer

    def _judge(self, error: FoxtrotError) -> None:
        """A refusal in the venue's words is an answer; what cannot be read, or does not come, is none."""
        if isinstance(error, VenueError) and not isinstance(error, VenueUnavailable):
            self._heard()
            return
        self._silent += 1
        if self._silent == _SILENT_AFTER:
            self._on_state(False, error.message)

    def _heard(self) -> None:
        if self._silent >= _SILENT_AFTER:
            self._on_state(True, "the venue answers again")
        self._silent = 0

    async def _admit(self, call: Call[T], deadline: float, ticket: Ticket) -> None:
        """Wait for the budget, and for the call's turn. Raises RateLimited or Banned (nothing was sent) when the budget
        takes longer than until the deadline."""
        now_s = self._now_s()
        if self._limiter.delay(call, now_s, ticket) > 0:
            now_s = await self._await_budget(call, deadline, ticket)
        if self._turns is not None and call.signed:
            await self._turns.take(call)
            while self._limiter.delay(call, now_s := self._now_s(), ticket) > 0:  # no more: others may go meanwhile
                self._turns.release()
                await self._await_budget(call, deadline, ticket)
                await self._turns.take(call)
        self._limiter.take(call, now_s, ticket)

    async def _await_budget(self, call: Call[T], deadline: float, ticket: Ticket) -> float:
        """Return the time as of which the call may go."""
        while (wait := self._limiter.delay(call, now_s := self._now_s(), ticket)) > 0:
            if self._clock.monotonic() + wait > deadline:
                raise self._no_budget(wait)
            await self._clock.sleep(wait + _EDGE_S)
        return now_s

    def _no_budget(self, wait: float) -> RateLimited:
        banned = self._limiter.banned(self._now_s())
        why = "has banned this address" if banned else "has no request budget left"
        error = (Banned if banned else RateLimited)(
            f"{self._exchange} {why} for another {wait:.0f} s; nothing was sent.",
            exchange=self._exchange,
            outcome=Outcome.NOT_SENT,
        )
        error.retry_after_s = wait
        return error

    def _read(self, call: Call[T], response: RawResponse) -> T:
        try:
            self._limiter.observe(self._codec.usage(response), self._clock.monotonic())
            error = self._codec.classify(call, response)
            if error is None:
                return call.decode(response.body)
        except VenueError as stated:
            error = stated
        except Exception as unreadable:
            # Whatever a codec trips over, the request had arrived: for a command that means "unknown", never "failed".
            raise self._unreadable(call, response, unreadable) from unreadable
        self._heed(error)
        raise error

    def _unreadable(self, call: Call[T], response: RawResponse, why: Exception) -> ProtocolError:
        error = ProtocolError(
            f"The answer to {call.endpoint} cannot be read: {str(why) or type(why).__name__}",
            excerpt=response.body[:_EXCERPT],
            exchange=self._exchange,
        )
        error.retryable = call.idempotent
        return error

    def _heed(self, error: VenueError) -> None:
        if error.unlisted:
            self.unlisted += 1
            _LOG.warning("%s answered with a code that no table knows: %s %s", self._exchange, error.code, error)
        if not isinstance(error, RateLimited):
            return
        banned = isinstance(error, Banned)
        stated = error.retry_after_s
        seconds = (_BAN_S if banned else _PAUSE_S) if stated is None else stated
        self._limiter.pause(seconds, self._now_s(), orders_only=error.orders_only, banned=banned)

    def _deadline(self) -> float:
        return self._clock.monotonic() + self._retry.total_timeout_s

    def _now_s(self) -> float:
        """Return the time for the limiter, whose windows are aligned to the venue's clock."""
        now_s, now_ns = self._clock.monotonic(), self._clock.time_ns()
        self._limiter.align((now_ns + self._sync.offset_ns) / 1e9 - now_s)
        return now_s
