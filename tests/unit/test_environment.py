"""Where a running sandbox is, and where one can never be."""

import pytest

from foxtrot.config import ExchangeConfig
from foxtrot.environment import running_sandbox
from foxtrot.errors import ConfigError
from foxtrot.protocol.codec import Endpoints

LIVE = Endpoints(
    rest="https://api.toy.example", stream="wss://ws.toy.example:9443/v2", ws_api="wss://rpc.toy.example/rpc"
)
TESTNET = Endpoints(rest="https://rest.toy-test.example", stream="wss://rest.toy-test.example")


def derived(real: list[Endpoints], **urls: str) -> Endpoints:
    config = ExchangeConfig.parse(urls)
    assert config.rest_url is not None
    return running_sandbox(config.rest_url, config, real)


def test_stream_addresses_come_from_the_rest_address_with_the_venues_own_paths() -> None:
    assert derived([LIVE], rest_url="http://127.0.0.1:8080/") == Endpoints(
        rest="http://127.0.0.1:8080", stream="ws://127.0.0.1:8080/v2", ws_api="ws://127.0.0.1:8080/rpc", redirect=True
    )


def test_an_encrypted_sandbox_has_encrypted_streams() -> None:
    assert derived([LIVE], rest_url="https://box:1").stream == "wss://box:1/v2"


def test_what_is_given_is_taken_as_it_is() -> None:
    found = derived([LIVE], rest_url="http://box:1", stream_url="ws://box:2/s/", ws_api_url="ws://box:3/w")
    assert (found.stream, found.ws_api) == ("ws://box:2/s", "ws://box:3/w")
    assert derived([LIVE], rest_url="http://box:1", stream_url="ws://box:2/s").ws_api == "ws://box:2/rpc"


def test_a_venue_without_a_websocket_api_or_without_hosts_gets_none() -> None:
    assert derived([TESTNET], rest_url="http://box:1").ws_api == ""
    assert derived([], rest_url="http://box:1") == Endpoints(rest="http://box:1", stream="ws://box:1", redirect=True)


@pytest.mark.parametrize(
    "urls",
    [
        {"rest_url": "https://api.toy.example"},
        {"rest_url": "http://API.TOY.EXAMPLE:80/"},
        {"rest_url": "https://api7.toy.example"},
        {"rest_url": "https://toy.example."},
        {"rest_url": "https://rest.toy-test.example"},
        {"rest_url": "http://box:1", "stream_url": "wss://ws.toy.example:9443"},
        {"rest_url": "http://box:1", "ws_api_url": "wss://rpc.toy.example/rpc"},
    ],
)
def test_a_sandbox_never_stands_at_an_address_of_the_venues_own(urls: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"environment is sandbox, but .*toy.*is the venue's own"):
        derived([LIVE, TESTNET], **urls)
