"""The life of one exchange's transports: open in order, stay in sync, close without a trace."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable

from foxtrot.assembly import Assembly, Closers
from foxtrot.config import Credentials
from foxtrot.engine.journal import Journal, NoJournal
from foxtrot.errors import ConnectFailed, FoxtrotError, StateError
from foxtrot.io.imports import import_aside
from foxtrot.io.user_stream import UserStream
from foxtrot.managers.account import AccountManager
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order import OrderManager
from foxtrot.managers.stream_watch import StreamWatch
from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import (
    AdapterState,
    ChannelName,
    JournalQuarantined,
    ProtocolErrorSeen,
)
from foxtrot.model.health import Health
from foxtrot.model.times import NS_PER_MS
from foxtrot.ports import Environment, LinkContext, VenueAccess, VenueLink, WsConnector
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.messages import BalanceDelta, BalancesChanged, Message, OrderUpdate, Unknown
from foxtrot.standing import Standing

_LOG = logging.getLogger("foxtrot.connection")
_CLOSE_S = 5.0
_CLOCK_S = 600.0
_EVENT_DAYS = 30
_MUTE_S = 5.0  # a private stream that told nothing for so long has not just been overtaken by a query


class Connection:
    """Own everything that exists between connect and disconnect.

    Opening is all or nothing: after a failure every transport, task and embedded venue is closed again.
    """

    def __init__(
        self,
        wiring: Wiring,
        environment: Environment,
        credentials: Credentials | None,
        stream_credentials: Credentials | None,
        link: Callable[[LinkContext], VenueLink],
        imports: tuple[str, ...],
        connector: WsConnector | None,
        contracts: ContractManager,
        orders: OrderManager,
        account: AccountManager,
    ) -> None:
        self._wiring = wiring
        self._environment = environment
        self._credentials = credentials
        self._stream_credentials = stream_credentials
        self._link = link
        self._imports = imports
        self._connector = connector
        self._contracts = contracts
        self._orders = orders
        self._account = account
        self.access: VenueAccess | None = None  # while open
        self._closers: Closers = []
        self._standing = Standing(wiring)
        self._sync = ClockSync()
        self._user_stream: UserStream | None = None
        self._changes = 0  # how often the private stream came or went

    @property
    def state(self) -> AdapterState:
        """Return where in its life the connection is."""
        return self._wiring.state

    def health(self) -> Health:
        """Return the state of the whole and of each channel used so far."""
        wiring, orders = self._wiring, self._orders
        transports, trouble = wiring.transports, orders.journal.trouble
        gateways = [] if transports is None else {transports.gateway, transports.commands}
        return Health(
            exchange=wiring.exchange,
            state=self.state,
            channels={channel.value: health for channel, health in self._standing.channels.items()},
            reasons=tuple(self._standing.weaknesses()),
            requests=sum(gateway.sent for gateway in gateways),
            failures=sum(gateway.failed for gateway in gateways),
            unlisted=sum(gateway.unlisted for gateway in gateways),
            last_answer=max((gateway.last_ok_ns for gateway in gateways), default=0),
            clock_offset_ms=self._sync.offset_ns / 1e6,
            clock_drift_ppm=self._sync.drift_ppm,
            orders_open=len(orders.open()),
            in_doubt=len(orders.in_doubt),
            journal="" if trouble is None else trouble.message,
        )

    async def open(self, timeout_s: float | None) -> None:
        """Bring the connection from DISCONNECTED to READY within `timeout_s`, or leave nothing open and raise."""
        wiring = self._wiring
        if self.state is not AdapterState.DISCONNECTED:
            raise StateError(f"{wiring.exchange} is {self.state.value} already.", exchange=wiring.exchange)
        limit = wiring.config.transport.connect_timeout_s if timeout_s is None else timeout_s
        self._standing.enter(AdapterState.CONNECTING, "connect() was called")
        try:
            async with asyncio.timeout(limit):
                await self._open_all()
        except BaseException as error:
            await self._close_all()
            self._standing.enter(AdapterState.DISCONNECTED, f"connect failed: {error or type(error).__name__}")
            if isinstance(error, TimeoutError):
                raise ConnectFailed(
                    f"{wiring.exchange} could not be connected within {limit:g} s; raise transport.connect_timeout_s "
                    "if the venue is just slow.",
                    exchange=wiring.exchange,
                ) from error
            raise

    async def close(self, *, cancel_orders: bool) -> bool:
        """Close everything; return False when there was nothing to close."""
        if self.state in (AdapterState.DISCONNECTED, AdapterState.CLOSING):
            return False
        self._standing.enter(AdapterState.CLOSING, "disconnect() was called")
        if cancel_orders:
            await self._cancel_orders()
        await self._close_all()
        self._standing.enter(AdapterState.DISCONNECTED, "disconnect() was called")
        return True

    # opening

    async def _open_all(self) -> None:
        wiring = self._wiring
        self._open_journal()
        self._closers.append(self._environment.close)
        access = await self._environment.open()
        if access.http is None:  # in memory, on a clock of its own, nobody is held up
            await import_aside(self._imports)
        credentials = self._credentials or access.credentials
        sync = self._sync = ClockSync()
        link = self._link(
            LinkContext(
                exchange=wiring.exchange,
                access=access,
                credentials=credentials,
                config=wiring.config,
                symbols=wiring.symbols,
                next_seq=wiring.next_seq,
                venue_ms=lambda: sync.venue_ms(wiring.clock.time_ns()),
                own_ms=lambda: wiring.clock.time_ns() // NS_PER_MS,
                stream_credentials=self._stream_credentials,
            )
        )
        self.access = access
        assembly = Assembly(wiring, self._standing, link, access, sync, self._connector, self._closers)
        assembly.share_budgets(credentials)
        wiring.transports = assembly.transports(self._contracts.announced, signed_in=credentials is not None)
        await wiring.transports.gateway.synchronise_clock()
        await self._contracts.load()
        self._standing.tell(ChannelName.REST, up=True, reason="contracts loaded")
        self._standing.enter(AdapterState.SYNCING, "contracts loaded")
        if credentials is not None:
            self._user_stream = await assembly.user_stream(self._on_message, self._on_user_stream)
            await self._compare_first()
            wiring.spawn(self._reconcile_periodically())
        wiring.spawn(self._contracts.keep_current())
        wiring.spawn(self._contracts.follow())
        wiring.spawn(StreamWatch(wiring).run())
        wiring.spawn(self._measure_periodically())
        self._standing.enter_open()

    async def _compare_first(self) -> None:
        """Compare account and orders until the private stream did not come or go meanwhile."""
        self._standing.recovering = True  # by this
        try:
            changes = None
            while changes != self._changes:
                changes = self._changes
                await self._orders.reconcile("connected")
        finally:
            self._standing.recovering = False

    def _open_journal(self) -> None:
        """Take up what an earlier run left. Raises JournalError, JournalBusy."""
        wiring = self._wiring
        path = wiring.config.orders.journal
        if path is None:
            self._orders.recover(NoJournal())
            return
        journal = Journal.open(path)
        self._closers.append(journal.close)
        journal.forget_events(_EVENT_DAYS, wiring.clock.time_ns())
        aside = journal.quarantined
        if aside is not None:
            now, seq = wiring.clock.time_ns(), wiring.next_seq()
            wiring.publish(JournalQuarantined(wiring.exchange, "", 0, now, seq, str(aside.kept), aside.reason))
        self._orders.recover(journal.account(wiring.exchange, wiring.config.account))

    # while open

    def _on_message(self, message: Message) -> None:
        if isinstance(message, OrderUpdate):
            self._orders.on_update(message)
            if not self._wiring.open().rest.habits.streamed_holds:
                self._account.refresh_soon()
        elif isinstance(message, BalancesChanged):
            self._account.on_balances(message)
        elif isinstance(message, BalanceDelta):
            self._account.refresh_soon()
        elif isinstance(message, Unknown):
            wiring = self._wiring
            now = wiring.clock.time_ns()
            wiring.publish(
                ProtocolErrorSeen(wiring.exchange, "", 0, now, wiring.next_seq(), message.reason, message.data[:200])
            )

    def _on_user_stream(self, up: bool, reason: str) -> None:
        standing = self._standing
        begin = up and ChannelName.USER in standing.channels and not standing.recovering and standing.is_open
        standing.recovering = standing.recovering or begin
        self._changes += 1
        self._standing.tell(ChannelName.USER, up=up, reason=reason)
        if begin:
            self._wiring.spawn(self._recover())

    async def _recover(self) -> None:
        """Become READY again only when account and orders have been compared after the last gap."""
        wiring, attempt = self._wiring, 0
        try:
            while self._standing.is_up(ChannelName.USER):
                self._standing.enter(AdapterState.SYNCING, "the user stream is back")
                changes = self._changes
                compared = await self._refresh("account and orders", lambda: self._orders.reconcile("reconnected"))
                if compared and changes == self._changes:
                    self._standing.recovering = False
                    self._standing.enter_open()
                    return
                attempt += 1
                self._standing.enter(AdapterState.DEGRADED, "the account could not be compared")
                retry = wiring.config.retry
                pause = backoff_s(attempt, 1.0, initial_s=retry.reconnect_initial_s, max_s=retry.reconnect_max_s)
                await wiring.clock.sleep(pause)
        finally:
            self._standing.recovering = False

    async def _reconcile_periodically(self) -> None:
        every_s = self._wiring.config.orders.reconcile_interval_s
        while every_s:
            await self._wiring.clock.sleep(every_s)
            if self._standing.is_open and not self._standing.recovering and self._standing.is_up(ChannelName.USER):
                await self._refresh("account and orders", lambda: self._orders.reconcile("periodic"))
                self._judge_user_stream()

    def _judge_user_stream(self) -> None:
        """Have a private stream opened anew that is open, but has not told what has happened."""
        stream, untold = self._user_stream, self._orders.untold
        if untold and stream is not None and stream.silent_s() >= _MUTE_S:
            stream.distrust(f"it said nothing for {stream.silent_s():.0f} s, of {untold} changes")

    async def _measure_periodically(self) -> None:
        while True:
            await self._wiring.clock.sleep(_CLOCK_S)
            await self._refresh("the clock", self._wiring.open().gateway.synchronise_clock)

    async def _refresh(self, what: str, read: Callable[[], Awaitable[object]]) -> bool:
        try:
            await read()
        except FoxtrotError as error:
            _LOG.warning("%s: %s could not be read: %s", self._wiring.exchange, what, error)
            return False
        return True

    # closing

    async def _cancel_orders(self) -> None:
        for order in self._orders.open():
            if not order.external:
                cancel = functools.partial(self._orders.cancel, order.symbol, client_order_id=order.client_order_id)
                await self._refresh(f"the cancel of {order.client_order_id}", cancel)

    async def _close_all(self) -> None:
        """Close in the reverse order of opening; one that fails does not keep the others open."""
        await self._wiring.end_tasks()
        while self._closers:
            close = self._closers.pop()
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await close()
            except (FoxtrotError, OSError, TimeoutError) as error:
                _LOG.warning("%s: something did not close cleanly: %s", self._wiring.exchange, error)
        self._wiring.transports = self._user_stream = self.access = None
        self._standing.channels.clear()
        await self._wiring.end_tasks()  # what the last messages began
