"""Noticing that requests go unanswered, and asking until they are answered again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from foxtrot.errors import FoxtrotError
from foxtrot.io.gateway import RequestGateway
from foxtrot.managers.wiring import Wiring
from foxtrot.protocol.backoff import backoff_s

_LOG = logging.getLogger("foxtrot.connection")


class RequestWatch:
    """Follow all ways that requests take: `tell(up, reason)` hears of each that fails, and when all work again.

    A way that went silent is asked for the time until it answers: nobody else may have anything to ask, least of all
    while everything is degraded.
    """

    def __init__(self, wiring: Wiring, tell: Callable[[bool, str], None]) -> None:
        self._wiring = wiring
        self._tell = tell
        self._silent: set[RequestGateway] = set()

    def on_state(self, gateway: RequestGateway, up: bool, reason: str) -> None:
        """Hear that requests on one way are answered again, or are not."""
        if self._wiring.transports is None:  # closed, while somebody still waited for an answer
            return
        if up:
            self._silent.discard(gateway)
            if not self._silent:
                self._tell(True, reason)
            return
        self._tell(False, reason)
        if gateway not in self._silent:
            self._silent.add(gateway)
            self._wiring.spawn(self._probe(gateway))

    async def _probe(self, gateway: RequestGateway) -> None:
        wiring, retry, attempt = self._wiring, self._wiring.config.retry, 0
        while gateway in self._silent:
            attempt += 1
            pause = backoff_s(attempt, 1.0, initial_s=retry.reconnect_initial_s, max_s=retry.reconnect_max_s)
            await wiring.clock.sleep(pause)
            if gateway not in self._silent:
                return
            try:
                await gateway.synchronise_clock()
            except FoxtrotError as error:
                _LOG.warning("%s: requests are not answered yet: %s", wiring.exchange, error)
