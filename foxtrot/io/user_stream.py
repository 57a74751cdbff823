"""The private stream: open by one of the venue's schemes, keep alive, reopen, hand over what it says."""

from __future__ import annotations

import asyncio
import functools
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

from foxtrot.config import RetryConfig
from foxtrot.errors import (
    AuthenticationError,
    ClockSkew,
    ConnectionLost,
    FoxtrotError,
    RequestTimeout,
    UnsupportedError,
)
from foxtrot.io.driver import STEADY_S
from foxtrot.io.waiting import at_most, wait_at_most
from foxtrot.ports import Caller, Clock, WsConnection, WsConnector
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.calls import Call
from foxtrot.protocol.codec import Endpoints, ReadFrame, UserStreamScheme
from foxtrot.protocol.messages import Ack, Message, Nack, StreamEnded, Unknown

_LOG = logging.getLogger("foxtrot.user")
_LOGIN_S = 5.0
_OVERLAP_S, _SOON_S = 5.0, 0.001
_YOUNG, _SPREAD = 0.9, 0.06  # parts of its greatest age after which a connection is replaced
_AGAIN = 0.005  # and until the next try when that failed
_ANSWERS = (Ack, Nack)  # to build the union costs more than to look
_UNKNOWN_METHOD, _WRONG_TIME, _OLD_TOKEN = "unsupported", "clock", "token"


