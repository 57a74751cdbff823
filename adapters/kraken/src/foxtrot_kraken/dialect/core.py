"""The dialect: the embedded venue as a server of the wire protocol, without sockets."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from foxtrot.errors import ConfigError
from foxtrot.model.contract import Contract
from foxtrot.model.order import OrderStatus
from foxtrot.protocol.codec import Endpoints
from foxtrot.sandbox.dialect import TOLD_AS, Close, HttpRequest, HttpResponse, Send, Traits, Trouble, WireSession
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.replay import Record
from foxtrot.sandbox.types import MARKET_ACCOUNT, BalanceReport, Execution, FeeIn, OrderReport, VenueEvent, VenueOrder
from foxtrot.sandbox.venue import Venue
from foxtrot_kraken.dialect import account, history, market_data
from foxtrot_kraken.dialect.books import DEPTHS
from foxtrot_kraken.dialect.capture import CaptureReader
from foxtrot_kraken.dialect.contracts import make_contract
from foxtrot_kraken.dialect.desk import ACCOUNT, Desk
from foxtrot_kraken.dialect.errors import WireError, trouble
from foxtrot_kraken.dialect.gate import Gate
from foxtrot_kraken.dialect.orders_rest import RestTrading
from foxtrot_kraken.dialect.orders_ws import WsTrading
from foxtrot_kraken.dialect.profile import DialectOptions, make_options
from foxtrot_kraken.dialect.sockets import Socket
from foxtrot_kraken.dialect.switch import DeadManSwitch
from foxtrot_kraken.dialect.system import State
from foxtrot_kraken.dialect.trader import Trader
from foxtrot_kraken.dialect.words import WORDS, is_expired
from foxtrot_kraken.servers import HOSTS

_JSON = {"content-type": "application/json; charset=utf-8"}
_PUBLIC_HOST, _PRIVATE_HOST = "ws.kraken.com", "ws-auth.kraken.com"


class KrakenDialect:
    """Answer HTTP requests and WebSocket frames from one venue's truth."""

    def __init__(self, venue: Venue, options: SandboxOptions) -> None:
        self.hosts = HOSTS
        self.words = WORDS
        self.account = ACCOUNT
        self._desk = Desk(venue, options, make_options(options.dialect_options))
        self._gate = Gate(self._desk)
        trader = Trader(self._desk)
        self._switch = DeadManSwitch(self._desk, trader)
        self._ws_trading = WsTrading(self._desk, trader, self._switch)
        trading = RestTrading(trader, self._switch).operations()
        every = (*market_data.OPERATIONS, *account.OPERATIONS, *history.OPERATIONS, *trading)
        self._operations = {operation.path: operation for operation in every}
        self._sockets: dict[Socket, None] = {}
        self._numbers = itertools.count(1)
        venue.default_fee_in = FeeIn.QUOTE
        venue.open_account(ACCOUNT, dict(options.balances))
        venue.listeners.append(self._on_event)

    @property
    def throttled(self) -> int:
        """Return how often a client was refused for rate."""
        return self._desk.limits.refusals

    def order_id(self, number: int) -> str:
        """Return the txid of an order."""
        return self._desk.ids.make("O", number)

    def told_as(self, order: VenueOrder) -> OrderStatus:
        """Return the state that clients are told: only what its own time ends has expired."""
        told = TOLD_AS[order.status]
        return OrderStatus.CANCELED if told is OrderStatus.EXPIRED and not is_expired(order) else told

    def trade_id(self, execution: Execution) -> str:
        """Return the id of an execution."""
        return self._desk.register.trade_id(execution)

    def http(self, request: HttpRequest) -> HttpResponse:
        """Answer one REST request; the status is always 200."""
        operation = self._operations.get(request.path)
        try:
            if operation is None:
                raise WireError("EGeneral:Unknown method")
            return _response({"error": [], "result": self._gate.pass_through(operation, request)})
        except WireError as error:
            return _refused(error)

    def open_socket(self, path: str, query: str, remote: str, send: Send, close: Close) -> WireSession | HttpResponse:
        """Accept a socket at /v2; anything else is answered with 404, and too many attempts with 429."""
        if path.rstrip("/") != "/v2":
            return HttpResponse(status=404, body=b"")
        if not self._desk.limits.connect(remote):
            return HttpResponse(status=429, body=b"")
        number = self._desk.ids.number("connection", next(self._numbers))
        socket = Socket(self._desk, self._ws_trading, number, send, close)
        self._sockets[socket] = None
        return _Registered(socket, self._sockets)

    def tick(self) -> None:
        """Let what is over end, and send what is due."""
        self._desk.venue.expire_due()
        self._switch.tick()
        self._desk.spreads.look()
        for socket in list(self._sockets):
            socket.tick()

    def trouble(self, kind: Trouble) -> HttpResponse:
        """Return the answer by which the venue reports a trouble."""
        return _refused(trouble(kind, self._desk.options))

    def set_system(self, state: State) -> None:
        """Put the whole venue into a state, and tell every client of it."""
        self._desk.system.state = state
        for socket in list(self._sockets):
            socket.tell_system()

    def revoke_key(self) -> None:
        """Refuse the sandbox's key, and the tokens made with it, from now on."""
        self._desk.keys.revoke()
        self._desk.tokens.end_all()

    def end_private_streams(self) -> None:
        """End every private stream: its token is good no more, and its connection is closed."""
        self._desk.tokens.end_all()
        for socket in list(self._sockets):
            socket.end_private()

    def endpoints(self, base: str) -> Endpoints:
        """Return base URLs of a server at `base`, with the venue's own hosts as first path segments."""
        return Endpoints(
            rest=f"http://{base}",
            stream=f"ws://{base}/{_PUBLIC_HOST}/v2",
            ws_api=f"ws://{base}/{_PRIVATE_HOST}/v2",
            redirect=True,
        )

    def records(self, lines: list[str]) -> list[Record]:
        """Read a recorded market of this venue."""
        return list(CaptureReader(self._desk.venue.contracts).read(lines))

    def _on_event(self, event: VenueEvent) -> None:
        if isinstance(event, OrderReport) and event.order.account != MARKET_ACCOUNT:
            self._desk.register.on_report(event)
            if event.execution is not None:
                self._desk.ledgers.on_trade(event.execution)
        elif isinstance(event, BalanceReport) and event.transfers:
            self._desk.ledgers.on_transfers(event)
        for socket in list(self._sockets):
            socket.on_event(event)


