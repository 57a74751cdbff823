"""Taking turns, for venues whose nonces must arrive in the order in which they were made."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from foxtrot.io.waiting import wait_at_most
from foxtrot.ports import Clock
from foxtrot.protocol.calls import Call

_PATIENCE_S = 1.0


class Turns:
    """Let one signed request at a time be under way, urgent lanes first.

    One that is not answered within a second holds nobody up any longer: if the venue gets it after all, its nonce is
    too old by then, and it is refused. That is a definite answer, and it may be sent again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Event]] = []
        self._taken = False

    async def take(self, call: Call[object]) -> None:
        """Return when it is the call's turn; `release`, or the end of what `sent` returns, must follow."""
        if not self._taken:
            self._taken = True
            return
        turn = asyncio.Event()
        place = (int(call.lane), next(self._numbers), turn)
        heapq.heappush(self._waiting, place)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():  # it was our turn just now
                self.release()
            else:
                self._waiting.remove(place)
                heapq.heapify(self._waiting)
            raise

    def release(self) -> None:
        """Let the next one go."""
        if self._waiting:
            heapq.heappop(self._waiting)[2].set()
        else:
            self._taken = False

    def sent(self) -> Sent:
        """Say that the request whose turn it is leaves now; `Sent.answered` must follow."""
        return Sent(self, self._clock)


class Sent:
    """Hold the turn of a request under way until it is answered, or for as long as the others wait for it."""

    def __init__(self, turns: Turns, clock: Clock) -> None:
        self._turns = turns
        self._clock = clock
        self._answered = asyncio.Event()
        self._watch = asyncio.create_task(self._hand_on(), name="foxtrot turns")

    async def answered(self) -> None:
        """Give the turn back, unless that is done."""
        self._answered.set()
        await asyncio.wait({self._watch})

    async def _hand_on(self) -> None:
        await wait_at_most(self._answered, _PATIENCE_S, self._clock)
        self._turns.release()
