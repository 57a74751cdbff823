"""From a name to an exchange: manifest, configuration, credentials, environment, instance."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import pluggy
from pydantic import BaseModel, ValidationError

from foxtrot.config import Credentials, ExchangeConfig, config_error, problems_of
from foxtrot.engine.bus import EventEngine
from foxtrot.environment import StaticEnvironment, running_sandbox
from foxtrot.errors import (
    AdapterBroken,
    AdapterNotFound,
    ConfigError,
    FoxtrotError,
    InvalidRequest,
    UnsupportedError,
)
from foxtrot.exchange import BaseExchange
from foxtrot.hookspecs import notify
from foxtrot.keys import KeyManager
from foxtrot.plugins import PluginRegistry, default_registry, exchange_class, import_string, load_hooks
from foxtrot.ports import Clock, Environment, MarketTap, VenueAccess, WsConnector
from foxtrot.spec import AdapterSpec


class ExchangeFactory:
    """Make exchanges by name.

    "sandbox" gets only credentials that the configuration holds: the keys in environment, files and keyring are for the
    real venue, and a sandbox may be anybody's process. Neither it nor "testnet" ever falls back to "live".
    """

    def __init__(
        self,
        registry: PluginRegistry | None = None,
        hooks: pluggy.PluginManager | None = None,
        keys: KeyManager | None = None,
    ) -> None:
        self._registry = registry or default_registry()
        self._given_hooks = hooks
        self._loaded_hooks: pluggy.PluginManager | None = None
        self._keys = keys or KeyManager()
        self._classes: dict[str, type[BaseExchange]] = {}

    def available(self) -> list[str]:
        """Return the names that can be asked for."""
        return self._registry.names()

    def register_exchange(
        self, name: str, exchange: AdapterSpec | type[BaseExchange], spec: AdapterSpec | None = None
    ) -> None:
        """Add an exchange in process: a manifest, or a class.

        A class comes with `spec`, or takes the place of the class that the manifest already known as `name` has. Raises
        InvalidRequest when there is no manifest or it bears another name, AdapterIncompatible.
        """
        if not isinstance(exchange, AdapterSpec) and not _is_exchange(exchange):
            raise InvalidRequest(f"{exchange!r} is neither an AdapterSpec nor a BaseExchange class.", field="exchange")
        manifest = exchange if isinstance(exchange, AdapterSpec) else spec or self._known(name)
        if manifest.name != name:
            raise InvalidRequest(
                f"The manifest calls itself {manifest.name!r}, not {name!r}; register it by its own name.", field="name"
            )
        self._registry.register(manifest)
        if isinstance(exchange, AdapterSpec):
            self._classes.pop(name, None)
        else:
            self._classes[name] = exchange

    def reset(self) -> None:
        """Forget what was registered in process and what was loaded."""
        self._registry.reset()
        self._classes.clear()
        self._loaded_hooks = None

    def get_exchange(
        self,
        name: str,
        config: ExchangeConfig | Mapping[str, Any] | None = None,
        *,
        engine: EventEngine | None = None,
        clock: Clock | None = None,
        connector: WsConnector | None = None,
        environment: Environment | None = None,
        tap: MarketTap | None = None,
    ) -> BaseExchange:
        """Make an exchange that is not connected yet; no network I/O.

        `environment` replaces the place that the configuration names; `tap` sees the public data as they come in.
        Raises AdapterNotFound, AdapterBroken, AdapterIncompatible, ConfigError (all problems at once),
        CredentialsError, UnsupportedError.
        """
        spec = self._registry.load(name)
        hooks = self._hooks()
        settings = _configured(hooks, spec, _settings(spec, {} if config is None else config))
        cls = self._classes.get(name) or exchange_class(spec)
        exchange = cls(
            spec,
            settings,
            environment or _environment(hooks, spec, settings, cls),
            credentials=self._credentials(spec, settings),
            stream_credentials=self._stream_credentials(spec, settings),
            engine=engine,
            clock=clock,
            connector=connector,
            hooks=hooks,
            tap=tap,
        )
        notify(hooks, "foxtrot_exchange_created", exchange=exchange)
        return exchange

    def _known(self, name: str) -> AdapterSpec:
        try:
            return self._registry.load(name)
        except AdapterNotFound as error:
            raise InvalidRequest(
                f"No manifest is known for {name!r}; register the class together with its AdapterSpec.", field="spec"
            ) from error

    def _credentials(self, spec: AdapterSpec, config: ExchangeConfig) -> Credentials | None:
        if config.environment == "sandbox" and config.credentials is None:
            return None
        resolved = self._keys.resolve(spec.name, config.account, config.credentials)
        return None if resolved is None else resolved.credentials

    def _stream_credentials(self, spec: AdapterSpec, config: ExchangeConfig) -> Credentials | None:
        given = config.stream_credentials
        resolved = None if given is None else self._keys.resolve(spec.name, config.account, given)
        return None if resolved is None else resolved.credentials

    def _hooks(self) -> pluggy.PluginManager:
        if self._given_hooks is not None:
            return self._given_hooks
        if self._loaded_hooks is None:
            self._loaded_hooks = load_hooks()
        return self._loaded_hooks


def _settings(spec: AdapterSpec, config: ExchangeConfig | Mapping[str, Any]) -> ExchangeConfig:
    """Validate settings and the adapter's options together, so that one error names all problems."""
    settings, problems = (config, []) if isinstance(config, ExchangeConfig) else _parsed(config)
    options = _raw_options(config) if settings is None else settings.options
    problems = [*problems, *_option_problems(spec, options)]
    if settings is None or problems:
        raise config_error(problems, exchange=spec.name)
    return settings


