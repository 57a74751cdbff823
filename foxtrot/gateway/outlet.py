"""The way out: each data object under vn.py's topics, in the order in which it came."""

from __future__ import annotations

import logging
from typing import Protocol

from foxtrot.engine.bus import EventEngine as CoreEngine
from foxtrot.errors import InvalidRequest
from foxtrot.gateway import engine as topics
from foxtrot.gateway.engine import Event
from foxtrot.gateway.objects import (
    ERROR,
    INFO,
    AccountData,
    BaseData,
    ContractData,
    LogData,
    OrderData,
    PositionData,
    TickData,
    TradeData,
)

_LOG = logging.getLogger("foxtrot.gateway")


class EventTaker(Protocol):
    """What an engine must offer: vn.py's own does, and so does `foxtrot.gateway.EventEngine`."""

    def put(self, event: Event, /) -> object:
        """Take an event from any thread."""
        ...


class Outlet:
    """Put data objects of one gateway on an engine, each under its topic and under that of its own id."""

    def __init__(self, engine: EventTaker, gateway: str) -> None:
        if isinstance(engine, CoreEngine) or not callable(getattr(engine, "put", None)):
            raise InvalidRequest(
                f"event_engine must take events by put(event), as foxtrot.gateway.EventEngine and vn.py's do; a "
                f"{type(engine).__module__}.{type(engine).__name__} does not.",
                field="event_engine",
            )
        self._engine = engine
        self.gateway = gateway

    def tick(self, tick: TickData) -> None:
        """Tell a tick."""
        self._put(topics.EVENT_TICK, tick.vt_symbol, tick)

    def order(self, order: OrderData) -> None:
        """Tell the state of an order."""
        self._put(topics.EVENT_ORDER, order.vt_orderid, order)

    def trade(self, trade: TradeData) -> None:
        """Tell an execution."""
        self._put(topics.EVENT_TRADE, trade.vt_symbol, trade)

    def account(self, account: AccountData) -> None:
        """Tell a balance."""
        self._put(topics.EVENT_ACCOUNT, account.vt_accountid, account)

    def position(self, position: PositionData) -> None:
        """Tell a position."""
        self._put(topics.EVENT_POSITION, position.vt_symbol, position)

    def contract(self, contract: ContractData) -> None:
        """Tell a contract."""
        self._hand(Event(topics.EVENT_CONTRACT, contract))

    def log(self, text: str, level: int = INFO) -> None:
        """Tell a line for the log; errors also go to the standard library's."""
        if level >= ERROR:
            _LOG.error("%s: %s", self.gateway, text)
        self._hand(Event(topics.EVENT_LOG, LogData(self.gateway, text, level)))

    def _put(self, topic: str, key: str, data: BaseData) -> None:
        self._hand(Event(topic, data))
        self._hand(Event(topic + key, data))

    def _hand(self, event: Event) -> None:
        try:
            self._engine.put(event)
        except Exception:  # noqa: BLE001 - somebody else's code, and trading must not stop at it
            _LOG.exception("%s: the event engine did not take %s", self.gateway, event.type)
