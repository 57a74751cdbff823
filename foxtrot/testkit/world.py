"""A whole venue in memory, under a virtual clock: requests and frames go through a schedule of faults, no sockets."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

from foxtrot.errors import ConnectFailed, ConnectionLost, RequestTimeout
from foxtrot.ports import OnClose, OnFrame, VenueAccess
from foxtrot.protocol.calls import RawResponse
from foxtrot.sandbox.dialect import HttpRequest, HttpResponse
from foxtrot.sandbox.faults import COMMAND_FAULTS, FRAME_FAULTS, REQUEST_FAULTS, Fault, Schedule
from foxtrot.sandbox.mishaps import Mishaps
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.stage import Stage, local_path, traits_of
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.clock import VirtualClock

_NUMBERS = itertools.count(1)
_REMOTE = "10.0.0.1"
_TICK_S = 1.0
_STALL_S = 25.0
_WAITS = {Fault.RATE_LIMITED: 2.0, Fault.BANNED: 8.0}  # as the dialect's answers say


class Patience:
    """Remember since when, and until when, one client was told to wait."""

    since = until = 0.0


class World:
    """Be the place to trade (the `Environment` port) and the network to it (`HttpSender`, `WsConnector`).

    `throttled` counts the refusals for rate that the venue made of itself, not by a fault, and the requests that were
    sent although the client had been told to wait: an honest client causes none. `sockets` are the open ones; `muted`
    ones, or all while the world is, answer what they are asked and bring no news. `requests` counts requests by method
    and path, `commands` what clients said on sockets.
    What is put into `answers` replaces the venue's answers to requests that it carries out. `tamper` sees every frame
    of the venue's before it travels.
    """

    def __init__(
        self, spec: AdapterSpec, options: SandboxOptions, clock: VirtualClock, schedule: Schedule, timeout_s: float
    ) -> None:
        self.clock = clock
        self.schedule = schedule
        self.skew_ns = 0
        self.stage = Stage(options, spec, self.time_ns, clock.time_ns)
        self.traits = traits_of(spec)
        self.venue, self.dialect = self.stage.venue, self.stage.dialect
        self.mishaps = Mishaps(
            self.venue, self.dialect, schedule.chance("mishaps"), clock.monotonic, self._later, self.set_clock
        )
        self.sockets: set[WorldSocket] = set()
        self.muted = False
        self.commands = 0
        self._impatience = 0
        self.answers: list[HttpResponse] = []
        self.tamper: Callable[[str], str] = lambda text: text
        self.requests: Counter[str] = Counter()
        self._timeout_s = timeout_s
        self._chance = schedule.chance("latency")
        self._base = f"world{next(_NUMBERS)}.invalid"
        self._patience = Patience()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def throttled(self) -> int:
        """Return how often the client was not honest."""
        return self._impatience + self.dialect.throttled

    @property
    def asked(self) -> int:
        """Return how often anything was sent to the venue, over requests and sockets."""
        return self.requests.total() + self.commands

    def time_ns(self) -> int:
        """Return the venue's time."""
        return self.clock.time_ns() + self.skew_ns

    def set_clock(self, skew_ns: int) -> None:
        """Put the venue's clock off."""
        self.skew_ns = skew_ns

    # the place

    async def open(self) -> VenueAccess:
        """Begin to live."""
        if not self._tasks:
            if self.stage.options.rate:
                self.stage.flow.seed_book()
            self.spawn(self._live())
        endpoints = self.dialect.endpoints(self._base)
        return VenueAccess(endpoints, self.stage.credentials, http=self, connector=self)

    async def close(self) -> None:
        """Do nothing: the venue outlives its clients; `end` ends it."""

    async def end(self) -> None:
        """End the world's own tasks."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something until it is done or the world ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self) -> None:
        started = self.clock.monotonic()
        while True:
            await self.clock.sleep(_TICK_S)
            self.stage.flow.catch_up(self.clock.monotonic() - started)
            self.dialect.tick()

    # requests

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawResponse:
        """Carry a request to the venue and its answer back, unless a fault meets it."""
        return await self.carry(method, url, headers, body, self._patience)

    async def carry(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, patience: Patience
    ) -> RawResponse:
        """Carry a request of the client that was told what `patience` knows."""
        self.requests[f"{method} {urlsplit(url).path}"] += 1
        self._impatience += patience.since < self.clock.monotonic() < patience.until
        fault = self.schedule.draw("http", REQUEST_FAULTS)
        if fault is Fault.REFUSED:
            raise ConnectFailed("the venue cannot be reached: connection refused.")
        await self._travel()
        if fault is Fault.REQUEST_LOST:
            await self._time_out()
        if fault is Fault.REQUEST_LATE:
            self.spawn(self._arrive_late(method, url, headers, body))
            await self._time_out()
        if self.mishaps.closed:
            fault = None
        answer = self.mishaps.answer(fault, lambda: self._carry_out(method, url, headers, body))
        if fault is Fault.MAINTENANCE:
            self._cut_all()
        await self._travel()
        if fault in _WAITS:
            patience.since = self.clock.monotonic()
            patience.until = max(patience.until, patience.since + _WAITS[fault])
        return await self._return(fault, answer)

    async def _return(self, fault: Fault | None, answer: HttpResponse) -> RawResponse:
        if fault is Fault.ANSWER_LOST:
            raise ConnectionLost("The connection to the venue broke during a request: the server hung up.")
        if fault is Fault.ANSWER_SILENT:
            await self._time_out()
        if fault is Fault.ANSWER_SLOW:
            await self.clock.sleep(self._timeout_s * 0.8)
        return RawResponse(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body)

    def _carry_out(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        parts = urlsplit(url)
        path = local_path(parts.path, self.dialect.hosts)
        if path is None:
            raise AssertionError(f"a request goes to another company: {parts.path}")
        answer = self.dialect.http(
            HttpRequest(
                method=method,
                path=path,
                query=parts.query,
                headers={name.lower(): str(value) for name, value in headers.items()},
                body=body,
                remote=_REMOTE,
            )
        )
        return self.answers.pop(0) if self.answers else answer

    async def _arrive_late(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        await self.clock.sleep(self.lateness())
        self._carry_out(method, url, headers, body)

    def lateness(self) -> float:
        """Return how long a request takes that may come too late."""
        return self._timeout_s * self._chance.uniform(0.2, 1.5)

    async def _time_out(self) -> None:
        await self.clock.sleep(self._timeout_s)
        raise RequestTimeout(f"the venue did not answer within {self._timeout_s:g} s.")

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        async def wait() -> None:
            await self.clock.sleep(seconds)
            do()

        self.spawn(wait())

    def _cut_all(self) -> None:
        for socket in list(self.sockets):
            socket.end_by_venue(1001, "maintenance")

    async def _travel(self) -> None:
        await self.clock.sleep(self._chance.uniform(0.002, 0.06))

    # sockets

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> WorldSocket:
        """Open a socket. Raises ConnectFailed."""
        await self._travel()
        if self.schedule.draw("handshake", {Fault.SOCKET_REFUSED}) is not None or self.mishaps.closed:
            raise ConnectFailed("the venue cannot be reached: handshake refused.")
        parts = urlsplit(url)
        socket = WorldSocket(self, on_frame, on_close)
        session = self.dialect.open_socket(
            local_path(parts.path, self.dialect.hosts) or "", parts.query, _REMOTE, socket.say, socket.end_by_venue
        )
        if isinstance(session, HttpResponse):
            raise ConnectFailed(f"the venue refused the connection: {session.body.decode()}")
        if socket.over:  # what the venue said at once met a fault that ended it
            session.closed()
        else:
            self.sockets.add(socket)
            socket.begin(session.receive, session.closed)
        return socket


class WorldSocket:
    """One WebSocket: frames travel in order, each with its own delay. `said` is the venue's last one."""

    def __init__(self, world: World, on_frame: OnFrame, on_close: OnClose) -> None:
        self._world = world
        self._on_frame = on_frame
        self._on_close = on_close
        self._receive: Callable[[str], None] = lambda text: None
        self._forget: Callable[[], None] = lambda: None
        self._down: deque[bytes] = deque()
        self._held: list[str] = []
        self._wake = asyncio.Event()
        self._stalled = False
        self._answering = self._silent = False
        self.muted = False
        self.over = False
        self.said = ""

    def begin(self, receive: Callable[[str], None], forget: Callable[[], None]) -> None:
        """Connect the venue's session."""
        self._receive, self._forget = receive, forget
        self._world.spawn(self._pump())

    def send(self, data: bytes) -> None:
        """Carry a client's frame to the venue."""
        if not self.over:
            self._world.commands += 1
            self._world.spawn(self._up(data.decode()))

    async def close(self) -> None:
        """End the connection from the client's side."""
        self._end("closed here")

    def say(self, text: str) -> None:
        """Carry a venue's frame to the client, unless a fault meets it."""
        fault = self._world.schedule.draw("frame", FRAME_FAULTS)
        if self._stalled or self._silent or self.over or self._withheld(text):
            return
        if fault is Fault.CUT:
            self._end("connection reset")
            return
        if fault is Fault.STALL:
            self._stalled = True
            self._world.spawn(self._give_up())
            return
        if fault is Fault.MUTED and not self._answering:
            self.muted = True
            return
        if fault is Fault.DELAY:
            self._down.append(b"")
        self.said = text
        text = self._world.tamper(text)
        late, self._held = self._held, ([text] if fault is Fault.REORDERED else [])
        now = [] if fault is Fault.REORDERED else self._world.mishaps.frames(fault, text)
        self._down.extend(frame.encode() for frame in [*now, *late])
        self._wake.set()

    def _withheld(self, text: str) -> bool:
        """Tell whether a frame is news that a muted connection does not bring."""
        if self._answering or not (self.muted or self._world.muted):
            return False
        sign = self._world.traits.heartbeat
        return not (sign and sign in text)

    def deliver(self, data: bytes) -> None:
        """Give the client a frame at once."""
        self._on_frame(data)

    def end_by_venue(self, code: int, reason: str) -> None:
        """End the connection from the venue's side."""
        self._end(f"{code} {reason}")

    async def _pump(self) -> None:
        world = self._world
        while not self.over:
            await self._wake.wait()
            self._wake.clear()
            while self._down and not self.over:
                data = self._down.popleft()
                if not data:
                    await world.clock.sleep(4.0)
                    continue
                await world.clock.sleep(0.01)
                if not self.over and not self._stalled:
                    self._on_frame(data)

    async def _up(self, text: str) -> None:
        """Carry a command to the venue, unless a fault meets it or its answer."""
        world = self._world
        fault = world.schedule.draw("command", COMMAND_FAULTS)
        await world.clock.sleep(world.lateness() if fault is Fault.REQUEST_LATE else 0.02)
        if self.over or self._stalled or fault is Fault.REQUEST_LOST:
            return
        self._answering, self._silent = True, fault in (Fault.ANSWER_LOST, Fault.ANSWER_SILENT)
        self._receive(text)
        self._answering = self._silent = False
        if fault is Fault.ANSWER_LOST:
            self._end("connection reset")

    async def _give_up(self) -> None:
        await self._world.clock.sleep(_STALL_S)
        self._end("no answer to a ping")

    def _end(self, reason: str) -> None:
        if self.over:
            return
        self.over = True
        self._wake.set()
        self._forget()
        self._world.sockets.discard(self)
        self._on_close(reason)
