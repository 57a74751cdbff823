"""A gateway as vn.py knows it, synchronous and thread-safe, over any exchange of foxtrot's."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import re
import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from foxtrot.config import ExchangeConfig
from foxtrot.errors import ConfigError, FoxtrotError, InvalidRequest, StateError
from foxtrot.gateway.constants import Exchange
from foxtrot.gateway.loop import LoopThread
from foxtrot.gateway.objects import ERROR, BarData, CancelRequest, HistoryRequest, OrderRequest, SubscribeRequest
from foxtrot.gateway.outlet import EventTaker, Outlet
from foxtrot.gateway.records import OrderRecords
from foxtrot.gateway.session import Session
from foxtrot.gateway.settings import DEFAULT_SETTINGS, read_settings
from foxtrot.plugins import default_registry

R = TypeVar("R", SubscribeRequest, OrderRequest, CancelRequest, HistoryRequest)

_NAME = re.compile(r"[^.\s]+")  # a vt_symbol is cut at its dot


class ThreadedAdapter:
    """Trade on one exchange by synchronous calls from any thread; what happens is told as events.

    `exchange` is the venue's name; without one it is the installed adapter that `name` is called after, else the
    preferred one. `config` is foxtrot's own configuration beneath the settings of `connect`. All events come from one
    thread of the adapter's, those of one order in their order.

    Commands (`send_order`, `cancel_order`, `subscribe`, `query_account`, `query_position`) do not raise for what
    happens in trading: a LogData of level ERROR tells it. `connect` and `query_history` raise, because their caller
    waits for an answer. What is no request at all raises InvalidRequest everywhere.
    """

    venue: ClassVar[str] = ""
    default_name: ClassVar[str] = "FOXTROT"
    default_setting: ClassVar[dict[str, Any]] = DEFAULT_SETTINGS

    def __init__(
        self,
        event_engine: EventTaker,
        name: str = "",
        *,
        exchange: str | None = None,
        config: ExchangeConfig | Mapping[str, Any] | None = None,
    ) -> None:
        name = name or self.default_name
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidRequest(f"A gateway's name must be one word without a dot, not {name!r}.", field="name")
        self.event_engine = event_engine
        self.gateway_name = name
        self.exchanges = [Exchange(name)]
        self._outlet = Outlet(event_engine, name)
        self._config = config
        self.exchange_name = _chosen(exchange or self.venue, name)
        self._records = OrderRecords()
        self._life = threading.Lock()
        self._loop: LoopThread | None = None
        self._session: Session | None = None
        self._leave: Callable[[], None] | None = None

    def __repr__(self) -> str:
        state = "closed" if self._session is None else "connected"
        return f"<{type(self).__name__} {self.gateway_name} ({self.exchange_name}) {state}>"

    # life

    def connect(self, settings: Mapping[str, Any]) -> bool:
        """Connect; return True once contracts, balances and orders were told and orders are taken.

        Returns False, and says why in a LogData, when that fails or takes longer than the configured time; a later call
        may succeed. Raises ConfigError for wrong settings, StateError when connected already or called on the adapter's
        own thread.
        """
        config = read_settings(settings, self._config)
        self._refuse_own_thread("connect")
        with self._life:
            if self._session is not None:
                raise StateError(f"{self.gateway_name} is connected already; close() it first.")
            return self._open(config)

    def close(self) -> None:
        """Let commands under way end, disconnect, end the thread and wait for it; repeating is harmless.

        Open orders stay open. Raises StateError on the adapter's own thread.
        """
        self._refuse_own_thread("close")
        with self._life:
            session, self._session = self._session, None
            if session is None:
                return
            if self._leave is not None:
                atexit.unregister(self._leave)
            try:
                session.loop.run(session.close)
            finally:
                self._end_loop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # commands

    def subscribe(self, req: SubscribeRequest) -> None:
        """Have the ticks of a symbol told from now on; returns once the venue has confirmed."""
        req = _checked(req, SubscribeRequest)
        self._do("subscribe", lambda session: session.subscribe(req.symbol, req.exchange))

    def send_order(self, req: OrderRequest) -> str:
        """Begin to place an order and return its vt_orderid at once; "" when not connected.

        SUBMITTING is told first, then what became of it. The order id is the client order id.
        """
        req = _checked(req, OrderRequest)
        session = self._session
        if session is None:
            self._not_connected("send_order")
            return ""
        orderid = session.ids.next()
        try:
            session.loop.post(session.orders.send, req, orderid)
        except StateError:
            self._not_connected("send_order")
            return ""
        return f"{self.gateway_name}.{orderid}"

    def cancel_order(self, req: CancelRequest) -> None:
        """Begin to cancel an order; returns at once."""
        req = _checked(req, CancelRequest)
        session = self._session
        if session is None:
            self._not_connected("cancel_order")
            return
        try:
            session.loop.post(session.orders.cancel, req)
        except StateError:
            self._not_connected("cancel_order")

    def query_account(self) -> None:
        """Have the balance of every asset told; returns when that was done."""
        self._do("query_account", lambda session: session.query_account())

    def query_position(self) -> None:
        """Have every position told; returns when that was done. Spot venues have none."""
        self._do("query_position", lambda session: session.query_position())

    def query_history(self, req: HistoryRequest) -> list[BarData]:
        """Return candles, oldest first, finished ones only.

        Raises StateError when not connected or on the adapter's own thread, InvalidRequest, UnknownSymbol, and what the
        venue or the network says.
        """
        req = _checked(req, HistoryRequest)
        session = self._session
        if session is None:
            raise StateError(f"{self.gateway_name} is not connected; call connect() before query_history().")
        return session.loop.run(lambda: session.query_history(req))

    def get_default_setting(self) -> dict[str, Any]:
        """Return all keys that `connect` takes, with what is in force without them."""
        return dict(self.default_setting)

    # inside

    def _open(self, config: ExchangeConfig) -> bool:
        loop = self._loop = LoopThread(self.gateway_name)
        try:
            session = loop.run(lambda: Session.open(loop, self.exchange_name, config, self._outlet, self._records))
        except BaseException as error:
            self._end_loop()
            if not isinstance(error, FoxtrotError):
                raise
            self._outlet.log(f"Not connected: {error.message}", ERROR)
            if isinstance(error, ConfigError):
                raise
            return False
        self._session = session
        self._leave = functools.partial(_close_at_exit, weakref.ref(self))
        atexit.register(self._leave)
        return True

    def _end_loop(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def _do(self, what: str, work: Callable[[Session], Coroutine[Any, Any, None]]) -> None:
        """Run a command and wait for its end; on the adapter's own thread only begin it."""
        session = self._session
        if session is None:
            self._not_connected(what)
            return
        guarded = functools.partial(self._guarded, what, work, session)
        if session.loop.is_current:
            session.orders.begin(guarded())
            return
        try:
            session.loop.run(guarded)
        except StateError:  # closed meanwhile: what the work itself raises is told by `_guarded`
            self._not_connected(what)

    async def _guarded(self, what: str, work: Callable[[Session], Coroutine[Any, Any, None]], session: Session) -> None:
        try:
            await work(session)
        except FoxtrotError as error:
            self._outlet.log(f"{what}: {error.message}", ERROR)

    def _not_connected(self, what: str) -> None:
        self._outlet.log(f"{what}: {self.gateway_name} is not connected; nothing was done.", ERROR)

    def _refuse_own_thread(self, what: str) -> None:
        loop = self._loop
        if loop is not None and loop.is_current:
            raise StateError(
                f"{what}() must not be called from a handler that runs on the adapter's own thread, for which it would "
                "wait; call it from another thread."
            )


def _chosen(asked: str, name: str) -> str:
    """Return the venue: the one asked for, else the one that the gateway is called after, else the preferred one."""
    registry = default_registry()
    if asked:
        return registry.load(asked).name
    called = name.lower()
    return called if called in registry.names() else registry.preferred().name


def _checked(req: object, kind: type[R]) -> R:
    """Return a copy that its sender cannot change any more. Raises InvalidRequest for anything else."""
    if not isinstance(req, kind):
        raise InvalidRequest(
            f"Give a foxtrot.gateway.{kind.__name__}, not a {type(req).__module__}.{type(req).__name__}.", field="req"
        )
    return dataclasses.replace(req)


def _close_at_exit(adapter: weakref.ref[ThreadedAdapter]) -> None:
    """Close an adapter that its program forgot, so that the venue's sockets are not just dropped."""
    living = adapter()
    if living is not None:
        living.close()
