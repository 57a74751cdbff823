"""The gateway: foxtrot for people who come from vn.py, with its familiar surface and none of its old defects.

    engine = EventEngine()
    adapter = ThreadedAdapter(engine, "DESK", exchange="...")

`<Venue>Adapter` is there for every installed adapter, as a ThreadedAdapter with that exchange preset.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from foxtrot.errors import close_names
from foxtrot.gateway.adapter import ThreadedAdapter
from foxtrot.gateway.constants import Direction, Exchange, Interval, Offset, OrderType, Product, Status
from foxtrot.gateway.engine import (
    EVENT_ACCOUNT,
    EVENT_CONTRACT,
    EVENT_LOG,
    EVENT_ORDER,
    EVENT_POSITION,
    EVENT_TICK,
    EVENT_TIMER,
    EVENT_TRADE,
    Event,
    EventEngine,
)
from foxtrot.gateway.objects import (
    AccountData,
    BarData,
    CancelRequest,
    ContractData,
    HistoryRequest,
    LogData,
    OrderData,
    OrderRequest,
    PositionData,
    SubscribeRequest,
    TickData,
    TradeData,
    extract_vt_symbol,
    generate_vt_symbol,
)
from foxtrot.plugins import default_registry

__all__ = [
    "EVENT_ACCOUNT",
    "EVENT_CONTRACT",
    "EVENT_LOG",
    "EVENT_ORDER",
    "EVENT_POSITION",
    "EVENT_TICK",
    "EVENT_TIMER",
    "EVENT_TRADE",
    "AccountData",
    "BarData",
    "CancelRequest",
    "ContractData",
    "Direction",
    "Event",
    "EventEngine",
    "Exchange",
    "HistoryRequest",
    "Interval",
    "LogData",
    "Offset",
    "OrderData",
    "OrderRequest",
    "OrderType",
    "PositionData",
    "Product",
    "Status",
    "SubscribeRequest",
    "ThreadedAdapter",
    "TickData",
    "TradeData",
    "extract_vt_symbol",
    "generate_vt_symbol",
]

if not TYPE_CHECKING:

    def __getattr__(name):
        venues = _venues()
        if name in venues:
            return _adapter_class(name, venues[name])
        close = close_names(name, [*__all__, *venues])
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise AttributeError(f"module 'foxtrot.gateway' has no attribute {name!r}.{hint}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_venues()})


def _venues() -> dict[str, str]:
    """Return the venue behind each class name; nothing is imported for it."""
    return {_class_name(venue): venue for venue in default_registry().names()}


def _class_name(venue: str) -> str:
    return "".join(part.capitalize() for part in re.split("[^A-Za-z0-9]+", venue)) + "Adapter"


@functools.cache
def _adapter_class(name: str, venue: str) -> type[ThreadedAdapter]:
    text = f"Trade on {venue}; see ThreadedAdapter."
    return type(name, (ThreadedAdapter,), {"__module__": __name__, "__doc__": text, "venue": venue})