def _parsed(config: Mapping[str, Any]) -> tuple[ExchangeConfig | None, list[str]]:
    try:
        return ExchangeConfig.parse(config), []
    except ConfigError as error:
        return None, list(error.problems)


def _raw_options(config: object) -> Mapping[str, Any]:
    options = config.get("options") if isinstance(config, Mapping) else None
    return options if isinstance(options, Mapping) else {}


def _option_problems(spec: AdapterSpec, options: Mapping[str, Any]) -> list[str]:
    if not spec.options:
        return [f"options.{key}: unknown key; {spec.name} takes no options" for key in options]
    model = import_string(spec.options)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise AdapterBroken(f"{spec.options} is no pydantic model.", exchange=spec.name)
    try:
        model.model_validate(dict(options))
    except ValidationError as error:
        return problems_of(error, model, "options")
    return []


def _configured(hooks: pluggy.PluginManager, spec: AdapterSpec, config: ExchangeConfig) -> ExchangeConfig:
    """Let plug-ins change the configuration, but never where it trades."""
    changed = _decide(hooks.hook.foxtrot_configure, exchange=spec.name, config=config)
    if changed is None:
        return config
    if not isinstance(changed, ExchangeConfig):
        raise AdapterBroken(f"A plug-in answered foxtrot_configure with a {type(changed).__name__}, no ExchangeConfig.")
    if changed.environment != config.environment:
        raise ConfigError(
            f"A plug-in changed the environment of {spec.name} from {config.environment} to {changed.environment}; "
            "only the user's own configuration may.",
            problems=["environment: changed by a plug-in"],
            exchange=spec.name,
        )
    return _settings(spec, changed)


def _environment(
    hooks: pluggy.PluginManager, spec: AdapterSpec, config: ExchangeConfig, cls: type[BaseExchange]
) -> Environment:
    name = config.environment
    if name not in spec.environments:
        offered = ", ".join(spec.environments) or "none"
        raise UnsupportedError(f"{spec.name} has no {name} environment; it has: {offered}.", exchange=spec.name)
    if name != "sandbox":
        return StaticEnvironment(VenueAccess(cls.live_endpoints(spec, name)))
    if config.rest_url is not None:
        real = [cls.live_endpoints(spec, place) for place in ("live", "testnet") if place in spec.environments]
        return StaticEnvironment(VenueAccess(running_sandbox(config.rest_url, config, real)))
    embedded: Environment | None = _decide(hooks.hook.foxtrot_environment, spec=spec, config=config)
    if embedded is None:
        raise ConfigError(f"Nothing here can embed a sandbox for {spec.name}; give rest_url of a running one.")
    return embedded


def _decide(hook: Callable[..., Any], **facts: object) -> Any:
    """Call a hook whose answer is needed; what it raises unexpectedly becomes AdapterBroken."""
    try:
        return hook(**facts)
    except FoxtrotError:
        raise
    except Exception as error:
        raise AdapterBroken(f"A plug-in failed where its answer was needed: {type(error).__name__}: {error}") from error


def _is_exchange(value: object) -> TypeGuard[type[BaseExchange]]:
    return isinstance(value, type) and issubclass(value, BaseExchange)


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
    tap: MarketTap | None = None,
) -> BaseExchange:
    """Make an exchange by name; see `ExchangeFactory.get_exchange`."""
    return default_factory().get_exchange(name, config, engine=engine, clock=clock, connector=connector, tap=tap)


def register_exchange(name: str, exchange: AdapterSpec | type[BaseExchange], spec: AdapterSpec | None = None) -> None:
    """Add an exchange in process; see `ExchangeFactory.register_exchange`."""
    default_factory().register_exchange(name, exchange, spec)
