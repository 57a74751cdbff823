"""The one way in which requests leave: limiter, transport, classification, decoding, repetition of what may be
repeated."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from foxtrot.config import RetryConfig
from foxtrot.errors import ClockSkew, FoxtrotError, Outcome, ProtocolError, RateLimited, VenueError
from foxtrot.io.retry import retrying
from foxtrot.ports import Clock, RequestClient
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.codec import RestCodec
from foxtrot.protocol.ratelimit import Limiter

T = TypeVar("T")
_UNREADABLE = (msgspec.MsgspecError, ValueError, KeyError, ArithmeticError, TypeError)
_EXCERPT = 200


class RequestGateway:
    """Send calls. Writes go out once; only a definite clock refusal (nothing was done) is repeated, once, after a re-
    sync."""

    def __init__(
        self,
        exchange: str,
        client: RequestClient,
        codec: RestCodec,
        limiter: Limiter,
        sync: ClockSync,
        clock: Clock,
        retry: RetryConfig,
    ) -> None:
        self._exchange = exchange
        self._client = client
        self._codec = codec
        self._limiter = limiter
        self._sync = sync
        self._clock = clock
        self._retry = retry
        self.sent = 0
        self.failed = 0

    async def call(self, call: Call[T]) -> T:
        """Return the decoded answer. Raises NetworkError, VenueError or ProtocolError, each with its outcome."""
        if not call.idempotent:
            return await self._call_in_time(call)
        async for attempt in retrying(self._retry, self._clock):
            with attempt:
                return await self._call_in_time(call)
        raise AssertionError("the retry policy re-raises")

    async def synchronise_clock(self) -> None:
        """Measure the offset of the venue's clock."""
        call = self._codec.fetch_server_time()
        sent = self._clock.time_ns()
        server_ns = await self._call_once(call)
        self._sync.add(sent, server_ns, self._clock.time_ns())

    async def close(self) -> None:
        """Close the transport."""
        await self._client.close()

    async def _call_in_time(self, call: Call[T]) -> T:
        try:
            return await self._call_once(call)
        except ClockSkew:
            self._sync.reset()
            await self.synchronise_clock()
            return await self._call_once(call)

    async def _call_once(self, call: Call[T]) -> T:
        await self._admit(call)
        self.sent += 1
        try:
            return self._read(call, await self._client.request(call))
        except FoxtrotError as error:
            self.failed += 1
            error.exchange = error.exchange or self._exchange
            raise

    async def _admit(self, call: Call[T]) -> None:
        """Wait for the budget. Raises RateLimited (nothing was sent) when that takes longer than a retry budget."""
        deadline = self._clock.monotonic() + self._retry.total_timeout_s
        while (wait := self._limiter.delay(call, self._now_s())) > 0:
            if self._clock.monotonic() + wait > deadline:
                error = RateLimited(
                    f"The request budget of {self._exchange} is used up for another {wait:.0f} s; nothing was sent.",
                    exchange=self._exchange,
                    outcome=Outcome.NOT_SENT,
                )
                error.retry_after_s = wait
                raise error
            await self._clock.sleep(wait)
        self._limiter.take(call, self._now_s())

    def _read(self, call: Call[T], response: RawResponse) -> T:
        self._limiter.observe(self._codec.usage(response), self._now_s())
        error = self._codec.classify(call, response)
        if error is not None:
            self._heed(error)
            raise error
        try:
            return call.decode(response.body)
        except _UNREADABLE as unreadable:
            # The venue said yes in words we cannot read: for a command that means "unknown", never "failed".
            raise ProtocolError(
                f"The answer to {call.endpoint} cannot be read: {unreadable}",
                excerpt=response.body[:_EXCERPT],
                exchange=self._exchange,
                outcome=Outcome.NOT_SENT if call.idempotent else Outcome.UNKNOWN,
            ) from unreadable

    def _heed(self, error: VenueError) -> None:
        if isinstance(error, RateLimited):
            self._limiter.pause(1.0 if error.retry_after_s is None else error.retry_after_s, self._now_s())

    def _now_s(self) -> float:
        # The venue's windows are aligned to its clock, not to ours.
        return self._sync.venue_ms(self._clock.time_ns()) / 1_000
