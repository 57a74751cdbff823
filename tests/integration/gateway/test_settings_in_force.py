"""Each setting of the dictionary does what it says, seen from outside."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from foxtrot.errors import RateLimited, VenueUnavailable
from foxtrot.gateway import Exchange, HistoryRequest, Interval, SubscribeRequest
from foxtrot.gateway.loop import LoopThread
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET

Make = Callable[..., Any]
HISTORY = HistoryRequest("BTCUSDT", Exchange.BINANCE, None, None, Interval.MINUTE)  # type: ignore[arg-type]


class Proxy:
    """A plain HTTP proxy that notes the first line of each request."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.loop = LoopThread("proxy")

        async def start() -> asyncio.Server:
            return await asyncio.start_server(self._serve, "127.0.0.1", 0)

        self._server = self.loop.run(start)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends, copies = [writer], list[asyncio.Task[None]]()
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            line = head.split(b"\r\n", 1)[0].decode()
            self.lines.append(line)
            verb, target, _ = line.split()
            address = urlsplit(target if "://" in target else f"//{target}")
            up_reader, up_writer = await asyncio.open_connection(address.hostname, address.port)
            ends.append(up_writer)
            if verb == "CONNECT":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                up_writer.write(head)
            copies += [asyncio.ensure_future(self._copy(*pair)) for pair in ((reader, up_writer), (up_reader, writer))]
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            for copy in copies:
                copy.cancel()
            for end in ends:
                end.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)

    def stop(self) -> None:
        self.loop.post(self._server.close)
        self.loop.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.stop()


def test_all_traffic_goes_through_the_proxy(make_desk: Make, proxy: Proxy, venue: Any) -> None:
    desk = make_desk()
    desk.connect(**{"Proxy Host": "127.0.0.1", "Proxy Port": str(proxy.port)})
    desk.adapter.subscribe(SubscribeRequest("BTCUSDT", Exchange.BINANCE))
    desk.wait_status(desk.buy(), "NOTTRADED")
    base = venue.sandbox.base
    assert any(line.startswith((f"POST http://{base}/", f"CONNECT {base} ")) for line in proxy.lines)
    sockets = [line for line in proxy.lines if line.startswith((f"CONNECT {base} ", f"GET http://{base}/ws"))]
    assert len(sockets) >= 2  # market data and the account


def test_a_proxy_that_does_not_answer_is_a_failed_connect(make_desk: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    desk = make_desk(transport={"connect_timeout_s": 5.0})
    settings = {"API Key": DEFAULT_KEY, "Secret": DEFAULT_SECRET, "Proxy Host": "127.0.0.1"}
    assert desk.adapter.connect({**settings, "Proxy Port": port}) is False
    assert "cannot be reached" in desk.wait_log("Not connected").msg


@pytest.mark.parametrize(("attempts", "answered"), [(1, False), (2, False), (3, True)])
def test_a_question_is_asked_as_often_as_the_attempts_say(
    make_desk: Make, venue: Any, attempts: int, answered: bool
) -> None:
    desk = make_desk()
    desk.connect(**{"Max Retry Attempts": attempts, "Reconnect Delay": 0.05})
    venue.fault("not_forwardedx2")
    if answered:
        assert desk.adapter.query_history(HISTORY)
    else:
        with pytest.raises(VenueUnavailable):
            desk.adapter.query_history(HISTORY)


def test_a_lost_connection_is_opened_again_not_before_the_reconnect_delay_says(make_desk: Make, venue: Any) -> None:
    desk = make_desk()
    desk.connect(**{"Reconnect Delay": 2.0})  # chance makes it half to the whole of that
    venue.fault("cut")
    desk.adapter.subscribe(SubscribeRequest("BTCUSDT", Exchange.BINANCE))  # a frame, which meets the fault
    lost = desk.wait_log("is degraded")
    back = desk.wait(lambda: next((log for log in desk.logs() if "is ready: all" in log.msg), None))
    assert (back.time - lost.time).total_seconds() >= 1.0


@pytest.mark.parametrize(("buffer", "passes"), [(0, True), ("0.99", False)])
def test_the_buffer_leaves_that_part_of_the_venues_budget_unused(make_desk: Make, buffer: Any, passes: bool) -> None:
    desk = make_desk(retry={"total_timeout_s": 1.0})
    desk.connect(**{"Rate Limit Buffer": buffer})
    last_two = HistoryRequest(
        "BTCUSDT", Exchange.BINANCE, datetime.now(UTC) - timedelta(minutes=2), None, Interval.MINUTE
    )
    asked = contextlib.nullcontext() if passes else pytest.raises(RateLimited, match="no request budget left")
    with asked:
        for _ in range(40):  # a hundredth of the venue's budget is less than that
            desk.adapter.query_history(last_two)
