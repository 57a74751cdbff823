"""Settings of one exchange instance, validated as a whole: all problems are reported at once, each with its path."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from foxtrot.errors import ConfigError

EnvironmentName = Literal["sandbox", "testnet", "live"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Credentials(_Settings):
    """Hold an API key and its secret (an HMAC secret, or an Ed25519/RSA private key as PEM text)."""

    api_key: SecretStr
    api_secret: SecretStr
    passphrase: SecretStr | None = None


class TransportConfig(_Settings):
    """Bound every wait. All in seconds."""

    connect_timeout_s: float = Field(10.0, gt=0)
    request_timeout_s: float = Field(10.0, gt=0)
    websocket: Literal["auto", "picows", "websockets"] = "auto"
    proxy: str | None = None


class RetryConfig(_Settings):
    """Bound the repetition of idempotent requests and of reconnects."""

    attempts: int = Field(3, ge=1)
    total_timeout_s: float = Field(30.0, gt=0)
    reconnect_initial_s: float = Field(0.5, gt=0)
    reconnect_max_s: float = Field(30.0, gt=0)


class RateConfig(_Settings):
    """Leave part of the venue's budget unused (0.1 keeps 10 % back)."""

    headroom: float = Field(0.1, ge=0, lt=1)


class ExchangeConfig(_Settings):
    """Configure one exchange instance.

    `environment` chooses where to trade: "sandbox" is the embedded venue (started in process when no URL is given),
    "testnet" the venue's own test network, "live" the real thing. None of them ever falls back to another.
    `rest_url`, `stream_url` and `ws_api_url` point to a running sandbox. `options` go to the adapter, which checks
    them.
    """

    environment: EnvironmentName = "sandbox"
    account: str = "main"
    credentials: Credentials | None = None
    rest_url: str | None = None
    stream_url: str | None = None
    ws_api_url: str | None = None
    transport: TransportConfig = TransportConfig()
    retry: RetryConfig = RetryConfig()
    rate: RateConfig = RateConfig()
    sandbox: Mapping[str, Any] = Field(default_factory=dict)
    options: Mapping[str, Any] = Field(default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any], *, path: str = "") -> ExchangeConfig:
        """Validate a mapping. Raises ConfigError whose `problems` name every bad key by its path."""
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise _config_error(error, path) from None

    @classmethod
    def from_toml(cls, file: Path, exchange: str) -> ExchangeConfig:
        """Read the table `[exchanges.<exchange>]` of a TOML file. Raises ConfigError."""
        try:
            document = tomllib.loads(file.read_text("utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"Cannot read the configuration {file}: {error}.") from error
        return cls.parse(document.get("exchanges", {}).get(exchange, {}), path=f"exchanges.{exchange}")


def _config_error(error: ValidationError, path: str) -> ConfigError:
    prefix = [path] if path else []
    problems = [f"{'.'.join([*prefix, *map(str, e['loc'])])}: {e['msg']}" for e in error.errors()]
    return ConfigError(
        f"The configuration has {len(problems)} problem(s): " + "; ".join(problems) + ".", problems=problems
    )
