"""REST, through ccxt and by our own client: answers come back as they came, and what is not known is no failure."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import pytest
from aiohttp import web
from pydantic import SecretStr

from foxtrot.config import Credentials, TransportConfig
from foxtrot.errors import (
    ConnectFailed,
    ConnectionLost,
    CredentialsError,
    NetworkError,
    Outcome,
    RequestTimeout,
    StateError,
    UnsupportedError,
)
from foxtrot.io.http import HttpClient
from foxtrot.io.rest import CcxtRestClient
from foxtrot.io.signed_rest import SignedRestClient
from foxtrot.keys import Signer, signer
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints
from foxtrot_binance.codec.http import BinanceHttpCodec
from foxtrot_binance.servers import BINANCEUS

SECRET = "very-secret-canary"
ALLOWED = frozenset(
    {"publicGetTime", "privatePostOrder", "privateDeleteOrder", "privateGetAccount", "publicPutUserDataStream"}
)
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


class Transport(Protocol):
    """What both transports promise."""

    @property
    def library(self) -> Any: ...
    async def request(self, call: Call[Any]) -> RawResponse: ...
    async def close(self) -> None: ...


Make = Callable[..., Transport]


def through_ccxt(
    base: str, *, secret: str | None = SECRET, timeout_s: float = 5.0, connect_s: float = 2.0
) -> Transport:
    return CcxtRestClient("binanceus", *_given(base, secret, timeout_s, connect_s), allowed=ALLOWED, venue_ms=at_1234)


def by_our_own(base: str, *, secret: str | None = SECRET, timeout_s: float = 5.0, connect_s: float = 2.0) -> Transport:
    endpoints, credentials, config = _given(base, secret, timeout_s, connect_s)

    def sign() -> Signer:
        assert credentials is not None
        return signer(credentials)

    codec = BinanceHttpCodec(BINANCEUS, endpoints, None if credentials is None else "key", sign, ALLOWED)
    return SignedRestClient(
        codec,
        own=HttpClient(config),
        venue_ms=at_1234,
        library=lambda: CcxtRestClient("binanceus", endpoints, credentials, config, allowed=ALLOWED, venue_ms=at_1234),
    )


def at_1234() -> int:
    return 1_234


def _given(
    base: str, secret: str | None, timeout_s: float, connect_s: float
) -> tuple[Endpoints, Credentials | None, TransportConfig]:
    return (
        Endpoints(rest=f"http://{base}", stream=f"ws://{base}", redirect=True),
        None if secret is None else Credentials(api_key=SecretStr("key"), api_secret=SecretStr(secret)),
        TransportConfig(request_timeout_s=timeout_s, connect_timeout_s=connect_s),
    )


@pytest.fixture(params=[through_ccxt, by_our_own])
def client(request: pytest.FixtureRequest) -> Make:
    made: Make = request.param
    return made


def call(endpoint: str = "publicGetTime", **params: str) -> Call[Any]:
    return Call(endpoint=endpoint, params=params, decode=json.loads)


async def test_parameters_go_out_as_given_signed_at_the_venues_time_and_under_the_real_host(
    server: Server, client: Make
) -> None:
    rest = client(server.base)
    await rest.request(call("privateGetAccount", colour="r d", recvWindow="70"))
    await rest.close()
    ((method, path, query),) = server.requests
    assert (method, path) == ("GET", "/api.binance.us/api/v3/account")
    assert re.fullmatch(r"timestamp=1234&colour=r%20d&recvWindow=70&signature=[0-9a-f]{64}", query)


async def test_no_url_of_a_redirected_library_points_anywhere_else(server: Server, client: Make) -> None:
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


async def test_an_endpoint_that_the_adapter_did_not_list_is_never_called(server: Server, client: Make) -> None:
    rest = client(server.base)
    with pytest.raises(UnsupportedError, match="fapiPrivateV2GetPositionRisk"):
        await rest.request(call("fapiPrivateV2GetPositionRisk"))
    await rest.close()
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "body"), [(200, b""), (200, b'{"trunc'), (502, b"<html>"), (418, b"{}"), (400, b"{}")]
)
async def test_whatever_the_status_the_body_comes_back_untouched(
    server: Server, client: Make, status: int, body: bytes
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={"X-MBX-Used-Weight": "3"})

    server.answer = answer
    rest = client(server.base)
    got = await rest.request(call())
    await rest.close()
    assert (got.status, got.body, got.headers["x-mbx-used-weight"]) == (status, body, "3")


async def test_a_refused_connection_was_not_sent(client: Make) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = f"127.0.0.1:{taken.getsockname()[1]}"
        rest = client(base)
        with pytest.raises(ConnectFailed, match=base) as caught:
            await rest.request(call())
        await rest.close()
    assert caught.value.outcome is Outcome.NOT_SENT


async def test_no_answer_in_time_leaves_the_outcome_unknown(server: Server, client: Make) -> None:
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


async def test_a_cut_connection_leaves_the_outcome_unknown_and_is_not_tried_again(server: Server, client: Make) -> None:
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


async def test_neither_key_nor_signature_is_in_any_error(server: Server, client: Make) -> None:
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


async def test_twenty_requests_at_once_each_get_their_own_answer(server: Server, client: Make) -> None:
    rest = client(server.base)
    answers = await asyncio.gather(*(rest.request(call(n=str(n))) for n in range(20)))
    await rest.close()
    assert [json.loads(a.body)["query"] for a in answers] == [f"n={n}" for n in range(20)]


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize(
    "endpoint", ["privateDeleteOrder", "publicPutUserDataStream", "publicGetTime", "privatePostOrder"]
)
async def test_nothing_is_sent_twice_when_a_kept_connection_breaks(server: Server, client: Make, endpoint: str) -> None:
    rest = client(server.base)
    await rest.request(call())
    server.answer = hang_up
    with pytest.raises(ConnectionLost, match="hung up") as caught:
        await rest.request(call(endpoint, symbol="X"))
    await rest.close()
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(server.requests) == 2


async def test_an_answer_that_only_trickles_comes_to_an_end(server: Server, client: Make) -> None:
    over = asyncio.Event()

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        while not over.is_set():
            try:
                await response.write(b"x")
            except ConnectionError:
                break
            await asyncio.sleep(0)
        return response

    server.answer = trickle
    rest = client(server.base, secret=None, timeout_s=0.2, connect_s=0.2)
    async with asyncio.timeout(2):
        with pytest.raises(RequestTimeout):
            await rest.request(call())
    over.set()
    await rest.close()


async def test_after_close_nothing_is_sent_and_nothing_is_opened_again(server: Server, client: Make) -> None:
    rest = client(server.base)
    await rest.request(call())
    await rest.close()
    with pytest.raises(StateError, match="publicGetTime was not sent"):
        await rest.request(call())
    assert len(server.requests) == 1
    if isinstance(rest, CcxtRestClient):
        assert rest.library.session is None


@pytest.mark.parametrize(
    "secret", [f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----", SECRET + "\ud800", None]
)
async def test_what_cannot_be_signed_is_not_sent_and_the_error_does_not_show_the_secret(
    server: Server, client: Make, secret: str | None
) -> None:
    rest = client(server.base, secret=secret)
    with pytest.raises(CredentialsError, match="order could not be signed") as caught:
        await rest.request(call("privatePostOrder", symbol="X"))
    await rest.close()
    assert caught.value.outcome is Outcome.NOT_SENT
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None  # an encoding error holds the whole text that it could not encode
    assert server.requests == []


async def test_nothing_is_added_to_an_order_but_time_and_signature(server: Server, client: Make) -> None:
    bodies: list[str] = []

    async def keep(request: web.Request) -> web.StreamResponse:
        bodies.append((await request.read()).decode())
        return web.Response(body=b"{}")

    server.answer = keep
    rest = client(server.base)
    await rest.request(
        call("privatePostOrder", symbol="X", newClientOrderId="ft-1", price="0.000000010", recvWindow="70")
    )
    await rest.close()
    assert re.fullmatch(
        r"timestamp=1234&symbol=X&newClientOrderId=ft-1&price=0\.000000010&recvWindow=70&signature=[0-9a-f]{64}",
        bodies[0],
    )
