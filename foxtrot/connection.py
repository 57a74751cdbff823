"""The life of one exchange's transports: open in order, stay in sync, close without a trace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from foxtrot.config import Credentials
from foxtrot.errors import ConnectFailed, FoxtrotError, StateError, UnsupportedError
from foxtrot.io.gateway import RequestGateway
from foxtrot.io.pool import StreamPool
from foxtrot.io.rpc import RpcClient
from foxtrot.io.user_stream import UserStream
from foxtrot.io.ws import make_connector
from foxtrot.managers.account import AccountManager
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order import OrderManager
from foxtrot.managers.wiring import Transports, Wiring
from foxtrot.model.events import AdapterState, ChannelName, ChannelStateChanged, ProtocolErrorSeen, StateChanged
from foxtrot.ports import Environment, LinkContext, RequestClient, VenueAccess, VenueLink, WsConnector
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.messages import BalanceDelta, BalancesChanged, BookSnapshot, Message, OrderUpdate, Unknown

_LOG = logging.getLogger("foxtrot.connection")
_CLOSE_S = 5.0


class ChannelHealth(msgspec.Struct, frozen=True):
    """State whether a channel is up, why, and since when (ns UTC)."""

    up: bool
    reason: str
    since: int


class Health(msgspec.Struct, frozen=True):
    """State how a connection is: the whole, and each channel used so far by name."""

    exchange: str
    state: AdapterState
    channels: dict[str, ChannelHealth]


class Connection:
    """Own everything that exists between connect and disconnect.

    Opening is all or nothing: after a failure every transport, task and embedded venue is closed again.
    """

    def __init__(
        self,
        wiring: Wiring,
        environment: Environment,
        credentials: Credentials | None,
        link: Callable[[LinkContext], VenueLink],
        connector: WsConnector | None,
        account: AccountManager,
        contracts: ContractManager,
        orders: OrderManager,
    ) -> None:
        self._wiring = wiring
        self._environment = environment
        self._credentials = credentials
        self._link = link
        self._connector = connector or make_connector(wiring.config.transport)
        self._account = account
        self._contracts = contracts
        self._orders = orders
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._channels: dict[ChannelName, ChannelHealth] = {}
        self._watch = wiring.engine.subscribe(ChannelStateChanged, self._on_channel, exchange=wiring.exchange)
        self.state = AdapterState.DISCONNECTED

    def health(self) -> Health:
        """Return the state of the whole and of each channel used so far."""
        channels = {channel.value: health for channel, health in self._channels.items()}
        return Health(self._wiring.exchange, self.state, channels)

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

    async def close(self) -> bool:
        """Close everything; return False when there was nothing to close."""
        if self.state in (AdapterState.DISCONNECTED, AdapterState.CLOSING):
            return False
        self._enter(AdapterState.CLOSING, "disconnect() was called")
        await self._close_all()
        self._enter(AdapterState.DISCONNECTED, "disconnect() was called")
        return True

    # opening

    async def _open_all(self) -> None:
        wiring = self._wiring
        self._closers.append(self._environment.close)
        access = await self._environment.open()
        credentials = self._credentials or access.credentials
        sync = ClockSync()
        link = self._link(
            LinkContext(
                exchange=wiring.exchange,
                access=access,
                credentials=credentials,
                config=wiring.config,
                symbols=wiring.symbols,
                next_seq=wiring.next_seq,
                venue_ms=lambda: sync.venue_ms(wiring.clock.time_ns()),
            )
        )
        wiring.transports = self._transports(link, access, sync, signed_in=credentials is not None)
        await wiring.transports.gateway.synchronise_clock()
        await self._contracts.load()
        self._channel(ChannelName.REST, up=True, reason="contracts loaded")
        self._enter(AdapterState.SYNCING, "contracts loaded")
        if credentials is not None:
            await self._open_user_stream(link, access, sync)
            await self._synchronise()
        self._enter(AdapterState.READY, "synchronised")

    def _transports(self, link: VenueLink, access: VenueAccess, sync: ClockSync, *, signed_in: bool) -> Transports:
        wiring, config = self._wiring, self._wiring.config

        def gateway(client: RequestClient) -> RequestGateway:
            self._closers.append(client.close)
            return RequestGateway(wiring.exchange, client, link.rest, wiring.limiter, sync, wiring.clock, config.retry)

        requests = commands = gateway(link.requests)
        if link.rpc is not None:
            commands = gateway(
                RpcClient(
                    link.rpc,
                    access.endpoints,
                    self._connector,
                    config.transport,
                    lambda: sync.venue_ms(wiring.clock.time_ns()),
                    link.requests,
                )
            )
        streams = StreamPool(
            wiring.exchange,
            link.stream,
            access.endpoints,
            self._connector,
            wiring.clock,
            wiring.publish,
            wiring.next_seq,
            self._fetch_snapshot,
            config.retry,
            config.transport.connect_timeout_s,
        )
        self._closers.append(streams.close)
        return Transports(link.rest, requests, commands, streams, signed_in=signed_in)

    async def _fetch_snapshot(self, symbol: str) -> BookSnapshot:
        wiring = self._wiring
        return await wiring.call(wiring.open().rest.fetch_book_snapshot(wiring.contract(symbol)))

    async def _open_user_stream(self, link: VenueLink, access: VenueAccess, sync: ClockSync) -> None:
        """Open the private stream by the first scheme that the venue knows. Raises what the last one raised."""
        refusal: UnsupportedError | None = None
        for scheme in link.user_streams:
            stream = UserStream(
                scheme,
                access.endpoints,
                self._connector,
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
                return
        if refusal is not None:
            raise refusal

    async def _synchronise(self) -> None:
        """Bring balances and open orders in line with the venue."""
        await self._account.fetch_balance()
        await self._orders.synchronise()

    # while open

    def _on_message(self, message: Message) -> None:
        if isinstance(message, OrderUpdate):
            self._orders.on_update(message)
        elif isinstance(message, BalancesChanged):
            self._account.on_balances(message)
        elif isinstance(message, BalanceDelta):
            self._wiring.spawn(self._refresh("balances", self._account.fetch_balance))
        elif isinstance(message, Unknown):
            wiring = self._wiring
            now = wiring.clock.time_ns()
            wiring.publish(
                ProtocolErrorSeen(wiring.exchange, "", 0, now, wiring.next_seq(), message.reason, message.data[:200])
            )

    def _on_user_stream(self, up: bool, reason: str) -> None:
        again = up and ChannelName.USER in self._channels
        self._channel(ChannelName.USER, up=up, reason=reason)
        if not up and self.state is AdapterState.READY:
            self._enter(AdapterState.DEGRADED, reason)
        elif again:
            self._wiring.spawn(self._recover())

    async def _recover(self) -> None:
        """Become READY again only when account and orders have been compared after the gap."""
        self._enter(AdapterState.SYNCING, "the user stream is back")
        if await self._refresh("account and orders", self._synchronise):
            self._enter(AdapterState.READY, "synchronised")
        else:
            self._enter(AdapterState.DEGRADED, "the account could not be compared")

    async def _refresh(self, what: str, read: Callable[[], Awaitable[object]]) -> bool:
        try:
            await read()
        except FoxtrotError as error:
            _LOG.warning("%s: %s could not be read: %s", self._wiring.exchange, what, error)
            return False
        return True

    # closing

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
        self._wiring.transports = None
        self._channels.clear()

    # states

    def _enter(self, state: AdapterState, reason: str) -> None:
        if state is self.state:
            return
        old, self.state = self.state, state
        wiring = self._wiring
        now = wiring.clock.time_ns()
        wiring.publish(StateChanged(wiring.exchange, "", 0, now, wiring.next_seq(), old, state, reason))

    def _channel(self, channel: ChannelName, *, up: bool, reason: str) -> None:
        wiring = self._wiring
        now = wiring.clock.time_ns()
        wiring.publish(ChannelStateChanged(wiring.exchange, "", 0, now, wiring.next_seq(), channel, up, reason))

    def _on_channel(self, event: ChannelStateChanged) -> None:
        self._channels[event.channel] = ChannelHealth(event.up, event.reason, event.ts_recv)
