"""The manifest of an adapter: plain data that can be read without importing the adapter's code."""

from __future__ import annotations

import msgspec

from foxtrot.capabilities import CapabilitySet

API_VERSION = 1


class AdapterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one venue of an adapter package.

    `name` is the venue id and the entry point's name. `exchange`, `options` and `dialect` are import strings
    ("package.module:Name") of the BaseExchange class, the pydantic model that checks `ExchangeConfig.options`, and the
    sandbox dialect's factory ("" where there is none). `api_version` is the plug-in interface it was written for.
    `client_id_pattern` is the venue's rule for client order ids. `ccxt` is the venue's class in ccxt, "" where it has
    none, for what foxtrot does not cover. The
    installed adapter of the lowest `rank` is the one that the command line takes when none is named. `environments`
    lists the usable ones; "sandbox" needs a dialect.
    """

    name: str
    title: str
    exchange: str
    capabilities: CapabilitySet
    options: str = ""
    dialect: str = ""
    docs_url: str = ""
    environments: tuple[str, ...] = ("sandbox", "live")
    api_version: int = API_VERSION
    distribution: str = ""
    client_id_pattern: str = "[A-Za-z0-9_-]{1,32}"
    rank: int = 100
    ccxt: str = ""
