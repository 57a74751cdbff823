"""The private stream in both of the venue's schemes.

Sources: https://github.com/binance-us/binance-us-api-docs/blob/master/user-data-stream.md (listen keys),
https://github.com/binance/binance-spot-api-docs/blob/master/web-socket-api.md (subscription by signature)
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from foxtrot.errors import UnknownSymbol
from foxtrot.model.account import Balance
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Fill, OrderStatus
from foxtrot.model.times import NS_PER_MS
from foxtrot.protocol.calls import Call, Lane
from foxtrot.protocol.codec import Emit, Endpoints, ReadFrame
from foxtrot.protocol.messages import (
    Ack,
    BalanceDelta,
    BalancesChanged,
    Message,
    Nack,
    OrderUpdate,
    StreamEnded,
    Unknown,
)
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.rpc import Sign, signed_params
from foxtrot_binance.codec.weights import weight_of
from foxtrot_binance.mapping import SIDES, TIMES, TYPES, to_status
from foxtrot_binance.messages import private as wire

_FRAME = msgspec.json.Decoder(wire.UserFrame)
_HEAD = msgspec.json.Decoder(wire.EventHead)
_REPORT = msgspec.json.Decoder(wire.ExecutionReport)
_POSITION = msgspec.json.Decoder(wire.AccountPosition)
_CHANGE = msgspec.json.Decoder(wire.BalanceChange)
_LOCK = msgspec.json.Decoder(wire.ExternalLock)
_ENDINGS = frozenset({"listenKeyExpired", "eventStreamTerminated", "serverShutdown"})
# Reports on order lists: each leg has its own execution reports.
_SILENT = frozenset({"listStatus"})
# Answers of a venue that does not know the subscription method, and to a login outside the time window.
_LOGIN_CODES = dict.fromkeys((-1020, -1000, -1016, -1135), "unsupported") | {-1021: "clock"}


class UserEvents:
    """ReadFrame the private events, which are the same in both schemes."""

    def __init__(self, symbols: SymbolTable) -> None:
        self._symbols = symbols

    def reader(self) -> ReadFrame:
        """Return what reads one connection's frames: no frame depends on another."""
        return self.decode

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        """Emit what a frame says; bad bytes become `Unknown`."""
        try:
            message = self._read(data, ts_recv)
        except (msgspec.MsgspecError, UnknownSymbol, KeyError, RecursionError) as error:
            message = Unknown(f"{type(error).__name__}: {error}", data)
        if message is not None:
            emit(message)

    def _read(self, data: bytes, ts_recv: int) -> Message | None:
        frame = _FRAME.decode(data)
        if frame.error is not None and frame.id is not None:
            code = _LOGIN_CODES.get(frame.error.code, str(frame.error.code))
            return Nack(frame.id, code, frame.error.text)
        if frame.status is not None and frame.id is not None:
            return Ack(frame.id)
        payload = bytes(frame.event) or bytes(frame.data) or data
        return self._event(payload, ts_recv)

    def _event(self, payload: bytes, ts_recv: int) -> Message | None:
        head = _HEAD.decode(payload)
        if head.kind == "executionReport":
            return self._order(_REPORT.decode(payload), ts_recv)
        if head.kind == "outboundAccountPosition":
            position = _POSITION.decode(payload)
            balances = tuple(Balance(b.asset, b.free, b.locked) for b in position.balances)
            return BalancesChanged(balances, position.time * NS_PER_MS, ts_recv)
        if head.kind == "balanceUpdate":
            change = _CHANGE.decode(payload)
            return BalanceDelta(change.asset, change.delta, change.time * NS_PER_MS, ts_recv)
        if head.kind == "externalLockUpdate":
            # It moves an amount between free and locked, but not which way round: the balance must be asked for.
            lock = _LOCK.decode(payload)
            return BalanceDelta(lock.asset, ZERO, lock.time * NS_PER_MS, ts_recv)
        if head.kind in _ENDINGS:
            return StreamEnded(head.kind)
        if head.kind in _SILENT:
            return None
        return Unknown(f"unknown private event {head.kind!r}", payload)

    def _order(self, report: wire.ExecutionReport, ts_recv: int) -> OrderUpdate:
        symbol = self._symbols.unified(report.symbol)
        status, reason = to_status(report.status)
        if status is OrderStatus.REJECTED and report.reject_reason != "NONE":
            reason = report.reject_reason
        if status is OrderStatus.EXPIRED:
            reason = report.expiry_reason or reason
        # On a cancel `c` names the cancel request and `C` the order.
        client_order_id = report.original_client_order_id or report.client_order_id
        return OrderUpdate(
            symbol=symbol,
            client_order_id=client_order_id,
            order_id=str(report.order_id),
            status=status,
            side=SIDES.get(report.side),
            type=TYPES.get(report.type),
            quantity=report.quantity or None,
            quote_quantity=report.quote_quantity or None,
            price=report.price or None,
            stop_price=report.stop_price or None,
            iceberg_quantity=report.iceberg_quantity or None,
            time_in_force=TIMES.get(report.time_in_force),
            stp_mode=report.stp_mode,
            filled=report.filled,
            filled_quote=report.filled_quote,
            fills=(_fill(report, symbol, client_order_id),)
            if report.execution == "TRADE" and report.trade_id >= 0
            else (),
            reason=reason,
            ts_created=report.created * NS_PER_MS,
            ts_event=report.time * NS_PER_MS,
            ts_recv=ts_recv,
        )


