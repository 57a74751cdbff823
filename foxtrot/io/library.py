"""A venue's ccxt instance as its users know it, on the right hosts: for what foxtrot does not cover."""

from __future__ import annotations

import importlib
from typing import Any, Literal

from foxtrot.config import Credentials, TransportConfig
from foxtrot.errors import AdapterBroken, ConfigError, UnsupportedError
from foxtrot.io.rest import redirect_library
from foxtrot.ports import VenueAccess
from foxtrot.spec import AdapterSpec

Kind = Literal["rest", "streams"]
_MODULES: dict[Kind, str] = {"rest": "ccxt.async_support", "streams": "ccxt.pro"}


def make_library(
    spec: AdapterSpec, kind: Kind, access: VenueAccess, credentials: Credentials, config: TransportConfig, place: str
) -> Any:
    """Return a plain ccxt instance ("rest") or its ccxt.pro twin ("streams") that trades where `access` points.

    `place` is the environment's name. What ccxt does by itself (floats, its own errors and retries) is left as it is.
    The caller closes it. Raises UnsupportedError where ccxt has no such venue or the place has no sockets, ConfigError
    without ccxt.
    """
    if not spec.ccxt:
        raise UnsupportedError(f"ccxt has no {spec.name}.", exchange=spec.name)
    if access.http is not None:
        raise UnsupportedError(
            f"{spec.name} is played in memory here; a ccxt instance has nothing to connect to.", exchange=spec.name
        )
    made = _class(spec, kind)(_settings(credentials, config))
    if access.endpoints.redirect:
        redirect_library(made, access.endpoints)
    elif place == "testnet":
        made.set_sandbox_mode(True)
    return made


def _class(spec: AdapterSpec, kind: Kind) -> Any:
    try:
        module = importlib.import_module(_MODULES[kind])
    except ModuleNotFoundError as error:
        raise ConfigError("This needs ccxt, which comes with the adapter packages; install one of them.") from error
    found = getattr(module, spec.ccxt, None)
    if found is None:
        raise AdapterBroken(f"This version of {_MODULES[kind]} has no exchange {spec.ccxt}.", exchange=spec.name)
    return found


def _settings(credentials: Credentials, config: TransportConfig) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "apiKey": credentials.api_key.get_secret_value(),
        "secret": credentials.api_secret.get_secret_value(),
        "timeout": round(config.request_timeout_s * 1_000),
    }
    if credentials.passphrase is not None:
        settings["password"] = credentials.passphrase.get_secret_value()
    if config.proxy is not None:
        settings["aiohttp_proxy"] = config.proxy
    return settings
