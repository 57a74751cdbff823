"""From a name to an exchange: the right place, the right keys, and every refusal typed."""

import sys
import traceback
import types
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import msgspec
import pytest
from pydantic import BaseModel, SecretStr

import foxtrot
from foxtrot.config import Credentials, ExchangeConfig
from foxtrot.environment import StaticEnvironment
from foxtrot.errors import (
    AdapterBroken,
    AdapterIncompatible,
    AdapterNotFound,
    ConfigError,
    CredentialsError,
    InvalidRequest,
    UnsupportedError,
)
from foxtrot.exchange import BaseExchange
from foxtrot.factory import ExchangeFactory, default_factory
from foxtrot.hookspecs import hookimpl, new_manager
from foxtrot.keys import KeyManager
from foxtrot.plugins import PluginRegistry
from foxtrot.ports import Environment
from foxtrot.protocol.codec import Endpoints
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.toy import TOY, ToyExchange, ToyVenue

CANARY = "c4n4ryc4n4ry"
KEYS = {"FOXTROT_NOVA_MAIN_API_KEY": CANARY, "FOXTROT_NOVA_MAIN_API_SECRET": CANARY}
HERE = "nova_for_the_factory_tests"


class NoRing:
    def get_password(self, service: str, name: str) -> str | None:
        return None


class NovaOptions(BaseModel, extra="forbid"):
    window_ms: int = 5_000


class Nova(ToyExchange):
    """A venue with hosts of its own that remembers what it was made with."""

    made_with: ClassVar[dict[str, Any]] = {}

    def __init__(self, *arguments: Any, **named: Any) -> None:
        Nova.made_with = named
        super().__init__(*arguments, **named)

    @classmethod
    def live_endpoints(cls, spec: AdapterSpec, environment: str) -> Endpoints:
        host = {"live": "api.nova.example", "testnet": "test.nova.example"}[environment]
        return Endpoints(rest=f"https://{host}", stream=f"wss://{host}")


class Other(Nova):
    pass


NOVA = msgspec.structs.replace(
    TOY,
    name="nova",
    title="Nova",
    exchange=f"{HERE}:Nova",
    options=f"{HERE}:NovaOptions",
    environments=("sandbox", "testnet", "live"),
)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let import strings reach the classes of this file under a name of their own."""
    module = types.ModuleType(HERE)
    vars(module).update(Nova=Nova, NovaOptions=NovaOptions, SPEC=NOVA)
    monkeypatch.setitem(sys.modules, HERE, module)


def make(
    *specs: AdapterSpec, environ: dict[str, str] | None = None, plugin: object = None, installed: bool = False
) -> ExchangeFactory:
    hooks = new_manager()
    if plugin is not None:
        hooks.register(plugin)
    points = [EntryPoint("nova", f"{HERE}:SPEC", "foxtrot.exchanges")] if installed else []
    registry = PluginRegistry(lambda group: points, blocked=[])
    for spec in () if installed else specs or (NOVA,):
        registry.register(spec)
    return ExchangeFactory(registry, hooks, KeyManager(environ or {}, NoRing()))


class Embedding:
    """Offer a ToyVenue as the embedded sandbox."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.venue = ToyVenue()

    @hookimpl
    def foxtrot_environment(self, spec: AdapterSpec, config: ExchangeConfig) -> Environment:
        self.asked.append((spec.name, config.environment))
        return self.venue


async def rest_of(exchange: BaseExchange) -> str:
    assert isinstance(exchange.environment, StaticEnvironment)
    return (await exchange.environment.open()).endpoints.rest


# where it trades


async def test_the_sandbox_is_the_embedded_venue_unless_an_address_is_given() -> None:
    plugin = Embedding()
    factory = make(plugin=plugin)
    assert factory.get_exchange("nova").environment is plugin.venue
    assert plugin.asked == [("nova", "sandbox")]
    assert await rest_of(factory.get_exchange("nova", {"rest_url": "http://127.0.0.1:1"})) == "http://127.0.0.1:1"
    assert len(plugin.asked) == 1


def test_a_sandbox_that_nobody_can_embed_is_an_error_and_never_another_place() -> None:
    with pytest.raises(ConfigError, match="embed a sandbox for nova"):
        make().get_exchange("nova")


async def test_live_and_testnet_are_the_venues_own_hosts() -> None:
    factory = make()
    assert await rest_of(factory.get_exchange("nova", {"environment": "live"})) == "https://api.nova.example"
    assert await rest_of(factory.get_exchange("nova", {"environment": "testnet"})) == "https://test.nova.example"