class _Registered:
    """Forget a socket when its client is gone."""

    def __init__(self, socket: Socket, sockets: dict[Socket, None]) -> None:
        self._socket = socket
        self._sockets = sockets

    def receive(self, text: str) -> None:
        self._socket.receive(text)

    def closed(self) -> None:
        self._sockets.pop(self._socket, None)
        self._socket.closed()


class KrakenDialectFactory:
    """Open the dialect."""

    options_model = DialectOptions
    # The sandbox's account is of the highest tier.
    traits = Traits(
        symbols=("BTC/USD", "ETH/USDT"),
        intervals=("1m", "5m", "15m", "30m", "1h", "4h", "1d"),
        newest_candles=720,
        judges_clock=False,
        partial_depths=DEPTHS,
        whole_partials=False,
        checksums=10,
        heartbeat='"channel":"heartbeat"',
        tells_locked=False,
        carried={"ticker": "quotes"},
        orders_over="ws",
        options={"tier": "pro"},
        announces_listing=True,
        dear_cancels=True,
    )

    def contracts(self, options: SandboxOptions) -> list[Contract]:
        """Return the sandbox's contracts. Raises ConfigError for a malformed symbol, an unknown option or profile."""
        if options.profile != "current":
            raise ConfigError(
                f"There is no profile {options.profile!r} of this venue; it is current.", problems=["sandbox.profile"]
            )
        chosen = make_options(options.dialect_options)
        return [make_contract(symbol, chosen) for symbol in dict.fromkeys(options.symbols)]

    def open(self, venue: Venue, options: SandboxOptions) -> KrakenDialect:
        """Return the dialect over a venue made of these contracts. Raises ConfigError for a secret without base64."""
        return KrakenDialect(venue, options)


def _response(body: Any) -> HttpResponse:
    return HttpResponse(status=200, body=msgspec.json.encode(body), headers=_JSON)


def _refused(error: WireError) -> HttpResponse:
    return _response({"error": [error.text]})


KRAKEN_DIALECT = KrakenDialectFactory()
