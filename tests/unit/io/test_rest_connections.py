"""REST, through ccxt and by our own client, where there is no whole HTTP: failed connections and half answers."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import ccxt.async_support
import ccxt.pro
import pytest
from pydantic import SecretStr

from foxtrot.config import Credentials, TransportConfig
from foxtrot.errors import AdapterBroken, ConnectFailed, ConnectionLost, CredentialsError, NetworkError, Outcome
from foxtrot.io.http import HttpClient
from foxtrot.io.rest import CcxtRestClient
from foxtrot.io.signed_rest import SignedRestClient
from foxtrot.keys import signer
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints
from foxtrot_binance.codec.http import BinanceHttpCodec
from foxtrot_binance.servers import BINANCEUS

SECRET = "very-secret-canary"


def call(endpoint: str, **params: str) -> Call[Any]:
    return Call(endpoint=endpoint, params=params, decode=json.loads)


class Transport(Protocol):
    """What both transports promise."""

    async def request(self, call: Call[Any]) -> RawResponse: ...
    async def close(self) -> None: ...


Make = Callable[..., Transport]
ALLOWED = frozenset({"privateGetAccount", "privatePostOrder"})


def through_ccxt(endpoints: Endpoints, credentials: Credentials, config: TransportConfig) -> Transport:
    return CcxtRestClient("binanceus", endpoints, credentials, config, allowed=ALLOWED, venue_ms=lambda: 1)


def by_our_own(endpoints: Endpoints, credentials: Credentials, config: TransportConfig) -> Transport:
    codec = BinanceHttpCodec(BINANCEUS, endpoints, "key", lambda: signer(credentials), ALLOWED)
    return SignedRestClient(codec, own=HttpClient(config), venue_ms=lambda: 1)


@pytest.fixture(params=[through_ccxt, by_our_own])
def direct(request: pytest.FixtureRequest) -> Make:
    """Return what makes a client of that very server, which is not redirected."""

    def make(base: str, *, scheme: str = "https", **config: Any) -> Transport:
        made: Transport = request.param(
            Endpoints(rest=f"{scheme}://{base}", stream="wss://x"),
            Credentials(api_key=SecretStr("key"), api_secret=SecretStr(SECRET)),
            TransportConfig(**config),
        )
        return made

    return make


@asynccontextmanager
async def listener(answer: bytes | None) -> AsyncIterator[str]:
    """Accept connections; send `answer` and hang up, or with None stay silent."""
    over = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as listening:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        over.set()


@pytest.mark.parametrize(("connect_s", "request_s"), [(0.2, 0.2), (0.4, 0.1)])
async def test_a_connection_that_is_not_made_in_time_was_not_sent(
    direct: Make, connect_s: float, request_s: float
) -> None:
    async with listener(None) as base:
        rest = direct(base, connect_timeout_s=connect_s, request_timeout_s=request_s)
        with pytest.raises(ConnectFailed, match=f"{base} cannot be reached: no connection in time") as caught:
            await rest.request(call("privatePostOrder", symbol="X"))
        await rest.close()
    assert caught.value.outcome is Outcome.NOT_SENT


async def test_a_server_that_speaks_no_tls_was_not_sent_anything(direct: Make) -> None:
    async with listener(b"junk junk junk") as base:
        rest = direct(base)
        with pytest.raises(ConnectFailed, match=base):
            await rest.request(call("privatePostOrder", symbol="X"))
        await rest.close()


async def test_a_proxy_that_refuses_to_connect_passed_nothing_on_and_its_password_stays_unsaid(direct: Make) -> None:
    async with listener(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n") as proxy:
        rest = direct("venue.invalid", proxy=f"http://user:{SECRET}@{proxy}")
        with pytest.raises(ConnectFailed, match="the proxy refused") as caught:
            await rest.request(call("privatePostOrder", symbol="X"))
        await rest.close()
    assert caught.value.outcome is Outcome.NOT_SENT
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", "cut off"),
        (b"junk\r\n\r\n", "no HTTP"),
        (b"", "hung up"),
    ],
)
async def test_half_an_answer_leaves_the_outcome_unknown_and_says_why(direct: Make, answer: bytes, why: str) -> None:
    async with listener(answer) as base:
        rest = direct(base, scheme="http")
        with pytest.raises(ConnectionLost, match=why) as caught:
            await rest.request(call("privatePostOrder", symbol="X"))
        await rest.close()
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("scheme", "answer", "config"),
    [
        ("https", None, {"connect_timeout_s": 0.1}),
        ("http", b"junk\r\n\r\n", {}),
        ("http", b"", {}),
        ("https", b"", {"proxy": f"user:{SECRET}@nonsense"}),
    ],
    ids=["no connection", "no HTTP", "hung up", "malformed proxy"],
)
async def test_no_traceback_holds_a_signature_or_a_password(
    direct: Make, scheme: str, answer: bytes | None, config: dict[str, Any]
) -> None:
    async with listener(answer) as base:
        rest = direct(base, scheme=scheme, **config)
        with pytest.raises(NetworkError) as caught:
            await rest.request(call("privateGetAccount"))
        await rest.close()
    shown = "".join(traceback.format_exception(caught.value))
    assert "signature=" not in shown
    assert SECRET not in shown


async def test_a_key_that_no_header_can_carry_is_refused_at_once() -> None:
    with pytest.raises(CredentialsError, match="API key holds a line break"):
        CcxtRestClient(
            "binanceus",
            Endpoints(rest="https://x.invalid", stream="wss://x"),
            Credentials(api_key=SecretStr("key\r\nX: 1"), api_secret=SecretStr(SECRET)),
            TransportConfig(),
            allowed=frozenset(),
            venue_ms=lambda: 1,
        )


@pytest.mark.parametrize(
    ("name", "allowed", "said"),
    [
        ("nosuchvenue", frozenset[str](), "nosuchvenue"),
        ("binanceus", frozenset({"publicGetNothing"}), "publicGetNothing"),
    ],
)
async def test_names_that_the_library_does_not_have_are_refused_when_the_adapter_is_built(
    name: str, allowed: frozenset[str], said: str
) -> None:
    endpoints = Endpoints(rest="https://x.invalid", stream="wss://x")
    with pytest.raises(AdapterBroken, match=said):
        CcxtRestClient(name, endpoints, None, TransportConfig(), allowed=allowed, venue_ms=lambda: 1)


def strings(value: object, seen: set[int]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple) and id(value) not in seen:
        seen.add(id(value))
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item, seen)


@pytest.mark.parametrize("name", ["binanceus", "binance", "kraken", "coinbase", "bybit"])
async def test_no_text_anywhere_in_a_redirected_library_names_another_host(name: str) -> None:
    found = await addresses(name)
    assert ("http", "127.0.0.1:7") in found
    assert found <= {("http", "127.0.0.1:7"), ("ws", "127.0.0.1:8")}


async def test_stream_addresses_of_the_library_are_redirected_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt.async_support, "binanceus_with_streams", ccxt.pro.binanceus, raising=False)
    assert await addresses("binanceus_with_streams") == {("http", "127.0.0.1:7"), ("ws", "127.0.0.1:8")}


async def addresses(name: str) -> set[tuple[str, str]]:
    """Return scheme and host of everything in a redirected ccxt instance that looks like a URL."""
    endpoints = Endpoints(rest="http://127.0.0.1:7", stream="ws://127.0.0.1:8", redirect=True)
    rest = CcxtRestClient(name, endpoints, None, TransportConfig(), allowed=frozenset(), venue_ms=lambda: 1)
    texts = list(strings(vars(rest.library), set()))
    await rest.close()
    return {(scheme, host) for text in texts for scheme, host in re.findall(r"(https?|wss?)://([^/]*)", text)}