def test_a_venue_without_a_testnet_says_so_instead_of_going_live() -> None:
    spec = msgspec.structs.replace(NOVA, environments=("sandbox", "live"))
    with pytest.raises(UnsupportedError, match="nova has no testnet environment; it has: sandbox, live"):
        make(spec).get_exchange("nova", {"environment": "testnet"})


@pytest.mark.parametrize("host", ["api.nova.example", "test.nova.example"])
def test_an_address_of_the_venues_own_is_no_sandbox(host: str) -> None:
    with pytest.raises(ConfigError, match="is the venue's own"):
        make().get_exchange("nova", {"rest_url": f"https://{host}"})


def test_a_plugin_may_change_settings_but_not_where_they_trade() -> None:
    class Changing:
        change: ClassVar[dict[str, Any]] = {"account": "second"}

        @hookimpl
        def foxtrot_configure(self, exchange: str, config: ExchangeConfig) -> ExchangeConfig:
            return config.model_copy(update=self.change)

    factory = make(plugin=Changing())
    assert factory.get_exchange("nova", {"environment": "live"}).config.account == "second"
    Changing.change = {"environment": "live"}
    with pytest.raises(ConfigError, match="changed the environment of nova from testnet to live"):
        factory.get_exchange("nova", {"environment": "testnet"})
    Changing.change = {"options": {"nonsense": 1}}
    with pytest.raises(ConfigError, match=r"options\.nonsense"):
        factory.get_exchange("nova", {"environment": "live"})


def test_a_plugin_that_fails_to_decide_stops_the_making_with_a_typed_error() -> None:
    class Deciding:
        def __init__(self, answer: object) -> None:
            self.answer = answer

        @hookimpl
        def foxtrot_configure(self, exchange: str, config: ExchangeConfig) -> object:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    with pytest.raises(AdapterBroken, match="boom") as caught:
        make(plugin=Deciding(KeyError("boom"))).get_exchange("nova")
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(AdapterBroken, match="with a str"):
        make(plugin=Deciding("live")).get_exchange("nova")
    with pytest.raises(ConfigError, match="not on a Sunday"):
        make(plugin=Deciding(ConfigError("not on a Sunday"))).get_exchange("nova")


# whose keys


def test_the_sandbox_never_sees_the_keys_of_the_real_venue() -> None:
    factory = make(environ=KEYS, plugin=Embedding())
    for config in ({}, {"rest_url": "http://127.0.0.1:1"}):
        factory.get_exchange("nova", config)
        assert Nova.made_with["credentials"] is None
    factory.get_exchange("nova", {"credentials": {"api_key": "mine", "api_secret": "mine"}})
    assert Nova.made_with["credentials"].api_key.get_secret_value() == "mine"


def test_live_takes_the_keys_of_its_account_and_none_where_there_are_none() -> None:
    factory = make(environ=KEYS)
    factory.get_exchange("nova", {"environment": "live"})
    assert Nova.made_with["credentials"].api_secret.get_secret_value() == CANARY
    factory.get_exchange("nova", {"environment": "live", "account": "other"})
    assert Nova.made_with["credentials"] is None


def test_malformed_keys_are_refused_live_and_do_not_disturb_the_sandbox() -> None:
    factory = make(environ={"FOXTROT_NOVA_MAIN_API_KEY": "k"}, plugin=Embedding())
    factory.get_exchange("nova")
    with pytest.raises(CredentialsError, match="FOXTROT_NOVA_MAIN_API_SECRET"):
        factory.get_exchange("nova", {"environment": "live"})
    with pytest.raises(CredentialsError, match="placeholder"):
        factory.get_exchange("nova", {"credentials": {"api_key": "your-api-key", "api_secret": "s"}})


def test_no_secret_is_in_what_an_exchange_or_an_error_shows() -> None:
    exchange = make(environ=KEYS).get_exchange("nova", {"environment": "live"})
    assert CANARY not in f"{exchange!r} {exchange} {exchange.config!r} {exchange.environment!r} {exchange.spec!r}"
    bad = {"credentials": {"api_key": f"{CANARY}é", "api_secret": f" {CANARY}"}, "environment": "live"}
    wrong = {"credentials": {"api_key": CANARY}, "options": {"window_ms": CANARY}}
    for config in (bad, wrong):
        with pytest.raises(ConfigError) as caught:
            make().get_exchange("nova", config)
        assert CANARY not in f"{caught.value!r} {caught.value.problems}"
        assert CANARY not in "".join(traceback.format_exception(caught.value))


# settings


def test_a_configuration_may_be_a_mapping_or_ready_made() -> None:
    factory = make(plugin=Embedding())
    ready = ExchangeConfig(credentials=Credentials(api_key=SecretStr("k"), api_secret=SecretStr("s")))
    assert factory.get_exchange("nova", ready).config is ready
    assert factory.get_exchange("nova", {"account": "second"}).config.account == "second"


