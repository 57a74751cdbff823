"""The ways in which orders can be sent."""

from __future__ import annotations

from foxtrot.capabilities import Capability
from foxtrot.spec import AdapterSpec


def by_way(way: str) -> dict[str, str]:
    """Return the adapter's options that send orders that way ("" for its own)."""
    return {"orders_over": way} if way else {}


def ways(spec: AdapterSpec) -> tuple[str, ...]:
    """Return the ways in which orders can be sent; an adapter with both has the option `orders_over` for it."""
    return ("rest", "ws") if spec.capabilities[Capability.ORDERS_OVER_WS].support.usable else ("",)
