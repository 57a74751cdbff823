"""The floor: picows' callback, one typed decode of the frame, a callback from a table; for books a dict each side.

There are no gap checks, no sequence numbers, no reconnecting, no events. The floor asks each frame for its type, as a
listener does that knows no better; `open_unasked` takes what is longer than a control frame may be for a message, and
nothing less than that can give a user typed values of these bytes from Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import picows
from wire_frames import BASES, SUFFIXES
from wire_meter import Meter

from foxtrot.protocol.amounts import Figure
from foxtrot_binance.messages.streams import StreamDepth

_TEXT = picows.WSMsgType.TEXT
_MAX_CONTROL = 125


class StreamTrade(msgspec.Struct, frozen=True, gc=False):
    """A trade with the symbol that the table is asked for."""

    symbol: str = msgspec.field(name="s")
    trade_id: int = msgspec.field(name="t")
    price: Figure = msgspec.field(name="p")
    quantity: Figure = msgspec.field(name="q")
    time: int = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class StreamQuote(msgspec.Struct, frozen=True, gc=False):
    """A quote with its symbol."""

    update_id: int = msgspec.field(name="u")
    symbol: str = msgspec.field(name="s")
    bid: Figure = msgspec.field(name="b")
    bid_quantity: Figure = msgspec.field(name="B")
    ask: Figure = msgspec.field(name="a")
    ask_quantity: Figure = msgspec.field(name="A")


_STRUCTS = {"trade": StreamTrade, "quote": StreamQuote, "depth": StreamDepth}


class FloorBook:
    """Keep levels in a dict each side and the best prices beside them."""

    def __init__(self) -> None:
        self.bids = {(6_000_000 - level - 1) / 100: 1.0 for level in range(500)}
        self.asks = {(6_000_000 + level + 1) / 100: 1.0 for level in range(500)}
        self.best_bid, self.best_ask = max(self.bids), min(self.asks)

    def apply(self, diff: StreamDepth) -> None:
        """Set the levels."""
        bids, asks = self.bids, self.asks
        for price, quantity in diff.bids:
            if quantity:
                bids[price] = quantity
                if price > self.best_bid:
                    self.best_bid = price
            elif bids.pop(price, None) is not None and price == self.best_bid:
                self.best_bid = max(bids)
        for price, quantity in diff.asks:
            if quantity:
                asks[price] = quantity
                if price < self.best_ask:
                    self.best_ask = price
            elif asks.pop(price, None) is not None and price == self.best_ask:
                self.best_ask = min(asks)


class _Listener(picows.WSListener):
    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        pass

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is _TEXT:
            self._take(frame.get_payload_as_bytes())


class _Unasking(_Listener):
    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        if len(data) > _MAX_CONTROL or frame.msg_type is _TEXT:
            self._take(data)


def _booked(handler: Callable[[Any], None]) -> Callable[[Any], None]:
    book = FloorBook()

    def take(diff: StreamDepth) -> None:
        book.apply(diff)
        handler(diff)

    return take


def _taker(kind: str, combined: bool, handler: Callable[[Any], None]) -> Callable[[bytes], None]:
    struct = _STRUCTS[kind]
    table = {f"{base}USDT": _booked(handler) if kind == "depth" else handler for base in BASES}
    if combined:
        wrapper = msgspec.defstruct("Wrapped", [("data", struct)], frozen=True, gc=False)
        decode: Callable[[bytes], Any] = msgspec.json.Decoder(wrapper, strict=False).decode

        def take(data: bytes) -> None:
            payload = decode(data).data
            table[payload.symbol](payload)

        return take
    bare = msgspec.json.Decoder(struct, strict=False).decode

    def take_bare(data: bytes) -> None:
        payload = bare(data)
        table[payload.symbol](payload)

    return take_bare


async def open_floor(
    kind: str,
    where: dict[str, Any],
    meter: Meter,
    *,
    paced: bool,
    combined: bool = True,
    listener: type[_Listener] = _Listener,
) -> Any:
    """Connect and return what must be kept alive."""

    def stamped(trade: Any) -> None:
        meter.stamped(trade.time)

    take = _taker(kind, combined, stamped if paced else meter.one)
    names = "/".join(f"{base.lower()}usdt@{SUFFIXES[kind]}" for base in BASES)
    url = f"{where['stream']}/{'stream' if combined else 'ws'}?streams={names}"
    return await picows.ws_connect(lambda: listener(take), url)


async def open_unasked(kind: str, where: dict[str, Any], meter: Meter, *, paced: bool) -> Any:
    """Connect without asking frames for their types."""
    return await open_floor(kind, where, meter, paced=paced, listener=_Unasking)


async def open_plain(kind: str, where: dict[str, Any], meter: Meter, *, paced: bool) -> Any:
    """Connect without the combined stream's wrapping: less bytes, less to decode."""
    return await open_floor(kind, where, meter, paced=paced, combined=False)
