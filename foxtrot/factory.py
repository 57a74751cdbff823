"""From a name to an exchange: manifest, configuration, credentials, environment, instance."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pluggy
from pydantic import ValidationError

from foxtrot.config import Credentials, ExchangeConfig
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import AdapterBroken, ConfigError, InvalidRequest, UnsupportedError
from foxtrot.exchange import BaseExchange
from foxtrot.keys import KeyManager
from foxtrot.plugins import PluginRegistry, default_registry, import_string, load_hooks
from foxtrot.ports import Clock, Environment, VenueAccess, WsConnector
from foxtrot.protocol.codec import Endpoints
from foxtrot.spec import AdapterSpec


class StaticEnvironment:
    """A place that is there already: the venue's own hosts, or a sandbox that somebody else runs."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._access = VenueAccess(endpoints)

    async def open(self) -> VenueAccess:
        """Return the endpoints."""
        return self._access

    async def close(self) -> None:
        """Do nothing: it is not ours."""


class ExchangeFactory:
    """Make exchanges by name.

    "sandbox" never reads keys from the environment (they are for the real venue), and neither it nor "testnet" ever
    falls back to "live".
    """

    def __init__(
        self,
        registry: PluginRegistry | None = None,
        hooks: pluggy.PluginManager | None = None,
        keys: KeyManager | None = None,
    ) -> None:
        self._registry = registry or default_registry()
        self._hooks = hooks
        self._keys = keys or KeyManager()
        self._classes: dict[str, type[BaseExchange]] = {}

    def available(self) -> list[str]:
        """Return the names that can be asked for."""
        return self._registry.names()

    def register_exchange(self, exchange: AdapterSpec | type[BaseExchange], spec: AdapterSpec | None = None) -> None:
        """Add an exchange in process: a manifest, or a class together with its manifest."""
        manifest = exchange if isinstance(exchange, AdapterSpec) else spec
        if manifest is None:
            raise InvalidRequest("Register a class together with its AdapterSpec.", field="spec")
        self._registry.register(manifest)
        if not isinstance(exchange, AdapterSpec):
            self._classes[manifest.name] = exchange

    def reset(self) -> None:
        """Forget what was registered in process."""
        self._registry.reset()
        self._classes.clear()

    def get_exchange(
        self,
        name: str,
        config: ExchangeConfig | Mapping[str, Any] | None = None,
        *,
        engine: EventEngine | None = None,
        clock: Clock | None = None,
        connector: WsConnector | None = None,
        environment: Environment | None = None,
    ) -> BaseExchange:
        """Make an exchange that is not connected yet; no I/O.

        `environment` replaces the place that the configuration names. Raises AdapterNotFound, AdapterBroken,
        AdapterIncompatible, ConfigError (all problems at once), CredentialsError, UnsupportedError.
        """
        spec = self._registry.load(name)
        settings = config if isinstance(config, ExchangeConfig) else ExchangeConfig.parse(config or {})
        _check_options(spec, settings)
        cls = self._classes.get(name) or _class_of(spec)
        hooks = self._hook_manager()
        exchange = cls(
            spec,
            settings,
            environment or self._environment(spec, settings, cls),
            credentials=self._credentials(spec, settings),
            engine=engine,
            clock=clock,
            connector=connector,
            hooks=hooks,
        )
        hooks.hook.foxtrot_exchange_created(exchange=exchange)
        return exchange

    def _credentials(self, spec: AdapterSpec, config: ExchangeConfig) -> Credentials | None:
        if config.environment == "sandbox" and config.credentials is None:
            return None
        resolved = self._keys.resolve(spec.name, config.account, config.credentials)
        return None if resolved is None else resolved.credentials

    def _environment(self, spec: AdapterSpec, config: ExchangeConfig, cls: type[BaseExchange]) -> Environment:
        if config.environment not in spec.environments:
            offered = ", ".join(spec.environments) or "none"
            raise UnsupportedError(
                f"{spec.name} has no {config.environment} environment; it has {offered}.", exchange=spec.name
            )
        if config.rest_url is not None:
            return StaticEnvironment(_given_endpoints(spec, config))
        if config.environment != "sandbox":
            return StaticEnvironment(cls.live_endpoints(spec, config.environment))
        offered_place: Environment | None = self._hook_manager().hook.foxtrot_environment(spec=spec, config=config)
        if offered_place is None:
            raise ConfigError(f"Nothing here can embed a sandbox for {spec.name}; give rest_url of a running one.")
        return offered_place

    def _hook_manager(self) -> pluggy.PluginManager:
        if self._hooks is None:
            self._hooks = load_hooks()
        return self._hooks


def _given_endpoints(spec: AdapterSpec, config: ExchangeConfig) -> Endpoints:
    if config.environment != "sandbox":
        raise ConfigError(
            f"rest_url is for a running sandbox, but environment is {config.environment}; {spec.name}'s own hosts are "
            "not configurable.",
            problems=["rest_url: only with environment sandbox"],
        )
    rest = str(config.rest_url).rstrip("/")
    stream = config.stream_url or rest.replace("http", "ws", 1)
    ws_api = config.ws_api_url or f"{stream}/ws-api/v3"
    return Endpoints(rest=rest, stream=stream.rstrip("/"), ws_api=ws_api, redirect=True)


def _check_options(spec: AdapterSpec, config: ExchangeConfig) -> None:
    if not spec.options:
        if config.options:
            raise ConfigError(
                f"{spec.name} takes no options.", problems=[f"options.{k}: unknown" for k in config.options]
            )
        return
    try:
        import_string(spec.options).model_validate(dict(config.options))
    except ValidationError as error:
        problems = [f"options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"The options of {spec.name} are wrong: {'; '.join(problems)}.", problems=problems) from None


def _class_of(spec: AdapterSpec) -> type[BaseExchange]:
    found = import_string(spec.exchange)
    if not (isinstance(found, type) and issubclass(found, BaseExchange)):
        raise AdapterBroken(f"{spec.exchange} is no BaseExchange.", exchange=spec.name)
    return found


@functools.cache
def default_factory() -> ExchangeFactory:
    """Return the process's factory."""
    return ExchangeFactory()


def get_exchange(
    name: str,
    config: ExchangeConfig | Mapping[str, Any] | None = None,
    *,
    engine: EventEngine | None = None,
    clock: Clock | None = None,
    connector: WsConnector | None = None,
) -> BaseExchange:
    """Make an exchange by name; see `ExchangeFactory.get_exchange`."""
    return default_factory().get_exchange(name, config, engine=engine, clock=clock, connector=connector)


def register_exchange(exchange: AdapterSpec | type[BaseExchange], spec: AdapterSpec | None = None) -> None:
    """Add an exchange in process; see `ExchangeFactory.register_exchange`."""
    default_factory().register_exchange(exchange, spec)
