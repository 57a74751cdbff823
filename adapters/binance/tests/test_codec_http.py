"""Requests are written as ccxt writes them: same paths, same signatures, same headers that matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from pydantic import SecretStr

from foxtrot.config import Credentials, TransportConfig
from foxtrot.errors import CredentialsError, Outcome
from foxtrot.io.rest import CcxtRestClient
from foxtrot.keys import signer
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints
from foxtrot_binance.codec.http import ENDPOINTS, BinanceHttpCodec
from foxtrot_binance.exchange import BinanceExchange, BinanceUsExchange, _allowed
from foxtrot_binance.servers import BINANCE, BINANCEUS, Server

NOW_MS = 1_700_000_000_123
SANDBOX = Endpoints(rest="http://127.0.0.1:7", stream="ws://127.0.0.1:7", redirect=True)
PARAMS = {"symbol": "BTCUSDT", "symbols": '["BTCUSDT","ETH/B TC"]', "note": "a+b~c=ü", "recvWindow": "5000"}
PLAIN = {"recvWindow": "5000", "orderId": "7"}
# ccxt makes up an id for an order without one; every order of ours has one.
OUR_ID = {"newClientOrderId": "ft-1"}


class Capture:
    """An HttpSender that keeps the one request."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, str], bytes]] = []

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> RawResponse:
        kept = {name: value for name, value in headers.items() if name in ("X-MBX-APIKEY", "Content-Type")}
        self.sent.append((method, url, kept, body))
        return RawResponse(200, {}, b"{}")


def pem(key: Any) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made: bytes = key.private_bytes(encoding, form, serialization.NoEncryption())
    return made.decode()


SECRETS = {
    "hmac": "a-secret",
    "ed25519": pem(ed25519.Ed25519PrivateKey.generate()),
    "rsa": pem(rsa.generate_private_key(public_exponent=65_537, key_size=2_048)),
}


def codec(server: Server, endpoints: Endpoints, credentials: Credentials | None) -> BinanceHttpCodec:
    def sign() -> Any:
        assert credentials is not None
        return signer(credentials)

    key = None if credentials is None else credentials.api_key.get_secret_value()
    return BinanceHttpCodec(server, endpoints, key, sign, ENDPOINTS)


def call(endpoint: str, params: Mapping[str, str]) -> Call[Any]:
    return Call(endpoint=endpoint, params=params, decode=bytes)


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("params", [PARAMS | OUR_ID, PLAIN | OUR_ID], ids=["strange", "plain"])
@pytest.mark.parametrize("endpoints", [None, SANDBOX], ids=["live", "sandbox"])
@pytest.mark.parametrize("server", [BINANCEUS, BINANCE], ids=lambda server: server.name)
async def test_every_request_is_what_ccxt_would_send(
    server: Server, endpoints: Endpoints | None, params: dict[str, str], kind: str
) -> None:
    where = endpoints or server.live
    credentials = Credentials(api_key=SecretStr("the-key"), api_secret=SecretStr(SECRETS[kind]))
    capture, ours = Capture(), codec(server, where, credentials)
    theirs = CcxtRestClient(
        server.ccxt_class,
        where,
        credentials,
        TransportConfig(),
        allowed=_allowed(server),
        venue_ms=lambda: NOW_MS,
        http=capture,
    )
    for endpoint in sorted(_allowed(server)):
        await theirs.request(call(endpoint, params))
        written = ours.encode(call(endpoint, params), NOW_MS)
        assert (written.method, written.url, dict(written.headers), written.body) == capture.sent[-1], endpoint
    await theirs.close()


@pytest.mark.parametrize("venue", [BinanceExchange, BinanceUsExchange])
def test_every_endpoint_that_the_adapter_calls_has_its_request(venue: type[BinanceExchange]) -> None:
    assert _allowed(venue.server) <= ENDPOINTS


@pytest.mark.parametrize("endpoint", ["privatePostOrder", "publicPostUserDataStream", "publicGetHistoricalTrades"])
def test_without_a_key_nothing_is_sent_that_needs_one(endpoint: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        codec(BINANCEUS, SANDBOX, None).encode(call(endpoint, {}), NOW_MS)
    assert caught.value.outcome is Outcome.NOT_SENT


def test_what_needs_no_key_is_sent_without_one() -> None:
    credentials = Credentials(api_key=SecretStr("the-key"), api_secret=SecretStr("s"))
    assert codec(BINANCEUS, SANDBOX, credentials).encode(call("publicGetTime", {}), NOW_MS).headers == {}
