"""Settings of one exchange instance, validated as a whole: all problems are reported at once, each with its path."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from foxtrot.errors import ConfigError, close_names

EnvironmentName = Literal["sandbox", "testnet", "live"]


class _Settings(BaseModel):
    # An infinite time limit would be none, so inf and nan are refused everywhere.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class Credentials(_Settings):
    """Hold an API key and its secret (an HMAC secret, or an Ed25519/RSA private key as PEM text)."""

    api_key: SecretStr
    api_secret: SecretStr
    passphrase: SecretStr | None = None


class TransportConfig(_Settings):
    """Bound every wait. All in seconds.

    A WebSocket is pinged after `ping_interval_s` and given up when the answer takes longer than `ping_timeout_s`.
    `proxy` stays out of the repr: its URL may hold a password.
    """

    connect_timeout_s: float = Field(10.0, gt=0)
    request_timeout_s: float = Field(10.0, gt=0)
    ping_interval_s: float = Field(20.0, gt=0)
    ping_timeout_s: float = Field(10.0, gt=0)
    websocket: Literal["auto", "picows", "websockets"] = "auto"
    proxy: str | None = Field(None, repr=False)


class RetryConfig(_Settings):
    """Bound the repetition of idempotent requests and of reconnects."""

    attempts: int = Field(3, ge=1)
    total_timeout_s: float = Field(30.0, gt=0)
    reconnect_initial_s: float = Field(0.5, gt=0)
    reconnect_max_s: float = Field(30.0, gt=0)

    @field_validator("reconnect_max_s")
    @classmethod
    def _not_below_the_first_wait(cls, value: float, info: ValidationInfo) -> float:
        first = info.data.get("reconnect_initial_s")
        if first is not None and value < first:
            raise ValueError(f"{value:g} is less than reconnect_initial_s ({first:g})")
        return value


class RateConfig(_Settings):
    """Leave part of the venue's budget unused (0.1 keeps 10 % back)."""

    headroom: float = Field(0.1, ge=0, lt=1)


class ContractsConfig(_Settings):
    """Say how often contracts are read again while connected (0: never).

    A refusal of the venue does it at once, and so does a stream that announces changes, where there is one.
    """

    refresh_interval_s: float = Field(600.0, ge=0)


_STALE_AFTER_S = {"ticker": 30.0, "quotes": 30.0, "trades": 30.0, "book": 30.0, "ohlcv": 60.0}


class StreamsConfig(_Settings):
    """Say when a silent stream counts as stale, by kind (0: never), and how often it is then polled (0: not at all).

    A market may be quiet: it is asked for by REST before its stream is called stale.
    """

    stale_after_s: dict[str, float] = Field(default_factory=lambda: dict(_STALE_AFTER_S))
    poll_interval_s: float = Field(5.0, ge=0)

    @field_validator("stale_after_s")
    @classmethod
    def _by_kind(cls, value: dict[str, float]) -> dict[str, float]:
        for kind, seconds in value.items():
            if kind not in _STALE_AFTER_S:
                raise ValueError(f"{kind!r} is no kind of stream; they are {', '.join(_STALE_AFTER_S)}")
            if not seconds >= 0:
                raise ValueError(f"{kind} must be 0 or more, not {seconds}")
        return {**_STALE_AFTER_S, **value}


class OrdersConfig(_Settings):
    """Say how careful order truth is kept.

    `journal` is the file that outlives the process (None: nothing does; orders are then read from the venue at the next
    start). `while_syncing` orders wait at most `sync_wait_s`, or fail at once. Every `reconcile_interval_s` orders,
    fills and balances are compared with the venue (0: only after a connection was lost). An order of which there is no
    trace so long after it was sent never arrived (`visibility_s`; None: as long as the adapter says).
    """

    journal: Path | None = None
    while_syncing: Literal["wait", "fail"] = "wait"
    sync_wait_s: float = Field(10.0, ge=0)
    reconcile_interval_s: float = Field(300.0, ge=0)
    visibility_s: float | None = Field(None, gt=0)


