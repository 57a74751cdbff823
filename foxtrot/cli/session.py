"""An exchange for the length of one command."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from foxtrot.errors import ConfigError

if TYPE_CHECKING:
    from foxtrot.config import Credentials, ExchangeConfig
    from foxtrot.exchange import BaseExchange
    from foxtrot.ports import MarketTap
    from foxtrot.spec import AdapterSpec

T = TypeVar("T")


class Target(NamedTuple):
    """Say where a command trades and how it prints: the options that all commands share."""

    exchange: str
    env: str
    config: Path | None
    rest_url: str
    as_json: bool


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; SIGTERM ends it as Ctrl-C does, so that it disconnects in order."""
    return asyncio.run(_until_terminated(work))


async def _until_terminated(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    terminated = False

    def end() -> None:
        nonlocal terminated
        terminated = True
        task.cancel()

    with contextlib.suppress(NotImplementedError):  # no such signals on Windows
        loop.add_signal_handler(signal.SIGTERM, end)
    try:
        return await task
    except asyncio.CancelledError:
        if terminated:
            raise KeyboardInterrupt from None
        raise


def signalled() -> asyncio.Event:
    """Return what SIGINT and SIGTERM set from now on, instead of breaking the command off."""
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # no such signals on Windows
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, over.set)
    return over


def chosen_spec(name: str) -> AdapterSpec:
    """Return the manifest of the named venue, of the installed one with the lowest rank when none is named."""
    from foxtrot.plugins import default_registry

    registry = default_registry()
    return registry.load(name) if name else registry.preferred()


def make_config(spec: AdapterSpec, target: Target) -> ExchangeConfig:
    """Join configuration file and options. Raises ConfigError that names every problem."""
    from foxtrot.config import ExchangeConfig

    base = ExchangeConfig() if target.config is None else ExchangeConfig.from_toml(target.config, spec.name)
    changes: dict[str, Any] = {"environment": target.env} if target.env else {}
    if target.rest_url:
        changes["rest_url"] = target.rest_url
        if base.credentials is None:
            changes["credentials"] = _sandbox_credentials(base.account)
        if not target.rest_url.startswith(("http://", "https://")):
            raise ConfigError(f"--rest-url must begin with http://, not {target.rest_url!r}.")
    settings = {name: getattr(base, name) for name in base.model_fields_set} | changes
    return ExchangeConfig.parse(settings)


@contextlib.asynccontextmanager
async def opened(target: Target, tap: MarketTap | None = None) -> AsyncIterator[BaseExchange]:
    """Connect an exchange, with `tap` on its public data, and disconnect it afterwards."""
    from foxtrot.factory import get_exchange

    spec = chosen_spec(target.exchange)
    exchange = get_exchange(spec.name, make_config(spec, target), tap=tap)
    async with exchange:
        yield exchange


def _sandbox_credentials(account: str) -> Credentials:
    """Return the key for a running sandbox: FOXTROT_SANDBOX_<ACCOUNT>_API_KEY and _API_SECRET, else a sandbox's
    default."""
    from foxtrot.keys import KeyManager
    from foxtrot.sandbox.options import default_credentials

    found = KeyManager().resolve("sandbox", account)
    return default_credentials() if found is None else found.credentials
