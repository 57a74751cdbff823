"""The private stream in both of the venue's schemes.

Sources: https://github.com/binance-us/binance-us-api-docs/blob/master/user-data-stream.md (listen keys),
https://github.com/binance/binance-spot-api-docs/blob/master/web-socket-api.md (subscription by signature)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from foxtrot import adapting as fx
from foxtrot_binance.codec.orders import described
from foxtrot_binance.codec.rpc import Sign, signed_params
from foxtrot_binance.codec.weights import weight_of
from foxtrot_binance.mapping import to_status
from foxtrot_binance.messages import private as wire

T = TypeVar("T")
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


class UserEvents(fx.FrameReader, fx.UserStreamScheme):
    """Read the private events, which are the same in both schemes."""

    def __init__(self, symbols: fx.SymbolTable) -> None:
        self._symbols = symbols

    def reader(self) -> fx.ReadFrame:
        """Return what reads one connection's frames: no frame depends on another."""
        return self.read

    def messages(self, data: bytes, ts_recv: int) -> list[fx.Message]:
        """Return what a frame says."""
        frame = _FRAME.decode(data)
        if frame.error is not None and frame.id is not None:
            code = _LOGIN_CODES.get(frame.error.code, str(frame.error.code))
            return [fx.Nack(frame.id, code, frame.error.text)]
        if frame.status is not None and frame.id is not None:
            return [fx.Ack(frame.id)]
        payload = bytes(frame.event) or bytes(frame.data) or data
        kind = _HEAD.decode(payload).kind
        if (read := _READERS.get(kind)) is not None:
            return [read(payload, self._symbols, ts_recv)]
        if kind in _SILENT:
            return []
        return [fx.StreamEnded(kind) if kind in _ENDINGS else fx.Unknown(f"unknown private event {kind!r}", payload)]


def _order(payload: bytes, symbols: fx.SymbolTable, ts_recv: int) -> fx.OrderUpdate:
    report = _REPORT.decode(payload)
    status, reason = to_status(report.status)
    if status is fx.OrderStatus.REJECTED and report.reject_reason != "NONE":
        reason = report.reject_reason
    update = described(report, symbols, (status, reason), report.time, ts_recv)
    if report.execution != "TRADE" or report.trade_id < 0:
        return update
    return fx.executed(
        update,
        str(report.trade_id),
        report.last_price,
        report.last_quantity,
        report.last_quote,
        report.fee,
        report.fee_asset or "",
        is_maker=report.is_maker,
    )


def _position(payload: bytes, symbols: fx.SymbolTable, ts_recv: int) -> fx.BalancesChanged:
    position = _POSITION.decode(payload)
    balances = tuple(fx.Balance(b.asset, b.free, b.locked) for b in position.balances)
    return fx.BalancesChanged(balances, position.time * fx.NS_PER_MS, ts_recv)


def _change(payload: bytes, symbols: fx.SymbolTable, ts_recv: int) -> fx.BalanceDelta:
    change = _CHANGE.decode(payload)
    return fx.BalanceDelta(change.asset, change.delta, change.time * fx.NS_PER_MS, ts_recv)


def _lock(payload: bytes, symbols: fx.SymbolTable, ts_recv: int) -> fx.BalanceDelta:
    # It moves an amount between free and locked, but not which way round: the balance must be asked for.
    lock = _LOCK.decode(payload)
    return fx.BalanceDelta(lock.asset, fx.ZERO, lock.time * fx.NS_PER_MS, ts_recv)


_READERS: dict[str, Callable[[bytes, fx.SymbolTable, int], fx.Message]] = {
    "executionReport": _order,
    "outboundAccountPosition": _position,
    "balanceUpdate": _change,
    "externalLockUpdate": _lock,
}


class ListenKeyScheme(UserEvents):
    """Open by a listen key: valid for 60 minutes, kept alive every 30."""

    name = "listen_key"
    keepalive_interval_s = 1_800.0

    def open_call(self) -> fx.Call[str] | None:
        """Ask for a listen key."""
        return _key_call("publicPostUserDataStream", {}, lambda b: msgspec.json.decode(b, type=wire.ListenKey).key)

    def url(self, endpoints: fx.Endpoints, token: str) -> str:
        """Return the key's stream."""
        return f"{endpoints.stream}/ws/{token}"

    def keepalive_call(self, token: str) -> fx.Call[None] | None:
        """Prolong the key."""
        return _key_call("publicPutUserDataStream", {"listenKey": token}, lambda _: None)

    def close_call(self, token: str) -> fx.Call[None] | None:
        """Give the key back."""
        return _key_call("publicDeleteUserDataStream", {"listenKey": token}, lambda _: None)


class SignatureScheme(UserEvents):
    """Open by a signed subscription on the WebSocket API."""

    name = "signature"

    def __init__(self, symbols: fx.SymbolTable, api_key: str, sign: Sign) -> None:
        super().__init__(symbols)
        self._api_key = api_key
        self._sign = sign

    def logins(self, now_ms: int, request_id: int, token: str) -> list[bytes]:
        """Encode the subscription."""
        params = signed_params({}, self._api_key, now_ms, self._sign)
        method = "userDataStream.subscribe.signature"
        return [msgspec.json.encode({"id": request_id, "method": method, "params": params})]


def _key_call(endpoint: str, params: dict[str, str], decode: Callable[[bytes], T]) -> fx.Call[T]:
    weight = weight_of("userDataStream", us=False)
    return fx.Call(endpoint=endpoint, params=params, decode=decode, weight=weight, lane=fx.Lane.RECONCILE, signed=True)
