"""The private stream: executions and balances on the authenticated WebSocket.

Sources: https://docs.kraken.com/api/docs/websocket-v2/executions and balances
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot.errors import UnknownSymbol
from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Fill
from foxtrot.protocol.calls import Call
from foxtrot.protocol.codec import Emit, Endpoints, ReadFrame
from foxtrot.protocol.messages import Ack, BalanceDelta, Message, Nack, OrderUpdate, StreamEnded, Unknown
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.calls import private_call
from foxtrot_kraken.mapping import SIDES, TIMES, to_ns, to_status, to_type
from foxtrot_kraken.messages.private import Token
from foxtrot_kraken.messages.streams import Control, Execution, LedgerEntry, Trigger, UserFrame

_FRAME = msgspec.json.Decoder(UserFrame)
_CONTROL = msgspec.json.Decoder(Control)
_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
_EXECUTION = msgspec.json.Decoder(Execution)
_LEDGER = msgspec.json.Decoder(list[LedgerEntry])
_CHANNELS = ("executions", "balances")
_ENDS = frozenset({"filled", "canceled", "expired"})
_KEPT = 1_000  # orders that have ended: more may be told of them, as "filled" after the last trade
_UNREADABLE = (msgspec.MsgspecError, UnknownSymbol, KeyError, ValueError, ArithmeticError, RecursionError)
_SILENT = frozenset({"heartbeat", "status"})
# How a token that is unknown or too old is refused: the first is recorded, the second said to be seen as well.
TOKEN_REFUSED = ("Token(s) not found", "ESession:Invalid session")


def token_call() -> Call[str]:
    """Ask for the token of the authenticated WebSocket."""
    return private_call("GetWebSocketsToken", {}, Token, lambda found: found.token)


class TokenScheme:
    """Subscribe to both private channels with a token, which stays good as long as the subscription lasts."""

    name = "token"
    keepalive_interval_s = 86_400.0
    max_life_s = 86_400.0  # not stated; to begin anew once a day costs nothing

    def __init__(self, symbols: SymbolTable) -> None:
        self._symbols = symbols

    def open_call(self) -> Call[str] | None:
        """Ask for a token."""
        return token_call()

    def url(self, endpoints: Endpoints, token: str) -> str:
        """Return the authenticated WebSocket's URL."""
        return endpoints.ws_api

    def logins(self, now_ms: int, request_id: int, token: str) -> list[bytes]:
        """Encode both subscriptions; open orders come first, so that later changes of them can be read."""
        params: tuple[dict[str, object], ...] = (
            {"channel": "executions", "snap_orders": True, "snap_trades": False},
            {"channel": "balances"},
        )
        return [
            msgspec.json.encode({"method": "subscribe", "params": one | {"token": token}, "req_id": request_id + place})
            for place, one in enumerate(params)
        ]

    def keepalive_call(self, token: str) -> Call[None] | None:
        """Return None: the connection itself keeps it alive."""
        return None

    def close_call(self, token: str) -> Call[None] | None:
        """Return None: it ends with the connection."""
        return None

    def reader(self) -> ReadFrame:
        """Return what reads one connection's frames."""
        return UserReader(self._symbols).read