class ExchangeConfig(_Settings):
    """Configure one exchange instance.

    `environment` chooses where to trade: "sandbox" is the embedded venue (started in process, or the running one at
    `rest_url`), "testnet" the venue's own test network, "live" the real thing. None of them ever falls back to another,
    and no environment variable changes it: a program that says nothing stays in the sandbox. `stream_url` and
    `ws_api_url` are derived from `rest_url` unless given. `account` names the keys (see `KeyManager`).
    `stream_credentials` sign in to the private stream and the WebSocket API where that is not to be done with the REST
    key. `sandbox` goes to the embedded venue and `options` to the adapter, which check them; both stay out of the repr.
    """

    environment: EnvironmentName = "sandbox"
    account: str = Field("main", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    credentials: Credentials | None = None
    stream_credentials: Credentials | None = None
    rest_url: str | None = None
    stream_url: str | None = None
    ws_api_url: str | None = None
    transport: TransportConfig = TransportConfig()
    retry: RetryConfig = RetryConfig()
    rate: RateConfig = RateConfig()
    orders: OrdersConfig = OrdersConfig()
    contracts: ContractsConfig = ContractsConfig()
    streams: StreamsConfig = StreamsConfig()
    sandbox: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = Field(default_factory=dict, repr=False)

    @field_validator("rest_url")
    @classmethod
    def _only_a_sandbox_has_an_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        environment = info.data.get("environment")
        if value is not None and environment in ("testnet", "live"):
            raise ValueError(f"it is for a running sandbox, but environment is {environment}")
        return _checked_url(value, ("http", "https"))

    @field_validator("stream_url", "ws_api_url")
    @classmethod
    def _streams_go_with_rest(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("rest_url", "") is None:
            raise ValueError("it needs rest_url beside it")
        return _checked_url(value, ("ws", "wss"))

    @classmethod
    def parse(cls, data: Mapping[str, Any], *, path: str = "") -> ExchangeConfig:
        """Validate a mapping. Raises ConfigError whose `problems` name every bad key by its path, with close names."""
        if not isinstance(data, Mapping):
            problem = f"{path or 'configuration'}: is a {type(data).__name__}, not a table of settings"
            raise config_error([problem])
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise config_error(problems_of(error, cls, path)) from None

    @classmethod
    def from_toml(cls, file: Path, exchange: str) -> ExchangeConfig:
        """Read the table `[exchanges.<exchange>]` of a TOML file. Raises ConfigError, also when it is missing."""
        try:
            document = tomllib.loads(file.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"Cannot read the configuration {file}: {error.strerror}.") from error
        except ValueError as error:
            raise ConfigError(f"The configuration {file} is no TOML: {error}.") from None
        tables = document.get("exchanges")
        if not isinstance(tables, dict) or exchange not in tables:
            listed = ", ".join(tables) if isinstance(tables, dict) and tables else "none"
            raise ConfigError(
                f"The configuration {file} has no table [exchanges.{exchange}]; the exchanges in it: {listed}.",
                problems=[f"exchanges.{exchange}: missing"],
            )
        return cls.parse(tables[exchange], path=f"exchanges.{exchange}")


def problems_of(error: ValidationError, model: type[BaseModel], path: str = "") -> list[str]:
    """Return every problem as "path.to.key: what is wrong"; never a value, but a close name for an unknown key."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    prefix = [path] if path else []
    problems = []
    for item in found:
        where = item["loc"]
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            text = _unknown_key(str(where[-1]), _keys_at(model, where[:-1]))
        problems.append(f"{'.'.join([*prefix, *map(str, where)])}: {text}")
    return problems


def config_error(problems: Sequence[str], *, exchange: str = "") -> ConfigError:
    """Return the one error that names all problems."""
    what = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    of = f" of {exchange}" if exchange else ""
    return ConfigError(
        f"The configuration{of} has {what}: {'; '.join(problems)}.", problems=problems, exchange=exchange
    )


def _unknown_key(key: str, known: Sequence[str]) -> str:
    close = close_names(key, known)
    if close:
        return f"unknown key, perhaps {' or '.join(close)} was meant"
    return f"unknown key, known are {', '.join(known)}" if known else "unknown key"


def _keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Return the keys that the table at `path` may have; none where that cannot be told from the types."""
    for step in path:
        field = model.model_fields.get(str(step))
        if field is None:  # an index or a key of a container
            continue
        kinds = (field.annotation, *get_args(field.annotation))
        nested = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not nested:
            return []
        model = nested[0]
    return list(model.model_fields)


def _checked_url(value: str | None, schemes: tuple[str, ...]) -> str | None:
    if value is None:
        return None
    url = urlsplit(value)
    if url.scheme not in schemes or not url.hostname or url.port == 0:
        raise ValueError(f"it must be a URL that begins with {schemes[0]}:// or {schemes[1]}://")
    if url.username is not None:
        raise ValueError("it must not hold a user name or password")
    return value
