"""What the gateway told of each order, beyond the life of one connection."""

from __future__ import annotations

import threading
import time

from foxtrot.gateway.constants import Offset
from foxtrot.gateway.objects import OrderData
from foxtrot.model.times import NS_PER_MS
from foxtrot.protocol.client_ids import ClientIdFactory

_KEPT_DONE = 10_000
_gate = threading.Lock()
_latest = 0


class OrderRecords:
    """Keep the last state told of each order; of finished ones the latest 10,000. Lives on the gateway's loop."""

    def __init__(self) -> None:
        self._told: dict[str, OrderData] = {}
        self._done: dict[str, None] = {}

    def get(self, orderid: str) -> OrderData | None:
        """Return what was told last, None for an order that nothing was told of."""
        return self._told.get(orderid)

    def active(self) -> list[OrderData]:
        """Return the orders that can still trade as far as was told, oldest first."""
        return [data for data in self._told.values() if data.is_active()]

    def terms(self, orderid: str) -> tuple[Offset, str]:
        """Return what only the user knows of an order: offset and reference."""
        data = self._told.get(orderid)
        return (Offset.NONE, "") if data is None else (data.offset, data.reference)

    def take(self, data: OrderData) -> bool:
        """Remember a state; return False when it is what was told last."""
        before = self._told.get(data.orderid)
        if before is not None and _visible(before) == _visible(data):
            return False
        self._told[data.orderid] = data
        if not data.is_active():
            self._done[data.orderid] = None
            while len(self._done) > _KEPT_DONE:
                oldest = next(iter(self._done))
                del self._done[oldest], self._told[oldest]
        return True


class OrderIds:
    """Give out client order ids, from any thread; no two gateways of a process share one."""

    def __init__(self, gateway: str, pattern: str) -> None:
        self._factory = ClientIdFactory(gateway, _token(), pattern)
        self._gate = threading.Lock()

    def next(self) -> str:
        """Return an id that was never given out."""
        with self._gate:
            return self._factory.next()


def _token() -> int:
    """Return the time in ms, never the same twice."""
    global _latest
    with _gate:
        _latest = max(time.time_ns() // NS_PER_MS, _latest + 1)
        return _latest


def _visible(data: OrderData) -> tuple[object, ...]:
    """Return what a user can see of an order; not its time, which is first our clock's and then the venue's."""
    fields = [value for name, value in vars(data).items() if name not in ("datetime", "extra")]
    extra = data.extra or {}
    return (*fields, extra.get("reason"), extra.get("error"))
