"""Replace a stream connection before the venue cuts it, so that its subscribers notice nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable

from foxtrot.io.driver import StreamDriver
from foxtrot.model.events import Event
from foxtrot.ports import Clock
from foxtrot.protocol.handover import Handover
from foxtrot.protocol.subscriptions import SubscriptionState

_LOG = logging.getLogger("foxtrot.streams")
_LOOK_S = 0.25
_READY_S = 60.0  # so long may the new connection take to carry everything
_CATCH_UP_S = 5.0  # so long the old one is waited for once the new one does


class Rotation:
    """Run an old and a new connection side by side until the new one can take over."""

    def __init__(
        self,
        old: StreamDriver,
        new: StreamDriver,
        clock: Clock,
        publish: Callable[[Event], None],
        next_seq: Callable[[], int],
    ) -> None:
        self.old = old
        self.new = new
        self._clock = clock
        self._publish = publish
        self._handover = Handover(publish, next_seq)

    async def run(self) -> bool:
        """Return True once the new connection carries everything, False when it cannot; the caller closes the other.

        `settle` follows when the old one is closed.
        """
        old, new, handover = self.old.session, self.new.session, self._handover
        new.publish_to(handover.incoming)
        old.publish_to(handover.outgoing)
        new.subscribe(old.channels)
        self.new.start()
        if not await self._until(self._ready, _READY_S) and self.old.up:
            old.publish_to(self._publish)
            _LOG.warning("the connection that was to replace an old one did not come up; the old one stays")
            return False
        await self._until(lambda: not handover.waiting or not self.old.up, _CATCH_UP_S)
        handover.finish()
        return True

    async def settle(self) -> None:
        """Let a new connection that lags behind repeat what the old one told, unheard; then hear it directly."""
        await self._clock.sleep(_CATCH_UP_S)
        self.new.session.publish_to(self._publish)

    def _ready(self) -> bool:
        """Tell whether the new connection has all that the old one has, or is all there is."""
        new = self.new.session
        carried = all(new.state(channel) is SubscriptionState.CONFIRMED for channel in new.channels)
        kept = all(new.books[symbol].synced for symbol, book in self.old.session.books.items() if book.synced)
        return (carried and kept) or not self.old.up

    async def _until(self, holds: Callable[[], bool], limit_s: float) -> bool:
        end = self._clock.monotonic() + limit_s
        while not holds():
            if self._clock.monotonic() >= end:
                return False
            await self._clock.sleep(_LOOK_S)
        return True
