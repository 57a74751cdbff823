"""Settling doubt: ask the venue by our id, again and again, with growing pauses, until it is known what became of a
command."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable

from foxtrot import errors
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.order import Order, OrderStatus
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.orders import Step

_LOG = logging.getLogger("foxtrot.orders")
_ATTEMPTS = 120  # about 35 minutes; the periodic reconciliation goes on after that
_FIRST_S, _LONGEST_S = 0.5, 20.0
Ask = Callable[[Order], Awaitable[Order]]
Prove = Callable[[Order], Awaitable[bool]]


class DoubtResolver:
    """Ask about each order in doubt until the venue says what it is.

    Any answer settles a placement. "Not found" alone proves nothing, for a venue may show an order late, and a request
    may arrive late: only after `visibility_s`, and when `prove_absent` finds no trace of it, the order never arrived
    and is DENIED. A cancel or an amend in doubt is settled by the order's end, or by its being alive once the venue
    cannot take the command any more. Nothing is ever sent again.
    """

    def __init__(self, wiring: Wiring, store: OrderStore, ask: Ask, prove_absent: Prove) -> None:
        self._wiring = wiring
        self._store = store
        self._ask = ask
        self._prove_absent = prove_absent
        self._chance = random.Random(random.getrandbits(64))
        self._running: set[str] = set()

    def begin(self, order: Order) -> None:
        """Start to settle an order in the background; once per order at a time, never a done one."""
        key = self._store.key(order)
        if not order.status.done and key not in self._running:
            self._running.add(key)
            self._wiring.spawn(self._settle(order, key))

    async def _settle(self, order: Order, key: str) -> None:
        wiring = self._wiring
        since = wiring.clock.monotonic()
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                pause = backoff_s(attempt, self._chance.random(), initial_s=_FIRST_S, max_s=_LONGEST_S)
                await wiring.clock.sleep(pause)
                over = wiring.clock.monotonic() - since >= wiring.open().visibility_s
                latest = self._store.latest(order)
                if latest.status.done or (not order.order_id and latest.order_id):
                    return
                if await self._settled(latest, over=over):
                    return
            _LOG.error("%s %s is still in doubt after %d queries", order.symbol, key, _ATTEMPTS)
        except (errors.AuthenticationError, errors.StateError) as error:
            # Keys revoked, or closed: asking on would be a storm; the next reconciliation takes it up.
            _LOG.error("%s %s stays in doubt: %s", order.symbol, key, error)
        finally:
            self._running.discard(key)

    async def _settled(self, order: Order, *, over: bool) -> bool:
        """Ask once; `over` means that nothing sent before can take effect any more."""
        try:
            answer = await self._ask(order)
        except errors.OrderNotFound:
            return over and not order.order_id and await self._never_arrived(order)
        except (errors.AuthenticationError, errors.StateError):
            raise
        except errors.FoxtrotError as error:
            _LOG.warning("a query for %s: %s", order.client_order_id, error)
            return False
        if answer.status.done or not order.order_id:
            return True
        if over:
            self._store.take(answer, Step.ANSWERED)
        return over

    async def _never_arrived(self, order: Order) -> bool:
        try:
            absent = await self._prove_absent(order)
        except (errors.AuthenticationError, errors.StateError):
            raise
        except errors.FoxtrotError as error:
            _LOG.warning("whether %s ever arrived cannot be told yet: %s", order.client_order_id, error)
            return False
        latest = self._store.latest(order)
        if absent and latest.status is OrderStatus.IN_DOUBT and not latest.order_id:
            reason = f"it never arrived at {order.exchange}: no query, list or trade shows it"
            self._store.end(latest, OrderStatus.DENIED, events.OrderDenied, reason)
        return True
