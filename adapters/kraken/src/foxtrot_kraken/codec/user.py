"""The private stream: executions and balances on the authenticated WebSocket.

Sources: https://docs.kraken.com/api/docs/websocket-v2/executions and balances
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot import adapting as fx
from foxtrot_kraken.codec.calls import private_call
from foxtrot_kraken.mapping import SIDES, STATES, TIMES, to_type
from foxtrot_kraken.messages.private import Token
from foxtrot_kraken.messages.streams import Execution, Frame, LedgerEntry, Trigger

_FRAME = msgspec.json.Decoder(Frame)
_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
_EXECUTION = msgspec.json.Decoder(Execution)
_LEDGER = msgspec.json.Decoder(list[LedgerEntry])
_CHANNELS = ("executions", "balances")
_ENDS = frozenset({"filled", "canceled", "expired"})
_SILENT = frozenset({"heartbeat", "status"})
# How a token that is unknown or too old is refused: the first is recorded, the second said to be seen as well.
TOKEN_REFUSED = ("Token(s) not found", "ESession:Invalid session")


def token_call() -> fx.Call[str]:
    """Ask for the token of the authenticated WebSocket."""
    return private_call("GetWebSocketsToken", {}, Token, lambda found: found.token)


class TokenScheme(fx.UserStreamScheme):
    """Subscribe to both private channels with a token, which stays good as long as the subscription lasts.

    How long a connection may live is not stated; to begin anew once a day costs nothing.
    """

    name = "token"

    def __init__(self, symbols: fx.SymbolTable) -> None:
        self._symbols = symbols

    def open_call(self) -> fx.Call[str] | None:
        """Ask for a token."""
        return token_call()

    def logins(self, now_ms: int, request_id: int, token: str) -> list[bytes]:
        """Encode both subscriptions; open orders come first, so that later changes of them can be read."""
        orders = {"channel": "executions", "snap_orders": True, "snap_trades": False, "token": token}
        return [
            msgspec.json.encode({"method": "subscribe", "params": params, "req_id": request_id + place})
            for place, params in enumerate((orders, {"channel": "balances", "token": token}))
        ]

    def reader(self) -> fx.ReadFrame:
        """Return what reads one connection's frames."""
        return UserReader(self._symbols).read


class UserReader(fx.FrameReader):
    """Read one connection's private frames: later ones name what changed only, and each channel counts its own."""

    def __init__(self, symbols: fx.SymbolTable) -> None:
        self._symbols = symbols
        self._sequences = fx.Sequences()
        self._orders = fx.Completed[Execution](
            whole=lambda told: bool(told.symbol), ended=lambda report: report.order_status in _ENDS
        )

    def messages(self, data: bytes, ts_recv: int) -> list[fx.Message]:
        """Return what a frame says; a missing frame ends the stream."""
        frame = _FRAME.decode(data)
        if frame.method:
            return _answer(frame, data)
        if frame.channel in _SILENT:
            return []
        if frame.channel not in _CHANNELS:
            return [fx.Unknown(f"unknown private channel {frame.channel!r}", data)]
        if gap := self._sequences.gap(frame.channel, frame.sequence):
            return [fx.StreamEnded(gap)]
        if frame.channel == "balances":
            return _balances(frame, ts_recv)
        return [self._execution(entry, ts_recv) for entry in _ENTRIES.decode(frame.data)]

    def _execution(self, entry: msgspec.Raw, ts_recv: int) -> fx.Message:
        """Read one entry; what cannot be read holds up none of the others."""
        try:
            told = _EXECUTION.decode(entry)
            return self._order(self._orders.take(told.order_id, told), told, ts_recv)
        except fx.UNREADABLE as error:
            return fx.unreadable(error, bytes(entry))

    def _order(self, whole: Execution, told: Execution, ts_recv: int) -> fx.OrderUpdate:
        status, reason = STATES.read(whole.order_status or "")
        at = fx.moment_ns(told.timestamp)
        contract = self._symbols.contract(whole.symbol or "")
        static = whole.limit_price_type in (None, "static")
        update = fx.OrderUpdate(
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
            reason=told.reason or reason,
            ts_created=at if told.exec_type == "pending_new" else 0,
            ts_event=at,
            ts_recv=ts_recv,
        )
        return _executed(update, told, contract) if told.exec_type == "trade" else update


def _stop_price(trigger: Trigger | None) -> Decimal | None:
    """Return the price that triggers; one that is relative to the market ("pct", "quote") is none."""
    if trigger is None:
        return None
    return (trigger.price if trigger.price_type in (None, "static") else trigger.actual_price) or None


def _executed(update: fx.OrderUpdate, told: Execution, contract: fx.Contract) -> fx.OrderUpdate:
    """Return the update with its execution, of fees in two assets those in quote currency.

    Raises ValueError when it does not say how much at which price.
    """
    quantity, price = told.last_qty, told.last_price
    if quantity is None or price is None or not told.exec_id:
        raise ValueError("an execution without quantity, price or id")
    fees = told.fees or ()
    charged = [fee.asset for fee in fees if fee.qty]
    asset = contract.quote if contract.quote in charged or not charged else charged[0]
    fee = sum((fee.qty for fee in fees if fee.asset == asset), fx.ZERO)
    quote = told.cost if told.cost is not None else price * quantity
    maker = told.liquidity_ind == "m"
    return fx.executed(update, told.exec_id, price, quantity, quote, fee, asset if fees else "", is_maker=maker)


def _balances(frame: Frame, ts_recv: int) -> list[fx.Message]:
    """Return what moved. Only totals are told, holds are not: the balance must be asked for."""
    if frame.type == "snapshot":
        return []
    return [fx.BalanceDelta(e.asset, e.amount, fx.moment_ns(e.timestamp), ts_recv) for e in _LEDGER.decode(frame.data)]


def _answer(frame: Frame, data: bytes) -> list[fx.Message]:
    if frame.method == "pong" or frame.req_id is None:
        return [] if frame.method == "pong" else [fx.Unknown("an answer to nothing", data)]
    if frame.success:
        return [fx.Ack(frame.req_id)]
    text = frame.refusal
    return [fx.Nack(frame.req_id, "token" if text.startswith(TOKEN_REFUSED) else text, text)]
