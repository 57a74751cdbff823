"""Faults on the real sockets of a served venue: what the carrier of requests and frames does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from foxtrot.sandbox.dialect import HttpResponse, WireSession
from foxtrot.sandbox.faults import FRAME_FAULTS, REQUEST_FAULTS, Fault, FaultSource
from foxtrot.sandbox.mishaps import Mishaps
from foxtrot.sandbox.outbox import Outbox

_SILENCE_S = 60.0  # longer than any client waits
_LATE_S = (1.0, 15.0)
_SLOW_S, _HELD_UP_S = 2.0, 2.0


class FaultyWire:
    """Carry the requests of a served venue, or not, as its faults have it."""

    def __init__(self, faults: FaultSource, mishaps: Mishaps, chance: random.Random) -> None:
        self._faults = faults
        self._mishaps = mishaps
        self._chance = chance
        self._late: set[asyncio.TimerHandle] = set()
        self._frames: set[FaultyFrames] = set()

    def close(self) -> None:
        """Forget what is still to happen."""
        for handle in self._late:
            handle.cancel()

    async def serve(self, cut: Callable[[], None], carry_out: Callable[[], HttpResponse]) -> HttpResponse | None:
        """Return the answer, None when the connection was cut instead."""
        fault = self._faults.draw("http", REQUEST_FAULTS)
        match fault:
            case Fault.REFUSED:
                cut()
                return None
            case Fault.REQUEST_LOST:
                await self._silence(cut)
                return None
            case Fault.REQUEST_LATE:
                self._arrive_late(carry_out)
                await self._silence(cut)
                return None
        answer = self._mishaps.answer(fault, carry_out)
        match fault:
            case Fault.MAINTENANCE:
                for frames in list(self._frames):
                    frames.cut()
            case Fault.ANSWER_LOST:
                cut()
                return None
            case Fault.ANSWER_SILENT:
                await self._silence(cut)
                return None
            case Fault.ANSWER_SLOW:
                await asyncio.sleep(_SLOW_S)
        return answer

    def _arrive_late(self, carry_out: Callable[[], HttpResponse]) -> None:
        def arrive() -> None:
            self._late.discard(handle)
            carry_out()

        handle = asyncio.get_running_loop().call_later(self._chance.uniform(*_LATE_S), arrive)
        self._late.add(handle)

    def refuses_socket(self) -> bool:
        """Tell whether the next handshake fails."""
        return self._mishaps.closed or self._faults.draw("handshake", {Fault.SOCKET_REFUSED}) is not None

    def frames(self, outbox: Outbox, cut: Callable[[], None]) -> FaultyFrames:
        """Return what stands between the venue and one client's outbox."""
        frames = FaultyFrames(outbox, cut, self._faults, self._mishaps, self._frames.discard)
        self._frames.add(frames)
        return frames

    async def _silence(self, cut: Callable[[], None]) -> None:
        await asyncio.sleep(_SILENCE_S)
        cut()


class FaultyFrames:
    """Put one client's frames into its outbox, or do to them what the faults have it."""

    def __init__(
        self,
        outbox: Outbox,
        cut: Callable[[], None],
        faults: FaultSource,
        mishaps: Mishaps,
        forget: Callable[[FaultyFrames], None],
    ) -> None:
        self._outbox = outbox
        self._faults = faults
        self._mishaps = mishaps
        self._forget = forget
        self._held: list[str] = []
        self.cut = cut
        self.silent = False
        self._muted = self._answering = False

    def receive(self, text: str, session: WireSession) -> None:
        """Give the venue a client's frame, unless the connection is dead; what it says meanwhile is its answer."""
        if self.silent:
            return
        self._answering = True
        try:
            session.receive(text)
        finally:
            self._answering = False

    def send(self, text: str) -> None:
        """Send a frame unless a fault meets it."""
        fault = self._faults.draw("frame", FRAME_FAULTS)
        if self.silent or (self._muted and not self._answering):
            return
        if fault is Fault.CUT:
            self.cut()
        elif fault is Fault.STALL:
            self.silent = True
        elif fault is Fault.MUTED and not self._answering:
            self._muted = True
        elif fault is Fault.REORDERED:
            self._held.append(text)
        else:
            if fault is Fault.DELAY:
                self._outbox.pause(_HELD_UP_S)
            late, self._held = self._held, []
            for frame in [*self._mishaps.frames(fault, text), *late]:
                self._outbox.send(frame)

    def close(self) -> None:
        """Forget this client."""
        self._forget(self)
