"""What the manifest promises, and what importing it costs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from foxtrot.capabilities import Capability, Support
from foxtrot.config import ExchangeConfig
from foxtrot.errors import ConfigError, UnsupportedError
from foxtrot.factory import ExchangeFactory
from foxtrot.keys import KeyManager
from foxtrot.plugins import PluginRegistry, PluginState, import_string
from foxtrot.protocol.client_ids import ClientIdFactory
from foxtrot_kraken.plugin import KRAKEN
from foxtrot_kraken.servers import HOSTS, LIVE

HEAVY = ("ccxt", "websockets", "picows", "aiohttp", "pydantic", "pandas", "foxtrot_kraken.exchange")


class NoRing:
    def get_password(self, service: str, name: str) -> str | None:
        return None


def fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def factory() -> ExchangeFactory:
    return ExchangeFactory(PluginRegistry(blocked=[]), keys=KeyManager({}, NoRing()))


def test_importing_the_manifest_imports_no_transport() -> None:
    code = f"import sys, foxtrot_kraken.plugin; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert fresh(code) == "[]"


def test_importing_the_manifest_takes_less_than_150_ms() -> None:
    timed = "import time; t = time.process_time(); import foxtrot_kraken.plugin; print(time.process_time() - t)"
    assert min(float(fresh(timed)) for _ in range(5)) < 0.150


def test_the_venue_is_found_as_an_installed_adapter() -> None:
    (record,) = [r for r in PluginRegistry(blocked=[]).load_all() if r.distribution == "foxtrot-kraken"]
    assert (record.name, record.state, record.spec) == ("kraken", PluginState.LOADED, KRAKEN)


def test_everything_that_the_manifest_names_can_be_imported() -> None:
    for path in (KRAKEN.exchange, KRAKEN.options, KRAKEN.dialect):
        assert import_string(path) is not None


def test_whatever_is_limited_says_how() -> None:
    limited = [f for _, f in KRAKEN.capabilities.items() if f.support not in (Support.FULL, Support.UNSUPPORTED)]
    assert limited
    assert all(feature.note for feature in limited)


def test_there_is_no_testnet_and_both_places_say_so() -> None:
    assert not KRAKEN.capabilities[Capability.TESTNET].support.usable
    assert KRAKEN.environments == ("sandbox", "live")
    with pytest.raises(UnsupportedError, match="kraken has no testnet environment; it has: sandbox, live"):
        factory().get_exchange("kraken", {"environment": "testnet"})


async def test_asking_for_positions_fails_before_any_connection_with_the_reason() -> None:
    exchange = factory().get_exchange("kraken", ExchangeConfig(environment="live"))
    with pytest.raises(UnsupportedError, match="spot has balances, no positions"):
        await exchange.fetch_positions()


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_an_address_of_the_real_venue_is_never_taken_for_a_sandbox(host: str) -> None:
    with pytest.raises(ConfigError, match="is the venue's own"):
        factory().get_exchange("kraken", {"rest_url": f"https://{host}"})


def test_every_live_address_is_one_of_the_venues_hosts() -> None:
    for url in (LIVE.rest, LIVE.stream, LIVE.ws_api):
        assert url.split("/")[2] in HOSTS


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("6d1b345e-2821-40e2-ad83-4ecb18a06876", True),
        ("6d1b345e282140e2ad834ecb18a06876", True),
        ("arb-20240509-00010", True),
        ("a", True),
        ("arb-20240509-000101", False),
        ("", False),
        ("with space", False),
        ("6d1b345e-2821-40e2-ad83-4ecb18a06876x", False),
    ],
)
def test_client_ids_are_those_that_the_venue_takes(text: str, right: bool) -> None:
    assert bool(re.fullmatch(KRAKEN.client_id_pattern, text)) == right


def test_ids_of_ours_fit_for_a_very_long_time() -> None:
    ids = ClientIdFactory("default", 4_102_444_800_000, KRAKEN.client_id_pattern, 99_999)
    assert re.fullmatch(KRAKEN.client_id_pattern, ids.next())


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"order_over": "ws"}, r"options\.order_over: unknown key, perhaps orders_over was meant"),
        ({"tier": "gold"}, r"options\.tier"),
        ({"book_depth": 20}, r"options\.book_depth"),
    ],
)
def test_wrong_options_are_named_by_their_path(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        factory().get_exchange("kraken", {"options": options})
