"""The dead-man switch: open orders are canceled unless somebody says in time that all is well."""

from __future__ import annotations

import logging

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest, StateError
from foxtrot.managers.order import OrderManager
from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import DeadManFired

_LOG = logging.getLogger("foxtrot.orders")
_RETRY_S = 1.0
_MANY = 60  # tries to cancel, at most


class DeadManSwitch:
    """Cancel every open order of ours when `feed` was not called for `timeout_s` seconds.

    Where the venue has such a switch, it is set there as well and pulls even when this process, its machine or its
    network is gone; where it has none, the switch lives and dies with this process.
    """

    def __init__(self, wiring: Wiring, orders: OrderManager) -> None:
        self._wiring = wiring
        self._orders = orders
        self._timeout_s = 0.0
        self._fed = 0.0
        self._told_venue = 0.0
        self._round = 0  # each arming has its own watcher

    @property
    def armed(self) -> bool:
        """Tell whether the switch is set."""
        return self._timeout_s > 0

    async def arm(self, timeout_s: float) -> None:
        """Set the switch. Raises InvalidRequest, UnsupportedError, StateError, and what the venue answers."""
        wiring = self._wiring
        wiring.require(Capability.DEAD_MAN_SWITCH)
        if not timeout_s > 0:
            raise InvalidRequest(f"timeout_s must be above 0, not {timeout_s}.", field="timeout_s")
        wiring.open()
        await self._tell_venue(timeout_s)
        self._timeout_s = timeout_s
        self._fed = wiring.clock.monotonic()
        self._round += 1
        wiring.spawn(self._watch(self._round))

    def feed(self) -> None:
        """Say that all is well. Raises StateError when the switch is not set (it may have fired)."""
        if not self.armed:
            raise StateError("The dead-man switch is not set: it was never armed, or it has fired; arm it again.")
        self._fed = self._wiring.clock.monotonic()

    async def disarm(self) -> None:
        """Take the switch back, at the venue too; repeating is harmless."""
        if self.armed:
            self._timeout_s = 0.0
            await self._tell_venue(0.0)

    async def _watch(self, number: int) -> None:
        clock = self._wiring.clock
        while self.armed and number == self._round:
            now = clock.monotonic()
            left = self._fed + self._timeout_s - now
            if left <= 0:
                await self._fire()
                return
            # The venue is told again a few times per period, and only while somebody feeds.
            pause = min(left, self._timeout_s / 4)
            await clock.sleep(pause)
            if self._fed > self._told_venue and self.armed:
                await self._retell()

    async def _retell(self) -> None:
        try:
            await self._tell_venue(self._timeout_s)
        except errors.FoxtrotError as error:
            _LOG.warning("the venue's dead-man switch could not be set anew: %s", error)

    async def _tell_venue(self, timeout_s: float) -> None:
        wiring = self._wiring
        make = wiring.open().cancel_after
        if make is not None:
            self._told_venue = wiring.clock.monotonic()
            await wiring.call(make(timeout_s))

    async def _fire(self) -> None:
        wiring = self._wiring
        timeout_s, self._timeout_s = self._timeout_s, 0.0
        _LOG.error(
            "%s: nobody fed the dead-man switch for %g s; all open orders are canceled", wiring.exchange, timeout_s
        )
        now = wiring.clock.time_ns()
        wiring.publish(DeadManFired(wiring.exchange, "", 0, now, wiring.next_seq(), timeout_s))
        for _ in range(_MANY):
            living = [order for order in self._orders.open() if not order.external]
            if not living:
                return
            for order in living:
                try:
                    await self._orders.cancel(order.symbol, client_order_id=order.client_order_id)
                except errors.FoxtrotError as error:
                    _LOG.warning("%s could not be canceled yet: %s", order.client_order_id, error)
            await wiring.clock.sleep(_RETRY_S)
        _LOG.error("%s: orders are still open after %d rounds of cancels", wiring.exchange, _MANY)
