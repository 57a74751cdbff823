"""The life of one exchange's transports: open in order, stay in sync, close without a trace."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable

from foxtrot.config import Credentials
from foxtrot.engine.journal import Journal, NoJournal
from foxtrot.errors import ConnectFailed, FoxtrotError, StateError, UnsupportedError
from foxtrot.io.budgets import shared_budget
from foxtrot.io.gateway import RequestGateway
from foxtrot.io.pool import StreamPool
from foxtrot.io.rpc import RpcClient
from foxtrot.io.user_stream import UserStream
from foxtrot.io.ws import make_connector
from foxtrot.keys import fingerprint
from foxtrot.managers.account import AccountManager
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order import OrderManager
from foxtrot.managers.request_watch import RequestWatch
from foxtrot.managers.stream_watch import StreamWatch
from foxtrot.managers.trade_gaps import TradeGapFiller
from foxtrot.managers.wiring import Transports, Wiring
from foxtrot.model.events import (
    AdapterState,
    ChannelName,
    ChannelStateChanged,
    ClockMeasured,
    JournalQuarantined,
    ProtocolErrorSeen,
    StateChanged,
)
from foxtrot.model.health import ChannelHealth, Health
from foxtrot.model.times import NS_PER_MS
from foxtrot.ports import Environment, LinkContext, RequestClient, VenueAccess, VenueLink, WsConnector
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.messages import BalanceDelta, BalancesChanged, Message, OrderUpdate, Unknown

_LOG = logging.getLogger("foxtrot.connection")
_CLOSE_S = 5.0
_CLOCK_S = 600.0
_EVENT_DAYS = 30
_MUTE_S = 5.0  # a private stream that told nothing for so long has not just been overtaken by a query
_OPEN = (AdapterState.READY, AdapterState.DEGRADED, AdapterState.SYNCING)


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
        self._connector = connector
        self._contracts = contracts
        self._orders = orders
        self._account = account
        self.access: VenueAccess | None = None  # while open
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._channels: dict[ChannelName, ChannelHealth] = {}
        self._sync = ClockSync()
        self._user_stream: UserStream | None = None
        self._recovering = False  # from the return of the private stream until all is compared
        self._changes = 0  # how often the private stream came or went
        self._watch = wiring.engine.subscribe(ChannelStateChanged, self._on_channel, exchange=wiring.exchange)

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
            channels={channel.value: health for channel, health in self._channels.items()},
            reasons=tuple(self._weaknesses()),
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
        self._enter(AdapterState.CONNECTING, "connect() was called")
        try:
            async with asyncio.timeout(limit):
                await self._open_all()
        except BaseException as error:
            await self._close_all()
            self._enter(AdapterState.DISCONNECTED, f"connect failed: {error or type(error).__name__}")
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
        self._enter(AdapterState.CLOSING, "disconnect() was called")
        if cancel_orders:
            await self._cancel_orders()
        await self._close_all()
        self._enter(AdapterState.DISCONNECTED, "disconnect() was called")
        return True

    # opening

    async def _open_all(self) -> None:
        wiring = self._wiring
        self._open_journal()
        self._closers.append(self._environment.close)
        access = await self._environment.open()
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
        self._share_budgets(access, credentials)
        wiring.transports = self._transports(link, access, sync, signed_in=credentials is not None)
        await wiring.transports.gateway.synchronise_clock()
        await self._contracts.load()
        self._channel(ChannelName.REST, up=True, reason="contracts loaded")
        self._enter(AdapterState.SYNCING, "contracts loaded")
        if credentials is not None:
            await self._open_user_stream(link, access, sync)
            await self._compare_first()
            wiring.spawn(self._reconcile_periodically())
        wiring.spawn(self._contracts.keep_current())
        wiring.spawn(self._contracts.follow())
        wiring.spawn(StreamWatch(wiring).run())
        wiring.spawn(self._measure_periodically())
        self._enter_open()

    async def _compare_first(self) -> None:
        """Compare account and orders until the private stream did not come or go meanwhile."""
        self._recovering = True  # by this
        try:
            changes = None
            while changes != self._changes:
                changes = self._changes
                await self._orders.reconcile("connected")
        finally:
            self._recovering = False

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

    def _share_budgets(self, access: VenueAccess, credentials: Credentials | None) -> None:
        """Draw on the budgets of this address and this account together with all others in the process."""
        place = f"{self._wiring.exchange} {access.endpoints.rest}"
        key = "" if credentials is None else fingerprint(credentials.api_key.get_secret_value())
        self._wiring.limiter.share(shared_budget(f"address {place}"), shared_budget(f"account {place} {key}"))

    def _transports(self, link: VenueLink, access: VenueAccess, sync: ClockSync, *, signed_in: bool) -> Transports:
        wiring, config = self._wiring, self._wiring.config
        watch = RequestWatch(wiring, lambda up, reason: self._channel(ChannelName.REST, up=up, reason=reason))

        def gateway(client: RequestClient, *, in_order: bool = False) -> RequestGateway:
            self._closers.append(client.close)
            made = RequestGateway(
                wiring.exchange,
                client,
                link.rest,
                wiring.limiter,
                sync,
                wiring.clock,
                config.retry,
                lambda up, reason: watch.on_state(made, up, reason),
                self._on_clock,
                in_order=in_order,
            )
            return made

        connector = self._connector_for(access)
        requests = commands = gateway(link.requests, in_order=link.in_order)
        if link.rpc is not None:
            commands = gateway(
                RpcClient(
                    link.rpc,
                    access.endpoints,
                    connector,
                    config.transport,
                    lambda: sync.venue_ms(wiring.clock.time_ns()),
                    link.requests,
                    requests.call,
                    wiring.clock,
                )
            )
        streams = StreamPool(
            wiring.exchange,
            link.stream,
            access.endpoints,
            wiring.tap.streams(connector, wiring.spec, wiring.symbols),
            wiring.clock,
            wiring.publish,
            wiring.next_seq,
            wiring.fetch_snapshot,
            config.retry,
            config.transport.connect_timeout_s,
            wiring.engine.publisher,
            self._contracts.announced,
        )
        self._closers.append(streams.close)
        gaps = TradeGapFiller(wiring)
        gaps.begin()
        self._closers.append(gaps.end)
        visibility_s = config.orders.visibility_s or link.visibility_s
        return Transports(
            link.rest,
            requests,
            commands,
            streams,
            signed_in=signed_in,
            visibility_s=visibility_s,
            cancel_after=link.cancel_after,
            batch_cancel=link.batch_cancel,
        )

    def _connector_for(self, access: VenueAccess) -> WsConnector:
        return self._connector or access.connector or make_connector(self._wiring.config.transport)

    async def _open_user_stream(self, link: VenueLink, access: VenueAccess, sync: ClockSync) -> None:
        """Open the private stream by the first scheme that the venue knows. Raises what the last one raised."""
        refusal: UnsupportedError | None = None
        for scheme in link.user_streams:
            stream = UserStream(
                scheme,
                access.endpoints,
                self._connector_for(access),
                self._wiring.clock,
                self._wiring.call,
                lambda: sync.venue_ms(self._wiring.clock.time_ns()),
                self._on_message,
                self._on_user_stream,
                self._wiring.config.retry,
            )
            try:
                await stream.open()
            except UnsupportedError as error:
                _LOG.info("%s does not know the scheme %s: %s", self._wiring.exchange, scheme.name, error)
                refusal = error
            else:
                self._closers.append(stream.close)
                self._user_stream = stream
                return
        if refusal is not None:
            raise refusal

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
        begin = up and ChannelName.USER in self._channels and not self._recovering and self.state in _OPEN
        self._recovering = self._recovering or begin
        self._changes += 1
        self._channel(ChannelName.USER, up=up, reason=reason)
        if not up and self.state in _OPEN:
            # A login is signed with the venue's time: if that is why it failed, the next one must not fail likewise.
            self._wiring.spawn(self._refresh("the clock", self._wiring.open().gateway.synchronise_clock))
        if begin:
            self._wiring.spawn(self._recover())

    async def _recover(self) -> None:
        """Become READY again only when account and orders have been compared after the last gap."""
        wiring, attempt = self._wiring, 0
        try:
            while self._channels[ChannelName.USER].up:
                self._enter(AdapterState.SYNCING, "the user stream is back")
                changes = self._changes
                compared = await self._refresh("account and orders", lambda: self._orders.reconcile("reconnected"))
                if compared and changes == self._changes:
                    self._recovering = False
                    self._enter_open()
                    return
                attempt += 1
                self._enter(AdapterState.DEGRADED, "the account could not be compared")
                retry = wiring.config.retry
                pause = backoff_s(attempt, 1.0, initial_s=retry.reconnect_initial_s, max_s=retry.reconnect_max_s)
                await wiring.clock.sleep(pause)
        finally:
            self._recovering = False

    async def _reconcile_periodically(self) -> None:
        every_s = self._wiring.config.orders.reconcile_interval_s
        while every_s:
            await self._wiring.clock.sleep(every_s)
            if self.state in _OPEN and not self._recovering and self._channels[ChannelName.USER].up:
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

    def _on_clock(self) -> None:
        wiring, sync = self._wiring, self._sync
        now = wiring.clock.time_ns()
        offset_ms = sync.offset_ns / 1e6
        wiring.publish(ClockMeasured(wiring.exchange, "", 0, now, wiring.next_seq(), offset_ms, sync.drift_ppm))

    def _weaknesses(self) -> list[str]:
        return [f"{name.value}: {health.reason}" for name, health in self._channels.items() if not health.up]

    def _enter_open(self) -> None:
        weak = self._weaknesses()
        if weak:
            self._enter(AdapterState.DEGRADED, "; ".join(weak))
        else:
            self._enter(AdapterState.READY, "synchronised")

    def _assess(self) -> None:
        """READY means that everything is up and compared; DEGRADED that it still works, but not wholly."""
        weak = self._weaknesses()
        if weak and self.state is AdapterState.READY:
            self._enter(AdapterState.DEGRADED, "; ".join(weak))
        elif not weak and self.state is AdapterState.DEGRADED and not self._recovering:
            self._enter(AdapterState.READY, "all channels are up")

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
        self._channels.clear()
        await self._wiring.end_tasks()  # what the last messages began

    # states

    def _enter(self, state: AdapterState, reason: str) -> None:
        if state is self.state:
            return
        wiring = self._wiring
        old, wiring.state = wiring.state, state
        if state is AdapterState.SYNCING:
            wiring.synchronised.clear()
        else:
            wiring.synchronised.set()
        now = wiring.clock.time_ns()
        wiring.publish(StateChanged(wiring.exchange, "", 0, now, wiring.next_seq(), old, state, reason))

    def _channel(self, channel: ChannelName, *, up: bool, reason: str) -> None:
        wiring = self._wiring
        now = wiring.clock.time_ns()
        wiring.publish(ChannelStateChanged(wiring.exchange, "", 0, now, wiring.next_seq(), channel, up, reason))

    def _on_channel(self, event: ChannelStateChanged) -> None:
        self._channels[event.channel] = ChannelHealth(event.up, event.reason, event.ts_recv)
        self._assess()
