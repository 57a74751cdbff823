"""A venue that takes orders at once: `python bench/order_stub.py` serves until its input closes.

It has no book and checks nothing: to an order it writes an answer made up beforehand, and to the private streams the
two messages that a venue sends with it, so that what is timed is the client and not the venue's thinking. All other
requests go to the embedded venue's dialect.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import sys
import time
from typing import Any

import msgspec
from children import keep_to
from wire_frames import websocket_frame

import foxtrot_binance.dialect.limits as limits
from foxtrot.plugins import default_registry
from foxtrot.sandbox.dialect import HttpRequest
from foxtrot.sandbox.embedded import make_options
from foxtrot.sandbox.stage import Stage, local_path

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ID = re.compile(rb"newClientOrderId=([^& ]+)")
_LIMITS = (
    b'"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100000,"count":1},'
    b'{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1200,"count":1}]'
)
_HEADERS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-MBX-USED-WEIGHT-1M: 1\r\nX-MBX-ORDER-COUNT-10S: 1\r\n"
)


def order(number: int, name: bytes, status: bytes, at: int) -> bytes:
    """Return an order as the answer to its placement, or to the canceling of all."""
    return (
        b'{"symbol":"BTCUSDT","orderId":%d,"orderListId":-1,"clientOrderId":"%b","origClientOrderId":"%b",'
        b'"transactTime":%d,"price":"55000.01000000","origQty":"0.00100000","executedQty":"0.00000000",'
        b'"origQuoteOrderQty":"0.00000000","cummulativeQuoteQty":"0.00000000","status":"%b","timeInForce":"GTC",'
        b'"type":"LIMIT","side":"BUY","workingTime":%d,"fills":[],"selfTradePreventionMode":"EXPIRE_MAKER"}'
        % (number, name, name, at, status, at)
    )


def report(number: int, name: bytes, status: bytes, at: int) -> bytes:
    """Return the execution report of an order."""
    return (
        b'{"e":"executionReport","E":%d,"s":"BTCUSDT","c":"%b","S":"BUY","o":"LIMIT","f":"GTC","q":"0.00100000",'
        b'"p":"55000.01000000","P":"0.00000000","F":"0.00000000","g":-1,"C":"%b","x":"%b","X":"%b","r":"NONE","i":%d,'
        b'"l":"0.00000000","z":"0.00000000","L":"0.00000000","n":"0","N":null,"T":%d,"t":-1,"I":%d,"w":true,"m":false,'
        b'"M":false,"O":%d,"Z":"0.00000000","Y":"0.00000000","Q":"0.00000000","W":%d,"V":"EXPIRE_MAKER"}'
        % (at, name, name if status == b"CANCELED" else b"", status, status, number, at, number, at, at)
    )


def position(at: int) -> bytes:
    """Return the balances after an order."""
    return (
        b'{"e":"outboundAccountPosition","E":%d,"u":%d,"B":[{"a":"BTC","f":"10.00000000","l":"0.00000000"},'
        b'{"a":"USDT","f":"945.00000000","l":"55.00001000"}]}' % (at, at)
    )


class Stub:
    """What all connections share: open orders, private streams, and the dialect for everything else."""

    def __init__(self) -> None:
        spec = default_registry().load("binanceus")
        stage = Stage(
            make_options({"rate": 0, "symbols": ("BTC/USDT",)}, "binanceus"), spec, time.time_ns, time.monotonic_ns
        )
        self.dialect = stage.dialect
        self.private: dict[Connection, bytes] = {}  # what comes before an event
        self._orders: dict[int, bytes] = {}
        self._placed = 0

    def place(self, name: bytes) -> tuple[bytes, bytes]:
        """Take an order; return the answer and what is to be told."""
        self._placed += 1
        self._orders[self._placed] = name
        at = time.time_ns() // 1_000_000
        return order(self._placed, name, b"NEW", at), report(self._placed, name, b"NEW", at)

    def cancel_all(self) -> tuple[bytes, list[bytes]]:
        """Cancel all orders; return the answer and what is to be told."""
        at, orders = time.time_ns() // 1_000_000, self._orders.items()
        answer = b"[" + b",".join(order(number, name, b"CANCELED", at) for number, name in orders) + b"]"
        told = [report(number, name, b"CANCELED", at) for number, name in orders]
        self._orders = {}
        return answer, told

    def tell(self, reports: list[bytes]) -> None:
        """Tell the private streams, each report with the balances."""
        at = position(time.time_ns() // 1_000_000)
        for connection, before in self.private.items():
            after = b"}" if before else b""
            events = (event for one in reports for event in (one, at))
            connection.write(b"".join(websocket_frame(before + event + after) for event in events))


class Connection(asyncio.Protocol):
    """One connection of a client: requests first, frames after a handshake."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._data = b""
        self._frames = False
        self.write: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = transport.write  # type: ignore[attr-defined]  # a socket's

    def connection_lost(self, error: Exception | None) -> None:
        self._stub.private.pop(self, None)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while self._data and (self._take_frame() if self._frames else self._take_request()):
            pass

    def _take_request(self) -> bool:
        head, found, rest = self._data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", "0"))
        if not found or len(rest) < size:
            return False
        body, self._data = rest[:size], rest[size:]
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        if "sec-websocket-key" in headers:
            self._shake(path, headers["sec-websocket-key"].encode())
        else:
            self._answer(HttpRequest(method=method, path=path, query=query, headers=headers, body=body))
        return True

    def _shake(self, path: str, key: bytes) -> None:
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._frames = True
        if "/ws/" in path:
            self._stub.private[self] = b""

    def _answer(self, request: HttpRequest) -> None:
        stub, path = self._stub, local_path(request.path, self._stub.dialect.hosts) or request.path
        reports: list[bytes] = []
        headers = _HEADERS
        if (request.method, path) == ("POST", "/api/v3/order"):
            found = _ID.search(request.body or request.query.encode())
            answer, told = stub.place(found.group(1) if found else b"none")
            reports = [told]
        elif (request.method, path) == ("DELETE", "/api/v3/openOrders"):
            answer, reports = stub.cancel_all()
        else:
            said = stub.dialect.http(msgspec.structs.replace(request, path=path))
            answer, headers = said.body, b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n" % said.status
        self.write(headers + b"Content-Length: %d\r\n\r\n" % len(answer) + answer)
        stub.tell(reports)

    def _take_frame(self) -> bool:
        data = self._data
        if len(data) < 8:
            return False
        opcode, size, start = data[0] & 0x0F, data[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start])
        mask, end = data[start : start + 4], start + 4 + size
        if len(data) < end:
            return False
        long_mask = (mask * (size // 4 + 1))[:size]
        text = (int.from_bytes(data[start + 4 : end]) ^ int.from_bytes(long_mask)).to_bytes(size)
        self._data = data[end:]
        if opcode == 1:
            self._ask(msgspec.json.decode(text))
        elif opcode in (8, 9):
            self.write(bytes((0x88 if opcode == 8 else 0x8A, size)) + text)
        return True

    def _ask(self, asked: dict[str, Any]) -> None:
        reports: list[bytes] = []
        if asked["method"] == "order.place":
            result, told = self._stub.place(asked["params"].get("newClientOrderId", "none").encode())
            reports = [told]
        elif asked["method"] == "openOrders.cancelAll":
            result, reports = self._stub.cancel_all()
        else:
            self._stub.private[self] = b'{"subscriptionId":0,"event":'
            result = b'{"subscriptionId":0}'
        number = msgspec.json.encode(asked["id"])
        self.write(websocket_frame(b'{"id":%b,"status":200,"result":%b,%b}' % (number, result, _LIMITS)))
        self._stub.tell(reports)


async def main() -> None:
    """Serve on a free port and print it."""
    keep_to(0)
    limits._ORDERS_PER_10S = 100_000
    stub = Stub()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), "127.0.0.1", 0)
    print(json.dumps({"base": f"127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
