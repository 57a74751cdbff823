"""The dialect: the embedded venue as a server of the family's wire protocol, without sockets."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import msgspec

from foxtrot.model.contract import Contract
from foxtrot.model.order import OrderStatus
from foxtrot.protocol.codec import Endpoints
from foxtrot.sandbox.dialect import TOLD_AS, Close, HttpRequest, HttpResponse, Send, Traits, Trouble, WireSession
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.replay import Record
from foxtrot.sandbox.types import Execution, VenueEvent, VenueOrder
from foxtrot.sandbox.venue import Venue
from foxtrot_binance.dialect import account, market_data, render, trading
from foxtrot_binance.dialect.capture import read_capture
from foxtrot_binance.dialect.contracts import make_contract
from foxtrot_binance.dialect.desk import ACCOUNT, Desk, rest_payload
from foxtrot_binance.dialect.errors import WireError, trouble
from foxtrot_binance.dialect.gate import Gate
from foxtrot_binance.dialect.params import Params, parse_form
from foxtrot_binance.dialect.profile import DialectOptions, Profile, make_profile
from foxtrot_binance.dialect.request import Operation
from foxtrot_binance.dialect.sockets import Hub, StreamSocket
from foxtrot_binance.dialect.streams import MarketStreams
from foxtrot_binance.dialect.users import UserStreams
from foxtrot_binance.dialect.ws_api import WsApiSocket
from foxtrot_binance.servers import BINANCE, BINANCEUS, Server

_JSON = {"content-type": "application/json;charset=UTF-8"}


class BinanceDialect:
    """Answer HTTP requests and WebSocket frames from one venue's truth."""

    def __init__(self, venue: Venue, options: SandboxOptions, profile: Profile) -> None:
        self.hosts = profile.server.hosts
        self.words = render.WORDS
        self.account = ACCOUNT
        self._desk = Desk(venue, options, profile)
        self._gate = Gate(self._desk)
        self._users = UserStreams(self._desk)
        self._hub = Hub()
        self._streams = MarketStreams(self._desk, self._hub.deliver, self._hub.wanted)
        every = (*market_data.OPERATIONS, *trading.OPERATIONS, *account.OPERATIONS, *self._users.operations())
        listed = [o for o in every if o.only in ("", profile.server.name)]
        self._rest = {(o.method, o.path): o for o in listed}
        self._paths = {o.path for o in listed}
        self._ws: dict[str, Operation] = {o.ws: o for o in listed if o.ws}
        venue.open_account(ACCOUNT, dict(options.balances))
        venue.listeners.append(self._on_event)

    @property
    def throttled(self) -> int:
        """Return how often a client was refused for rate."""
        return self._desk.limits.refusals

    def http(self, request: HttpRequest) -> HttpResponse:
        """Answer one REST request."""
        operation = self._rest.get((request.method, request.path))
        if operation is None:
            return _response(405 if request.path in self._paths else 404, {"code": -1000, "msg": "Not found."})
        key = request.headers.get("x-mbx-apikey")
        body = request.body.decode("utf-8", "replace")
        now = self._desk.now_ms()
        try:
            params = Params(parse_form(request.query, body))
            payload = rest_payload(request.query, body)
            result, account = self._gate.pass_through(operation, params, key, payload, request.remote)
        except WireError as error:
            return self._refused(error, request.remote)
        headers = self._desk.limits.headers(request.remote, account, now, orders=operation.orders > 0)
        return _response(200, result, headers)

    def open_socket(self, path: str, query: str, remote: str, send: Send, close: Close) -> WireSession | HttpResponse:
        """Accept a stream or WS API socket; anything else is answered with 404."""
        asked = parse_qs(query)
        if path == "/ws-api/v3":
            shown = asked.get("returnRateLimits", ["true"])[0] != "false"
            try:
                self._desk.limits.spend(remote, 1 if self._desk.profile.us_weights else 2, self._desk.now_ms())
            except WireError as error:
                return self._refused(error, remote)
            return WsApiSocket(self._desk, self._gate, self._users, self._ws, remote, send, rate_limits=shown)
        if path == "/stream":
            names = [name for text in asked.get("streams", []) for name in text.split("/") if name]
            return self._stream_socket(names, send, close, combined=True)
        if path == "/ws" or path.startswith("/ws/"):
            names = [name for name in path.removeprefix("/ws").split("/") if name]
            return self._stream_socket(names, send, close, combined=False)
        return _response(404, {"code": -1000, "msg": "Not found."})

    def tick(self) -> None:
        """Send what is due."""
        self._streams.tick()
        self._users.tick()

    def order_id(self, number: int) -> str:
        """Return the number as text."""
        return str(number)

    def told_as(self, order: VenueOrder) -> OrderStatus:
        """Return the state that clients are told."""
        return TOLD_AS[order.status]

    def trade_id(self, execution: Execution) -> str:
        """Return the number as text."""
        return str(execution.trade_id)

    def trouble(self, kind: Trouble) -> HttpResponse:
        """Return the answer by which the venue reports a trouble."""
        return self._refused(trouble(kind), "")

    def revoke_key(self) -> None:
        """Refuse the sandbox's key from now on."""
        self._desk.revoke_keys()

    def end_private_streams(self) -> None:
        """End every private stream, with the venue's own message."""
        self._users.end_all()

    def endpoints(self, base: str) -> Endpoints:
        """Return base URLs of a server at `base`; `redirect` keeps the real host as first path segment."""
        return Endpoints(rest=f"http://{base}", stream=f"ws://{base}", ws_api=f"ws://{base}/ws-api/v3", redirect=True)

    def records(self, lines: list[str]) -> list[Record]:
        """Read a recorded market of this family."""
        symbols = {contract.venue_symbol: contract.symbol for contract in self._desk.venue.contracts.values()}
        return list(read_capture(lines, symbols))

    def _refused(self, error: WireError, remote: str) -> HttpResponse:
        headers = self._desk.limits.headers(remote, "", self._desk.now_ms(), orders=False)
        if error.retry_after_ms is not None:
            headers["Retry-After"] = str(-(-error.retry_after_ms // 1_000))
        return _response(error.status, error.body(), headers)

    def _on_event(self, event: VenueEvent) -> None:
        self._streams.on_event(event)
        self._users.on_event(event)

    def _stream_socket(self, names: list[str], send: Send, close: Close, *, combined: bool) -> StreamSocket:
        return StreamSocket(self._desk, self._hub, self._users, names, send, close, combined=combined)


class BinanceDialectFactory:
    """Open the dialect of one venue of the family."""

    options_model = DialectOptions

    def __init__(self, server: Server) -> None:
        self._server = server
        self.traits = Traits(
            symbols=("BTC/USDT", "ETH/USDT"),
            intervals=server.intervals,
            partial_depths=(5, 10, 20),
            # Without listen keys nothing opens the private stream of the earlier generation.
            profiles=("current", "legacy") if "listen_key" in server.user_streams else ("current",),
        )

    def contracts(self, options: SandboxOptions) -> list[Contract]:
        """Return the sandbox's contracts. Raises ConfigError for a malformed symbol or an unknown profile."""
        profile = self._profile(options)
        return [make_contract(symbol, profile) for symbol in dict.fromkeys(options.symbols)]

    def open(self, venue: Venue, options: SandboxOptions) -> BinanceDialect:
        """Return the dialect over a venue made of these contracts."""
        return BinanceDialect(venue, options, self._profile(options))

    def _profile(self, options: SandboxOptions) -> Profile:
        return make_profile(self._server, options.profile, options.dialect_options)


def _response(status: int, body: Any, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status=status, body=msgspec.json.encode(body), headers=_JSON | (headers or {}))


BINANCEUS_DIALECT = BinanceDialectFactory(BINANCEUS)
BINANCE_DIALECT = BinanceDialectFactory(BINANCE)
