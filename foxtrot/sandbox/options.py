"""Options of the embedded venue."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from foxtrot.config import Credentials
from foxtrot.errors import ConfigError

M = TypeVar("M", bound=BaseModel)

DEFAULT_BALANCES: Mapping[str, Decimal] = {"USDT": Decimal(100_000), "USD": Decimal(100_000), "BTC": Decimal(1)}
# Some venues hand out secrets in base64, and their clients decode them: this one is (of "sandbox-secret").
DEFAULT_KEY, DEFAULT_SECRET = "sandbox-key", "c2FuZGJveC1zZWNyZXQ="
DEFAULT_SYMBOLS = ("BTC/USDT", "ETH/USDT", "HBAR/USDT")


class SandboxKey(BaseModel):
    """Hold one more key of the sandbox's account, and what it may be used for: requests, private streams, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: str
    api_secret: str
    use: Literal["all", "requests", "streams"] = "all"


class SandboxOptions(BaseModel):
    """Choose what the embedded venue is.

    `rate` is market-flow actions per second over all symbols (0: a still book that only clients move). `replay` names a
    recording of foxtrot's (file or folder) or a capture (NDJSON, optionally gzip) to feed instead of agents. A client
    that does not answer a ping (every `ping_interval_s`) is cut off. `keys` are accepted beside `api_key`, whose own
    use is `key_use`. `faults` are what goes wrong from the beginning,
    written as `foxtrot.sandbox.switches.parse_order` reads them. `dialect_options` go to the dialect: facts of the
    venue that are uncertain are switches there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    venue: str
    profile: str = "current"
    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65_535)
    seed: int = 7
    symbols: tuple[str, ...] = DEFAULT_SYMBOLS
    rate: float = Field(50.0, ge=0)
    api_key: str = DEFAULT_KEY
    api_secret: str = DEFAULT_SECRET
    key_use: Literal["all", "requests", "streams"] = "all"
    keys: tuple[SandboxKey, ...] = ()
    balances: Mapping[str, Decimal] = Field(default_factory=lambda: dict(DEFAULT_BALANCES))
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    history_days: int = Field(3, ge=0)
    replay: Path | None = None
    max_connection_life_s: float = Field(86_400.0, gt=0)
    ping_interval_s: float = Field(180.0, gt=0)
    faults: tuple[str, ...] = ()
    dialect_options: Mapping[str, Any] = Field(default_factory=dict)

    def secrets(self, use: Literal["requests", "streams"]) -> dict[str, str]:
        """Return the secrets, by key, of all keys that are good for a use."""
        own = SandboxKey(api_key=self.api_key, api_secret=self.api_secret, use=self.key_use)
        return {key.api_key: key.api_secret for key in (*self.keys, own) if key.use in ("all", use)}


def parse_dialect_options(model: type[M], options: Mapping[str, Any]) -> M:
    """Return a dialect's own options. Raises ConfigError that names every problem."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        problems = [f"sandbox.dialect_options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigError("The dialect's options are wrong: " + "; ".join(problems) + ".", problems=problems) from None


def split_symbol(symbol: str) -> tuple[str, str]:
    """Return base and quote of a symbol to be listed. Raises ConfigError."""
    base, slash, quote = symbol.partition("/")
    if not (slash and base.isalnum() and quote.isalnum() and symbol == symbol.upper()):
        raise ConfigError(f"{symbol!r} is no symbol; write BASE/QUOTE, such as BTC/USDT.")
    return base, quote


def default_credentials() -> Credentials:
    """Return the key that a sandbox accepts unless it was given another."""
    return Credentials(api_key=SecretStr(DEFAULT_KEY), api_secret=SecretStr(DEFAULT_SECRET))
