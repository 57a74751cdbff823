"""The settings dictionary of a vn.py-like gateway, read into foxtrot's configuration."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from foxtrot.config import ExchangeConfig, config_error
from foxtrot.errors import close_names

DEFAULT_SETTINGS: dict[str, Any] = {
    "API Key": "",
    "Secret": "",
    "Sandbox": True,
    "Proxy Host": "",
    "Proxy Port": 0,
    "Rate Limit Buffer": 0.1,
    "Reconnect Delay": 0.5,
    "Max Retry Attempts": 3,
    "Journal": "",
}


def read_settings(
    settings: Mapping[str, Any], base: Mapping[str, Any] | ExchangeConfig | None = None
) -> ExchangeConfig:
    """Return `base` (foxtrot's own configuration, where one is given) changed as the settings say.

    A key that is not given leaves what `base` has. Raises ConfigError that names every problem by its key, unknown keys
    together with the known ones.
    """
    if not isinstance(settings, Mapping):
        raise config_error([f"settings: is a {type(settings).__name__}, not a dictionary"])
    problems = [_unknown(key) for key in settings if key not in DEFAULT_SETTINGS]
    values: dict[str, Any] = {}
    for key, read in _READERS.items():
        if key in settings:
            try:
                values[key] = read(settings[key])
            except ValueError as error:
                problems.append(f"{key}: {error}")
    if values.get("Proxy Port") and not values.get("Proxy Host"):
        problems.append("Proxy Port: it needs a Proxy Host beside it")
    if values.get("Proxy Host") and "://" not in values["Proxy Host"] and not values.get("Proxy Port"):
        problems.append("Proxy Host: it needs a Proxy Port beside it")
    if bool(values.get("API Key")) != bool(values.get("Secret")):
        problems.append("API Key and Secret: give both or none")
    if problems:
        raise config_error(problems)
    return _configured(values, ExchangeConfig.parse({}) if base is None else _parsed(base))


def _parsed(base: Mapping[str, Any] | ExchangeConfig) -> ExchangeConfig:
    return base if isinstance(base, ExchangeConfig) else ExchangeConfig.parse(base)


def _configured(values: Mapping[str, Any], base: ExchangeConfig) -> ExchangeConfig:
    tables: dict[str, dict[str, Any]] = {name: {} for name in ("transport", "retry", "rate", "orders")}
    changed: dict[str, Any] = {}
    if "Sandbox" in values:
        changed["environment"] = "sandbox" if values["Sandbox"] else _real(base.environment)
    if values.get("API Key"):
        keys = {"api_key": values["API Key"], "api_secret": values["Secret"]}
        embedded = changed.get("environment", base.environment) == "sandbox" and base.rest_url is None
        if embedded:
            changed["sandbox"] = {**base.sandbox, **keys}  # its one account is the user's, whatever the key
        else:
            changed["credentials"] = keys
    if values.get("Proxy Host"):
        tables["transport"]["proxy"] = _proxy(values["Proxy Host"], values.get("Proxy Port", 0))
    if "Rate Limit Buffer" in values:
        tables["rate"]["headroom"] = values["Rate Limit Buffer"]
    if "Reconnect Delay" in values:
        first = tables["retry"]["reconnect_initial_s"] = values["Reconnect Delay"]
        tables["retry"]["reconnect_max_s"] = max(base.retry.reconnect_max_s, first)
    if "Max Retry Attempts" in values:
        tables["retry"]["attempts"] = values["Max Retry Attempts"]
    if values.get("Journal"):
        tables["orders"]["journal"] = values["Journal"]
    for name, table in tables.items():
        if table:
            changed[name] = {**getattr(base, name).model_dump(), **table}
    return ExchangeConfig.parse({**_given(base), **changed})


def _given(base: ExchangeConfig) -> dict[str, Any]:
    """Return the fields of a configuration as they are, secrets unread."""
    return {name: getattr(base, name) for name in base.model_fields_set}


def _real(environment: str) -> str:
    return "live" if environment == "sandbox" else environment


def _proxy(host: str, port: int) -> str:
    return host if "://" in host else f"http://{host}:{port}"


def _unknown(key: object) -> str:
    close = close_names(str(key), DEFAULT_SETTINGS)
    hint = f", perhaps {' or '.join(close)} was meant" if close else ""
    return f"{key}: unknown key{hint}; known are {', '.join(DEFAULT_SETTINGS)}"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not a {type(value).__name__}")  # never the value: it may be a secret
    return value.strip()


def _yes_or_no(value: object) -> bool:
    known = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.strip().lower() not in known:
        raise ValueError(f"must be True or False, not {value!r}")
    return known[value.strip().lower()]


def _number(value: object, what: str, fits: Callable[[float], bool]) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # found out here
    except (TypeError, ValueError):
        number = math.nan
    if not fits(number):  # NaN fits nothing
        raise ValueError(f"must be {what}, not {value!r}")
    return number


def _port(value: object) -> int:
    if value in ("", None):
        return 0
    return int(_number(value, "a port from 1 to 65535, or 0 for none", lambda n: n // 1 == n and 0 <= n <= 65_535))


def _attempts(value: object) -> int:
    what = "a whole number of at least 1 (1: nothing is tried again)"
    return int(_number(value, what, lambda n: 1 <= n < 1_000 and n // 1 == n))


def _buffer(value: object) -> float:
    return _number(value, "the part of the venue's budget left unused, at least 0 and below 1", lambda n: 0 <= n < 1)


def _delay(value: object) -> float:
    return _number(value, "a number of seconds above 0", lambda n: 0 < n < math.inf)


_READERS: dict[str, Callable[[object], Any]] = {
    "API Key": _text,
    "Secret": _text,
    "Sandbox": _yes_or_no,
    "Proxy Host": _text,
    "Proxy Port": _port,
    "Rate Limit Buffer": _buffer,
    "Reconnect Delay": _delay,
    "Max Retry Attempts": _attempts,
    "Journal": _text,
}
