"""Signed requests one after the other, for venues whose nonces must arrive in the order in which they were made."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Any

from foxtrot.io.waiting import wait_at_most
from foxtrot.ports import Clock, RequestClient
from foxtrot.protocol.calls import Call, RawResponse

_PATIENCE_S = 1.0


class InOrder:
    """Pass signed calls on to another client, each when the one before it is answered, urgent lanes first.

    One that is not answered within a second holds nobody up any longer: if the venue gets it after all, its nonce is
    too old by then, and it is refused. That is a definite answer, and it may be sent again.
    """

    def __init__(self, client: RequestClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Event]] = []
        self._busy = False

    async def request(self, call: Call[Any]) -> RawResponse:
        """Send a call in its turn. Raises what the client raises."""
        if not call.signed:
            return await self._client.request(call)
        await self._turn(call)
        answered = asyncio.Event()
        watch = asyncio.create_task(self._hand_on(answered), name="foxtrot requests in order")
        try:
            return await self._client.request(call)
        finally:
            answered.set()
            await asyncio.wait({watch})

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()

    async def _turn(self, call: Call[Any]) -> None:
        if not self._busy:
            self._busy = True
            return
        turn = asyncio.Event()
        place = (int(call.lane), next(self._numbers), turn)
        heapq.heappush(self._waiting, place)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():  # it was our turn just now
                self._next()
            else:
                self._waiting.remove(place)
                heapq.heapify(self._waiting)
            raise

    async def _hand_on(self, answered: asyncio.Event) -> None:
        await wait_at_most(answered, _PATIENCE_S, self._clock)
        self._next()

    def _next(self) -> None:
        if self._waiting:
            heapq.heappop(self._waiting)[2].set()
        else:
            self._busy = False
