"""REST through ccxt: the answer comes back as it came, and what is not known is never called a failure."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from foxtrot.config import Credentials, TransportConfig
from foxtrot.errors import ConnectFailed, ConnectionLost, NetworkError, Outcome, RequestTimeout, UnsupportedError
from foxtrot.io.rest import CcxtRestClient
from foxtrot.protocol.calls import Call
from foxtrot.protocol.codec import Endpoints

SECRET = "very-secret-canary"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A loopback venue that records what it is asked and answers as told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.answer: Answer = self.plain
        self.base = ""

    async def plain(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"path": request.path, "query": request.query_string})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path, request.rel_url.raw_query_string))
        return await self.answer(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.base = f"127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def client(base: str, *, timeout_s: float = 5.0) -> CcxtRestClient:
    return CcxtRestClient(
        "binanceus",
        Endpoints(rest=f"http://{base}", stream=f"ws://{base}", redirect=True),
        Credentials(api_key=SecretStr("key"), api_secret=SecretStr(SECRET)),
        TransportConfig(request_timeout_s=timeout_s, connect_timeout_s=2.0),
        allowed=frozenset({"publicGetTime", "privatePostOrder", "privateGetAccount"}),
        venue_ms=lambda: 1_234,
    )


def call(endpoint: str = "publicGetTime", **params: str) -> Call[Any]:
    return Call(endpoint=endpoint, params=params, decode=json.loads)


async def test_parameters_go_out_as_given_signed_at_the_venues_time_and_under_the_real_host(server: Server) -> None:
    rest = client(server.base)
    await rest.request(call("privateGetAccount", colour="r d", recvWindow="70"))
    await rest.close()
    ((method, path, query),) = server.requests
    assert (method, path) == ("GET", "/api.binance.us/api/v3/account")
    assert re.fullmatch(r"timestamp=1234&colour=r%20d&recvWindow=70&signature=[0-9a-f]{64}", query)


async def test_no_url_of_a_redirected_library_points_anywhere_else(server: Server) -> None:
    rest = client(server.base)
    found = re.findall(r"(?:https?|wss?)://[^/'\"]+", json.dumps(rest.library.urls))
    await rest.close()
    assert len(found) > 10
    assert {url.split("://")[1] for url in found} == {server.base}


async def test_without_redirection_every_url_is_on_the_one_host_of_its_environment() -> None:
    rest = CcxtRestClient(
        "binance",
        Endpoints(rest="https://testnet.example", stream="wss://x"),
        None,
        TransportConfig(),
        allowed=frozenset(),
        venue_ms=lambda: 0,
    )
    urls = re.findall(r"https?://[^/'\"]+", json.dumps(rest.library.urls["api"]))
    await rest.close()
    assert set(urls) == {"https://testnet.example"}


async def test_an_endpoint_that_the_adapter_did_not_list_is_never_called(server: Server) -> None:
    rest = client(server.base)
    with pytest.raises(UnsupportedError, match="fapiPrivateV2GetPositionRisk"):
        await rest.request(call("fapiPrivateV2GetPositionRisk"))
    await rest.close()
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "body"), [(200, b""), (200, b'{"trunc'), (502, b"<html>"), (418, b"{}"), (400, b"{}")]
)
async def test_whatever_the_status_the_body_comes_back_untouched(server: Server, status: int, body: bytes) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={"X-MBX-Used-Weight": "3"})

    server.answer = answer
    rest = client(server.base)
    got = await rest.request(call())
    await rest.close()
    assert (got.status, got.body, got.headers["x-mbx-used-weight"]) == (status, body, "3")


async def test_a_refused_connection_was_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = f"127.0.0.1:{taken.getsockname()[1]}"
        rest = client(base)
        with pytest.raises(ConnectFailed, match=base) as caught:
            await rest.request(call())
        await rest.close()
    assert caught.value.outcome is Outcome.NOT_SENT


async def test_no_answer_in_time_leaves_the_outcome_unknown(server: Server) -> None:
    over = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    server.answer = hang
    rest = client(server.base, timeout_s=0.2)
    with pytest.raises(RequestTimeout) as caught:
        await rest.request(call("privatePostOrder", symbol="X"))
    over.set()
    await rest.close()
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(server.requests) == 1


async def test_a_cut_connection_leaves_the_outcome_unknown_and_is_not_tried_again(server: Server) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    server.answer = cut
    rest = client(server.base)
    with pytest.raises(ConnectionLost) as caught:
        await rest.request(call("privatePostOrder", symbol="X"))
    await rest.close()
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(server.requests) == 1


async def test_neither_key_nor_signature_is_in_any_error(server: Server) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    server.answer = cut
    rest = client(server.base)
    with pytest.raises(NetworkError) as caught:
        await rest.request(call("privateGetAccount"))
    await rest.close()
    assert "signature" not in str(caught.value)
    assert SECRET not in repr(caught.value) + repr(rest)


async def test_twenty_requests_at_once_each_get_their_own_answer(server: Server) -> None:
    rest = client(server.base)
    answers = await asyncio.gather(*(rest.request(call(n=str(n))) for n in range(20)))
    await rest.close()
    assert [json.loads(a.body)["query"] for a in answers] == [f"n={n}" for n in range(20)]
