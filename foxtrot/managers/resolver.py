"""Settling orders in doubt: ask the venue by our id, again and again, with growing pauses and an end."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable

from foxtrot import errors
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.wiring import Wiring
from foxtrot.model.order import Order, OrderStatus
from foxtrot.protocol.backoff import backoff_s

_LOG = logging.getLogger("foxtrot.orders")
_ATTEMPTS = 12  # about two minutes in all
_FIRST_S, _LONGEST_S = 0.5, 20.0


class DoubtResolver:
    """Ask for each order in doubt until the venue says what it is.

    Any answer of the venue settles it. "Not found" alone proves nothing, for a venue may show an order late: the order
    then stays IN_DOUBT, and so it does when the attempts are used up. It is never declared rejected here and never
    sent again.
    """

    def __init__(self, wiring: Wiring, store: OrderStore, ask: Callable[[Order], Awaitable[Order]]) -> None:
        self._wiring = wiring
        self._store = store
        self._ask = ask
        self._chance = random.Random()
        self._running: set[str] = set()

    def begin(self, order: Order) -> None:
        """Start to settle an order in the background; once per order at a time."""
        if order.status is OrderStatus.IN_DOUBT and order.client_order_id not in self._running:
            self._running.add(order.client_order_id)
            self._wiring.spawn(self._settle(order))

    async def _settle(self, order: Order) -> None:
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                pause = backoff_s(attempt, self._chance.random(), initial_s=_FIRST_S, max_s=_LONGEST_S)
                await self._wiring.clock.sleep(pause)
                if not self._in_doubt(order) or await self._asked(order, attempt):
                    return
            _LOG.error("%s %s is still in doubt after %d queries", order.symbol, order.client_order_id, _ATTEMPTS)
        finally:
            self._running.discard(order.client_order_id)

    async def _asked(self, order: Order, attempt: int) -> bool:
        try:
            await self._ask(order)
        except errors.FoxtrotError as error:
            _LOG.warning("query %d for %s: %s", attempt, order.client_order_id, error)
        return not self._in_doubt(order)

    def _in_doubt(self, order: Order) -> bool:
        known = self._store.get(order.client_order_id)
        return known is not None and known.status is OrderStatus.IN_DOUBT
