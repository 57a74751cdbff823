"""What the manifests promise, and what importing them costs."""

import subprocess
import sys

import pytest

from foxtrot.capabilities import Capability, Support
from foxtrot.config import ExchangeConfig
from foxtrot.errors import ConfigError, UnsupportedError
from foxtrot.factory import ExchangeFactory
from foxtrot.keys import KeyManager
from foxtrot.plugins import PluginRegistry, PluginState, import_string
from foxtrot.spec import AdapterSpec
from foxtrot_binance.plugin import BINANCE, BINANCEUS

BOTH = pytest.mark.parametrize("spec", [BINANCEUS, BINANCE], ids=lambda spec: spec.name)
HEAVY = ("ccxt", "websockets", "picows", "aiohttp", "pydantic", "pandas", "foxtrot_binance.exchange")


class NoRing:
    def get_password(self, service: str, name: str) -> str | None:
        return None


def fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def factory() -> ExchangeFactory:
    return ExchangeFactory(PluginRegistry(blocked=[]), keys=KeyManager({}, NoRing()))


def test_importing_the_manifests_imports_no_transport_and_opens_neither_socket_nor_file_for_writing() -> None:
    code = f"""
import sys
seen = []
def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.")) or event == "open" and set(str(arguments[1])) & set("wax+"):
        seen.append((event, arguments))
sys.dont_write_bytecode = True
sys.addaudithook(watch)
import foxtrot_binance.plugin
print(seen, [m for m in {HEAVY!r} if m in sys.modules])
"""
    assert fresh(code) == "[] []"


def test_importing_the_manifests_takes_less_than_150_ms() -> None:
    timed = "import time; t = time.process_time(); import foxtrot_binance.plugin; print(time.process_time() - t)"
    assert min(float(fresh(timed)) for _ in range(5)) < 0.150


def test_both_venues_are_found_as_installed_adapters() -> None:
    records = PluginRegistry(blocked=[]).load_all()
    found = {record.name: record for record in records if record.distribution == "foxtrot-binance"}
    assert {name: record.state for name, record in found.items()} == {
        "binanceus": PluginState.LOADED,
        "binance": PluginState.LOADED,
    }
    assert (found["binanceus"].spec, found["binance"].spec) == (BINANCEUS, BINANCE)


@BOTH
def test_everything_that_a_manifest_names_can_be_imported(spec: AdapterSpec) -> None:
    for path in (spec.exchange, spec.options, spec.dialect):
        assert import_string(path) is not None
    assert spec.docs_url.startswith("https://")
    assert spec.distribution == "foxtrot-binance"


@BOTH
def test_whatever_is_limited_says_how(spec: AdapterSpec) -> None:
    limited = {
        capability: feature
        for capability, feature in spec.capabilities.items()
        if feature.support not in (Support.FULL, Support.UNSUPPORTED)
    }
    assert limited
    assert all(feature.note for feature in limited.values())


@BOTH
def test_the_manifest_says_the_same_of_the_testnet_in_both_places(spec: AdapterSpec) -> None:
    assert ("testnet" in spec.environments) == spec.capabilities[Capability.TESTNET].support.usable


@BOTH
async def test_asking_a_spot_venue_for_positions_fails_before_any_connection_with_the_reason(spec: AdapterSpec) -> None:
    assert spec.capabilities[Capability.FETCH_POSITIONS].support is Support.UNSUPPORTED
    exchange = factory().get_exchange(spec.name, ExchangeConfig(environment="live"))
    with pytest.raises(UnsupportedError, match="spot has balances, no positions"):
        await exchange.fetch_positions()


def test_binance_us_has_neither_futures_nor_margin_nor_a_testnet() -> None:
    for capability in (Capability.FUTURES, Capability.MARGIN, Capability.TESTNET):
        assert BINANCEUS.capabilities[capability].support is Support.UNSUPPORTED
        assert BINANCEUS.capabilities[capability].note
    with pytest.raises(UnsupportedError, match="binanceus has no testnet environment; it has: sandbox, live"):
        factory().get_exchange("binanceus", {"environment": "testnet"})


@pytest.mark.parametrize(
    ("name", "host"),
    [("binanceus", "api.binance.us"), ("binance", "api1.binance.com"), ("binance", "testnet.binance.vision")],
)
def test_an_address_of_the_real_venue_is_never_taken_for_a_sandbox(name: str, host: str) -> None:
    with pytest.raises(ConfigError, match="is the venue's own"):
        factory().get_exchange(name, {"rest_url": f"https://{host}"})


@BOTH
async def test_a_running_sandbox_gets_the_addresses_that_the_venue_uses_itself(spec: AdapterSpec) -> None:
    exchange = factory().get_exchange(spec.name, {"rest_url": "http://127.0.0.1:8080"})
    endpoints = (await exchange.environment.open()).endpoints
    assert endpoints.stream == "ws://127.0.0.1:8080"
    assert endpoints.ws_api == "ws://127.0.0.1:8080/ws-api/v3"
    assert endpoints.redirect


def test_wrong_options_are_named_by_their_path() -> None:
    with pytest.raises(ConfigError, match=r"options\.order_over: unknown key, perhaps orders_over was meant"):
        factory().get_exchange("binanceus", {"options": {"order_over": "ws"}})