def test_problems_of_the_settings_and_of_the_adapters_options_come_in_one_error() -> None:
    with pytest.raises(ConfigError) as caught:
        make().get_exchange("nova", {"acount": "x", "options": {"window": 3, "window_ms": "long"}})
    assert {p.partition(":")[0] for p in caught.value.problems} == {"acount", "options.window_ms", "options.window"}
    assert "perhaps window_ms was meant" in str(caught.value)
    assert caught.value.exchange == "nova"


@pytest.mark.parametrize("config", ["sandbox", 3, [], {"options": 3}, {"sandbox": "x"}])
def test_what_is_no_configuration_is_a_config_error(config: Any) -> None:
    with pytest.raises(ConfigError):
        make().get_exchange("nova", config)


def test_engine_clock_and_connector_reach_the_exchange() -> None:
    clock = VirtualClock()
    engine = foxtrot.EventEngine(clock)
    connector: Any = object()
    exchange = make(plugin=Embedding()).get_exchange("nova", engine=engine, clock=clock, connector=connector)
    assert (exchange.engine, exchange.clock) == (engine, clock)
    assert Nova.made_with["connector"] is connector


# adapters and hooks


def test_an_adapter_whose_parts_cannot_be_had_is_broken_with_its_cause() -> None:
    for path in ("no_such_module:X", f"{HERE}:Missing"):
        with pytest.raises(AdapterBroken, match=path.rpartition(":")[2]) as caught:
            make(msgspec.structs.replace(NOVA, exchange=path), plugin=Embedding()).get_exchange("nova")
        assert caught.value.__cause__ is not None
    with pytest.raises(AdapterBroken, match="is no BaseExchange"):
        make(msgspec.structs.replace(NOVA, exchange=f"{HERE}:NovaOptions")).get_exchange("nova")
    with pytest.raises(AdapterBroken, match="is no pydantic model"):
        make(msgspec.structs.replace(NOVA, options=f"{HERE}:Nova")).get_exchange("nova")


def test_hooks_hear_of_a_new_exchange_and_cannot_prevent_it(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[BaseExchange] = []

    class Listening(Embedding):
        @hookimpl
        def foxtrot_exchange_created(self, exchange: BaseExchange) -> None:
            heard.append(exchange)
            raise RuntimeError("boom")

    exchange = make(plugin=Listening()).get_exchange("nova")
    assert heard == [exchange]
    assert "boom" in caplog.text


# registering in process


def test_a_class_comes_with_its_manifest_or_replaces_the_class_of_a_known_one() -> None:
    factory = make(plugin=Embedding())
    factory.register_exchange("nova", Other)
    assert type(factory.get_exchange("nova")) is Other
    factory.register_exchange("nova", NOVA)
    assert type(factory.get_exchange("nova")) is Nova
    factory.register_exchange("nova3", Other, msgspec.structs.replace(NOVA, name="nova3"))
    assert type(factory.get_exchange("nova3")) is Other


def test_the_reset_gives_an_installed_adapter_its_own_class_back_and_keeps_the_hooks_given() -> None:
    plugin = Embedding()
    factory = make(plugin=plugin, installed=True)
    factory.register_exchange("nova", Other)
    assert type(factory.get_exchange("nova")) is Other
    factory.reset()
    exchange = factory.get_exchange("nova")
    assert type(exchange) is Nova
    assert exchange.environment is plugin.venue


def test_a_class_without_a_manifest_or_a_wrong_name_or_interface_is_refused() -> None:
    factory = make()
    with pytest.raises(InvalidRequest, match="together with its AdapterSpec"):
        factory.register_exchange("unheard_of", Other)
    with pytest.raises(InvalidRequest, match="calls itself 'nova', not 'nava'"):
        factory.register_exchange("nava", NOVA)
    with pytest.raises(AdapterIncompatible):
        factory.register_exchange("nova", msgspec.structs.replace(NOVA, api_version=2))
    wrong: Any
    for wrong in ("nova", NovaOptions, Nova.link):
        with pytest.raises(InvalidRequest, match="neither an AdapterSpec nor a BaseExchange class"):
            factory.register_exchange("nova", wrong)


async def test_the_functions_of_the_package_work_on_one_factory_that_can_be_reset() -> None:
    try:
        foxtrot.register_exchange("nova_default", msgspec.structs.replace(NOVA, name="nova_default"))
        assert "nova_default" in default_factory().available()
        exchange = foxtrot.get_exchange("nova_default", {"rest_url": "http://127.0.0.1:1"})
        assert type(exchange) is Nova
    finally:
        default_factory().reset()
    with pytest.raises(AdapterNotFound):
        foxtrot.get_exchange("nova_default")