class ListenKeyScheme(UserEvents):
    """Open by a listen key: valid for 60 minutes, kept alive every 30."""

    name = "listen_key"
    keepalive_interval_s = 1_800.0
    max_life_s = 86_400.0

    def open_call(self) -> Call[str] | None:
        """Ask for a listen key."""
        return _key_call("publicPostUserDataStream", {}, lambda b: msgspec.json.decode(b, type=wire.ListenKey).key)

    def url(self, endpoints: Endpoints, token: str) -> str:
        """Return the key's stream."""
        return f"{endpoints.stream}/ws/{token}"

    def logins(self, now_ms: int, request_id: int, token: str) -> list[bytes]:
        """Return none: the URL holds the key."""
        return []

    def keepalive_call(self, token: str) -> Call[None] | None:
        """Prolong the key."""
        return _key_call("publicPutUserDataStream", {"listenKey": token}, lambda _: None)

    def close_call(self, token: str) -> Call[None] | None:
        """Give the key back."""
        return _key_call("publicDeleteUserDataStream", {"listenKey": token}, lambda _: None)


class SignatureScheme(UserEvents):
    """Open by a signed subscription on the WebSocket API."""

    name = "signature"
    keepalive_interval_s = 3_600.0
    max_life_s = 86_400.0

    def __init__(self, symbols: SymbolTable, api_key: str, sign: Sign) -> None:
        super().__init__(symbols)
        self._api_key = api_key
        self._sign = sign

    def open_call(self) -> Call[str] | None:
        """Return None: there is no token."""
        return None

    def url(self, endpoints: Endpoints, token: str) -> str:
        """Return the WebSocket API's URL."""
        return endpoints.ws_api

    def logins(self, now_ms: int, request_id: int, token: str) -> list[bytes]:
        """Encode the subscription."""
        params = signed_params({}, self._api_key, now_ms, self._sign)
        method = "userDataStream.subscribe.signature"
        return [msgspec.json.encode({"id": request_id, "method": method, "params": params})]

    def keepalive_call(self, token: str) -> Call[None] | None:
        """Return None: the connection itself keeps it alive."""
        return None

    def close_call(self, token: str) -> Call[None] | None:
        """Return None: it ends with the connection."""
        return None


def _key_call(endpoint: str, params: dict[str, str], decode: Callable[[bytes], object]) -> Call:  # type: ignore[type-arg]
    return Call(
        endpoint=endpoint,
        params=params,
        decode=decode,
        weight=weight_of("userDataStream", us=False),
        lane=Lane.RECONCILE,
        signed=True,
    )


def _fill(report: wire.ExecutionReport, symbol: str, client_order_id: str) -> Fill:
    return Fill(
        symbol=symbol,
        order_id=str(report.order_id),
        client_order_id=client_order_id,
        trade_id=str(report.trade_id),
        side=SIDES[report.side],
        price=report.last_price,
        quantity=report.last_quantity,
        quote_quantity=report.last_quote,
        fee=report.fee,
        fee_asset=report.fee_asset or "",
        is_maker=report.is_maker,
        ts_event=report.time * NS_PER_MS,
    )
