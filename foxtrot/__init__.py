"""foxtrot: plug any exchange into a Python trading system, and be able to prove that the adapter is right.

What stands here is imported when it is first used, so that `import foxtrot` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foxtrot import errors
    from foxtrot.capabilities import Capability, Support
    from foxtrot.config import Credentials, ExchangeConfig
    from foxtrot.engine.bus import EventEngine
    from foxtrot.exchange import BaseExchange
    from foxtrot.factory import ExchangeFactory, get_exchange, register_exchange
    from foxtrot.keys import KeyManager
    from foxtrot.model import events
    from foxtrot.model.order import AmendRequest, Order, OrderRequest, OrderStatus, OrderType, Side, TimeInForce
    from foxtrot.operations.connection import ExchangeConnection
    from foxtrot.operations.orders import OrderOperations

__version__ = "0.1.0"

_HOMES = {
    "errors": "foxtrot.errors",
    "events": "foxtrot.model.events",
    "Capability": "foxtrot.capabilities",
    "Support": "foxtrot.capabilities",
    "Credentials": "foxtrot.config",
    "ExchangeConfig": "foxtrot.config",
    "EventEngine": "foxtrot.engine.bus",
    "BaseExchange": "foxtrot.exchange",
    "ExchangeConnection": "foxtrot.operations.connection",
    "ExchangeFactory": "foxtrot.factory",
    "get_exchange": "foxtrot.factory",
    "register_exchange": "foxtrot.factory",
    "KeyManager": "foxtrot.keys",
    "AmendRequest": "foxtrot.model.order",
    "Order": "foxtrot.model.order",
    "OrderOperations": "foxtrot.operations.orders",
    "OrderRequest": "foxtrot.model.order",
    "OrderStatus": "foxtrot.model.order",
    "OrderType": "foxtrot.model.order",
    "Side": "foxtrot.model.order",
    "TimeInForce": "foxtrot.model.order",
}

__all__ = [
    "AmendRequest",
    "BaseExchange",
    "Capability",
    "Credentials",
    "EventEngine",
    "ExchangeConfig",
    "ExchangeConnection",
    "ExchangeFactory",
    "KeyManager",
    "Order",
    "OrderOperations",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "Side",
    "Support",
    "TimeInForce",
    "errors",
    "events",
    "get_exchange",
    "register_exchange",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'foxtrot' has no attribute {name!r}")
    module = import_module(home)
    value = module if name in ("errors", "events") else getattr(module, name)
    globals()[name] = value  # from now on an ordinary attribute
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
