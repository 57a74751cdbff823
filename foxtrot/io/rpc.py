"""Requests and answers over one WebSocket: order entry over a venue's WebSocket API."""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from foxtrot.clock import SystemClock
from foxtrot.config import TransportConfig
from foxtrot.errors import (
    AuthenticationError,
    Banned,
    ConnectFailed,
    ConnectionLost,
    FoxtrotError,
    Outcome,
    RateLimited,
    RequestTimeout,
    StateError,
)
from foxtrot.ports import Clock, RequestClient, WsConnection, WsConnector
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot.protocol.codec import Endpoints, RpcCodec

_LOG = logging.getLogger("foxtrot.rpc")
_SOON_S = 0.001
_YOUNG = 0.95  # part of its greatest age after which a connection gets no new requests
_PATIENCE_S = 3.0  # that a request has with a connection that is being opened
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0  # before a connection that could not be opened is tried again
_UNREADABLE = (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError)


class _Waiting(msgspec.Struct):
    endpoint: str
    answer: asyncio.Future[RawResponse]
    sent: float
    deadline: float


class _Line:
    """One connection and the requests that wait for their answers on it.

    One task watches the deadlines of all of them (they fall due in the order of sending): a timer of its own would cost
    each request more than all the rest of its way.
    """

    def __init__(self, clock: Clock, timeout_s: float, max_life_s: float) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._watch: asyncio.Task[None] | None = None
        self.connection: WsConnection | None = None
        self.token = ""
        self.pending: dict[int | str, _Waiting] = {}
        self.lost = ""
        self.heard = clock.monotonic()
        self.too_old_at = clock.monotonic() + max_life_s * _YOUNG

    @property
    def usable(self) -> bool:
        """Tell whether a request may still begin here."""
        return not self.lost and self._clock.monotonic() < self.too_old_at

    def expect(self, number: int, endpoint: str) -> asyncio.Future[RawResponse]:
        """Return what the answer to a request will be set to."""
        answer: asyncio.Future[RawResponse] = asyncio.get_running_loop().create_future()
        now = self._clock.monotonic()
        self.pending[number] = _Waiting(endpoint, answer, now, now + self._timeout_s)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._expire(), name="foxtrot rpc deadlines")
        return answer

    def on_close(self, reason: str) -> None:
        """Tell all who wait that their outcome is unknown."""
        self.lost = reason or "connection lost"
        for waiting in self.pending.values():
            if not waiting.answer.done():
                text = f"The connection broke before {waiting.endpoint} was answered: {self.lost}"
                waiting.answer.set_exception(ConnectionLost(text))

    async def retire(self) -> None:
        """End the connection when no answer is awaited any more (each has its deadline)."""
        answers = [waiting.answer for waiting in self.pending.values()]
        if answers:
            await asyncio.wait(answers)
        await self.close()

    async def close(self) -> None:
        """End the connection and the watch."""
        if self.connection is not None:
            await self.connection.close()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})

    async def _expire(self) -> None:
        while self.pending:
            first = next(iter(self.pending.values()))
            await self._clock.sleep(max(first.deadline - self._clock.monotonic(), _SOON_S))
            now = self._clock.monotonic()
            for waiting in self.pending.values():
                if waiting.deadline <= now and not waiting.answer.done():
                    text = f"{waiting.endpoint} was not answered within {self._timeout_s:g} s."
                    waiting.answer.set_exception(RequestTimeout(text))
                    if self.heard < waiting.sent:
                        self.lost = self.lost or "nothing came any more"  # the next request takes a new connection