class UserReader:
    """Read one connection's private frames: later ones name what changed only, and each channel counts its own."""

    def __init__(self, symbols: SymbolTable) -> None:
        self._symbols = symbols
        self._orders: dict[str, Execution] = {}  # what is known of each order of this connection
        self._ended: dict[str, Execution] = {}
        self._sequences = dict.fromkeys(_CHANNELS, 0)

    def read(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        """Emit what a frame says; bad bytes become `Unknown`, a missing frame ends the stream."""
        try:
            for message in self._read(data, ts_recv):
                emit(message)
        except _UNREADABLE as error:
            emit(_unknown(error, data))

    def _read(self, data: bytes, ts_recv: int) -> list[Message]:
        frame = _FRAME.decode(data)
        if frame.method:
            return _answer(_CONTROL.decode(data), data)
        if frame.channel in _SILENT:
            return []
        if frame.channel not in _CHANNELS:
            return [Unknown(f"unknown private channel {frame.channel!r}", data)]
        expected, self._sequences[frame.channel] = self._sequences[frame.channel] + 1, frame.sequence
        if frame.sequence not in (0, expected):
            return [StreamEnded(f"{frame.channel} went from {expected - 1} to {frame.sequence}")]
        if frame.channel == "balances":
            return _balances(frame, ts_recv)
        return [self._execution(entry, ts_recv) for entry in _ENTRIES.decode(frame.data)]

    def _execution(self, entry: msgspec.Raw, ts_recv: int) -> Message:
        """Read one entry; what cannot be read holds up none of the others."""
        try:
            told = _EXECUTION.decode(entry)
            return self._order(self._completed(told), told, ts_recv)
        except _UNREADABLE as error:
            return _unknown(error, bytes(entry))

    def _completed(self, told: Execution) -> Execution:
        """Return an execution with what earlier ones have said of the order. Raises KeyError for an unknown one."""
        known = self._orders.get(told.order_id) or self._ended.get(told.order_id)
        if known is None and not told.symbol:
            raise KeyError(f"a change of the order {told.order_id}, of which nothing is known")
        whole = told if known is None else _merged(known, told)
        if whole.order_status in _ENDS:
            self._orders.pop(told.order_id, None)
            self._ended[told.order_id] = whole
            while len(self._ended) > _KEPT:
                del self._ended[next(iter(self._ended))]
        else:
            self._orders[told.order_id] = whole
        return whole

    def _order(self, whole: Execution, told: Execution, ts_recv: int) -> OrderUpdate:
        status, reason = to_status(whole.order_status or "")
        at = to_ns(told.timestamp)
        contract = self._symbols.contract(whole.symbol or "")
        static = whole.limit_price_type in (None, "static")
        return OrderUpdate(
            symbol=contract.symbol,
            client_order_id=whole.cl_ord_id or "",
            order_id=told.order_id,
            status=status,
            side=SIDES.get(whole.side or ""),
            type=to_type(whole.order_type, post_only=bool(whole.post_only)),
            quantity=whole.order_qty or None,
            quote_quantity=whole.cash_order_qty or None,
            price=whole.limit_price or None if static else None,
            stop_price=_stop_price(whole.triggers),
            iceberg_quantity=whole.display_qty or None,
            time_in_force=TIMES.get((whole.time_in_force or "").upper()),
            # What it counts of an order by quote quantity is not stated: the fills tell.
            filled=None if whole.cash_order_qty else told.cum_qty,
            filled_quote=told.cum_cost,
            fills=(_fill(whole, told, contract, at),) if told.exec_type == "trade" else (),
            reason=told.reason or reason,
            ts_created=at if told.exec_type == "pending_new" else 0,
            ts_event=at,
            ts_recv=ts_recv,
        )


def _merged(known: Execution, told: Execution) -> Execution:
    """Return what is known, overridden by what an update names."""
    named = {n: v for n in told.__struct_fields__ if (v := getattr(told, n)) not in (None, "")}
    return msgspec.structs.replace(known, **named)


def _stop_price(trigger: Trigger | None) -> Decimal | None:
    """Return the price that triggers; one that is relative to the market ("pct", "quote") is none."""
    if trigger is None:
        return None
    return (trigger.price if trigger.price_type in (None, "static") else trigger.actual_price) or None


def _fill(whole: Execution, told: Execution, contract: Contract, at: int) -> Fill:
    """Return an execution, of fees in two assets those in quote currency.

    Raises ValueError when it does not say how much at which price, KeyError for an unknown side.
    """
    quantity, price = told.last_qty, told.last_price
    if quantity is None or price is None or not told.exec_id:
        raise ValueError("an execution without quantity, price or id")
    fees = told.fees or ()
    charged = [fee.asset for fee in fees if fee.qty]
    asset = contract.quote if contract.quote in charged or not charged else charged[0]
    return Fill(
        symbol=contract.symbol,
        order_id=told.order_id,
        client_order_id=whole.cl_ord_id or "",
        trade_id=told.exec_id,
        side=SIDES[whole.side or ""],
        price=price,
        quantity=quantity,
        quote_quantity=told.cost if told.cost is not None else price * quantity,
        fee=sum((fee.qty for fee in fees if fee.asset == asset), ZERO),
        fee_asset=asset if fees else "",
        is_maker=told.liquidity_ind == "m",
        ts_event=at,
    )


def _unknown(error: Exception, data: bytes) -> Unknown:
    return Unknown(f"{type(error).__name__}: {error}", data)


def _balances(frame: UserFrame, ts_recv: int) -> list[Message]:
    """Return what moved. Only totals are told, holds are not: the balance must be asked for."""
    if frame.type == "snapshot":
        return []
    return [BalanceDelta(e.asset, e.amount, to_ns(e.timestamp), ts_recv) for e in _LEDGER.decode(frame.data)]


def _answer(control: Control, data: bytes) -> list[Message]:
    if control.method == "pong" or control.req_id is None:
        return [] if control.method == "pong" else [Unknown("an answer to nothing", data)]
    if control.success:
        return [Ack(control.req_id)]
    text = control.refusal
    return [Nack(control.req_id, "token" if text.startswith(TOKEN_REFUSED) else text, text)]