class _Line:
    """One connection: what reads it, what ended it, and the logins under way."""

    def __init__(self, read: ReadFrame) -> None:
        self.read = read
        self.connection: WsConnection | None = None
        self.login: asyncio.Future[None] | None = None
        self.unanswered: set[int | str] = set()
        self.lost = asyncio.Event()
        self.reason = ""

    def end(self, reason: str) -> None:
        """Note the first reason why it is of no use any more."""
        if not self.lost.is_set():
            self.reason = reason
            self.lost.set()
        if self.login is not None and not self.login.done():
            self.login.set_exception(ConnectionLost(f"The user stream closed during the login: {reason}"))

    async def close(self) -> None:
        """End the connection."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.close()


class UserStream:
    """Keep one private stream open.

    `open` returns once events flow, or raises: UnsupportedError when the venue does not know the scheme (try the next),
    AuthenticationError for refused keys, NetworkError. Later losses are healed with back-off and told through
    `on_state`. Before the venue cuts the connection for its age a second one is opened beside it: for some seconds
    messages come twice, which whoever takes them must bear, but none is missed.
    """

    def __init__(
        self,
        scheme: UserStreamScheme,
        endpoints: Endpoints,
        connector: WsConnector,
        clock: Clock,
        call: Caller,
        venue_ms: Callable[[], int],
        synchronise_clock: Callable[[], Awaitable[None]],
        on_message: Callable[[Message], None],
        on_state: Callable[[bool, str], None],
        retry: RetryConfig,
    ) -> None:
        self._scheme = scheme
        self._endpoints = endpoints
        self._connector = connector
        self._clock = clock
        self._call = call
        self._venue_ms = venue_ms
        self._synchronise_clock = synchronise_clock
        self._on_message = on_message
        self._on_state = on_state
        self._retry = retry
        self._token = ""
        self._line = _Line(scheme.reader())
        self._spare: _Line | None = None  # the other connection while one replaces the other
        self._request_id = 0
        self._heard = 0.0
        self._task: asyncio.Task[None] | None = None
        self._chance = random.Random(random.getrandbits(64))

    async def open(self) -> None:
        """Open the stream and keep it open from then on."""
        await self._open_first()
        self._task = asyncio.create_task(self._keep(), name=f"foxtrot user stream {self._scheme.name}")

    async def close(self) -> None:
        """End the stream; a token is given back where the scheme has one."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._drop()
        call = self._scheme.close_call(self._token) if self._token else None
        if call is not None:
            try:
                await self._call(call)
            except FoxtrotError as error:
                _LOG.info("the user stream's token could not be given back: %s", error)

    def silent_s(self) -> float:
        """Return for how many seconds nothing has come."""
        return self._clock.monotonic() - self._heard

    def distrust(self, reason: str) -> None:
        """Take the connection for lost: it is open, but does not say what it should."""
        self._line.end(reason)

    async def _open_first(self) -> None:
        self._line = _Line(self._scheme.reader())
        await self._open_line(self._line)
        self._on_state(True, f"user stream open ({self._scheme.name})")

    async def _open_line(self, line: _Line) -> None:
        opening = self._scheme.open_call()
        if opening is not None:
            self._token = await self._call(opening)
        url = self._scheme.url(self._endpoints, self._token)
        take = functools.partial(self._take, line)
        line.connection = await self._connector.connect(
            url, functools.partial(self._on_frame, line.read, take), line.end
        )
        try:
            await self._log_in(line)
        except BaseException:
            await line.close()
            raise

    async def _log_in(self, line: _Line) -> None:
        """Log in; a login that was refused for its time once more, after the clock has been measured anew."""
        try:
            await self._send_logins(line)
        except ClockSkew as refusal:
            _LOG.info("%s", refusal)
            await self._synchronise_clock()
            await self._send_logins(line)

    async def _send_logins(self, line: _Line) -> None:
        first = self._request_id + 1
        frames = self._scheme.logins(self._venue_ms(), first, self._token)
        self._request_id += len(frames)
        if not frames:
            return
        if line.lost.is_set() or line.connection is None:
            raise ConnectionLost(f"The user stream closed before the login: {line.reason}")
        line.login = asyncio.get_running_loop().create_future()
        line.unanswered = set(range(first, first + len(frames)))
        for frame in frames:
            line.connection.send(frame)
        try:
            await at_most(line.login, _LOGIN_S, self._clock)
        except TimeoutError as error:
            raise RequestTimeout(f"The user stream was not confirmed within {_LOGIN_S:g} s.") from error
        finally:
            line.login = None

    async def _keep(self) -> None:
        try:
            await self._keep_open()
        except AuthenticationError as error:
            # Asking again with a key that is refused would be a storm; whoever has a better one connects anew.
            _LOG.error("the user stream is given up: %s", error)
            self._on_state(False, error.message)

    async def _keep_open(self) -> None:
        """Reopen the stream whenever it is lost; one that is lost at once counts as a failed attempt.

        Raises AuthenticationError once the key is refused.
        """
        failures = 0
        while True:
            opened = self._clock.monotonic()
            await self._until_lost(opened + self._scheme.max_life_s * (_YOUNG + _SPREAD * self._chance.random()))
            self._on_state(False, self._line.reason)
            await self._drop()
            failures = 1 if self._clock.monotonic() - opened >= STEADY_S else failures + 1
            while not await self._reopened(failures):
                failures += 1

    async def _reopened(self, failures: int) -> bool:
        initial_s, max_s = self._retry.reconnect_initial_s, self._retry.reconnect_max_s
        await self._clock.sleep(backoff_s(failures, self._chance.random(), initial_s=initial_s, max_s=max_s))
        try:
            await self._open_first()
        except AuthenticationError:
            raise
        except FoxtrotError as error:
            _LOG.warning("the user stream cannot be reopened (attempt %d): %s", failures, error)
            self._on_state(False, error.message)
        except Exception as error:  # noqa: BLE001 - the stream must be tried again, not die unseen
            _LOG.exception("the user stream broke while it was reopened (attempt %d)", failures)
            self._on_state(False, f"{type(error).__name__}: {error}")
        else:
            return True
        return False

    async def _until_lost(self, aged_at: float) -> None:
        """Return when the stream is lost; until then keep it alive, and replace its connection before it is too old."""
        keep_at = self._clock.monotonic() + self._scheme.keepalive_interval_s
        while True:
            # Never quite 0: a rounding error must not make this loop spin.
            pause = max(min(keep_at, aged_at) - self._clock.monotonic(), _SOON_S)
            if await wait_at_most(self._line.lost, pause, self._clock):
                return
            now = self._clock.monotonic()
            if now >= keep_at:
                keep_at = now + self._scheme.keepalive_interval_s
                call = self._scheme.keepalive_call(self._token)
                if call is not None:
                    await self._keep_alive(call)
            elif now >= aged_at:
                replaced = await self._replaced()
                life_s = self._scheme.max_life_s
                aged_at = now + life_s * (_YOUNG + _SPREAD * self._chance.random() if replaced else _AGAIN)

    async def _replaced(self) -> bool:
        """Open a second connection beside the first, which ends some seconds later; False when that fails."""
        new = _Line(self._scheme.reader())
        try:
            self._spare = new
            await self._open_line(new)
            old, self._spare, self._line = self._line, self._line, new
            if old.lost.is_set():  # meanwhile: something may have been missed
                self._on_state(False, old.reason)
                self._on_state(True, f"user stream open ({self._scheme.name})")
            await wait_at_most(new.lost, _OVERLAP_S, self._clock)
        except FoxtrotError as error:
            _LOG.warning("the user stream's connection could not be replaced before its end: %s", error)
            return False
        finally:
            spare, self._spare = self._spare, None
            if spare is not None:
                await spare.close()
        return True

    async def _keep_alive(self, call: Call[Any]) -> None:
        try:
            await self._call(call)
        except FoxtrotError as error:
            self._line.end(f"keep-alive failed: {error.message}")

    async def _drop(self) -> None:
        await self._line.close()
        if self._spare is not None:
            await self._spare.close()

    def _on_frame(self, read: ReadFrame, take: Callable[[Message], None], data: bytes) -> None:
        try:
            read(data, self._clock.time_ns(), take)
        except Exception as error:  # noqa: BLE001 - logged and handed on; one frame never ends the stream
            _LOG.exception("a private frame of %d bytes could not be handled", len(data))
            self._on_message(Unknown(f"a private frame could not be handled: {type(error).__name__}", data))

    def _take(self, line: _Line, message: Message) -> None:
        self._heard = self._clock.monotonic()  # a sign of life that tells nothing makes no message
        if isinstance(message, _ANSWERS):
            self._answer_login(line, message)
        elif isinstance(message, StreamEnded):
            line.end(message.reason)
        else:
            self._on_message(message)

    def _answer_login(self, line: _Line, message: Ack | Nack) -> None:
        """Settle the login under way; answers to anything else are none of its business."""
        login = line.login
        if login is None or login.done() or message.request_id not in {None, *line.unanswered}:
            return
        if isinstance(message, Ack):
            line.unanswered.discard(message.request_id)
            if not line.unanswered:
                login.set_result(None)
        elif message.code == _OLD_TOKEN:
            login.set_exception(ConnectionLost(f"The user stream's token was refused: {message.reason}"))
        elif message.code == _WRONG_TIME:
            login.set_exception(ClockSkew(f"The login came at a wrong time: {message.reason}"))
        elif message.code == _UNKNOWN_METHOD:
            login.set_exception(UnsupportedError(f"The venue does not know this scheme: {message.reason}"))
        else:
            login.set_exception(
                AuthenticationError(
                    f"The user stream was refused: {message.reason}", code=message.code, venue_message=message.reason
                )
            )