class RpcClient:
    """Implement the RequestClient port; what the WebSocket API does not carry goes to `fallback`, by declaration.

    The connection is opened at first use and again after a loss; `ask` gets its token where the venue gives one, as
    urgently as the most urgent command. A request for which no connection can be opened goes to `fallback`, too:
    nothing of it was sent. What may have been sent never does: a lost answer leaves the outcome unknown.
    `on_state` hears that the connection cannot be opened, and that it can again; it is tried again meanwhile.
    `on_stray` hears of answers without the id of a request: whose they are cannot be known.
    `late_answers` and `bad_frames` count what came and belonged to no waiting request.
    """

    def __init__(
        self,
        codec: RpcCodec,
        endpoints: Endpoints,
        connector: WsConnector,
        config: TransportConfig,
        venue_ms: Callable[[], int],
        fallback: RequestClient,
        ask: Callable[[Call[str]], Awaitable[str]],
        clock: Clock | None = None,
        on_state: Callable[[bool, str], None] = lambda up, reason: None,
        on_stray: Callable[[RawResponse], None] = lambda response: None,
    ) -> None:
        self._codec = codec
        self._url = codec.url(endpoints)
        self._connector = connector
        self._timeout_s = config.request_timeout_s
        self._venue_ms = venue_ms
        self._fallback = fallback
        self._ask = ask
        self._clock = clock or SystemClock()
        self._on_state = on_state
        self._on_stray = on_stray
        self._ids = itertools.count(1)
        self._line: _Line | None = None
        self._opening: asyncio.Task[_Line] | None = None
        self._down = False
        self._mending: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False
        self.late_answers = 0
        self.bad_frames = 0

    async def request(self, call: Call[Any]) -> RawResponse:
        """Send a call and return its answer.

        Raises ConnectFailed, RateLimited and StateError (not sent, or not looked at), ConnectionLost and RequestTimeout
        (outcome unknown), and what the fallback raises.
        """
        line = await self._line_for(call) if self._codec.supports(call) else None
        if line is None or line.connection is None:
            return await self._fallback.request(call)
        number = next(self._ids)
        frame = self._codec.encode(call, number, self._venue_ms(), line.token)
        answer = line.expect(number, call.endpoint)
        try:
            line.connection.send(frame)
            response = await answer
        finally:
            del line.pending[number]
        if self._codec.stale(response):
            line.lost = line.lost or "its token was refused"
            raise ConnectFailed(f"{call.endpoint} was not taken: the token of the connection was refused.")
        return response

    async def close(self) -> None:
        """Close the connection; who waits for an answer gets ConnectionLost. The fallback is its owner's to close."""
        self._closed = True
        under_way = {task for task in (self._mending, self._opening) if task is not None}
        self._opening = None
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way)
        line, self._line = self._line, None
        if line is not None:
            self._retire(line)
            line.on_close("closed here")
        await asyncio.gather(*self._closing)

    async def _line_for(self, call: Call[Any]) -> _Line | None:
        """Return the open connection, None where there is none and the call must go elsewhere."""
        if self._line is not None and self._line.usable and not self._closed:
            return self._line
        if self._down and not self._closed:
            self._mend()
            return None
        try:
            line = await self._connected()
        except StateError:
            raise
        except FoxtrotError as error:
            if isinstance(error, Banned) or (isinstance(error, RateLimited) and error.outcome is not Outcome.NOT_SENT):
                error.outcome = Outcome.NOT_SENT  # told to wait: no other way is right, either
                raise
            _LOG.warning("%s goes by the other way: no connection for requests: %s", call.endpoint, error)
            if not isinstance(error, RateLimited):
                self._lose(error)
            return None
        return None if line.lost else line

    async def _connected(self) -> _Line:
        """Return a connection; all who ask while it is being opened share one attempt and its outcome."""
        if self._closed:
            raise StateError("The connection for requests is closed.")
        if self._line is not None and self._line.usable:
            return self._line
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(), name="foxtrot rpc opening")
            self._opening.add_done_callback(_heed)
        opening, patience = self._opening, asyncio.ensure_future(self._clock.sleep(_PATIENCE_S))
        try:
            await asyncio.wait({opening, patience}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
        if not opening.done():
            raise ConnectFailed(f"The connection for requests was not open after {_PATIENCE_S:g} s.")
        if opening.cancelled():
            raise StateError("The connection for requests was closed while it was being opened.")
        return opening.result()

    async def _open(self) -> _Line:
        line, old = _Line(self._clock, self._timeout_s, self._codec.max_life_s), self._line
        try:
            if old is not None:
                self._line = None
                self._retire(old)
            line.token = await self._fetch_token()
            line.connection = await self._connector.connect(
                self._url, functools.partial(self._on_frame, line), line.on_close
            )
            self._line = line
        finally:
            self._opening = None
        return line

    async def _fetch_token(self) -> str:
        """Ask for what the connection's requests must carry: before all reads, a cancel may wait for it."""
        opening = self._codec.open_call()
        return "" if opening is None else await self._ask(opening.in_lane(Lane.CANCEL))

    def _lose(self, error: FoxtrotError) -> None:
        """Take note that no connection can be had."""
        if not self._down:
            self._down = True
            self._on_state(False, f"requests go by the other way: {error.message}")
        self._mend()

    def _mend(self) -> None:
        if not self._closed and (self._mending is None or self._mending.done()):
            self._mending = asyncio.create_task(self._try_again(), name="foxtrot rpc mending")

    async def _try_again(self) -> None:
        """Try until there is a connection. Wrong keys are tried again only when there is something to send."""
        for attempt in itertools.count(1):
            pause = backoff_s(attempt, 1.0, initial_s=_FIRST_PAUSE_S, max_s=_LONGEST_PAUSE_S)
            await self._clock.sleep(pause)
            try:
                await self._connected()
            except AuthenticationError:
                return
            except FoxtrotError as error:
                _LOG.info("no connection for requests yet: %s", error)
            else:
                self._down = False
                self._on_state(True, "the connection for requests is open again")
                return

    def _retire(self, line: _Line) -> None:
        """Close a connection as soon as everything sent on it is answered or given up."""
        task = asyncio.create_task(line.retire(), name="foxtrot rpc closing")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _on_frame(self, line: _Line, data: bytes) -> None:
        line.heard = self._clock.monotonic()
        try:
            answer = self._codec.decode(data)
        except _UNREADABLE as error:
            # Whose answer it was cannot be known: that request ends as a timeout, its outcome unknown.
            self.bad_frames += 1
            _LOG.warning("an answer of %d bytes could not be read: %s", len(data), type(error).__name__)
            return
        if answer is None:
            return
        number, response = answer
        waiting = None if number is None else line.pending.get(number)
        if waiting is None or waiting.answer.done():
            self.late_answers += 1
            if number is None:
                self._on_stray(response)
            _LOG.warning("an answer to no waiting request came: id %r, status %d", number, response.status)
        else:
            waiting.answer.set_result(response)


def _heed(opening: asyncio.Task[_Line]) -> None:
    """Look at the outcome even when everybody who asked for the connection has gone."""
    if not opening.cancelled():
        opening.exception()
