"""Building what exists between connect and disconnect out of what an adapter hands over."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from foxtrot.config import Credentials
from foxtrot.errors import UnsupportedError
from foxtrot.io.budgets import shared_budget
from foxtrot.io.gateway import RequestGateway
from foxtrot.io.pool import StreamPool
from foxtrot.io.rpc import RpcClient
from foxtrot.io.user_stream import UserStream
from foxtrot.io.ws import make_connector
from foxtrot.keys import fingerprint
from foxtrot.managers.request_watch import RequestWatch
from foxtrot.managers.trade_gaps import TradeGapFiller
from foxtrot.managers.wiring import Transports, Wiring
from foxtrot.model.events import ChannelName, ClockMeasured
from foxtrot.ports import RequestClient, VenueAccess, VenueLink, WsConnector
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.codec import RpcCodec
from foxtrot.protocol.messages import Message
from foxtrot.standing import Standing

_LOG = logging.getLogger("foxtrot.connection")
Closers = list[Callable[[], Awaitable[None]]]


class Assembly:
    """Wire one connection's transports. What must be closed is added to `closers`, in the order of opening."""

    def __init__(
        self,
        wiring: Wiring,
        standing: Standing,
        link: VenueLink,
        access: VenueAccess,
        sync: ClockSync,
        connector: WsConnector | None,
        closers: Closers,
    ) -> None:
        self._wiring = wiring
        self._link = link
        self._access = access
        self._sync = sync
        self._connector = connector or access.connector or make_connector(wiring.config.transport)
        self._closers = closers
        self._standing = standing
        self._watch = RequestWatch(wiring, lambda up, reason: standing.tell(ChannelName.REST, up=up, reason=reason))

    def share_budgets(self, credentials: Credentials | None) -> None:
        """Draw on the budgets of this address and this account together with all others in the process."""
        place = f"{self._wiring.exchange} {self._access.endpoints.rest}"
        key = "" if credentials is None else fingerprint(credentials.api_key.get_secret_value())
        self._wiring.limiter.share(shared_budget(f"address {place}"), shared_budget(f"account {place} {key}"))

    def transports(self, on_listing: Callable[[], None], *, signed_in: bool) -> Transports:
        """Return gateways and streams; `on_listing` hears that contracts have changed."""
        link = self._link
        requests = self._gateway(link.requests, in_order=link.in_order)
        commands = requests if link.rpc is None else self._gateway(self._rpc(link.rpc, requests))
        streams = self._streams(on_listing)
        gaps = TradeGapFiller(self._wiring)
        gaps.begin()
        self._closers.append(gaps.end)
        return Transports(
            link.rest,
            requests,
            commands,
            streams,
            signed_in=signed_in,
            visibility_s=self._wiring.config.orders.visibility_s or link.visibility_s,
            cancel_after=link.cancel_after,
            batch_cancel=link.batch_cancel,
            batch_query=link.batch_query,
        )

    async def user_stream(
        self, on_message: Callable[[Message], None], on_state: Callable[[bool, str], None]
    ) -> UserStream | None:
        """Open the private stream by the first scheme that the venue knows, None where there is no scheme.

        Raises what the last one raised.
        """
        wiring = self._wiring
        refusal: UnsupportedError | None = None
        for scheme in self._link.user_streams:
            stream = UserStream(
                scheme,
                self._access.endpoints,
                self._connector,
                wiring.clock,
                wiring.call,
                self._venue_ms,
                wiring.open().gateway.synchronise_clock,
                on_message,
                on_state,
                wiring.config.retry,
            )
            try:
                await stream.open()
            except UnsupportedError as error:
                _LOG.info("%s does not know the scheme %s: %s", wiring.exchange, scheme.name, error)
                refusal = error
            else:
                self._closers.append(stream.close)
                return stream
        if refusal is not None:
            raise refusal
        return None

    def _gateway(self, client: RequestClient, *, in_order: bool = False) -> RequestGateway:
        wiring = self._wiring
        self._closers.append(client.close)
        made = RequestGateway(
            wiring.exchange,
            client,
            self._link.rest,
            wiring.limiter,
            self._sync,
            wiring.clock,
            wiring.config.retry,
            lambda up, reason: self._watch.on_state(made, up, reason),
            self._on_clock,
            in_order=in_order,
        )
        return made

    def _rpc(self, codec: RpcCodec, requests: RequestGateway) -> RpcClient:
        wiring = self._wiring
        return RpcClient(
            codec,
            self._access.endpoints,
            self._connector,
            wiring.config.transport,
            self._venue_ms,
            requests,
            requests.call_at_once,
            wiring.clock,
            self._on_orders_channel,
            requests.overhear,
        )

    def _on_orders_channel(self, up: bool, reason: str) -> None:
        if self._wiring.transports is not None:
            self._standing.tell(ChannelName.ORDERS, up=up, reason=reason)

    def _streams(self, on_listing: Callable[[], None]) -> StreamPool:
        wiring = self._wiring
        streams = StreamPool(
            wiring.exchange,
            self._link.stream,
            self._access.endpoints,
            wiring.tap.streams(self._connector, wiring.spec, wiring.symbols),
            wiring.clock,
            wiring.publish,
            wiring.next_seq,
            wiring.fetch_snapshot,
            wiring.config.retry,
            wiring.config.transport.connect_timeout_s,
            wiring.engine.publisher,
            on_listing,
        )
        self._closers.append(streams.close)
        return streams

    def _venue_ms(self) -> int:
        return self._sync.venue_ms(self._wiring.clock.time_ns())

    def _on_clock(self) -> None:
        wiring, sync = self._wiring, self._sync
        now = wiring.clock.time_ns()
        offset_ms = sync.offset_ns / 1e6
        wiring.publish(ClockMeasured(wiring.exchange, "", 0, now, wiring.next_seq(), offset_ms, sync.drift_ppm))
